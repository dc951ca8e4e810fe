//! `Trailers`: the fields that are sent behind the body of a request.
//!
//! Owns which names they may have and when they are made. Does not own the bytes (`protocol/http1/encode.rs`) or the
//! trailers of responses, which are plain [`Headers`].

use std::fmt;
use std::sync::Arc;

use super::Body;
use crate::error::{Error, Result, escaped};
use crate::models::headers::{Headers, is_token_byte};

/// Fields behind the body of a request, for what is known only once the body was sent, such as a digest of it: given as
/// [`Headers`], or [`computed`](Self::computed) at the end.
///
/// Set them with [`RequestBuilder::trailers`](crate::RequestBuilder::trailers) or [`Body::with_trailers`]. The request
/// gets a `Trailer` header with their names, and over HTTP/1.1 its body is sent in chunks whatever its length.
///
/// Fields about framing, routing, authentication, caching, or the content's type and coding mean something only in front
/// of a body (RFC 9110 section 6.5.1): a request with one of them as a trailer fails with `LocalProtocol`.
///
/// ```
/// use papilio::{Body, Headers, Request};
///
/// let checksum = Headers::from_pairs([("X-Checksum", "900150983cd24fb0")])?;
/// let request = Request::builder("PUT", "http://example.org/")
///     .body(Body::from("abc").with_trailers(checksum))
///     .build()?;
/// assert_eq!(request.headers.get("Trailer").as_deref(), Some("X-Checksum"));
/// assert_eq!(request.headers.get("Transfer-Encoding").as_deref(), Some("chunked"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct Trailers {
    names: Arc<[String]>,
    fields: Fields,
}

#[derive(Clone)]
enum Fields {
    Given(Headers),
    Computed(Arc<dyn Fn() -> Result<Headers> + Send + Sync>),
}

impl Trailers {
    /// Fields of these names, made by this function each time that the body was sent to its end. It may leave some out;
    /// a field of another name is `LocalProtocol`, and so is an error of the function's own returned as it is: the
    /// request fails.
    ///
    /// ```
    /// use std::io::Read;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use papilio::{Body, Headers, Trailers};
    ///
    /// let sum = Arc::new(AtomicU64::new(0));
    /// let pieces = ["first", "second"].into_iter().inspect({
    ///     let sum = Arc::clone(&sum);
    ///     move |piece| drop(sum.fetch_add(piece.len() as u64, Relaxed))
    /// });
    /// let length = Trailers::computed(["X-Length"], move || {
    ///     Headers::from_pairs([("X-Length", sum.load(Relaxed).to_string())])
    /// });
    /// let body = Body::iter(pieces).with_trailers(length);
    /// ```
    pub fn computed<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        make: impl Fn() -> Result<Headers> + Send + Sync + 'static,
    ) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            fields: Fields::Computed(Arc::new(make)),
        }
    }

    /// The value of the `Trailer` header; nothing if there is no name.
    pub(crate) fn announcement(&self) -> Option<String> {
        (!self.names.is_empty()).then(|| self.names.join(", "))
    }

    /// Whether these names may be used.
    ///
    /// # Errors
    /// `LocalProtocol`.
    pub(crate) fn check(&self) -> Result<()> {
        for name in &*self.names {
            if name.is_empty() || !name.bytes().all(is_token_byte) {
                let name = escaped(name.as_bytes());
                return Err(Error::local(format!("Invalid trailer name {name}")));
            }
            if is_forbidden(name) {
                return Err(Error::local(format!(
                    "The field {name} means nothing in a trailer and must not be sent in one"
                )));
            }
        }
        Ok(())
    }

    /// The fields, once the body was sent.
    ///
    /// # Errors
    /// Those of the function that makes them; `LocalProtocol` for a name that was not announced.
    pub(crate) fn fields(&self) -> Result<Headers> {
        let fields = match &self.fields {
            Fields::Given(fields) => fields.clone(),
            Fields::Computed(make) => make()?,
        };
        for (name, _) in &fields {
            if !self.names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                return Err(Error::local(format!(
                    "The trailer {name} is none of those that were announced"
                )));
            }
        }
        Ok(fields)
    }
}

/// Known already.
impl From<Headers> for Trailers {
    fn from(fields: Headers) -> Self {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &fields {
            if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        Self {
            names: names.into(),
            fields: Fields::Given(fields),
        }
    }
}

/// Their names.
impl fmt::Debug for Trailers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trailers").field(&self.names).finish()
    }
}

