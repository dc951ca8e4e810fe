//! `RequestBuilder<S, B>`: everything one request can be told, once for both clients.
//!
//! Owns collecting and checking. `S` is what sends it (a client, or the one-shot client of the top-level functions);
//! `B` says whether the method takes a body. Merging with the client's defaults is in `flow/defaults.rs`, sending in the
//! drivers.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use http::Method;

use crate::error::{Error, Kind, Result};
use crate::flow::auth::{BearerAuth, IntoAuth};
use crate::flow::defaults::{Defaults, Draft};
use crate::models::body::Body;
use crate::models::config::Timeout;
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
#[cfg(feature = "multipart")]
use crate::models::multipart::{Boundary, Form};
use crate::models::query::QueryParams;
use crate::models::request::{Choice, IntoMethod, Options, Request, RequestTarget};
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
    cookies: Option<Cookies>,
    options: Options,
    error: Option<Error>,
    takes: PhantomData<B>,
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
            cookies: None,
            options: Options::default(),
            error,
            takes: PhantomData,
        }
    }

    /// Adds a header. A client's default of that name gives way; calling this twice adds two.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.headers.append(name, value) {
            self.fail(error);
        }
        self
    }

    /// Adds headers.
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
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.options.timeout = Some(timeout.into());
        self
    }

    /// No time limit at all for this request.
    pub fn no_timeout(self) -> Self {
        self.timeout(Timeout::none())
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
    #[doc(alias = "bearer_auth")]
    pub fn bearer(self, token: impl AsRef<[u8]>) -> Self {
        self.auth(BearerAuth::new(token))
    }

    /// Switches the client's authentication off; user and password in the URL still apply.
    pub fn no_auth(mut self) -> Self {
        self.options.auth = Choice::Off;
        self
    }

    /// Whether redirects of this request are followed, in place of the client's setting.
    pub fn follow_redirects(mut self, on: bool) -> Self {
        self.options.follow_redirects = Some(on);
        self
    }

    /// Adds a cookie for this one request, besides those of the client's jar. It is not kept, and not sent on redirects.
    pub fn cookie(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let cookies = self.cookies.get_or_insert_with(Cookies::new);
        if let Err(error) = cookies.set(name, value) {
            self.fail(error);
        }
        self
    }

    /// Adds cookies for this one request, as [`cookie`](Self::cookie) does.
    pub fn cookies(mut self, cookies: impl Into<Cookies>) -> Self {
        self.cookies
            .get_or_insert_with(Cookies::new)
            .update(&cookies.into());
        self
    }

    /// Sends this as the request target in place of the URL's path and query: `*`, `host:port` or an absolute URL.
    pub fn target(self, target: impl AsRef<[u8]>) -> Self {
        self.extension(RequestTarget::new(target))
    }

    /// Adds a typed value to the request's extensions.
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
        let draft = Draft {
            method: self.method,
            url,
            headers: self.headers,
            params: self.params,
            body: self.body,
            content_type: self.body_kind.and_then(|(_, content_type)| content_type),
            cookies: self.cookies,
            options: self.options,
        };
        defaults.apply(draft, jar, SystemTime::now())
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    fn set_body(
        &mut self,
        kind: &'static str,
        content_type: Option<&'static str>,
        body: Result<Body>,
    ) {
        let content_type = content_type.map(Cow::Borrowed);
        let before = self.body_kind.replace((kind, content_type));
        if let Some((before, _)) = before.filter(|(before, _)| *before != kind) {
            return self.refuse_second(before, kind);
        }
        #[cfg(feature = "multipart")]
        if self.multipart.is_some() && kind != "form" {
            return self.refuse_second("multipart", kind);
        }
        match body {
            Ok(body) => self.body = body,
            Err(error) => self.fail(error),
        }
    }

    fn refuse_second(&mut self, first: &str, second: &str) {
        self.fail(Error::new(
            Kind::Config,
            format!("a request has one body: both {first} and {second} were given"),
        ));
    }

    /// Makes the body of fields and form. A boundary in a Content-Type of the caller's is used, and one that is missing
    /// there is added (MPF-10).
    #[cfg(feature = "multipart")]
    fn encode(&mut self, form: Form, defaults: &Defaults) -> Result<()> {
        let given = self
            .headers
            .get_bytes("Content-Type")
            .or_else(|| defaults.headers.get_bytes("Content-Type"));
        let boundary = Boundary::for_request(given)?;
        if let Some(completed) = given.and_then(|given| boundary.completed(given)) {
            self.headers.replace("Content-Type", &completed);
        }
        let fields = QueryParams::from(self.body.as_bytes().unwrap_or_default());
        self.body = form.encode(&fields, &boundary)?;
        self.body_kind = Some(("multipart", Some(boundary.content_type().into())));
        Ok(())
    }
}

/// Bodies; one of them. Two of different kinds are an error.
impl<S> RequestBuilder<S, WithBody> {
    /// Sends these bytes, this text, file or stream as they are, without a Content-Type.
    ///
    /// Empty bytes and text are no body.
    #[doc(alias = "content")]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.set_body("body", None, Ok(body.into()));
        self
    }

    /// Sends form fields, `application/x-www-form-urlencoded`: pairs, a map, text, or [`QueryParams`].
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.post("http://e.com/").form([("name", "Ada L"), ("age", "36")]).build()?;
    /// assert_eq!(request.content()?, b"name=Ada+L&age=36");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "data")]
    pub fn form(mut self, fields: impl Into<QueryParams>) -> Self {
        let body = Body::from(fields.into().to_string());
        self.set_body("form", Some("application/x-www-form-urlencoded"), Ok(body));
        self
    }

    /// Sends a form of fields and files, `multipart/form-data`. Fields given by [`form`](Self::form) come first; without
    /// any part they are sent as that method does.
    ///
    /// Each request has a random boundary. A `Content-Type: multipart/form-data` of yours stays, and its boundary is
    /// used; it must be a token, and no line of content in memory may begin with it. Streams are not searched.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    ///
    /// let client = papilio::Client::new();
    /// let form = Form::new().text("a", 1).part("f", Part::bytes("abc").file_name("n.txt"));
    /// let request = client.post("http://e.com/").multipart(form).build()?;
    /// assert_eq!(request.body.len(), request.headers.get("Content-Length").and_then(|n| n.parse().ok()));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "files")]
    #[cfg(feature = "multipart")]
    pub fn multipart(mut self, form: Form) -> Self {
        match self.body_kind {
            Some((before, _)) if before != "form" => self.refuse_second(before, "multipart"),
            _ => self.multipart = Some(form),
        }
        self
    }

    /// Sends a value as JSON, `application/json`, without spaces and in UTF-8. Non-finite floats become `null`.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.post("http://e.com/").json(&serde_json::json!({"a": [1, "é"]})).build()?;
    /// assert_eq!(request.content()?, r#"{"a":[1,"é"]}"#.as_bytes());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json(mut self, value: &(impl serde::Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(value).map(Body::from).map_err(|e| {
            Error::new(Kind::Json, "the value cannot be written as JSON").with_source(e)
        });
        self.set_body("json", Some("application/json"), body);
        self
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
