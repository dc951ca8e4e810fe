//! Settings as data: [`Timeout`], [`Limits`], [`ResponseLimits`].
//!
//! Owns the values and their defaults. Does not enforce any of them: `connection/deadline.rs`, `connection/pool.rs`
//! and `protocol/` do.

use std::time::Duration;

/// How long each phase of a request may take; every limit is a duration or `None`, wait for ever.
///
/// All but [`total`](Self::total) limit *silence*: they start anew whenever bytes move. The default is 5 s for connect,
/// read, write and pool, as in HTTPX, and no total.
///
/// ```
/// use std::time::Duration;
/// use papilio::Timeout;
///
/// let timeout = Timeout::all(Duration::from_secs(10)).connect(Duration::from_secs(60));
/// assert_eq!(timeout.connect, Some(Duration::from_secs(60)));
/// assert_eq!(timeout.read, Some(Duration::from_secs(10)));
/// assert_eq!(Timeout::default().total, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Timeout {
    /// Name lookup and TCP connect together, and again the TLS handshake after it.
    pub connect: Option<Duration>,
    /// The longest wait for the next bytes of the response.
    pub read: Option<Duration>,
    /// The longest wait for the peer to take more bytes of the request.
    pub write: Option<Duration>,
    /// The longest wait for a connection slot of the pool.
    pub pool: Option<Duration>,
    /// The whole call: redirects, authentication rounds and the reading of the body included.
    pub total: Option<Duration>,
    /// The whole head of one response, however it drips in. `None` means ten times [`read`](Self::read).
    pub head: Option<Duration>,
}

impl Timeout {
    /// The same limit for connect, read, write and pool.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::all(Duration::from_secs(10));
    /// assert_eq!((timeout.read, timeout.total), (Some(Duration::from_secs(10)), None));
    /// ```
    pub const fn all(limit: Duration) -> Self {
        let limit = Some(limit);
        Self {
            connect: limit,
            read: limit,
            write: limit,
            pool: limit,
            total: None,
            head: None,
        }
    }

    /// No limit at all.
    ///
    /// ```
    /// assert_eq!(papilio::Timeout::none().read, None);
    /// ```
    pub const fn none() -> Self {
        Self {
            connect: None,
            read: None,
            write: None,
            pool: None,
            total: None,
            head: None,
        }
    }

    /// Replaces the connect limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().connect(Duration::from_secs(30));
    /// assert_eq!(timeout.connect, Some(Duration::from_secs(30)));
    /// assert_eq!(timeout.connect(None).connect, None);
    /// ```
    pub fn connect(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect = limit.into();
        self
    }

    /// Replaces the read limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().read(Duration::from_secs(30));
    /// assert_eq!(timeout.read, Some(Duration::from_secs(30)));
    /// assert_eq!(timeout.read(None).read, None);
    /// ```
    pub fn read(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.read = limit.into();
        self
    }

    /// Replaces the write limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().write(Duration::from_secs(30));
    /// assert_eq!(timeout.write, Some(Duration::from_secs(30)));
    /// assert_eq!(timeout.write(None).write, None);
    /// ```
    pub fn write(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.write = limit.into();
        self
    }

    /// Replaces the pool limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().pool(Duration::from_secs(30));
    /// assert_eq!(timeout.pool, Some(Duration::from_secs(30)));
    /// assert_eq!(timeout.pool(None).pool, None);
    /// ```
    pub fn pool(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.pool = limit.into();
        self
    }

    /// Replaces the limit on the whole call.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().total(Duration::from_secs(30));
    /// assert_eq!(timeout.total, Some(Duration::from_secs(30)));
    /// ```
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }

    /// Replaces the limit on one response's head.
    ///
    /// ```
    /// use std::time::Duration;
    /// let timeout = papilio::Timeout::default().head(Duration::from_secs(30));
    /// assert_eq!(timeout.head, Some(Duration::from_secs(30)));
    /// assert_eq!(timeout.head(None).head, None);
    /// ```
    pub fn head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.head = limit.into();
        self
    }

    /// The limit on one response's head: as set, or ten times the read limit.
    pub(crate) fn head_limit(&self) -> Option<Duration> {
        self.head
            .or_else(|| self.read.map(|read| read.saturating_mul(10)))
    }
}

