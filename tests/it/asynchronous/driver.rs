//! The async client with the face of the blocking one, so that one body of test proves both.
//!
//! Everything here waits on the calling thread for a future of papilio, within one runtime that all tests share. What
//! differs between the two clients is in the tests beside this file.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_util::stream;
use futures_util::{Stream, StreamExt};
use papilio::{
    AsyncClient, AsyncHttpTransport, AsyncPieces, AsyncStreamingResponse, AsyncTransport,
    BoxFuture, Buildable,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Runtime;

pub(crate) use papilio::*;

/// Its workers turn the wheels of sockets and timers; the futures of the tests are polled by the tests' own threads.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The outcome of a future. May be called while another one is being polled, as a hook or a transport of a test does.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let _within = RUNTIME.enter();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

/// What is built: the client, or a transport.
pub(crate) trait Kinds {
    type Inner: Buildable;
}

impl Kinds for Client {
    type Inner = AsyncClient;
}

impl Kinds for HttpTransport {
    type Inner = AsyncHttpTransport;
}

#[derive(Clone, Default)]
pub(crate) struct Client(AsyncClient);

impl Client {
    pub(crate) fn new() -> Self {
        Self::builder().build().unwrap()
    }

    pub(crate) fn builder() -> ClientBuilder<Self> {
        // A test that counts descriptors begins with a client.
        LazyLock::force(&RUNTIME);
        ClientBuilder(AsyncClient::builder())
    }

    pub(crate) fn get(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder(self.0.get(url))
    }

    pub(crate) fn head(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder(self.0.head(url))
    }

    pub(crate) fn options(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder(self.0.options(url))
    }

    pub(crate) fn delete(&self, url: impl IntoUrl) -> RequestBuilder<&Self, NoBody> {
        RequestBuilder(self.0.delete(url))
    }

    pub(crate) fn post(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        RequestBuilder(self.0.post(url))
    }

    pub(crate) fn put(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        RequestBuilder(self.0.put(url))
    }

    pub(crate) fn patch(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        RequestBuilder(self.0.patch(url))
    }

    pub(crate) fn request(
        &self,
        method: impl IntoMethod,
        url: impl IntoUrl,
    ) -> RequestBuilder<&Self> {
        RequestBuilder(self.0.request(method, url))
    }

    pub(crate) fn send(&self, request: Request) -> Result<Response> {
        block_on(self.0.send(request))
    }

    pub(crate) fn stream(&self, request: Request) -> Result<StreamingResponse> {
        block_on(self.0.stream(request)).map(StreamingResponse)
    }

    pub(crate) fn on_request(
        &mut self,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) {
        self.0.on_request(request_hook(hook));
    }

    pub(crate) fn on_response(
        &mut self,
        hook: impl Fn(&mut StreamingResponse) -> Result<()> + Send + Sync + 'static,
    ) {
        self.0.on_response(response_hook(hook));
    }
}

impl Deref for Client {
    type Target = AsyncClient;

    fn deref(&self) -> &AsyncClient {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut AsyncClient {
        &mut self.0
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Waits once before it calls, so that the client has to wait for its hooks.
fn request_hook(
    hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a mut Request) -> BoxFuture<'a, Result<()>> + Send + Sync {
    let hook = Arc::new(hook);
    move |request| {
        let hook = Arc::clone(&hook);
        Box::pin(async move {
            tokio::task::yield_now().await;
            hook(request)
        })
    }
}

fn response_hook(
    hook: impl Fn(&mut StreamingResponse) -> Result<()> + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a mut AsyncStreamingResponse) -> BoxFuture<'a, Result<()>> + Send + Sync {
    let hook = Arc::new(hook);
    move |response| {
        let hook = Arc::clone(&hook);
        Box::pin(async move {
            tokio::task::yield_now().await;
            let nothing = Response::builder(200).bytes("");
            let mut lent = StreamingResponse(std::mem::replace(response, nothing.into()));
            let outcome = hook(&mut lent);
            *response = lent.0;
            outcome
        })
    }
}

macro_rules! settings {
    ($($(#[$cfg:meta])* $name:ident($($arg:ident: $type:ty),*);)*) => {$(
        $(#[$cfg])*
        pub(crate) fn $name(self, $($arg: $type),*) -> Self {
            Self(self.0.$name($($arg),*))
        }
    )*};
}

pub(crate) struct ClientBuilder<C: Kinds>(papilio::ClientBuilder<C::Inner>);

impl<C: Kinds> ClientBuilder<C> {
    settings! {
        limits(limits: Limits);
        response_limits(limits: ResponseLimits);
        connect_retries(retries: u32);
        retry_stale(on: bool);
        resolver(resolver: impl Resolver + 'static);
        resolve(host: impl AsRef<str>, addresses: impl IntoAddresses);
        address_policy(policy: AddressPolicy);
        local_address(address: impl Into<std::net::IpAddr>);
        unix_socket(path: impl Into<std::path::PathBuf>);
        tcp_keepalive(keepalive: impl Into<TcpKeepalive>);
        socket_option(option: SocketOption);
        verify(verify: impl Into<Verify>);
        add_root_certificate(certificates: impl Into<Vec<u8>>);
        trust_env(on: bool);
        #[cfg(feature = "tls")]
        tls(config: TlsConfig);
        #[cfg(feature = "tls")]
        cert(cert: ClientCert);
        #[cfg(feature = "tls")]
        pin_public_key(hosts: impl Into<String>, pin: impl Into<String>);
        #[cfg(feature = "tls")]
        min_tls_version(version: TlsVersion);
        #[cfg(feature = "tls")]
        max_tls_version(version: TlsVersion);
        proxy(proxy: impl IntoProxy);
        proxy_for(pattern: &str, proxy: impl IntoProxy);
        no_proxy_for(pattern: &str);
        no_proxy();
    }
}

impl ClientBuilder<Client> {
    settings! {
        base_url(url: impl IntoUrl);
        header(name: impl AsRef<str>, value: impl AsRef<[u8]>);
        headers(headers: &Headers);
        user_agent(value: impl AsRef<[u8]>);
        query(params: impl Into<QueryParams>);
        timeout(timeout: impl Into<Timeout>);
        default_encoding(label: &str);
        default_encoding_fn(detect: impl Fn(&[u8]) -> Option<String> + Send + Sync + 'static);
        auth(auth: impl IntoAuth);
        follow_redirects(on: bool);
        max_redirects(most: usize);
        redirect_policy(decide: impl Fn(&Redirect<'_>) -> RedirectAction + Send + Sync + 'static);
        secret_header(name: impl Into<String>);
        timings(on: bool);
        cookies(cookies: impl Into<Cookies>);
        unmount(pattern: &str);
    }

    pub(crate) fn on_request(
        self,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.on_request(request_hook(hook)))
    }

    pub(crate) fn on_response(
        self,
        hook: impl Fn(&mut StreamingResponse) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.on_response(response_hook(hook)))
    }

    pub(crate) fn transport(self, transport: impl Transport + 'static) -> Self {
        Self(self.0.transport(Awaited(transport)))
    }

    pub(crate) fn mount(self, pattern: &str, transport: impl Transport + 'static) -> Self {
        Self(self.0.mount(pattern, Awaited(transport)))
    }

    pub(crate) fn build(self) -> Result<Client> {
        self.0.build().map(Client)
    }
}

impl ClientBuilder<HttpTransport> {
    pub(crate) fn build(self) -> Result<HttpTransport> {
        self.0.build().map(HttpTransport)
    }
}

impl<C: Kinds> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) struct RequestBuilder<S: Sender, B = WithBody>(papilio::RequestBuilder<S::Inner, B>);

/// What requests are built for.
pub(crate) trait Sender {
    type Inner;
}

impl<'a> Sender for &'a Client {
    type Inner = &'a AsyncClient;
}

impl<S: Sender, B> RequestBuilder<S, B> {
    settings! {
        header(name: impl AsRef<str>, value: impl AsRef<[u8]>);
        headers(headers: &Headers);
        query(params: impl Into<QueryParams>);
        timeout(timeout: impl Into<Timeout>);
        no_timeout();
        auth(auth: impl IntoAuth);
        bearer(token: impl AsRef<[u8]>);
        no_auth();
        follow_redirects(on: bool);
        cookie(name: impl Into<String>, value: impl Into<String>);
        cookies(cookies: impl Into<Cookies>);
        target(target: impl AsRef<[u8]>);
        trace(callback: impl Fn(&Event<'_>) -> Result<()> + Send + Sync + 'static);
        timings();
        extension(value: impl Clone + Send + Sync + 'static);
    }
}

impl<S: Sender> RequestBuilder<S, WithBody> {
    settings! {
        body(body: impl Into<Body>);
        form(fields: impl Into<QueryParams>);
        #[cfg(feature = "multipart")]
        multipart(form: multipart::Form);
        #[cfg(feature = "json")]
        json(value: &(impl serde::Serialize + ?Sized));
    }
}

impl<B> RequestBuilder<&Client, B> {
    pub(crate) fn build(self) -> Result<Request> {
        self.0.build()
    }

    pub(crate) fn send(self) -> Result<Response> {
        block_on(self.0.send())
    }

    pub(crate) fn stream(self) -> Result<StreamingResponse> {
        block_on(self.0.stream()).map(StreamingResponse)
    }
}

impl<S: Sender, B> fmt::Debug for RequestBuilder<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) struct StreamingResponse(AsyncStreamingResponse);

impl StreamingResponse {
    pub(crate) fn load(&mut self) -> Result<Bytes> {
        block_on(self.0.load())
    }

    pub(crate) fn buffer(self) -> Result<Response> {
        block_on(self.0.buffer())
    }

    pub(crate) fn iter_raw(&mut self) -> Awaited<Pieces<AsyncPieces<'_>>> {
        Awaited(self.0.iter_raw())
    }

    pub(crate) fn iter_bytes(&mut self) -> Awaited<Pieces<AsyncPieces<'_>>> {
        Awaited(self.0.iter_bytes())
    }

    pub(crate) fn iter_text(&mut self) -> Awaited<TextPieces<AsyncPieces<'_>>> {
        Awaited(self.0.iter_text())
    }

    pub(crate) fn iter_lines(&mut self) -> Awaited<Lines<AsyncPieces<'_>>> {
        Awaited(self.0.iter_lines())
    }

    pub(crate) fn error_for_status(self) -> Result<Self> {
        self.0.error_for_status().map(Self)
    }

    pub(crate) fn upgrade(self) -> Result<Upgraded> {
        self.0.upgrade().map(Upgraded)
    }
}

impl Read for StreamingResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(block_on(self.0.read(buffer))?)
    }
}

