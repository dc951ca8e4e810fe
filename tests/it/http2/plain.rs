//! The blocking client as the tests of HTTP/2 see it.

use std::io::Read;

pub(crate) use papilio::Client;
use papilio::{Request, RequestBuilder, Response, Result, StreamingResponse};

pub(crate) type Builder = papilio::ClientBuilder<Client>;
pub(crate) type Streaming = StreamingResponse;

pub(crate) fn builder() -> Builder {
    Client::builder().trust_env(false)
}

/// What is done with a request that is ready.
pub(crate) trait Go {
    /// Sends it and reads the response.
    fn go(self) -> Result<Response>;
    /// Sends it and leaves the body where it is.
    fn open(self) -> Result<Streaming>;
}

impl<B> Go for RequestBuilder<&Client, B> {
    fn go(self) -> Result<Response> {
        self.send()
    }

    fn open(self) -> Result<Streaming> {
        self.stream()
    }
}

/// What is done with a body on its way.
pub(crate) trait Drink: Sized {
    fn body(self) -> impl Read + Send;
    fn drain(self) -> Result<Response>;
}

impl Drink for Streaming {
    fn body(self) -> impl Read + Send {
        self
    }

    fn drain(self) -> Result<Response> {
        self.buffer()
    }
}

/// Hooks that leave a mark, and read the response.
pub(crate) fn hooked(builder: Builder) -> Builder {
    builder
        .on_request(|request: &mut Request| request.headers.insert("X-Hook", "was here"))
        .on_response(|response: &mut Streaming| response.load().map(drop))
}
