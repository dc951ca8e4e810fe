//! From two references to one URL: RFC 3986 section 5, `base_url`, and params joined with a URL's own query.
//!
//! Owns dot segments. Does not own when a client does which of them.

use std::borrow::Cow;

use super::Url;
use super::escape::{SEGMENT, check_len, is};
use super::parse::Draft;
use crate::error::{Error, Result};
use crate::models::query::{QueryParams, decode_form, push_hex, write_pair};

impl Url {
    /// Resolves a reference against this URL (RFC 3986 section 5.2).
    ///
    /// An empty reference gives this URL without its fragment. On a relative URL, paths alone are joined.
    ///
    /// # Errors
    /// `InvalidUrl` if the reference or the result is not a URL.
    ///
    /// ```
    /// # use papilio::Url;
    /// let base = Url::parse("http://example.com/b/c/d;p?q")?;
    /// assert_eq!(base.join("../g")?, "http://example.com/b/g");
    /// assert_eq!(base.join("?y")?, "http://example.com/b/c/d;p?y");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "urljoin")]
    pub fn join(&self, reference: &str) -> Result<Self> {
        let mut target = Draft::parse(reference)?;
        if !target.scheme.is_empty() {
            return target.finish();
        }
        target.scheme = Cow::Borrowed(self.scheme());
        if !target.host.is_empty() {
            return target.finish();
        }
        target.userinfo = Cow::Borrowed(self.userinfo());
        target.host = Cow::Borrowed(self.stored_host());
        target.port = self.port();
        if target.path.is_empty() {
            target.path = Cow::Borrowed(self.stored_path());
            if target.query.is_none() {
                target.query = self.stored_query().map(Cow::Borrowed);
            }
        } else {
            if !target.path.starts_with('/') {
                target.path = Cow::Owned(self.merge_path(&target.path));
            }
            target.path = Cow::Owned(remove_dot_segments(&target.path));
        }
        target.finish()
    }

    /// RFC 3986 section 5.2.3.
    fn merge_path(&self, reference: &str) -> String {
        let path = self.stored_path();
        if path.is_empty() && !self.stored_host().is_empty() {
            return format!("/{reference}");
        }
        match path.rsplit_once('/') {
            Some((parent, _)) => format!("{parent}/{reference}"),
            None => reference.to_owned(),
        }
    }

    /// This URL with one more path segment, escaped whole: a `/`, `?`, `#` or `%` in it is data.
    ///
    /// Query and fragment stay.
    ///
    /// # Errors
    /// `InvalidUrl` for the segments `.` and `..`, which would name another directory however they are written, and
    /// for one longer than 65,536 bytes.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.com/users")?;
    /// assert_eq!(url.push_segment("a/b c")?, "https://example.com/users/a%2Fb%20c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn push_segment(&self, segment: &str) -> Result<Self> {
        if matches!(segment, "." | "..") {
            return Err(Error::invalid_url("A path segment cannot be '.' or '..'"));
        }
        check_len("path", segment)?;
        let mut path = self.stored_path().to_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        for byte in segment.bytes() {
            if is(byte, SEGMENT) {
                path.push(char::from(byte));
            } else {
                push_hex(&mut path, byte);
            }
        }
        let mut draft = Draft::of(self);
        draft.path = Cow::Owned(path);
        draft.finish()
    }

    /// As a client stores its `base_url`: the path ends in `/`. An empty one stays empty.
    pub(crate) fn with_base_slash(self) -> Result<Self> {
        if self.has_query() || self.stored_fragment().is_some() {
            return Err(Error::invalid_url(
                "base_url cannot have a query or a fragment",
            ));
        }
        if self.as_str().is_empty() || self.stored_path().ends_with('/') {
            return Ok(self);
        }
        let mut draft = Draft::of(&self);
        draft.path = Cow::Owned(format!("{}/", self.stored_path()));
        draft.finish()
    }

    /// The URL a client requests: `reference` itself if it is absolute, else appended to this `base_url`.
    ///
    /// It is an append, not a [`join`](Self::join): a leading `/` makes no difference. A reference with a scheme and
    /// no host is returned as it is and cannot be sent.
    pub(crate) fn merged_with_base(&self, reference: &Self) -> Result<Self> {
        if self.as_str().is_empty() || !reference.scheme().is_empty() {
            return Ok(reference.clone());
        }
        if !reference.stored_host().is_empty() {
            return Err(Error::invalid_url(
                "A relative URL with a host cannot be joined with base_url",
            ));
        }
        let mut draft = Draft::of(self);
        let appended = reference.stored_path().trim_start_matches('/');
        draft.path = Cow::Owned(format!("{}{appended}", self.stored_path()));
        draft.query = reference.stored_query().map(Cow::Borrowed);
        draft.fragment = None;
        draft.finish()
    }

    /// This URL with `params` worked into its query: the query's own pairs keep their text and place, but a key in
    /// `params` has its pairs replaced where the first of them stood; other params follow.
    pub(crate) fn merge_query(&self, params: &QueryParams) -> Result<Self> {
        if params.is_empty() {
            return Ok(self.clone());
        }
        let mut query = String::with_capacity(self.query().len() + 32);
        let mut placed: Vec<&str> = Vec::new();
        let place = |query: &mut String, key: &str| {
            for value in params.get_all(key) {
                write_pair(query, key, value);
            }
        };
        for pair in self.query().split('&').filter(|pair| !pair.is_empty()) {
            let raw = pair.split_once('=').map_or(pair, |(key, _)| key);
            let key = decode_form(raw.as_bytes());
            match params.keys().find(|known| *known == key) {
                None => {
                    if !query.is_empty() {
                        query.push('&');
                    }
                    query.push_str(pair);
                }
                Some(known) if !placed.contains(&known) => {
                    placed.push(known);
                    place(&mut query, known);
                }
                Some(_) => {}
            }
        }
        for key in params.keys().filter(|key| !placed.contains(key)) {
            place(&mut query, key);
        }
        self.with_query(&query)
    }
}

