//! `Response<B>`: what came back, with the body in memory (`Response`) or still on its way.
//!
//! Owns the head, its accessors, status helpers, and everything about a body that is in memory. Does not own streams
//! (`blocking/body.rs`), charset rules (`models/text`) or how a head is parsed (`protocol/http1/parse.rs`).

mod build;
mod status;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, StatusCode, Version};

pub use build::ResponseBuilder;

use crate::error::{Error, Kind, Result};
use crate::models::connection::ConnectionInfo;
use crate::models::headers::Headers;
use crate::models::links::Links;
use crate::models::pieces::{Lines, Pieces, TextPieces};
use crate::models::request::Request;
use crate::models::status::reason_phrase;
use crate::models::text::{self, Charset};
use crate::models::timings::{Stopwatch, Timings};
use crate::models::url::Url;

/// A response. `Response` alone has its body in memory; `Response<BodyStream>` is read from the connection.
///
/// ```
/// let response = papilio::Response::builder(200).text("hello");
/// assert!(response.is_success());
/// assert_eq!(response.text(), "hello");
/// assert_eq!(response.headers().get("content-length").as_deref(), Some("5"));
/// ```
pub struct Response<B = Bytes> {
    pub(crate) head: Box<Head>,
    pub(crate) body: B,
}

/// Everything but the body.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    /// As received, if it is not the usual one of the status.
    pub(crate) reason: Option<Box<[u8]>>,
    pub(crate) headers: Headers,
    pub(crate) request: Option<Request>,
    pub(crate) history: Vec<Arc<Response>>,
    pub(crate) next_request: Option<Box<Request>>,
    pub(crate) cut: bool,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) downloaded: u64,
    pub(crate) encoding: Option<Charset>,
    pub(crate) default_encoding: DefaultEncoding,
    pub(crate) trailers: Option<Headers>,
    pub(crate) connection: Option<Arc<ConnectionInfo>>,
    pub(crate) stopwatch: Option<Stopwatch>,
    pub(crate) extensions: Extensions,
}

/// The number of the stream of HTTP/2 that a response came on: odd, from 1; see
/// [`Response::stream_id`](crate::Response::stream_id).
#[cfg(feature = "async")]
#[derive(Clone, Copy)]
pub(crate) struct StreamId(pub(crate) u32);

/// Finds the label of a charset in the bytes of a body.
pub(crate) type Detect = dyn Fn(&[u8]) -> Option<String> + Send + Sync;

/// The charset of a body whose response does not name one.
#[derive(Clone, Default)]
pub(crate) enum DefaultEncoding {
    #[default]
    Utf8,
    Fixed(Charset),
    Detect(Arc<Detect>),
}

impl Head {
    #[inline]
    pub(crate) fn new(status: StatusCode, version: Version, headers: Headers) -> Self {
        Self {
            status,
            version,
            reason: None,
            headers,
            request: None,
            history: Vec::new(),
            next_request: None,
            cut: false,
            elapsed: None,
            downloaded: 0,
            encoding: None,
            default_encoding: DefaultEncoding::Utf8,
            trailers: None,
            connection: None,
            stopwatch: None,
            extensions: Extensions::new(),
        }
    }

    pub(crate) fn has_redirect_location(&self) -> bool {
        matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308)
            && self.headers.contains("Location")
    }

    /// Set explicitly; else named by Content-Type; else `None`.
    pub(crate) fn named_charset(&self) -> Option<Charset> {
        self.encoding.or_else(|| {
            let content_type = self.headers.get("Content-Type")?;
            Charset::for_label(&text::charset_param(&content_type)?)
        })
    }

    /// The charset for text that is decoded while it streams, when nothing can be detected (TXT-01).
    pub(crate) fn stream_charset(&self) -> Charset {
        self.named_charset()
            .unwrap_or(match &self.default_encoding {
                DefaultEncoding::Fixed(charset) => *charset,
                _ => Charset::UTF_8,
            })
    }

    fn charset(&self, content: &[u8]) -> Charset {
        self.named_charset()
            .unwrap_or_else(|| match &self.default_encoding {
                DefaultEncoding::Utf8 => Charset::UTF_8,
                DefaultEncoding::Fixed(charset) => *charset,
                DefaultEncoding::Detect(detect) => detect(content)
                    .and_then(|label| Charset::for_label(&label))
                    .unwrap_or(Charset::UTF_8),
            })
    }
}

