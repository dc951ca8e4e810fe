//! Heads of requests and responses, between our types and those of h2.
//!
//! Owns the pseudo-fields of a request, what is not sent over HTTP/2, and the limits on what is received. Does not own
//! HPACK or the rules for received fields, which are h2's.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Uri, Version, response};

use crate::error::{Error, Phase, Reason, Result, escaped};
use crate::models::config::ResponseLimits;
use crate::models::headers::Headers;
use crate::protocol::http1::{BodyLength, Outgoing, ParsedHead};

/// The body that follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upload {
    Nothing,
    /// Of a length that was announced.
    Length(u64),
    /// To its end.
    Open,
}

/// The head as h2 wants it (RFC 9113 section 8.3.1).
pub(super) fn request(request: &Outgoing<'_>) -> Result<(http::Request<()>, Upload)> {
    if *request.method == Method::CONNECT {
        return Err(Error::local("CONNECT is not possible over HTTP/2"));
    }
    let (fields, length) = fields(request.headers)?;
    let upload = upload(request, length)?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(match request.url.scheme() {
        "https" | "wss" => Scheme::HTTPS,
        _ => Scheme::HTTP,
    });
    parts.authority = Some(authority(request.headers)?);
    parts.path_and_query = Some(path(request)?);
    let uri = Uri::from_parts(parts)
        .map_err(|e| Error::local("Illegal request target").with_source(e))?;
    let mut head = http::Request::new(());
    *head.method_mut() = request.method.clone();
    *head.uri_mut() = uri;
    *head.version_mut() = Version::HTTP_2;
    *head.headers_mut() = fields;
    Ok((head, upload))
}

/// `:authority` is what `Host` says (H2-03).
fn authority(headers: &Headers) -> Result<Authority> {
    let mut hosts = headers.values("Host");
    let host = hosts
        .next()
        .ok_or_else(|| Error::local("Missing mandatory Host: header"))?;
    if hosts.next().is_some() {
        return Err(Error::local("Found multiple Host: headers"));
    }
    // A user and password have no place in it (RFC 9113 section 8.3.1).
    Authority::try_from(host)
        .ok()
        .filter(|_| !host.contains(&b'@'))
        .ok_or_else(|| Error::local(format!("Illegal Host header {}", escaped(host))))
}

/// `:path` is the request target in origin form, or `*`.
fn path(request: &Outgoing<'_>) -> Result<PathAndQuery> {
    let mut target = Vec::new();
    match request.target {
        Some(verbatim) => target.extend_from_slice(verbatim),
        None => request.url.write_target(&mut target),
    }
    let is_good = match &*target {
        b"*" => *request.method == Method::OPTIONS,
        [b'/', ..] => target.iter().all(|&b| b.is_ascii_graphic() && b != b'#'),
        _ => false,
    };
    PathAndQuery::try_from(&*target)
        .ok()
        .filter(|_| is_good)
        .ok_or_else(|| Error::local(format!("Illegal request target {}", escaped(&target))))
}

/// All fields but those of the connection, which HTTP/2 does not have (RFC 9113 section 8.2.2), and the length they
/// announce.
fn fields(headers: &Headers) -> Result<(HeaderMap, Option<u64>)> {
    let mut map = HeaderMap::with_capacity(headers.len());
    let mut length = None;
    let mut size = 0;
    for (name, value) in headers {
        size += name.len() + value.len() + FIELD;
        if is_dropped(name, value) {
            continue;
        }
        if name.eq_ignore_ascii_case("content-length") {
            let announced = number(value).ok_or_else(|| Error::local("bad Content-Length"))?;
            match length.replace(announced) {
                None => {}
                Some(other) if other == announced => continue,
                Some(_) => return Err(Error::local("bad Content-Length")),
            }
        }
        // Both were checked when they entered; lower case is h2's own.
        let (Ok(name), Ok(mut value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value),
        ) else {
            return Err(Error::local("Invalid header"));
        };
        // Not for the table of HPACK, where it could be guessed (RFC 7541 section 7.1.3).
        value.set_sensitive(is_guessable(name.as_str(), value.as_bytes()));
        map.try_append(name, value)
            .map_err(|e| Error::local("Too many headers").with_source(e))?;
    }
    if size > MAX_HEAD {
        return Err(Error::local("Request head larger than 1 MiB"));
    }
    Ok((map, length))
}

