//! Plays received bytes through an [`Exchange`], cut into pieces, for tests and fuzz targets only.
//!
//! Owns the loop a connection would run around the machine. Does not judge the outcome.

use http::Method;

use super::{BodyLength, Exchange, HeadStep, Outgoing, Piece, Target};
use crate::error::{Error, Result};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::models::url::Url;

/// A response that was, or was not, understood.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<Headers>,
    pub(crate) interims: usize,
    pub(crate) end: End,
    /// Bytes of the input that belong to the response.
    pub(crate) used: usize,
    pub(crate) error: Option<Error>,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Reuse,
    Close,
    Switched,
    /// The input was over before the response, and the connection is still open.
    Pending,
}

/// How the input is given.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) method: Method,
    pub(crate) upgrade: bool,
    pub(crate) limits: ResponseLimits,
    /// The input is followed by the end of the connection.
    pub(crate) fin: bool,
    /// The largest piece of body taken at once.
    pub(crate) max: usize,
    /// Take body bytes past the machine where it allows that.
    pub(crate) direct: bool,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            method: Method::GET,
            upgrade: false,
            limits: ResponseLimits::default(),
            fin: false,
            max: usize::MAX,
            direct: false,
        }
    }
}

impl Play {
    /// Sends a request without a body, then receives `pieces` as its answer.
    pub(crate) fn run<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut outcome = Outcome {
            status: None,
            headers: Headers::new(),
            body: Vec::new(),
            trailers: None,
            interims: 0,
            end: End::Pending,
            used: 0,
            error: None,
        };
        if let Err(error) = self.receive(pieces, &mut outcome) {
            outcome.error = Some(error);
            outcome.end = End::Close;
        }
        outcome
    }

    fn receive<'a>(
        &self,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let mut exchange = Exchange::new(self.limits);
        self.ask(&mut exchange)?;
        let mut input = Vec::new();
        let mut received = 0;
        let mut done = false;
        for piece in pieces {
            received += piece.len();
            input.extend_from_slice(piece);
            if !done {
                done = self.step(&mut exchange, &mut input, outcome)?;
            }
        }
        outcome.used = received - input.len();
        if !done && self.fin {
            if outcome.status.is_none() {
                return Err(exchange.head_eof(!input.is_empty()));
            }
            exchange.body_eof()?;
            done = true;
        }
        outcome.trailers = exchange.trailers();
        outcome.end = match done {
            false => End::Pending,
            true if exchange.switched() => End::Switched,
            true if exchange.reusable() && input.is_empty() => End::Reuse,
            true => End::Close,
        };
        Ok(())
    }

    fn ask(&self, exchange: &mut Exchange) -> Result<()> {
        let url = Url::parse("http://example.org/")?;
        let mut headers = Headers::from_pairs([("Host", "example.org")])?;
        if self.upgrade {
            headers.append("Connection", "upgrade")?;
            headers.append("Upgrade", "websocket")?;
        }
        let request = Outgoing {
            method: &self.method,
            url: &url,
            headers: &headers,
            target: None,
            form: Target::Origin,
            length: BodyLength::Empty,
        };
        exchange.start(&request, &mut Vec::new())
    }

    /// Goes as far as the input does; says whether the response is complete.
    fn step(
        &self,
        exchange: &mut Exchange,
        input: &mut Vec<u8>,
        outcome: &mut Outcome,
    ) -> Result<bool> {
        while outcome.status.is_none() {
            match exchange.head(input)? {
                HeadStep::More { used } => {
                    input.drain(..used);
                    return Ok(false);
                }
                HeadStep::Interim { used, .. } => {
                    input.drain(..used);
                    outcome.interims += 1;
                }
                HeadStep::Final { used, head } => {
                    input.drain(..used);
                    outcome.status = Some(head.status.as_u16());
                    outcome.headers = head.headers;
                }
            }
        }
        while !exchange.response_done() && !exchange.switched() {
            let direct = exchange.direct().min(input.len().min(self.max) as u64);
            if self.direct && direct > 0 {
                exchange.took(direct)?;
                outcome.body.extend(input.drain(..direct as usize));
                continue;
            }
            match exchange.body(input, self.max)? {
                Piece::Data { skip, len } => {
                    input.drain(..skip);
                    outcome.body.extend(input.drain(..len));
                }
                Piece::More { used } => {
                    input.drain(..used);
                    return Ok(false);
                }
                Piece::End { used } => {
                    input.drain(..used);
                }
            }
        }
        Ok(true)
    }
}

/// Each piece as a chunk, and the end.
pub(crate) fn encode_chunks(pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        super::encode::chunk_line(piece.len(), &mut out);
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
