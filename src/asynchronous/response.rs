//! What a caller of the async client does with a body that streams.
//!
//! Owns what is awaited. Does not own what is waited for (`engine/response.rs`).

use bytes::Bytes;

use crate::asynchronous::Async;
use crate::engine::body::BodyStream;
use crate::error::Result;
use crate::models::response::Response;

/// The body of an [`AsyncStreamingResponse`].
pub type AsyncBodyStream = BodyStream<Async>;

/// A response whose body is still to be read, of an async client. It holds its connection until the body was read to the
/// end, or until it is closed or dropped; neither waits for anything.
pub type AsyncStreamingResponse = Response<AsyncBodyStream>;

impl AsyncStreamingResponse {
    /// Reads the body into memory where it is, so that a hook can look at it; whoever reads it next gets what is kept.
    ///
    /// # Errors
    /// As [`buffer`](Self::buffer).
    pub async fn load(&mut self) -> Result<Bytes> {
        self.keep().await
    }

    /// Reads the body into memory.
    ///
    /// # Errors
    /// As [`StreamingResponse::buffer`](crate::StreamingResponse::buffer).
    #[doc(alias = "aread")]
    pub async fn buffer(self) -> Result<Response> {
        self.into_buffered().await
    }
}
