//! A server of hyper on loopback, for HTTP/2 and HTTP/1.1, with and without TLS.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::server::tls::{Identity, Tls, ca_pem};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// The test CA, for clients.
pub(crate) fn ca() -> &'static str {
    ca_pem()
}

/// What a server is like.
#[derive(Clone)]
pub(crate) struct Rig {
    tls: Option<Tls>,
    only_http1: bool,
    max_streams: u32,
    window: u32,
    /// Connections are closed nicely after so many requests.
    leaves_after: Option<usize>,
}

impl Rig {
    /// With TLS, which picks HTTP/2.
    pub(crate) fn tls() -> Self {
        let tls = Tls::from(Identity::Good).alpn(&["h2", "http/1.1"]);
        Self {
            tls: Some(tls),
            ..Self::plain()
        }
    }

    /// Without TLS; by what the client says first.
    pub(crate) fn plain() -> Self {
        Self {
            tls: None,
            only_http1: false,
            max_streams: 200,
            window: 1 << 20,
            leaves_after: None,
        }
    }

    /// What TLS picks from; none: it says nothing.
    pub(crate) fn alpn(mut self, protocols: &[&str]) -> Self {
        self.tls = Some(Tls::from(Identity::Good).alpn(protocols));
        self.only_http1 = !protocols.contains(&"h2");
        self
    }

    pub(crate) fn only_http1(mut self) -> Self {
        self.only_http1 = true;
        self
    }

    pub(crate) fn max_streams(mut self, count: u32) -> Self {
        self.max_streams = count;
        self
    }

    pub(crate) fn window(mut self, bytes: u32) -> Self {
        self.window = bytes;
        self
    }

    pub(crate) fn leaves_after(mut self, requests: usize) -> Self {
        self.leaves_after = Some(requests);
        self
    }

    pub(crate) fn start(self) -> Server {
        let _within = RUNTIME.enter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let facts = Arc::new(Facts::default());
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let task = RUNTIME.spawn(serve(listener, self, Arc::clone(&facts)));
        Server {
            scheme,
            address,
            facts,
            task: task.abort_handle(),
        }
    }
}

/// What a server has seen.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) accepts: AtomicUsize,
    open: AtomicUsize,
    /// Requests whose handling began.
    requests: Mutex<Vec<String>>,
    /// Requests that are being answered, and the most that ever were.
    running: AtomicUsize,
    most: AtomicUsize,
}

pub(crate) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    facts: Arc<Facts>,
    task: AbortHandle,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn accepts(&self) -> usize {
        self.facts.accepts.load(SeqCst)
    }

    /// Connections that stand.
    pub(crate) fn open(&self) -> usize {
        self.facts.open.load(SeqCst)
    }

    /// Method and target of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.facts.requests.lock().unwrap().clone()
    }

    pub(crate) fn running(&self) -> usize {
        self.facts.running.load(SeqCst)
    }

    pub(crate) fn most(&self) -> usize {
        self.facts.most.load(SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within 5 s");
}

async fn serve(listener: TcpListener, rig: Rig, facts: Arc<Facts>) {
    let tls = rig.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config()));
    // Dropped with this task, and so are its connections.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        stream.set_nodelay(true).unwrap();
        let number = facts.accepts.fetch_add(1, SeqCst) + 1;
        let (rig, facts, tls) = (rig.clone(), Arc::clone(&facts), tls.clone());
        let (stream, rest) = lingering(stream);
        connections.spawn(async move {
            facts.open.fetch_add(1, SeqCst);
            let open = Count(&facts.open);
            match tls {
                None => speak(stream, rig, &facts, number).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        speak(stream, rig, &facts, number).await;
                    }
                }
            }
            drop(open);
            linger(rest).await;
        });
    }
}

/// The stream, and another handle of its socket, which keeps that open behind it.
fn lingering(stream: TcpStream) -> (TcpStream, std::net::TcpStream) {
    let stream = stream.into_std().unwrap();
    let rest = stream.try_clone().unwrap();
    (TcpStream::from_std(stream).unwrap(), rest)
}

/// Takes what the client still sends before the socket is closed, as servers do: closed with something unread it would
/// be reset, and the client might never hear of the GOAWAY it was sent.
async fn linger(rest: std::net::TcpStream) {
    use tokio::io::AsyncReadExt;

    let _ = rest.shutdown(std::net::Shutdown::Write);
    if let Ok(mut rest) = TcpStream::from_std(rest) {
        let mut scratch = [0; 4096];
        let all = async { while matches!(rest.read(&mut scratch).await, Ok(1..)) {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), all).await;
    }
}

struct Count<'a>(&'a AtomicUsize);

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

