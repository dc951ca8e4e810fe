//! `Proxy`: where a proxy is, who we are to it, and what else it is told.
//!
//! Owns the value and what is wrong with it. Does not own which URLs go through it (`flow/route.rs`), the handshakes
//! (`connection/tunnel/`) or the environment.

mod auth;
mod convert;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

pub(crate) use auth::ProxyAuth;
pub use convert::IntoProxy;

use crate::error::{Error, Kind, Result};
use crate::models::auth::Auth;
use crate::models::headers::Headers;
use crate::models::tls::Verify;
#[cfg(feature = "tls")]
use crate::models::tls::{Built, TlsConfig};
use crate::models::url::{IntoUrl, Url};

/// A proxy: its URL, credentials for it, and what else a connection to it needs.
///
/// Text can be given wherever a proxy is asked for; this is for what a URL cannot say.
///
/// ```
/// use papilio::{Client, Proxy};
///
/// let proxy = Proxy::new("http://proxy.example.org:3128")?
///     .basic_auth("user", "password")
///     .header("X-Department", "7");
/// assert_eq!(proxy.url().as_str(), "http://proxy.example.org:3128");
/// assert!(!format!("{proxy} {proxy:?}").contains("password"));
/// let client = Client::builder().proxy(proxy).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    /// Scheme, host and port, and nothing else.
    url: Url,
    scheme: ProxyScheme,
    port: u16,
    credentials: Option<Credentials>,
    auth: Option<Arc<dyn Auth>>,
    headers: Headers,
    verify: Option<Verify>,
    roots: Vec<Vec<u8>>,
    /// What was made of these, once for all clients; with the environment trusted, and without.
    #[cfg(feature = "tls")]
    built: [Built; 2],
    /// What was wrong with a setting; said when a client is built.
    problem: Option<Cow<'static, str>>,
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxyScheme {
    Http,
    /// HTTP over TLS.
    Https,
    /// By address: names are looked up here.
    Socks4,
    Socks4a,
    /// `socks5h` too: names are looked up there (PRX-30).
    Socks5,
}

#[derive(Clone)]
struct Credentials {
    user: Vec<u8>,
    password: Vec<u8>,
    /// These win over others (PRX-04).
    are_of_url: bool,
}

