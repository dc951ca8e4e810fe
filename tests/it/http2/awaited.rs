//! The async client with the face of `plain.rs`: what is awaited is waited for on the calling thread, in a runtime that
//! all tests share.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::LazyLock;

use papilio::{
    AsyncClient, AsyncPieces, AsyncStreamingResponse, BoxFuture, Request, RequestBuilder, Response,
    Result,
};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Runtime;

pub(crate) type Client = AsyncClient;
pub(crate) type Builder = papilio::ClientBuilder<AsyncClient>;
pub(crate) type Streaming = AsyncStreamingResponse;

pub(crate) fn builder() -> Builder {
    LazyLock::force(&RUNTIME);
    Client::builder().trust_env(false)
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

pub(crate) trait Go {
    fn go(self) -> Result<Response>;
    fn open(self) -> Result<Streaming>;
}

impl<B> Go for RequestBuilder<&Client, B> {
    fn go(self) -> Result<Response> {
        wait(self.send())
    }

    fn open(self) -> Result<Streaming> {
        wait(self.stream())
    }
}

pub(crate) trait Drink: Sized {
    fn body(self) -> impl Read + Send;
    fn drain(self) -> Result<Response>;
}

impl Drink for Streaming {
    fn body(self) -> impl Read + Send {
        Reader(self.into_stream())
    }

    fn drain(self) -> Result<Response> {
        wait(self.buffer())
    }
}

struct Reader(AsyncPieces<'static>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        wait(poll_fn(|cx| {
            Pin::new(&mut self.0).poll_read(cx, &mut buffer)
        }))?;
        Ok(buffer.filled().len())
    }
}

pub(crate) fn hooked(builder: Builder) -> Builder {
    builder
        .on_request(|request: &mut Request| -> BoxFuture<'_, Result<()>> {
            Box::pin(async move { request.headers.insert("X-Hook", "was here") })
        })
        .on_response(|response: &mut Streaming| -> BoxFuture<'_, Result<()>> {
            Box::pin(async move { response.load().await.map(drop) })
        })
}
