//! Bodies of applications: pieces as they come, in both directions, and who stops when.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get, post};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use papilio::{Body, Client, Kind};
use tokio::sync::mpsc as tokio_mpsc;

use super::services::{awaited, blocking};

/// Events as somebody sends them.
fn events() -> (tokio_mpsc::UnboundedSender<&'static str>, Router) {
    let (tell, told) = tokio_mpsc::unbounded_channel::<&str>();
    let told = Arc::new(tokio::sync::Mutex::new(told));
    let handler = || async move {
        let told = told.lock_owned().await;
        Sse::new(stream::unfold(told, |mut told| async move {
            let text = told.recv().await?;
            Some((Ok::<_, Infallible>(Event::default().data(text)), told))
        }))
    };
    (tell, Router::new().route("/events", get(handler)))
}

/// TRN-34, WSH-36: an event is read before the application has made the next, by a blocking client. (Of WSH-36 this is the
/// streaming.)
#[test]
fn events_one_by_one() {
    let (tell, app) = events();
    let client = blocking(app);
    let mut response = client.get("/events").stream().unwrap();
    let mut lines = response.iter_lines();
    for text in ["one", "two", "three"] {
        tell.send(text).unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), format!("data: {text}"));
        assert_eq!(lines.next().unwrap().unwrap(), "");
    }
    drop(tell);
    assert!(lines.next().is_none());
}

/// TRN-34, WSH-36: and by an async client.
#[tokio::test]
async fn events_one_by_one_awaited() {
    let (tell, app) = events();
    let client = awaited(app);
    let mut response = client.get("/events").stream().await.unwrap();
    let mut lines = response.iter_lines();
    for text in ["one", "two", "three"] {
        tell.send(text).unwrap();
        let line = lines.next().await.unwrap().unwrap();
        assert_eq!(line, format!("data: {text}"));
        assert_eq!(lines.next().await.unwrap().unwrap(), "");
    }
    drop(tell);
    assert!(lines.next().await.is_none());
}

/// Sends back what it gets, as it gets it.
fn echo() -> Router {
    let handler = |headers: HeaderMap, body: AxumBody| async move {
        let length = headers.get(header::CONTENT_LENGTH).cloned();
        let length = length.map(|length| [("x-length", length)]);
        (length, AxumBody::from_stream(body.into_data_stream()))
    };
    Router::new().route("/", post(handler))
}

/// TRN-31, TRN-34: each piece of an upload comes back before the next is made, both ways at once.
#[test]
fn both_ways_at_once() {
    let (tell, told) = mpsc::channel::<&str>();
    let client = blocking(echo());
    let request = client.post("/").body(Body::iter(told));
    let mut response = request.stream().unwrap();
    let mut pieces = response.iter_bytes();
    for piece in ["one", "two", "three"] {
        tell.send(piece).unwrap();
        assert_eq!(pieces.next().unwrap().unwrap(), piece);
    }
    drop(tell);
    assert!(pieces.next().is_none());
}

/// TRN-31, TRN-34: the same, awaited, from a stream and from a reader.
#[tokio::test]
async fn both_ways_at_once_awaited() {
    let (tell, told) = tokio_mpsc::unbounded_channel::<&str>();
    let body = stream::unfold(told, |mut told| async move {
        Some((Ok::<_, Infallible>(told.recv().await?), told))
    });
    let client = awaited(echo());
    let mut response = client.post("/").body_stream(body).stream().await.unwrap();
    let mut pieces = response.iter_bytes();
    for piece in ["one", "two", "three"] {
        tell.send(piece).unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap(), piece);
    }
    drop(tell);
    assert!(pieces.next().await.is_none());

    let text = "x".repeat(200_000);
    let body = Body::seekable(std::io::Cursor::new(text.clone())).unwrap();
    let response = client.post("/").body(body).send().await.unwrap();
    assert_eq!(response.headers().get("x-length").unwrap(), "200000");
    assert!(response.text() == text);
    let response = client.post("/").body("in memory").send().await.unwrap();
    assert_eq!(response.text(), "in memory");
}

/// A redirect that keeps the body has it sent again, whether the first application read it or not.
#[test]
fn a_body_is_sent_again() {
    let app = echo()
        .route("/unread", any(|| async { Redirect::temporary("/read") }))
        .route("/read", any(|_: Bytes| async { Redirect::temporary("/") }));
    let client = blocking(app);
    let again = || client.post("/unread").follow_redirects(true);
    let body = Body::seekable(std::io::Cursor::new("again")).unwrap();
    assert_eq!(again().body(body).send().unwrap().text(), "again");
    let body = Body::factory(|| Body::iter(["a", "gain"]));
    assert_eq!(again().body(body).send().unwrap().text(), "again");
    let error = again().body(Body::iter(["once"])).send().unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
}

/// The caller's own body fails, or is not as long as it said: that is the error, whatever the application makes of it.
#[tokio::test]
async fn bodies_that_fail() {
    let read = Router::new().route("/", post(|body: Bytes| async move { body }));
    let broken = || vec![Ok("a"), Err("broken")];
    let cases = [
        (Body::try_iter(broken()), Kind::Body),
        (Body::sized(&b"abc"[..], 2), Kind::LocalProtocol),
        (Body::sized(&b"abc"[..], 4), Kind::LocalProtocol),
    ];
    let (client, other) = (blocking(read.clone()), awaited(read));
    for (body, kind) in cases {
        assert_eq!(client.post("/").body(body).send().unwrap_err().kind(), kind);
    }
    let request = other.post("/").body_stream(stream::iter(broken()));
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Body);
    assert!(format!("{error:?}").contains("broken"), "{error:?}");
    let request = other.post("/").body(Body::iter(Exploding));
    assert_eq!(request.send().await.unwrap_err().kind(), Kind::Body);
}

