//! `Connect`: a CONNECT request and what the proxy makes of it (RFC 9110 section 9.3.6).
//!
//! Owns the request, the one round of authentication, and the error that a refusal becomes. Does not own the codec
//! (`protocol/http1/`) or any scheme (`models/proxy/auth.rs`).

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Heard, Pipe, Tunneled, read_failed, write_failed};
use crate::connection::socket::{Socket, Step};
use crate::connection::wire::Wire;
use crate::error::{Error, Kind, Reason, Result};
use crate::models::body::Body;
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::models::proxy::{Proxy, ProxyAuth};
use crate::models::request::{Request, RequestTarget};
use crate::models::response::{Head, Response};
use crate::models::url::Url;
use crate::protocol::http1::{BodyLength, Exchange, HeadStep, Outgoing, ParsedHead, Piece, Target};

pub(super) struct Connect {
    /// The origin; of it only host and port are sent (R-PRX-06).
    url: Url,
    /// As sent, without credentials.
    headers: Headers,
    auth: ProxyAuth,
    limits: ResponseLimits,
    exchange: Exchange,
    pipe: Pipe,
    /// Bytes of an answer came on this connection.
    is_answered: bool,
    /// This is the second request on its connection, which the proxy may have closed meanwhile.
    is_again: bool,
    refused: Option<Refused>,
}

/// An answer other than 2xx.
struct Refused {
    head: ParsedHead,
    content: Vec<u8>,
    /// The authentication scheme wants to see it.
    is_wanted: bool,
}

impl Connect {
    pub(super) fn new(proxy: &Proxy, url: &Url, limits: ResponseLimits) -> Result<Self> {
        let target = authority(url);
        let mut auth = proxy.authentication();
        let value = auth.begin(&Method::CONNECT, target.as_bytes(), &mut Body::empty())?;
        let mut this = Self {
            url: url.clone(),
            headers: headers(&target, proxy.headers()),
            auth,
            // What is read of a refusal has its own limit, and a long one is no other error.
            limits: limits.body(None),
            exchange: Exchange::new(limits),
            pipe: Pipe::default(),
            is_answered: false,
            is_again: false,
            refused: None,
        };
        this.renew();
        this.ask(value.as_deref())?;
        Ok(this)
    }

    pub(super) fn step<S: Socket>(&mut self, wire: &mut Wire<S>) -> Result<Step<Tunneled>> {
        match self.pipe.send(wire) {
            Ok(None) => {}
            Ok(Some(step)) => return Ok(step),
            Err(_) if self.is_closed_between() => return self.reconnect(),
            Err(e) => return Err(write_failed(e)),
        }
        if let Some(step) = self.understand()? {
            return Ok(step);
        }
        match self.pipe.receive(wire) {
            Ok(Heard::Some) => {
                self.is_answered = true;
                Ok(self.understand()?.unwrap_or(Step::Progress))
            }
            Ok(Heard::Nothing(step)) => Ok(step),
            Ok(Heard::End) if self.is_closed_between() => self.reconnect(),
            Ok(Heard::End) => self.end(),
            Err(_) if self.is_closed_between() => self.reconnect(),
            Err(e) => self.refusal().map_or_else(|| Err(read_failed(e)), Err),
        }
    }

    /// The request, to be shown to whoever watches.
    pub(super) fn request(&self) -> Result<Request> {
        let mut request = Request::raw(&Method::CONNECT, &self.url, Body::empty())?;
        request.headers = self.headers.clone();
        let target = RequestTarget::new(authority(&self.url));
        request.extensions_mut().insert(target);
        Ok(request)
    }

    /// The error that the refusal is, as far as it was received.
    pub(super) fn refusal(&mut self) -> Option<Error> {
        let Refused { head, content, .. } = self.refused.take()?;
        let mut response = Response {
            head: Box::new(Head::new(head.status, head.version, head.headers)),
            body: Bytes::from(content),
        };
        response.head.reason = head.reason;
        let message = match &*response.reason_phrase() {
            "" => head.status.as_str().to_owned(),
            reason => format!("{} {reason}", head.status.as_str()),
        };
        Some(Error::new(Kind::Proxy, message).with_response(response))
    }

    /// For a connection that nothing was said on yet.
    fn renew(&mut self) {
        self.exchange = Exchange::new(self.limits);
        self.pipe = Pipe::default();
        self.is_answered = false;
        self.is_again = false;
    }

    /// Makes the request ready: `Proxy-Authorization` before the proxy's other headers (PRX-22).
    fn ask(&mut self, authorization: Option<&[u8]>) -> Result<()> {
        if let Some(value) = authorization {
            self.headers = authorized(&self.headers, value)?;
        }
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        let request = Outgoing {
            method: &Method::CONNECT,
            url: &self.url,
            headers: &self.headers,
            target: None,
            form: Target::Authority,
            length: BodyLength::Empty,
        };
        self.exchange.start(&request, self.pipe.output.bytes())
    }

    /// What was received so far; `None` wants more.
    fn understand(&mut self) -> Result<Option<Step<Tunneled>>> {
        while !self.pipe.input.is_empty() && self.refused.is_none() {
            match self.exchange.head(self.pipe.input.bytes())? {
                HeadStep::More { used } => {
                    self.pipe.input.consume(used);
                    return Ok(None);
                }
                HeadStep::Interim { used, .. } => self.pipe.input.consume(used),
                HeadStep::Final { used, head } => {
                    self.pipe.input.consume(used);
                    if self.exchange.switched() {
                        return self.through(head.status).map(Some);
                    }
                    let is_wanted = self.auth.wants(head.status, &head.headers);
                    self.refused = Some(Refused {
                        head,
                        content: Vec::new(),
                        is_wanted,
                    });
                }
            }
        }
        if self.refused.is_none() {
            return Ok(None);
        }
        if self.read_refusal() {
            return self.answer().map(Some);
        }
        Ok(None)
    }