async fn speak<S>(stream: S, rig: Rig, facts: &Arc<Facts>, number: usize)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (begun, leave) = (AtomicUsize::new(0), tokio::sync::Notify::new());
    let state = Arc::new((begun, leave));
    let shared = Arc::clone(&state);
    let facts = Arc::clone(facts);
    let service = service_fn(move |request: Request<Incoming>| {
        let (state, facts) = (Arc::clone(&shared), Arc::clone(&facts));
        let begun = state.0.fetch_add(1, SeqCst) + 1;
        if rig.leaves_after == Some(begun) {
            state.1.notify_one();
        }
        let line = format!("{} {}", request.method(), request.uri().path());
        facts.requests.lock().unwrap().push(line);
        let running = facts.running.fetch_add(1, SeqCst) + 1;
        facts.most.fetch_max(running, SeqCst);
        async move {
            let _running = Count(&facts.running);
            let mut response = answer(request).await;
            let headers = response.headers_mut();
            headers.insert("x-connection", number.into());
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(stream);
    if rig.only_http1 {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
        return;
    }
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder
        .http2()
        .max_concurrent_streams(rig.max_streams)
        .initial_stream_window_size(rig.window)
        .initial_connection_window_size(rig.window)
        .max_header_list_size(1 << 20);
    let connection = builder.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = state.1.notified() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

type Answer = Response<BoxBody<Bytes, io::Error>>;

fn full(text: impl Into<Bytes>) -> BoxBody<Bytes, io::Error> {
    Full::new(text.into()).map_err(|e| match e {}).boxed()
}

fn status(code: u16) -> Answer {
    let mut response = Response::new(full(format!("{code}")));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

fn stream(
    frames: impl futures_util::Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync + 'static,
) -> Answer {
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

/// The number behind `name=` in the query.
fn number(request: &Request<Incoming>, name: &str) -> u64 {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(key, _)| *key == name).map(|(_, value)| value);
    value.map_or(0, |value| value.parse().unwrap())
}

async fn answer(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/echo" => {
            let kind = request.headers().get("content-type").cloned();
            let mut response = Response::new(request.into_body().map_err(io::Error::other).boxed());
            if let Some(kind) = kind {
                response.headers_mut().insert("content-type", kind);
            }
            response
        }
        "/count" => {
            let mut body = request.into_body();
            let (mut count, mut sum) = (0_u64, 0_u64);
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else {
                    return status(400);
                };
                if let Some(data) = frame.data_ref() {
                    count += data.len() as u64;
                    sum += data.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                }
            }
            Response::new(full(format!("{count} {sum}")))
        }
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(number(&request, "ms"))).await;
            Response::new(full("slow"))
        }
        "/hang" => {
            std::future::pending::<()>().await;
            status(500)
        }
        // The head, one piece, and nothing more.
        "/half" => {
            let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"half")))]);
            stream(futures_util::StreamExt::chain(
                first,
                futures_util::stream::pending(),
            ))
        }
        "/large" => {
            let bytes = number(&request, "bytes");
            if request.method() == "HEAD" {
                let mut response = Response::new(full(""));
                response
                    .headers_mut()
                    .insert("content-length", bytes.into());
                return response;
            }
            let pieces = (0..bytes / 1000).map(|number| {
                let piece = vec![number.to_le_bytes()[0]; 1000];
                Ok(Frame::data(Bytes::from(piece)))
            });
            stream(futures_util::stream::iter(pieces))
        }
        "/trailers" => {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", 42.into());
            let frames = [
                Ok(Frame::data(Bytes::from_static(b"with trailers"))),
                Ok(Frame::trailers(trailers)),
            ];
            stream(futures_util::stream::iter(frames))
        }
        "/early" => status(413),
        "/status" => status(u16::try_from(number(&request, "code")).unwrap()),
        "/empty" => {
            let mut response = Response::new(Empty::new().map_err(|e| match e {}).boxed());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        "/set-cookie" => with(&[("set-cookie", "taste=good")]),
        "/moved" => {
            let mut response = with(&[("location", "/echo")]);
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response
        }
        "/digest" => digest(request).await,
        "/gzip" => {
            let mut response = Response::new(full(GZIP));
            let headers = response.headers_mut();
            headers.insert("content-encoding", "gzip".parse().unwrap());
            response
        }
        "/head" => {
            let size = usize::try_from(number(&request, "bytes")).unwrap();
            with(&[("x-large", &"x".repeat(size))])
        }
        _ => Response::new(full(format!(
            "{} {} {:?}\n{:?}",
            request.method(),
            request.uri(),
            request.version(),
            request.headers()
        ))),
    }
}

fn with(fields: &[(&'static str, &str)]) -> Answer {
    let mut response = Response::new(full("fields"));
    for (name, value) in fields {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// Takes any answer; gives the body back.
async fn digest(request: Request<Incoming>) -> Answer {
    let authorized = request.headers().contains_key("authorization");
    let Ok(body) = request.into_body().collect().await else {
        return status(400);
    };
    if authorized {
        return Response::new(full(body.to_bytes()));
    }
    let challenge = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
    let mut response = with(&[("www-authenticate", challenge)]);
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

/// `decoded` by gzip.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 75, 73, 77, 206, 79, 73, 77, 1, 0, 246, 154, 240, 26, 7, 0,
    0, 0,
];
