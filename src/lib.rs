//! papilio is an HTTP client with the design of Python's HTTPX: the same names, the same careful defaults, the same rules
//! for URLs, headers, cookies and text.
//!
//! It is blocking, on the standard library's sockets with an HTTP/1.1 codec of its own: a program that makes requests needs
//! no runtime, and the only threads papilio starts are for name lookups and for connections of HTTP/2. With the feature
//! `async` the same client can be awaited, and both speak HTTP/2. It is strict where leniency has been used for attacks,
//! every wait has a time limit, and what a server can make a program hold has a bound.
//!
//! ```no_run
//! let response = papilio::get("https://www.example.org/").send()?.error_for_status()?;
//! println!("{} {}", response.status(), response.headers().get("Content-Type").unwrap_or_default());
//! println!("{}", response.text());
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! [`get`], [`post`] and their sisters are for single requests. For more than one there is [`Client`], which keeps
//! connections open and holds what requests have in common. It may be shared by threads; a clone is the same client.
//!
//! ```
//! use std::time::Duration;
//! use papilio::Client;
//! # use papilio::{MockTransport, Response};
//!
//! let client = Client::builder()
//!     .base_url("https://api.example.org/v1/")
//!     .header("Accept", "application/json")
//!     .timeout(Duration::from_secs(10))
//! #   .transport(MockTransport::new(|request| {
//! #       assert_eq!(request.url.as_str(), "https://api.example.org/v1/people?sort=name");
//! #       Response::builder(200).json(&["Ada", "Grace"])
//! #   }))
//!     .build()?;
//! let people: Vec<String> = client.get("people").query([("sort", "name")]).send()?.json()?;
//! assert_eq!(people, ["Ada", "Grace"]);
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # Sending
//!
//! A request is put together by a [`RequestBuilder`] and sent with `send`. One has one body: [`json`], [`form`],
//! [`multipart`](RequestBuilder::multipart), or with [`body`] whatever a [`Body`] can be made of: bytes, text, a file, a
//! reader, an iterator. Files and readers are read while they are sent.
//!
//! [`json`]: RequestBuilder::json
//! [`form`]: RequestBuilder::form
//! [`body`]: RequestBuilder::body
//!
//! ```
//! use papilio::{Body, multipart::{Form, Part}};
//! # let mock = papilio::MockTransport::new(|_| Ok(papilio::Response::builder(200).text("")));
//! # let client = papilio::Client::builder().transport(mock).build()?;
//! # let url = "https://example.org/";
//!
//! client.post(url).json(&serde_json::json!({"name": "Ada", "age": 36})).send()?;
//! client.post(url).form([("name", "Ada"), ("age", "36")]).send()?;
//! client.put(url).header("Content-Type", "text/plain").body("as it is").send()?;
//! client.put(url).body(Body::reader(std::io::repeat(b'x').take(1 << 20))).send()?;
//!
//! let photo = Part::bytes(&b"..."[..]).file_name("photo.jpg");
//! let form = Form::new().text("title", "A moth").part("photo", photo);
//! client.post(url).multipart(form).send()?;
//! # use std::io::Read;
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # Receiving
//!
//! `send` reads the whole body into memory, and [`Response`] gives it as [`content`](Response::content),
//! [`text`](Response::text) or [`json`](Response::json). With `stream` in place of `send` the body is still to come: a
//! [`StreamingResponse`] is an [`io::Read`](std::io::Read), and gives pieces, text or lines. It holds its connection
//! until it is read to the end or dropped.
//!
//! ```
//! # let mock = papilio::MockTransport::new(|_| Ok(papilio::Response::builder(200).text("one\ntwo\n")));
//! # let client = papilio::Client::builder().transport(mock).build()?;
//! let mut response = client.get("https://www.example.org/events").stream()?.error_for_status()?;
//! for line in response.iter_lines() {
//!     println!("{}", line?);
//! }
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! Content that is compressed is decompressed on the way, step by step. How much a server may send is set by
//! [`ResponseLimits`]; the body has no limit unless one is set.
//!
//! # Errors
//!
//! There is one type, [`Error`]. Its [`kind`](Error::kind) says which of HTTPX's exceptions it is,
//! [`is_timeout`](Error::is_timeout) and its sisters ask for a family, and it prints as one line with the fact first,
//! passwords masked. An answer of 404 or 500 is a response like any other until
//! [`error_for_status`](Response::error_for_status) makes an error of what is not 2xx.
//!
//! ```
//! use papilio::Kind;
//! # let mock = papilio::MockTransport::new(|_| Ok(papilio::Response::builder(404).text("no such page")));
//! # let client = papilio::Client::builder().transport(mock).build()?;
//!
//! match client.get("https://www.example.org/x").send().and_then(|r| r.error_for_status()) {
//!     Ok(response) => println!("{}", response.text()),
//!     Err(error) if error.is_timeout() => eprintln!("too slow: {error}"),
//!     Err(error) if error.kind() == Kind::Status => {
//!         let response = error.response().unwrap();
//!         assert_eq!((response.status().as_u16(), response.text().as_ref()), (404, "no such page"));
//!     }
//!     Err(error) => return Err(error),
//! }
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # Time limits
//!
//! Connecting, reading, writing and waiting for a free connection may take 5 seconds each. The limit for reading is for a
//! silence, not for the whole answer. [`Timeout`] sets each, and with [`total`](Timeout::total) one for the whole call.
//!
//! ```
//! use std::time::Duration;
//! use papilio::{Client, Timeout};
//!
//! let patient = Timeout::all(Duration::from_secs(60)).connect(Duration::from_secs(5));
//! let client = Client::builder().timeout(patient).build()?;
//! let request = client.get("https://www.example.org/").timeout(patient.total(Duration::from_secs(90)));
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! A [`CancelToken`] ends calls before that, from another thread: on Ctrl-C, or when a window is closed; see
//! [`cancellation`](guide::cancellation).
//!
//! ```
//! use papilio::{CancelToken, Client, Kind};
//! # let mock = papilio::MockTransport::new(|_| Ok(papilio::Response::builder(200).text("")));
//!
//! let shutdown = CancelToken::new();
//! let client = Client::builder().cancel(&shutdown)
//! #   .transport(mock)
//!     .build()?;
//! # client.get("https://www.example.org/").send()?;
//! // Elsewhere, for instance in the handler of Ctrl-C:
//! shutdown.cancel();
//! let error = client.get("https://www.example.org/").send().unwrap_err();
//! assert_eq!(error.kind(), Kind::Cancelled);
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # Cookies, redirects, authentication
//!
//! A client keeps the [`Cookies`] that servers set, and sends them back where they belong. Redirects are not followed
//! unless asked for; credentials do not go along to another origin. Requests authenticate with a pair of user and
//! password (Basic), a [`DigestAuth`], [`BearerAuth`], [`NetrcAuth`], a function, or an [`Auth`] of your own.
//!
//! ```
//! use papilio::{Client, DigestAuth};
//! # use papilio::{MockTransport, Response};
//!
//! let client = Client::builder()
//!     .follow_redirects(true)
//!     .auth(("user", "password"))
//! #   .transport(MockTransport::new(|request| Ok(match request.url.path().as_ref() {
//! #       "/login" => Response::builder(303).header("Location", "/").header("Set-Cookie", "id=42").text(""),
//! #       _ => Response::builder(200).text(request.headers.get("Cookie").unwrap_or_default()),
//! #   })))
//!     .build()?;
//! client.cookies().set("theme", "dark")?;
//! let response = client.get("https://www.example.org/login").send()?;
//! assert_eq!(response.url().path(), "/");
//! assert_eq!(response.history()[0].status(), 303);
//! assert_eq!(client.cookies().get("id")?.as_deref(), Some("42"));
//!
//! let other = client.get("https://other.example.org/").auth(DigestAuth::new("user", "password"));
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # Hooks, transports, tests
//!
//! [`on_request`](ClientBuilder::on_request) and [`on_response`](ClientBuilder::on_response) see every single request and
//! response. What carries them is a [`Transport`]: [`HttpTransport`] is the network, [`MockTransport`] a function, for
//! tests without a server. [`AppTransport`] is an [application in the same process](guide::apps).
//! [`mount`](ClientBuilder::mount) gives some URLs a transport of their own.
//!
//! ```
//! use papilio::{Client, MockTransport, Response};
//!
//! let client = Client::builder()
//!     .on_request(|request| request.headers.insert("X-Trace", "7"))
//!     .transport(MockTransport::new(|request| {
//!         assert_eq!(request.headers.get("X-Trace").as_deref(), Some("7"));
//!         Response::builder(200).json(&[1, 2, 3])
//!     }))
//!     .build()?;
//! assert_eq!(client.get("http://test/").send()?.json::<Vec<u8>>()?, [1, 2, 3]);
//! # Ok::<(), papilio::Error>(())
//! ```
//!
//! # TLS and proxies
//!
//! Certificates are checked against roots that are part of the program, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR`
//! name; [`verify`](ClientBuilder::verify) names other roots, [`add_root_certificate`](ClientBuilder::add_root_certificate)
//! adds to them. [`proxy`](ClientBuilder::proxy) sends everything through a proxy, HTTP or SOCKS; unless one is set,
//! `HTTPS_PROXY` and its sisters are read. [`trust_env(false)`](ClientBuilder::trust_env) ignores all variables.
//! For URLs that somebody else chose an [`AddressPolicy`] says which addresses may be connected to; see
//! [`strangers`](guide::strangers).
//!
//! # Logs
//!
//! papilio speaks through the [`log`](https://docs.rs/log) crate: one line for each exchange at INFO under `papilio`, what
//! connections do at DEBUG below it. Credentials are left out at every level, bodies are never logged.
//! For a program without a logger there is `logging::basic_config()`, with the feature `env_logger`.
//!
//! # The guide
//!
//! This page is a summary. [`guide`] has a chapter for each thing that papilio does: a [`quickstart`](guide::quickstart),
//! tables for those who come [from HTTPX, requests, ureq or reqwest](guide::coming_from), what to do about
//! [errors](guide::errors), and [every way in which a connection can fail](guide::failures).
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `tls` | yes | `https`, by rustls with bundled roots; without it an `https` URL is an error of kind `UnsupportedProtocol` |
//! | `gzip` | yes | bodies sent as gzip or deflate; `Accept-Encoding` asks for what is there |
//! | `brotli` | yes | bodies sent as br |
//! | `json` | yes | JSON bodies and forms from anything that implements `Serialize` |
//! | `charset` | yes | every charset of the web; without it UTF-8, UTF-16, UTF-32, ASCII and Latin-1 |
//! | `multipart` | yes | forms of fields and files |
//! | `async` | no | `AsyncClient`, on tokio; HTTP/2 for both clients; each with a chapter in the guide |
//! | `tower` | no | [applications in the same process](guide::apps): any `tower::Service`, such as an axum `Router`; with `async` |
//! | `zstd` | no | bodies sent as zstd |
//! | `native-roots` | no | `Verify::Native`: the certificates that the operating system trusts |
//! | `aws-lc-rs` | no | the cryptography of aws-lc, with post-quantum key exchange, in place of ring |
//! | `encrypted-keys` | no | keys of client certificates that are encrypted with a password |
//! | `public-suffix` | no | refuses cookies for domains such as `co.uk`, by the public suffix list; without it only for those of one label |
//! | `env_logger` | no | [`logging::basic_config`](guide::logging), a logger for programs that have none |
//! | `log-kv` | no | the facts of a log record as key-value pairs |
//! | `cli` | no | the `papilio` command, with all default features, `async`, `encrypted-keys` and `env_logger` |
//!
//! # What papilio does not do
//!
//! - HTTP/3; and over HTTP/2, server push and CONNECT,
//! - a cache,
//! - retries of answers: the example `retry_transport` has 40 lines for it,
//! - WebSocket: [`upgrade`](StreamingResponse::upgrade) gives the connection after the switch, its frames are for others,
//! - NTLM and Kerberos: an [`Auth`] of your own is the place for them,
//! - reading the proxy settings of the operating system, other than its environment variables, or a PAC file,
//! - asking whether a certificate was revoked, unless the operating system's verifier does (`native-roots`),
//! - running scripts, or anything else that makes a browser.
//!
//! # Rust version, systems, safety
//!
//! papilio needs Rust 1.88, and a C compiler for the features `tls` and `zstd`. It is tested on Linux, and so is what macOS
//! and Windows run in place of Linux's own calls. It has no `unsafe` code of its own (`forbid(unsafe_code)`).

