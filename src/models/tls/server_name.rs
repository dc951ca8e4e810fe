//! `ServerName`: another name than the URL's host for the TLS handshake of one request.

use std::fmt;

use crate::error::{Error, Kind, Result};
use crate::models::url::Url;

/// The name that the TLS handshake of a request asks for and checks, in place of the URL's host: for a server that is
/// reached by its address. Set it in [`Request::extensions_mut`](crate::Request::extensions_mut).
///
/// ```
/// use papilio::{Client, ServerName};
///
/// let mut request = Client::builder().build()?.get("https://127.0.0.1/").build()?;
/// request.extensions_mut().insert(ServerName::new("bücher.example.")?);
/// assert_eq!(request.extensions().get::<ServerName>().unwrap().as_str(), "xn--bcher-kva.example");
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "sni_hostname")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerName(String);

impl ServerName {
    /// A host name, or an IP address without brackets: then no name is sent, and the certificate must be for the
    /// address.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is neither.
    ///
    /// ```
    /// use papilio::ServerName;
    /// assert_eq!(ServerName::new("Example.org.")?.as_str(), "example.org");
    /// assert!(ServerName::new("no name").is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let bad = || {
            Error::new(
                Kind::Config,
                format!("{name:?} cannot be a TLS server name"),
            )
        };
        let text = match name.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("https://[{address}]"),
            // What would end the host of a URL, or begin another part of it.
            Err(_) if name.contains(['/', '?', '#', '@', ':', '\\', '[', ']']) => return Err(bad()),
            Err(_) => format!("https://{name}"),
        };
        let url = Url::parse(&text).map_err(|e| bad().with_source(e))?;
        // A trailing dot belongs to name lookup, not to certificates.
        let host = url.raw_host().trim_end_matches('.');
        rustls::pki_types::ServerName::try_from(host).map_err(|e| bad().with_source(e))?;
        Ok(Self(host.to_owned()))
    }

    /// The name in ASCII, without a dot at its end.
    ///
    /// ```
    /// assert_eq!(papilio::ServerName::new("bücher.example")?.as_str(), "xn--bcher-kva.example");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerName({:?})", self.0)
    }
}
