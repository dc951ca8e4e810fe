//! `Headers`: the fields of a message in one flat buffer, order and case kept.
//!
//! Owns storage, lookup, validation at entry, text decoding and redaction. Does not own which headers a request gets
//! (`flow/defaults.rs`) or what they mean (`protocol/`, `flow/`).

mod convert;
mod grammar;

use std::borrow::Cow;
use std::fmt;

use grammar::check;
pub(crate) use grammar::{is_secret, is_token_byte, is_url, is_value_byte};

use crate::error::Result;

/// An ordered, case-insensitive multi-map of header fields that keeps every name's case.
///
/// Names and values are checked when they enter, so a `Headers` can always be written to the wire: a name is an
/// RFC 9110 token, a value has no control character but tab and no blank at either end. Text values are stored as
/// UTF-8; bytes of any other encoding may be given as bytes.
///
/// ```
/// use papilio::Headers;
///
/// let mut headers = Headers::new();
/// headers.append("Accept", "text/html")?;
/// headers.append("accept", "text/plain")?;
/// assert_eq!(headers.get("ACCEPT").as_deref(), Some("text/html, text/plain"));
/// assert!(headers.append("Bad Name", "x").is_err());
/// assert!(headers.append("X-Injected", "a\r\nEvil: yes").is_err());
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias = "HeaderMap")]
pub struct Headers {
    /// Records of name length, value length (`u32` each, native order), name, value.
    buffer: Vec<u8>,
    count: usize,
    encoding: Option<HeaderEncoding>,
}

/// How header values are read as text.
///
/// ```
/// use papilio::{HeaderEncoding, Headers};
/// let headers = Headers::from_pairs([("X-Name", b"Andr\xe9")])?;
/// assert_eq!(headers.encoding(), HeaderEncoding::Latin1);
/// assert_eq!(headers.get("x-name").as_deref(), Some("André"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeaderEncoding {
    /// Every byte below 0x80; others are replaced.
    Ascii,
    /// UTF-8; invalid sequences are replaced.
    Utf8,
    /// ISO-8859-1: every byte is a character.
    Latin1,
}

