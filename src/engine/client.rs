//! `BaseClient`: what a client is, whoever waits for it.
//!
//! Owns the send loop and the life of the client. Does not own what is decided about a request (`flow/`), settings
//! (`client/`) or the network (`engine/transport.rs`).

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use http::Method;

use crate::client::request::{NoBody, RequestBuilder, WithBody};
use crate::client::{Config, Network};
use crate::connection::deadline::Deadlines;
use crate::connection::pool::client_closed;
use crate::engine::builder::Hooks;
use crate::engine::drive::unless_cancelled;
use crate::engine::exchange::buffer;
use crate::engine::transport::BaseHttpTransport;
use crate::engine::{Driver, Streaming};
use crate::error::{Error, Phase, Result};
use crate::flow::auth::IntoAuth;
use crate::flow::defaults::default_headers;
use crate::flow::route::Routes;
use crate::flow::{Flow, Next, Rules, Verdict};
use crate::models::auth::Auth;
use crate::models::cancel::CancelToken;
use crate::models::config::Timeout;
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
use crate::models::query::QueryParams;
use crate::models::record;
use crate::models::request::{IntoMethod, Request};
use crate::models::url::{IntoUrl, Url};
use crate::protocol::content::accept_encoding;

/// What the clients of all drivers are: a [`Client`](crate::Client) blocks, an `AsyncClient` is awaited.
///
/// A clone shares connections with its original; settings changed on one clone are its own.
///
/// After `fork(2)` a client is of use to one of the two processes at most, as both would have its connections: build a
/// client after the fork.
///
/// ```
/// let client: papilio::BaseClient<papilio::Blocking> = papilio::Client::new();
/// assert!(client.headers().contains("Accept"));
/// ```
pub struct BaseClient<D: Driver> {
    pub(super) config: Arc<Config>,
    pub(crate) hooks: Arc<Hooks<D>>,
    pub(super) core: Arc<Core<D>>,
}

/// What clones share.
pub(super) struct Core<D: Driver> {
    pub(super) transport: Arc<D::Transport>,
    /// The same transport, if it is the network: to show its pool.
    pub(super) http: Option<Arc<BaseHttpTransport<D>>>,
    pub(super) mounts: Routes<Option<Arc<D::Transport>>>,
    pub(super) cookies: Cookies,
    pub(super) network: Arc<Network>,
    pub(super) closed: AtomicBool,
}

