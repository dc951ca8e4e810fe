//! The top-level functions: one request with a client of its own.
//!
//! Owns the functions and `OneShot`. Everything else is the client's.

use http::Method;

use crate::blocking::client::Client;
use crate::blocking::response::StreamingResponse;
use crate::client::builder::ClientBuilder;
use crate::client::request::{NoBody, RequestBuilder, WithBody};
use crate::error::Result;
use crate::models::config::{Limits, ResponseLimits};
use crate::models::proxy::IntoProxy;
use crate::models::request::IntoMethod;
use crate::models::response::Response;
use crate::models::tls::Verify;
#[cfg(feature = "tls")]
use crate::models::tls::{ClientCert, TlsConfig};
use crate::models::url::IntoUrl;

/// The client of one request, built when it is sent. No connection is kept.
///
/// ```
/// use papilio::{NoBody, OneShot, RequestBuilder};
/// fn patient(request: RequestBuilder<OneShot, NoBody>) -> RequestBuilder<OneShot, NoBody> {
///     request.no_timeout()
/// }
/// let request = patient(papilio::get("https://www.example.org/"));
/// ```
#[derive(Debug)]
pub struct OneShot(ClientBuilder<Client>);

fn start<B>(method: impl IntoMethod, url: impl IntoUrl) -> RequestBuilder<OneShot, B> {
    let client = Client::builder().limits(Limits::client().max_keepalive_connections(0));
    RequestBuilder::new(OneShot(client), method, url)
}

/// A GET request, with a client of its own.
///
/// ```no_run
/// let response = papilio::get("https://www.example.org/").send()?;
/// println!("{}", response.text());
/// # Ok::<(), papilio::Error>(())
/// ```
///
/// ```
/// # use std::io::{Read, Write};
/// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # std::thread::spawn(move || {
/// #     let (mut socket, _) = server.accept().unwrap();
/// #     let _ = socket.read(&mut [0; 4096]);
/// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
/// #     let _ = socket.read(&mut [0; 4096]);
/// # });
/// # let client = papilio::Client::builder().no_proxy().build()?;
/// # let get = |url: &str| papilio::get(url).no_proxy();
/// let response = get(&url).send()?;
/// assert_eq!(response.text(), "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn get(url: impl IntoUrl) -> RequestBuilder<OneShot, NoBody> {
    start(Method::GET, url)
}

/// A HEAD request, with a client of its own.
///
/// ```
/// let request = papilio::head("https://www.example.org/large.bin").query([("version", "2")]);
/// ```
pub fn head(url: impl IntoUrl) -> RequestBuilder<OneShot, NoBody> {
    start(Method::HEAD, url)
}

/// An OPTIONS request, with a client of its own.
///
/// ```
/// let request = papilio::options("https://www.example.org/").target("*");
/// ```
pub fn options(url: impl IntoUrl) -> RequestBuilder<OneShot, NoBody> {
    start(Method::OPTIONS, url)
}

/// A DELETE request, with a client of its own.
///
/// It takes no body, like GET, HEAD and OPTIONS; [`request`] does for any method:
///
/// ```compile_fail
/// papilio::delete("https://www.example.org/").body("does not compile");
/// ```
///
/// ```
/// let request = papilio::delete("https://www.example.org/a").bearer("token");
/// ```
pub fn delete(url: impl IntoUrl) -> RequestBuilder<OneShot, NoBody> {
    start(Method::DELETE, url)
}

/// A POST request, with a client of its own.
///
/// ```no_run
/// let response = papilio::post("https://www.example.org/").form([("name", "Ada")]).send()?;
/// # Ok::<(), papilio::Error>(())
/// ```
///
/// ```
/// let request = papilio::post("https://www.example.org/").form([("name", "Ada")]);
/// ```
pub fn post(url: impl IntoUrl) -> RequestBuilder<OneShot, WithBody> {
    start(Method::POST, url)
}

/// A PUT request, with a client of its own.
///
/// ```
/// let request = papilio::put("https://www.example.org/a").header("Content-Type", "text/plain").body("text");
/// ```
pub fn put(url: impl IntoUrl) -> RequestBuilder<OneShot, WithBody> {
    start(Method::PUT, url)
}

/// A PATCH request, with a client of its own.
///
/// ```
/// let request = papilio::patch("https://www.example.org/a").json(&[1, 2]);
/// ```
pub fn patch(url: impl IntoUrl) -> RequestBuilder<OneShot, WithBody> {
    start(Method::PATCH, url)
}

/// A request of any method, with a client of its own.
///
/// ```
/// let request = papilio::request("PROPFIND", "https://www.example.org/").header("Depth", "1").body("");
/// ```
pub fn request(method: impl IntoMethod, url: impl IntoUrl) -> RequestBuilder<OneShot, WithBody> {
    start(method, url)
}

/// Sends a request without a body and returns as soon as the head of the response is there: short for
/// `request(method, url).stream()`.
///
/// # Errors
/// As [`Client::stream`].
///
/// ```
/// use papilio::Kind;
/// let error = papilio::stream("GET", "www.example.org").unwrap_err();
/// assert_eq!(error.kind(), Kind::UnsupportedProtocol);
/// ```
pub fn stream(method: impl IntoMethod, url: impl IntoUrl) -> Result<StreamingResponse> {
    start::<WithBody>(method, url).stream()
}