struct Exploding;

impl Iterator for Exploding {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        panic!("no pieces here")
    }
}

/// Counts what was made, and says when it is gone.
#[derive(Clone, Default)]
struct Watch {
    made: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl Watch {
    /// Pieces without end.
    fn endless(self) -> Endless {
        Endless(self)
    }

    fn wait(&self) {
        let began = Instant::now();
        while !self.gone.load(Ordering::Acquire) {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "it is still there"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

struct Endless(Watch);

impl stream::Stream for Endless {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Bytes::from_static(&[b'x'; 1024]))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Release);
    }
}

fn endless(watch: &Watch) -> Router {
    let watch = watch.clone();
    Router::new().route(
        "/",
        get(|| async move { AxumBody::from_stream(watch.clone().endless()) }),
    )
}

/// TRN-34: nothing is made before it is read, and nothing after the response is gone.
#[test]
fn pieces_are_made_when_they_are_read() {
    let watch = Watch::default();
    let client = blocking(endless(&watch));
    let mut response = client.get("/").stream().unwrap();
    let pieces: Vec<_> = response.iter_bytes().take(3).collect();
    assert_eq!(pieces.len(), 3);
    std::thread::sleep(Duration::from_millis(20));
    assert!(watch.made.load(Ordering::Relaxed) <= 4);
    assert!(!watch.gone.load(Ordering::Acquire));
    drop(response);
    watch.wait();
}

/// TRN-34: the same, awaited.
#[tokio::test]
async fn pieces_are_made_when_they_are_read_awaited() {
    let watch = Watch::default();
    let client = awaited(endless(&watch));
    let mut response = client.get("/").stream().await.unwrap();
    assert_eq!(response.iter_bytes().take(3).count().await, 3);
    assert_eq!(watch.made.load(Ordering::Relaxed), 3);
    response.close();
    assert!(watch.gone.load(Ordering::Acquire));
}

/// A call that is dropped takes the application's work along, and the request's body.
#[tokio::test]
async fn a_dropped_call_ends_the_work() {
    let (work, upload) = (Watch::default(), Watch::default());
    let guard = work.clone();
    let app = Router::new().route(
        "/",
        post(|request: Request| async move {
            let _guard = guard.endless();
            let mut body = request.into_body().into_data_stream();
            body.next().await;
            std::future::pending::<()>().await;
            "never"
        }),
    );
    let client = awaited(app);
    let request = client.post("/").body_stream(upload.clone().endless());
    let call = tokio::time::timeout(Duration::from_millis(20), request.send());
    assert!(call.await.is_err());
    assert!(work.gone.load(Ordering::Acquire) && upload.gone.load(Ordering::Acquire));
    assert_eq!(upload.made.load(Ordering::Relaxed), 1);
}

/// What an application has spawned for a blocking client ends with the client.
#[test]
fn spawned_work_ends_with_the_client() {
    let watch = Watch::default();
    let guard = watch.clone();
    let app = Router::new().route(
        "/",
        get(|| async move {
            tokio::spawn(async move {
                let _guard = guard.endless();
                std::future::pending::<()>().await;
            });
            AxumBody::from_stream(stream::iter(["a", "b"]).map(Ok::<_, Infallible>))
        }),
    );
    let client = blocking(app);
    let response = client.get("/").stream().unwrap();
    drop(client);
    // What is still read still runs.
    assert_eq!(response.buffer().unwrap().text(), "ab");
    watch.wait();
}

/// Trailers of the application's body are the response's.
#[tokio::test]
async fn trailers() {
    let app = Router::new().route(
        "/",
        get(|| async {
            let frames = stream::iter(["a", "b"])
                .map(|piece| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(piece))));
            let mut trailers = HeaderMap::new();
            trailers.insert("x-checksum", "7".parse().unwrap());
            let end = stream::iter([Ok(http_body::Frame::trailers(trailers))]);
            AxumBody::new(StreamBody::new(frames.chain(end))).into_response()
        }),
    );
    let response = awaited(app.clone()).get("/").send().await.unwrap();
    assert_eq!(response.text(), "ab");
    let trailers = response.trailers().unwrap();
    assert_eq!(trailers.get("X-Checksum").as_deref(), Some("7"));
    let response = blocking(app).get("/").send().unwrap();
    assert_eq!(response.trailers().unwrap().len(), 1);
}

/// Any body of the `http_body` crate will do.
#[test]
fn other_bodies() {
    let service = tower::service_fn(|request: http::Request<papilio::AppBody>| async move {
        let exact = http_body::Body::size_hint(request.body()).exact();
        let body = request.into_body().collect().await?.to_bytes();
        let text = format!("{exact:?} {}", body.len());
        Ok::<_, papilio::Error>(http::Response::new(http_body_util::Full::new(Bytes::from(
            text,
        ))))
    });
    let client = Client::builder().app(service).build().unwrap();
    let send = |body: Body| client.post("http://test/").body(body).send().unwrap();
    assert_eq!(send(Body::empty()).text(), "Some(0) 0");
    assert_eq!(send(Body::from("abc")).text(), "Some(3) 3");
    assert_eq!(send(Body::sized(&b"abcd"[..], 4)).text(), "Some(4) 4");
    assert_eq!(send(Body::iter(["a", "", "b"])).text(), "None 2");
}
