//! `Trace` and `Event`: the named events of a request on its way over the network, for a callback of the caller's.
//!
//! Owns the callback, the event and its text, which is also its line in the debug log. Does not own the names
//! (`connection/events.rs`) or the moments at which events happen.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Version};

use crate::error::{Error, Result};
use crate::models::connection::ConnectionInfo;
use crate::models::headers::Headers;
use crate::models::request::Request;
use crate::models::socket::SocketOption;

/// A callback that is told of every event of a request on the network: set it with
/// [`RequestBuilder::trace`](crate::RequestBuilder::trace) or in [`Request::extensions_mut`].
///
/// It is called on the thread that sends the request, while that waits; events of redirects and authentication rounds
/// reach it too. An error it returns ends the request, which fails with that error, and closes the connection.
///
/// The names, each followed by `.started` and then by `.complete` or `.failed`: `connection.connect_tcp` (name lookup
/// included), `connection.connect_unix_socket`, `connection.start_tls`, `connection.retry` (the pause before another try to connect);
/// `http11.send_request_headers`, `http11.send_request_body` (also without a body), `http11.receive_response_headers`,
/// `http11.receive_response_body` (once somebody reads it), `http11.response_closed`; over HTTP/2 the same five in
/// `http2`, and for the first request of a connection `http2.send_connection_init` and `http2.receive_remote_settings`.
///
/// ```
/// use papilio::{Client, Request, Trace};
///
/// let mut request = Request::new("GET", "http://example.org/")?;
/// request.extensions_mut().insert(Trace::new(|event| {
///     println!("{event}");
///     Ok(())
/// }));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct Trace(Arc<Callback>);

type Callback = dyn Fn(&Event<'_>) -> Result<()> + Send + Sync;

impl Trace {
    /// With this function.
    ///
    /// ```
    /// # use papilio::{Error, Kind, Trace};
    /// let trace = Trace::new(|event| match event.step() {
    ///     "connection.connect_tcp" => Err(Error::new(Kind::Custom, "not over the network")),
    ///     _ => Ok(()),
    /// });
    /// ```
    pub fn new(callback: impl Fn(&Event<'_>) -> Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn tell(&self, event: &Event<'_>) -> Result<()> {
        (self.0)(event)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace(..)")
    }
}

/// One event of a request; see [`Trace`].
///
/// As text it is its name and what is known about it, `connection.connect_tcp.complete return_value=127.0.0.1:80`, as in
/// the debug log: without secrets, in one line.
///
/// ```
/// # use papilio::Trace;
/// let trace = Trace::new(|event| {
///     println!("{} {:?}: {event}", event.step(), event.phase());
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub(crate) name: &'static str,
    pub(crate) phase: EventPhase,
    pub(crate) info: EventInfo<'a>,
}

/// Whether a step begins or how it ended.
///
/// ```
/// # use papilio::Trace;
/// use papilio::EventPhase;
/// let trace = Trace::new(|event| {
///     if event.phase() == EventPhase::Failed {
///         eprintln!("{event}");
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventPhase {
    /// It begins.
    Started,
    /// It ended well.
    Complete,
    /// It failed.
    Failed,
}

/// What is known at an event.
///
/// ```
/// # use papilio::Trace;
/// use papilio::EventInfo;
/// let trace = Trace::new(|event| {
///     match event.info() {
///         EventInfo::Connect { host, port, .. } => println!("to {host}, port {port}"),
///         EventInfo::Failed(error) => println!("{error}"),
///         _ => {}
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum EventInfo<'a> {
    /// Nothing.
    None,
    /// A connection is about to be opened: `connection.connect_tcp.started`.
    #[non_exhaustive]
    Connect {
        /// The host, as it is looked up.
        host: &'a str,
        /// The port.
        port: u16,
        /// The address it is opened from, if one was set.
        local_address: Option<IpAddr>,
        /// The time limit.
        timeout: Option<Duration>,
        /// The options that were set for sockets.
        socket_options: &'a [SocketOption],
    },
    /// A Unix socket is about to be connected to: `connection.connect_unix_socket.started`.
    #[non_exhaustive]
    ConnectUnix {
        /// Where it is.
        path: &'a Path,
        /// The time limit.
        timeout: Option<Duration>,
        /// The options that were set for sockets.
        socket_options: &'a [SocketOption],
    },
    /// A TLS handshake is about to begin: `connection.start_tls.started`.
    #[non_exhaustive]
    Tls {
        /// The name that the certificate has to be for.
        server_hostname: &'a str,
        /// The time limit.
        timeout: Option<Duration>,
    },
    /// A connection could not be opened and will be tried again: `connection.retry.started`.
    #[non_exhaustive]
    Retry {
        /// The host.
        host: &'a str,
        /// The port.
        port: u16,
        /// The time limit of the next try.
        timeout: Option<Duration>,
        /// The time until then.
        pause: Duration,
        /// Why the last try failed.
        error: &'a Error,
    },
    /// A connection stands, or TLS over it: `.complete` of `connect_tcp`, `connect_unix_socket` and `start_tls`.
    Connected(&'a ConnectionInfo),
    /// The request as it is sent, a body that streams left out: `.started` of all `http11` events.
    Request(&'a Request),
    /// A request on a stream of HTTP/2: `.started` of all `http2` events.
    #[non_exhaustive]
    Stream {
        /// The request as it is sent; not at the end, `http2.response_closed`.
        request: Option<&'a Request>,
        /// The number of the stream: odd, from 1.
        id: u32,
    },
    /// The head of the response: `http11.receive_response_headers.complete`, and that of `http2`.
    #[non_exhaustive]
    Head {
        /// The protocol version.
        version: Version,
        /// The status.
        status: StatusCode,
        /// The reason phrase, as received.
        reason: &'a [u8],
        /// The header fields.
        headers: &'a Headers,
    },
    /// Why it failed: every `.failed`.
    Failed(&'a Error),
}

impl<'a> Event<'a> {
    /// The whole name: `connection.connect_tcp.started`.
    ///
    /// ```
    /// # use papilio::Trace;
    /// let trace = Trace::new(|event| {
    ///     println!("{}", event.name());
    ///     Ok(())
    /// });
    /// ```
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the step, without its phase: `connection.connect_tcp`.
    ///
    /// ```
    /// # use papilio::Trace;
    /// let trace = Trace::new(|event| {
    ///     println!("{}", event.step());
    ///     Ok(())
    /// });
    /// ```
    pub fn step(&self) -> &'static str {
        self.name
            .rsplit_once('.')
            .map_or(self.name, |(step, _)| step)
    }

    /// Whether the step begins or how it ended.
    ///
    /// ```
    /// # use papilio::Trace;
    /// let trace = Trace::new(|event| {
    ///     println!("{:?}", event.phase());
    ///     Ok(())
    /// });
    /// ```
    pub fn phase(&self) -> EventPhase {
        self.phase
    }

    /// What is known.
    ///
    /// ```
    /// # use papilio::Trace;
    /// let trace = Trace::new(|event| {
    ///     println!("{:?}", event.info());
    ///     Ok(())
    /// });
    /// ```
    pub fn info(&self) -> EventInfo<'a> {
        self.info
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.info)
    }
}

