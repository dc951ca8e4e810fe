//! Reading `WWW-Authenticate`: the challenges in a field value and their parameters.
//!
//! Owns the grammar of RFC 9110 section 11. Any bytes can be read, in a time that grows with their length only; what
//! breaks the grammar is known as such, and what follows it is read on. Does not own what a scheme's parameters mean.

use std::borrow::Cow;

use crate::models::headers::{is_token_byte, is_value_byte};

/// One challenge: a scheme and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    pub(crate) scheme: &'a [u8],
    /// Credentials in one piece, as `Negotiate` has them.
    pub(crate) token68: Option<&'a [u8]>,
    /// Names as written, values without quotes and escapes.
    pub(crate) params: Vec<(&'a [u8], Cow<'a, [u8]>)>,
    /// Something in it breaks the grammar.
    pub(crate) is_broken: bool,
}

/// A parameter is there twice (RFC 9110 section 11.2).
#[derive(Debug)]
pub(crate) struct Repeated;

impl Challenge<'_> {
    /// Names of schemes are case-insensitive (RFC 9110 section 11.1).
    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme.as_bytes())
    }

    /// The value of a parameter, its name in any case.
    pub(crate) fn param(&self, name: &str) -> Result<Option<&[u8]>, Repeated> {
        let mut values = self
            .params
            .iter()
            .filter(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes()));
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (found, None) => Ok(found.map(|(_, value)| value.as_ref())),
        }
    }
}

/// The challenges of one field value, in order. Parameters before the first scheme belong to nobody and are dropped.
pub(crate) fn challenges(value: &[u8]) -> Vec<Challenge<'_>> {
    let mut input = Input(value);
    let mut found: Vec<Challenge<'_>> = Vec::new();
    loop {
        input.skip(|byte| is_blank(byte) || byte == b',');
        if input.0.is_empty() {
            return found;
        }
        let item = input.item();
        // What is left of an item was not expected there.
        let is_broken = input.skip_rest_of_item();
        let mut begin = |scheme, token68, params, is_broken| {
            found.push(Challenge {
                scheme,
                token68,
                params,
                is_broken,
            });
        };
        match item {
            Item::Scheme(scheme) => begin(scheme, None, Vec::new(), is_broken),
            Item::Token68(scheme, token) => begin(scheme, Some(token), Vec::new(), is_broken),
            Item::First(scheme, name, value) => begin(scheme, None, vec![(name, value)], is_broken),
            Item::BrokenScheme(scheme) => begin(scheme, None, Vec::new(), true),
            Item::Param(name, value) => {
                if let Some(last) = found.last_mut() {
                    last.params.push((name, value));
                    last.is_broken |= is_broken || last.token68.is_some();
                }
            }
            Item::Broken => {
                if let Some(last) = found.last_mut() {
                    last.is_broken = true;
                }
            }
        }
    }
}

/// What stands between two commas.
enum Item<'a> {
    Scheme(&'a [u8]),
    Token68(&'a [u8], &'a [u8]),
    /// A scheme with its first parameter.
    First(&'a [u8], &'a [u8], Cow<'a, [u8]>),
    Param(&'a [u8], Cow<'a, [u8]>),
    /// A scheme, and something that should not follow it.
    BrokenScheme(&'a [u8]),
    Broken,
}

/// What is not read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn item(&mut self) -> Item<'a> {
        let name = self.take(is_token_byte);
        if name.is_empty() {
            return Item::Broken;
        }
        let blanks = self.take(is_blank);
        if self.0.first() == Some(&b'=') {
            return match self.value() {
                Some(value) => Item::Param(name, value),
                None => Item::Broken,
            };
        }
        if blanks.is_empty() || matches!(self.0.first(), None | Some(b',')) {
            return Item::Scheme(name);
        }
        if let Some(token) = self.token68() {
            return Item::Token68(name, token);
        }
        let param = self.take(is_token_byte);
        self.skip(is_blank);
        match self.value() {
            Some(value) if !param.is_empty() => Item::First(name, param, value),
            _ => Item::BrokenScheme(name),
        }
    }

    /// `=`, blanks, and a token or quoted string. Servers leave quotes out around more than tokens, so an unquoted value
    /// goes to the next blank or comma.
    fn value(&mut self) -> Option<Cow<'a, [u8]>> {
        self.0 = self.0.strip_prefix(b"=")?;
        self.skip(is_blank);
        if self.0.first() == Some(&b'"') {
            return self.quoted();
        }
        let value = self.take(|byte| byte.is_ascii_graphic() && !b",\"\\".contains(&byte));
        (!value.is_empty()).then_some(Cow::Borrowed(value))
    }

    /// RFC 9110 section 5.6.4: a backslash makes the next byte stand for itself.
    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        self.0 = self.0.strip_prefix(b"\"")?;
        let plain = self.take(is_plain);
        if let Some(rest) = self.0.strip_prefix(b"\"") {
            self.0 = rest;
            return Some(Cow::Borrowed(plain));
        }
        let mut value = plain.to_vec();
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            if byte == b'"' {
                return Some(Cow::Owned(value));
            }
            if byte != b'\\' {
                return None;
            }
            let (&escaped, rest) = rest.split_first()?;
            if !is_value_byte(escaped) {
                return None;
            }
            value.push(escaped);
            self.0 = rest;
            value.extend_from_slice(self.take(is_plain));
        }
    }

    /// RFC 9110 section 11.2, if the item is nothing else.
    fn token68(&mut self) -> Option<&'a [u8]> {
        let mut ahead = Input(self.0);
        ahead.skip(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        let without_padding = ahead.0.len();
        ahead.skip(|byte| byte == b'=');
        let rest = ahead.0;
        ahead.skip(is_blank);
        if without_padding == self.0.len() || !matches!(ahead.0.first(), None | Some(b',')) {
            return None;
        }
        let (token, _) = self.0.split_at_checked(self.0.len() - rest.len())?;
        self.0 = ahead.0;
        Some(token)
    }

    /// To the next comma outside of quotes; whether there was anything but blanks.
    fn skip_rest_of_item(&mut self) -> bool {
        self.skip(is_blank);
        let mut any = false;
        while let Some(&byte) = self.0.first().filter(|&&byte| byte != b',') {
            any = true;
            if byte != b'"' || self.quoted().is_none() {
                self.skip_one();
            }
        }
        any
    }

    fn skip_one(&mut self) {
        self.0 = self.0.split_first().map_or(&[], |(_, rest)| rest);
    }

    fn skip(&mut self, is_wanted: impl Fn(u8) -> bool) {
        self.take(is_wanted);
    }

    fn take(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !is_wanted(byte));
        let (taken, rest) = self
            .0
            .split_at_checked(end.unwrap_or(self.0.len()))
            .unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What stands for itself in a quoted string.
