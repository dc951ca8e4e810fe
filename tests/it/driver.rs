//! The blocking client as the tests of behaviour see it: papilio as it is.
//!
//! The same tests run with `asynchronous/driver.rs` in place of this file, which has the same names over the async client.

use std::io::Read;

pub(crate) use papilio::*;

/// A response made by hand whose body is read from this.
pub(crate) fn streamed(
    head: ResponseBuilder,
    reader: impl Read + Send + 'static,
) -> StreamingResponse {
    head.stream(reader)
}
