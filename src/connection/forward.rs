//! `Forward`: a request to an http origin in the form in which a proxy sends it on.
//!
//! Owns its request target and headers. Does not own who the proxy is or whether it is asked at all.

use std::borrow::Cow;

use crate::connection::tunnel::check_url;
use crate::error::Result;
use crate::models::headers::Headers;
use crate::models::proxy::{Proxy, ProxyAuth};
use crate::models::request::{Request, RequestTarget};
use crate::protocol::http1::{Outgoing, Target};

/// What differs from the request as an origin would get it (PRX-20).
pub(crate) struct Forward {
    headers: Headers,
    /// In place of the URL, if the request names its target itself.
    target: Option<Vec<u8>>,
    form: Target,
}

impl Forward {
    /// With the credentials that `auth` has before the proxy asks.
    ///
    /// # Errors
    /// `InvalidUrl` for an address with a zone (SEC-204), and whatever the authentication scheme says.
    pub(crate) fn new(request: &mut Request, proxy: &Proxy, auth: &mut ProxyAuth) -> Result<Self> {
        check_url(&request.url)?;
        let own = request.extensions().get::<RequestTarget>();
        let target = own.map(|own| absolute(request, &own.0).into_owned());
        let mut this = Self {
            headers: headers(request, proxy),
            target,
            form: Target::Absolute,
        };
        let target = this.target(request);
        let value = auth.begin(&request.method, &target, &mut request.body)?;
        this.authorize(request, value.as_deref())?;
        Ok(this)
    }

    /// A request that no proxy reads, without what is for one only; `None` if it has nothing of the kind (R-PRX-05).
    pub(crate) fn past(request: &Request) -> Option<Self> {
        if !request.headers.contains(AUTHORIZATION) {
            return None;
        }
        let mut headers = request.headers.clone();
        headers.remove(AUTHORIZATION);
        let own = request.extensions().get::<RequestTarget>();
        Some(Self {
            headers,
            target: own.map(|own| own.0.to_vec()),
            form: Target::Origin,
        })
    }

    /// With what the scheme has found, unless the request says who it is itself.
    ///
    /// # Errors
    /// `LocalProtocol` if the value cannot be sent.
    pub(crate) fn authorize(&mut self, request: &Request, value: Option<&[u8]>) -> Result<()> {
        let Some(value) = value.filter(|_| !request.headers.contains(AUTHORIZATION)) else {
            return Ok(());
        };
        let rest = std::mem::take(&mut self.headers);
        self.headers.append(AUTHORIZATION, value)?;
        for (name, old) in &rest {
            if !name.eq_ignore_ascii_case(AUTHORIZATION) {
                self.headers.push(name, old);
            }
        }
        Ok(())
    }

    /// For the codec.
    pub(crate) fn outgoing<'a>(&'a self, request: &'a Request) -> Outgoing<'a> {
        Outgoing {
            headers: &self.headers,
            target: self.target.as_deref(),
            form: self.form,
            ..Outgoing::from(request)
        }
    }

    /// The request target as it is sent.
    fn target(&self, request: &Request) -> Vec<u8> {
        match &self.target {
            Some(target) => target.clone(),
            None => [&origin(request)[..], request.url.raw_path().as_bytes()].concat(),
        }
    }
}

/// Those for the proxy in front, except for names that the request has.
fn headers(request: &Request, proxy: &Proxy) -> Headers {
    let size = proxy.headers().size() + request.headers.size();
    let mut headers = Headers::with_capacity(size + 64);
    for (name, value) in proxy.headers() {
        if !request.headers.contains(name) {
            headers.push(name, value);
        }
    }
    headers.extend(&request.headers);
    headers
}

/// A target of the request's own, so that a proxy knows where to send it: `*` is no path at all (RFC 9112 section
/// 3.2.4).
fn absolute<'a>(request: &Request, own: &'a [u8]) -> Cow<'a, [u8]> {
    match own {
        b"*" => Cow::Owned(origin(request)),
        [b'/', ..] => Cow::Owned([&origin(request)[..], own].concat()),
        _ => Cow::Borrowed(own),
    }
}

/// `http` for `ws` too: that is what is spoken.
fn origin(request: &Request) -> Vec<u8> {
    [b"http://", request.url.netloc().as_bytes()].concat()
}