/// Whether a segment is `.` or `..`.
pub(super) fn has_dot_segments(path: &str) -> bool {
    let mut start = true;
    let mut bytes = path.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        if start && byte == b'.' && matches!(rest, [] | [b'/', ..] | [b'.'] | [b'.', b'/', ..]) {
            return true;
        }
        start = byte == b'/';
        bytes = rest;
    }
    false
}

/// RFC 3986 section 5.2.4.
pub(super) fn remove_dot_segments(path: &str) -> String {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let root = path.len() - rest.len();
    let mut out = String::with_capacity(path.len());
    if root > 0 {
        out.push('/');
    }
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => {
                // What was written so far ends in '/', unless it is empty.
                let parent = out
                    .strip_suffix('/')
                    .and_then(|written| written.rfind('/'))
                    .map_or(0, |at| at + 1);
                out.truncate(parent.max(root));
            }
            _ => {
                out.push_str(segment);
                if segments.peek().is_some() {
                    out.push('/');
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn base(text: &str) -> Url {
        url(text).with_base_slash().unwrap()
    }

    /// CLT-21
    #[test]
    fn a_base_url_ends_in_a_slash() {
        for (text, stored) in [
            ("https://h/sub", "https://h/sub/"),
            ("https://h/sub/", "https://h/sub/"),
            ("https://h", "https://h/"),
            ("/sub", "/sub/"),
            ("", ""),
        ] {
            assert_eq!(base(text).as_str(), stored);
        }
    }

    /// CLT-25
    #[test]
    fn a_base_url_has_no_query_or_fragment() {
        for text in [
            "http://h/?a",
            "http://h/?",
            "http://h/#a",
            "http://h/#",
            "?a",
        ] {
            let error = url(text).with_base_slash().unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidUrl, "{text}");
        }
    }

    /// CLT-22 CLT-23 CLT-24 CLT-25 VEC-22
    #[test]
    fn relative_urls_are_appended_to_the_base() {
        let merged = |base_url: &str, reference: &str| {
            let merged = base(base_url).merged_with_base(&url(reference));
            merged.unwrap().to_string()
        };
        for (reference, result) in [
            ("x", "http://b.com/sub/x"),
            ("/x", "http://b.com/sub/x"),
            ("///x", "http://b.com/sub/x"),
            ("?q=1", "http://b.com/sub/?q=1"),
            ("?", "http://b.com/sub/?"),
            ("../x", "http://b.com/x"),
            ("", "http://b.com/sub/"),
            ("/", "http://b.com/sub/"),
            ("x?y#z", "http://b.com/sub/x?y"),
            ("#z", "http://b.com/sub/"),
            ("http://h/x#y", "http://h/x#y"),
        ] {
            assert_eq!(
                merged("http://b.com/sub", reference),
                result,
                "{reference:?}"
            );
        }
        assert_eq!(merged("http://u:p@h:81", "x"), "http://u:p@h:81/x");
        assert_eq!(merged("", "/x?y#z"), "/x?y#z");
        assert_eq!(merged("/sub", "x"), "/sub/x");
    }

    /// CLT-26
    #[test]
    fn half_absolute_urls_are_not_merged() {
        let error = base("http://b.com").merged_with_base(&url("//h/x"));
        assert_eq!(error.unwrap_err().kind(), Kind::InvalidUrl);
        for text in ["https:", "a:b/c", "http:/x"] {
            let merged = base("http://b.com").merged_with_base(&url(text)).unwrap();
            assert_eq!(merged.as_str(), text);
            assert!(merged.is_relative());
        }
    }

    /// CLT-18 VEC-25
    #[test]
    fn params_are_merged_without_loss() {
        let merged = |text: &str, params: &str| {
            let merged = url(text).merge_query(&QueryParams::parse(params));
            merged.unwrap().to_string()
        };
        for (text, params, result) in [
            ("http://e.com/?x=1&y=0", "y=2", "http://e.com/?x=1&y=2"),
            (
                "http://e.com/?x=1&y=0",
                "c=1&y=2",
                "http://e.com/?x=1&y=2&c=1",
            ),
            ("http://e.com/?", "", "http://e.com/?"),
            ("http://e.com/?a=%7e+b&&c", "", "http://e.com/?a=%7e+b&&c"),
            (
                "http://e.com/?a=%7e+b&&c",
                "d=/",
                "http://e.com/?a=%7e+b&c&d=%2F",
            ),
            (
                "http://e.com/?%61=1&b&a=2#f",
                "a=3&a=4",
                "http://e.com/?a=3&a=4&b#f",
            ),
            (
                "http://e.com/?a+b=1&c=2",
                "a%20b=3",
                "http://e.com/?a+b=3&c=2",
            ),
            ("http://e.com/?", "a=1", "http://e.com/?a=1"),
            ("http://e.com", "a=1", "http://e.com?a=1"),
            ("http://e.com/#f", "a=1", "http://e.com/?a=1#f"),
        ] {
            assert_eq!(merged(text, params), result);
        }
        let same = url("http://e.com/?");
        let merged = same.merge_query(&QueryParams::new()).unwrap();
        assert_eq!(merged.as_str().as_ptr(), same.as_str().as_ptr());
    }
}
