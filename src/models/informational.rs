//! `Informational`: an interim response, for a callback of the caller's.
//!
//! Owns what is shown of one, and the callback. Does not own receiving it (`connection/mod.rs`).

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::error::Result;
use crate::models::headers::Headers;
use crate::models::links::Links;
use crate::models::url::Url;

/// An interim response: one with a status of 1xx, which the server sends before the final one. `103 Early Hints` says
/// what the page will need (RFC 8297), `102 Processing` that it takes time, `100 Continue` that the body is welcome.
///
/// Nothing of it is in the final response: no header, no cookie.
///
/// ```
/// # use std::io::{Read, Write};
/// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # std::thread::spawn(move || {
/// #     let (mut socket, _) = server.accept().unwrap();
/// #     let _ = socket.read(&mut [0; 4096]);
/// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
/// #     let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
/// # });
/// # let client = papilio::Client::builder().no_proxy().build()?;
/// let response = client
///     .get(url)
///     .on_informational(|interim| {
///         if interim.status() == 103 {
///             for (rel, link) in interim.links().iter() {
///                 println!("{rel}: {}", interim.url().join(link.url())?);
///             }
///         }
///         Ok(())
///     })
///     .send()?;
/// assert_eq!(response.status(), 204);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[doc(alias = "early_hints")]
pub struct Informational<'a> {
    status: StatusCode,
    headers: &'a Headers,
    url: &'a Url,
}

impl<'a> Informational<'a> {
    pub(crate) fn new(status: StatusCode, headers: &'a Headers, url: &'a Url) -> Self {
        Self {
            status,
            headers,
            url,
        }
    }

    /// The status: 100, 102, 103 or another of 1xx, but not 101, which is final.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// client
    ///     .get(url)
    ///     .on_informational(|interim| {
    ///         assert_eq!(interim.status(), 103);
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// client
    ///     .get(url)
    ///     .on_informational(|interim| {
    ///         assert!(interim.headers().contains("Link"));
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn headers(&self) -> &'a Headers {
        self.headers
    }

    /// The `Link` headers, their URLs as they are written; relative ones are relative to [`url`](Self::url).
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// client
    ///     .get(url)
    ///     .on_informational(|interim| {
    ///         assert_eq!(interim.links().get("preload").unwrap().url(), "/style.css");
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn links(&self) -> Links {
        Links::parse(self.headers.get_all("Link"))
    }

    /// What was requested, after redirects.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// client
    ///     .get(url)
    ///     .on_informational(|interim| {
    ///         assert_eq!(interim.url().path(), "/");
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn url(&self) -> &'a Url {
        self.url
    }
}

/// Status and headers, secrets masked.
impl fmt::Debug for Informational<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Informational")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish()
    }
}

/// A callback that is told of every interim response to a request: set it with
/// [`RequestBuilder::on_informational`](crate::RequestBuilder::on_informational), with
/// [`ClientBuilder::on_informational`](crate::ClientBuilder::on_informational), or in the extensions of a request.
///
/// It is called as soon as the interim response is there, before the final one, on the thread that sends the request,
/// while that waits; in an async client it must not block. Redirects and authentication rounds reach it too, the answers
/// of proxies to `CONNECT` do not. An error it returns ends the request, which fails with that error, and closes the
/// connection. How many interim responses are taken is limited by
/// [`ResponseLimits::interim`](crate::ResponseLimits::interim).
///
/// ```
/// use papilio::{OnInformational, Request};
///
/// let mut request = Request::new("GET", "http://example.org/")?;
/// request.extensions_mut().insert(OnInformational::new(|interim| {
///     println!("{}", interim.status());
///     Ok(())
/// }));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct OnInformational(Arc<Callback>);

type Callback = dyn Fn(&Informational<'_>) -> Result<()> + Send + Sync;

impl OnInformational {
    /// With this function.
    ///
    /// ```
    /// use papilio::{OnInformational, Request};
    /// let mut request = Request::new("GET", "http://example.org/")?;
    /// request.extensions_mut().insert(OnInformational::new(|interim| {
    ///     println!("{interim:?}");
    ///     Ok(())
    /// }));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(
        callback: impl Fn(&Informational<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(callback))
    }

    /// Calls this one, and then the other.
    pub(crate) fn then(self, other: Self) -> Self {
        Self::new(move |interim| {
            self.tell(interim)?;
            other.tell(interim)
        })
    }

    pub(crate) fn tell(&self, interim: &Informational<'_>) -> Result<()> {
        (self.0)(interim)
    }
}

impl fmt::Debug for OnInformational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnInformational(..)")
    }
}

/// The callback of the client that sends a request, beside the request's own.
#[derive(Clone, Debug)]
pub(crate) struct OfClient(pub(crate) OnInformational);
