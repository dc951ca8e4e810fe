//! What a caller of the async client does with a body that streams.
//!
//! Owns what is awaited. Does not own what is waited for (`engine/response.rs`).

use std::error::Error as StdError;

use bytes::Bytes;
use futures_core::Stream;

use crate::asynchronous::Async;
use crate::asynchronous::body::{ForeignStream, Mapped};
use crate::asynchronous::pieces::AsyncPieces;
use crate::engine::body::BodyStream;
use crate::error::Result;
use crate::models::pieces::{Lines, Pieces, TextPieces};
use crate::models::response::{Response, ResponseBuilder};

/// The body of an [`AsyncStreamingResponse`].
pub type AsyncBodyStream = BodyStream<Async>;

/// A response whose body is still to be read, of an async client. It holds its connection until the body was read to the
/// end, or until it is closed or dropped; neither waits for anything.
///
/// Its streams may be dropped between two items, and futures of their next item at any time, without losing anything that
/// was not handed out; a body is read by one of them, though, and by no second one.
pub type AsyncStreamingResponse = Response<AsyncBodyStream>;

impl AsyncStreamingResponse {
    /// Reads the body into memory where it is, so that a hook can look at it; whoever reads it next gets what is kept.
    ///
    /// Dropping its future loses what was read so far: the body counts as consumed then.
    ///
    /// # Errors
    /// As [`buffer`](Self::buffer).
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("body").into();
    /// assert_eq!(response.load().await?, "body");
    /// assert_eq!(response.buffer().await?.text(), "body");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn load(&mut self) -> Result<Bytes> {
        self.keep().await
    }

    /// Reads the body into memory.
    ///
    /// Dropping its future drops the response, which gives up its connection at once.
    ///
    /// # Errors
    /// As [`StreamingResponse::buffer`](crate::StreamingResponse::buffer).
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("body").into();
    /// assert_eq!(response.buffer().await?.content(), "body");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "aread")]
    pub async fn buffer(self) -> Result<Response> {
        self.into_buffered().await
    }

    /// Reads decoded bytes of the body, as many as there are but no more than there is room for; 0 is the end. It can be
    /// called again and again.
    ///
    /// Dropping its future loses nothing: the next call goes on where this one was.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("streamed").into();
    /// let mut some = [0; 6];
    /// assert_eq!(response.read(&mut some).await?, 6);
    /// assert_eq!(&some, b"stream");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// What is wrong with the connection, the framing or the coding, by its kind; the response is closed then.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_on(buffer).await
    }

    /// The body in pieces as received, not decoded, as a stream.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("raw").into();
    /// let pieces: Vec<_> = response.iter_raw().try_collect().await?;
    /// assert_eq!(pieces, ["raw"]);
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "aiter_raw")]
    pub fn iter_raw(&mut self) -> Pieces<AsyncPieces<'_>> {
        Pieces::new(AsyncPieces::lent(self, false))
    }

    /// The decoded body in pieces, as a stream.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("streamed").into();
    /// let pieces: Vec<_> = response.iter_bytes().try_collect().await?;
    /// assert_eq!(pieces, ["streamed"]);
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "aiter_bytes")]
    #[doc(alias = "bytes_stream")]
    pub fn iter_bytes(&mut self) -> Pieces<AsyncPieces<'_>> {
        Pieces::new(AsyncPieces::lent(self, true))
    }

    /// The text in pieces, by the charset of the response, as a stream; characters are never split.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("naïve").into();
    /// let text: String = response.iter_text().try_collect().await?;
    /// assert_eq!(text, "naïve");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "aiter_text")]
    pub fn iter_text(&mut self) -> TextPieces<AsyncPieces<'_>> {
        let charset = self.head.stream_charset();
        TextPieces::new(AsyncPieces::lent(self, true), charset)
    }

    /// The lines of the text, without their terminators: LF, CR LF or CR, as a stream. A line over the limit (1 MiB
    /// unless set) is [`Kind::Limit`](crate::Kind::Limit).
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("one\r\ntwo").into();
    /// let lines: Vec<_> = response.iter_lines().try_collect().await?;
    /// assert_eq!(lines, ["one", "two"]);
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "aiter_lines")]
    pub fn iter_lines(&mut self) -> Lines<AsyncPieces<'_>> {
        let limit = self.line_limit();
        Lines::new(self.iter_text(), limit).on_limit(AsyncPieces::give_up)
    }

    /// The decoded body, to be read with tokio's [`AsyncRead`](tokio::io::AsyncRead).
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mut response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("streamed").into();
    /// let mut start = [0; 6];
    /// response.reader().read_exact(&mut start).await?;
    /// assert_eq!(&start, b"stream");
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn reader(&mut self) -> AsyncPieces<'_> {
        AsyncPieces::lent(self, true)
    }

    /// The decoded body as a stream, and as tokio's [`AsyncRead`](tokio::io::AsyncRead), that may go anywhere: into the
    /// response of a server, for one.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let response: papilio::AsyncStreamingResponse = papilio::Response::builder(200).text("streamed").into();
    /// let body = response.into_stream();
    /// let length = tokio::spawn(body.try_fold(0, |sum, piece| async move { Ok(sum + piece.len()) })).await.unwrap()?;
    /// assert_eq!(length, 8);
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn into_stream(self) -> AsyncPieces<'static> {
        AsyncPieces::owned(self)
    }
}

/// A response by hand whose body streams.
impl ResponseBuilder {
    /// With what this stream gives as body: `Transfer-Encoding: chunked`, unless a length was given as header. For
    /// transports and mocks of async clients.
    ///
    /// ```
    /// use futures_util::stream;
    /// use papilio::Response;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pieces = stream::iter([Ok::<_, std::io::Error>("one "), Ok("two")]);
    /// let response = Response::builder(200).async_stream(pieces);
    /// assert_eq!(response.buffer().await?.text(), "one two");
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn async_stream<S, T, E>(mut self, stream: S) -> AsyncStreamingResponse
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.announce_stream();
        Response::by_hand(self.head, ForeignStream::new(Mapped(Box::pin(stream))))
    }
}
