//! `SocketOption`, `TcpKeepalive` and `SocketSettings`: what new sockets are like, as data.
//!
//! Owns what the user said, and which options this system has. Does not open sockets; `connection/open.rs` does.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// An option of the operating system for every new socket: [`ClientBuilder::socket_option`](crate::ClientBuilder::socket_option).
///
/// Not every system has every option; [`is_supported`](Self::is_supported) tells. Options of TCP and IP do not concern a
/// Unix socket and are left out there.
///
/// ```
/// use papilio::{Client, SocketOption};
///
/// let mut builder = Client::builder().socket_option(SocketOption::ReceiveBuffer(1 << 20));
/// let mark = SocketOption::Mark(42);
/// if mark.is_supported() {
///     builder = builder.socket_option(mark);
/// }
/// let client = builder.build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOption {
    /// `SO_RCVBUF`: the size of the receive buffer, in bytes.
    ReceiveBuffer(usize),
    /// `SO_SNDBUF`: the size of the send buffer, in bytes.
    SendBuffer(usize),
    /// `SO_REUSEADDR`.
    ReuseAddress(bool),
    /// `SO_REUSEPORT` (Unix).
    ReusePort(bool),
    /// `SO_PRIORITY` (Linux, Android).
    Priority(u32),
    /// `SO_MARK` (Linux, Android): needs a privilege.
    Mark(u32),
    /// `SO_BINDTODEVICE` (Linux, Android): the name of the network interface.
    #[doc(alias = "interface")]
    Device(String),
    /// `IP_TOS`, for IPv6 `IPV6_TCLASS`: the type of service.
    TrafficClass(u32),
    /// `IP_TTL`, for IPv6 `IPV6_UNICAST_HOPS`: how many routers may be on the way.
    TimeToLive(u32),
    /// `IP_FREEBIND` (Linux, Android): a local address that no interface has yet.
    FreeBind(bool),
    /// `TCP_USER_TIMEOUT` (Linux, Android): how long what was sent may go unacknowledged.
    #[doc(alias = "tcp_user_timeout")]
    UserTimeout(Duration),
    /// `TCP_MAXSEG` (Unix): the largest segment, in bytes.
    MaxSegment(u32),
    /// `TCP_CONGESTION` (Linux, FreeBSD): the name of the algorithm.
    Congestion(String),
    /// `TCP_QUICKACK` (Linux, Android): acknowledge at once; the system may fall back to its own ways later.
    QuickAck(bool),
    /// `TCP_NOTSENT_LOWAT` (Linux, Android): how many bytes may wait unsent before the socket counts as full.
    NotSentLowWater(u32),
}

impl SocketOption {
    /// Whether this system has the option. One that it has may still be refused when it is set: for want of a privilege,
    /// or for its value.
    ///
    /// ```
    /// assert!(papilio::SocketOption::TimeToLive(64).is_supported());
    /// ```
    pub fn is_supported(&self) -> bool {
        let is_linux = cfg!(any(target_os = "linux", target_os = "android"));
        match self {
            Self::ReceiveBuffer(_)
            | Self::SendBuffer(_)
            | Self::ReuseAddress(_)
            | Self::TimeToLive(_) => true,
            Self::ReusePort(_) | Self::MaxSegment(_) => HAS_UNIX_OPTIONS,
            Self::TrafficClass(_) => HAS_TRAFFIC_CLASS,
            Self::Congestion(_) => cfg!(any(target_os = "linux", target_os = "freebsd")),
            Self::Priority(_)
            | Self::Mark(_)
            | Self::Device(_)
            | Self::FreeBind(_)
            | Self::UserTimeout(_)
            | Self::QuickAck(_)
            | Self::NotSentLowWater(_) => is_linux,
        }
    }

    /// Whether it is of the socket itself, whatever the socket speaks.
    pub(crate) fn is_general(&self) -> bool {
        matches!(
            self,
            Self::ReceiveBuffer(_)
                | Self::SendBuffer(_)
                | Self::ReuseAddress(_)
                | Self::Priority(_)
                | Self::Mark(_)
        )
    }
}

const HAS_UNIX_OPTIONS: bool = cfg!(all(
    unix,
    not(any(
        target_os = "solaris",
        target_os = "illumos",
        target_os = "redox",
        target_os = "cygwin"
    ))
));

const HAS_TRAFFIC_CLASS: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
));

/// Probes on a TCP connection that is silent, so that one whose other side is gone is noticed:
/// [`ClientBuilder::tcp_keepalive`](crate::ClientBuilder::tcp_keepalive).
///
/// What is not set is as the system has it. A `Duration` is a `TcpKeepalive` with this time.
///
/// ```
/// use std::time::Duration;
/// use papilio::{Client, TcpKeepalive};
///
/// let keepalive = TcpKeepalive::new(Duration::from_secs(60)).interval(Duration::from_secs(10)).retries(3);
/// let client = Client::builder().tcp_keepalive(keepalive).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpKeepalive {
    pub(crate) time: Duration,
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: Option<u32>,
}

impl TcpKeepalive {
    /// With the first probe after this silence; systems count in whole seconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// let keepalive = papilio::TcpKeepalive::new(Duration::from_secs(60));
    /// ```
    pub const fn new(time: Duration) -> Self {
        Self {
            time,
            interval: None,
            retries: None,
        }
    }

    /// The time between probes.
    ///
    /// ```
    /// use std::time::Duration;
    /// let keepalive = papilio::TcpKeepalive::new(Duration::from_secs(60)).interval(Duration::from_secs(10));
    /// ```
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How many probes may go unanswered.
    ///
    /// ```
    /// use std::time::Duration;
    /// let keepalive = papilio::TcpKeepalive::new(Duration::from_secs(60)).retries(3);
    /// ```
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }
}

impl From<Duration> for TcpKeepalive {
    fn from(time: Duration) -> Self {
        Self::new(time)
    }
}

/// Everything a client was told about its sockets.
#[derive(Debug, Clone, Default)]
pub(crate) struct SocketSettings {
    pub(crate) local_address: Option<IpAddr>,
    pub(crate) keepalive: Option<TcpKeepalive>,
    pub(crate) options: Vec<SocketOption>,
    /// Connect here and nowhere else.
    pub(crate) unix_socket: Option<PathBuf>,
}

impl SocketSettings {
    /// Whether the local address, if one is set, is of the family of this one (TRN-08).
    pub(crate) fn can_reach(&self, address: &SocketAddr) -> bool {
        self.local_address
            .is_none_or(|local| local.is_ipv4() == address.is_ipv4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRN-08
    #[test]
    fn a_local_address_reaches_its_family() {
        let v4 = SocketAddr::from(([192, 0, 2, 1], 80));
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 80));
        for (local, reaches) in [
            (None, [true, true]),
            (Some("0.0.0.0"), [true, false]),
            (Some("127.0.0.2"), [true, false]),
            (Some("::"), [false, true]),
            (Some("::1"), [false, true]),
        ] {
            let settings = SocketSettings {
                local_address: local.map(|text| text.parse().unwrap()),
                ..SocketSettings::default()
            };
            assert_eq!(
                [&v4, &v6].map(|a| settings.can_reach(a)),
                reaches,
                "{local:?}"
            );
        }
    }

    #[test]
    fn keepalive_is_what_was_said() {
        let second = Duration::from_secs(1);
        assert_eq!(TcpKeepalive::from(second), TcpKeepalive::new(second));
        let full = TcpKeepalive::new(second).interval(2 * second).retries(3);
        assert_eq!(
            (full.time, full.interval, full.retries),
            (second, Some(2 * second), Some(3))
        );
    }
}
