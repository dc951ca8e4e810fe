//! `Request`: method, URL, headers, body and options of one message.
//!
//! Owns the value and the headers that follow from URL and body. Does not own client defaults (`flow/defaults.rs`),
//! the builder (`client/request.rs`) or the bytes on the wire (`protocol/http1/encode.rs`).

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Extensions, Method};

use crate::error::{Error, Kind, Result, escaped};
use crate::models::auth::Auth;
use crate::models::body::{Body, Trailers};
use crate::models::cancel::CancelToken;
use crate::models::config::Timeout;
use crate::models::headers::Headers;
use crate::models::informational::{OfClient, OnInformational};
use crate::models::timings::Stopwatch;
use crate::models::trace::Trace;
use crate::models::url::{IntoUrl, Url};

/// A request, complete and ready to send.
///
/// A client's `build` makes one with the client's defaults merged in; [`Request::new`] makes one by hand, which then
/// carries nothing but `Host` and the headers of its body. [`send`](crate::Client::send) transmits either as it is.
///
/// ```
/// use papilio::Request;
///
/// let mut request = Request::new("post", "http://example.org/")?.with_body("hello");
/// assert_eq!(request.method, "POST");
/// assert_eq!(request.headers.get("content-length").as_deref(), Some("5"));
/// request.headers.append("X-Mine", "yes")?;
/// # Ok::<(), papilio::Error>(())
/// ```
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL, absolute by the time it is sent.
    pub url: Url,
    /// The headers. `Host` is the first on the wire wherever it stands here.
    pub headers: Headers,
    /// The body. Its headers were set when it was given; set them again when replacing it.
    pub body: Body,
    pub(crate) options: Options,
}

/// What a request says about its sending.
#[derive(Default, Clone)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) auth: Choice<Arc<dyn Auth>>,
    pub(crate) follow_redirects: Option<bool>,
    /// When the call this request belongs to began: its total limit counts from there.
    pub(crate) started: Option<Instant>,
    pub(crate) cancel: Option<CancelToken>,
    pub(crate) extensions: Extensions,
}

impl Options {
    /// Adds a token to those that end the call.
    pub(crate) fn cancel_with(&mut self, token: &CancelToken) {
        self.cancel = Some(match &self.cancel {
            Some(other) => other.joined(token),
            None => token.clone(),
        });
    }
}

/// A setting of a request that the client has too.
#[derive(Default, Clone)]
pub(crate) enum Choice<T> {
    /// As the client has it.
    #[default]
    Default,
    /// Not at all, whatever the client has.
    Off,
    Given(T),
}

/// The request target to send in place of the URL's path and query: `*` for OPTIONS, `host:port` for CONNECT, an
/// absolute URL. Visible ASCII only. Set it in [`Request::extensions_mut`].
///
/// ```
/// use papilio::{Request, RequestTarget};
/// let mut request = Request::new("OPTIONS", "http://example.org")?;
/// request.extensions_mut().insert(RequestTarget::new("*"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "target")]
pub struct RequestTarget(pub(crate) Bytes);

impl RequestTarget {
    /// These bytes, verbatim.
    ///
    /// ```
    /// # use papilio::{Request, RequestTarget};
    /// let mut request = Request::new("OPTIONS", "http://example.org")?;
    /// request.extensions_mut().insert(RequestTarget::new("*"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(target: impl AsRef<[u8]>) -> Self {
        Self(Bytes::copy_from_slice(target.as_ref()))
    }
}

