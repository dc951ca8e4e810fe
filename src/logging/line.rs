//! `Line`: one line of the log while it is written, and the texts that say how it looks.
//!
//! Owns the templates and the time. Does not own where lines go.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use jiff::fmt::StdFmtWrite;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use log::Record;

use crate::error::{Error, Kind, Result};

/// A line that is being written, for [`BasicConfig::format`](super::BasicConfig::format): write to it with [`write!`].
/// The line break at its end is not yours to write.
///
/// ```
/// use std::fmt::Write;
/// let config = papilio::logging::basic_config().format(|line, record| write!(line, "{}", record.args()));
/// ```
#[derive(Debug)]
pub struct Line<'a> {
    text: String,
    clock: &'a Clock,
}

impl<'a> Line<'a> {
    pub(super) fn new(clock: &'a Clock) -> Self {
        Self {
            text: String::with_capacity(128),
            clock,
        }
    }

    /// The time, by [`date_format`](super::BasicConfig::date_format).
    ///
    /// ```
    /// use std::fmt::Write;
    ///
    /// let config = papilio::logging::basic_config()
    ///     .format(|line, record| {
    ///         let time = line.time();
    ///         write!(line, "{time} {}", record.args())
    ///     });
    /// ```
    pub fn time(&self) -> String {
        let mut text = String::new();
        // A format that cannot be followed was found before the first line.
        let _ = self
            .clock
            .write(Timestamp::try_from(SystemTime::now()), &mut text);
        text
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }
}

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.write_str(text)
    }
}

/// How the time is written, and of which place.
#[derive(Debug)]
pub(super) struct Clock {
    format: Cow<'static, str>,
    zone: TimeZone,
}

impl Clock {
    /// # Errors
    /// A format that is none.
    pub(super) fn new(format: Cow<'static, str>, is_utc: bool) -> Result<Self> {
        let zone = if is_utc {
            TimeZone::UTC
        } else {
            TimeZone::system()
        };
        let clock = Self { format, zone };
        match clock.write(Ok(Timestamp::UNIX_EPOCH), &mut String::new()) {
            Ok(()) => Ok(clock),
            Err(error) => {
                let message = format!("{:?} is no format of a date", clock.format);
                Err(Error::new(Kind::Config, message).with_source(error))
            }
        }
    }

    /// A clock that is thousands of years off shows 1970.
    fn write(
        &self,
        now: Result<Timestamp, jiff::Error>,
        text: &mut String,
    ) -> Result<(), jiff::Error> {
        let now = Zoned::new(now.unwrap_or(Timestamp::UNIX_EPOCH), self.zone.clone());
        BrokenDownTime::from(&now).format(&*self.format, StdFmtWrite(text))
    }
}

/// A line as a text with places for what it says.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Level,
    Time,
    Target,
    Message,
    Fields,
    Thread,
    File,
    Line,
}

impl Template {
    /// # Errors
    /// A brace that is not closed or not opened, and a name that there is not.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            let message = format!("the log line {text:?} has {what}");
            Err(Error::new(Kind::Config, message))
        };
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, brace, after)) = next_brace(rest) {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push(brace);
                rest = after;
                continue;
            }
            let name = after.split_once('}').filter(|_| brace == '{');
            let Some((name, after)) = name else {
                return wrong("a single brace; two stand for one");
            };
            let Some(piece) = Piece::named(name) else {
                return wrong(&format!("no such place as {{{name}}}"));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    pub(super) fn write(&self, line: &mut Line<'_>, record: &Record<'_>) -> fmt::Result {
        use fmt::Write;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => line.write_str(text)?,
                Piece::Level => line.write_str(record.level().as_str())?,
                Piece::Time => {
                    let time = line.time();
                    line.write_str(&time)?;
                }
                Piece::Target => line.write_str(record.target())?,
                Piece::Message => line.write_fmt(*record.args())?,
                Piece::Fields => write_fields(line, record)?,
                Piece::Thread => match std::thread::current().name() {
                    Some(name) => line.write_str(name)?,
                    None => write!(line, "{:?}", std::thread::current().id())?,
                },
                Piece::File => line.write_str(record.file().unwrap_or_default())?,
                Piece::Line => {
                    if let Some(number) = record.line() {
                        write!(line, "{number}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Piece {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "level" => Self::Level,
            "time" => Self::Time,
            "target" => Self::Target,
            "message" => Self::Message,
            "fields" => Self::Fields,
            "thread" => Self::Thread,
            "file" => Self::File,
            "line" => Self::Line,
            _ => return None,
        })
    }
}

fn next_brace(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(['{', '}'])?;
    let (before, rest) = text.split_at_checked(at)?;
    let brace = rest.chars().next()?;
    Some((before, brace, rest.strip_prefix(brace)?))
}

/// ` key=value` for each.
#[cfg(feature = "log-kv")]
fn write_fields(line: &mut Line<'_>, record: &Record<'_>) -> fmt::Result {
    use fmt::Write;
    use log::kv::{Error, Key, Value, VisitSource};

    struct Visitor<'a, 'b>(&'a mut Line<'b>);

    impl<'kvs> VisitSource<'kvs> for Visitor<'_, '_> {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            Ok(write!(self.0, " {key}={value}")?)
        }
    }
    let visited = record.key_values().visit(&mut Visitor(line));
    visited.map_err(|_| fmt::Error)
}

#[cfg(not(feature = "log-kv"))]
fn write_fields(_: &mut Line<'_>, _: &Record<'_>) -> fmt::Result {
    Ok(())
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    fn clock(format: &'static str) -> Clock {
        Clock::new(format.into(), true).unwrap()
    }

    fn written(template: &str) -> String {
        let clock = clock("%Y");
        let mut line = Line::new(&clock);
        let record = Record::builder()
            .level(Level::Info)
            .target("a::b")
            .file(Some("f.rs"))
            .line(Some(7))
            .args(format_args!("said {{x}}"))
            .build();
        let template = Template::parse(template).unwrap();
        template.write(&mut line, &record).unwrap();
        line.finish()
    }

    #[test]
    fn templates() {
        assert_eq!(written(""), "\n");
        assert_eq!(
            written("{level}|{target}|{message}|{file}:{line}|{fields}"),
            "INFO|a::b|said {x}|f.rs:7|\n"
        );
        assert_eq!(written("{{{level}}} }}{{"), "{INFO} }{\n");
        let year: u32 = written("{time}").trim().parse().unwrap();
        assert!(year >= 2024);
        assert!(written("{thread}").len() > 2);
        for wrong in [
            "{",
            "}",
            "{level",
            "level}",
            "{nothing}",
            "{}",
            "{{}",
            "{ level}",
        ] {
            let error = Template::parse(wrong).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{wrong}");
        }
        let error = Template::parse("a {b}").unwrap_err().to_string();
        assert_eq!(error, r#"the log line "a {b}" has no such place as {b}"#);
    }

    #[test]
    fn times() {
        let text = |format, second| {
            let mut text = String::new();
            let now = Timestamp::from_second(second);
            clock(format).write(now, &mut text).unwrap();
            text
        };
        // Python's standard example.
        let format = "%Y-%m-%d %H:%M:%S";
        assert_eq!(text(format, 1_727_544_460), "2024-09-28 17:27:40");
        assert_eq!(text("%H:%M %z", 0), "00:00 +0000");
        assert_eq!(text(format, i64::MAX), "1970-01-01 00:00:00");
        for wrong in ["%", "%Y %!", "%&"] {
            let error = Clock::new(wrong.into(), true).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{wrong}");
        }
    }
}