impl Body {
    /// The same body with fields behind it, in place of those it had; see [`Trailers`]. A body of known length is sent
    /// in chunks then, over HTTP/1.1, and no body at all becomes one of no bytes.
    ///
    /// ```
    /// use papilio::{Body, Headers};
    /// let body = Body::from("abc").with_trailers(Headers::from_pairs([("X-Checksum", "900150983cd24fb0")])?);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_trailers(mut self, trailers: impl Into<Trailers>) -> Self {
        self.trailers = Some(Box::new(trailers.into()));
        self
    }

    /// The fields to be sent behind it.
    pub(crate) fn trailers(&self) -> Option<&Trailers> {
        self.trailers.as_deref()
    }

    /// Whether its trailers can be sent behind a head with these headers.
    ///
    /// # Errors
    /// `LocalProtocol`.
    pub(crate) fn check_trailers(&self, headers: &Headers) -> Result<()> {
        let Some(trailers) = &self.trailers else {
            return Ok(());
        };
        trailers.check()?;
        if headers.contains("Content-Length") || !headers.contains("Transfer-Encoding") {
            return Err(Error::local(
                "A request with trailers has 'Transfer-Encoding: chunked' and no Content-Length",
            ));
        }
        Ok(())
    }
}

/// Fields that are needed before the body, or that would change what the message is (RFC 9110 section 6.5.1).
fn is_forbidden(name: &str) -> bool {
    let conditional = name
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("if-"));
    conditional
        || FORBIDDEN
            .iter()
            .any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}

const FORBIDDEN: [&str; 35] = [
    // Framing and the connection.
    "Connection",
    "Content-Length",
    "HTTP2-Settings",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    // Routing.
    "Forwarded",
    "Host",
    "Location",
    "Max-Forwards",
    "Via",
    // How to treat the request.
    "Cache-Control",
    "Expect",
    "Pragma",
    "Prefer",
    "Range",
    "Retry-After",
    // Who is asking.
    "Authorization",
    "Cookie",
    "Cookie2",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Set-Cookie",
    "WWW-Authenticate",
    // What the content is.
    "Content-Encoding",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    // When it is fresh.
    "Age",
    "Expires",
    "Vary",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn fields(names: &[&str]) -> Headers {
        Headers::from_pairs(names.iter().map(|name| (*name, "x"))).unwrap()
    }

    /// WSH-08, SEC-207: no field that changes what the message is.
    #[test]
    fn names_that_may_follow_a_body() {
        for name in FORBIDDEN.iter().chain(&["If-Match", "if-none-match"]) {
            for name in [name.to_lowercase(), name.to_uppercase()] {
                let error = Trailers::from(fields(&[&name])).check().unwrap_err();
                assert_eq!(error.kind(), Kind::LocalProtocol, "{name}");
            }
        }
        for name in ["Content-Digest", "ETag", "Server-Timing", "X-If", "I"] {
            assert!(Trailers::from(fields(&[name])).check().is_ok(), "{name}");
        }
        for name in ["", "a b", "a\r\nb", "é"] {
            let trailers = Trailers::computed([name], || Ok(Headers::new()));
            assert!(trailers.check().is_err(), "{name:?}");
        }
    }

    /// WSH-08
    #[test]
    fn announced_once_and_made_at_the_end() {
        let given = Trailers::from(fields(&["A", "b", "a"]));
        assert_eq!(given.announcement().as_deref(), Some("A, b"));
        assert_eq!(given.fields().unwrap().len(), 3);
        let computed = |names: &'static [&str]| {
            Trailers::computed(["A", "B"], move || Ok(fields(names))).fields()
        };
        assert_eq!(computed(&["b"]).unwrap().len(), 1);
        assert!(computed(&["A", "C"]).is_err());
        let failing = Trailers::computed(["A"], || Err(Error::new(Kind::Custom, "no")));
        assert_eq!(failing.fields().unwrap_err().kind(), Kind::Custom);
    }

    /// WSH-08: whatever becomes of the body.
    #[test]
    fn they_stay_with_the_body() {
        let tail = || Trailers::from(fields(&["A"]));
        let mut body = Body::reader(&b"xx"[..]).with_trailers(tail());
        body.buffer().unwrap();
        let copy = body.try_clone().unwrap();
        assert!(copy.trailers().is_some() && copy.is_replayable());
        let watched = copy.on_progress(|_, _| {});
        assert!(watched.trailers().is_some());
        let mut made = Body::factory(move || Body::from("x").with_trailers(tail()));
        made.lend(&mut [0; 8]).unwrap();
        made.prepare().unwrap();
        assert!(made.trailers().is_some());
        let nothing = Body::empty().with_trailers(tail());
        assert_eq!((nothing.is_empty(), nothing.len()), (false, Some(0)));
    }
}