impl Request {
    /// A request by hand: `Host`, and `Content-Length: 0` where the method asks for one.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`] if the method is not a token, [`Kind::InvalidUrl`] if the URL cannot be parsed.
    ///
    /// ```
    /// # use papilio::Request;
    /// let request = Request::new("GET", "http://example.org/")?;
    /// assert_eq!(request.headers.len(), 1);
    /// assert_eq!(request.headers.get("Host").as_deref(), Some("example.org"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(method: impl IntoMethod, url: impl IntoUrl) -> Result<Self> {
        let mut request = Self::raw(method, url, Body::empty())?;
        request
            .headers
            .push("Host", request.url.netloc().as_bytes());
        if expects_body(&request.method) {
            request.headers.push("Content-Length", b"0");
        }
        Ok(request)
    }

    /// The method, the URL and a body, and no header at all: not even `Host`, without which nothing is sent, nor those
    /// that announce the body.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// # use papilio::{Body, Request};
    /// let request = Request::raw("GET", "http://example.org/", Body::empty())?;
    /// assert!(request.headers.is_empty());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "with_stream")]
    pub fn raw(method: impl IntoMethod, url: impl IntoUrl, body: Body) -> Result<Self> {
        Ok(Self {
            method: method.into_method()?,
            url: url.into_url()?,
            headers: Headers::new(),
            body,
            options: Options::default(),
        })
    }

    /// The same request with this body and the headers that announce it; a `Content-Length` or `Transfer-Encoding` of
    /// yours other than the automatic zero stays.
    ///
    /// ```
    /// # use papilio::Request;
    /// let request = Request::new("PUT", "http://example.org/")?.with_body("four");
    /// assert_eq!(request.headers.get("Content-Length").as_deref(), Some("4"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        if self.headers.get_bytes("Content-Length") == Some(b"0") {
            self.headers.remove("Content-Length");
        }
        add_body_headers(&mut self.headers, &self.method, &self.body, None);
        self
    }

    /// The body as bytes, if it is in memory.
    ///
    /// # Errors
    /// [`Kind::RequestNotRead`] for a stream; `request.body.buffer()` reads it.
    ///
    /// ```
    /// # use papilio::Request;
    /// let request = Request::new("POST", "http://example.org/")?.with_body("hello");
    /// assert_eq!(request.content()?, b"hello");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn content(&self) -> Result<&[u8]> {
        self.body.as_bytes().ok_or_else(|| {
            Error::new(
                Kind::RequestNotRead,
                "the request body is a stream that was not read into memory",
            )
        })
    }

    /// The time limits of this request, if it has its own.
    ///
    /// ```
    /// # use papilio::Request;
    /// assert!(Request::new("GET", "http://example.org/")?.timeout().is_none());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timeout(&self) -> Option<&Timeout> {
        self.options.timeout.as_ref()
    }

    /// Gives this request time limits of its own.
    ///
    /// ```
    /// # use papilio::Request;
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// request.set_timeout(std::time::Duration::from_secs(3));
    /// assert_eq!(request.timeout().unwrap().read, Some(std::time::Duration::from_secs(3)));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.options.timeout = Some(timeout.into());
    }

    /// Ends the call of this request once this token is cancelled, besides tokens that were given before.
    ///
    /// ```
    /// use papilio::{CancelToken, Client, Kind, Request};
    /// let token = CancelToken::new();
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// request.set_cancel(&token);
    /// token.cancel();
    /// assert_eq!(Client::new().send(request).unwrap_err().kind(), Kind::Cancelled);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_cancel(&mut self, token: &CancelToken) {
        self.options.cancel_with(token);
    }

    /// What may end the call of this request: for transports and hooks that wait by themselves.
    ///
    /// ```
    /// use papilio::{CancelToken, Request};
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// assert!(request.cancel_token().is_none());
    /// request.set_cancel(&CancelToken::new());
    /// assert!(!request.cancel_token().unwrap().is_cancelled());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cancel_token(&self) -> Option<&CancelToken> {
        self.options.cancel.as_ref()
    }

    /// The open map of extensions: typed values by type.
    ///
    /// ```
    /// # use papilio::Request;
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// request.extensions_mut().insert(7_u8);
    /// assert_eq!(request.extensions().get::<u8>(), Some(&7));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn extensions(&self) -> &Extensions {
        &self.options.extensions
    }

    /// The open map of extensions, to add to.
    ///
    /// ```
    /// # use papilio::Request;
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// request.extensions_mut().insert("a note");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.options.extensions
    }

    /// Puts a stopwatch at zero for the exchange that begins, if one is wanted.
    pub(crate) fn restart_stopwatch(&mut self, wanted: bool, now: Instant) {
        let extensions = &mut self.options.extensions;
        if wanted || extensions.get::<Stopwatch>().is_some() {
            extensions.insert(Stopwatch::new(now));
        }
    }

    /// Tells the client's callback of the interim responses from now on, or nobody.
    pub(crate) fn tell_client(&mut self, callback: Option<&OnInformational>) {
        let extensions = &mut self.options.extensions;
        match callback {
            Some(callback) => drop(extensions.insert(OfClient(callback.clone()))),
            None if extensions.is_empty() => {}
            None => drop(extensions.remove::<OfClient>()),
        }
    }

    /// Whether the body waits for the word of the server: it asks for `100 Continue`, and there is a body (RFC 9110
    /// section 10.1.1).
    pub(crate) fn expects_continue(&self) -> bool {
        !self.body.is_empty()
            && self
                .headers
                .get_list_split("Expect")
                .iter()
                .any(|expected| expected.eq_ignore_ascii_case("100-continue"))
    }

    /// Lets whoever watches the other request watch this one, which is sent for it.
    pub(crate) fn watch_like(&mut self, other: &Self) {
        let (mine, theirs) = (&mut self.options.extensions, &other.options.extensions);
        if let Some(trace) = theirs
            .get::<Trace>()
            .filter(|_| mine.get::<Trace>().is_none())
        {
            mine.insert(trace.clone());
        }
        if let Some(callback) = theirs
            .get::<OnInformational>()
            .filter(|_| mine.get::<OnInformational>().is_none())
        {
            mine.insert(callback.clone());
        }
        if let Some(stopwatch) = theirs.get::<Stopwatch>() {
            mine.insert(stopwatch.clone());
        }
    }

    /// A copy to show; a body that streams is left out.
    pub(crate) fn shown(&self) -> Self {
        Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.try_clone().unwrap_or_default(),
            options: self.options.clone(),
        }
    }

    /// A copy, if the body is in memory.
    ///
    /// ```
    /// # use papilio::{Body, Request};
    /// let request = Request::new("POST", "http://example.org/")?.with_body("hello");
    /// assert!(request.try_clone().is_some());
    /// let request = request.with_body(Body::reader(std::io::empty()));
    /// assert!(request.try_clone().is_none());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn try_clone(&self) -> Option<Self> {
        let body = self.body.try_clone()?;
        Some(Self {
            body,
            ..self.shown()
        })
    }
}