fn is_plain(byte: u8) -> bool {
    is_value_byte(byte) && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As text: `scheme token68 name=value ...`, and `!` if it is broken.
    fn read(value: &[u8]) -> Vec<String> {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        challenges(value)
            .iter()
            .map(|challenge| {
                let mut words = vec![text(challenge.scheme)];
                words.extend(challenge.token68.map(text));
                let params = challenge.params.iter();
                words.extend(params.map(|(name, value)| format!("{}={}", text(name), text(value))));
                words.extend(challenge.is_broken.then(|| "!".to_owned()));
                words.join(" ")
            })
            .collect()
    }

    /// SEC-213, AUT-21
    #[test]
    fn challenges_are_told_apart() {
        let cases: [(&[u8], &[&str]); 16] = [
            (b"", &[]),
            (b" ,, ,", &[]),
            (b"Basic", &["Basic"]),
            (b"Negotiate, NTLM", &["Negotiate", "NTLM"]),
            (b"Negotiate ab+/==", &["Negotiate ab+/=="]),
            (b"A a=, B b=c", &["A a=", "B b=c"]),
            (b"Basic realm=\"x\"", &["Basic realm=x"]),
            (b"Basic realm = \"x\" , charset\t=\tUTF-8", &["Basic realm=x charset=UTF-8"]),
            (
                b"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
                &["Newauth realm=apps type=1 title=Login to \\\"apps\\\"", "Basic realm=simple"],
            ),
            (b"A, B x=1,y=2,,C", &["A", "B x=1 y=2", "C"]),
            (b"A x=\"a, B y=2\"", &["A x=a, B y=2"]),
            (b"Digest nonce=abc==, x=http://h/?a=b", &["Digest nonce=abc== x=http://h/?a=b"]),
            (b"x=1, y=2, A z=3", &["A z=3"]),
            (b"A x=\"\"", &["A x="]),
            (b"A x=\"\\a\\\\\xE9\t\"", &["A x=a\\\\\\xe9\\t"]),
            (b"A\tx=1", &["A x=1"]),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{}", value.escape_ascii());
        }
    }

    /// SEC-213: what is broken is blamed on the challenge it stands in.
    #[test]
    fn what_is_broken_is_known() {
        let cases: [(&[u8], &[&str]); 12] = [
            (b"A x=\"", &["A !"]),
            (b"A x=\"y\\", &["A !"]),
            (b"A x=\"y\0\", B", &["A !"]),
            (b"A x=1, y=, z=2, B", &["A x=1 z=2 !", "B"]),
            (b"A x=1 y=2, B", &["A x=1 !", "B"]),
            (b"A, @, B", &["A !", "B"]),
            (b"A=, B", &["B"]),
            (b"A b c, D", &["A !", "D"]),
            (b"A; x, B", &["A !", "B"]),
            (b"A \"x, y\", B", &["A !", "B"]),
            (b"A ab=, x=1, B", &["A ab= x=1 !", "B"]),
            (b"\xFF\0, A", &["A"]),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{}", value.escape_ascii());
        }
    }

    /// AUT-22
    #[test]
    fn a_repeated_parameter_is_known() {
        let found = challenges(b"A x=1, X=2, y=3");
        let challenge = found.first().unwrap();
        assert!(challenge.is("a") && !challenge.is("b"));
        assert!(challenge.param("x").is_err());
        assert_eq!(challenge.param("Y").unwrap(), Some(&b"3"[..]));
        assert_eq!(challenge.param("z").unwrap(), None);
    }

    /// SEC-213: in linear time, of which a quadratic one would be seen here.
    #[test]
    fn long_values_are_read_at_once() {
        for piece in [
            "A x=\"", "a ", "\"", "A,", "x=1,", "=", "\\", "A a", "a=\"\\\"", "\t",
        ] {
            let value = piece.repeat(1 << 20);
            let found = challenges(value.as_bytes());
            assert!(found.len() <= 1 << 20, "{piece}");
        }
    }
}