impl Headers {
    /// No fields.
    ///
    /// ```
    /// # use papilio::Headers;
    /// assert!(Headers::new().is_empty());
    /// ```
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            count: 0,
            encoding: None,
        }
    }

    /// Room for this many bytes of names and values, eight more a field.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(bytes),
            count: 0,
            encoding: None,
        }
    }

    /// From pairs, in order.
    ///
    /// # Errors
    /// `LocalProtocol` for a name or value that cannot be sent.
    ///
    /// ```
    /// let headers = papilio::Headers::from_pairs([("A", "1"), ("B", "2")])?;
    /// assert_eq!(headers.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn from_pairs<N: AsRef<str>, V: AsRef<[u8]>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.append(name, value)?;
        }
        Ok(headers)
    }

    /// The number of fields, repeats included.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// assert_eq!(headers.len(), 3);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no fields.
    ///
    /// ```
    /// # use papilio::Headers;
    /// assert!(Headers::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All values of that name joined by `", "`; borrowed when there is one.
    ///
    /// ```
    /// let headers = papilio::Headers::from_pairs([("Content-Type", "text/html")])?;
    /// assert_eq!(headers.get("content-type").as_deref(), Some("text/html"));
    /// assert_eq!(headers.get("missing"), None);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.get_all(name);
        let first = values.next()?;
        let Some(second) = values.next() else {
            return Some(first);
        };
        let mut joined = first.into_owned();
        for value in std::iter::once(second).chain(values) {
            joined.push_str(", ");
            joined.push_str(&value);
        }
        Some(Cow::Owned(joined))
    }

    /// The bytes of the first value of that name.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("X-Name", b"Andr\xe9")])?;
    /// assert_eq!(headers.get_bytes("x-name"), Some(&b"Andr\xe9"[..]));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Each value of that name, in order.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// let all: Vec<_> = headers.get_all("accept").collect();
    /// assert_eq!(all, ["text/html", "*/*"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "get_list")]
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.values(name).map(|value| self.text(value))
    }

    /// Each value of that name split at its commas, the pieces trimmed.
    ///
    /// ```
    /// let headers = papilio::Headers::from_pairs([("Via", "a, b"), ("Via", "c")])?;
    /// assert_eq!(headers.get_list_split("via"), ["a", "b", "c"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get_list_split(&self, name: &str) -> Vec<String> {
        self.get_all(name)
            .flat_map(|value| {
                value
                    .split(',')
                    .map(|piece| piece.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Whether a field of that name is there.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// assert!(headers.contains("ACCEPT") && !headers.contains("Cookie"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Every field with its name as written and its value as bytes, in order.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// assert_eq!(headers.iter().next(), Some(("Accept", &b"text/html"[..])));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "raw")]
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.buffer }
    }

    /// Every field, the name in lower case, the value as text.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// let names: Vec<String> = headers.multi_items().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["accept", "accept", "x-a"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn multi_items(&self) -> impl Iterator<Item = (String, Cow<'_, str>)> {
        self.iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), self.text(value)))
    }

    /// One entry per name: the name in lower case, its values joined, in order of first appearance.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// let (name, value) = headers.items().next().unwrap();
    /// assert_eq!((name.as_str(), value.as_ref()), ("accept", "text/html, */*"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn items(&self) -> impl Iterator<Item = (String, Cow<'_, str>)> {
        self.keys().filter_map(|name| {
            let value = self.get(&name)?;
            Some((name, value))
        })
    }

    /// The distinct names in lower case, in order of first appearance.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let headers = Headers::from_pairs([("Accept", "text/html"), ("accept", "*/*"), ("X-A", "1")])?;
    /// let names: Vec<String> = headers.keys().collect();
    /// assert_eq!(names, ["accept", "x-a"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let mut seen = std::collections::HashSet::new();
        self.iter().filter_map(move |(name, _)| {
            let name = name.to_ascii_lowercase();
            seen.insert(name.clone()).then_some(name)
        })
    }

    /// Adds a field at the end, whether or not the name is there already.
    ///
    /// # Errors
    /// `LocalProtocol` if the name is not a token or the value has a control character or blanks at its ends.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let mut headers = Headers::new();
    /// headers.append("Via", "a")?;
    /// headers.append("Via", "b")?;
    /// assert_eq!(headers.get("via").as_deref(), Some("a, b"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn append(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<()> {
        let (name, value) = (name.as_ref(), value.as_ref());
        check(name, value)?;
        self.push(name, value);
        Ok(())
    }

    /// Sets a name to one value: the first field of that name is replaced where it stands, others go; a new name is
    /// added at the end.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    ///
    /// ```
    /// let mut headers = papilio::Headers::from_pairs([("A", "1"), ("B", "2"), ("a", "3")])?;
    /// headers.insert("a", "9")?;
    /// let all: Vec<_> = headers.iter().collect();
    /// assert_eq!(all, [("a", &b"9"[..]), ("B", b"2")]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "set")]
    pub fn insert(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<()> {
        let (name, value) = (name.as_ref(), value.as_ref());
        check(name, value)?;
        self.replace(name, value);
        Ok(())
    }

    /// Removes every field of that name; says whether there was one.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let mut headers = Headers::from_pairs([("A", "1"), ("a", "2")])?;
    /// assert!(headers.remove("a") && headers.is_empty());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.count;
        if self.contains(name) {
            self.retain(|field, _| !field.eq_ignore_ascii_case(name));
        }
        self.count != before
    }

    /// Removes every field.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let mut headers = Headers::from_pairs([("A", "1")])?;
    /// headers.clear();
    /// assert!(headers.is_empty());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.count = 0;
    }

    /// For every name in `other` its fields here go; then all of `other` is added at the end, in its order.
    ///
    /// ```
    /// # use papilio::Headers;
    /// let mut headers = Headers::from_pairs([("A", "1"), ("B", "2")])?;
    /// headers.update(&Headers::from_pairs([("a", "9")])?);
    /// assert_eq!(headers.get("A").as_deref(), Some("9"));
    /// assert_eq!(headers.len(), 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn update(&mut self, other: &Self) {
        self.retain(|name, _| !other.contains(name));
        self.buffer.extend_from_slice(&other.buffer);
        self.count += other.count;
    }

    /// Fixes how values are read as text, in place of the choice over the whole block (ASCII if all is ASCII, else
    /// UTF-8 if all is, else ISO-8859-1).
    ///
    /// ```
    /// # use papilio::{HeaderEncoding, Headers};
    /// let mut headers = Headers::from_pairs([("X-Name", "é")])?;
    /// headers.set_encoding(HeaderEncoding::Latin1);
    /// assert_eq!(headers.get("x-name").as_deref(), Some("Ã©"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_encoding(&mut self, encoding: HeaderEncoding) {
        self.encoding = Some(encoding);
    }

    /// How values are read as text: as set, or as found.
    ///
    /// ```
    /// # use papilio::{HeaderEncoding, Headers};
    /// assert_eq!(Headers::from_pairs([("A", "é")])?.encoding(), HeaderEncoding::Utf8);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn encoding(&self) -> HeaderEncoding {
        self.encoding.unwrap_or_else(|| {
            if self.iter().all(|(_, value)| value.is_ascii()) {
                HeaderEncoding::Ascii
            } else if self
                .iter()
                .all(|(_, value)| std::str::from_utf8(value).is_ok())
            {
                HeaderEncoding::Utf8
            } else {
                HeaderEncoding::Latin1
            }
        })
    }

    /// Every field as bytes: what the wire needs, without a look at the names as text.
    pub(crate) fn raw(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.buffer.as_slice();
        std::iter::from_fn(move || next_record(&mut rest))
    }

    /// The values of that name, as bytes.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let name = name.as_bytes();
        self.raw()
            .filter(move |(field, _)| field.len() == name.len() && field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Adds a field that is known to be valid.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        self.push_parts(name, &[value]);
    }

    /// Adds a field that is known to be valid, its value given in pieces.
    pub(crate) fn push_parts(&mut self, name: &str, value: &[&[u8]]) {
        let value_len: usize = value.iter().map(|part| part.len()).sum();
        // A field of 4 GiB is out of reach: heads are limited when read and when sent. One that long is cut to
        // nothing rather than corrupting its neighbours.
        let (Ok(name_len), Ok(len)) = (u32::try_from(name.len()), u32::try_from(value_len)) else {
            return;
        };
        self.buffer.reserve(8 + name.len() + value_len);
        self.buffer.extend_from_slice(&name_len.to_ne_bytes());
        self.buffer.extend_from_slice(&len.to_ne_bytes());
        self.buffer.extend_from_slice(name.as_bytes());
        for part in value {
            self.buffer.extend_from_slice(part);
        }
        self.count += 1;
    }

    /// Adds every field of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.buffer.extend_from_slice(&other.buffer);
        self.count += other.count;
    }

    /// [`insert`](Self::insert) of a field that is known to be valid.
    pub(crate) fn replace(&mut self, name: &str, value: &[u8]) {
        if !self.contains(name) {
            return self.push(name, value);
        }
        let mut result = Self::with_capacity(self.buffer.len() + value.len());
        let mut placed = false;
        for (field, old) in self.iter() {
            if !field.eq_ignore_ascii_case(name) {
                result.push(field, old);
            } else if !std::mem::replace(&mut placed, true) {
                result.push(name, value);
            }
        }
        self.buffer = result.buffer;
        self.count = result.count;
    }

    /// Keeps the fields the closure says yes to.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &[u8]) -> bool) {
        let mut result = Self::with_capacity(self.buffer.len());
        for (name, value) in self.iter() {
            if keep(name, value) {
                result.push(name, value);
            }
        }
        self.buffer = result.buffer;
        self.count = result.count;
    }

    /// The bytes of names and values with their bookkeeping: what a copy has to reserve.
    pub(crate) fn size(&self) -> usize {
        self.buffer.len()
    }

    fn text<'a>(&self, value: &'a [u8]) -> Cow<'a, str> {
        // ASCII reads the same in every encoding, so the whole block is looked at only when it matters.
        match std::str::from_utf8(value) {
            Ok(text) if text.is_ascii() => return Cow::Borrowed(text),
            _ => {}
        }
        match self.encoding() {
            HeaderEncoding::Utf8 => String::from_utf8_lossy(value),
            HeaderEncoding::Latin1 => Cow::Owned(value.iter().copied().map(char::from).collect()),
            HeaderEncoding::Ascii => Cow::Owned(
                value
                    .iter()
                    .map(|&b| if b.is_ascii() { b.into() } else { '\u{FFFD}' })
                    .collect(),
            ),
        }
    }
}

