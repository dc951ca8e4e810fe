//! What may be given for a [`Body`].

use std::borrow::Cow;
use std::fs::File;

use bytes::Bytes;

use super::{Body, Source};
use crate::error::{Error, Result};

/// Empty bytes count as no body (REQ-05).
impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let source = if bytes.is_empty() {
            Source::Empty
        } else {
            Source::Bytes(bytes)
        };
        Self {
            source,
            started: false,
            trailers: None,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self::from(Bytes::copy_from_slice(bytes))
    }
}

impl<const N: usize> From<&[u8; N]> for Body {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<Cow<'_, str>> for Body {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(text.into_owned())
    }
}

/// From where the file stands to its end.
impl TryFrom<File> for Body {
    type Error = Error;

    fn try_from(file: File) -> Result<Self> {
        Self::seekable(file)
    }
}
