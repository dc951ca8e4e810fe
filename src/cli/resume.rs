//! Going on with a download that was cut: what was noted of it, what the server is asked for, and what its answer means.
//!
//! Owns the rules of RFC 9110 sections 13.1.5 and 14. Does not own the files (`download.rs`).

use std::time::{Duration, UNIX_EPOCH};

use papilio::{Headers, StreamingResponse};
use serde::{Deserialize, Serialize};

/// What was noted of the file whose beginning is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// What was asked for.
    url: String,
    /// What tells this content from another one: an entity tag, or else a date.
    validator: String,
    /// Of the whole file, if the server said it.
    length: Option<u64>,
}

impl Note {
    /// Of a response that has a whole file; `None` if its rest could not be asked for.
    pub(crate) fn of(url: &str, response: &StreamingResponse) -> Option<Self> {
        let headers = response.headers();
        // The rest of what is coded for the way is of no use: it is decoded content that is kept.
        if response.status() != 200 || is_coded(headers) {
            return None;
        }
        let length = headers.get("Content-Length");
        Some(Self {
            url: url.to_owned(),
            validator: validator(headers)?,
            length: length.and_then(|length| length.parse().ok()),
        })
    }

    /// Whether it is about this URL.
    pub(crate) fn is_of(&self, url: &str) -> bool {
        self.url == url
    }

    /// What asks for the rest, if the content is still the same.
    pub(crate) fn headers(&self, kept: u64) -> papilio::Result<Headers> {
        let mut headers = identity()?;
        headers.insert("Range", format!("bytes={kept}-"))?;
        headers.insert("If-Range", &self.validator)?;
        Ok(headers)
    }

    /// What the answer to the question for the rest means, so many bytes being there.
    pub(crate) fn judge(&self, kept: u64, response: &StreamingResponse) -> Answer {
        let headers = response.headers();
        let range = headers.get("Content-Range");
        let range = range.as_deref().and_then(ContentRange::parse);
        match response.status().as_u16() {
            206 => match self.check(kept, range, headers) {
                Ok(length) => Answer::Rest(length),
                Err(why) => Answer::Nonsense(why),
            },
            200..=299 => Answer::Whole,
            416 => match range {
                Some(ContentRange { part: None, length }) if length == Some(kept) => {
                    Answer::Complete
                }
                _ => Answer::Changed,
            },
            _ => Answer::Refused,
        }
    }

    /// The length of the whole file, if what comes is exactly its rest.
    fn check(
        &self,
        kept: u64,
        range: Option<ContentRange>,
        headers: &Headers,
    ) -> Result<u64, &'static str> {
        let Some(ContentRange {
            part: Some((first, last)),
            length,
        }) = range
        else {
            return Err("does not say which part it is");
        };
        if first != kept {
            return Err("begins elsewhere than asked");
        }
        if matches!((self.length, length), (Some(noted), Some(now)) if noted != now) {
            return Err("is of a file of another length");
        }
        let Some(whole) = length.or(self.length) else {
            return Err("does not say how long the whole is");
        };
        if last.checked_add(1) != Some(whole) {
            return Err("is not the whole rest");
        }
        if is_coded(headers) {
            return Err("is coded, though not to be");
        }
        let tag = headers.get("ETag");
        if self.validator.starts_with('"') && tag.is_some_and(|tag| tag != self.validator) {
            return Err("is of another version of the file");
        }
        let announced = headers.get("Content-Length");
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        let in_range = (last - first).checked_add(1);
        if announced.is_some() && announced != in_range {
            return Err("is not as long as it says");
        }
        Ok(whole)
    }
}

/// What an answer to the question for the rest means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The rest, of a file of this length.
    Rest(u64),
    /// Everything anew.
    Whole,
    /// There is nothing more to come.
    Complete,
    /// The file is not what it was, so everything has to be asked for anew.
    Changed,
    /// A part that does not fit.
    Nonsense(&'static str),
    /// An error of the server, which says nothing of the file.
    Refused,
}

/// Asks for content as it is: of what is coded for the way no part can be asked for.
pub(crate) fn identity() -> papilio::Result<Headers> {
    let mut headers = Headers::new();
    headers.insert("Accept-Encoding", "identity")?;
    Ok(headers)
}

pub(crate) fn is_coded(headers: &Headers) -> bool {
    headers
        .get("Content-Encoding")
        .is_some_and(|coding| !coding.trim().is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// An entity tag that is strong; or a date, if it is too old for the file to have changed again within its second
/// (RFC 9110 section 8.8.2.2).
fn validator(headers: &Headers) -> Option<String> {
    if let Some(tag) = headers.get("ETag") {
        let is_strong = tag.len() > 1 && tag.starts_with('"') && tag.ends_with('"');
        return is_strong.then(|| tag.into_owned());
    }
    let seconds = |name: &str| {
        let date = httpdate::parse_http_date(&headers.get(name)?).ok()?;
        date.duration_since(UNIX_EPOCH).ok()
    };
    let (modified, sent) = (seconds("Last-Modified")?, seconds("Date")?);
    (sent.checked_sub(modified)? >= Duration::from_secs(1))
        .then(|| headers.get("Last-Modified").map(Into::into))?
}

/// `bytes 5-9/10`, `bytes 5-9/*`, `bytes */10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ContentRange {
    part: Option<(u64, u64)>,
    length: Option<u64>,
}

impl ContentRange {
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (part, length) = rest.trim().split_once('/')?;
        let number = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u64>().ok()).flatten()
        };
        let length = match length {
            "*" => None,
            length => Some(number(length)?),
        };
        let part = match part {
            "*" => None,
            part => {
                let (first, last) = part.split_once('-')?;
                Some((number(first)?, number(last)?))
            }
        };
        let is_sound = part
            .is_none_or(|(first, last)| first <= last && length.is_none_or(|length| last < length));
        (unit.eq_ignore_ascii_case("bytes") && is_sound).then_some(Self { part, length })
    }
}

#[cfg(test)]
mod tests {
    use papilio::Headers;

    use super::{ContentRange, validator};

    #[test]
    fn ranges() {
        let parse = |text: &str| ContentRange::parse(text).map(|range| (range.part, range.length));
        assert_eq!(parse("bytes 5-9/10"), Some((Some((5, 9)), Some(10))));
        assert_eq!(parse("Bytes 5-9/*"), Some((Some((5, 9)), None)));
        assert_eq!(parse("bytes */10"), Some((None, Some(10))));
        for text in [
            "",
            "bytes",
            "bytes 5-9",
            "lines 5-9/10",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes +5-9/10",
            "bytes 5-/10",
            "bytes 5-99999999999999999999/*",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn validators() {
        let of = |fields: &[(&str, &str)]| {
            let headers = Headers::from_pairs(fields.iter().copied()).unwrap();
            validator(&headers)
        };
        let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let (before, same) = (
            ("Last-Modified", "Sun, 06 Nov 1994 08:49:36 GMT"),
            ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        );
        assert_eq!(of(&[("ETag", "\"a\"")]).as_deref(), Some("\"a\""));
        assert_eq!(of(&[("ETag", "W/\"a\""), before, date]), None);
        assert_eq!(of(&[("ETag", "\""), before, date]), None);
        assert_eq!(of(&[before, date]).as_deref(), Some(before.1));
        assert_eq!(of(&[same, date]), None);
        assert_eq!(of(&[before]), None);
        assert_eq!(of(&[("Last-Modified", "yesterday"), date]), None);
    }
}
