//! Futures that are dropped before they are ready: at every poll there is, of every kind of request.
//!
//! FLT-15, POOL-21, ASY-07. A future is polled once, twice, and so on, each time only when it has been woken, and dropped
//! then, until it is ready in that many polls. After every drop the only slot is free, nobody is in the queue, and the next
//! request is served at once.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use papilio::{AsyncClient, Body, BoxFuture, ClientBuilder, DigestAuth, Limits, Result, Timeout};

use crate::server::{BlackHole, Pace, Server, chunked, ok, response, script};

const MS: Duration = Duration::from_millis(1);

/// So often no future here is polled.
const MOST: usize = 2000;

fn one_slot() -> ClientBuilder<AsyncClient> {
    AsyncClient::builder()
        .limits(Limits::new().max_connections(1))
        .timeout(Timeout::all(5000 * MS).pool(1000 * MS))
        .trust_env(false)
}

/// Its outcome, if it is ready when it has been polled that often; it is polled when it was woken.
async fn within_polls<F: Future>(future: F, most: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|cx| {
        if polled == most {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if polled == most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Nothing is going on, and the slot serves at once.
#[track_caller]
fn idle(client: &AsyncClient, what: &str) {
    let state = format!("{client:?}");
    assert!(
        state.contains("Requests: 0 active, 0 queued"),
        "{what}: {state}"
    );
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(tasks, 0, "{what}");
}

async fn works(client: &AsyncClient, good: &str, what: &str) {
    let began = Instant::now();
    let answer = client.get(good).send().await;
    let answer = answer.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(answer.text(), "good", "{what}");
    assert!(began.elapsed() < 900 * MS, "{what} had to wait");
}

type Attempt<'a> = &'a dyn for<'c> Fn(&'c AsyncClient) -> BoxFuture<'c, Result<String>>;

/// Drops it after every number of polls, and returns how many it takes.
fn at_every_poll(client: &AsyncClient, good: &str, attempt: Attempt<'_>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for polls in 1..MOST {
            let outcome = within_polls(attempt(client), polls).await;
            let what = format!("after {polls} polls");
            idle(client, &what);
            if let Some(outcome) = outcome {
                assert_eq!(outcome.unwrap(), "done", "{what}");
                works(client, good, &what).await;
                return polls;
            }
            works(client, good, &what).await;
            idle(client, &what);
        }
        panic!("it is never ready");
    })
}

async fn done(request: papilio::RequestBuilder<&AsyncClient, impl Sized>) -> Result<String> {
    Ok(request.send().await?.text().into_owned())
}

fn good() -> Server {
    Server::always(ok("good"))
}

#[test]
fn head_and_body() {
    let good = good();
    for body in [ok("done"), chunked(["do", "ne"])] {
        let slow = Server::start(script().pace(Pace::Bytes).serve(move |_| body.clone()));
        let client = one_slot().build().unwrap();
        let polls = at_every_poll(&client, &good.url("/"), &|client| {
            Box::pin(done(client.get(slow.url("/"))))
        });
        assert!(polls > 1, "{polls}");
    }
}

/// The connection that is used again was opened by the request before.
#[test]
fn over_a_connection_that_was_used() {
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/good" => ok("good"),
        _ => ok("done"),
    });
    let client = one_slot().build().unwrap();
    let (url, good) = (server.url("/"), server.url("/good"));
    at_every_poll(&client, &good, &|client| Box::pin(done(client.get(&url))));
}

#[test]
fn name_lookup() {
    #[derive(Debug)]
    struct Slow;
    impl papilio::Resolver for Slow {
        fn resolve(&self, _: &str) -> Result<Vec<std::net::IpAddr>> {
            std::thread::sleep(3 * MS);
            Ok(vec![Ipv4Addr::LOCALHOST.into()])
        }
    }
    let (good, server) = (good(), Server::always(ok("done")));
    let client = one_slot().resolver(Slow).build().unwrap();
    let url = server.url_on("name.test", "/");
    let polls = at_every_poll(&client, &good.url("/"), &|client| {
        Box::pin(done(client.get(&url)))
    });
    assert!(polls > 1, "{polls}");
}

