//! Dates as cookies write them: whatever has a time, a day, a month and a year in it.
//!
//! Owns the algorithm of RFC 6265bis section 5.1.1 and the calendar it needs.

/// Seconds since 1970, negative before. `None` for what is no date.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|&byte| is_delimiter(byte)) {
        // Each token is the first of these that it can be and that is still missing.
        if time.is_none() {
            time = self::time(token);
            if time.is_some() {
                continue;
            }
        }
        if day.is_none() {
            day = number(token, 1, 2);
            if day.is_some() {
                continue;
            }
        }
        if month.is_none() {
            month = self::month(token);
            if month.is_some() {
                continue;
            }
        }
        if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let (hour, minute, second) = time?;
    let year = match year? {
        year @ 70..=99 => year.saturating_add(1900),
        year @ 0..=69 => year.saturating_add(2000),
        year => year,
    };
    let (day, month) = (day?, month?);
    let exists = (1..=days_in(month, year)).contains(&day);
    if year < 1601 || !exists || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let minutes =
        (days_since_1970(year, month, day) * 24 + i64::from(hour)) * 60 + i64::from(minute);
    Some(minutes * 60 + i64::from(second))
}

/// `hour:minute:second`, one or two digits each, and anything that is no digit after them.
fn time(token: &[u8]) -> Option<(u32, u32, u32)> {
    let mut fields = token.splitn(3, |&byte| byte == b':');
    let hour = all_digits(fields.next()?)?;
    let minute = all_digits(fields.next()?)?;
    Some((hour, minute, number(fields.next()?, 1, 2)?))
}

fn all_digits(text: &[u8]) -> Option<u32> {
    let value = number(text, 1, 2)?;
    text.iter().all(u8::is_ascii_digit).then_some(value)
}

/// A number of that many digits, and anything that is no digit after it.
fn number(token: &[u8], least: usize, most: usize) -> Option<u32> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit());
    let count = digits.clone().count();
    let value = |sum: u32, byte: &u8| sum * 10 + u32::from(byte - b'0');
    (least..=most)
        .contains(&count)
        .then(|| digits.fold(0, value))
}

/// From 1; three letters, and anything after them.
fn month(token: &[u8]) -> Option<u32> {
    let name = token.get(..3)?;
    let names = MONTHS.iter().zip(1..);
    names
        .filter(|(month, _)| name.eq_ignore_ascii_case(month.as_bytes()))
        .map(|(_, number)| number)
        .next()
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2F | 0x3B..=0x40 | 0x5B..=0x60 | 0x7B..=0x7E)
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In the Gregorian calendar, for a year from 1 to 9999, a month from 1 and a day from 1.
fn days_since_1970(year: u32, month: u32, day: u32) -> i64 {
    let before = i64::from(year) - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let months: u32 = (1..month).map(|month| days_in(month, year)).sum();
    before * 365 + leap_days + i64::from(months) + i64::from(day) - 1 - DAYS_BEFORE_1970
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// From the first day of the year 1.
const DAYS_BEFORE_1970: i64 = 719_162;
