//! What goes into the codec and what comes out of it: requests as the wire needs them, response heads as parsed.

use http::{Method, StatusCode, Version};

use crate::models::headers::Headers;
use crate::models::request::{Request, RequestTarget};
use crate::models::status::reason_phrase;
use crate::models::trace::EventInfo;
use crate::models::url::Url;

/// The form of the request target (RFC 9112 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Path and query.
    Origin,
    /// The whole URL, for a proxy.
    Absolute,
    /// Host and port, for CONNECT; a CONNECT has this form whatever is asked for.
    Authority,
}

/// What the source of a request body knows about its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Empty,
    Known(u64),
    Unknown,
}

/// A request as the wire needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a Headers,
    /// The request target, verbatim, in place of what `url` and `form` say.
    pub(crate) target: Option<&'a [u8]>,
    pub(crate) form: Target,
    pub(crate) length: BodyLength,
}

/// In origin form.
impl<'a> From<&'a Request> for Outgoing<'a> {
    fn from(request: &'a Request) -> Self {
        let target = request.extensions().get::<RequestTarget>();
        Self {
            method: &request.method,
            url: &request.url,
            headers: &request.headers,
            target: target.map(|target| &target.0[..]),
            form: Target::Origin,
            length: match request.body.len() {
                // What has something behind it has no length on the wire.
                _ if request.body.trailers().is_some() => BodyLength::Unknown,
                Some(0) if request.body.is_empty() => BodyLength::Empty,
                Some(length) => BodyLength::Known(length),
                None => BodyLength::Unknown,
            },
        }
    }
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct ParsedHead {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    /// As received; `None` is the usual text of the code.
    pub(crate) reason: Option<Box<[u8]>>,
    pub(crate) headers: Headers,
}

impl ParsedHead {
    /// As an event shows it.
    pub(crate) fn info(&self) -> EventInfo<'_> {
        EventInfo::Head {
            version: self.version,
            status: self.status,
            reason: match &self.reason {
                Some(raw) => raw,
                None => reason_phrase(self.status).as_bytes(),
            },
            headers: &self.headers,
        }
    }
}

/// One step towards the final response.
#[derive(Debug)]
pub(crate) enum HeadStep {
    /// `used` bytes are done with; more input is needed.
    More { used: usize },
    /// An interim response; another head follows it.
    Interim { used: usize, head: ParsedHead },
    /// The response; its body follows, if it has one.
    Final { used: usize, head: ParsedHead },
}