/// Names in lower case; secrets as `[secure]`; a map if no name repeats, else a list.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.multi_items().map(|(name, value)| {
            let value = if is_secret(&name) || (is_url(&name) && value.contains('@')) {
                Cow::Borrowed("[secure]")
            } else {
                value
            };
            (name, value)
        });
        if self.keys().count() == self.count {
            f.debug_map().entries(entries).finish()
        } else {
            f.debug_list().entries(entries).finish()
        }
    }
}

/// The same fields, whatever their order; names without regard to case.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |headers: &Self| {
            let mut all: Vec<_> = headers
                .iter()
                .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
                .collect();
            all.sort_unstable();
            all
        };
        self.count == other.count && sorted(self) == sorted(other)
    }
}

impl Eq for Headers {}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Iterator over the fields of [`Headers`]: name as written, value as bytes.
///
/// ```
/// let headers = papilio::Headers::from_pairs([("Accept", "text/html"), ("X-A", "1")])?;
/// let names: Vec<&str> = headers.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["Accept", "X-A"]);
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = next_record(&mut self.rest)?;
        // Names entered as text.
        Some((std::str::from_utf8(name).unwrap_or_default(), value))
    }
}

/// Takes the first record of [`Headers`]' buffer.
fn next_record<'a>(buffer: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (name_len, rest) = buffer.split_first_chunk::<4>()?;
    let (value_len, rest) = rest.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_at_checked(u32::from_ne_bytes(*name_len) as usize)?;
    let (value, rest) = rest.split_at_checked(u32::from_ne_bytes(*value_len) as usize)?;
    *buffer = rest;
    Some((name, value))
}