impl<B> Response<B> {
    /// The status code.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(404).text("").status(), 404);
    /// ```
    #[doc(alias = "status_code")]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The reason phrase: as received, non-ASCII bytes dropped; of the usual table where the protocol has none; empty
    /// if unknown.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(404).text("").reason_phrase(), "Not Found");
    /// ```
    pub fn reason_phrase(&self) -> Cow<'_, str> {
        match &self.head.reason {
            None => Cow::Borrowed(reason_phrase(self.head.status)),
            Some(raw) => match std::str::from_utf8(raw) {
                Ok(text) if text.is_ascii() => Cow::Borrowed(text),
                _ => Cow::Owned(
                    raw.iter()
                        .filter(|b| b.is_ascii())
                        .map(|&b| char::from(b))
                        .collect(),
                ),
            },
        }
    }

    /// The protocol version.
    ///
    /// ```
    /// # use papilio::{Response, Version};
    /// assert_eq!(Response::builder(200).text("").version(), Version::HTTP_11);
    /// ```
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The protocol version as text: `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(200).text("").http_version(), "HTTP/1.1");
    /// ```
    pub fn http_version(&self) -> &'static str {
        match self.head.version {
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2",
            _ => "HTTP/1.1",
        }
    }

    /// The header fields.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(404).header("X-A", "1").text("no such page");
    /// assert_eq!(response.headers().get("x-a").as_deref(), Some("1"));
    /// ```
    pub fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// The header fields, to change.
    ///
    /// ```
    /// # use papilio::Response;
    /// let mut response = Response::builder(200).text("");
    /// response.headers_mut().insert("X-Seen", "yes")?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.head.headers
    }

    /// The URL this response came from; an empty one for a response made by hand.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/b").text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let response = client.get("http://test/a").send()?;
    /// assert_eq!(response.url().as_str(), "http://test/a");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn url(&self) -> &Url {
        static EMPTY: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("").ok());
        match &self.head.request {
            Some(request) => &request.url,
            None => EMPTY
                .as_ref()
                .unwrap_or_else(|| unreachable!("the empty reference is a URL")),
        }
    }

    /// The request that was answered; `None` for a response made by hand.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/b").text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let response = client.get("http://test/a").send()?;
    /// assert_eq!(response.request().unwrap().method, "GET");
    /// assert!(Response::builder(200).text("").request().is_none());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn request(&self) -> Option<&Request> {
        self.head.request.as_ref()
    }

    /// The request that was answered, by value.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/b").text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let response = client.get("http://test/a").send()?;
    /// let again = client.send(response.into_request().unwrap())?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn into_request(self) -> Option<Request> {
        self.head.request
    }

    /// What came before this response: authentication challenges of the call, then the redirects that led here, the
    /// oldest first. A redirect response's own history is what came before it.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|request| Ok(match request.url.path().as_ref() {
    ///     "/a" => Response::builder(302).header("Location", "/b").text(""),
    ///     _ => Response::builder(200).text(""),
    /// }));
    /// let client = Client::builder().transport(mock).follow_redirects(true).build()?;
    /// let response = client.get("http://test/a").send()?;
    /// assert_eq!(response.history().len(), 1);
    /// assert_eq!(response.history()[0].status(), 302);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn history(&self) -> &[Arc<Response>] {
        &self.head.history
    }

    /// Where this redirect leads, when redirects are not followed: a request ready to be sent by the same client.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/b").text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let response = client.get("http://test/a").send()?;
    /// assert_eq!(response.next_request().unwrap().url, "http://test/b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn next_request(&self) -> Option<&Request> {
        self.head.next_request.as_deref()
    }

    /// [`next_request`](Self::next_request), by value.
    ///
    /// ```no_run
    /// let client = papilio::Client::new();
    /// let mut response = client.get("http://www.example.org/").send()?;
    /// while let Some(next) = response.take_next_request() {
    ///     response = client.send(next)?;
    /// }
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(302).header("Location", "/next").text("")))).build()?;
    /// let mut response = client.get("https://www.example.org/").send()?;
    /// let next = response.take_next_request().unwrap();
    /// assert_eq!(next.url.as_str(), "https://www.example.org/next");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn take_next_request(&mut self) -> Option<Request> {
        self.head.next_request.take().map(|next| *next)
    }

    /// The links of the `Link` headers, by `rel`, or by URL where there is none.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).header("Link", "</2>; rel=next").text("");
    /// assert_eq!(response.links().get("next").unwrap().url(), "/2");
    /// ```
    pub fn links(&self) -> Links {
        Links::parse(self.head.headers.get_all("Link"))
    }

    /// The lower-cased charset that Content-Type names, known or not.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).header("Content-Type", "text/html; charset=UTF-8").text("");
    /// assert_eq!(response.charset_encoding().as_deref(), Some("utf-8"));
    /// ```
    pub fn charset_encoding(&self) -> Option<String> {
        text::charset_param(&self.head.headers.get("Content-Type")?)
    }

    /// Reads text in this charset, whatever Content-Type says.
    ///
    /// # Errors
    /// [`Kind::Config`] for a label nobody knows.
    ///
    /// ```
    /// let mut response = papilio::Response::builder(200).bytes(&b"caf\xe9"[..]);
    /// response.set_encoding("latin-1")?;
    /// assert_eq!(response.text(), "café");
    /// assert!(response.set_encoding("klingon").is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn set_encoding(&mut self, label: &str) -> Result<()> {
        let charset = Charset::for_label(label)
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown text encoding {label:?}")))?;
        self.head.encoding = Some(charset);
        Ok(())
    }

    /// The fields behind the body: known once it was read, in memory or as a stream, to its very end; `None` until then
    /// and if there are none.
    ///
    /// They are as received, and whatever their names change nothing: a `Content-Length` or `Set-Cookie` among them means
    /// nothing, so do not mix them with the [`headers`](Self::headers) (RFC 9110 section 6.5). Many servers send trailers
    /// only to a request with `TE: trailers`.
    ///
    /// ```no_run
    /// let mut response = papilio::get("https://www.example.org/large").header("TE", "trailers").stream()?;
    /// for piece in response.iter_bytes() {
    ///     drop(piece?);
    /// }
    /// let checksum = response.trailers().and_then(|trailers| trailers.get("X-Checksum"));
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
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Checksum: 7\r\n\r\n");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("TE", "trailers").send()?;
    /// assert_eq!(response.trailers().unwrap().get("X-Checksum").as_deref(), Some("7"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trailers(&self) -> Option<&Headers> {
        self.head.trailers.as_ref()
    }

    /// The connection it came over; `None` for a response made by hand.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(200).text("").connection().is_none());
    /// ```
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.head.connection.as_deref()
    }

    /// When the steps of this exchange were over, as far as they are; `None` unless that was asked for with
    /// [`RequestBuilder::timings`](crate::RequestBuilder::timings) or
    /// [`ClientBuilder::timings`](crate::ClientBuilder::timings).
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = Client::builder().transport(mock).timings(true).build()?;
    /// assert!(client.get("http://test/").send()?.timings().is_some());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn timings(&self) -> Option<Timings> {
        self.head.stopwatch.as_ref().map(Stopwatch::timings)
    }

    /// The number of the stream of HTTP/2 that the response came on: odd, from 1. `None` for other versions.
    ///
    /// ```
    /// assert_eq!(papilio::Response::builder(200).text("").stream_id(), None);
    /// ```
    #[cfg(feature = "async")]
    pub fn stream_id(&self) -> Option<u32> {
        self.head.extensions.get::<StreamId>().map(|id| id.0)
    }

    /// The open map of extensions: typed values by type.
    ///
    /// ```
    /// # use papilio::Response;
    /// let mut response = Response::builder(200).text("");
    /// response.extensions_mut().insert(7_u8);
    /// assert_eq!(response.extensions().get::<u8>(), Some(&7));
    /// ```
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The open map of extensions, to add to.
    ///
    /// ```
    /// # use papilio::Response;
    /// let mut response = Response::builder(200).text("");
    /// response.extensions_mut().insert("a note");
    /// ```
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.head.extensions
    }

    /// Hands the request over to an error that ends the call.
    pub(crate) fn fail(mut self, error: Error) -> Error {
        match self.head.request.take() {
            Some(request) => error.for_request(request),
            None => error,
        }
    }

    /// Names the request in an error.
    pub(crate) fn attach(&self, error: Error) -> Error {
        match &self.head.request {
            Some(request) => error.for_line(&request.method, &request.url),
            None => error,
        }
    }
}

