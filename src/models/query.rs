//! `QueryParams`: an immutable ordered multi-map of text, and form encoding.
//!
//! Owns grouping, editing, form encoding and decoding. Does not own which values can be parameters
//! (`query/value.rs`, `query/serialize.rs`) or how params meet a URL's own query (`url/join.rs`).

mod convert;
#[cfg(feature = "json")]
mod serialize;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use percent_encoding::percent_decode;

pub use value::QueryValue;

/// Query or form parameters: text keys with one or more text values each, in order, never changed in place.
///
/// The values of a key are kept together, where the key appeared first. Printing gives the form encoding
/// (`application/x-www-form-urlencoded`): blanks as `+`, all but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
///
/// ```
/// use papilio::QueryParams;
///
/// let params = QueryParams::from([("q", "café au lait"), ("lang", "fr")]).add("q", 1.5);
/// assert_eq!(params.to_string(), "q=caf%C3%A9+au+lait&q=1.5&lang=fr");
/// assert_eq!(params.get("lang"), Some("fr"));
/// assert_eq!(params.len(), 2);
/// ```
#[derive(Clone, Default)]
pub struct QueryParams {
    /// Grouped: the pairs of a key follow each other.
    pairs: Vec<Pair>,
}

impl QueryParams {
    /// No parameters.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// assert!(QueryParams::new().is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// Parses a query string, without the leading `?`: pairs are split at `&`, key and value at the first `=`, `+` is
    /// a blank, `%XX` is UTF-8 with invalid bytes replaced, and empty pieces are skipped.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3&c");
    /// assert_eq!(params.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
    /// assert_eq!(params.get("c"), Some(""));
    /// ```
    #[doc(alias = "from_str")]
    pub fn parse(query: &str) -> Self {
        Self::from_bytes(query.as_bytes())
    }

    /// [`parse`](Self::parse) of bytes.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// assert_eq!(QueryParams::from_bytes(b"a=%C3%A9").get("a"), Some("é"));
    /// ```
    pub fn from_bytes(query: &[u8]) -> Self {
        let pairs = query
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let mut halves = pair.splitn(2, |&byte| byte == b'=');
                let mut half = || decode_form(halves.next().unwrap_or_default()).into_owned();
                (half(), half())
            });
        Self::grouped(pairs.collect())
    }

    /// From pairs, in order. A value may be text, a number, a boolean, an `Option` (`None` is an empty value) or a
    /// list of those (an empty list is no value, and no key).
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::from_pairs(vec![("id", vec![1, 2]), ("none", vec![])]);
    /// assert_eq!(params.to_string(), "id=1&id=2");
    /// ```
    pub fn from_pairs<K: Into<String>, V: QueryValue>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut out = Vec::new();
        for (key, value) in pairs {
            let key = key.into();
            value.each(&mut |text| out.push((key.clone(), text.to_owned())));
        }
        Self::grouped(out)
    }

    /// From any `Serialize`: a struct or a map with flat values, or a list of pairs. Values are as for
    /// [`from_pairs`](Self::from_pairs).
    ///
    /// # Errors
    /// `LocalProtocol` for a value that is neither, or for structure inside a value.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// #[derive(serde::Serialize)]
    /// struct Search<'a> { q: &'a str, page: u32, tags: [&'a str; 2] }
    /// let params = QueryParams::from_serialize(&Search { q: "a b", page: 2, tags: ["x", "y"] })?;
    /// assert_eq!(params.to_string(), "q=a+b&page=2&tags=x&tags=y");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn from_serialize<T: serde::Serialize + ?Sized>(value: &T) -> crate::error::Result<Self> {
        serialize::pairs(value).map(Self::grouped)
    }

    /// The first value of a key.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.get("a"), Some("1"));
    /// ```
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key).next()
    }

    /// Every value of a key, in order.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
    /// ```
    #[doc(alias = "get_list")]
    pub fn get_all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(move |(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The distinct keys, in order of first appearance.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.keys().collect::<Vec<_>>(), ["a", "b"]);
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.items().map(|(key, _)| key)
    }

    /// The first value of each key.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.values().collect::<Vec<_>>(), ["1", "2"]);
    /// ```
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.items().map(|(_, value)| value)
    }

    /// Each key with its first value.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.items().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    /// ```
    pub fn items(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut last = None;
        self.iter()
            .filter(move |(key, _)| last.replace(*key) != Some(*key))
    }

    /// Every pair.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.iter().count(), 3);
    /// ```
    #[doc(alias = "multi_items")]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.into_iter()
    }

    /// Whether the key is there.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert!(params.contains("b") && !params.contains("c"));
    /// ```
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The number of distinct keys.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.items().count()
    }

    /// Whether there are no parameters.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// assert!(QueryParams::parse("").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// These parameters with one value for that key, where its first one stood or at the end. A list as value gives
    /// all of them; an empty one removes the key.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.set("a", 9).to_string(), "a=9&b=2");
    /// assert_eq!(params.to_string(), "a=1&a=3&b=2");
    /// ```
    pub fn set(&self, key: &str, value: impl QueryValue) -> Self {
        let new = Self::from_pairs([(key, value)]);
        if new.is_empty() {
            self.remove(key)
        } else {
            self.merge(&new)
        }
    }

    /// These parameters with one more value for that key.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// assert_eq!(QueryParams::parse("a=1&b=2").add("a", 3).to_string(), "a=1&a=3&b=2");
    /// ```
    pub fn add(&self, key: &str, value: impl QueryValue) -> Self {
        let mut pairs = self.pairs.clone();
        value.each(&mut |text| pairs.push((key.to_owned(), text.to_owned())));
        Self::grouped(pairs)
    }

    /// These parameters without that key.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let params = QueryParams::parse("a=1&b=2&a=3");
    /// assert_eq!(params.remove("a").to_string(), "b=2");
    /// ```
    pub fn remove(&self, key: &str) -> Self {
        let other = |pair: &&Pair| pair.0 != key;
        Self {
            pairs: self.pairs.iter().filter(other).cloned().collect(),
        }
    }

    /// These parameters under `other`'s: a key of `other` has its values instead, where it stood; new keys follow.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let merged = QueryParams::parse("a=1&b=2").merge(&QueryParams::parse("c=3&a=4"));
    /// assert_eq!(merged.to_string(), "a=4&b=2&c=3");
    /// ```
    pub fn merge(&self, other: &Self) -> Self {
        let mut new: HashMap<&str, &[Pair]> = HashMap::new();
        for group in other.groups() {
            if let Some((key, _)) = group.first() {
                new.insert(key, group);
            }
        }
        let mut pairs = Vec::with_capacity(self.pairs.len() + other.pairs.len());
        for group in self.groups() {
            let replaced = group.first().and_then(|(key, _)| new.remove(key.as_str()));
            pairs.extend_from_slice(replaced.unwrap_or(group));
        }
        let added = |group: &&[Pair]| {
            group
                .first()
                .is_some_and(|(key, _)| new.contains_key(key.as_str()))
        };
        for group in other.groups().filter(added) {
            pairs.extend_from_slice(group);
        }
        Self { pairs }
    }

    /// Appends the form encoding, with a `&` first if there is something to separate it from.
    ///
    /// ```
    /// # use papilio::QueryParams;
    /// let mut text = String::from("x=1");
    /// QueryParams::parse("a=b c").write_form(&mut text);
    /// assert_eq!(text, "x=1&a=b+c");
    /// ```
    pub fn write_form(&self, out: &mut String) {
        for (key, value) in self {
            write_pair(out, key, value);
        }
    }
}

