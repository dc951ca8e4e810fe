//! One request and its response over one connection.
//!
//! Owns the order of an upload. Does not own the steps (`connection/mod.rs`) or the loop around each (`drive.rs`).

use std::time::Instant;

use crate::connection::Connection;
use crate::connection::deadline::Deadlines;
use crate::connection::events::Tracer;
use crate::connection::forward::Forward;
use crate::connection::outbox::Flushed;
use crate::connection::socket::{Socket, Step};
use crate::engine::Driver;
use crate::engine::drive::drive;
use crate::error::{Error, Kind, Phase, Result};
use crate::models::body::{Body, PIECE, Trailers};
use crate::models::request::Request;
use crate::protocol::http1::{Outgoing, ParsedHead};

/// A connection of the clients of a driver.
pub(crate) type Conn<D> = Connection<<D as Driver>::Socket>;

/// Sends the request, its body included, and receives the head of the response.
pub(crate) async fn exchange<D: Driver>(
    connection: &mut Conn<D>,
    request: &mut Request,
    form: Option<&Forward>,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<ParsedHead> {
    let error = match send::<D>(connection, request, form, deadlines, tracer).await {
        Ok(()) => match receive::<D>(connection, deadlines).await {
            Ok(head) => return Ok(head),
            Err(error) => error.in_phase(Phase::Head),
        },
        Err(error) => error.in_phase(Phase::Send),
    };
    connection.progress.failed(&error);
    let error = located(error, connection);
    // The request has its error; the connection ends in any case.
    let _ = connection.end();
    Err(error)
}

/// Reads a body into memory where it is, as [`Body::buffer`] does, which can only read what need not be waited for.
pub(crate) async fn buffer<D: Driver>(body: &mut Body, deadlines: &Deadlines) -> Result<()> {
    if body.shared().is_some() {
        return Ok(());
    }
    body.prepare()?;
    let until = deadlines.total(Instant::now());
    let (mut all, mut scratch) = (Vec::new(), vec![0; PIECE]);
    while let Some(piece) = D::next_piece(body, &mut scratch, until).await? {
        all.extend_from_slice(piece);
    }
    body.hold(all);
    Ok(())
}

/// The request as the codec gets it.
pub(crate) fn outgoing<'a>(request: &'a Request, form: Option<&'a Forward>) -> Outgoing<'a> {
    match form {
        Some(form) => form.outgoing(request),
        None => Outgoing::from(request),
    }
}

/// The head of the response.
async fn receive<D: Driver>(connection: &mut Conn<D>, deadlines: &Deadlines) -> Result<ParsedHead> {
    let began = Instant::now();
    be_patient(connection, deadlines);
    drive::<D, _, _>(
        connection,
        |now| deadlines.head(now, began),
        Connection::head,
    )
    .await
}

/// Reads body bytes; 0 is the end.
pub(crate) async fn read_body<D: Driver>(
    connection: &mut Conn<D>,
    buffer: &mut [u8],
    deadlines: &Deadlines,
) -> Result<usize> {
    be_patient(connection, deadlines);
    drive::<D, _, _>(
        connection,
        |now| deadlines.read(now),
        |connection| connection.body(buffer),
    )
    .await
    .map_err(|e| located(e.in_phase(Phase::Body), connection))
}

/// Says so if it happened behind a proxy (R-PRX-09).
fn located<S: Socket>(error: Error, connection: &Connection<S>) -> Error {
    match connection.info.is_proxied {
        true => error.through_proxy(),
        false => error,
    }
}

/// The head in one write with a body that is in memory; a stream piece by piece behind the head.
async fn send<D: Driver>(
    connection: &mut Conn<D>,
    request: &mut Request,
    form: Option<&Forward>,
    deadlines: &Deadlines,
    tracer: &Tracer,
) -> Result<()> {
    connection.socket_mut().be_prompt();
    connection.begin(&outgoing(request, form), tracer)?;
    if deadlines.word.is_some() && !is_wanted::<D>(connection, deadlines).await? {
        return Ok(());
    }
    if let Some(bytes) = request.body.shared() {
        if !bytes.is_empty() {
            connection.announce(bytes.len())?;
        }
        finish::<D>(connection, request)?;
        return flush::<D>(connection, &bytes, deadlines).await.map(drop);
    }
    if flush::<D>(connection, &[], deadlines).await? == Flushed::Stopped {
        return Ok(());
    }
    let mut scratch = vec![0; PIECE];
    let until = deadlines.total(Instant::now());
    while let Some(piece) = D::next_piece(&mut request.body, &mut scratch, until).await? {
        if piece.is_empty() {
            continue;
        }
        if connection.is_answered_early()? {
            return Ok(());
        }
        connection.announce(piece.len())?;
        if flush::<D>(connection, piece, deadlines).await? == Flushed::Stopped {
            return Ok(());
        }
    }
    finish::<D>(connection, request)?;
    flush::<D>(connection, &[], deadlines).await.map(drop)
}

/// The end of the body, and its trailers, which are made only now.
fn finish<D: Driver>(connection: &mut Conn<D>, request: &Request) -> Result<()> {
    let trailers = request.body.trailers().map(Trailers::fields).transpose()?;
    connection.finish(trailers.as_ref())
}

/// Sends the head alone, and waits for the word to send the body: not for ever, because a server may not know that it is
/// asked (RFC 9110 section 10.1.1). Whether the body is to be sent.
async fn is_wanted<D: Driver>(connection: &mut Conn<D>, deadlines: &Deadlines) -> Result<bool> {
    if flush::<D>(connection, &[], deadlines).await? == Flushed::Stopped {
        return Ok(false);
    }
    let until = deadlines.word(Instant::now());
    loop {
        let late = match connection.continued()? {
            Step::Done(wanted) => return Ok(wanted),
            Step::Progress => until.check(Instant::now()),
            Step::Wait(interest) | Step::Moved(interest) => {
                D::ready(connection.socket_mut(), interest, until).await
            }
        };
        match late {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::ReadTimeout => return Ok(true),
            Err(error) => return Err(error.in_phase(Phase::Head)),
        }
    }
}

async fn flush<D: Driver>(
    connection: &mut Conn<D>,
    mut piece: &[u8],
    deadlines: &Deadlines,
) -> Result<Flushed> {
    drive::<D, _, _>(
        connection,
        |now| deadlines.write(now),
        |connection| connection.flush(&mut piece),
    )
    .await
}

/// Lets the socket do the waiting for a response, where nothing but the read limit can end it.
fn be_patient<S: Socket>(connection: &mut Connection<S>, deadlines: &Deadlines) {
    let socket = connection.socket_mut();
    if deadlines.can_end_early() || deadlines.timeout.head.is_some() {
        socket.be_prompt();
    } else {
        socket.be_patient(deadlines.timeout.read);
    }
}