impl Deref for StreamingResponse {
    type Target = AsyncStreamingResponse;

    fn deref(&self) -> &AsyncStreamingResponse {
        &self.0
    }
}

impl DerefMut for StreamingResponse {
    fn deref_mut(&mut self) -> &mut AsyncStreamingResponse {
        &mut self.0
    }
}

impl From<Response> for StreamingResponse {
    fn from(response: Response) -> Self {
        Self(response.into())
    }
}

impl fmt::Debug for StreamingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) fn streamed(
    head: ResponseBuilder,
    mut reader: impl Read + Send + 'static,
) -> StreamingResponse {
    let pieces = stream::iter(std::iter::from_fn(move || {
        let mut piece = vec![0; 64 << 10];
        let count = reader.read(&mut piece);
        let count = count.map(|count| piece.truncate(count));
        match count {
            Ok(()) if piece.is_empty() => None,
            Ok(()) => Some(Ok(piece)),
            Err(error) => Some(Err(error)),
        }
    }));
    StreamingResponse(head.async_stream(pieces))
}

/// What is awaited, where its twin blocks: a stream as an iterator, a transport for an async client.
pub(crate) struct Awaited<T>(T);

impl<S: Stream + Unpin> Iterator for Awaited<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        block_on(self.0.next())
    }
}

