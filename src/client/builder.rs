//! `ClientBuilder<C>`: every setting of a client, once for both clients.
//!
//! Owns the settings and their checking. What `build` makes of them is in the drivers.

#[cfg(feature = "async")]
mod http2;
mod interim;
pub(crate) mod proxy;
mod sockets;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "async")]
use crate::client::Protocols;
use crate::client::builder::proxy::ProxySettings;
use crate::client::{Buildable, ClientKind, Config, Network};
use crate::error::{Error, Kind, Result};
use crate::flow::Rules;
use crate::flow::auth::IntoAuth;
use crate::flow::defaults::{Defaults, default_headers};
use crate::flow::redirect::{Policy, Redirect, RedirectAction};
use crate::models::address::AddressPolicy;
use crate::models::cancel::CancelToken;
use crate::models::config::{Limits, ResponseLimits, Timeout};
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
#[cfg(feature = "async")]
use crate::models::http2::Http2Settings;
use crate::models::query::QueryParams;
use crate::models::resolver::Lookup;
use crate::models::response::DefaultEncoding;
use crate::models::socket::SocketSettings;
use crate::models::text::Charset;
use crate::models::tls::TlsConfig;
use crate::models::url::IntoUrl;

/// Settings of a client to be built.
///
/// A setting that makes no sense is kept until `build`, which returns its error.
///
/// ```
/// use std::time::Duration;
/// use papilio::Client;
///
/// let client = Client::builder()
///     .base_url("https://api.example.org/v1")
///     .header("X-Api-Version", "3")
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// let request = client.get("items").build()?;
/// assert_eq!(request.url.as_str(), "https://api.example.org/v1/items");
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder<C: Buildable> {
    pub(crate) config: Config,
    network: Network,
    pub(crate) cookies: Cookies,
    pub(crate) parts: C::Parts,
    error: Option<Error>,
}

impl<C: Buildable> ClientBuilder<C> {
    pub(crate) fn new(accept_encoding: &str) -> Self {
        Self {
            config: Config {
                defaults: Defaults {
                    base_url: None,
                    headers: default_headers(accept_encoding),
                    params: QueryParams::default(),
                    timeout: Some(Timeout::default()),
                    expect_above: None,
                },
                rules: Rules::default(),
                default_encoding: DefaultEncoding::Utf8,
                timings: false,
                informational: None,
                cancel: None,
            },
            network: Network {
                limits: Limits::client(),
                response_limits: ResponseLimits::default(),
                tls: TlsConfig::default(),
                #[cfg(feature = "async")]
                protocols: Protocols {
                    http1: true,
                    http2: false,
                    settings: Http2Settings::default(),
                },
                connect_retries: 0,
                retry_stale: true,
                expect_wait: Duration::from_secs(1),
                sockets: SocketSettings::default(),
                lookup: Lookup::default(),
                addresses: AddressPolicy::any(),
                proxies: ProxySettings::default(),
            },
            cookies: Cookies::new(),
            parts: C::Parts::default(),
            error: None,
        }
    }

    /// Pool limits: 100 connections, 20 of them idle, 5 s, unless set.
    ///
    /// ```
    /// use papilio::{Client, Limits};
    /// let client = Client::builder().limits(Limits::client().max_connections(4)).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.network.limits = limits;
        self
    }

    /// How much a server may send.
    ///
    /// ```
    /// use papilio::{Client, ResponseLimits};
    /// let limits = ResponseLimits::default().body(10 << 20).head(64 << 10);
    /// let client = Client::builder().response_limits(limits).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn response_limits(mut self, limits: ResponseLimits) -> Self {
        self.network.response_limits = limits;
        self
    }

    /// How often to try again when a connection cannot be established: at once, then after 0.5 s, 1 s, 2 s and so on.
    /// 0 unless set. Nothing is retried once a connection stands.
    ///
    /// ```
    /// let client = papilio::Client::builder().connect_retries(3).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "retries")]
    pub fn connect_retries(mut self, retries: u32) -> Self {
        self.network.connect_retries = retries;
        self
    }

    /// Whether an idempotent request that met a connection the server had just closed is sent once more on a new one;
    /// yes unless set.
    ///
    /// ```
    /// let client = papilio::Client::builder().retry_stale(false).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn retry_stale(mut self, on: bool) -> Self {
        self.network.retry_stale = on;
        self
    }

    pub(crate) fn network(&mut self) -> Result<Network> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.network.limits.max_connections == Some(0) {
            return Err(Error::new(Kind::Config, "max_connections must not be 0"));
        }
        #[cfg(feature = "async")]
        if !self.network.protocols.http1 && !self.network.protocols.http2 {
            return Err(Error::new(
                Kind::Config,
                "neither HTTP/1.1 nor HTTP/2 is to be spoken",
            ));
        }
        Ok(self.network.clone())
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

