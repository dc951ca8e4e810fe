//! The request that follows a redirect.
//!
//! Owns the method, body, URL and header rules of a 3xx response, and the policy a caller may put over them. Does not
//! own cookies or the limit on redirects (`flow/mod.rs`).

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};

use crate::error::{Error, Reason, Result, escaped};
use crate::models::body::Body;
use crate::models::headers::Headers;
use crate::models::request::{Choice, Request, RequestTarget};
#[cfg(feature = "tls")]
use crate::models::tls::ServerName;
use crate::models::url::Url;

/// One redirect that is about to be followed, for a policy to decide on.
///
/// ```
/// use papilio::{Client, RedirectAction};
/// let client = Client::builder()
///     .follow_redirects(true)
///     .redirect_policy(|redirect| match redirect.is_same_origin() || redirect.followed < 3 {
///         true => RedirectAction::Follow,
///         false => RedirectAction::Stop,
///     })
///     .build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug)]
pub struct Redirect<'a> {
    /// The status of the response: 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    /// Where the response came from.
    pub from: &'a Url,
    /// Where it points to.
    pub to: &'a Url,
    /// How many redirects were followed before this one.
    pub followed: usize,
}

impl Redirect<'_> {
    /// Whether both URLs have the same host, whatever their schemes and ports.
    ///
    /// ```
    /// # use papilio::RedirectAction;
    /// let client = papilio::Client::builder().redirect_policy(|redirect| match redirect.is_same_host() {
    ///     true => RedirectAction::Follow,
    ///     false => RedirectAction::Stop,
    /// });
    /// ```
    pub fn is_same_host(&self) -> bool {
        self.from.raw_host() == self.to.raw_host()
    }

    /// Whether both URLs have the same scheme, host and port.
    ///
    /// ```
    /// # use papilio::RedirectAction;
    /// let client = papilio::Client::builder().redirect_policy(|redirect| match redirect.is_same_origin() {
    ///     true => RedirectAction::Follow,
    ///     false => RedirectAction::Stop,
    /// });
    /// ```
    pub fn is_same_origin(&self) -> bool {
        self.from.same_origin(self.to)
    }

    /// Whether it leads from https to http.
    ///
    /// ```
    /// # use papilio::RedirectAction;
    /// let client = papilio::Client::builder().redirect_policy(|redirect| match redirect.is_downgrade() {
    ///     true => RedirectAction::Stop,
    ///     false => RedirectAction::Follow,
    /// });
    /// ```
    pub fn is_downgrade(&self) -> bool {
        self.from.scheme() == "https" && self.to.scheme() == "http"
    }
}

/// What a policy says about a [`Redirect`].
///
/// ```
/// use papilio::{Client, RedirectAction};
/// let client = Client::builder()
///     .follow_redirects(true)
///     .redirect_policy(|redirect| match redirect.is_downgrade() {
///         true => RedirectAction::Stop,
///         false => RedirectAction::Follow,
///     })
///     .build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectAction {
    /// Follow it.
    Follow,
    /// Stop here: the redirect response is the final one, with its `next_request`.
    Stop,
}

/// Decides about redirects: see `ClientBuilder::redirect_policy`.
#[derive(Clone)]
pub(crate) struct Policy(pub(crate) Arc<dyn Fn(&Redirect<'_>) -> RedirectAction + Send + Sync>);

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policy(..)")
    }
}

/// The URL a redirect response points to (RED-10..15).
///
/// # Errors
/// `RemoteProtocol` with `BadHeader` if there are several that differ, or one that is not a URL to go to.
pub(crate) fn location(from: &Url, headers: &Headers) -> Result<Url> {
    let mut locations = headers.get_all("Location");
    let location = locations.next().unwrap_or_default();
    if locations.any(|other| other != location) {
        return Err(Error::remote(
            Reason::BadHeader,
            "several Location headers that differ",
        ));
    }
    let invalid = |why: &str| {
        let message = "Invalid URL in location header";
        if location.contains('@') {
            // It may hold a password, wherever that ends.
            return Error::remote(Reason::BadHeader, message);
        }
        let shown = escaped(location.as_bytes());
        Error::remote(Reason::BadHeader, format!("{message}: {why} {shown}"))
    };
    let reference = Url::parse(&location).map_err(|e| invalid(&e.to_string()))?;
    let to = if reference.is_absolute() {
        reference
    } else if reference.scheme().is_empty() {
        from.join(&location).map_err(|e| invalid(&e.to_string()))?
    } else if reference.path().starts_with('/') {
        // A scheme without a host: the host of the request, not its port (RED-11).
        reference
            .with_host(from.raw_host())
            .map_err(|e| invalid(&e.to_string()))?
    } else {
        return Err(invalid("a scheme without a host"));
    };
    let to = if from.same_origin(&to) {
        to
    } else {
        // No server chooses the credentials for another one (SEC-306).
        to.without_userinfo()
    };
    match (from.stored_fragment(), to.stored_fragment()) {
        (Some(_), None) => to
            .with_fragment(&from.fragment())
            .map_err(|e| invalid(&e.to_string())),
        _ => Ok(to),
    }
}