impl Proxy {
    /// The proxy at this URL: `http`, `https`, `socks5`, `socks5h`, `socks4a` or `socks4`, with the ports 80, 443 and
    /// 1080 unless it says another.
    ///
    /// A user name and a password in it are the credentials, and win over others. Path, query and fragment do not
    /// matter. Through `socks5`, as through `socks5h` and `socks4a`, the proxy looks host names up; for `socks4` they
    /// are looked up here.
    ///
    /// # Errors
    /// [`Kind::Config`] for another scheme, and for a URL without a host or that cannot be parsed.
    ///
    /// ```
    /// use papilio::{Kind, Proxy};
    /// assert_eq!(Proxy::new("socks5://localhost")?.port(), 1080);
    /// assert_eq!(Proxy::new("ftp://localhost").unwrap_err().kind(), Kind::Config);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(url: impl IntoUrl) -> Result<Self> {
        // What cannot be parsed may have a piece of a password anywhere, and the error quotes it.
        let given = url
            .into_url()
            .map_err(|_| config("the proxy URL is none: scheme://host:port is expected"))?;
        let scheme = match given.scheme() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            "socks4" => ProxyScheme::Socks4,
            "socks4a" => ProxyScheme::Socks4a,
            "socks5" | "socks5h" => ProxyScheme::Socks5,
            _ => return Err(unknown_scheme(&given)),
        };
        if given.raw_host().is_empty() {
            return Err(config("the proxy URL has no host"));
        }
        if given.has_ambiguous_host() {
            return Err(config(format!(
                "the host '{}' of the proxy URL is neither a name nor an address",
                given.raw_host()
            )));
        }
        let port = given.port_or_default().unwrap_or(1080);
        if port == 0 {
            return Err(config("port 0 in the proxy URL"));
        }
        let url = Url::parse(&format!("{}://{}", given.scheme(), given.netloc()))?;
        Ok(Self {
            url,
            scheme,
            port,
            credentials: Credentials::of_url(&given),
            auth: None,
            headers: Headers::new(),
            verify: None,
            roots: Vec::new(),
            #[cfg(feature = "tls")]
            built: Default::default(),
            problem: None,
        })
    }

    /// Who we are to the proxy: Basic for `http` and `https`, sent without being asked; user name and password for
    /// `socks5`, the user name alone for `socks4`.
    ///
    /// ```
    /// let proxy = papilio::Proxy::new("socks5://localhost")?.basic_auth("user", "password");
    /// assert_eq!(proxy.to_string(), "socks5://user:********@localhost");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn basic_auth(mut self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Self {
        if !self.is_identified_by_url() {
            self.auth = None;
            self.credentials = Some(Credentials {
                user: user.as_ref().to_vec(),
                password: password.as_ref().to_vec(),
                are_of_url: false,
            });
        }
        self
    }

    /// Authenticates to an `http` or `https` proxy in this way, such as [`DigestAuth`](crate::DigestAuth). A 407 is
    /// answered once; what the scheme remembers of it serves later requests through this proxy.
    ///
    /// ```
    /// use papilio::{DigestAuth, Proxy};
    /// let proxy = Proxy::new("http://localhost:3128")?.auth(DigestAuth::new("user", "password"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn auth(mut self, auth: impl Auth + 'static) -> Self {
        if !self.is_identified_by_url() {
            self.credentials = None;
            self.auth = Some(Arc::new(auth));
        }
        self
    }

    /// Tells an `http` or `https` proxy this with every request it is to see: those for `http` URLs, and those that
    /// open tunnels.
    ///
    /// ```
    /// use papilio::{Client, Kind, Proxy};
    /// let proxy = Proxy::new("http://localhost:3128")?.header("X-Routing", "fast");
    /// assert_eq!(proxy.headers().get("x-routing").as_deref(), Some("fast"));
    ///
    /// let proxy = Proxy::new("http://localhost:3128")?.header("Host", "elsewhere");
    /// let error = Client::builder().proxy(proxy).build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Config);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        let is_ours = ["Host", "Content-Length", "Transfer-Encoding"]
            .iter()
            .any(|ours| name.eq_ignore_ascii_case(ours));
        if is_ours {
            self.wrong(format!("'{name}' cannot be a header for a proxy"));
        } else if let Err(error) = self.headers.append(name, value) {
            self.wrong(error.to_string());
        }
        self
    }

    /// Which certificates an `https` proxy may have, as
    /// [`ClientBuilder::verify`](crate::ClientBuilder::verify) says for origins; what is said there does not count for
    /// proxies.
    ///
    /// ```
    /// use papilio::{Client, Kind, Proxy};
    /// let proxy = Proxy::new("http://localhost:3128")?.verify(false);
    /// let error = Client::builder().proxy(proxy).build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Config);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.verify = Some(verify.into());
        self.forget_built();
        self
    }

    /// Trusts these certificates (PEM text) besides the others, for an `https` proxy.
    ///
    /// ```
    /// let proxy = papilio::Proxy::new("https://localhost:3129")?.add_root_certificate("...PEM text...");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn add_root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self.forget_built();
        self
    }

    /// Scheme, host and port, without credentials.
    ///
    /// ```
    /// let proxy = papilio::Proxy::new("http://user:s3cret@localhost:3128")?;
    /// assert!(proxy.url().as_str().starts_with("http://localhost:3128"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The port, or the default of the scheme.
    ///
    /// ```
    /// assert_eq!(papilio::Proxy::new("socks5://localhost")?.port(), 1080);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The headers it is told, without credentials.
    ///
    /// ```
    /// let proxy = papilio::Proxy::new("http://user:s3cret@localhost:3128")?.header("X-A", "1");
    /// assert_eq!(proxy.headers().len(), 1);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The host in ASCII, without brackets.
    pub(crate) fn host(&self) -> &str {
        self.url.raw_host()
    }

    pub(crate) fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Whether a request to that URL is sent to the proxy as it is, for it to send on; through a tunnel otherwise
    /// (PRX-20, PRX-22, PRX-34).
    pub(crate) fn forwards(&self, url: &Url) -> bool {
        self.scheme.is_http() && url.scheme() == "http"
    }

    /// User name and password, for a SOCKS proxy.
    pub(crate) fn login(&self) -> Option<(&[u8], &[u8])> {
        let credentials = self.credentials.as_ref()?;
        Some((&credentials.user, &credentials.password))
    }

    /// The TLS settings for an https proxy. Those for origins are no part of it (R-PRX-06). What they name is read once,
    /// for the first client.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(&self, trust_env: bool) -> TlsConfig {
        #[allow(clippy::needless_update, reason = "what a proxy cannot be given")]
        TlsConfig {
            verify: self.verify.clone().unwrap_or_default(),
            extra_roots: self.roots.clone(),
            trust_env,
            #[cfg(feature = "tls")]
            built: self.built[usize::from(trust_env)].clone(),
            ..TlsConfig::default()
        }
    }

    /// # Errors
    /// `Config` for settings that do not go with the scheme, or that could never be sent.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(problem) = &self.problem {
            return Err(config(problem.clone()));
        }
        let is_http = self.scheme.is_http();
        let has_tls = self.verify.is_some() || !self.roots.is_empty();
        if has_tls && self.scheme != ProxyScheme::Https {
            return Err(config("TLS settings are for https proxies only"));
        }
        if !is_http && !self.headers.is_empty() {
            return Err(config("headers are for http and https proxies only"));
        }
        if !is_http && self.auth.is_some() {
            return Err(config(
                "a SOCKS proxy takes a user name and a password, and no other authentication",
            ));
        }
        if self.scheme == ProxyScheme::Https && cfg!(not(feature = "tls")) {
            return Err(config("an https proxy needs the feature `tls`"));
        }
        let is_bad = |credentials: &&Credentials| is_http && !credentials.are_basic();
        if self.credentials.as_ref().filter(is_bad).is_some() {
            return Err(config(
                "a colon in the user name for a proxy, or a control character in it or the password",
            ));
        }
        Ok(())
    }

    /// Begins to authenticate one request or tunnel (R-PRX-04).
    pub(crate) fn authentication(&self) -> ProxyAuth {
        match (&self.credentials, &self.auth) {
            (Some(credentials), _) => ProxyAuth::fixed(credentials.basic()),
            (None, Some(auth)) => ProxyAuth::flow(auth.flow(), &self.url),
            (None, None) => ProxyAuth::none(),
        }
    }

    fn is_identified_by_url(&self) -> bool {
        self.credentials.as_ref().is_some_and(|c| c.are_of_url)
    }

    /// After a change of what is trusted.
    fn forget_built(&mut self) {
        #[cfg(feature = "tls")]
        {
            self.built = Default::default();
        }
    }

    fn wrong(&mut self, problem: String) {
        self.problem.get_or_insert(Cow::Owned(problem));
    }
}

