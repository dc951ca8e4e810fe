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
        let is_broken = input.skip_rest_of_item() || matches!(item, Item::Broken);
        match item {
            Item::Scheme(scheme) => found.push(Challenge {
                scheme,
                token68: None,
                params: Vec::new(),
                is_broken,
            }),
            Item::Token68(scheme, token) => found.push(Challenge {
                scheme,
                token68: Some(token),
                params: Vec::new(),
                is_broken,
            }),
            Item::First(scheme, name, value) => found.push(Challenge {
                scheme,
                token68: None,
                params: vec![(name, value)],
                is_broken,
            }),
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
            // It keeps its name, so that the damage is blamed on it and not on the scheme before it.
            _ => Item::First(name, b"", Cow::Borrowed(b"")),
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
