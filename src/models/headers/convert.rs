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

/// Loses the case of names and the order between different names. A `HeaderMap` ends at some ten thousand names, more than
/// any server takes; what does not go in any more is left out.
impl From<&Headers> for HeaderMap {
    fn from(headers: &Headers) -> Self {
        let mut map = Self::try_with_capacity(headers.len()).unwrap_or_default();
        for (name, value) in headers {
            // Both were checked against the same grammar when they entered.
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(value),
            ) {
                // What is one too many for it would be a panic otherwise.
                let _ = map.try_append(name, value);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// ERR-07: more than fits is no panic.
    #[test]
    fn a_map_that_is_full() {
        let mut headers = Headers::new();
        for number in 0..40_000 {
            headers.push(&format!("x-{number}"), b"1");
        }
        let map = HeaderMap::from(&headers);
        assert!(map.len() >= 20_000 && map.len() < headers.len());
        assert_eq!(map["x-7"], "1");
    }
}
