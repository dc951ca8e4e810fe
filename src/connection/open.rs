//! Opening sockets: which addresses may be tried, a connect that does not wait, and how it went.
//!
//! Owns what is done to a socket before it is connected. Does not own the schedule (`connection/race.rs`), name lookup
//! (`models/resolver.rs`) or waiting.
//!
//! All that is used here (local address, options, Unix socket, resolver, address policy) is fixed when a transport is
//! built, and each transport has a pool of its own. So a pool never holds two connections that differ in any of it, and
//! none of it is part of the pool's keys (R-TLS-07).

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::Path;

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::{Error, Kind, Result};
use crate::models::address::AddressPolicy;
use crate::models::socket::{SocketOption, SocketSettings, TcpKeepalive};

/// Those of a host's addresses that are to be tried: of the local address's family, and allowed.
///
/// # Errors
/// `Connect` if none is left, with reason `AddressDenied` if the policy is why.
pub(crate) fn candidates(
    host: &str,
    mut addresses: Vec<SocketAddr>,
    settings: &SocketSettings,
    policy: &AddressPolicy,
) -> Result<Vec<SocketAddr>> {
    let found = addresses.len();
    addresses.retain(|address| settings.can_reach(address));
    match settings.local_address {
        Some(local) if addresses.is_empty() && found > 0 => {
            let family = if local.is_ipv4() { "IPv4" } else { "IPv6" };
            Err(Error::new(
                Kind::Connect,
                format!("'{host}' has no {family} address, and the local address {local} is one"),
            ))
        }
        _ => policy.pick(host, addresses),
    }
}

/// Begins a connect that does not wait: [`outcome`] says how it went, once the socket is writable.
pub(crate) fn start(address: SocketAddr, settings: &SocketSettings) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(keepalive) = settings.keepalive {
        socket.set_tcp_keepalive(&keepalive_of(keepalive))?;
    }
    for option in &settings.options {
        set(&socket, option, address.is_ipv4())?;
    }
    // An unspecified address only chooses the family.
    if let Some(local) = settings.local_address.filter(|ip| !ip.is_unspecified()) {
        socket.bind(&local_socket_address(local, address).into())?;
    }
    match socket.connect(&address.into()) {
        Err(e) if !is_in_progress(&e) => Err(e),
        _ => Ok(socket),
    }
}

/// Connects to a Unix socket without waiting; [`outcome`] says how it went.
///
/// # Errors
/// `WouldBlock` if the listener's queue is full: nothing will tell when it no longer is, so try again after
/// [`UNIX_PAUSE`](self::UNIX_PAUSE).
#[cfg(unix)]
pub(crate) fn start_unix(path: &Path, settings: &SocketSettings) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    for option in settings.options.iter().filter(|option| option.is_general()) {
        set(&socket, option, false)?;
    }
    match socket.connect(&socket2::SockAddr::unix(path)?) {
        Err(e) if e.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => Err(e),
        _ => Ok(socket),
    }
}

/// There are none here.
#[cfg(not(unix))]
pub(crate) fn start_unix(_: &Path, _: &SocketSettings) -> io::Result<Socket> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no Unix sockets",
    ))
}

/// How long to leave a Unix listener alone whose queue is full.
pub(crate) const UNIX_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// How an attempt stands: connected, still running, or failed.
pub(crate) fn outcome(socket: &Socket) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(e) => Err(e),
    }
}

/// The error when all attempts failed: it lists each (FLT-01), as `address: error`.
pub(crate) fn lost(host: &str, failures: &[String], last: Option<io::Error>) -> Error {
    let error = Error::new(
        Kind::Connect,
        format!("cannot connect to '{host}': {}", failures.join(", ")),
    );
    match last {
        Some(last) => error.with_source(last),
        None => error,
    }
}

/// The error when a Unix socket could not be connected to.
pub(crate) fn lost_unix(path: &Path, why: io::Error) -> Error {
    Error::new(
        Kind::Connect,
        format!("cannot connect to the Unix socket {path:?}: {why}"),
    )
    .with_source(why)
}

/// Port 0, and for a link-local address the link that the other side is on.
fn local_socket_address(local: IpAddr, remote: SocketAddr) -> SocketAddr {
    match (local, remote) {
        (IpAddr::V6(ip), SocketAddr::V6(remote)) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, 0, 0, remote.scope_id()).into()
        }
        _ => SocketAddr::new(local, 0),
    }
}

fn keepalive_of(settings: TcpKeepalive) -> socket2::TcpKeepalive {
    let mut keepalive = socket2::TcpKeepalive::new().with_time(settings.time);
    #[cfg(not(any(
        target_os = "openbsd",
        target_os = "haiku",
        target_os = "redox",
        target_os = "solaris"
    )))]
    {
        if let Some(interval) = settings.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = settings.retries {
            keepalive = keepalive.with_retries(retries);
        }
    }
    keepalive
}