const AUTHORIZATION: &str = "Proxy-Authorization";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::flow::auth::DigestAuth;
    use crate::models::config::ResponseLimits;
    use crate::protocol::http1::Exchange;

    fn sent(proxy: &Proxy, mut request: Request) -> Result<String> {
        let forward = Forward::new(&mut request, proxy, &mut proxy.authentication())?;
        let mut out = Vec::new();
        Exchange::new(ResponseLimits::default()).start(&forward.outgoing(&request), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn get(url: &str) -> Request {
        Request::new("GET", url).unwrap()
    }

    /// PRX-20
    #[test]
    fn the_target_is_the_whole_url() {
        let proxy = Proxy::new("http://proxy:3128").unwrap();
        for (url, line, host) in [
            ("http://h", "http://h/", "h"),
            ("http://u:p@h:80/a?b#c", "http://h/a?b", "h"),
            ("http://h:8080/", "http://h:8080/", "h:8080"),
            ("http://[::1]:8080/a", "http://[::1]:8080/a", "[::1]:8080"),
            ("http://[::1]?q", "http://[::1]/?q", "[::1]"),
        ] {
            let expected = format!("GET {line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(sent(&proxy, get(url)).unwrap(), expected);
        }
        for (own, line) in [
            ("*", "OPTIONS http://h "),
            ("/x", "OPTIONS http://h/x "),
            ("http://other/", "OPTIONS http://other/ "),
        ] {
            let mut request = Request::new("OPTIONS", "http://h/path").unwrap();
            request.extensions_mut().insert(RequestTarget::new(own));
            assert!(sent(&proxy, request).unwrap().starts_with(line));
        }
    }

    /// SEC-204
    #[test]
    fn a_zone_is_of_this_machine() {
        let proxy = Proxy::new("http://proxy").unwrap();
        let error = sent(&proxy, get("http://[fe80::1%25eth0]/")).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidUrl);
    }

    /// PRX-20, PRX-25: in front, except what the request has.
    #[test]
    fn the_headers_of_the_proxy() {
        let proxy = Proxy::new("http://u:p@proxy").unwrap();
        let proxy = proxy.header("X-A", "proxy").header("X-B", "proxy");
        let mut request = get("http://h/");
        request.headers.append("x-b", "mine").unwrap();
        let basic = "Proxy-Authorization: Basic dTpw\r\n";
        assert_eq!(
            sent(&proxy, request).unwrap(),
            format!("GET http://h/ HTTP/1.1\r\nHost: h\r\n{basic}X-A: proxy\r\nx-b: mine\r\n\r\n")
        );
        let mut request = get("http://h/");
        let own = ("Proxy-Authorization", "Bearer x");
        request.headers.append(own.0, own.1).unwrap();
        assert_eq!(
            sent(&proxy, request).unwrap(),
            "GET http://h/ HTTP/1.1\r\nHost: h\r\nX-A: proxy\r\nX-B: proxy\r\nProxy-Authorization: Bearer x\r\n\r\n"
        );
    }

    /// R-PRX-04, R-PRX-05: what the origin is told about who we are is left alone.
    #[test]
    fn one_round_of_digest() {
        let proxy = Proxy::new("http://proxy").unwrap();
        let proxy = proxy.auth(DigestAuth::new("user", "secret"));
        let mut request = Request::new("POST", "http://h/p")
            .unwrap()
            .with_body("body");
        request.headers.append("Authorization", "mine").unwrap();
        let mut auth = proxy.authentication();
        let mut forward = Forward::new(&mut request, &proxy, &mut auth).unwrap();
        assert!(!forward.headers.contains(AUTHORIZATION));
        let challenge = r#"Digest realm="p", nonce="n", qop="auth-int", algorithm=MD5"#;
        let refusal = Headers::from_pairs([
            ("Proxy-Authenticate", challenge),
            ("WWW-Authenticate", r#"Digest realm="origin", nonce="o""#),
        ])
        .unwrap();
        assert!(!auth.wants(http::StatusCode::UNAUTHORIZED, &refusal));
        assert!(auth.wants(http::StatusCode::PROXY_AUTHENTICATION_REQUIRED, &refusal));
        let value = auth
            .again(&refusal, bytes::Bytes::new(), &mut request.body)
            .unwrap();
        forward.authorize(&request, value.as_deref()).unwrap();
        let value = forward.headers.get(AUTHORIZATION).unwrap();
        assert!(
            value.contains(r#"realm="p", nonce="n", uri="http://h/p""#),
            "{value}"
        );
        assert_eq!(
            request.headers.get("Authorization").as_deref(),
            Some("mine")
        );
        assert_eq!(request.content().unwrap(), b"body");
        assert!(!auth.wants(http::StatusCode::PROXY_AUTHENTICATION_REQUIRED, &refusal));
        let again = auth.again(&refusal, bytes::Bytes::new(), &mut request.body);
        assert_eq!(again.unwrap(), None);
    }
}