impl QueryParams {
    /// Moves the pairs of each key together, to where its first one is.
    fn grouped(pairs: Vec<Pair>) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let tags: Vec<usize> = match pairs.as_slice() {
            [] | [_] => return Self { pairs },
            pairs => pairs
                .iter()
                .map(|(key, _)| {
                    let next = places.len();
                    *places.entry(key).or_insert(next)
                })
                .collect(),
        };
        if tags.is_sorted() {
            return Self { pairs };
        }
        let mut tagged: Vec<_> = tags.into_iter().zip(pairs).collect();
        tagged.sort_by_key(|(tag, _)| *tag);
        Self {
            pairs: tagged.into_iter().map(|(_, pair)| pair).collect(),
        }
    }

    fn groups(&self) -> impl Iterator<Item = &[Pair]> {
        self.pairs.chunk_by(|a, b| a.0 == b.0)
    }
}

/// Appends one pair in form encoding, with a `&` first if there is something before it.
pub(crate) fn write_pair(out: &mut String, key: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    write_encoded(out, key);
    out.push('=');
    write_encoded(out, value);
}

fn write_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => push_hex(out, byte),
        }
    }
}

/// `%XX` of one byte.
pub(crate) fn push_hex(out: &mut String, byte: u8) {
    let digit = |nibble: u8| {
        char::from(if nibble < 10 {
            b'0' + nibble
        } else {
            b'A' + nibble - 10
        })
    };
    out.push('%');
    out.push(digit(byte >> 4));
    out.push(digit(byte & 15));
}

/// One key or value out of its form encoding.
pub(crate) fn decode_form(text: &[u8]) -> Cow<'_, str> {
    if memchr::memchr2(b'+', b'%', text).is_none() {
        return String::from_utf8_lossy(text);
    }
    let blanks: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    Cow::Owned(percent_decode(&blanks).decode_utf8_lossy().into_owned())
}

/// The form encoding.
impl fmt::Display for QueryParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_form(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for QueryParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueryParams")?;
        f.debug_list().entries(self).finish()
    }
}

/// The same pairs, in whatever order.
impl PartialEq for QueryParams {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |params: &Self| {
            let mut pairs = params.pairs.clone();
            pairs.sort_unstable();
            pairs
        };
        self.pairs.len() == other.pairs.len() && sorted(self) == sorted(other)
    }
}

impl Eq for QueryParams {}

impl<'a> IntoIterator for &'a QueryParams {
    type Item = (&'a str, &'a str);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Pair>, fn(&'a Pair) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.iter().map(|(key, value)| (key, value))
    }
}

type Pair = (String, String);
