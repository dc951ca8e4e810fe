//! What only an async client has to do with: runtimes, streams, and futures that are dropped.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use papilio::AsyncClient;
use tokio::runtime::{Builder, Runtime};

use crate::http2::rig::{Rig, Server, ca, until};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn start() -> (Server, AsyncClient) {
    let client = AsyncClient::builder()
        .add_root_certificate(ca())
        .http2(true);
    (Rig::tls().start(), client.trust_env(false).build().unwrap())
}

/// A client may outlive the runtime that ran its connections: the next request opens a new one.
#[test]
fn outliving_a_runtime() {
    let (server, client) = start();
    for number in 1..=3 {
        let runtime = runtime();
        runtime.block_on(async {
            for _ in 0..2 {
                let response = client.get(server.url("/")).send().await.unwrap();
                assert_eq!(response.http_version(), "HTTP/2");
            }
        });
        assert_eq!(server.accepts(), number);
    }
    // A response whose connection has gone with its runtime.
    let first = runtime();
    let response = first
        .block_on(client.get(server.url("/half")).stream())
        .unwrap();
    drop(first);
    let error = runtime().block_on(response.buffer()).unwrap_err();
    assert!(error.is_transport(), "{error}");
}

/// LOAD-02, in small: a thousand tasks at once.
#[test]
fn a_thousand_tasks() {
    let (server, client) = start();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..1000 {
            let (client, url) = (client.clone(), server.url("/echo"));
            tasks.spawn(async move {
                let text = format!("number {number}");
                let echo = client.post(url).body(text.clone()).no_timeout();
                assert_eq!(echo.send().await.unwrap().text(), text);
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!((server.accepts(), server.requests().len()), (1, 1000));
}

/// H2-04: bodies that are polled for.
#[test]
fn bodies_that_are_awaited() {
    let (server, client) = start();
    runtime().block_on(async {
        let pieces = futures_util::stream::unfold(0, |number| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            (number < 5).then(|| (Ok::<_, std::io::Error>(vec![b'x'; 10]), number + 1))
        });
        let echo = client.post(server.url("/echo")).body_stream(pieces);
        assert_eq!(echo.send().await.unwrap().text(), "x".repeat(50));
    });
}

/// R-H2-12, FLT-15: dropped after any number of polls, a request leaves nothing behind.
#[test]
fn dropped_at_every_poll() {
    let (server, client) = start();
    let runtime = runtime();
    runtime.block_on(async {
        client.get(server.url("/")).send().await.unwrap();
        for polls in 0..12 {
            let mut request = pin!(
                client
                    .post(server.url("/slow?ms=20"))
                    .body(vec![0; 100_000])
                    .send()
            );
            let mut done = false;
            for _ in 0..polls {
                let mut context = Context::from_waker(Waker::noop());
                if let Poll::Ready(response) = request.as_mut().poll(&mut context) {
                    response.unwrap();
                    done = true;
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if done {
                break;
            }
        }
        let response = client.get(server.url("/")).send().await.unwrap();
        assert_eq!(response.http_version(), "HTTP/2");
        // All of them are gone, so the next have places.
        let all = (0..100).map(|_| client.get(server.url("/slow?ms=100")).send());
        for response in futures_util::future::join_all(all).await {
            response.unwrap();
        }
    });
    until("nothing runs", || server.running() == 0);
    assert_eq!(server.accepts(), 1);
    let state = format!("{client:?}");
    assert!(state.contains("0 active"), "{state}");
}
