//! One request and its response over one connection, waited for on this thread.
//!
//! Owns the loop around each step and the order of an upload. Does not own the steps (`connection/mod.rs`).

use std::time::Instant;

use crate::blocking::wait;
use crate::connection::Connection;
use crate::connection::deadline::{Deadlines, Until};
use crate::connection::events::Tracer;
use crate::connection::outbox::Flushed;
use crate::connection::socket::{StdSocket, Step};
use crate::error::{Error, Phase, Result};
use crate::models::body::PIECE;
use crate::models::request::Request;
use crate::protocol::http1::ParsedHead;

/// A connection of the blocking client.
pub(crate) type StdConnection = Connection<StdSocket>;

/// Sends the request, its body included, and receives the head of the response.
pub(crate) fn exchange(
    connection: &mut StdConnection,
    request: &mut Request,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<ParsedHead> {
    let error = match send(connection, request, deadlines, tracer) {
        Ok(()) => match receive(connection, deadlines) {
            Ok(head) => return Ok(head),
            Err(error) => error.in_phase(Phase::Head),
        },
        Err(error) => error.in_phase(Phase::Send),
    };
    connection.progress.failed(&error);
    // The request has its error; the connection ends in any case.
    let _ = connection.end();
    Err(error)
}

/// The head of the response.
fn receive(connection: &mut StdConnection, deadlines: &Deadlines) -> Result<ParsedHead> {
    let began = Instant::now();
    be_patient(connection, deadlines);
    drive(
        connection,
        |now| deadlines.head(now, began),
        Connection::head,
    )
}

/// Reads body bytes; 0 is the end.
pub(crate) fn read_body(
    connection: &mut StdConnection,
    buffer: &mut [u8],
    deadlines: &Deadlines,
) -> Result<usize> {
    be_patient(connection, deadlines);
    drive(
        connection,
        |now| deadlines.read(now),
        |connection| connection.body(buffer),
    )
    .map_err(|e| e.in_phase(Phase::Body))
}

/// The head in one write with a body that is in memory; a stream piece by piece behind the head.
fn send(
    connection: &mut StdConnection,
    request: &mut Request,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<()> {
    connection.socket_mut().be_prompt();
    connection.begin(request, tracer)?;
    if let Some(bytes) = request.body.shared() {
        if !bytes.is_empty() {
            connection.announce(bytes.len())?;
        }
        connection.finish()?;
        return flush(connection, &bytes, deadlines).map(drop);
    }
    if flush(connection, &[], deadlines)? == Flushed::Stopped {
        return Ok(());
    }
    let mut scratch = vec![0; PIECE];
    while let Some(piece) = request.body.next(&mut scratch)? {
        if piece.is_empty() {
            continue;
        }
        if connection.is_answered_early()? {
            return Ok(());
        }
        connection.announce(piece.len())?;
        if flush(connection, piece, deadlines)? == Flushed::Stopped {
            return Ok(());
        }
    }
    connection.finish()?;
    flush(connection, &[], deadlines).map(drop)
}

fn flush(
    connection: &mut StdConnection,
    mut piece: &[u8],
    deadlines: &Deadlines,
) -> Result<Flushed> {
    drive(
        connection,
        |now| deadlines.write(now),
        |connection| connection.flush(&mut piece),
    )
}

/// Lets the kernel do the waiting for a response, where nothing but the read limit can end it.
fn be_patient(connection: &mut StdConnection, deadlines: &Deadlines) {
    let socket = connection.socket_mut();
    let head_is_nearer = deadlines.timeout.head.is_some();
    if deadlines.has_total() || head_is_nearer || !socket.be_patient(deadlines.timeout.read) {
        socket.be_prompt();
    }
}

/// Steps until it is done, waiting in between. The limit counts silence: it starts anew whenever bytes move.
fn drive<T>(
    connection: &mut StdConnection,
    limit: impl Fn(Instant) -> Until,
    mut step: impl FnMut(&mut StdConnection) -> Result<Step<T>>,
) -> Result<T> {
    let mut silent_since = None;
    loop {
        let interest = match step(connection)? {
            Step::Done(value) => return Ok(value),
            Step::Progress => {
                // From here on the limits of the whole head or call may be nearer than the kernel knows.
                connection.socket_mut().be_prompt();
                let now = Instant::now();
                silent_since = Some(now);
                check(limit(now), now)?;
                continue;
            }
            Step::Moved(interest) => {
                silent_since = None;
                interest
            }
            Step::Wait(interest) => interest,
        };
        let until = limit(*silent_since.get_or_insert_with(Instant::now));
        if connection.socket_mut().is_patient() {
            // The kernel has waited already.
            return Err(until.error());
        }
        wait::on_socket(connection.wire().socket().stream(), interest, until)?;
    }
}

fn check(until: Until, now: Instant) -> Result<(), Error> {
    if until.is_over(now) {
        Err(until.error())
    } else {
        Ok(())
    }
}