    /// What the fields of a 2xx say about a body means nothing (R-PRX-01). Bytes behind it came before the origin could
    /// be asked anything: they are somebody else's (R-PRX-02).
    fn through(&self, status: StatusCode) -> Result<Step<Tunneled>> {
        if !status.is_success() {
            return Err(Error::remote(
                Reason::UnexpectedUpgrade,
                "the proxy switched protocols without being asked",
            ));
        }
        if !self.pipe.input.is_empty() {
            return Err(Error::new(
                Kind::Proxy,
                "the proxy sent bytes of its own into the tunnel",
            ));
        }
        Ok(Step::Done(Tunneled::Done))
    }

    /// Whether the body of the refusal is over: all of it was read, as much as is kept, or as much as makes sense.
    fn read_refusal(&mut self) -> bool {
        let Some(refused) = &mut self.refused else {
            return true;
        };
        while !self.exchange.response_done() {
            let room = MOST_CONTENT.saturating_sub(refused.content.len());
            if room == 0 {
                return true;
            }
            let input = &mut self.pipe.input;
            if input.is_empty() {
                return false;
            }
            match self.exchange.body(input.bytes(), room) {
                Ok(Piece::Data { skip, len }) => {
                    let data = input.bytes().get(skip..skip + len).unwrap_or_default();
                    refused.content.extend_from_slice(data);
                    input.consume(skip + len);
                }
                Ok(Piece::More { used }) => {
                    input.consume(used);
                    // What it holds of an unfinished line is not consumed: more of it is needed.
                    if used == 0 {
                        return false;
                    }
                }
                Ok(Piece::End { used }) => input.consume(used),
                // What the proxy had to say is known without the rest.
                Err(_) => return true,
            }
        }
        true
    }

    /// The refusal is read: authenticate if that was asked for, else report it.
    fn answer(&mut self) -> Result<Step<Tunneled>> {
        let again = match &mut self.refused {
            Some(refused) if refused.is_wanted => {
                let content = Bytes::copy_from_slice(&refused.content);
                let headers = &refused.head.headers;
                self.auth.again(headers, content, &mut Body::empty())?
            }
            _ => None,
        };
        let Some(value) = again else {
            return match self.refusal() {
                Some(error) => Err(error),
                // Only reached with a refusal.
                None => Err(Error::new(Kind::Proxy, "the proxy refused")),
            };
        };
        let closes = self.refused.take().is_some_and(|refused| {
            let options = refused.head.headers.get_list_split("Proxy-Connection");
            options.iter().any(|o| o.eq_ignore_ascii_case("close"))
        });
        if self.exchange.reusable() && self.pipe.input.is_empty() && !closes {
            self.ask(Some(&value))?;
            self.is_answered = false;
            self.is_again = true;
            return Ok(Step::Progress);
        }
        self.renew();
        self.ask(Some(&value))?;
        Ok(Step::Done(Tunneled::Reconnect))
    }

    /// Whether the proxy closed the connection it had said to keep.
    fn is_closed_between(&self) -> bool {
        self.is_again && !self.is_answered
    }

    fn reconnect(&mut self) -> Result<Step<Tunneled>> {
        self.renew();
        self.write()?;
        Ok(Step::Done(Tunneled::Reconnect))
    }

    /// The proxy closed the connection (PRX-29).
    fn end(&mut self) -> Result<Step<Tunneled>> {
        if self.refused.is_some() {
            // The end of the body, or as much of it as there is.
            let _ = self.exchange.body_eof();
            return self.answer();
        }
        Err(if self.is_answered {
            Error::remote(
                Reason::Incomplete,
                "the proxy closed the connection within its answer to CONNECT",
            )
        } else {
            Error::remote(
                Reason::ServerDisconnected,
                "the proxy closed the connection without an answer to CONNECT",
            )
        })
    }
}

/// `host:port`, the port in any case, an IPv6 address in brackets (RFC 9110 section 9.3.6).
fn authority(url: &Url) -> String {
    match (url.port(), url.port_or_default()) {
        (Some(_), _) | (None, None) => url.netloc().to_owned(),
        (None, Some(port)) => format!("{}:{port}", url.netloc()),
    }
}

/// PRX-22; what the proxy is to be told wins over what it would be told anyway.
fn headers(target: &str, own: &Headers) -> Headers {
    let mut headers = Headers::new();
    headers.push("Host", target.as_bytes());
    if !own.contains("Accept") {
        headers.push("Accept", b"*/*");
    }
    headers.extend(own);
    headers
}

/// With these credentials, in front of the proxy's own headers.
fn authorized(headers: &Headers, value: &[u8]) -> Result<Headers> {
    let mut result = Headers::with_capacity(headers.size() + value.len() + 32);
    let mut before = true;
    for (name, old) in headers {
        let is_automatic =
            name.eq_ignore_ascii_case("Host") || (name == "Accept" && old == b"*/*" && before);
        if before && !is_automatic {
            result.append("Proxy-Authorization", value)?;
            before = false;
        }
        if !name.eq_ignore_ascii_case("Proxy-Authorization") {
            result.push(name, old);
        }
    }
    if before {
        result.append("Proxy-Authorization", value)?;
    }
    Ok(result)
}

/// R-PRX-03.
const MOST_CONTENT: usize = 64 << 10;
