//! `ResponseBuilder`: a response made by hand, for tests and transports.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Version;

use crate::error::Error;
#[cfg(feature = "json")]
use crate::error::{Kind, Result};
use crate::models::response::{Head, Response};

/// Builds a [`Response`] by hand; see [`Response::builder`].
///
/// ```
/// let response = papilio::Response::builder(201).header("Location", "/items/7").text("made");
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers().get("content-type").as_deref(), Some("text/plain; charset=utf-8"));
/// ```
#[must_use]
pub struct ResponseBuilder {
    pub(crate) head: Head,
    pub(crate) error: Option<Error>,
}

impl ResponseBuilder {
    /// Adds a header; it wins over the automatic ones.
    ///
    /// An invalid name or value turns the response into a 500 that says so.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).header("X-A", "1").text("");
    /// assert_eq!(response.headers().get("x-a").as_deref(), Some("1"));
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.head.headers.append(name, value) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Says which protocol version it came by; HTTP/1.1 unless set.
    ///
    /// ```
    /// # use papilio::{Response, Version};
    /// let response = Response::builder(200).version(Version::HTTP_10).text("");
    /// assert_eq!(response.http_version(), "HTTP/1.0");
    /// ```
    pub fn version(mut self, version: Version) -> Self {
        self.head.version = version;
        self
    }

    /// With these bytes as body; `Content-Length` is added unless they are empty.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(200).bytes(vec![1, 2, 3]).content().len(), 3);
    /// ```
    pub fn bytes(self, content: impl Into<Bytes>) -> Response {
        self.finish(content.into(), None)
    }

    /// With this text as body, `text/plain; charset=utf-8`.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert_eq!(Response::builder(200).text("café").text(), "café");
    /// ```
    pub fn text(self, content: impl Into<String>) -> Response {
        self.finish(content.into().into(), Some("text/plain; charset=utf-8"))
    }

    /// With this text as body, `text/html; charset=utf-8`.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).html("<p>");
    /// assert_eq!(response.headers().get("content-type").as_deref(), Some("text/html; charset=utf-8"));
    /// ```
    pub fn html(self, content: impl Into<String>) -> Response {
        self.finish(content.into().into(), Some("text/html; charset=utf-8"))
    }

    /// With this value as JSON body, `application/json`.
    ///
    /// # Errors
    /// [`Kind::Json`] if the value cannot be written as JSON.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(200).json(&[1, 2])?;
    /// assert_eq!(response.text(), "[1,2]");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json(self, value: &impl serde::Serialize) -> Result<Response> {
        let content = serde_json::to_vec(value).map_err(|e| {
            Error::new(Kind::Json, "the value cannot be written as JSON").with_source(e)
        })?;
        Ok(self.finish(content.into(), Some("application/json")))
    }

    /// Says that a stream follows, unless a header says so already.
    pub(crate) fn announce_stream(&mut self) {
        let headers = &mut self.head.headers;
        if !headers.contains("Content-Length") && !headers.contains("Transfer-Encoding") {
            headers.push("Transfer-Encoding", b"chunked");
        }
    }

    fn finish(mut self, content: Bytes, content_type: Option<&str>) -> Response {
        if let Some(error) = self.error {
            return Response::builder(500).text(error.to_string());
        }
        let headers = &mut self.head.headers;
        let framed = headers.contains("Content-Length") || headers.contains("Transfer-Encoding");
        if !content.is_empty() && !framed {
            headers.push("Content-Length", content.len().to_string().as_bytes());
        }
        if let Some(content_type) = content_type.filter(|_| !headers.contains("Content-Type")) {
            headers.push("Content-Type", content_type.as_bytes());
        }
        self.head.elapsed = Some(Duration::ZERO);
        Response {
            head: Box::new(self.head),
            body: content,
        }
    }
}

impl fmt::Debug for ResponseBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBuilder")
            .field("status", &self.head.status)
            .finish_non_exhaustive()
    }
}
