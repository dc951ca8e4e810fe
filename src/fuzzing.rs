//! Doors for fuzz targets into private code. Exists only under `--cfg fuzzing` and promises nothing.

mod content;
mod proxy;

pub use proxy::{connect_answer, socks_answers};

pub use content::{charset_param, chunk_text, decode_content, decode_text, json_text, split_lines};

pub use crate::error::Reason;

use http::Method;

use crate::flow::auth::challenge;
use crate::flow::auth::netrc::Netrc;
use crate::flow::environment::proxy_routes;
use crate::flow::route::Routes;
use crate::models::config::ResponseLimits;
#[cfg(feature = "multipart")]
use crate::models::multipart::Boundary;
use crate::protocol::http1::replay::{End, Outcome, Play};

/// A response as the HTTP/1.1 codec understood it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The code, once the head is complete.
    pub status: Option<u16>,
    /// Names and values, in order.
    pub fields: Vec<(String, Vec<u8>)>,
    /// What was handed out.
    pub body: Vec<u8>,
    /// Trailer names and values, in order.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// What was wrong: HTTPX's name and our reason.
    pub error: Option<(&'static str, Option<Reason>)>,
    /// The connection may take another request.
    pub reusable: bool,
    /// The connection left HTTP.
    pub switched: bool,
    /// The response is complete.
    pub complete: bool,
    /// Bytes of the input that belong to it; meaningless after an error.
    pub used: usize,
}

/// Reads `pieces` as the answer to a request with that method; `fin` if the connection ends after them. At most `max`
/// body bytes are taken at a time, past the machine where it allows that if `direct`.
pub fn response(
    method: &Method,
    upgrade: bool,
    pieces: &[&[u8]],
    fin: bool,
    max: usize,
    direct: bool,
) -> Answer {
    let play = Play {
        method: method.clone(),
        upgrade,
        limits: ResponseLimits::default(),
        fin,
        max,
        direct,
    };
    answer(play.run(pieces.iter().copied()))
}

/// `body` as the request encoder chunks it, one chunk for each piece.
pub fn chunked(pieces: &[&[u8]]) -> Vec<u8> {
    crate::protocol::http1::replay::encode_chunks(pieces)
}

/// A challenge as it was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as written.
    pub scheme: Vec<u8>,
    /// Credentials in one piece.
    pub token68: Option<Vec<u8>>,
    /// Names as written, values without quotes.
    pub params: Vec<(Vec<u8>, Vec<u8>)>,
    /// Breaks the grammar somewhere.
    pub is_broken: bool,
}

/// The challenges of one field value.
pub fn challenges(value: &[u8]) -> Vec<Challenge> {
    let challenges = challenge::challenges(value).into_iter();
    challenges
        .map(|challenge| Challenge {
            scheme: challenge.scheme.to_vec(),
            token68: challenge.token68.map(<[u8]>::to_vec),
            params: challenge
                .params
                .into_iter()
                .map(|(name, value)| (name.to_vec(), value.into_owned()))
                .collect(),
            is_broken: challenge.is_broken,
        })
        .collect()
}

/// Name (`None` for the default), login and password of the entries of a netrc file, the default last; or the line that
/// makes no sense.
#[expect(clippy::type_complexity, reason = "for one caller")]
pub fn netrc(text: &[u8]) -> Result<Vec<(Option<Vec<u8>>, Vec<u8>, Vec<u8>)>, usize> {
    let netrc = Netrc::parse(text).map_err(|problem| problem.line)?;
    let machines = netrc.machines.into_iter();
    let default = netrc.default.map(|entry| (None, entry));
    Ok(machines
        .map(|(name, entry)| (Some(name), entry))
        .chain(default)
        .map(|(name, entry)| (name, entry.login, entry.password))
        .collect())
}

/// Whether a request for the URL goes past the proxies of the environment with this NO_PROXY.
pub fn is_direct(no_proxy: &str, url: &crate::Url) -> bool {
    let variables = [("ALL_PROXY", "proxy.test"), ("NO_PROXY", no_proxy)];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let mut routes = Routes::default();
    // The proxy's URL is one, and nothing else can be wrong.
    for (pattern, target) in proxy_routes(variables).unwrap_or_default() {
        routes.insert(pattern, target);
    }
    routes.find(url).is_none_or(Option::is_none)
}

/// The form as a body with that boundary, taken in pieces of at most `room` bytes where they are read: twice, if it can
/// be sent again.
#[cfg(feature = "multipart")]
pub fn multipart(
    form: crate::multipart::Form,
    boundary: &str,
    room: usize,
) -> crate::Result<(Option<u64>, Vec<u8>)> {
    let boundary = Boundary::given(boundary.into())?;
    let mut body = form.encode(&crate::QueryParams::new(), &boundary)?;
    let length = body.len();
    let mut scratch = vec![0; room];
    let mut all = Vec::new();
    for sending in 0..2 {
        body.prepare()?;
        let mut sent = body.as_bytes().unwrap_or_default().to_vec();
        while let Some(piece) = body.next(&mut scratch)? {
            sent.extend_from_slice(piece);
        }
        assert!(sending == 0 || sent == all, "the second sending is another");
        all = sent;
        if !body.is_replayable() {
            break;
        }
    }
    Ok((length, all))
}

fn answer(outcome: Outcome) -> Answer {
    let list = |headers: &crate::Headers| {
        headers
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect::<Vec<_>>()
    };
    let failed = outcome.error.is_some();
    Answer {
        status: outcome.status,
        fields: list(&outcome.headers),
        body: outcome.body,
        trailers: outcome.trailers.as_ref().map(list).unwrap_or_default(),
        error: outcome.error.map(|e| (e.kind().name(), e.reason())),
        reusable: outcome.end == End::Reuse,
        switched: outcome.end == End::Switched,
        complete: !failed && outcome.end != End::Pending,
        used: if failed { 0 } else { outcome.used },
    }
}