/// Nobody answers: it is dropped in the middle.
#[cfg(target_os = "linux")]
#[test]
fn connect() {
    let (good, hole) = (good(), BlackHole::start());
    let client = one_slot().build().unwrap();
    let patient = Timeout::all(20 * MS).connect(5 * MS);
    let polls = at_every_poll(&client, &good.url("/"), &|client| {
        let request = client.get(hole.url("/")).timeout(patient);
        Box::pin(async {
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), papilio::Kind::ConnectTimeout);
            Ok("done".to_owned())
        })
    });
    assert!(polls > 1, "{polls}");
}

#[cfg(feature = "tls")]
#[test]
fn tls() {
    use crate::server::tls::{Identity, Tls, ca_pem};
    let good = good();
    for tls in [
        Tls::from(Identity::Good).only_tls12(),
        Tls::from(Identity::Good).only_tls13(),
    ] {
        let server = Server::start_tls(
            script().pace(Pace::Bytes).serve(|_| ok("done")),
            tls.record_size(64),
        );
        let client = one_slot().add_root_certificate(ca_pem()).build().unwrap();
        let polls = at_every_poll(&client, &good.url("/"), &|client| {
            Box::pin(done(client.get(server.url("/"))))
        });
        assert!(polls > 1, "{polls}");
    }
}

/// A stream that waits between its pieces, a reader, and more than the socket takes at once.
#[test]
fn uploads() {
    let (good, server) = (good(), Server::handler(|_| ok("done")));
    let client = one_slot().build().unwrap();
    let (url, good) = (server.url("/"), good.url("/"));
    let streamed = at_every_poll(&client, &good, &|client| {
        let pieces = futures_util::stream::iter(0..5).then(|_| async {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Bytes::from_static(b"piece"))
        });
        Box::pin(done(client.post(&url).body_stream(pieces)))
    });
    assert!(streamed > 5, "{streamed}");
    let read = at_every_poll(&client, &good, &|client| {
        let reader = io::Read::take(io::repeat(b'r'), 200_000);
        Box::pin(done(client.put(&url).body(Body::reader(reader))))
    });
    assert!(read > 1, "{read}");
    let slow = Server::start(
        script().repeat(
            script()
                .read_head()
                .sleep(5 * MS)
                .read_body()
                .answer(|_| ok("done")),
        ),
    );
    let large = Bytes::from(vec![b'l'; 20 << 20]);
    let in_memory = at_every_poll(&client, &good, &|client| {
        Box::pin(done(client.put(slow.url("/")).body(large.clone())))
    });
    assert!(in_memory > 1, "{in_memory}");
}

#[test]
fn redirects_and_authentication() {
    let good = good();
    let slow = script().pace(Pace::Chunks(24, MS / 2));
    let server = Server::start(slow.serve(|seen| match seen.target.as_str() {
        "/old" => response("302 Found", &[("Location", "/older")], "moved"),
        "/older" => response("307 Temporary Redirect", &[("Location", "/new")], "moved"),
        "/secret" if seen.header("authorization").is_none() => {
            let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            response(
                "401 Unauthorized",
                &[("WWW-Authenticate", challenge)],
                "who?",
            )
        }
        _ => ok("done"),
    }));
    let client = one_slot().follow_redirects(true).build().unwrap();
    let (old, secret, good) = (server.url("/old"), server.url("/secret"), good.url("/"));
    let redirected = at_every_poll(&client, &good, &|client| Box::pin(done(client.get(&old))));
    assert!(redirected > 1, "{redirected}");
    let challenged = at_every_poll(&client, &good, &|client| {
        let auth = DigestAuth::new("user", "password");
        Box::pin(done(client.post(&secret).body("x").auth(auth)))
    });
    assert!(challenged > 1, "{challenged}");
}