/// Method and URL, the URL masked.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Request('{}', '{}')>", self.method, self.url.masked())
    }
}

/// What can name a method: text, upper-cased, or a [`Method`], as it is.
///
/// ```
/// use papilio::{Method, Request};
/// assert_eq!(Request::new("patch", "http://example.org/")?.method, Method::PATCH);
/// assert_eq!(Request::new(Method::PUT, "http://example.org/")?.method, "PUT");
/// assert!(Request::new("GET IT", "http://example.org/").is_err());
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoMethod: sealed::Sealed {
    /// The method.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`] if the text is not an RFC 9110 token.
    ///
    /// ```
    /// use papilio::IntoMethod;
    /// assert_eq!("get".into_method()?, papilio::Method::GET);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    fn into_method(self) -> Result<Method>;
}

impl IntoMethod for Method {
    fn into_method(self) -> Result<Method> {
        Ok(self)
    }
}

impl IntoMethod for &Method {
    fn into_method(self) -> Result<Method> {
        Ok(self.clone())
    }
}

impl IntoMethod for &str {
    fn into_method(self) -> Result<Method> {
        Method::from_bytes(self.to_ascii_uppercase().as_bytes())
            .map_err(|_| Error::local(format!("Invalid method {}", escaped(self.as_bytes()))))
    }
}

impl IntoMethod for &String {
    fn into_method(self) -> Result<Method> {
        self.as_str().into_method()
    }
}

impl IntoMethod for String {
    fn into_method(self) -> Result<Method> {
        self.as_str().into_method()
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
    impl Sealed for http::Method {}
    impl Sealed for &http::Method {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for String {}
}

/// Whether the method announces a length even without a body (RFC 9110 section 8.6).
pub(crate) fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Adds the headers that announce the body, where the caller has not set them. `Content-Length: 0` of an empty body is
/// the caller's business, because it stands in front.
pub(crate) fn add_body_headers(
    headers: &mut Headers,
    method: &Method,
    body: &Body,
    content_type: Option<&str>,
) {
    if body.is_empty() && !expects_body(method) {
        return;
    }
    let framed = headers.contains("Content-Length") || headers.contains("Transfer-Encoding");
    match body.len() {
        _ if framed => {}
        // Only a body in chunks has something behind it (RFC 9112 section 7.1.2).
        _ if body.trailers().is_some() => headers.push("Transfer-Encoding", b"chunked"),
        Some(length) => headers.push("Content-Length", length.to_string().as_bytes()),
        None => headers.push("Transfer-Encoding", b"chunked"),
    }
    if body.is_empty() {
        return;
    }
    if let Some(announcement) = body.trailers().and_then(Trailers::announcement)
        && !headers.contains("Trailer")
    {
        headers.push("Trailer", announcement.as_bytes());
    }
    if let Some(content_type) = content_type.filter(|_| !headers.contains("Content-Type")) {
        headers.push("Content-Type", content_type.as_bytes());
    }
}