impl ProxyScheme {
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

impl Credentials {
    fn of_url(url: &Url) -> Option<Self> {
        let userinfo = url.userinfo();
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        if user.is_empty() && password.is_empty() {
            return None;
        }
        Some(Self {
            user: percent_decode_str(user).collect(),
            password: percent_decode_str(password).collect(),
            are_of_url: true,
        })
    }

    /// RFC 7617 section 2.
    fn are_basic(&self) -> bool {
        let mut bytes = self.user.iter().chain(&self.password);
        !self.user.contains(&b':') && !bytes.any(|byte| matches!(byte, b'\r' | b'\n' | 0))
    }

    fn basic(&self) -> Vec<u8> {
        let credentials = STANDARD.encode([&self.user[..], b":", &self.password].concat());
        format!("Basic {credentials}").into_bytes()
    }

    /// A name that has no password may be a token.
    fn shown_user(&self) -> Option<String> {
        (!self.password.is_empty()).then(|| String::from_utf8_lossy(&self.user).into_owned())
    }
}

/// With the password masked.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.url.scheme())?;
        if let Some(credentials) = &self.credentials {
            if !credentials.password.is_empty() {
                write!(f, "{}:", percent_encode(&credentials.user, USER))?;
            }
            write!(f, "{MASK}@")?;
        }
        f.write_str(self.url.netloc())
    }
}

/// As HTTPX has it; of the headers only the names.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy('{}'", self.url)?;
        match (&self.credentials, &self.auth) {
            (Some(credentials), _) => match credentials.shown_user() {
                Some(user) => write!(f, ", auth=({user:?}, '{MASK}')")?,
                None => write!(f, ", auth='{MASK}'")?,
            },
            (None, Some(_)) => write!(f, ", auth='{MASK}'")?,
            (None, None) => {}
        }
        if !self.headers.is_empty() {
            write!(f, ", headers={:?}", self.headers.keys().collect::<Vec<_>>())?;
        }
        f.write_str(")")
    }
}

fn unknown_scheme(url: &Url) -> Error {
    // Without `//` the host may have been taken for a scheme, and the password for a path.
    if url.netloc().is_empty() {
        return config("Unknown scheme for proxy URL: scheme://host:port is expected");
    }
    config(format!(
        "Unknown scheme for proxy URL '{}://{}'",
        url.scheme(),
        url.netloc()
    ))
}

fn config(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::Config, message)
}

const MASK: &str = "********";

/// What may stand in the user name of a URL (RFC 3986 section 2.3).
const USER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests;
