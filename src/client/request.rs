//! `RequestBuilder<S, B>`: everything one request can be told, once for both clients.
//!
//! Owns collecting and checking. `S` is what sends it (a client, or the one-shot client of the top-level functions);
//! `B` says whether the method takes a body. Merging with the client's defaults is in `flow/defaults.rs`, sending in the
//! drivers.

mod body;
mod interim;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Instant, SystemTime};

use http::Method;

use crate::error::{Error, Result};
use crate::flow::auth::{BearerAuth, IntoAuth};
use crate::flow::defaults::{Defaults, Draft};
use crate::models::body::{Body, Trailers};
use crate::models::cancel::CancelToken;
use crate::models::config::Timeout;
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
#[cfg(feature = "multipart")]
use crate::models::multipart::Form;
use crate::models::query::QueryParams;
use crate::models::request::{Choice, IntoMethod, Options, Request, RequestTarget};
use crate::models::timings::Stopwatch;
#[cfg(feature = "tls")]
use crate::models::tls::ServerName;
use crate::models::trace::{Event, Trace};
use crate::models::url::{IntoUrl, Url};

/// A request being put together.
///
/// A setting that makes no sense is kept until the request is built or sent, which returns its error. `get`, `head`,
/// `options` and `delete` give a builder without body methods; `request` gives one with them for any method.
///
/// ```
/// let client = papilio::Client::new();
/// let request = client
///     .post("https://example.org/items")
///     .query([("dry-run", "yes")])
///     .header("X-Trace", "7")
///     .body("text")
///     .build()?;
/// assert_eq!(request.url.as_str(), "https://example.org/items?dry-run=yes");
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct RequestBuilder<S, B = WithBody> {
    pub(crate) sender: S,
    method: Method,
    url: Option<Url>,
    headers: Headers,
    params: Option<QueryParams>,
    body: Body,
    /// Which kind of body was set, and its media type.
    body_kind: Option<(&'static str, Option<Cow<'static, str>>)>,
    /// Becomes the body once every header is known; a form stands before it.
    #[cfg(feature = "multipart")]
    multipart: Option<Form>,
    trailers: Option<Trailers>,
    cookies: Option<Cookies>,
    options: Options,
    error: Option<Error>,
    takes: PhantomData<B>,
}

/// A request without a client.
impl Request {
    /// Starts a request that carries nothing but what it is told, `Host` and the headers of its body: no client's
    /// defaults, no client's cookies.
    ///
    /// ```
    /// use papilio::Request;
    ///
    /// let request = Request::builder("POST", "http://example.org/?a=1")
    ///     .query([("b", "2")])
    ///     .cookie("id", "42")
    ///     .form([("name", "Ada")])
    ///     .build()?;
    /// assert_eq!(request.url.as_str(), "http://example.org/?a=1&b=2");
    /// assert_eq!(request.headers.get("cookie").as_deref(), Some("id=42"));
    /// assert!(!request.headers.contains("User-Agent"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder(method: impl IntoMethod, url: impl IntoUrl) -> RequestBuilder<()> {
        RequestBuilder::new((), method, url)
    }
}

impl<B> RequestBuilder<(), B> {
    /// The request, for any client to [`send`](crate::Client::send).
    ///
    /// # Errors
    /// The first setting that made no sense, by its kind.
    ///
    /// ```
    /// use papilio::Request;
    /// let request = Request::builder("GET", "https://www.example.org/").header("Accept", "text/plain").build()?;
    /// assert_eq!(request.headers.get("Host").as_deref(), Some("www.example.org"));
    /// assert!(Request::builder("GET", "https://[").build().is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn build(self) -> Result<Request> {
        self.finish(&Defaults::default(), &Cookies::new())
    }
}

/// The request may have a body.
///
/// ```
/// use papilio::{Client, NoBody, RequestBuilder, WithBody};
/// let client = Client::new();
/// let put: RequestBuilder<&Client, WithBody> = client.put("http://example.org/").body("text");
/// let get: RequestBuilder<&Client, NoBody> = client.get("http://example.org/");
/// ```
#[derive(Debug)]
pub enum WithBody {}