impl<D: Driver> BaseClient<D> {
    /// A GET request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// let response = client.get("https://www.example.org/").query([("page", "2")]).send()?;
    /// assert_eq!(response.text(), "hello");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder::new(self, Method::GET, url)
    }

    /// A HEAD request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).header("Content-Length", "1000000").text("")))).build()?;
    /// let response = client.head("https://www.example.org/large.bin").send()?;
    /// assert_eq!(response.headers().get("Content-Length").as_deref(), Some("1000000"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder::new(self, Method::HEAD, url)
    }

    /// An OPTIONS request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(204).header("Allow", "GET, PUT").text("")))).build()?;
    /// let response = client.options("https://www.example.org/a").send()?;
    /// assert_eq!(response.headers().get("Allow").as_deref(), Some("GET, PUT"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn options(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder::new(self, Method::OPTIONS, url)
    }

    /// A DELETE request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(204).text("")))).build()?;
    /// client.delete("https://www.example.org/a").send()?.error_for_status()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder::new(self, Method::DELETE, url)
    }

    /// A POST request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(201).text("")))).build()?;
    /// let response = client.post("https://www.example.org/people").form([("name", "Ada")]).send()?;
    /// assert_eq!(response.status(), 201);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder<&Self, WithBody> {
        RequestBuilder::new(self, Method::POST, url)
    }

    /// A PUT request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(204).text("")))).build()?;
    /// client.put("https://www.example.org/a").header("Content-Type", "text/plain").body("text").send()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder<&Self, WithBody> {
        RequestBuilder::new(self, Method::PUT, url)
    }

    /// A PATCH request.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(204).text("")))).build()?;
    /// client.patch("https://www.example.org/a").json(&[1, 2]).send()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder<&Self, WithBody> {
        RequestBuilder::new(self, Method::PATCH, url)
    }

    /// A request of any method, with or without a body. A method given as text is upper-cased.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.request("report", "https://www.example.org/").body("<sync/>").build()?;
    /// assert_eq!(request.method, "REPORT");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "build_request")]
    pub fn request(
        &self,
        method: impl IntoMethod,
        url: impl IntoUrl,
    ) -> RequestBuilder<&Self, WithBody> {
        RequestBuilder::new(self, method, url)
    }

    /// Sends a request as it is, and what follows from its answers, up to the head of the last response. The request in
    /// play stays where it is until its response takes it along: moving it costs more than most of what is done with it.
    pub(crate) async fn converse(&self, slot: &mut Option<Request>) -> Result<Streaming<D>> {
        let result = self.rounds(slot).await;
        match slot.take() {
            Some(request) => result.map_err(|error| error.for_request(request)),
            None => result,
        }
    }

    async fn rounds(&self, slot: &mut Option<Request>) -> Result<Streaming<D>> {
        if self.is_closed() {
            return Err(client_closed());
        }
        let Some(request) = slot.as_mut() else {
            return Err(Error::local("the request is gone"));
        };
        if let Some(token) = &self.config.cancel {
            request.options.cancel_with(token);
        }
        // It holds for whatever is sent in this call.
        let cancel = request.options.cancel.clone();
        let started = Instant::now();
        let interim = self.core.network.response_limits.interim_body;
        let (rules, jar) = (&self.config.rules, &self.core.cookies);
        let mut flow = Flow::new(rules, jar, request, SystemTime::now);
        if flow.requires_body() {
            let timeout = request.options.timeout.unwrap_or_else(|| self.timeout());
            let deadlines = Deadlines::new(timeout, started);
            Box::pin(buffer::<D>(&mut request.body, &deadlines)).await?;
        }
        if let Some(auth) = flow.asked_next() {
            Box::pin(D::prepare(auth, None)).await?;
        }
        flow.start(request)?;
        loop {
            let Some(request) = slot.as_mut() else {
                return Err(Error::local("the request is gone"));
            };
            request.options.started = Some(started);
            request
                .options
                .timeout
                .get_or_insert_with(|| self.timeout());
            if let Some(token) = &cancel {
                request.options.cancel = Some(token.clone());
            }
            let mut response = self.exchange(request, &flow, cancel.as_ref()).await?;
            response.head.request = slot.take();
            for hook in &self.hooks.response {
                let heard = D::on_response(hook, &mut response);
                let heard = unless_cancelled::<D, _>(heard, cancel.as_ref()).await;
                if let Err(error) = heard.and_then(|heard| heard) {
                    return Err(response.fail(error));
                }
            }
            match flow.received(&mut response.head) {
                Err(error) => return Err(response.fail(error)),
                Ok(Verdict::Return) => return Ok(response),
                Ok(Verdict::Absorb) => {}
            }
            // Out of the way of all calls that end here.
            let mut response = Box::pin(response.absorb(interim)).await?;
            if let Some(auth) = flow.asked_next()
                && let Err(error) = Box::pin(D::prepare(auth, Some(&response))).await
            {
                return Err(match response.head.request.take() {
                    Some(request) => error.for_request(request),
                    None => error,
                });
            }
            match flow.absorbed(response)? {
                Next::Send(next) => *slot = Some(*next),
                Next::Return(response) => return Ok(response.into()),
            }
        }
    }

    /// One request and the head of its response, hooks and redirects aside.
    async fn exchange(
        &self,
        request: &mut Request,
        flow: &Flow<'_>,
        cancel: Option<&CancelToken>,
    ) -> Result<Streaming<D>> {
        check(cancel)?;
        for hook in &self.hooks.request {
            unless_cancelled::<D, _>(D::on_request(hook, request), cancel).await??;
        }
        check(cancel)?;
        let transport = match self.core.mounts.find(&request.url) {
            Some(Some(mounted)) => mounted,
            _ => &self.core.transport,
        };
        let began = Instant::now();
        request.restart_stopwatch(self.config.timings, began);
        request.tell_client(self.config.informational.as_ref());
        let sent = D::send(transport, request);
        let mut response = match cancel {
            None => sent.await?,
            Some(_) => unless_cancelled::<D, _>(sent, cancel).await??,
        };
        flow.heard(request, &response.head);
        response
            .adopt(
                request,
                began,
                self.core.network.response_limits,
                &self.config.default_encoding,
            )
            .map_err(|e| e.in_phase(Phase::Head))?;
        record::exchange(
            &request.method,
            &request.url,
            response.http_version(),
            response.status(),
            &response.reason_phrase(),
        );
        Ok(response)
    }

    /// Closes idle connections and refuses further requests, for all clones. Safe to call twice. A response that is
    /// still being read fails at its next read.
    ///
    /// ```
    /// use papilio::{Client, Kind};
    /// let client = Client::new();
    /// client.clone().close();
    /// assert!(client.is_closed());
    /// assert_eq!(client.get("https://www.example.org/").send().unwrap_err().kind(), Kind::ClientClosed);
    /// ```
    pub fn close(&self) {
        if !self.core.closed.swap(true, Ordering::AcqRel) {
            D::close(&self.core.transport);
            self.core
                .mounts
                .targets()
                .flatten()
                .for_each(|transport| D::close(transport));
        }
    }

    /// Whether [`close`](Self::close) was called on this client or a clone of it.
    ///
    /// ```
    /// assert!(!papilio::Client::new().is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.core.closed.load(Ordering::Acquire)
    }

    /// The headers every request gets, the four defaults included.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let names: Vec<&str> = client.headers().iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["Accept", "Accept-Encoding", "Connection", "User-Agent"]);
    /// ```
    pub fn headers(&self) -> &Headers {
        &self.config.defaults.headers
    }

    /// The headers every request gets, to change or to remove one.
    ///
    /// ```
    /// let mut client = papilio::Client::new();
    /// client.headers_mut().insert("Accept", "application/json")?;
    /// client.headers_mut().remove("User-Agent");
    /// let request = client.get("https://www.example.org/").build()?;
    /// assert_eq!(request.headers.get("Accept").as_deref(), Some("application/json"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut Arc::make_mut(&mut self.config).defaults.headers
    }

    /// Replaces all custom headers: the four defaults are set anew and these put over them.
    ///
    /// ```
    /// use papilio::{Client, Headers};
    /// let mut client = Client::builder().header("X-Old", "1").build()?;
    /// client.set_headers(&Headers::from_pairs([("X-New", "2")])?);
    /// assert!(client.headers().contains("X-New") && !client.headers().contains("X-Old"));
    /// assert!(client.headers().contains("User-Agent"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_headers(&mut self, headers: &Headers) {
        let mut all = default_headers(accept_encoding());
        all.update(headers);
        *self.headers_mut() = all;
    }

    /// The query parameters every request gets.
    ///
    /// ```
    /// let client = papilio::Client::builder().query([("key", "7")]).build()?;
    /// assert_eq!(client.params().get("key"), Some("7"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn params(&self) -> &QueryParams {
        &self.config.defaults.params
    }

    /// Replaces the query parameters every request gets.
    ///
    /// ```
    /// use papilio::{Client, QueryParams};
    /// let mut client = Client::new();
    /// client.set_params(QueryParams::from("key=8"));
    /// assert_eq!(client.get("https://www.example.org/").build()?.url.query(), "key=8");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_params(&mut self, params: QueryParams) {
        Arc::make_mut(&mut self.config).defaults.params = params;
    }

    /// The client's cookies, those that servers set among them. They can be read and changed at any time; requests get
    /// them when they are built.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// client.cookies().set("session", "abc")?;
    /// let request = client.get("http://example.org/").build()?;
    /// assert_eq!(request.headers.get("cookie").as_deref(), Some("session=abc"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cookies(&self) -> &Cookies {
        &self.core.cookies
    }

    /// How requests authenticate that do not say otherwise.
    ///
    /// ```
    /// let client = papilio::Client::builder().auth(("user", "password")).build()?;
    /// assert!(client.auth().is_some());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn auth(&self) -> Option<&Arc<dyn Auth>> {
        self.config.rules.auth.as_ref()
    }

    /// Replaces how requests authenticate that do not say otherwise.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let mut client = Client::builder().transport(MockTransport::new(|request| Ok(Response::builder(200).text(request.headers.get("Authorization").unwrap_or_default())))).build()?;
    /// client.set_auth(papilio::BearerAuth::new("token"));
    /// assert_eq!(client.get("https://www.example.org/").send()?.text(), "Bearer token");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_auth(&mut self, auth: impl IntoAuth) {
        self.rules_mut().auth = Some(auth.into_auth());
    }

    /// No authentication unless a request or its URL says so.
    ///
    /// ```
    /// let mut client = papilio::Client::builder().auth(("user", "password")).build()?;
    /// client.clear_auth();
    /// assert!(client.auth().is_none());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear_auth(&mut self) {
        self.rules_mut().auth = None;
    }

    /// Whether redirects are followed.
    ///
    /// ```
    /// assert!(!papilio::Client::new().follow_redirects());
    /// ```
    pub fn follow_redirects(&self) -> bool {
        self.config.rules.follow_redirects
    }

    /// Replaces whether redirects are followed.
    ///
    /// ```
    /// let mut client = papilio::Client::new();
    /// client.set_follow_redirects(true);
    /// assert!(client.follow_redirects());
    /// ```
    pub fn set_follow_redirects(&mut self, on: bool) {
        self.rules_mut().follow_redirects = on;
    }

    /// How many redirects one call may follow.
    ///
    /// ```
    /// assert_eq!(papilio::Client::new().max_redirects(), 20);
    /// ```
    pub fn max_redirects(&self) -> usize {
        self.config.rules.max_redirects
    }

    /// Replaces how many redirects one call may follow.
    ///
    /// ```
    /// let mut client = papilio::Client::new();
    /// client.set_max_redirects(3);
    /// assert_eq!(client.max_redirects(), 3);
    /// ```
    pub fn set_max_redirects(&mut self, most: usize) {
        self.rules_mut().max_redirects = most;
    }

    /// Removes all hooks.
    ///
    /// ```
    /// use papilio::{Client, Error, Kind};
    /// # use papilio::{MockTransport, Response};
    /// let mut client = Client::builder()
    ///     .on_request(|_| Err(Error::new(Kind::Custom, "not today")))
    /// #   .transport(MockTransport::new(|_| Ok(Response::builder(200).text(""))))
    ///     .build()?;
    /// assert!(client.get("https://www.example.org/").send().is_err());
    /// client.clear_hooks();
    /// assert!(client.get("https://www.example.org/").send().is_ok());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn clear_hooks(&mut self) {
        self.hooks = Arc::default();
    }

    fn rules_mut(&mut self) -> &mut Rules {
        &mut Arc::make_mut(&mut self.config).rules
    }

    /// The time limits of requests that have none of their own.
    ///
    /// ```
    /// use std::time::Duration;
    /// assert_eq!(papilio::Client::new().timeout().read, Some(Duration::from_secs(5)));
    /// ```
    pub fn timeout(&self) -> Timeout {
        self.config.defaults.timeout.unwrap_or_default()
    }

    /// Replaces the time limits.
    ///
    /// ```
    /// use std::time::Duration;
    /// let mut client = papilio::Client::new();
    /// client.set_timeout(Duration::from_secs(30));
    /// assert_eq!(client.timeout().connect, Some(Duration::from_secs(30)));
    /// ```
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        Arc::make_mut(&mut self.config).defaults.timeout = Some(timeout.into());
    }

    /// The URL that relative request URLs are appended to, ending in a slash.
    ///
    /// ```
    /// let client = papilio::Client::builder().base_url("https://api.example.org/v1").build()?;
    /// assert_eq!(client.base_url().unwrap().as_str(), "https://api.example.org/v1/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn base_url(&self) -> Option<&Url> {
        self.config.defaults.base_url.as_ref()
    }

    /// Replaces the base URL; an empty one is none.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`](crate::Kind::InvalidUrl) if it cannot be parsed or has a query or a fragment.
    ///
    /// ```
    /// let mut client = papilio::Client::new();
    /// client.set_base_url("https://api.example.org/v2/")?;
    /// assert_eq!(client.get("people").build()?.url.as_str(), "https://api.example.org/v2/people");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_base_url(&mut self, url: impl IntoUrl) -> Result<()> {
        let url = Config::base_url(url.into_url()?)?;
        Arc::make_mut(&mut self.config).defaults.base_url = url;
        Ok(())
    }

    /// Whether environment variables count.
    ///
    /// ```
    /// let client = papilio::Client::builder().trust_env(false).build()?;
    /// assert!(!client.trust_env());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn trust_env(&self) -> bool {
        self.core.network.tls.trust_env
    }
}