/// Whether a redirect may lead there: the web, and whatever the request was for already. A server must not reach what a
/// program has mounted for itself (SEC-306).
pub(crate) fn is_open(from: &Url, to: &Url) -> bool {
    matches!(to.scheme(), "http" | "https") || to.scheme() == from.scheme()
}

/// The request to send to `to` after `request` was answered with `status`. The body moves over where the method stays;
/// what is left of `request` is good for showing.
///
/// Credentials are removed at the border of the origin and do not come back (SEC-303, SEC-304). `Cookie` is always
/// removed: the jar decides anew.
pub(crate) fn follow(
    request: &mut Request,
    status: StatusCode,
    to: Url,
    secrets: &[String],
) -> Request {
    let method = method(status, &request.method);
    let mut headers = request.headers.clone();
    let mut options = request.options.clone();
    options.extensions.remove::<RequestTarget>();
    #[cfg(feature = "tls")]
    if request.url.raw_host() != to.raw_host() {
        options.extensions.remove::<ServerName>();
    }
    headers.remove("Cookie");
    if !request.url.same_origin(&to) {
        if headers.contains("Host") {
            headers.replace("Host", to.netloc().as_bytes());
        }
        if !is_upgrade(&request.url, &to) {
            headers.remove("Authorization");
            headers.remove("Proxy-Authorization");
            // Nor are they computed anew, if the caller sends this request.
            options.auth = Choice::Off;
            headers.retain(|name, _| {
                !secrets
                    .iter()
                    .any(|secret| name.eq_ignore_ascii_case(secret))
            });
        }
    }
    let body = if method == request.method {
        match request.body.try_clone() {
            Some(body) => body,
            None => std::mem::take(&mut request.body),
        }
    } else {
        // The body goes, and what described it (RED-04, RFC 9110 section 15.4).
        headers.retain(|name, _| {
            !BODY_HEADERS
                .iter()
                .any(|gone| name.eq_ignore_ascii_case(gone))
        });
        Body::empty()
    };
    Request {
        method,
        url: to,
        headers,
        body,
        options,
    }
}

/// The headers that go with the body.
const BODY_HEADERS: [&str; 8] = [
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Expect",
    "Trailer",
];

/// RED-03, RFC 9110 section 15.4.
fn method(status: StatusCode, method: &Method) -> Method {
    match status.as_u16() {
        303 | 302 if *method != Method::HEAD => Method::GET,
        301 if *method == Method::POST => Method::GET,
        _ => method.clone(),
    }
}

