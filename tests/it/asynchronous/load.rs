//! Many requests at once: every answer belongs to its request, and nothing is left over.
//!
//! The long ones: `cargo test --release --all-features --test it -- --ignored asynchronous::load`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use papilio::{AsyncClient, Kind, Limits, Timeout};
use tokio::runtime::Runtime;

use crate::alone::{alone, descriptors};
use crate::server::{Seen, Server, ok, response, script};

const LIMIT: Duration = Duration::from_secs(30);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn client(most: usize) -> AsyncClient {
    AsyncClient::builder()
        .limits(Limits::new().max_connections(most))
        .timeout(LIMIT)
        .trust_env(false)
        .build()
        .unwrap()
}

/// What makes an answer belong to its request.
fn tokens(seen: &Seen) -> Vec<u8> {
    let path = seen.target.trim_start_matches('/');
    let header = seen.header("x-token").unwrap_or_default();
    format!("{path} {header} {}", seen.text()).into_bytes()
}

/// Asks with a token in path, header and body; its answer has all three.
async fn ask(client: &AsyncClient, base: &str, token: String) -> papilio::Result<()> {
    let request = client.post(format!("{base}/{token}"));
    let request = request.header("X-Token", &token).body(token.clone());
    let answer = request.send().await?;
    assert_eq!(answer.text(), format!("{token} {token} {token}"));
    Ok(())
}

fn nothing_left(client: &AsyncClient) {
    let state = format!("{client:?}");
    assert!(state.contains("Requests: 0 active, 0 queued"), "{state}");
}

/// LOAD-02 in small: tasks that share 16 connections.
fn tokens_come_back(tasks: usize, requests: usize) {
    let server = Server::handler(|seen| ok(tokens(seen)));
    let client = client(16);
    runtime().block_on(async {
        let base = Arc::new(server.url(""));
        let all: Vec<_> = (0..tasks)
            .map(|task| {
                let (client, base) = (client.clone(), Arc::clone(&base));
                tokio::spawn(async move {
                    for number in 0..requests {
                        let token = format!("{task}-{number}");
                        ask(&client, &base, token).await.unwrap();
                    }
                })
            })
            .collect();
        for task in all {
            task.await.unwrap();
        }
        nothing_left(&client);
    });
    assert!(server.most_open() <= 16, "{}", server.most_open());
    assert_eq!(server.seen().len(), tasks * requests);
}

#[test]
fn two_hundred_tasks() {
    let began = Instant::now();
    tokens_come_back(200, 20);
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// LOAD-02
#[ignore = "takes a minute"]
#[test]
fn a_thousand_tasks() {
    tokens_come_back(1000, 200);
}

/// Requests of which some are answered wrongly, some are given up, and some time out; the good ones stay good.
fn with_faults(rounds: usize) {
    let server = Server::start(script().serve(|seen| match seen.header("x-fault") {
        Some("cut") => {
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 90\r\n\r\nx".to_vec()
        }
        Some("close") => response("200 OK", &[("Connection", "close")], tokens(seen)),
        _ => ok(tokens(seen)),
    }));
    let client = client(8);
    let good = AtomicUsize::new(0);
    runtime().block_on(async {
        let base = server.url("");
        let (client, base, good) = (&client, &base, &good);
        stream::iter(0..rounds)
            .for_each_concurrent(64, |number| async move {
                match number % 20 {
                    1 => {
                        let request = client.get(base).header("X-Fault", "close");
                        request.send().await.unwrap();
                    }
                    2 => {
                        let half = client.get(base).stream().await.unwrap();
                        drop(half);
                    }
                    3 => {
                        let request = client.get(base).send();
                        let _ = tokio::time::timeout(Duration::from_micros(200), request).await;
                    }
                    4 => {
                        let brief = Timeout::all(LIMIT).total(Duration::from_micros(300));
                        if let Err(error) = client.get(base).timeout(brief).send().await {
                            assert_eq!(error.kind(), Kind::TotalTimeout);
                        }
                    }
                    5 => {
                        let request = client.get(base).header("X-Fault", "cut");
                        let error = request.send().await.unwrap_err();
                        assert_eq!(error.kind(), Kind::RemoteProtocol, "{error}");
                    }
                    _ => {
                        ask(client, base, number.to_string()).await.unwrap();
                        good.fetch_add(1, SeqCst);
                    }
                }
            })
            .await;
        nothing_left(client);
    });
    assert_eq!(good.into_inner(), rounds / 20 * 15);
    drop(client);
    server.wait_until(|server| server.open() == 0);
}

#[test]
fn faults_among_them() {
    with_faults(1000);
}

/// LOAD-04, in one process of its own, whose descriptors come back.
#[ignore = "takes a minute"]
#[test]
fn ten_thousand_faults() {
    if !alone(concat!(module_path!(), "::ten_thousand_faults"), &[]) {
        return;
    }
    with_faults(1000);
    let before = descriptors();
    with_faults(200_000);
    assert_eq!(descriptors(), before);
}