#![cfg_attr(
    not(all(feature = "json", feature = "multipart")),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "the guide is of the default features"
    )
)]

#[cfg(feature = "async")]
pub(crate) mod asynchronous;
pub(crate) mod blocking;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod flow;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(doc)]
pub mod guide;
#[cfg(feature = "env_logger")]
pub mod logging;
pub(crate) mod models;
pub(crate) mod protocol;
pub(crate) mod transports;

/// Forms of fields and files.
#[cfg(feature = "multipart")]
pub mod multipart {
    pub use crate::models::multipart::{Form, Part};
}

#[cfg(feature = "async")]
pub use asynchronous::client::AsyncClient;
#[cfg(feature = "async")]
pub use asynchronous::pieces::AsyncPieces;
#[cfg(feature = "async")]
pub use asynchronous::response::{AsyncBodyStream, AsyncStreamingResponse};
#[cfg(feature = "async")]
pub use asynchronous::transport::{AsyncHttpTransport, AsyncTransport};
#[cfg(feature = "async")]
pub use asynchronous::{Async, BoxFuture};
pub use blocking::Blocking;
pub use blocking::client::Client;
pub use blocking::oneshot::{
    OneShot, delete, get, head, options, patch, post, put, request, stream,
};
pub use blocking::response::{StreamPieces, StreamingResponse};
pub use blocking::transport::{HttpTransport, Transport};
pub use bytes::Bytes;
pub use client::builder::ClientBuilder;
pub use client::request::{NoBody, RequestBuilder, WithBody};
pub use client::{Buildable, ClientKind};
pub use engine::body::BodyStream;
pub use engine::builder::IntoTransport;
pub use engine::client::BaseClient;
pub use engine::transport::BaseHttpTransport;
pub use engine::upgraded::Upgraded;
pub use error::{Error, Kind, Phase, Reason, Result};
pub use flow::auth::{BasicAuth, BearerAuth, DigestAuth, FunctionAuth, IntoAuth, NetrcAuth};
pub use flow::redirect::{Redirect, RedirectAction};
pub use http::{Extensions, Method, StatusCode, Version};
pub use models::address::AddressPolicy;
pub use models::auth::{Auth, AuthFlow, AuthStep, ResponseHead};
pub use models::body::{Body, Trailers};
pub use models::cancel::CancelToken;
pub use models::config::{Limits, ResponseLimits, Timeout};
pub use models::connection::{ConnectionInfo, TlsInfo};
pub use models::cookies::{Cookie, Cookies, SameSite};
pub use models::headers::{HeaderEncoding, Headers, Iter as HeadersIter};
#[cfg(feature = "async")]
pub use models::http2::Http2Settings;
pub use models::informational::{Informational, OnInformational};
pub use models::links::{Link, Links};
pub use models::pieces::{Lines, Pieces, TextPieces};
pub use models::proxy::{IntoProxy, Proxy};
pub use models::query::{QueryParams, QueryValue};
pub use models::request::{IntoMethod, Request, RequestTarget};
pub use models::resolver::{IntoAddresses, Resolver, SystemResolver};
pub use models::response::{Response, ResponseBuilder};
pub use models::socket::{SocketOption, TcpKeepalive};
pub use models::status::reason_phrase;
pub use models::timings::{Attempt, Timings};
#[cfg(feature = "tls")]
pub use models::tls::{ClientCert, ServerName, TlsConfigBuilder, TlsVersion};
pub use models::tls::{TlsConfig, Verify};
pub use models::trace::{Event, EventInfo, EventPhase, Trace};
pub use models::url::{IntoUrl, Origin, Url, UrlBuilder};
#[cfg(feature = "tower")]
pub use transports::app::{AppBody, AppScope};
pub use transports::app::{AppHandler, AppTransport};
#[cfg(feature = "async")]
pub use transports::mock::AsyncMockTransport;
pub use transports::mock::MockTransport;

/// The code of the README, so that it is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