/// The pairs of a line of the log, each behind a blank.
impl fmt::Display for EventInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None => Ok(()),
            Self::Connect {
                host,
                port,
                local_address,
                timeout,
                socket_options,
            } => {
                write!(f, " host={host:?} port={port} local_address=")?;
                match local_address {
                    Some(address) => write!(f, "{address}")?,
                    None => f.write_str("None")?,
                }
                write!(f, " timeout={} socket_options=", Limit(timeout))?;
                options(socket_options, f)
            }
            Self::ConnectUnix {
                path,
                timeout,
                socket_options,
            } => {
                write!(
                    f,
                    " path={path:?} timeout={} socket_options=",
                    Limit(timeout)
                )?;
                options(socket_options, f)
            }
            Self::Tls {
                server_hostname,
                timeout,
            } => write!(
                f,
                " server_hostname={server_hostname:?} timeout={}",
                Limit(timeout)
            ),
            Self::Retry {
                host,
                port,
                timeout,
                pause,
                error,
            } => write!(
                f,
                " host={host:?} port={port} timeout={} pause={pause:?} exception={error}",
                Limit(timeout)
            ),
            Self::Connected(connection) => write!(f, " return_value={connection}"),
            Self::Request(request) => write!(f, " request=<Request {}>", request.method),
            Self::Stream { request, id } => {
                if let Some(request) = request {
                    write!(f, " request=<Request {}>", request.method)?;
                }
                write!(f, " stream_id={id}")
            }
            Self::Head {
                version: Version::HTTP_2,
                status,
                headers,
                ..
            } => write!(f, " return_value=({}, {headers:?})", status.as_u16()),
            Self::Head {
                version,
                status,
                reason,
                headers,
            } => write!(
                f,
                " return_value=({version:?}, {}, {}, {headers:?})",
                status.as_u16(),
                String::from_utf8_lossy(reason).escape_debug()
            ),
            Self::Failed(error) => write!(f, " exception={error}"),
        }
    }
}

fn options(options: &[SocketOption], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if options.is_empty() {
        return f.write_str("None");
    }
    write!(f, "{options:?}")
}

struct Limit(Option<Duration>);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(limit) => write!(f, "{limit:?}"),
            None => f.write_str("None"),
        }
    }
}
