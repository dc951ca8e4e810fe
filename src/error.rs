//! The one error of the crate: what failed, in which phase, for which request.
//!
//! Owns [`Error`] and how it prints; its vocabulary is in `error/kind.rs`. Does not own any rule about *when* something is
//! an error; whoever finds the fact builds the error, and the send loop adds the request.

mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use http::Method;

pub use kind::{Kind, Phase, Reason};

use crate::models::request::Request;
use crate::models::response::Response;
use crate::models::url::Url;

/// `Result` with papilio's [`Error`].
///
/// ```
/// fn title(url: &str) -> papilio::Result<String> {
///     let page = papilio::get(url).send()?.error_for_status()?;
///     Ok(page.text().lines().next().unwrap_or_default().to_owned())
/// }
/// assert!(title("nowhere").is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that can go wrong between a URL as text and the last byte of a response.
///
/// One word wide, `Send + Sync`. [`kind`](Self::kind) says which of HTTPX's exceptions it is, [`reason`](Self::reason)
/// narrows it for machines, [`Display`](fmt::Display) is one line for people (two or three for
/// [`Kind::Status`]): the fact, the phase and the request with its password masked. What the operating system or a
/// library said is in [`source`](StdError::source), whose types are not part of the stable interface.
///
/// ```
/// let error = papilio::Url::parse("http://example.org:port/").unwrap_err();
/// assert_eq!(error.kind(), papilio::Kind::InvalidUrl);
/// assert_eq!(error.to_string(), "Invalid port: 'port'");
/// ```
#[doc(alias = "HTTPError")]
#[doc(alias = "RequestError")]
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    reason: Option<Reason>,
    phase: Option<Phase>,
    message: Cow<'static, str>,
    line: Option<(Method, Url)>,
    request: Option<Request>,
    response: Option<Response>,
    bytes: Option<(u64, Option<u64>)>,
    /// It happened behind a proxy.
    is_proxied: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Which kind of failure this is.
    ///
    /// ```
    /// let error = papilio::get("nowhere").send().unwrap_err();
    /// assert_eq!(error.kind(), papilio::Kind::UnsupportedProtocol);
    /// ```
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The machine-readable detail, where the kind alone is not precise.
    ///
    /// ```
    /// # use papilio::{Error, Kind, Reason};
    /// let error = Error::new(Kind::Limit, "too much").with_reason(Reason::BodyTooLarge);
    /// assert_eq!(error.reason(), Some(Reason::BodyTooLarge));
    /// ```
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// What was being done when it happened; `None` for errors found before a request was under way.
    ///
    /// ```
    /// let error = papilio::get("nowhere").send().unwrap_err();
    /// assert_eq!(error.phase(), None);
    /// ```
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// The method of the request that failed.
    ///
    /// ```
    /// let error = papilio::get("nowhere").send().unwrap_err();
    /// assert_eq!(error.method().unwrap(), "GET");
    /// ```
    pub fn method(&self) -> Option<&Method> {
        self.0
            .request
            .as_ref()
            .map(|r| &r.method)
            .or_else(|| self.0.line.as_ref().map(|(m, _)| m))
    }

    /// The URL of the request that failed. It holds the password, if there was one; printing the error masks it.
    ///
    /// ```
    /// let error = papilio::get("nowhere").send().unwrap_err();
    /// assert_eq!(error.url().unwrap().as_str(), "nowhere");
    /// ```
    pub fn url(&self) -> Option<&Url> {
        self.0
            .request
            .as_ref()
            .map(|r| &r.url)
            .or_else(|| self.0.line.as_ref().map(|(_, u)| u))
    }

    /// The request that failed, if it failed before a response was handed out; its body may be consumed.
    ///
    /// ```
    /// let error = papilio::get("nowhere").send().unwrap_err();
    /// assert_eq!(error.request().unwrap().url.as_str(), "nowhere");
    /// ```
    pub fn request(&self) -> Option<&Request> {
        self.0.request.as_ref()
    }

    /// The response, for [`Kind::Status`]; for [`Kind::Proxy`] what the proxy answered instead of opening a tunnel, with
    /// at most 64 KiB of the body.
    ///
    /// ```
    /// # use papilio::Response;
    /// let error = Response::builder(404).text("no such page").error_for_status().unwrap_err();
    /// assert_eq!(error.response().unwrap().text(), "no such page");
    /// ```
    pub fn response(&self) -> Option<&Response> {
        self.0.response.as_ref()
    }

    /// The response of [`response`](Self::response), by value.
    ///
    /// ```
    /// # use papilio::Response;
    /// let error = Response::builder(404).text("no such page").error_for_status().unwrap_err();
    /// assert_eq!(error.into_response().unwrap().status(), 404);
    /// ```
    pub fn into_response(self) -> Option<Response> {
        self.0.response
    }

    /// For a message that ended early: how many body bytes had arrived.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert_eq!(Error::new(Kind::Read, "").bytes_received(), None);
    /// ```
    pub fn bytes_received(&self) -> Option<u64> {
        self.0.bytes.map(|(received, _)| received)
    }

    /// For a message that ended early: how many body bytes were announced, if a length was.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert_eq!(Error::new(Kind::Read, "").bytes_expected(), None);
    /// ```
    pub fn bytes_expected(&self) -> Option<u64> {
        self.0.bytes.and_then(|(_, expected)| expected)
    }

    /// A time limit passed: connect, read, write, pool or total.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::PoolTimeout, "").is_timeout());
    /// assert!(!Error::new(Kind::Read, "").is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        use Kind::{ConnectTimeout, PoolTimeout, ReadTimeout, TotalTimeout, WriteTimeout};
        matches!(
            self.kind(),
            ConnectTimeout | ReadTimeout | WriteTimeout | PoolTimeout | TotalTimeout
        )
    }

    /// The network failed: connect, read, write or close. Timeouts are not network errors.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::Write, "").is_network());
    /// assert!(!Error::new(Kind::WriteTimeout, "").is_network());
    /// ```
    pub fn is_network(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Connect | Kind::Read | Kind::Write | Kind::Close
        )
    }

    /// Either side broke the protocol, or an authentication challenge made no sense.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::RemoteProtocol, "").is_protocol());
    /// assert!(!Error::new(Kind::Read, "").is_protocol());
    /// ```
    pub fn is_protocol(&self) -> bool {
        matches!(
            self.kind(),
            Kind::LocalProtocol | Kind::RemoteProtocol | Kind::Auth
        )
    }

    /// The connection did not come up: [`Kind::Connect`] or [`Kind::ConnectTimeout`].
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::ConnectTimeout, "").is_connect());
    /// assert!(!Error::new(Kind::Read, "").is_connect());
    /// ```
    pub fn is_connect(&self) -> bool {
        matches!(self.kind(), Kind::Connect | Kind::ConnectTimeout)
    }

    /// Anything below the client's own logic: timeout, network, protocol, proxy, unsupported scheme.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::Proxy, "").is_transport());
    /// assert!(!Error::new(Kind::Status, "").is_transport());
    /// ```
    pub fn is_transport(&self) -> bool {
        self.is_timeout()
            || self.is_network()
            || self.is_protocol()
            || matches!(self.kind(), Kind::Proxy | Kind::UnsupportedProtocol)
    }

    /// Anything that ended a request: transport errors, decoding, redirect limit, size limits, cancellation.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::Decoding, "").is_request());
    /// assert!(!Error::new(Kind::Status, "").is_request());
    /// ```
    pub fn is_request(&self) -> bool {
        self.is_transport()
            || matches!(
                self.kind(),
                Kind::Decoding
                    | Kind::TooManyRedirects
                    | Kind::Limit
                    | Kind::Cancelled
                    | Kind::Body
            )
    }

    /// [`is_request`](Self::is_request) or [`Kind::Status`].
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::Status, "").is_http());
    /// assert!(!Error::new(Kind::Config, "").is_http());
    /// ```
    pub fn is_http(&self) -> bool {
        self.is_request() || self.is_status()
    }

    /// Made by `error_for_status`.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::Status, "").is_status());
    /// assert!(!Error::new(Kind::Read, "").is_status());
    /// ```
    pub fn is_status(&self) -> bool {
        self.kind() == Kind::Status
    }

    /// A body was asked for twice, after its end, or before it was read.
    ///
    /// ```
    /// # use papilio::{Error, Kind};
    /// assert!(Error::new(Kind::StreamClosed, "").is_stream());
    /// assert!(!Error::new(Kind::Read, "").is_stream());
    /// ```
    pub fn is_stream(&self) -> bool {
        use Kind::{RequestNotRead, ResponseNotRead, StreamClosed, StreamConsumed};
        matches!(
            self.kind(),
            StreamConsumed | StreamClosed | ResponseNotRead | RequestNotRead
        )
    }
}