/// The request has no body; see [`WithBody`].
///
/// ```
/// let client = papilio::Client::new();
/// let get: papilio::RequestBuilder<&papilio::Client, papilio::NoBody> = client.get("http://example.org/");
/// ```
#[derive(Debug)]
pub enum NoBody {}

impl<S, B> RequestBuilder<S, B> {
    pub(crate) fn new(sender: S, method: impl IntoMethod, url: impl IntoUrl) -> Self {
        let mut error = None;
        let method = method.into_method().unwrap_or_else(|e| {
            error = Some(e);
            Method::GET
        });
        let url = url.into_url().map_err(|e| error.get_or_insert(e)).ok();
        Self {
            sender,
            method,
            url,
            headers: Headers::new(),
            params: None,
            body: Body::empty(),
            body_kind: None,
            #[cfg(feature = "multipart")]
            multipart: None,
            trailers: None,
            cookies: None,
            options: Options::default(),
            error,
            takes: PhantomData,
        }
    }

    /// Adds a header. A client's default of that name gives way; calling this twice adds two.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.get("https://www.example.org/").header("Accept", "text/plain").header("X-A", "1").header("X-A", "2").build()?;
    /// assert_eq!(request.headers.get("accept").as_deref(), Some("text/plain"));
    /// assert_eq!(request.headers.get_all("x-a").collect::<Vec<_>>(), ["1", "2"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.headers.append(name, value) {
            self.fail(error);
        }
        self
    }

    /// Adds headers.
    ///
    /// ```
    /// use papilio::{Client, Headers};
    /// let headers = Headers::from_pairs([("Accept", "text/plain"), ("X-Trace", "7")])?;
    /// let request = Client::new().get("https://www.example.org/").headers(&headers).build()?;
    /// assert_eq!(request.headers.get("X-Trace").as_deref(), Some("7"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn headers(mut self, headers: &Headers) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Adds query parameters: text such as `"a=1&b=2"`, pairs, a map, or [`QueryParams`]. One whose key is in the URL's
    /// own query, or among the client's, replaces it; the rest of the URL's query stays as it was written.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.get("http://e.com/?x=1&y=0").query([("y", "2")]).build()?;
    /// assert_eq!(request.url.as_str(), "http://e.com/?x=1&y=2");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "params")]
    pub fn query(mut self, params: impl Into<QueryParams>) -> Self {
        let params = params.into();
        self.params = Some(match self.params.take() {
            Some(before) => before.merge(&params),
            None => params,
        });
        self
    }

    /// Time limits of this request, in place of all of the client's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use papilio::{Client, Timeout};
    /// let client = Client::new();
    /// let five = client.get("https://www.example.org/").timeout(Duration::from_secs(5)).build()?;
    /// let patient = Timeout::all(Duration::from_secs(5)).read(None);
    /// let slow = client.get("https://www.example.org/report").timeout(patient).build()?;
    /// assert_eq!(slow.timeout().unwrap().read, None);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.options.timeout = Some(timeout.into());
        self
    }

    /// No time limit at all for this request.
    ///
    /// ```
    /// use papilio::{Client, Timeout};
    /// let request = Client::new().get("https://www.example.org/events").no_timeout().build()?;
    /// assert_eq!(request.timeout(), Some(&Timeout::none()));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn no_timeout(self) -> Self {
        self.timeout(Timeout::none())
    }

    /// Ends the call once this token is cancelled, and every later read of its response: see [`CancelToken`]. Of several
    /// tokens, the client's among them, each does.
    ///
    /// ```
    /// use papilio::{CancelToken, Client, Kind};
    /// let token = CancelToken::new();
    /// token.cancel();
    /// // Nothing is sent.
    /// let error = Client::new().get("http://192.0.2.1/").cancel(&token).send().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Cancelled);
    /// assert_eq!(error.to_string(), "the call was cancelled (GET http://192.0.2.1/)");
    /// ```
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.options.cancel_with(token);
        self
    }

    /// How this request authenticates, in place of the client's way: a pair of user and password (Basic), a
    /// [`DigestAuth`](crate::DigestAuth), [`BearerAuth`](crate::BearerAuth), [`NetrcAuth`](crate::NetrcAuth), a closure,
    /// or any [`Auth`](crate::Auth).
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.get("https://example.org/").auth(("user", "password"));
    /// ```
    #[doc(alias = "basic_auth")]
    pub fn auth(mut self, auth: impl IntoAuth) -> Self {
        self.options.auth = Choice::Given(auth.into_auth());
        self
    }

    /// `Authorization: Bearer` with this token.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|request| Ok(Response::builder(200).text(request.headers.get("Authorization").unwrap_or_default())))).build()?;
    /// let response = client.get("https://www.example.org/").bearer("token").send()?;
    /// assert_eq!(response.text(), "Bearer token");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "bearer_auth")]
    pub fn bearer(self, token: impl AsRef<[u8]>) -> Self {
        self.auth(BearerAuth::new(token))
    }

    /// Switches the client's authentication off; user and password in the URL still apply.
    ///
    /// ```
    /// use papilio::Client;
    /// # use papilio::{MockTransport, Response};
    /// let client = Client::builder()
    ///     .auth(("user", "password"))
    /// #   .transport(MockTransport::new(|request| {
    /// #       assert!(!request.headers.contains("Authorization"));
    /// #       Ok(Response::builder(200).text(""))
    /// #   }))
    ///     .build()?;
    /// client.get("https://www.example.org/public").no_auth().send()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn no_auth(mut self) -> Self {
        self.options.auth = Choice::Off;
        self
    }

    /// Whether redirects of this request are followed, in place of the client's setting.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/elsewhere").text("")))).build()?;
    /// let response = client.get("https://www.example.org/").follow_redirects(false).send()?;
    /// assert_eq!(response.headers().get("Location").as_deref(), Some("/elsewhere"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn follow_redirects(mut self, on: bool) -> Self {
        self.options.follow_redirects = Some(on);
        self
    }

    /// Adds a cookie for this one request, besides those of the client's jar. It is not kept, and not sent on redirects.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.get("https://www.example.org/").cookie("theme", "dark").build()?;
    /// assert_eq!(request.headers.get("Cookie").as_deref(), Some("theme=dark"));
    /// assert!(client.cookies().is_empty());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cookie(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let cookies = self.cookies.get_or_insert_with(Cookies::new);
        if let Err(error) = cookies.set(name, value) {
            self.fail(error);
        }
        self
    }

    /// Adds cookies for this one request, as [`cookie`](Self::cookie) does.
    ///
    /// ```
    /// use papilio::{Client, Cookies};
    /// let cookies = Cookies::new();
    /// cookies.set("theme", "dark")?;
    /// cookies.set("id", "42")?;
    /// let request = Client::new().get("https://www.example.org/").cookies(cookies).build()?;
    /// assert_eq!(request.headers.get("Cookie").as_deref(), Some("theme=dark; id=42"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cookies(mut self, cookies: impl Into<Cookies>) -> Self {
        self.cookies
            .get_or_insert_with(Cookies::new)
            .update(&cookies.into());
        self
    }

    /// Sends this as the request target in place of the URL's path and query: `*`, `host:port` or an absolute URL.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// // What the server can do, rather than one of its pages.
    /// let request = client.options("https://www.example.org/").target("*").build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn target(self, target: impl AsRef<[u8]>) -> Self {
        self.extension(RequestTarget::new(target))
    }

    /// The name that TLS asks for and checks, in place of the URL's host: for a server that is reached by its address, or
    /// under another name. The `Host` header stays the URL's, and so does the name that is looked up.
    ///
    /// A redirect to another host goes by that host's own name.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.get("https://127.0.0.1/").server_name("www.example.org").build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// What cannot be a name is an error of kind [`Config`](crate::Kind::Config).
    #[cfg(feature = "tls")]
    #[doc(alias = "sni_hostname")]
    pub fn server_name(mut self, name: impl AsRef<str>) -> Self {
        match ServerName::new(name) {
            Ok(name) => self.extension(name),
            Err(error) => {
                self.fail(error);
                self
            }
        }
    }

    /// Calls this function at every event of the request on the network; see [`Trace`]. An error it returns ends the
    /// request.
    ///
    /// ```no_run
    /// let response = papilio::get("https://www.example.org/")
    ///     .trace(|event| {
    ///         println!("{event}");
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("")))).build()?;
    /// let count = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&count);
    /// client
    ///     .get("https://www.example.org/")
    ///     .trace(move |_| {
    ///         counter.fetch_add(1, Ordering::Relaxed);
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// // A mock has no network.
    /// assert_eq!(count.load(Ordering::Relaxed), 0);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn trace(
        self,
        callback: impl Fn(&Event<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.extension(Trace::new(callback))
    }

    /// Times the request, for [`Response::timings`](crate::Response::timings); its redirects and authentication rounds
    /// too.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("")))).build()?;
    /// let response = client.get("https://www.example.org/").timings().send()?;
    /// println!("{:?}", response.timings().and_then(|timings| timings.end()));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timings(self) -> Self {
        self.extension(Stopwatch::new(Instant::now()))
    }

    /// Adds a typed value to the request's extensions.
    ///
    /// ```
    /// #[derive(Clone)]
    /// struct Attempt(u32);
    ///
    /// let client = papilio::Client::new();
    /// let request = client.get("https://www.example.org/").extension(Attempt(2)).build()?;
    /// assert_eq!(request.extensions().get::<Attempt>().unwrap().0, 2);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.options.extensions.insert(value);
        self
    }

    /// The same request to be sent by another, and who would have sent it.
    pub(crate) fn replace_sender<T>(self, sender: T) -> (S, RequestBuilder<T, B>) {
        let request = RequestBuilder {
            sender,
            method: self.method,
            url: self.url,
            headers: self.headers,
            params: self.params,
            body: self.body,
            body_kind: self.body_kind,
            #[cfg(feature = "multipart")]
            multipart: self.multipart,
            trailers: self.trailers,
            cookies: self.cookies,
            options: self.options,
            error: self.error,
            takes: PhantomData,
        };
        (self.sender, request)
    }

    /// Merges with a client's defaults.
    pub(crate) fn finish(
        #[cfg_attr(
            not(feature = "multipart"),
            expect(unused_mut, reason = "only forms change it")
        )]
        mut self,
        defaults: &Defaults,
        jar: &Cookies,
    ) -> Result<Request> {
        #[cfg(feature = "multipart")]
        if let Some(form) = self.multipart.take().filter(|form| !form.is_empty())
            && let Err(error) = self.encode(form, defaults)
        {
            self.fail(error);
        }
        let (Some(url), None) = (self.url, self.error.as_ref()) else {
            return Err(self.error.unwrap_or_else(|| Error::invalid_url("no URL")));
        };
        let body = match self.trailers {
            Some(trailers) => self.body.with_trailers(trailers),
            None => self.body,
        };
        let draft = Draft {
            method: self.method,
            url,
            headers: self.headers,
            params: self.params,
            body,
            content_type: self.body_kind.and_then(|(_, content_type)| content_type),
            cookies: self.cookies,
            options: self.options,
        };
        defaults.apply(draft, jar, SystemTime::now)
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

/// Method and URL, the URL masked.
impl<S, B> fmt::Debug for RequestBuilder<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_ref().map(|url| url.masked().to_string());
        write!(
            f,
            "<RequestBuilder('{}', '{}')>",
            self.method,
            url.as_deref().unwrap_or("?")
        )
    }
}