/// Between waits, and before whatever may wait without regard for the token.
fn check(cancel: Option<&CancelToken>) -> Result<()> {
    cancel.map_or(Ok(()), CancelToken::check)
}

impl<D: Driver> Clone for BaseClient<D> {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            hooks: Arc::clone(&self.hooks),
            core: Arc::clone(&self.core),
        }
    }
}

impl<D: Driver> fmt::Debug for BaseClient<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("defaults", &self.config.shown())
            .field("network", &self.core.http)
            .field("mounts", &self.core.mounts)
            .field("hooks", &self.hooks)
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<D: Driver, B> RequestBuilder<&BaseClient<D>, B> {
    /// The request, with the client's defaults merged in, not sent.
    ///
    /// # Errors
    /// The first setting that made no sense, by its kind.
    ///
    /// ```
    /// let client = papilio::Client::builder().header("X-Trace", "7").build()?;
    /// let request = client.get("https://www.example.org/").build()?;
    /// assert_eq!(request.headers.get("X-Trace").as_deref(), Some("7"));
    /// // It can be sent at any time, by any client.
    /// let other = papilio::Client::new();
    /// # if false {
    /// let response = other.send(request)?;
    /// # }
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn build(self) -> Result<Request> {
        let client = self.sender;
        self.finish(&client.config.defaults, &client.core.cookies)
    }
}