/// From http on port 80 to https on port 443 of the same host: the one border credentials may cross (RED-21).
fn is_upgrade(from: &Url, to: &Url) -> bool {
    from.raw_host() == to.raw_host()
        && (from.scheme(), from.port_or_default()) == ("http", Some(80))
        && (to.scheme(), to.port_or_default()) == ("https", Some(443))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(from: &str, location: &str) -> Result<String> {
        let headers = Headers::from_pairs([("Location", location)]).unwrap();
        super::location(&Url::parse(from).unwrap(), &headers).map(|url| url.to_string())
    }

    /// VEC-40, RED-10, RED-11, RED-12, RED-13, SEC-308
    #[test]
    fn where_a_location_leads() {
        let from = "http://a.com/b/c?d=1#frag";
        for (location, expected) in [
            ("x", "http://a.com/b/x#frag"),
            ("../y", "http://a.com/y#frag"),
            ("?q=1", "http://a.com/b/c?q=1#frag"),
            ("#f", "http://a.com/b/c?d=1#f"),
            ("//o.com/z", "http://o.com/z#frag"),
            ("https:///path", "https://a.com/path#frag"),
            ("http:/x", "http://a.com/x#frag"),
            ("", "http://a.com/b/c?d=1#frag"),
            ("/a b", "http://a.com/a%20b#frag"),
            ("/é", "http://a.com/%C3%A9#frag"),
            ("https:", "https://a.com#frag"),
        ] {
            assert_eq!(to(from, location).unwrap(), expected, "{location:?}");
        }
        assert_eq!(
            to("http://a.com:8080/", "https:///p").unwrap(),
            "https://a.com/p"
        );
    }

    /// RED-14, RED-15, SEC-306
    #[test]
    fn locations_that_lead_nowhere() {
        for location in [
            "mailto:x@y",
            "http:rel",
            "javascript:alert(1)",
            "data:,x",
            "http://[::1",
            "//h:port/",
        ] {
            let error = to("http://a.com/", location).unwrap_err();
            assert_eq!(error.reason(), Some(Reason::BadHeader), "{location}");
            assert!(
                error
                    .to_string()
                    .starts_with("Invalid URL in location header"),
                "{error}"
            );
        }
        let two = |a, b| {
            let headers = Headers::from_pairs([("Location", a), ("location", b)]).unwrap();
            location(&Url::parse("http://a.com/").unwrap(), &headers)
        };
        assert_eq!(two("/x", "/x").unwrap().as_str(), "http://a.com/x");
        assert_eq!(
            two("/x", "/y").unwrap_err().reason(),
            Some(Reason::BadHeader)
        );
    }

    /// VEC-41, VEC-42, VEC-43, RED-03, RED-04, SEC-302
    #[test]
    fn method_and_body_after_a_redirect() {
        let body_stays = |method: &str, status| {
            let mut request = Request::new(method, "http://a.com/")
                .unwrap()
                .with_body("body");
            request
                .headers
                .append("Content-Type", "text/plain")
                .unwrap();
            let status = StatusCode::from_u16(status).unwrap();
            let next = follow(
                &mut request,
                status,
                Url::parse("http://a.com/n").unwrap(),
                &[],
            );
            let kept = next.content().unwrap() == b"body";
            assert_eq!(next.headers.contains("Content-Length"), kept);
            assert_eq!(next.headers.contains("Content-Type"), kept);
            (next.method.to_string(), kept)
        };
        let expected: [(&str, [&str; 5]); 5] = [
            ("POST", ["GET", "GET", "GET", "POST", "POST"]),
            ("PUT", ["PUT", "GET", "GET", "PUT", "PUT"]),
            ("DELETE", ["DELETE", "GET", "GET", "DELETE", "DELETE"]),
            ("HEAD", ["HEAD"; 5]),
            ("GET", ["GET"; 5]),
        ];
        for (method, methods) in expected {
            for (status, after) in [301, 302, 303, 307, 308].into_iter().zip(methods) {
                assert_eq!(
                    body_stays(method, status),
                    (after.to_owned(), method == after),
                    "{method} {status}"
                );
            }
        }
    }

    /// VEC-44, VEC-45, RED-20, RED-21, RED-22, RED-23, SEC-209, SEC-303
    #[test]
    fn credentials_stop_at_the_border_of_the_origin() {
        let kept = |from: &str, to: &str| {
            let mut request = Request::new("GET", from).unwrap();
            for name in [
                "Authorization",
                "Proxy-Authorization",
                "X-Api-Key",
                "Cookie",
                "X-Other",
            ] {
                request.headers.append(name, "secret").unwrap();
            }
            request.headers.replace("Host", b"custom");
            let url = Url::parse(from).unwrap().join(to).unwrap();
            let secrets = ["x-api-key".to_owned()];
            let next = follow(&mut request, StatusCode::FOUND, url, &secrets);
            assert!(!next.headers.contains("Cookie") && next.headers.contains("X-Other"));
            let crossed = next.headers.get("Host").as_deref() != Some("custom");
            let all = ["Authorization", "Proxy-Authorization", "X-Api-Key"]
                .map(|name| next.headers.contains(name));
            assert!(all == [true; 3] || all == [false; 3]);
            (all[0], crossed)
        };
        assert_eq!(kept("http://a.com", "https://a.com"), (true, true));
        assert_eq!(kept("https://a.com", "/n"), (true, false));
        assert_eq!(kept("http://a.com", "https://A.com"), (true, true));
        assert_eq!(kept("http://a.com", "http://a.com:80/x"), (true, false));
        for (from, to) in [
            ("http://a.com:8080", "https://a.com"),
            ("https://a.com", "http://a.com"),
            ("https://a.com", "https://b.a.com"),
            ("https://a.com", "https://a.com:444"),
            ("http://a.com", "https://a.com:8443"),
            ("http://a.com", "http://b.com"),
        ] {
            assert_eq!(kept(from, to), (false, true), "{from} {to}");
        }
    }
}
