//! What errors of h2 mean.
//!
//! Owns their translation, and which of them say that a request was never looked at. Does not own what is done then.

use super::shared::End;
use crate::error::{Error, Kind, Phase, Reason};

/// The error of a stream, or of a connection on which one was to be opened.
pub(super) fn translate(error: h2::Error, end: Option<End>, phase: Phase) -> Error {
    let translated = if error.is_io() {
        // h2 calls every end a broken pipe; the wire knows better.
        return ended(end.unwrap_or(End::Closed), phase).with_source(error);
    } else if let Some(code) = error.reason() {
        match end {
            // Why the connection was ended says more than how it was told.
            Some(end @ (End::Silence | End::GivenUp(_) | End::Flood)) => return ended(end, phase),
            _ => protocol(code, &error),
        }
    } else {
        Error::local(format!("not possible over HTTP/2: {error}"))
    };
    translated.in_phase(phase).with_source(error)
}

/// Whether the server says that it did not look at the request: then it may be sent again, whatever its method
/// (RFC 9113 section 8.7).
pub(super) fn is_unprocessed(error: &h2::Error) -> bool {
    // A stream hears of a GOAWAY only if its number is above the last that was looked at.
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// The error of those whose connection ended like this.
pub(super) fn ended(end: End, phase: Phase) -> Error {
    let error = match end {
        End::Closed => Error::remote(Reason::ServerDisconnected, "Server disconnected"),
        End::Read(kind, text) => Error::new(Kind::Read, format!("receiving failed: {text}"))
            .with_source(std::io::Error::new(kind, text)),
        End::Write(kind, text) => Error::new(Kind::Write, format!("sending failed: {text}"))
            .with_source(std::io::Error::new(kind, text)),
        End::Protocol { code, by_peer } => {
            let code = h2::Reason::from(code);
            let who = if by_peer {
                "the server closed the connection"
            } else {
                "the server broke the rules of HTTP/2"
            };
            Error::remote(Reason::Http2(code.into()), format!("{who}: {code:?}"))
        }
        End::Flood => Error::remote(
            Reason::Http2(h2::Reason::ENHANCE_YOUR_CALM.into()),
            "the server floods the connection with frames",
        ),
        End::Silence => Error::new(Kind::ReadTimeout, "the server gives no sign of life"),
        End::GivenUp(kind) => Error::new(kind, "another request on the connection gave it up"),
        End::Abandoned => Error::new(Kind::Read, "whoever ran the connection is gone")
            .with_reason(Reason::ServerDisconnected),
    };
    error.in_phase(phase)
}

fn protocol(code: h2::Reason, error: &h2::Error) -> Error {
    let what = match (error.is_remote(), error.is_go_away()) {
        (true, true) => "the server closed the connection",
        (true, false) => "the server reset the stream",
        (false, _) => "the server broke the rules of HTTP/2",
    };
    Error::remote(Reason::Http2(code.into()), format!("{what}: {code:?}"))
}