/// Building errors; for the crate, and for transports, hooks and authentication written outside it.
impl Error {
    /// An error of any kind, for transports, hooks and authentication schemes of your own.
    ///
    /// ```
    /// use papilio::{Error, Kind};
    /// let error = Error::new(Kind::ReadTimeout, "the test says so");
    /// assert!(error.is_timeout());
    /// ```
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason: None,
            phase: None,
            message: message.into(),
            line: None,
            request: None,
            response: None,
            bytes: None,
            is_proxied: false,
            source: None,
        }))
    }

    /// The same error with what caused it.
    ///
    /// ```
    /// # use papilio::Kind;
    /// use std::error::Error as _;
    /// let error = papilio::Error::new(Kind::Custom, "no").with_source(std::fmt::Error);
    /// assert!(error.source().is_some());
    /// ```
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error with its machine-readable detail.
    ///
    /// ```
    /// # use papilio::{Error, Kind, Reason};
    /// let error = Error::new(Kind::Limit, "too much").with_reason(Reason::LineTooLong);
    /// assert_eq!(error.reason(), Some(Reason::LineTooLong));
    /// ```
    pub fn with_reason(mut self, reason: Reason) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// Names the phase unless one is named already: the innermost caller knows best.
    pub(crate) fn in_phase(mut self, phase: Phase) -> Self {
        self.0.phase.get_or_insert(phase);
        self
    }

    /// Names the phase, whatever phase is named already.
    pub(crate) fn of_phase(mut self, phase: Phase) -> Self {
        self.0.phase = Some(phase);
        self
    }

    /// Says that what failed was a connection through a proxy (R-PRX-09).
    pub(crate) fn through_proxy(mut self) -> Self {
        self.0.is_proxied = true;
        self
    }

    /// Names the request by its line, unless the request is known already.
    pub(crate) fn for_line(mut self, method: &Method, url: &Url) -> Self {
        if self.0.request.is_none() && self.0.line.is_none() {
            self.0.line = Some((method.clone(), url.clone()));
        }
        self
    }

    /// Hands the failed request over, unless one is there already.
    pub(crate) fn for_request(mut self, request: Request) -> Self {
        self.0.request.get_or_insert(request);
        self
    }

    pub(crate) fn with_response(mut self, response: Response) -> Self {
        self.0.response = Some(response);
        self
    }

    pub(crate) fn with_bytes(mut self, received: u64, expected: Option<u64>) -> Self {
        self.0.bytes = Some((received, expected));
        self
    }

    /// The peer broke the protocol.
    pub(crate) fn remote(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::RemoteProtocol, message).with_reason(reason)
    }

    /// The caller asked for something that must not be sent.
    pub(crate) fn local(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::LocalProtocol, message)
    }

    pub(crate) fn invalid_url(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::InvalidUrl, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if self.0.kind == Kind::Status {
            return Ok(());
        }
        if let Some(phase) = self.0.phase {
            write!(f, " {phase}")?;
        }
        // The proxy itself is named by its phase.
        if self.0.is_proxied && self.0.phase != Some(Phase::Proxy) {
            f.write_str(" through proxy")?;
        }
        if let (Some(method), Some(url)) = (self.method(), self.url()) {
            write!(f, " ({method} {})", url.masked())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind);
        if let Some(reason) = self.0.reason {
            out.field("reason", &reason);
        }
        out.field("message", &self.to_string());
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// For `std::io` traits: keeps the error as the payload, and says timeout, broken input and so on by kind.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            _ if error.is_timeout() => io::ErrorKind::TimedOut,
            Kind::Decoding => io::ErrorKind::InvalidData,
            Kind::RemoteProtocol if error.reason() == Some(Reason::Incomplete) => {
                io::ErrorKind::UnexpectedEof
            }
            Kind::RemoteProtocol => io::ErrorKind::InvalidData,
            Kind::Read => io::ErrorKind::ConnectionReset,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Bytes of a peer as they may be printed: quoted, escaped, cut at 200 (R-LIM-17).
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let shown = bytes.get(..200).unwrap_or(bytes);
    let mut text = String::with_capacity(shown.len() + 2);
    text.push('\'');
    for &byte in shown {
        text.extend(std::ascii::escape_default(byte).map(char::from));
    }
    text.push('\'');
    if shown.len() < bytes.len() {
        text.push_str("...");
    }
    text
}