/// What would be a setting of the client.
impl<B> RequestBuilder<OneShot, B> {
    /// Which certificates to trust; see [`ClientBuilder::verify`].
    ///
    /// ```
    /// let error = papilio::get("https://www.example.org/").verify("no/such/file.pem").send().unwrap_err();
    /// assert_eq!(error.kind(), papilio::Kind::Tls);
    /// ```
    pub fn verify(self, verify: impl Into<Verify>) -> Self {
        self.configure(|client| client.verify(verify))
    }

    /// Trusts these certificates besides the others; see [`ClientBuilder::add_root_certificate`].
    ///
    /// ```
    /// let error = papilio::get("https://www.example.org/").add_root_certificate("none").send().unwrap_err();
    /// assert_eq!(error.kind(), papilio::Kind::Tls);
    /// ```
    pub fn add_root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        self.configure(|client| client.add_root_certificate(pem))
    }

    /// Who the client says it is; see [`ClientBuilder::cert`].
    ///
    /// ```
    /// use papilio::ClientCert;
    /// let request = papilio::get("https://www.example.org/").cert(ClientCert::from_file("me.pem"));
    /// ```
    #[cfg(feature = "tls")]
    pub fn cert(self, cert: ClientCert) -> Self {
        self.configure(|client| client.cert(cert))
    }

    /// A ready configuration of TLS; see [`ClientBuilder::tls`].
    ///
    /// ```
    /// use papilio::{TlsConfig, TlsVersion};
    /// let tls = TlsConfig::builder().min_version(TlsVersion::Tls13).build()?;
    /// let request = papilio::get("https://www.example.org/").tls(tls);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(self, config: TlsConfig) -> Self {
        self.configure(|client| client.tls(config))
    }

    /// Sends the request, and what follows from its answers, through this proxy; see [`ClientBuilder::proxy`].
    ///
    /// ```
    /// let error = papilio::get("http://www.example.org/").proxy("ftp://localhost").send().unwrap_err();
    /// assert_eq!(error.kind(), papilio::Kind::Config);
    /// ```
    pub fn proxy(self, proxy: impl IntoProxy) -> Self {
        self.configure(|client| client.proxy(proxy))
    }

    /// Sends what this pattern matches through this proxy; see [`ClientBuilder::proxy_for`].
    ///
    /// ```
    /// let request = papilio::get("https://www.example.org/").proxy_for("https://", "socks5://localhost:1080");
    /// ```
    pub fn proxy_for(self, pattern: &str, proxy: impl IntoProxy) -> Self {
        self.configure(|client| client.proxy_for(pattern, proxy))
    }

    /// Sends what this pattern matches without a proxy; see [`ClientBuilder::no_proxy_for`].
    ///
    /// ```
    /// let request = papilio::get("https://www.example.org/")
    ///     .proxy("http://localhost:3128")
    ///     .no_proxy_for("all://*.intranet.example.org");
    /// ```
    pub fn no_proxy_for(self, pattern: &str) -> Self {
        self.configure(|client| client.no_proxy_for(pattern))
    }

    /// No proxy, whatever the environment says; see [`ClientBuilder::no_proxy`].
    ///
    /// ```
    /// let request = papilio::get("http://localhost:8080/").no_proxy();
    /// ```
    pub fn no_proxy(self) -> Self {
        self.configure(ClientBuilder::no_proxy)
    }

    /// Whether environment variables count; yes unless set.
    ///
    /// ```
    /// let request = papilio::get("http://localhost:8080/").trust_env(false);
    /// ```
    pub fn trust_env(self, on: bool) -> Self {
        self.configure(|client| client.trust_env(on))
    }

    /// How much the server may send; see [`ClientBuilder::response_limits`].
    ///
    /// ```
    /// use papilio::ResponseLimits;
    /// let request = papilio::get("https://www.example.org/").response_limits(ResponseLimits::default().body(1 << 20));
    /// ```
    pub fn response_limits(self, limits: ResponseLimits) -> Self {
        self.configure(|client| client.response_limits(limits))
    }

    /// Sends it and reads the response into memory.
    ///
    /// # Errors
    /// As [`Client::send`], and what [`ClientBuilder::build`] says of the settings.
    ///
    /// ```
    /// use papilio::Kind;
    /// let error = papilio::get("www.example.org").send().unwrap_err();
    /// assert_eq!(error.kind(), Kind::UnsupportedProtocol);
    /// ```
    pub fn send(self) -> Result<Response> {
        self.stream()?.buffer()
    }

    /// Sends it and returns as soon as the head of the response is there.
    ///
    /// # Errors
    /// As [`Client::stream`], and what [`ClientBuilder::build`] says of the settings.
    pub fn stream(self) -> Result<StreamingResponse> {
        let (one_shot, request) = self.replace_sender(());
        let client = one_shot.0.build()?;
        request.replace_sender(&client).1.stream()
    }

    fn configure(
        mut self,
        change: impl FnOnce(ClientBuilder<Client>) -> ClientBuilder<Client>,
    ) -> Self {
        self.sender.0 = change(self.sender.0);
        self
    }
}
