//! `Links`: the `Link` header as a map (RFC 8288).
//!
//! Owns the grammar. Total over any text: what is not a link is passed over.

use std::borrow::Cow;

/// The links of a response, by their `rel`, or by their URL where there is none.
///
/// ```
/// let response = papilio::Response::builder(200)
///     .header("Link", r#"<https://example.org/?page=2>; rel="next"; title="a, b", <style.css>; rel=preload"#)
///     .text("");
/// let links = response.links();
/// let next = links.get("next").unwrap();
/// assert_eq!(next.url(), "https://example.org/?page=2");
/// assert_eq!(next.param("title"), Some("a, b"));
/// assert_eq!(links.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links(Vec<(String, Link)>);

/// One link: its URL as written, and its parameters.
///
/// ```
/// let response = papilio::Response::builder(200).header("Link", "</feed>; rel=alternate; hreflang=eo").text("");
/// for (rel, link) in response.links().iter() {
///     assert_eq!((rel, link.url(), link.param("hreflang")), ("alternate", "/feed", Some("eo")));
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    url: String,
    params: Vec<(String, String)>,
}

impl Links {
    pub(crate) fn parse<'a>(values: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let mut links: Vec<(String, Link)> = Vec::new();
        for value in values {
            for link in Scanner(&value) {
                let key = link.param("rel").unwrap_or(&link.url).to_owned();
                match links.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, earlier)) => *earlier = link,
                    None => links.push((key, link)),
                }
            }
        }
        Self(links)
    }

    /// The link of that `rel` or, for one without, of that URL.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.get("next").unwrap().url(), "/2");
    /// ```
    pub fn get(&self, key: &str) -> Option<&Link> {
        self.0
            .iter()
            .find(|(other, _)| other == key)
            .map(|(_, link)| link)
    }

    /// Keys and links, in order.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.iter().count(), 1);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Link)> {
        self.0.iter().map(|(key, link)| (key.as_str(), link))
    }

    /// The number of links.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// assert!(papilio::Response::builder(200).text("").links().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Link {
    /// The URL as written; relative to the response's.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.get("next").unwrap().url(), "/2");
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A parameter by its name, which is matched without regard to case; the first one counts.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.get("next").unwrap().param("title"), Some("Two"));
    /// ```
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All parameters, in order, their names in lower case.
    ///
    /// ```
    /// let response = papilio::Response::builder(200)
    ///     .header("Link", "</2>; rel=next; title=\"Two\"")
    ///     .text("");
    /// let links = response.links();
    /// assert_eq!(links.get("next").unwrap().params().count(), 2);
    /// ```
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One link after another.
struct Scanner<'a>(&'a str);

impl Iterator for Scanner<'_> {
    type Item = Link;

    fn next(&mut self) -> Option<Link> {
        let (_, rest) = self.0.split_once('<')?;
        let Some((url, mut rest)) = rest.split_once('>') else {
            self.0 = "";
            return None;
        };
        let mut params = Vec::new();
        loop {
            rest = rest.trim_start();
            let Some(after) = rest.strip_prefix(';') else {
                break;
            };
            let (name, after) = split(after.trim_start(), |c| matches!(c, '=' | ';' | ','));
            let (value, after) = match after.strip_prefix('=') {
                Some(after) => value(after.trim_start()),
                None => (String::new(), after),
            };
            if !name.trim().is_empty() {
                params.push((name.trim().to_ascii_lowercase(), value));
            }
            rest = after;
        }
        self.0 = split(rest, |c| c == ',').1;
        Some(Link {
            url: url.trim().to_owned(),
            params,
        })
    }
}

/// A token, or a quoted string with its escapes undone.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = split(text, |c| matches!(c, ';' | ','));
        return (token.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let (_, rest) = split(quoted.get(at + 1..).unwrap_or_default(), |c| {
                    matches!(c, ';' | ',')
                });
                return (value, rest);
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

fn split(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Vec<String> {
        let links = Links::parse([Cow::Borrowed(value)].into_iter());
        links
            .iter()
            .map(|(key, link)| format!("{key} {} {:?}", link.url(), link.params))
            .collect()
    }

    /// RES-15
    #[test]
    fn links_by_rfc_8288() {
        for (value, expected) in [
            ("", vec![]),
            ("<a>", vec!["a a []"]),
            (
                "<a>; rel=next, <b>; rel=\"prev start\"",
                vec![
                    r#"next a [("rel", "next")]"#,
                    r#"prev start b [("rel", "prev start")]"#,
                ],
            ),
            (
                r#"<a,b;c>; title="x, \"y\"; z=1"; rel=n"#,
                vec![r#"n a,b;c [("title", "x, \"y\"; z=1"), ("rel", "n")]"#],
            ),
            (
                "<a>;rel=x;;flag;b=",
                vec![r#"x a [("rel", "x"), ("flag", ""), ("b", "")]"#],
            ),
            ("<a>; REL=Up", vec![r#"Up a [("rel", "Up")]"#]),
            (
                "<a>; rel=x=y; b",
                vec![r#"x=y a [("rel", "x=y"), ("b", "")]"#],
            ),
            ("<a", vec![]),
            ("junk, <a>; rel=\"open", vec![r#"open a [("rel", "open")]"#]),
            ("<a>; rel=x, <b>; rel=x", vec![r#"x b [("rel", "x")]"#]),
        ] {
            assert_eq!(parse(value), expected, "{value}");
        }
    }
}