/// The body in memory.
impl Response {
    /// Starts a response made by hand, for tests and transports. A status outside 100 to 999 becomes 500.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(201).header("Location", "/7").text("made");
    /// assert_eq!(response.status(), 201);
    /// ```
    pub fn builder(status: u16) -> ResponseBuilder {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        ResponseBuilder {
            head: Head::new(status, Version::HTTP_11, Headers::new()),
            error: None,
        }
    }

    /// The body, decoded.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(200).bytes("abc").content(), "abc");
    /// ```
    #[doc(alias = "bytes")]
    pub fn content(&self) -> &Bytes {
        &self.body
    }

    /// The body, decoded, by value.
    ///
    /// ```
    /// # use papilio::Response;
    /// let content: papilio::Bytes = Response::builder(200).bytes("abc").into_content();
    /// assert_eq!(content, "abc");
    /// ```
    pub fn into_content(self) -> Bytes {
        self.body
    }

    /// The body as text: in the charset that was set, that Content-Type names, or the client's default; UTF-8 in the
    /// end. Invalid bytes become U+FFFD; this never fails.
    ///
    /// ```
    /// let response = papilio::Response::builder(200).header("Content-Type", "text/plain; charset=latin-1").bytes(&b"caf\xe9"[..]);
    /// assert_eq!(response.text(), "café");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        self.head.charset(&self.body).decode(&self.body)
    }

    /// The body as text in this charset.
    ///
    /// # Errors
    /// [`Kind::Config`] for a label nobody knows.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).bytes(&b"caf\xe9"[..]);
    /// assert_eq!(response.text_with_encoding("latin-1")?, "café");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn text_with_encoding(&self, label: &str) -> Result<Cow<'_, str>> {
        Charset::for_label(label)
            .map(|charset| charset.decode(&self.body))
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown text encoding {label:?}")))
    }

    /// The name of the charset [`text`](Self::text) uses.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(200).text("").encoding(), "utf-8");
    /// ```
    pub fn encoding(&self) -> &'static str {
        self.head.charset(&self.body).name()
    }

    /// The body as JSON. UTF-8, UTF-16 and UTF-32 are told apart by their bytes; Content-Type does not matter.
    ///
    /// # Errors
    /// [`Kind::Json`] if the body is not the JSON that `T` wants; the source says where.
    ///
    /// ```
    /// let response = papilio::Response::builder(200).text("[1, 2]");
    /// assert_eq!(response.json::<Vec<u8>>()?, [1, 2]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        text::from_json(&self.body).map_err(|e| self.attach(e))
    }

    /// From just before the request was handed to the connection until the body was read.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// println!("{:?}", client.get("http://test/").send()?.elapsed());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.head.elapsed.unwrap_or_default()
    }

    /// Whether the body was cut: that of a followed redirect or an answered challenge, which is kept up to a limit.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(!Response::builder(200).text("whole").is_cut());
    /// ```
    pub fn is_cut(&self) -> bool {
        self.head.cut
    }

    /// Body bytes as received, before content decoding.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// # let client = Client::builder().transport(MockTransport::new(|_| Ok(Response::builder(200).text("hello")))).build()?;
    /// assert_eq!(client.get("https://www.example.org/").send()?.num_bytes_downloaded(), 5);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn num_bytes_downloaded(&self) -> u64 {
        self.head.downloaded
    }

    /// The body in pieces; in one piece unless a chunk size is set. Can be called again and again.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).text("abc");
    /// assert_eq!(response.iter_bytes().next().unwrap()?, "abc");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_bytes(&self) -> Pieces<std::option::IntoIter<Result<Bytes>>> {
        Pieces::new(Some(Ok(self.body.clone())).into_iter())
    }

    /// The text in pieces.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).text("äö");
    /// let text: String = response.iter_text().collect::<papilio::Result<_>>()?;
    /// assert_eq!(text, "äö");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_text(&self) -> TextPieces<std::option::IntoIter<Result<Bytes>>> {
        let charset = self.head.charset(&self.body);
        TextPieces::new(Some(Ok(self.body.clone())).into_iter(), charset)
    }

    /// The lines of the text, without their terminators: LF, CR LF or CR.
    ///
    /// ```
    /// let response = papilio::Response::builder(200).text("a\r\nb\n");
    /// let lines: Vec<String> = response.iter_lines().collect::<papilio::Result<_>>()?;
    /// assert_eq!(lines, ["a", "b"]);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn iter_lines(&self) -> Lines<std::option::IntoIter<Result<Bytes>>> {
        Lines::new(self.iter_text(), usize::MAX)
    }
}

/// Status and reason, nothing of the content.
impl<B> fmt::Debug for Response<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason_phrase();
        let space = if reason.is_empty() { "" } else { " " };
        write!(
            f,
            "<Response [{}{space}{}]>",
            self.head.status.as_u16(),
            reason.escape_debug()
        )
    }
}
