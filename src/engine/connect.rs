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

/// The pause before retry `n` of a connect, counted from 0: none, then 0.5 s, doubled each time (RTY-03).
pub(crate) fn retry_pause(n: u32) -> Duration {
    match n {
        0 => Duration::ZERO,
        n => {
            Duration::from_millis(500).saturating_mul(1_u32.checked_shl(n - 1).unwrap_or(u32::MAX))
        }
    }
}