fn is_dropped(name: &str, value: &[u8]) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
    is_one_of(&[
        "host",
        "connection",
        "proxy-connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ]) || (name.eq_ignore_ascii_case("te") && !value.eq_ignore_ascii_case(b"trailers"))
}

fn is_guessable(name: &str, value: &[u8]) -> bool {
    matches!(name, "authorization" | "proxy-authorization")
        || (name == "cookie" && value.len() < 20)
}

/// What is announced must be what is sent.
fn upload(request: &Outgoing<'_>, announced: Option<u64>) -> Result<Upload> {
    let is_streamed = request.headers.contains("Transfer-Encoding");
    if is_streamed && announced.is_some() {
        return Err(Error::local(
            "Both Content-Length and Transfer-Encoding in one request",
        ));
    }
    let known = match request.length {
        BodyLength::Empty => Some(0),
        BodyLength::Known(length) => Some(length),
        BodyLength::Unknown => None,
    };
    match (announced, known) {
        (None, Some(0)) => Ok(Upload::Nothing),
        (None, _) => Ok(Upload::Open),
        (Some(announced), Some(known)) if announced < known => Err(too_much()),
        (Some(announced), Some(known)) if announced > known => Err(too_little()),
        (Some(0), Some(_)) => Ok(Upload::Nothing),
        (Some(announced), _) => Ok(Upload::Length(announced)),
    }
}

pub(super) fn too_much() -> Error {
    Error::local("Too much data for declared Content-Length")
}

pub(super) fn too_little() -> Error {
    Error::local("Too little data for declared Content-Length")
}

/// The fields behind a body.
pub(super) fn trailers(headers: &Headers) -> Result<HeaderMap> {
    fields(headers).map(|(map, _)| map)
}

/// The head of a final response, in the order received, and the length it announces.
pub(super) fn response(
    parts: &response::Parts,
    limits: &ResponseLimits,
) -> Result<(ParsedHead, Option<u64>)> {
    let map = &parts.headers;
    let too_large =
        |what: &'static str| Err(Error::remote(Reason::HeadTooLarge, what).in_phase(Phase::Head));
    if map.len() > limits.fields {
        return too_large("response head with too many fields");
    }
    let mut size = 0;
    for (name, value) in map {
        // `: ` and the end of the line, as if there was one.
        let line = name.as_str().len() + value.len() + 4;
        if line > limits.field {
            return too_large("response field too large");
        }
        size += line;
    }
    if size > limits.head {
        return too_large("response head too large");
    }
    let length = map.get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|length| number(length.as_bytes()));
    let head = ParsedHead {
        status: parts.status,
        version: Version::HTTP_2,
        reason: None,
        headers: Headers::from(map),
    };
    Ok((head, length))
}

/// The fields behind a body (R-LIM-06).
pub(super) fn received(trailers: &HeaderMap, limits: &ResponseLimits) -> Result<Headers> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let size: usize = trailers.iter().map(line).sum();
    if trailers.len() > limits.trailer_fields || size > limits.trailer {
        let error = Error::remote(Reason::BadTrailer, "trailer too large");
        return Err(error.in_phase(Phase::Body));
    }
    Ok(Headers::from(trailers))
}

