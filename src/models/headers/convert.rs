//! `Headers` from and to the `http` crate's `HeaderMap`.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::models::headers::Headers;

/// Blanks around values are dropped; everything else a `HeaderMap` holds is valid here.
impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        let mut headers = Self::new();
        for (name, value) in map {
            headers.push(name.as_str(), value.as_bytes().trim_ascii());
        }
        headers
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        Self::from(&map)
    }
}

/// Loses the case of names and the order between different names.
impl From<&Headers> for HeaderMap {
    fn from(headers: &Headers) -> Self {
        let mut map = Self::with_capacity(headers.len());
        for (name, value) in headers {
            // Both were checked against the same grammar when they entered.
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(value),
            ) {
                map.append(name, value);
            }
        }
        map
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        Self::from(&headers)
    }
}
