//! Applications in place of a server, in the same process.

#[cfg(feature = "tower")]
mod bodies;
#[cfg(feature = "tower")]
mod failures;
#[cfg(feature = "tower")]
mod services;

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use papilio::{AppTransport, Body, Client, Error, Kind, Request, Response, StreamingResponse};

/// A client of this function.
fn client<R: Into<StreamingResponse> + 'static>(
    handler: impl Fn(&mut Request) -> papilio::Result<R> + Send + Sync + 'static,
) -> Client {
    let app = AppTransport::handler(handler);
    let client = Client::builder().transport(app);
    client.base_url("http://testserver").build().unwrap()
}

/// A reader of what somebody sends piece by piece.
struct Pieces(mpsc::Receiver<&'static [u8]>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let piece = self.0.recv().unwrap_or_default();
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

/// TRN-30, TRN-34: a closure is an application, and its body is read while it is made.
#[test]
fn a_handler_streams() {
    let (tell, told) = mpsc::channel();
    let told = std::sync::Mutex::new(Some(told));
    let client = client(move |request| {
        assert_eq!(request.body.buffer()?, b"upload");
        let pieces = Pieces(told.lock().unwrap().take().unwrap());
        Ok(Response::builder(200).stream(pieces))
    });
    let body = Body::iter(["up", "load"]);
    let mut response = client.post("/events").body(body).stream().unwrap();
    let mut pieces = response.iter_bytes();
    tell.send(b"one").unwrap();
    assert_eq!(pieces.next().unwrap().unwrap(), "one");
    tell.send(b"two").unwrap();
    assert_eq!(pieces.next().unwrap().unwrap(), "two");
    drop(tell);
    assert!(pieces.next().is_none());
}

/// TRN-32: of HEAD only the head is there.
#[test]
fn a_handler_has_no_body_for_head() {
    let client = client(|_| Ok(Response::builder(200).text("hello")));
    let response = client.head("/").send().unwrap();
    assert_eq!(response.headers().get("content-length").unwrap(), "5");
    assert_eq!(response.content(), "");
}

/// TRN-33: errors and panics are errors, or a 500 if that is wanted; the client lives on.
#[test]
fn a_handler_fails() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let app = AppTransport::handler(move |request: &mut Request| {
        counter.fetch_add(1, Ordering::Relaxed);
        match request.url.path().as_ref() {
            "/panic" => panic!("out of tea"),
            "/error" => Err(Error::new(Kind::Custom, "no milk")),
            _ => Ok(Response::builder(200).text("fine")),
        }
    });
    let app = Arc::new(app);
    let client = Client::builder().transport(Arc::clone(&app));
    let client = client.base_url("http://testserver").build().unwrap();
    let error = client.get("/panic").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Custom);
    assert!(format!("{error:?}").contains("out of tea"), "{error:?}");
    let error = client.get("/error").send().unwrap_err();
    assert!(error.to_string().starts_with("no milk"), "{error}");
    assert_eq!(error.request().unwrap().url.path(), "/error");
    assert_eq!(client.get("/").send().unwrap().text(), "fine");
    drop(client);

    let app = Arc::into_inner(app).unwrap().raise_app_exceptions(false);
    let client = Client::builder().transport(app).build().unwrap();
    for path in ["/panic", "/error"] {
        let response = client.get(format!("http://test{path}")).send().unwrap();
        assert_eq!(response.status(), 500);
        assert!(response.headers().is_empty() && response.content().is_empty());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}
