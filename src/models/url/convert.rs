//! Ways into a [`Url`]: `IntoUrl`, the standard conversions, `http::Uri` and serde.
//!
//! Owns no rule; each ends in [`Url::parse`].

use std::borrow::Cow;
use std::str::FromStr;

use http::Uri;

use super::Url;
use crate::error::{Error, Result};

/// What request functions take as a URL: text, or a [`Url`].
///
/// ```
/// use papilio::{IntoUrl, Url};
///
/// fn host(url: impl IntoUrl) -> papilio::Result<String> {
///     Ok(url.into_url()?.host().into_owned())
/// }
/// assert_eq!(host("https://example.com/")?, "example.com");
/// assert_eq!(host(Url::parse("https://example.com/")?)?, "example.com");
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoUrl: sealed::Sealed {
    /// The URL.
    ///
    /// # Errors
    /// `InvalidUrl` for a text that is none.
    ///
    /// ```
    /// use papilio::IntoUrl;
    /// assert_eq!("http://EXAMPLE.org".into_url()?.as_str(), "http://example.org");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    fn into_url(self) -> Result<Url>;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

impl sealed::Sealed for Url {}
impl IntoUrl for Url {
    fn into_url(self) -> Result<Url> {
        Ok(self)
    }
}

impl sealed::Sealed for &Url {}
impl IntoUrl for &Url {
    fn into_url(self) -> Result<Url> {
        Ok(self.clone())
    }
}

/// Text in all its forms.
macro_rules! from_text {
    ($($text:ty),+) => {$(
        impl sealed::Sealed for $text {}
        impl IntoUrl for $text {
            fn into_url(self) -> Result<Url> {
                Url::parse(&self)
            }
        }

        impl TryFrom<$text> for Url {
            type Error = Error;

            fn try_from(text: $text) -> Result<Self> {
                Self::parse(&text)
            }
        }
    )+};
}

from_text!(&str, String, &String, Cow<'_, str>);

impl sealed::Sealed for Uri {}
impl IntoUrl for Uri {
    fn into_url(self) -> Result<Url> {
        Url::try_from(&self)
    }
}

impl sealed::Sealed for &Uri {}
impl IntoUrl for &Uri {
    fn into_url(self) -> Result<Url> {
        Url::try_from(self)
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// A `Uri` that is an authority alone becomes a reference with that host and no scheme.
impl TryFrom<&Uri> for Url {
    type Error = Error;

    fn try_from(uri: &Uri) -> Result<Self> {
        match (uri.scheme(), uri.authority()) {
            (None, Some(authority)) => Self::parse(&format!("//{authority}")),
            _ => Self::parse(&uri.to_string()),
        }
    }
}

impl TryFrom<Uri> for Url {
    type Error = Error;

    fn try_from(uri: Uri) -> Result<Self> {
        Self::try_from(&uri)
    }
}

/// As its text, password included.
#[cfg(feature = "json")]
impl serde::Serialize for Url {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "json")]
impl<'de> serde::Deserialize<'de> for Url {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
