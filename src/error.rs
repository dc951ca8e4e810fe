//! The one error of the crate: what failed, in which phase, for which request.
//!
//! Owns [`Error`], [`Kind`], [`Reason`], [`Phase`] and how they print. Does not own any rule about *when* something is
//! an error; whoever finds the fact builds the error, and the send loop adds the request.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use http::Method;

use crate::models::request::Request;
use crate::models::response::Response;
use crate::models::url::Url;

/// `Result` with papilio's [`Error`].
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
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The machine-readable detail, where the kind alone is not precise.
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// What was being done when it happened; `None` for errors found before a request was under way.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// The method of the request that failed.
    pub fn method(&self) -> Option<&Method> {
        self.0
            .request
            .as_ref()
            .map(|r| &r.method)
            .or_else(|| self.0.line.as_ref().map(|(m, _)| m))
    }

    /// The URL of the request that failed. It holds the password, if there was one; printing the error masks it.
    pub fn url(&self) -> Option<&Url> {
        self.0
            .request
            .as_ref()
            .map(|r| &r.url)
            .or_else(|| self.0.line.as_ref().map(|(_, u)| u))
    }

    /// The request that failed, if it failed before a response was handed out; its body may be consumed.
    pub fn request(&self) -> Option<&Request> {
        self.0.request.as_ref()
    }

    /// The response, for [`Kind::Status`].
    pub fn response(&self) -> Option<&Response> {
        self.0.response.as_ref()
    }

    /// The response, for [`Kind::Status`], by value.
    pub fn into_response(self) -> Option<Response> {
        self.0.response
    }

    /// For a message that ended early: how many body bytes had arrived.
    pub fn bytes_received(&self) -> Option<u64> {
        self.0.bytes.map(|(received, _)| received)
    }

    /// For a message that ended early: how many body bytes were announced, if a length was.
    pub fn bytes_expected(&self) -> Option<u64> {
        self.0.bytes.and_then(|(_, expected)| expected)
    }

    /// A time limit passed: connect, read, write, pool or total.
    pub fn is_timeout(&self) -> bool {
        use Kind::{ConnectTimeout, PoolTimeout, ReadTimeout, TotalTimeout, WriteTimeout};
        matches!(
            self.kind(),
            ConnectTimeout | ReadTimeout | WriteTimeout | PoolTimeout | TotalTimeout
        )
    }

    /// The network failed: connect, read, write or close. Timeouts are not network errors.
    pub fn is_network(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Connect | Kind::Read | Kind::Write | Kind::Close
        )
    }

    /// Either side broke the protocol, or an authentication challenge made no sense.
    pub fn is_protocol(&self) -> bool {
        matches!(
            self.kind(),
            Kind::LocalProtocol | Kind::RemoteProtocol | Kind::Auth
        )
    }

    /// The connection did not come up: [`Kind::Connect`] or [`Kind::ConnectTimeout`].
    pub fn is_connect(&self) -> bool {
        matches!(self.kind(), Kind::Connect | Kind::ConnectTimeout)
    }

    /// Anything below the client's own logic: timeout, network, protocol, proxy, unsupported scheme.
    pub fn is_transport(&self) -> bool {
        self.is_timeout()
            || self.is_network()
            || self.is_protocol()
            || matches!(self.kind(), Kind::Proxy | Kind::UnsupportedProtocol)
    }

    /// Anything that ended a request: transport errors, decoding, redirect limit, size limits, cancellation.
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
    pub fn is_http(&self) -> bool {
        self.is_request() || self.is_status()
    }

    /// Made by `error_for_status`.
    pub fn is_status(&self) -> bool {
        self.kind() == Kind::Status
    }

    /// A body was asked for twice, after its end, or before it was read.
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
            source: None,
        }))
    }

    /// The same error with what caused it.
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error with its machine-readable detail.
    pub fn with_reason(mut self, reason: Reason) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// Names the phase unless one is named already: the innermost caller knows best.
    pub(crate) fn in_phase(mut self, phase: Phase) -> Self {
        self.0.phase.get_or_insert(phase);
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

/// The kinds of [`Error`]: HTTPX's exceptions without their `Exception` and `Error` endings, and a few of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Name lookup, TCP, tunnel or TLS took longer than the connect timeout.
    ConnectTimeout,
    /// The peer sent nothing for the read timeout.
    ReadTimeout,
    /// The peer took no bytes for the write timeout.
    WriteTimeout,
    /// No connection slot came free within the pool timeout.
    PoolTimeout,
    /// The total deadline of the call passed.
    TotalTimeout,
    /// Name lookup, TCP or TLS failed.
    Connect,
    /// Receiving failed, or the peer went away before the first byte of the response.
    Read,
    /// Sending failed.
    Write,
    /// Closing failed.
    Close,
    /// The request must not be sent as it is: the caller's fault, found before a byte was written.
    LocalProtocol,
    /// The peer broke the protocol; [`Error::reason`] says how.
    RemoteProtocol,
    /// An authentication challenge could not be understood.
    Auth,
    /// The proxy refused or broke its protocol.
    Proxy,
    /// The URL has no scheme and host, or a scheme nothing is mounted for.
    UnsupportedProtocol,
    /// The body's content coding is broken, cut or too deep.
    Decoding,
    /// The redirect limit was reached.
    TooManyRedirects,
    /// `error_for_status` met a response that is not 2xx.
    #[doc(alias = "HTTPStatusError")]
    Status,
    /// A URL, or a part of one, cannot be parsed.
    InvalidUrl,
    /// Several cookies of that name exist.
    CookieConflict,
    /// A body that can be read only once was needed again.
    StreamConsumed,
    /// A stream was read after it was closed.
    StreamClosed,
    /// A response's content was asked for before it was read.
    ResponseNotRead,
    /// A request's content was asked for before it was read.
    RequestNotRead,
    /// A setting makes no sense; found when the client or request is built.
    Config,
    /// A certificate or key file cannot be used.
    Tls,
    /// A body is not the JSON that was asked for, or a value cannot be written as JSON.
    Json,
    /// The client was closed before the call.
    ClientClosed,
    /// The caller's own request body failed.
    Body,
    /// A limit the caller set was passed; [`Error::reason`] says which.
    Limit,
    /// The call was cancelled.
    Cancelled,
    /// A hook, an authentication scheme or a transport of the caller's failed.
    Custom,
}

