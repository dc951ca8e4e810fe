//! Applications that fail, before their response began and after.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::get;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use papilio::{AppBody, AppTransport, AsyncClient, Client, Error, Kind};
use tower::service_fn;

use super::services::{awaited, blocking};

type Answer = Result<http::Response<String>, Box<dyn std::error::Error + Send + Sync>>;

/// Fails in the way the path says.
async fn failing(request: http::Request<AppBody>) -> Answer {
    match request.uri().path() {
        "/own" => Err(io::Error::other("out of tea").into()),
        "/papilio" => Err(Error::new(Kind::ReadTimeout, "too slow").into()),
        "/panic" => panic!("the kettle broke"),
        "/text" => std::panic::panic_any(7),
        _ => Ok(http::Response::new("fine".to_owned())),
    }
}

const CASES: [(&str, Kind, &str); 4] = [
    ("/own", Kind::Custom, "out of tea"),
    ("/papilio", Kind::ReadTimeout, ""),
    ("/panic", Kind::Custom, "the kettle broke"),
    ("/text", Kind::Custom, "it did not say why"),
];

fn judge(error: &Error, kind: Kind, source: &str) {
    assert_eq!(error.kind(), kind);
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    assert_eq!(said, source);
    assert!(error.request().is_some());
}

/// TRN-33: by default errors and panics are errors of the call, and the client serves on.
#[test]
fn errors_are_raised() {
    let app = AppTransport::new(service_fn(failing));
    let client = Client::builder().transport(app).base_url("http://test");
    let client = client.build().unwrap();
    for (path, kind, source) in CASES {
        judge(&client.get(path).send().unwrap_err(), kind, source);
    }
    assert_eq!(client.get("/").send().unwrap().text(), "fine");
}

/// TRN-33: the same, awaited.
#[tokio::test]
async fn errors_are_raised_awaited() {
    let app = AppTransport::new(service_fn(failing));
    let client = AsyncClient::builder()
        .transport(app)
        .base_url("http://test");
    let client = client.build().unwrap();
    for (path, kind, source) in CASES {
        judge(&client.get(path).send().await.unwrap_err(), kind, source);
    }
    assert_eq!(client.get("/").send().await.unwrap().text(), "fine");
}

/// TRN-33: or they are answered with 500, without headers or body, for both clients.
#[tokio::test]
async fn errors_are_answered() {
    let app = || AppTransport::new(service_fn(failing)).raise_app_exceptions(false);
    let client = AsyncClient::builder()
        .transport(app())
        .base_url("http://test");
    let client = client.build().unwrap();
    let other = Client::builder().transport(app()).base_url("http://test");
    let other = other.build().unwrap();
    for (path, _, _) in CASES {
        for response in [client.get(path).send().await, other.get(path).send()] {
            let response = response.unwrap();
            assert_eq!(response.status(), 500);
            assert!(response.headers().is_empty() && response.content().is_empty());
        }
    }
    assert_eq!(client.get("/").send().await.unwrap().text(), "fine");
}

/// A service that is never ready says why.
#[test]
fn not_ready() {
    #[derive(Clone)]
    struct Broken;
    impl tower::Service<http::Request<AppBody>> for Broken {
        type Response = http::Response<String>;
        type Error = io::Error;
        type Future = std::future::Pending<io::Result<Self::Response>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            std::task::Poll::Ready(Err(io::Error::other("closed")))
        }

        fn call(&mut self, _: http::Request<AppBody>) -> Self::Future {
            std::future::pending()
        }
    }
    let client = Client::builder().app(Broken).build().unwrap();
    let error = client.get("http://test/").send().unwrap_err();
    judge(&error, Kind::Custom, "closed");
}

/// Bodies that fail once the response began, in ways a handler can.
fn breaking() -> Router {
    let error = || async {
        let pieces: [Result<Bytes, io::Error>; 2] =
            [Ok("begun".into()), Err(io::Error::other("out of tea"))];
        AxumBody::from_stream(stream::iter(pieces))
    };
    let panic = || async {
        let pieces = stream::iter([true, false]).map(|good| {
            assert!(good, "the kettle broke");
            Ok::<_, Infallible>("begun")
        });
        AxumBody::from_stream(pieces)
    };
    Router::new()
        .route("/error", get(error))
        .route("/panic", get(panic))
}

/// TRN-33, TRN-34: what fails after the response began fails the reading of the body, even where 500 is wanted.
#[tokio::test]
async fn a_body_breaks() {
    let client = awaited(breaking());
    let app = AppTransport::new(breaking()).raise_app_exceptions(false);
    let lenient = Client::builder().transport(app).base_url("http://test");
    let (other, lenient) = (blocking(breaking()), lenient.build().unwrap());
    for path in ["/error", "/panic"] {
        let mut response = client.get(path).stream().await.unwrap();
        let mut pieces = response.iter_bytes();
        assert_eq!(pieces.next().await.unwrap().unwrap(), "begun");
        let error = pieces.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::Read);
        assert!(pieces.next().await.is_none());
        for client in [&other, &lenient] {
            let mut response = client.get(path).stream().unwrap();
            let mut pieces = response.iter_bytes();
            assert_eq!(pieces.next().unwrap().unwrap(), "begun");
            let error = pieces.next().unwrap().unwrap_err();
            assert_eq!(error.kind(), Kind::Read);
            let said = format!("{error:?}");
            assert!(said.contains("tea") || said.contains("kettle"), "{said}");
            assert!(pieces.next().is_none());
        }
    }
}