/// Sets an option; what the system does not have is `Unsupported`. The systems are those of
/// [`SocketOption::is_supported`].
fn set(socket: &Socket, option: &SocketOption, is_v4: bool) -> io::Result<()> {
    #[allow(unreachable_patterns, reason = "some systems have all")]
    let result = match option {
        SocketOption::ReceiveBuffer(size) => socket.set_recv_buffer_size(*size),
        SocketOption::SendBuffer(size) => socket.set_send_buffer_size(*size),
        SocketOption::ReuseAddress(on) => socket.set_reuse_address(*on),
        SocketOption::TimeToLive(hops) if is_v4 => socket.set_ttl_v4(*hops),
        SocketOption::TimeToLive(hops) => socket.set_unicast_hops_v6(*hops),
        #[cfg(all(
            unix,
            not(any(
                target_os = "solaris",
                target_os = "illumos",
                target_os = "redox",
                target_os = "cygwin"
            ))
        ))]
        SocketOption::ReusePort(on) => socket.set_reuse_port(*on),
        #[cfg(all(
            unix,
            not(any(
                target_os = "solaris",
                target_os = "illumos",
                target_os = "redox",
                target_os = "cygwin"
            ))
        ))]
        SocketOption::MaxSegment(size) => socket.set_tcp_mss(*size),
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_os = "macos",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly"
        ))]
        SocketOption::TrafficClass(class) if is_v4 => socket.set_tos_v4(*class),
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_os = "macos",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly"
        ))]
        SocketOption::TrafficClass(class) => socket.set_tclass_v6(*class),
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        SocketOption::Congestion(name) => socket.set_tcp_congestion(name.as_bytes()),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        option => set_on_linux(socket, option, is_v4),
        _ => Err(io::ErrorKind::Unsupported.into()),
    };
    result.map_err(|e| io::Error::new(e.kind(), format!("the socket option {option:?}: {e}")))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_on_linux(socket: &Socket, option: &SocketOption, is_v4: bool) -> io::Result<()> {
    match option {
        SocketOption::Priority(priority) => socket.set_priority(*priority),
        SocketOption::Mark(mark) => socket.set_mark(*mark),
        SocketOption::Device(name) => socket.bind_device(Some(name.as_bytes())),
        SocketOption::FreeBind(on) if is_v4 => socket.set_freebind_v4(*on),
        SocketOption::FreeBind(on) => socket.set_freebind_v6(*on),
        SocketOption::UserTimeout(timeout) => socket.set_tcp_user_timeout(Some(*timeout)),
        SocketOption::QuickAck(on) => socket.set_tcp_quickack(*on),
        SocketOption::NotSentLowWater(bytes) => socket.set_tcp_notsent_lowat(*bytes),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::error::Reason;

    fn connected(address: SocketAddr, settings: &SocketSettings) -> Socket {
        let socket = start(address, settings).unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        while !outcome(&socket).unwrap() {
            assert!(Instant::now() < end, "never connects");
            std::thread::yield_now();
        }
        socket
    }

    fn with(options: &[SocketOption]) -> SocketSettings {
        SocketSettings {
            options: options.to_vec(),
            ..SocketSettings::default()
        }
    }

    /// TRN-09
    #[cfg(target_os = "linux")]
    #[test]
    fn options_are_set() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = SocketSettings {
            keepalive: Some(
                TcpKeepalive::new(Duration::from_secs(60))
                    .interval(Duration::from_secs(7))
                    .retries(3),
            ),
            ..with(&[
                SocketOption::ReceiveBuffer(50_000),
                SocketOption::SendBuffer(60_000),
                SocketOption::ReuseAddress(true),
                SocketOption::ReusePort(true),
                // Before the priority, which Linux derives from it.
                SocketOption::TrafficClass(0x10),
                SocketOption::Priority(3),
                SocketOption::TimeToLive(33),
                SocketOption::FreeBind(true),
                SocketOption::UserTimeout(Duration::from_millis(1234)),
                SocketOption::QuickAck(true),
                SocketOption::NotSentLowWater(4096),
                SocketOption::Congestion("reno".into()),
                SocketOption::MaxSegment(1000),
            ])
        };
        assert!(settings.options.iter().all(SocketOption::is_supported));
        let socket = connected(listener.local_addr().unwrap(), &settings);
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.recv_buffer_size().unwrap(), 100_000);
        assert_eq!(socket.send_buffer_size().unwrap(), 120_000);
        assert!(socket.reuse_address().unwrap() && socket.reuse_port().unwrap());
        assert_eq!(socket.priority().unwrap(), 3);
        assert_eq!(socket.tos_v4().unwrap(), 0x10);
        assert_eq!(socket.ttl_v4().unwrap(), 33);
        assert!(socket.freebind_v4().unwrap());
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_millis(1234))
        );
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 4096);
        assert!(socket.tcp_congestion().unwrap().starts_with(b"reno"));
        assert!(socket.keepalive().unwrap());
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(60)
        );
        assert_eq!(
            socket.tcp_keepalive_interval().unwrap(),
            Duration::from_secs(7)
        );
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
    }

    /// TRN-09
    #[test]
    fn an_option_that_cannot_be_set_is_named() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let option = SocketOption::Congestion("no such algorithm".into());
        let error = start(address, &with(&[option])).unwrap_err();
        assert!(error.to_string().contains("Congestion"), "{error}");
    }

    /// TRN-08
    #[test]
    fn the_local_address_is_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut settings = SocketSettings::default();
        // Linux has the whole network 127.0.0.0/8 on its loopback interface.
        let locals: &[&str] = if cfg!(target_os = "linux") {
            &["127.0.0.2", "127.0.0.1", "0.0.0.0"]
        } else {
            &["127.0.0.1", "0.0.0.0"]
        };
        for local in locals {
            settings.local_address = Some(local.parse().unwrap());
            let _socket = connected(listener.local_addr().unwrap(), &settings);
            let peer = listener.accept().unwrap().1;
            let expected = if *local == "0.0.0.0" {
                "127.0.0.1"
            } else {
                local
            };
            assert_eq!(peer.ip().to_string(), expected);
        }
        settings.local_address = Some([192, 0, 2, 1].into());
        assert!(start(listener.local_addr().unwrap(), &settings).is_err());
    }

    /// TRN-08, WSH-23
    #[test]
    fn only_what_may_be_tried_is() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let all = vec![
            at("127.0.0.1:1"),
            at("[::1]:1"),
            at("8.8.8.8:1"),
            at("[2600::1]:1"),
        ];
        let pick = |local: &str, policy: AddressPolicy| {
            let settings = SocketSettings {
                local_address: local.parse().ok(),
                ..SocketSettings::default()
            };
            candidates("h", all.clone(), &settings, &policy)
        };
        assert_eq!(pick("", AddressPolicy::any()).unwrap(), all);
        let public = AddressPolicy::public_only;
        assert_eq!(
            pick("", public()).unwrap(),
            [at("8.8.8.8:1"), at("[2600::1]:1")]
        );
        assert_eq!(pick("::", public()).unwrap(), [at("[2600::1]:1")]);
        let denied = pick("0.0.0.0", public().deny("8.0.0.0/8").unwrap()).unwrap_err();
        assert_eq!(denied.reason(), Some(Reason::AddressDenied));
        let settings = SocketSettings {
            local_address: Some([0, 0, 0, 0].into()),
            ..SocketSettings::default()
        };
        let error =
            candidates("h", vec![at("[::1]:1")], &settings, &AddressPolicy::any()).unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::Connect, None));
        assert!(error.to_string().contains("no IPv4 address"), "{error}");
    }

    /// TRN-07
    #[cfg(unix)]
    #[test]
    fn a_unix_socket_is_connected_or_says_why() {
        use std::os::unix::net::UnixListener;

        let directory = std::env::temp_dir().join(format!("papilio-open-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("s");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        // What only TCP has is left out.
        let settings = SocketSettings {
            keepalive: Some(Duration::from_secs(1).into()),
            ..with(&[
                SocketOption::SendBuffer(50_000),
                SocketOption::MaxSegment(1000),
            ])
        };
        let socket = start_unix(&path, &settings).unwrap();
        assert!(outcome(&socket).unwrap());
        assert!(socket.send_buffer_size().unwrap() >= 50_000);
        listener.accept().unwrap();

        let missing = directory.join("missing");
        let error = start_unix(&missing, &settings).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let error = lost_unix(&missing, error);
        assert_eq!(error.kind(), Kind::Connect);
        assert!(error.to_string().contains("missing"), "{error}");
        let long = directory.join("x".repeat(200));
        assert_eq!(
            start_unix(&long, &settings).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );

        // A queue that is full is no failure and no success.
        #[cfg(target_os = "linux")]
        {
            let mut waiting = Vec::new();
            let full = loop {
                match start_unix(&path, &settings) {
                    Ok(socket) => waiting.push(socket),
                    Err(e) => break e,
                }
            };
            assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
            listener.accept().unwrap();
            start_unix(&path, &settings).unwrap();
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }

    /// FLT-01
    #[test]
    fn a_refusal_is_told_with_address_and_number() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let failure = match start(address, &SocketSettings::default()) {
            Err(e) => e,
            Ok(socket) => loop {
                match outcome(&socket) {
                    Ok(connected) => assert!(!connected),
                    Err(e) => break e,
                }
            },
        };
        let number = format!("os error {}", failure.raw_os_error().unwrap());
        let failures = [
            format!("{address}: {failure}"),
            "[::1]:1: no route".to_owned(),
        ];
        let error = lost("h", &failures, Some(failure));
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("cannot connect to 'h': {address}: ")),
            "{text}"
        );
        assert!(
            text.contains(&number) && text.ends_with("[::1]:1: no route"),
            "{text}"
        );
        assert!(std::error::Error::source(&error).is_some());
    }
}