#[cfg(feature = "tls")]
#[test]
fn through_a_proxy() {
    use crate::server::tls::{Identity, ca_pem};
    let good = good();
    let tunnel = Server::start(
        script()
            .pace(Pace::Chunks(7, MS / 10))
            .read_head()
            .send("HTTP/1.1 200 Connection established\r\n\r\n")
            .start_tls(Identity::Good)
            .serve(|_| ok("done")),
    );
    let client = one_slot()
        .add_root_certificate(ca_pem())
        .proxy_for("https://", tunnel.url("").as_str())
        .build()
        .unwrap();
    let polls = at_every_poll(&client, &good.url("/"), &|client| {
        Box::pin(done(client.get("https://localhost/")))
    });
    assert!(polls > 1, "{polls}");
}

/// A wait for a slot that is given up; those behind it are served in their order.
#[test]
fn in_the_queue() {
    let server = Server::always(ok("done"));
    let client = one_slot().build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for polls in 1..4 {
            let held = client.get(server.url("/")).stream().await.unwrap();
            let mut given_up = Box::pin(client.get(server.url("/")).send());
            for _ in 0..polls {
                let polled = poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx))).await;
                assert!(polled.is_pending());
            }
            let waiting = format!("{client:?}");
            assert!(waiting.contains("1 queued"), "{waiting}");
            let (first, second) = (client.clone(), client.clone());
            let (url, other) = (server.url("/first"), server.url("/second"));
            let first = tokio::spawn(async move { first.get(url).send().await.unwrap() });
            tokio::task::yield_now().await;
            let second = tokio::spawn(async move { second.get(other).send().await.unwrap() });
            tokio::task::yield_now().await;
            drop(given_up);
            drop(held);
            assert_eq!(first.await.unwrap().text(), "done");
            assert_eq!(second.await.unwrap().text(), "done");
            let state = format!("{client:?}");
            assert!(state.contains("0 active, 0 queued"), "{state}");
        }
    });
    let targets: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.target.clone())
        .collect();
    assert_eq!(targets, ["/", "/first", "/second"].repeat(3));
    assert_eq!(server.most_open(), 1);
}

/// Reading a response piece by piece: dropped between and within the pieces, and one `read` after another, none of which
/// loses a byte by being given up.
#[test]
fn bodies_that_stream() {
    let (good, body) = (good(), "0123456789".repeat(3));
    let sent = ok(&body);
    let slow = Server::start(script().pace(Pace::Bytes).serve(move |_| sent.clone()));
    let client = one_slot().build().unwrap();
    let polls = at_every_poll(&client, &good.url("/"), &|client| {
        let request = client.get(slow.url("/"));
        Box::pin(async {
            let mut response = request.stream().await?;
            let mut pieces = response.iter_bytes();
            while let Some(piece) = pieces.next().await {
                piece?;
            }
            Ok("done".to_owned())
        })
    });
    assert!(polls > 1, "{polls}");
    let paused = Server::start(script().serve({
        let body = body.clone();
        move |_| ok(&body)
    }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for url in [slow.url("/"), paused.url("/")] {
            let mut response = client.get(url).stream().await.unwrap();
            let mut all = Vec::new();
            loop {
                let mut some = [0; 4];
                // Given up at its first wait, again and again.
                match within_polls(response.read(&mut some), 1)
                    .await
                    .transpose()
                    .unwrap()
                {
                    Some(0) => break,
                    Some(count) => all.extend_from_slice(&some[..count]),
                    None => tokio::task::yield_now().await,
                }
            }
            assert_eq!(all, body.as_bytes());
        }
        // What a `load` had read by then is gone, and nobody takes the rest for the whole.
        let mut response = client.get(slow.url("/")).stream().await.unwrap();
        if within_polls(response.load(), 1).await.is_none() {
            let error = response.iter_bytes().next().await.unwrap().unwrap_err();
            assert_eq!(error.kind(), papilio::Kind::StreamConsumed);
        }
    });
}