impl<I> Awaited<Pieces<I>> {
    pub(crate) fn chunk_size(self, bytes: NonZeroUsize) -> Self {
        Self(self.0.chunk_size(bytes))
    }
}

impl<I> Awaited<TextPieces<I>> {
    pub(crate) fn chunk_size(self, characters: NonZeroUsize) -> Self {
        Self(self.0.chunk_size(characters))
    }
}

impl<T: Transport> AsyncTransport for Awaited<T> {
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        self.0.send_later(request)
    }

    fn close(&self) {
        self.0.close();
    }
}

pub(crate) trait Transport: Send + Sync {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse>;

    /// For a client. Those of papilio are awaited.
    fn send_later<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.send(request).map(|response| response.0)
        })
    }

    fn close(&self) {}
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        (**self).send(request)
    }

    fn send_later<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        (**self).send_later(request)
    }

    fn close(&self) {
        (**self).close();
    }
}

impl<F: Fn(&Request) -> Result<Response> + Send + Sync> Transport for MockTransport<F> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        block_on(AsyncTransport::send(self, request)).map(StreamingResponse)
    }

    fn send_later<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        AsyncTransport::send(self, request)
    }
}

pub(crate) struct HttpTransport(AsyncHttpTransport);

impl HttpTransport {
    pub(crate) fn builder() -> ClientBuilder<Self> {
        ClientBuilder(AsyncHttpTransport::builder())
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        block_on(AsyncTransport::send(&self.0, request)).map(StreamingResponse)
    }

    fn send_later<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        AsyncTransport::send(&self.0, request)
    }

    fn close(&self) {
        AsyncTransport::close(&self.0);
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) struct Upgraded(papilio::Upgraded<Async>);

impl Upgraded {
    pub(crate) fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.0.set_timeout(timeout);
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(crate) fn is_readable(&mut self) -> bool {
        self.0.is_readable()
    }

    pub(crate) fn connection(&self) -> ConnectionInfo {
        self.0.connection()
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        block_on(poll_fn(|cx| Pin::new(&mut self.0).poll_shutdown(cx)))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(self, config: &TlsConfig, name: &ServerName) -> Result<Self> {
        block_on(self.0.start_tls(config, name)).map(Self)
    }
}

impl Read for Upgraded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        block_on(read(Pin::new(&mut self.0), buffer))
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        block_on(poll_fn(|cx| Pin::new(&mut self.0).poll_write(cx, bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        block_on(poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)))
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

async fn read(mut from: Pin<&mut impl AsyncRead>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    poll_fn(|cx| from.as_mut().poll_read(cx, &mut buffer)).await?;
    Ok(buffer.filled().len())
}
