//! `IntoProxy`: what may be given where a proxy is asked for.

use super::Proxy;
use crate::error::{Error, Result};
use crate::models::url::Url;

/// What builders take as a proxy: a URL, as text or as a [`Url`], or a [`Proxy`].
///
/// ```
/// use papilio::{IntoProxy, Proxy};
///
/// fn port(proxy: impl IntoProxy) -> papilio::Result<u16> {
///     Ok(proxy.into_proxy()?.port())
/// }
/// assert_eq!(port("http://localhost:3128")?, 3128);
/// assert_eq!(port(Proxy::new("https://localhost")?.verify(false))?, 443);
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoProxy: sealed::Sealed {
    /// The proxy.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that is not a proxy's.
    ///
    /// ```
    /// use papilio::IntoProxy;
    /// assert!("ftp://localhost".into_proxy().is_err());
    /// ```
    fn into_proxy(self) -> Result<Proxy>;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

impl sealed::Sealed for Proxy {}
impl IntoProxy for Proxy {
    fn into_proxy(self) -> Result<Proxy> {
        Ok(self)
    }
}

impl sealed::Sealed for &Proxy {}
impl IntoProxy for &Proxy {
    fn into_proxy(self) -> Result<Proxy> {
        Ok(self.clone())
    }
}

/// URLs in all their forms.
macro_rules! from_url {
    ($($url:ty),+) => {$(
        impl sealed::Sealed for $url {}
        impl IntoProxy for $url {
            fn into_proxy(self) -> Result<Proxy> {
                Proxy::new(self)
            }
        }

        impl TryFrom<$url> for Proxy {
            type Error = Error;

            fn try_from(url: $url) -> Result<Self> {
                Self::new(url)
            }
        }
    )+};
}

from_url!(&str, String, &String, Url, &Url);
