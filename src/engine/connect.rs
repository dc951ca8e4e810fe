//! Opening a connection: name lookup, the race of addresses, the TLS handshake, retries.
//!
//! Owns their order. Does not own the schedule (`connection/race.rs`) or TLS (`connection/tls.rs`).

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use crate::connection::deadline::{Deadlines, Until};
use crate::connection::events::{Name, Tracer};
use crate::connection::race::{Next, Race};
use crate::connection::socket::Socket;
use crate::connection::wire::Wire;
use crate::engine::Driver;
#[cfg(feature = "tls")]
use crate::engine::drive::drive;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::timings::Mark;
use crate::models::trace::EventInfo;
use crate::models::url::Url;

/// Connects to the URL's host and port, name lookup included, within the connect limit.
pub(crate) async fn tcp<D: Driver>(
    url: &Url,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<Wire<D::Socket>> {
    let now = Instant::now();
    let until = deadlines.connect(now);
    let host = url.raw_host();
    let port = url.port_or_default().unwrap_or_default();
    let info = EventInfo::Connect {
        host,
        port,
        local_address: None,
        timeout: deadlines.timeout.connect,
    };
    tracer.started(Name::ConnectTcp, info)?;
    let result = match addresses::<D>(host, port, until, tracer).await {
        Ok(addresses) => race::<D>(host, Race::new(addresses, now), until).await,
        Err(error) => Err(error.in_phase(Phase::Lookup)),
    };
    match result {
        Ok(socket) => {
            let wire = Wire::plain(socket);
            if !tracer.is_off() {
                tracer.complete(Name::ConnectTcp, EventInfo::Connected(&wire.info()))?;
            }
            Ok(wire)
        }
        Err(error) => {
            let error = error.in_phase(Phase::Connect);
            tracer.failed(Name::ConnectTcp, &error);
            Err(error)
        }
    }
}

/// Shakes hands over the wire, within a connect limit of its own (TMO-05).
#[cfg(feature = "tls")]
pub(crate) async fn tls<D: Driver>(
    wire: &mut Wire<D::Socket>,
    session: crate::connection::tls::Tls,
    host: &str,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<()> {
    let until = deadlines.connect(Instant::now());
    let info = EventInfo::Tls {
        server_hostname: host,
        timeout: deadlines.timeout.connect,
    };
    tracer.started(Name::StartTls, info)?;
    wire.start_tls(session);
    match drive::<D, _, _>(wire, |_| until, Wire::handshake).await {
        Ok(()) if tracer.is_off() => Ok(()),
        Ok(()) => tracer.complete(Name::StartTls, EventInfo::Connected(&wire.info())),
        Err(error) => {
            let error = error.in_phase(Phase::Tls);
            tracer.failed(Name::StartTls, &error);
            Err(error)
        }
    }
}

/// The addresses of a host: an IP literal is its own, a name is looked up aside, because `getaddrinfo` cannot be
/// interrupted.
async fn addresses<D: Driver>(
    host: &str,
    port: u16,
    until: Until,
    tracer: &Tracer,
) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let name = host.to_owned();
    let lookup = D::aside(move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter))
        .map_err(|e| lookup_failed(host, &e.to_string()))?;
    match D::within(lookup, until).await? {
        Some(Ok(addresses)) if addresses.is_empty() => {
            Err(lookup_failed(host, "it has no address"))
        }
        Some(Ok(addresses)) => {
            tracer.mark(Mark::NameLookup);
            Ok(addresses)
        }
        Some(Err(e)) => Err(lookup_failed(host, &e.to_string()).with_source(e)),
        None => Err(lookup_failed(host, "the lookup ended without an answer")),
    }
}

/// Tries the addresses until one connects.
async fn race<D: Driver>(host: &str, mut race: Race, until: Until) -> Result<D::Socket> {
    let mut running: Vec<(SocketAddr, D::Socket)> = Vec::new();
    let mut failures = Failures::default();
    loop {
        let now = Instant::now();
        until.check(now)?;
        let next_start = match race.next(now) {
            Next::Start(address) => {
                match start(address).and_then(D::adopt) {
                    Ok(socket) => running.push((address, socket)),
                    Err(e) => {
                        race.failed(now);
                        failures.add(address, e);
                    }
                }
                continue;
            }
            Next::Lost => return Err(failures.lost(host)),
            Next::Wait(next_start) => next_start,
        };
        let mut sockets: Vec<&mut D::Socket> =
            running.iter_mut().map(|(_, socket)| socket).collect();
        D::any_writable(&mut sockets, until.sooner_of(next_start)).await?;
        for at in (0..running.len()).rev() {
            match running.get(at).map(|(_, socket)| outcome(socket)) {
                Some(Ok(true)) => return Ok(running.swap_remove(at).1),
                Some(Err(e)) => {
                    let (address, _) = running.swap_remove(at);
                    race.failed(Instant::now());
                    failures.add(address, e);
                }
                _ => {}
            }
        }
    }
}

/// Begins a connect that does not wait.
fn start(address: SocketAddr) -> io::Result<RawSocket> {
    let socket = RawSocket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&address.into()) {
        Err(e) if !is_in_progress(&e) => Err(e),
        _ => Ok(socket),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// How an attempt stands: connected, still running, or failed.
fn outcome(socket: &impl Socket) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(e) => Err(e),
    }
}

fn lookup_failed(host: &str, why: &str) -> Error {
    Error::new(
        Kind::Connect,
        format!("the name '{host}' cannot be looked up: {why}"),
    )
    .with_reason(Reason::Dns)
}

/// The attempts that failed, for an error that lists each (FLT-01).
#[derive(Default)]
struct Failures {
    texts: Vec<String>,
    last: Option<io::Error>,
}

impl Failures {
    fn add(&mut self, address: SocketAddr, error: io::Error) {
        self.texts.push(format!("{address}: {error}"));
        self.last = Some(error);
    }

    fn lost(self, host: &str) -> Error {
        let error = Error::new(
            Kind::Connect,
            format!("cannot connect to '{host}': {}", self.texts.join(", ")),
        );
        match self.last {
            Some(last) => error.with_source(last),
            None => error,
        }
    }
}

/// The pause before retry `n` of a connect, counted from 0: none, then 0.5 s, doubled each time (RTY-03).
pub(crate) fn retry_pause(n: u32) -> Duration {
    match n {
        0 => Duration::ZERO,
        n => {
            Duration::from_millis(500).saturating_mul(1_u32.checked_shl(n - 1).unwrap_or(u32::MAX))
        }
    }
}