/// `1*DIGIT` of RFC 9110 section 8.6.
fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What a field costs beside its bytes (RFC 9113 section 6.5.2).
const FIELD: usize = 32;
/// SEC-211.
const MAX_HEAD: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::body::Body;
    use crate::models::request::{Request, RequestTarget};

    fn converted(request: &Request) -> Result<(http::Request<()>, Upload)> {
        super::request(&Outgoing::from(request))
    }

    /// H2-03.
    #[test]
    fn pseudo_fields_and_what_is_dropped() {
        let mut request = Request::new("GET", "https://user:pw@example.org:8443/a?b=c#d").unwrap();
        for (name, value) in [
            ("X-First", "1"),
            ("Connection", "keep-alive"),
            ("Keep-Alive", "5"),
            ("Proxy-Connection", "x"),
            ("Upgrade", "h2c"),
            ("TE", "gzip"),
            ("Accept", "a"),
            ("Authorization", "secret"),
            ("Accept", "b"),
        ] {
            request.headers.append(name, value).unwrap();
        }
        let (head, upload) = converted(&request).unwrap();
        assert_eq!(head.uri(), "https://example.org:8443/a?b=c");
        let names: Vec<&str> = head.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-first", "accept", "authorization"]);
        let all: Vec<_> = head.headers().get_all("accept").iter().collect();
        assert_eq!(all, ["a", "b"]);
        assert!(head.headers()["authorization"].is_sensitive());
        assert_eq!(upload, Upload::Nothing);
        request.headers.insert("TE", "trailers").unwrap();
        assert!(converted(&request).unwrap().0.headers().contains_key("te"));
    }

    /// H2-04.
    #[test]
    fn what_follows_the_head() {
        let new = |method| Request::new(method, "http://example.org/").unwrap();
        let sized = new("POST").with_body("hello");
        let (head, upload) = converted(&sized).unwrap();
        assert_eq!(upload, Upload::Length(5));
        assert_eq!(head.headers()["content-length"], "5");
        assert_eq!(converted(&new("POST")).unwrap().1, Upload::Nothing);
        assert_eq!(converted(&new("GET")).unwrap().1, Upload::Nothing);
        let streamed = new("POST").with_body(Body::reader(&b"xx"[..]));
        let (head, upload) = converted(&streamed).unwrap();
        assert_eq!(upload, Upload::Open);
        assert!(head.headers().is_empty());

        let mut wrong = new("POST").with_body("hello");
        wrong.headers.insert("Content-Length", "4").unwrap();
        assert!(converted(&wrong).unwrap_err().to_string().contains("much"));
        wrong.headers.insert("Content-Length", "6").unwrap();
        assert!(
            converted(&wrong)
                .unwrap_err()
                .to_string()
                .contains("little")
        );
        for bad in ["+5", "5, 5", "", "99999999999999999999"] {
            wrong.headers.insert("Content-Length", bad).unwrap();
            assert!(converted(&wrong).is_err(), "{bad}");
        }
    }

    /// H2-14.
    #[test]
    fn what_cannot_be_sent() {
        let check = |method: &str, target: &str| {
            let mut request = Request::new(method, "http://example.org/").unwrap();
            request.extensions_mut().insert(RequestTarget::new(target));
            converted(&request)
        };
        assert_eq!(check("OPTIONS", "*").unwrap().0.uri().path(), "*");
        for (method, target) in [
            ("GET", "*"),
            ("GET", ""),
            ("GET", "/a b"),
            ("GET", "/a#b"),
            ("GET", "http://example.org/"),
            ("CONNECT", "example.org:443"),
        ] {
            let error = check(method, target).unwrap_err();
            assert_eq!(
                error.kind(),
                crate::Kind::LocalProtocol,
                "{method} {target}"
            );
        }
        let mut request = Request::new("GET", "http://example.org/").unwrap();
        for host in ["a b", "a/b", "user@host", "a?b"] {
            request.headers.insert("Host", host).unwrap();
            assert!(converted(&request).is_err(), "{host}");
        }
        request.headers.remove("Host");
        assert!(converted(&request).is_err());
    }
}