/// What a client does to requests and responses.
impl<C: ClientKind> ClientBuilder<C> {
    /// The URL that relative request URLs are appended to. It ends in a slash, or is given one; it has no query and
    /// no fragment.
    ///
    /// ```
    /// let client = papilio::Client::builder().base_url("https://api.example.org/v1").build()?;
    /// assert_eq!(client.get("people").build()?.url.as_str(), "https://api.example.org/v1/people");
    /// assert_eq!(client.get("/people").build()?.url.as_str(), "https://api.example.org/v1/people");
    /// assert_eq!(client.get("https://other.example.org/").build()?.url.host(), "other.example.org");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn base_url(mut self, url: impl IntoUrl) -> Self {
        match url.into_url().and_then(Config::base_url) {
            Ok(url) => self.config.defaults.base_url = url,
            Err(error) => self.fail(error),
        }
        self
    }

    /// Adds a header to every request, in place of a default header of that name.
    ///
    /// ```
    /// let client = papilio::Client::builder().header("Accept", "application/json").build()?;
    /// let request = client.get("https://www.example.org/").build()?;
    /// assert_eq!(request.headers.get("Accept").as_deref(), Some("application/json"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "default_headers")]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        match Headers::from_pairs([(name, value)]) {
            Ok(headers) => self.config.defaults.headers.update(&headers),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Adds headers to every request, in place of default headers of those names.
    ///
    /// ```
    /// use papilio::{Client, Headers};
    /// let headers = Headers::from_pairs([("Accept", "text/plain"), ("X-Department", "7")])?;
    /// let client = Client::builder().headers(&headers).build()?;
    /// assert_eq!(client.headers().get("X-Department").as_deref(), Some("7"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn headers(mut self, headers: &Headers) -> Self {
        self.config.defaults.headers.update(headers);
        self
    }

    /// The `User-Agent`, in place of `papilio/` and the version.
    ///
    /// ```
    /// let client = papilio::Client::builder().user_agent("moth-watch/2.1").build()?;
    /// assert_eq!(client.headers().get("User-Agent").as_deref(), Some("moth-watch/2.1"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn user_agent(self, value: impl AsRef<[u8]>) -> Self {
        self.header("User-Agent", value)
    }

    /// Adds query parameters to every request; a request's own of the same key replace them.
    ///
    /// ```
    /// let client = papilio::Client::builder().query([("key", "7")]).build()?;
    /// let request = client.get("http://example.org/").query([("page", "2")]).build()?;
    /// assert_eq!(request.url.query(), "key=7&page=2");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "params")]
    pub fn query(mut self, params: impl Into<QueryParams>) -> Self {
        self.config.defaults.params = self.config.defaults.params.merge(&params.into());
        self
    }

    /// Time limits: 5 s for each of connect, read, write and pool unless set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use papilio::{Client, Timeout};
    /// let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
    /// let total = Client::builder().timeout(Timeout::default().total(Duration::from_secs(60))).build()?;
    /// assert_eq!(total.timeout().read, Some(Duration::from_secs(5)));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.config.defaults.timeout = Some(timeout.into());
        self
    }

    /// Ends every call of the client once this token is cancelled, and refuses those to come: see [`CancelToken`]. Requests
    /// may have tokens of their own besides.
    ///
    /// ```
    /// use papilio::{CancelToken, Client};
    /// // Cancelled when the program is to end, it ends what is under way everywhere.
    /// let shutdown = CancelToken::new();
    /// let client = Client::builder().cancel(&shutdown).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.config.cancel = Some(match &self.config.cancel {
            Some(other) => other.joined(token),
            None => token.clone(),
        });
        self
    }

    /// The charset of text whose response names none: a label such as `"shift_jis"`; UTF-8 unless set.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let client = Client::builder()
    ///     .default_encoding("shift_jis")
    ///     .transport(MockTransport::new(|_| Ok(Response::builder(200).bytes(&b"\x82\xa0"[..]))))
    ///     .build()?;
    /// assert_eq!(client.get("http://test/").send()?.text(), "あ");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn default_encoding(mut self, label: &str) -> Self {
        match Charset::for_label(label) {
            Some(charset) => self.config.default_encoding = DefaultEncoding::Fixed(charset),
            None => self.fail(Error::new(
                Kind::Config,
                format!("unknown text encoding {label:?}"),
            )),
        }
        self
    }

    /// Asks this function for the charset of text whose response names none. It is given the whole body and returns a
    /// label; `None`, or a label nobody knows, is UTF-8. Text that is decoded while it streams is UTF-8.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let client = Client::builder()
    ///     .default_encoding_fn(|content| content.starts_with(b"\xa4").then(|| "euc-jp".into()))
    ///     .transport(MockTransport::new(|_| Ok(Response::builder(200).bytes(&b"\xa4\xa2"[..]))))
    ///     .build()?;
    /// assert_eq!(client.get("http://test/").send()?.text(), "あ");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn default_encoding_fn(
        mut self,
        detect: impl Fn(&[u8]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.config.default_encoding = DefaultEncoding::Detect(Arc::new(detect));
        self
    }

    /// How requests authenticate that do not say otherwise: a pair of user and password (Basic), a
    /// [`DigestAuth`](crate::DigestAuth), [`BearerAuth`](crate::BearerAuth), [`NetrcAuth`](crate::NetrcAuth), a closure,
    /// or any [`Auth`](crate::Auth). None unless set.
    ///
    /// ```
    /// use papilio::{Client, DigestAuth};
    /// let client = Client::builder().auth(DigestAuth::new("user", "password")).build()?;
    /// let function = Client::builder().auth(|request: &mut papilio::Request| request.headers.insert("X-Key", "7"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn auth(mut self, auth: impl IntoAuth) -> Self {
        self.config.rules.auth = Some(auth.into_auth());
        self
    }

    /// Whether redirects are followed; no unless set.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let client = Client::builder()
    ///     .follow_redirects(true)
    ///     .transport(MockTransport::new(|request| match request.url.path().as_ref() {
    ///         "/old" => Ok(Response::builder(301).header("Location", "/new").text("")),
    ///         _ => Ok(Response::builder(200).text("here")),
    ///     }))
    ///     .build()?;
    /// let response = client.get("http://test/old").send()?;
    /// assert_eq!((response.url().as_str(), response.history().len()), ("http://test/new", 1));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn follow_redirects(mut self, on: bool) -> Self {
        self.config.rules.follow_redirects = on;
        self
    }

    /// How many redirects one call may follow, authentication rounds counted too; 20 unless set. More are
    /// [`Kind::TooManyRedirects`].
    ///
    /// ```
    /// use papilio::{Client, Kind, MockTransport, Response};
    /// let client = Client::builder()
    ///     .follow_redirects(true)
    ///     .max_redirects(3)
    ///     .transport(MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/again").text(""))))
    ///     .build()?;
    /// assert_eq!(client.get("http://test/").send().unwrap_err().kind(), Kind::TooManyRedirects);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn max_redirects(mut self, most: usize) -> Self {
        self.config.rules.max_redirects = most;
        self
    }

    /// Decides about each redirect that would be followed.
    ///
    /// ```
    /// use papilio::{Client, RedirectAction};
    ///
    /// let client = Client::builder()
    ///     .follow_redirects(true)
    ///     .redirect_policy(|redirect| match redirect.is_same_host() && !redirect.is_downgrade() {
    ///         true => RedirectAction::Follow,
    ///         false => RedirectAction::Stop,
    ///     })
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "redirect")]
    pub fn redirect_policy(
        mut self,
        decide: impl Fn(&Redirect<'_>) -> RedirectAction + Send + Sync + 'static,
    ) -> Self {
        self.config.rules.policy = Some(Policy(Arc::new(decide)));
        self
    }

    /// Names a header that is a secret: it is not sent on to another origin, as `Authorization`,
    /// `Proxy-Authorization` and `Cookie` never are.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let client = Client::builder()
    ///     .header("X-Api-Key", "secret")
    ///     .secret_header("X-Api-Key")
    ///     .follow_redirects(true)
    ///     .transport(MockTransport::new(|request| Ok(match request.url.host().as_ref() {
    ///         "api.example.org" => Response::builder(302).header("Location", "https://example.com/").text(""),
    ///         _ => Response::builder(200).text(format!("{}", request.headers.contains("X-Api-Key"))),
    ///     })))
    ///     .build()?;
    /// assert_eq!(client.get("https://api.example.org/").send()?.text(), "false");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn secret_header(mut self, name: impl Into<String>) -> Self {
        self.config.rules.secrets.push(name.into());
        self
    }

    /// Whether every request is timed, for [`Response::timings`](crate::Response::timings); no unless set.
    ///
    /// ```
    /// use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = Client::builder().transport(mock).timings(true).build()?;
    /// assert!(client.get("http://test/").send()?.timings().is_some());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timings(mut self, on: bool) -> Self {
        self.config.timings = on;
        self
    }

    /// The cookies to begin with.
    ///
    /// ```
    /// use papilio::{Client, Cookies};
    /// let cookies = Cookies::new();
    /// cookies.set("theme", "dark")?;
    /// let client = Client::builder().cookies(cookies).build()?;
    /// assert_eq!(client.cookies().get("theme")?.as_deref(), Some("dark"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "cookie_provider")]
    pub fn cookies(self, cookies: impl Into<Cookies>) -> Self {
        self.cookies.update(&cookies.into());
        self
    }
}

impl<C: Buildable> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("defaults", &self.config.shown())
            .field("limits", &self.network.limits)
            .field("verify", &self.network.tls.verify)
            .finish_non_exhaustive()
    }
}
