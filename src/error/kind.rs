//! `Kind`, `Reason` and `Phase`: the vocabulary of errors.

use std::fmt;

/// The kinds of [`Error`](crate::Error): HTTPX's exceptions without their `Exception` and `Error` endings, and a few of ours.
///
/// ```
/// use papilio::Kind;
/// let error = papilio::get("htp://example.org/").send().unwrap_err();
/// assert_eq!(error.kind(), Kind::UnsupportedProtocol);
/// ```
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
    /// The peer broke the protocol; [`Error::reason`](crate::Error::reason) says how.
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
    /// A limit the caller set was passed; [`Error::reason`](crate::Error::reason) says which.
    Limit,
    /// The call was cancelled by a [`CancelToken`](crate::CancelToken).
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

/// The machine-readable detail of an [`Error`](crate::Error).
///
/// ```
/// use papilio::{Error, Kind, Reason};
/// let error = Error::new(Kind::Limit, "too much").with_reason(Reason::BodyTooLarge);
/// assert_eq!(error.reason(), Some(Reason::BodyTooLarge));
/// ```
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
    /// The client's [`AddressPolicy`](crate::AddressPolicy) allows none of the addresses.
    AddressDenied,
    /// The certificate is for other names.
    CertificateName,
    /// The certificate is expired or not yet valid.
    CertificateExpired,
    /// The certificate is of an unknown issuer.
    CertificateUnknownIssuer,
    /// The certificate cannot be used for another reason.
    CertificateInvalid,
    /// The certificate's public key is not one of those pinned for the host.
    CertificatePin,
    /// The body is larger than the limit that was set.
    BodyTooLarge,
    /// A line is longer than the limit that was set.
    LineTooLong,
    /// More content codings than the limit.
    TooManyCodings,
    /// The compressed body ends before its end.
    TruncatedCoding,
    /// The error code of HTTP/2 with which the request or its connection ended (RFC 9113 section 7).
    Http2(u32),
}

/// What was being done when an [`Error`](crate::Error) happened.
///
/// ```
/// // Nothing was being done yet.
/// let error = papilio::get("nonsense").send().unwrap_err();
/// assert_eq!(error.phase(), None);
/// assert_eq!(papilio::Phase::Connect.to_string(), "while connecting");
/// ```
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