impl Default for Timeout {
    fn default() -> Self {
        Self::all(Duration::from_secs(5))
    }
}

impl From<Duration> for Timeout {
    fn from(limit: Duration) -> Self {
        Self::all(limit)
    }
}

impl From<Option<Duration>> for Timeout {
    fn from(limit: Option<Duration>) -> Self {
        limit.map_or(Self::none(), Self::all)
    }
}

/// How many connections a pool may hold, and for how long idle ones are kept.
///
/// A `Limits` of its own has no bounds but the expiry of 5 s; a *client* starts with
/// [`Limits::client`]: 100 connections, 20 of them idle, 5 s.
///
/// ```
/// use papilio::Limits;
/// assert_eq!(Limits::new().max_connections, None);
/// assert_eq!(Limits::client().max_keepalive_connections, Some(20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Open connections at any time; `None` is unlimited, 0 is refused when the client is built.
    pub max_connections: Option<usize>,
    /// Open connections to one host at any time, besides the limit on all; `None`, the default, is unlimited, and 0
    /// counts as 1. A host is a scheme, a name and a port; requests that a proxy forwards count for the proxy.
    pub max_connections_per_host: Option<usize>,
    /// Idle connections kept for reuse; `None` is unlimited, 0 keeps none.
    #[doc(alias = "pool_max_idle_per_host")]
    pub max_keepalive_connections: Option<usize>,
    /// How long an idle connection is kept; `None` is for ever, zero keeps none.
    #[doc(alias = "pool_idle_timeout")]
    pub keepalive_expiry: Option<Duration>,
}

impl Limits {
    /// No bounds, 5 s expiry.
    ///
    /// ```
    /// assert_eq!(papilio::Limits::new().max_connections, None);
    /// ```
    pub const fn new() -> Self {
        Self {
            max_connections: None,
            max_connections_per_host: None,
            max_keepalive_connections: None,
            keepalive_expiry: Some(Duration::from_secs(5)),
        }
    }

    /// What a client starts with: 100 connections, 20 idle, 5 s expiry.
    ///
    /// ```
    /// assert_eq!(papilio::Limits::client().max_connections, Some(100));
    /// ```
    pub const fn client() -> Self {
        Self {
            max_connections: Some(100),
            max_connections_per_host: None,
            max_keepalive_connections: Some(20),
            keepalive_expiry: Some(Duration::from_secs(5)),
        }
    }

    /// Replaces the bound on open connections.
    ///
    /// ```
    /// assert_eq!(papilio::Limits::new().max_connections(10).max_connections, Some(10));
    /// ```
    pub fn max_connections(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_connections = limit.into();
        self
    }

    /// Replaces the bound on open connections to one host.
    ///
    /// ```
    /// use papilio::Limits;
    /// let limits = Limits::client().max_connections_per_host(6);
    /// assert_eq!(limits.max_connections_per_host, Some(6));
    /// ```
    pub fn max_connections_per_host(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_connections_per_host = limit.into();
        self
    }

    /// Replaces the bound on idle connections.
    ///
    /// ```
    /// assert_eq!(papilio::Limits::new().max_keepalive_connections(5).max_keepalive_connections, Some(5));
    /// ```
    pub fn max_keepalive_connections(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_keepalive_connections = limit.into();
        self
    }

