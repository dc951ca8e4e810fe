//! Opening a connection: name lookup, the race of addresses, the TLS handshake, retries.
//!
//! Owns the waiting in between. Does not own the schedule (`connection/race.rs`) or TLS (`connection/tls.rs`).

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use crate::blocking::wait;
use crate::connection::deadline::{Deadlines, Until};
use crate::connection::events::{Name, Tracer};
use crate::connection::race::{Next, Race};
use crate::connection::socket::{Interest, StdSocket};
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::timings::Mark;
use crate::models::trace::EventInfo;
use crate::models::url::Url;

/// Lookups that run on though nobody waits for them any more, over the whole process.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);
const MOST_ABANDONED: usize = 16;

/// Connects to the URL's host and port, name lookup included, within the connect limit.
pub(crate) fn tcp(url: &Url, deadlines: &Deadlines, tracer: &Tracer) -> Result<Wire<StdSocket>> {
    let now = Instant::now();
    let until = deadlines.connect(now);
    let host = url.raw_host();
    let port = url.port_or_default().unwrap_or_default();
    let info = EventInfo::Connect {
        host,
        port,
        local_address: None,
        timeout: deadlines.timeout.connect,
        socket_options: &[],
    };
    tracer.started(Name::ConnectTcp, info)?;
    let result = addresses(host, port, until, tracer)
        .map_err(|e| e.in_phase(Phase::Lookup))
        .and_then(|addresses| race(host, Race::new(addresses, now), until));
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
pub(crate) fn tls(
    wire: &mut Wire<StdSocket>,
    session: crate::connection::tls::Tls,
    host: &str,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<()> {
    use crate::connection::socket::Step;

    let until = deadlines.connect(Instant::now());
    let info = EventInfo::Tls {
        server_hostname: host,
        timeout: deadlines.timeout.connect,
    };
    tracer.started(Name::StartTls, info)?;
    wire.start_tls(session);
    let shaken = loop {
        match wire.handshake() {
            Ok(Step::Done(())) => break Ok(()),
            Ok(Step::Progress) => {}
            Ok(Step::Wait(interest) | Step::Moved(interest)) => {
                if let Err(error) = wait::on_socket(wire.socket().stream(), interest, until) {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
    };
    match shaken.map_err(|e| e.in_phase(Phase::Tls)) {
        Ok(()) if tracer.is_off() => Ok(()),
        Ok(()) => tracer.complete(Name::StartTls, EventInfo::Connected(&wire.info())),
        Err(error) => {
            tracer.failed(Name::StartTls, &error);
            Err(error)
        }
    }
}

/// The addresses of a host: an IP literal is its own, a name is looked up on a thread of its own, because
/// `getaddrinfo` cannot be interrupted.
fn addresses(host: &str, port: u16, until: Until, tracer: &Tracer) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    if ABANDONED.load(Ordering::Relaxed) >= MOST_ABANDONED {
        return Err(lookup_failed(host, "too many earlier lookups hang"));
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    // Set by whoever is first: the lookup at its end, or the caller when its time is up.
    let over = Arc::new(AtomicBool::new(false));
    let (name, ended) = (host.to_owned(), Arc::clone(&over));
    let lookup = move || {
        // The caller may be gone; the answer is dropped then.
        let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
        if ended.swap(true, Ordering::AcqRel) {
            ABANDONED.fetch_sub(1, Ordering::Relaxed);
        }
    };
    thread::Builder::new()
        .name("papilio-lookup".into())
        .spawn(lookup)
        .map_err(|e| lookup_failed(host, "no thread to look it up").with_source(e))?;
    let answer = match until.left(Instant::now()) {
        Some(left) => receiver.recv_timeout(left),
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match answer {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(lookup_failed(host, "it has no address")),
        Ok(Ok(addresses)) => {
            tracer.mark(Mark::NameLookup);
            Ok(addresses)
        }
        Ok(Err(e)) => Err(lookup_failed(host, &e.to_string()).with_source(e)),
        Err(RecvTimeoutError::Timeout) => {
            ABANDONED.fetch_add(1, Ordering::Relaxed);
            if over.swap(true, Ordering::AcqRel) {
                ABANDONED.fetch_sub(1, Ordering::Relaxed);
            }
            Err(until.error())
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(lookup_failed(host, "the lookup ended without an answer"))
        }
    }
}

/// Tries the addresses until one connects.
fn race(host: &str, mut race: Race, until: Until) -> Result<StdSocket> {
    let mut running: Vec<(SocketAddr, RawSocket)> = Vec::new();
    let mut failures: Vec<String> = Vec::new();
    let mut last = None;
    loop {
        let now = Instant::now();
        if until.is_over(now) {
            return Err(until.error());
        }
        let pause = match race.next(now) {
            Next::Start(address) => {
                match start(address) {
                    Ok(socket) => running.push((address, socket)),
                    Err(e) => {
                        race.failed(now);
                        failures.push(format!("{address}: {e}"));
                        last = Some(e);
                    }
                }
                continue;
            }
            Next::Lost => return Err(lost(host, &failures, last)),
            Next::Wait(None) => until.left(now),
            Next::Wait(Some(start)) => {
                let start = start.saturating_duration_since(now);
                Some(until.left(now).map_or(start, |left| left.min(start)))
            }
        };
        let sockets: Vec<&RawSocket> = running.iter().map(|(_, socket)| socket).collect();
        wait::on_sockets(&sockets, Interest::Write, pause)?;
        for at in (0..running.len()).rev() {
            match running.get(at).map(|(_, socket)| outcome(socket)) {
                Some(Ok(true)) => return settle(running.swap_remove(at).1),
                Some(Err(e)) => {
                    let (address, _) = running.swap_remove(at);
                    race.failed(Instant::now());
                    failures.push(format!("{address}: {e}"));
                    last = Some(e);
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
fn outcome(socket: &RawSocket) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(e) => Err(e),
    }
}

fn settle(socket: RawSocket) -> Result<StdSocket> {
    StdSocket::new(socket)
        .map_err(|e| Error::new(Kind::Connect, "the socket cannot be set up").with_source(e))
}

fn lookup_failed(host: &str, why: &str) -> Error {
    Error::new(
        Kind::Connect,
        format!("the name '{host}' cannot be looked up: {why}"),
    )
    .with_reason(Reason::Dns)
}

/// All attempts failed: the error lists each (FLT-01).
fn lost(host: &str, failures: &[String], last: Option<io::Error>) -> Error {
    let error = Error::new(
        Kind::Connect,
        format!("cannot connect to '{host}': {}", failures.join(", ")),
    );
    match last {
        Some(last) => error.with_source(last),
        None => error,
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
