//! A request as an application gets it, and what it is told besides: `AppScope`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Extensions, Uri, Version};
use tokio::runtime::Handle;

use super::{AppBody, AppTransport};
use crate::error::{Error, Kind, Result};
use crate::models::body::Home;
use crate::models::headers::Headers;
use crate::models::request::{Request, RequestTarget};
use crate::models::url::Url;

/// What an application is told of a request besides the request; one of the request's extensions.
///
/// ```
/// use http::Request;
/// use papilio::{AppBody, AppScope, AppTransport, Client};
/// use tower::service_fn;
///
/// async fn app(request: Request<AppBody>) -> papilio::Result<http::Response<String>> {
///     let scope = request.extensions().get::<AppScope>().unwrap();
///     Ok(http::Response::new(format!("{} {}", scope.client(), scope.path())))
/// }
///
/// let app = AppTransport::new(service_fn(app)).client(([10, 0, 0, 1], 5000));
/// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
/// assert_eq!(client.get("/a%20b").send()?.text(), "10.0.0.1:5000 /a b");
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AppScope {
    client: SocketAddr,
    server: (String, Option<u16>),
    path: String,
    root_path: Arc<str>,
}

impl AppScope {
    /// Where the request comes from: 127.0.0.1, port 123, unless set.
    ///
    /// ```
    /// # use papilio::{AppBody, AppScope, AppTransport, Client};
    /// async fn app(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
    ///     let scope = request.extensions().get::<AppScope>().unwrap();
    ///     Ok(http::Response::new(format!("{:?}", scope.client())))
    /// }
    /// let app = AppTransport::new(tower::service_fn(app));
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/a%20b").send()?.text(), "127.0.0.1:123");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn client(&self) -> SocketAddr {
        self.client
    }

    /// The host of the URL in ASCII, and its port or that of its scheme.
    ///
    /// ```
    /// # use papilio::{AppBody, AppScope, AppTransport, Client};
    /// async fn app(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
    ///     let scope = request.extensions().get::<AppScope>().unwrap();
    ///     Ok(http::Response::new(format!("{:?}", scope.server())))
    /// }
    /// let app = AppTransport::new(tower::service_fn(app));
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/a%20b").send()?.text(), r#"("testserver", Some(80))"#);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn server(&self) -> (&str, Option<u16>) {
        (&self.server.0, self.server.1)
    }

    /// The path, decoded. The request's `uri()` has it as it is sent.
    ///
    /// ```
    /// # use papilio::{AppBody, AppScope, AppTransport, Client};
    /// async fn app(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
    ///     let scope = request.extensions().get::<AppScope>().unwrap();
    ///     Ok(http::Response::new(format!("{:?}", scope.path())))
    /// }
    /// let app = AppTransport::new(tower::service_fn(app));
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/a%20b").send()?.text(), r#""/a b""#);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Below which path the application is mounted; empty unless set. The request's own path has it still.
    ///
    /// ```
    /// # use papilio::{AppBody, AppScope, AppTransport, Client};
    /// async fn app(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
    ///     let scope = request.extensions().get::<AppScope>().unwrap();
    ///     Ok(http::Response::new(format!("{:?}", scope.root_path())))
    /// }
    /// let app = AppTransport::new(tower::service_fn(app));
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/a%20b").send()?.text(), r#""""#);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn root_path(&self) -> &str {
        &self.root_path
    }
}

type Extend = dyn Fn(&AppScope, &mut Extensions) + Send + Sync;

/// What a transport tells of its requests.
pub(super) struct ScopeSettings {
    client: SocketAddr,
    root_path: Arc<str>,
    extend: Vec<Box<Extend>>,
}

impl Default for ScopeSettings {
    fn default() -> Self {
        Self {
            client: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 123),
            root_path: "".into(),
            extend: Vec::new(),
        }
    }
}

impl fmt::Debug for ScopeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("client", &self.client)
            .field("root_path", &self.root_path)
            .finish_non_exhaustive()
    }
}

/// What the application is told.
impl<S> AppTransport<S> {
    /// Where requests are said to come from, in place of 127.0.0.1, port 123.
    ///
    /// ```
    /// use axum::{Router, extract::ConnectInfo, routing::get};
    /// use papilio::{AppTransport, Client};
    /// use std::net::SocketAddr;
    ///
    /// let app = Router::new()
    ///     .route("/", get(|ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() }));
    /// let app = AppTransport::new(app).client(([10, 0, 0, 1], 5000)).connect_info(ConnectInfo);
    /// let client = Client::builder().transport(app).build()?;
    /// assert_eq!(client.get("http://testserver/").send()?.text(), "10.0.0.1:5000");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn client(mut self, address: impl Into<SocketAddr>) -> Self {
        self.settings.scope.client = address.into();
        self
    }

    /// Below which path the application is said to be mounted. The paths of requests stay as they are.
    ///
    /// ```
    /// # use papilio::{AppBody, AppScope, AppTransport, Client};
    /// async fn app(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
    ///     let scope = request.extensions().get::<AppScope>().unwrap();
    ///     Ok(http::Response::new(format!("{:?}", scope.root_path())))
    /// }
    /// let app = AppTransport::new(tower::service_fn(app)).root_path("/api");
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/a%20b").send()?.text(), r#""/api""#);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn root_path(mut self, path: &str) -> Self {
        self.settings.scope.root_path = path.into();
        self
    }

    /// Tells where requests come from in a type of the application's framework, as an extension of each request. For axum
    /// that is its `ConnectInfo`:
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::{Router, extract::ConnectInfo, routing::get};
    /// use papilio::{AppTransport, Client};
    ///
    /// let app = Router::new()
    ///     .route("/", get(|ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() }));
    /// let app = AppTransport::new(app).connect_info(ConnectInfo);
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.get("/").send()?.text(), "127.0.0.1:123");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn connect_info<T: Clone + Send + Sync + 'static>(
        mut self,
        make: impl Fn(SocketAddr) -> T + Send + Sync + 'static,
    ) -> Self {
        self.settings
            .scope
            .extend
            .push(Box::new(move |scope, extensions| {
                extensions.insert(make(scope.client));
            }));
        self
    }

    /// Gives every request this as an extension. A request's own of the same type wins.
    ///
    /// ```
    /// use axum::{Extension, Router, routing::get};
    /// use papilio::{AppTransport, Client};
    ///
    /// #[derive(Clone)]
    /// struct Tenant(&'static str);
    ///
    /// let app = Router::new().route("/", get(|Extension(Tenant(name))| async move { name }));
    /// let client = Client::builder().transport(AppTransport::new(app).extension(Tenant("moths"))).build()?;
    /// assert_eq!(client.get("http://testserver/").send()?.text(), "moths");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.settings
            .scope
            .extend
            .push(Box::new(move |_, extensions| {
                extensions.insert(value.clone());
            }));
        self
    }
}

impl ScopeSettings {
    /// The request in the types of the `http` crate, and where its body comes back to.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] and [`Kind::LocalProtocol`] for what these types cannot express.
    pub(super) fn request(
        &self,
        request: &mut Request,
        runtime: Option<Handle>,
    ) -> Result<(http::Request<AppBody>, Option<Home>)> {
        request.body.prepare()?;
        let uri = uri(&request.url, request.extensions().get())?;
        let headers = header_map(&request.headers)?;
        let scope = AppScope {
            client: self.client,
            server: (
                request.url.raw_host().to_owned(),
                request.url.port_or_default(),
            ),
            path: request.url.path().into_owned(),
            root_path: Arc::clone(&self.root_path),
        };
        let mut extensions = Extensions::new();
        for extend in &self.extend {
            extend(&scope, &mut extensions);
        }
        extensions.extend(request.extensions().clone());
        extensions.insert(scope);
        let (body, home) = AppBody::of(request, runtime);
        let mut made = http::Request::new(body);
        *made.method_mut() = request.method.clone();
        *made.uri_mut() = uri;
        *made.version_mut() = Version::HTTP_11;
        *made.headers_mut() = headers;
        *made.extensions_mut() = extensions;
        Ok((made, home))
    }
}

/// From the parts as they are encoded, because [`Uri`] takes less than [`Url`]. Without the credentials, and without a host
/// that is not there.
fn uri(url: &Url, target: Option<&RequestTarget>) -> Result<Uri> {
    let uri = match target {
        Some(RequestTarget(target)) => Uri::from_maybe_shared(target.clone()),
        None if url.is_absolute() => {
            let text = format!("{}://{}{}", url.scheme(), url.netloc(), url.raw_path());
            Uri::from_maybe_shared(text.into_bytes())
        }
        None => url.raw_path().parse(),
    };
    uri.map_err(|e| {
        Error::new(Kind::InvalidUrl, "the URL is none of the http crate's").with_source(e)
    })
}

fn header_map(headers: &Headers) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value),
        );
        let added = match parsed {
            (Ok(name), Ok(value)) => map.try_append(name, value).is_ok(),
            _ => false,
        };
        if !added {
            return Err(Error::local("the headers are none of the http crate's"));
        }
    }
    Ok(map)
}