    /// Replaces the life of an idle connection.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limits = papilio::Limits::new().keepalive_expiry(Duration::from_secs(60));
    /// assert_eq!(limits.keepalive_expiry, Some(Duration::from_secs(60)));
    /// ```
    pub fn keepalive_expiry(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.keepalive_expiry = limit.into();
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// How much a server may send before the call fails; sizes are bytes.
///
/// The defaults protect a program that never thinks about them and are far above what honest servers send.
///
/// ```
/// let limits = papilio::ResponseLimits::default().body(10 << 20);
/// assert_eq!(limits.body, Some(10 << 20));
/// assert_eq!(limits.head, 256 << 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ResponseLimits {
    /// The whole head, status line and fields: 256 KiB.
    pub head: usize,
    /// One field line: 64 KiB.
    pub field: usize,
    /// Fields of one head: 4,096.
    pub fields: usize,
    /// Interim (1xx) responses before the final one: 32.
    pub interim: usize,
    /// One chunk-size line with its extensions: 4 KiB.
    pub chunk_line: usize,
    /// The trailer section: 16 KiB.
    pub trailer: usize,
    /// Fields of the trailer: 64.
    pub trailer_fields: usize,
    /// Content codings in a row, `identity` not counted: 5.
    pub codings: usize,
    /// The body, as received and as decoded, each on its own: no limit.
    pub body: Option<u64>,
    /// One line of `iter_lines()`: 1 MiB.
    pub line: usize,
    /// The part of a followed redirect's or challenge's body kept in the history: 1 MiB.
    pub interim_body: usize,
    /// Refuse lines of a head that end in a bare LF (off).
    pub strict_lines: bool,
    /// Refuse a response with both Transfer-Encoding and Content-Length (off: chunked wins, no reuse).
    pub strict_framing: bool,
}

impl ResponseLimits {
    /// Replaces the limit on the body, received and decoded each.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().body(1 << 20);
    /// assert_eq!(limits.body, Some(1 << 20));
    /// ```
    #[doc(alias = "max_body_size")]
    pub fn body(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Replaces the limit on the head.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().head(64 << 10);
    /// assert_eq!(limits.head, 64 << 10);
    /// ```
    pub fn head(mut self, bytes: usize) -> Self {
        self.head = bytes;
        self
    }

    /// Replaces the limit on one field line.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().field(8 << 10);
    /// assert_eq!(limits.field, 8 << 10);
    /// ```
    pub fn field(mut self, bytes: usize) -> Self {
        self.field = bytes;
        self
    }

    /// Replaces the limit on the number of fields.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().fields(50);
    /// assert_eq!(limits.fields, 50);
    /// ```
    pub fn fields(mut self, count: usize) -> Self {
        self.fields = count;
        self
    }

    /// Replaces the limit on interim responses.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().interim(3);
    /// assert_eq!(limits.interim, 3);
    /// ```
    pub fn interim(mut self, count: usize) -> Self {
        self.interim = count;
        self
    }

    /// Replaces the limit on a chunk-size line.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().chunk_line(256);
    /// assert_eq!(limits.chunk_line, 256);
    /// ```
    pub fn chunk_line(mut self, bytes: usize) -> Self {
        self.chunk_line = bytes;
        self
    }

    /// Replaces the limits on the trailer section: its bytes and its fields.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().trailer(4 << 10, 8);
    /// assert_eq!((limits.trailer, limits.trailer_fields), (4 << 10, 8));
    /// ```
    pub fn trailer(mut self, bytes: usize, fields: usize) -> Self {
        self.trailer = bytes;
        self.trailer_fields = fields;
        self
    }

    /// Replaces the limit on content codings in a row.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().codings(1);
    /// assert_eq!(limits.codings, 1);
    /// ```
    pub fn codings(mut self, count: usize) -> Self {
        self.codings = count;
        self
    }

    /// Replaces the limit on one line of `iter_lines()`.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().line(1 << 20);
    /// assert_eq!(limits.line, 1 << 20);
    /// ```
    pub fn line(mut self, bytes: usize) -> Self {
        self.line = bytes;
        self
    }

    /// Replaces how much of an interim body is kept.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().interim_body(1 << 10);
    /// assert_eq!(limits.interim_body, 1 << 10);
    /// ```
    pub fn interim_body(mut self, bytes: usize) -> Self {
        self.interim_body = bytes;
        self
    }

    /// Refuse bare LF line ends in heads.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().strict_lines(true);
    /// assert!(limits.strict_lines);
    /// ```
    pub fn strict_lines(mut self, on: bool) -> Self {
        self.strict_lines = on;
        self
    }

    /// Refuse two framing fields in one response.
    ///
    /// ```
    /// let limits = papilio::ResponseLimits::default().strict_framing(true);
    /// assert!(limits.strict_framing);
    /// ```
    pub fn strict_framing(mut self, on: bool) -> Self {
        self.strict_framing = on;
        self
    }
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            head: 256 << 10,
            field: 64 << 10,
            fields: 4096,
            interim: 32,
            chunk_line: 4 << 10,
            trailer: 16 << 10,
            trailer_fields: 64,
            codings: 5,
            body: None,
            line: 1 << 20,
            interim_body: 1 << 20,
            strict_lines: false,
            strict_framing: false,
        }
    }
}
