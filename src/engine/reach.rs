//! Reaching the other side: name lookup, and sockets that connect.
//!
//! Owns the waiting in between. Does not own the schedule of attempts (`connection/race.rs`), the sockets' settings
//! (`connection/open.rs`) or what is spoken over the connection (`engine/connect.rs`).

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use crate::client::Network;
use crate::connection::deadline::{Deadlines, Until};
use crate::connection::events::{Name, Tracer};
use crate::connection::open;
use crate::connection::race::{Next, Race};
use crate::connection::socket::Socket;
use crate::connection::wire::Wire;
use crate::engine::Driver;
use crate::error::{Phase, Result};
use crate::models::resolver::lookup_failed;
use crate::models::timings::Mark;
use crate::models::trace::EventInfo;

/// Connects to a host and port, or to the Unix socket that stands for all, within the connect limit.
pub(crate) async fn reach<D: Driver>(
    network: &Network,
    event: Name,
    (host, port): (&str, u16),
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<Wire<D::Socket>> {
    let until = deadlines.connect(Instant::now());
    let sockets = &network.sockets;
    let (event, info) = match &sockets.unix_socket {
        Some(path) => (
            Name::ConnectUnixSocket,
            EventInfo::ConnectUnix {
                path,
                timeout: deadlines.timeout.connect,
                socket_options: &sockets.options,
            },
        ),
        None => (
            event,
            EventInfo::Connect {
                host,
                port,
                local_address: sockets.local_address,
                timeout: deadlines.timeout.connect,
                socket_options: &sockets.options,
            },
        ),
    };
    tracer.started(event, info)?;
    let result = match &sockets.unix_socket {
        Some(path) => unix::<D>(network, path, until).await,
        None => match addresses::<D>(network, host, port, until, tracer).await {
            Ok(addresses) => race::<D>(network, host, addresses, until).await,
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(socket) => {
            let wire = Wire::plain(socket);
            if !tracer.is_off() {
                tracer.complete(event, EventInfo::Connected(&wire.info()))?;
            }
            Ok(wire)
        }
        Err(error) => {
            let error = error.in_phase(Phase::Connect);
            tracer.failed(event, &error);
            Err(error)
        }
    }
}

/// The addresses of a host that may be tried. What is not known is asked for aside, because `getaddrinfo` cannot be
/// interrupted.
pub(crate) async fn addresses<D: Driver>(
    network: &Network,
    host: &str,
    port: u16,
    until: Until<'_>,
    tracer: &Tracer,
) -> Result<Vec<SocketAddr>> {
    let found = match network.lookup.known(host, port) {
        Some(known) => known,
        None => lookup::<D>(network, host, port, until)
            .await
            .inspect(|_| tracer.mark(Mark::NameLookup)),
    }
    .map_err(|e| e.in_phase(Phase::Lookup))?;
    open::candidates(host, found, &network.sockets, &network.addresses)
}

async fn lookup<D: Driver>(
    network: &Network,
    host: &str,
    port: u16,
    until: Until<'_>,
) -> Result<Vec<SocketAddr>> {
    let (lookup, name) = (network.lookup.clone(), host.to_owned());
    let asked = D::aside(move || lookup.ask(&name, port))
        .map_err(|e| lookup_failed(host, &e.to_string()))?;
    match D::within(asked, until).await? {
        Some(answer) => answer,
        None => Err(lookup_failed(host, "the lookup ended without an answer")),
    }
}

/// Tries the addresses until one connects.
async fn race<D: Driver>(
    network: &Network,
    host: &str,
    addresses: Vec<SocketAddr>,
    until: Until<'_>,
) -> Result<D::Socket> {
    let mut race = Race::new(addresses, Instant::now());
    let mut running: Vec<(SocketAddr, D::Socket)> = Vec::new();
    let mut failures = Vec::new();
    let mut last = None;
    loop {
        let now = Instant::now();
        until.check(now)?;
        let mut fail = |address, error| {
            failures.push(format!("{address}: {error}"));
            last = Some(error);
        };
        let next_start = match race.next(now) {
            Next::Start(address) => {
                match open::start(address, &network.sockets).and_then(D::adopt) {
                    Ok(socket) => running.push((address, socket)),
                    Err(e) => {
                        race.failed(now);
                        fail(address, e);
                    }
                }
                continue;
            }
            Next::Lost => return Err(open::lost(host, &failures, last)),
            Next::Wait(next_start) => next_start,
        };
        let mut sockets: Vec<&mut D::Socket> =
            running.iter_mut().map(|(_, socket)| socket).collect();
        D::any_writable(&mut sockets, until.sooner_of(next_start), until.cancel()).await?;
        for at in (0..running.len()).rev() {
            match running.get(at).map(|(_, socket)| socket.is_connected()) {
                Some(Ok(true)) => return Ok(running.swap_remove(at).1),
                Some(Err(e)) => {
                    race.failed(Instant::now());
                    fail(running.swap_remove(at).0, e);
                }
                _ => {}
            }
        }
    }
}

/// Connects to a Unix socket. Its queue may be full; nothing tells when it no longer is.
async fn unix<D: Driver>(network: &Network, path: &Path, until: Until<'_>) -> Result<D::Socket> {
    loop {
        match open::start_unix(path, &network.sockets).and_then(D::adopt) {
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(open::lost_unix(path, e)),
            Ok(mut socket) => {
                D::any_writable(&mut [&mut socket], until.sooner_of(None), until.cancel()).await?;
                match socket.is_connected() {
                    Ok(true) => return Ok(socket),
                    Ok(false) => {}
                    Err(e) => return Err(open::lost_unix(path, e)),
                }
            }
        }
        D::sleep(open::UNIX_PAUSE, until.cancel()).await?;
        until.check(Instant::now())?;
    }
}