impl Kind {
    /// HTTPX's name for it, as the command prints it.
    ///
    /// ```
    /// assert_eq!(papilio::Kind::Connect.name(), "ConnectError");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectTimeout => "ConnectTimeout",
            Self::ReadTimeout => "ReadTimeout",
            Self::WriteTimeout => "WriteTimeout",
            Self::PoolTimeout => "PoolTimeout",
            Self::TotalTimeout => "TotalTimeout",
            Self::Connect => "ConnectError",
            Self::Read => "ReadError",
            Self::Write => "WriteError",
            Self::Close => "CloseError",
            Self::LocalProtocol => "LocalProtocolError",
            Self::RemoteProtocol => "RemoteProtocolError",
            Self::Auth => "AuthError",
            Self::Proxy => "ProxyError",
            Self::UnsupportedProtocol => "UnsupportedProtocol",
            Self::Decoding => "DecodingError",
            Self::TooManyRedirects => "TooManyRedirects",
            Self::Status => "HTTPStatusError",
            Self::InvalidUrl => "InvalidURL",
            Self::CookieConflict => "CookieConflict",
            Self::StreamConsumed => "StreamConsumed",
            Self::StreamClosed => "StreamClosed",
            Self::ResponseNotRead => "ResponseNotRead",
            Self::RequestNotRead => "RequestNotRead",
            Self::Config => "ConfigError",
            Self::Tls => "TLSError",
            Self::Json => "JSONError",
            Self::ClientClosed => "ClientClosed",
            Self::Body => "BodyError",
            Self::Limit => "LimitError",
            Self::Cancelled => "Cancelled",
            Self::Custom => "CustomError",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The machine-readable detail of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The first line is not an HTTP/1.x status line.
    BadStatusLine,
    /// A header field breaks the grammar.
    BadHeader,
    /// Content-Length or Transfer-Encoding leaves the end of the message open to doubt.
    BadFraming,
    /// A chunk breaks the grammar.
    BadChunk,
    /// A trailer field breaks the grammar, or the trailer is too large.
    BadTrailer,
    /// The head of the response is over its limit.
    HeadTooLarge,
    /// Too many 1xx responses.
    TooManyInterim,
    /// The message ended before its end.
    Incomplete,
    /// Bytes came that nobody asked for.
    Unsolicited,
    /// 101 without an `Upgrade` in the request.
    UnexpectedUpgrade,
    /// The peer closed the connection before the first byte of the response.
    ServerDisconnected,
    /// The name could not be looked up.
    Dns,
    /// The certificate is for other names.
    CertificateName,
    /// The certificate is expired or not yet valid.
    CertificateExpired,
    /// The certificate is of an unknown issuer.
    CertificateUnknownIssuer,
    /// The certificate cannot be used for another reason.
    CertificateInvalid,
    /// The body is larger than the limit that was set.
    BodyTooLarge,
    /// A line is longer than the limit that was set.
    LineTooLong,
    /// More content codings than the limit.
    TooManyCodings,
    /// The compressed body ends before its end.
    TruncatedCoding,
}

/// What was being done when an [`Error`] happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a connection slot.
    Pool,
    /// Looking the host name up.
    Lookup,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Setting the proxy up.
    Proxy,
    /// Sending the request.
    Send,
    /// Waiting for, or reading, the head of the response.
    Head,
    /// Reading the body of the response.
    Body,
}

/// Reads as the end of a sentence: `connection refused while connecting`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pool => "while waiting for a connection",
            Self::Lookup => "while looking up the host",
            Self::Connect => "while connecting",
            Self::Tls => "during the TLS handshake",
            Self::Proxy => "while setting up the proxy",
            Self::Send => "while sending the request",
            Self::Head => "while reading the response head",
            Self::Body => "while reading the response body",
        })
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
