//! `CancelToken`: calls that are ended from elsewhere, at whatever they wait for, with both clients.

use std::any::Any;
use std::io::{Read, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use papilio::{
    CancelToken, Client, ClientBuilder, ClientKind, Error, HttpTransport, Kind, Limits,
    MockTransport, Phase, Request, Response, StreamingResponse, Timeout, Transport,
};

use crate::common::{clean_after, client, one_slot};
use crate::server::{BlackHole, Refused, Script, Server, ok, response, script};

/// Until a call has got to where its server leaves it.
const SOON: Duration = Duration::from_millis(200);
/// What a cancelled call may take, on a machine that is busy. Nothing else ends these calls before a minute.
const PROMPT: Duration = Duration::from_millis(500);
const MINUTE: Duration = Duration::from_secs(60);

const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

/// A call that gets so far and no further.
struct Scene {
    what: &'static str,
    phase: Phase,
    url: String,
    /// For everything at `stalled.test`.
    proxy: Option<String>,
    upload: usize,
    /// Somebody else has the only slot.
    is_crowded: bool,
    server: Option<Server>,
    _props: Vec<Box<dyn Any + Send>>,
    /// Lookups last until it is gone.
    lookups: Mutex<Option<Sender<()>>>,
}

impl Scene {
    fn new(what: &'static str, phase: Phase, url: String) -> Self {
        Self {
            what,
            phase,
            url,
            proxy: None,
            upload: 0,
            is_crowded: false,
            server: None,
            _props: Vec::new(),
            lookups: Mutex::default(),
        }
    }

    fn with_server(what: &'static str, phase: Phase, script: Script) -> Self {
        let server = Server::start(script);
        let url = format!("http://me:secret@{}/p", server.address());
        Self {
            server: Some(server),
            ..Self::new(what, phase, url)
        }
    }

    fn settings<C: ClientKind>(&self, builder: ClientBuilder<C>) -> ClientBuilder<C> {
        let (lookup, result) = channel::<()>();
        *self.lookups.lock().unwrap() = Some(lookup);
        let result = Mutex::new(result);
        let builder = builder
            .limits(Limits::new().max_connections(1))
            .timeout(Timeout::all(MINUTE))
            .trust_env(false)
            .connect_retries(9)
            .resolver(move |_: &str| {
                let _ = result.lock().unwrap().recv();
                Ok(Vec::new())
            });
        match &self.proxy {
            Some(proxy) => builder.proxy_for("all://stalled.test", proxy.as_str()),
            None => builder,
        }
    }

    fn check(&self, error: &Error) {
        let (what, text) = (self.what, error.to_string());
        assert_eq!(error.kind(), Kind::Cancelled, "{what}: {text}");
        assert_eq!(error.phase(), Some(self.phase), "{what}: {text}");
        assert!(error.is_request() && !error.is_transport(), "{what}");
        let beginning = format!("the call was cancelled {}", self.phase);
        assert!(text.starts_with(&beginning), "{what}: {text}");
        let end = match self.url.contains("secret") {
            true => self.url.replace("secret", "[secure]"),
            false => self.url.clone(),
        };
        assert!(text.ends_with(&format!("(POST {end})")), "{what}: {text}");
        assert!(!text.contains("secret"), "{what}: {text}");
        if let Some(server) = &self.server {
            assert_eq!(server.connections(), 1, "{what}: nothing is tried again");
        }
    }
}

fn scenes() -> Vec<Scene> {
    let stall = |bytes: &str| script().read().send(bytes).drain();
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12";
    let hole = BlackHole::start();
    let refused = Refused::port();
    let (hole_url, refused_url) = (hole.url("/p"), refused.url("/p"));
    let mut scenes = vec![
        Scene {
            is_crowded: true,
            ..Scene::with_server("slot", Phase::Pool, stall(length))
        },
        Scene::new("name", Phase::Lookup, "http://slow.test/p".into()),
        Scene {
            _props: vec![Box::new(hole)],
            ..Scene::new("connect", Phase::Connect, hole_url)
        },
        Scene {
            _props: vec![Box::new(refused)],
            ..Scene::new("pause before a retry", Phase::Connect, refused_url)
        },
        Scene {
            upload: 30 << 20,
            ..Scene::with_server("write", Phase::Send, script().read_head().stall())
        },
        Scene::with_server("status line", Phase::Head, stall("")),
        Scene::with_server("mid-head", Phase::Head, stall("HTTP/1.1 200 OK\r\nX:")),
        Scene::with_server("mid-body", Phase::Body, stall(length)),
    ];
    let socks = Scene::with_server("proxy", Phase::Proxy, script().drain());
    let proxy = socks.server.as_ref().unwrap().address();
    scenes.push(Scene {
        proxy: Some(format!("socks5h://{proxy}")),
        url: "http://stalled.test/p".into(),
        ..socks
    });
    #[cfg(feature = "tls")]
    {
        let silent = Scene::with_server("TLS", Phase::Tls, script().drain());
        let url = silent.url.replace("http:", "https:");
        scenes.push(Scene { url, ..silent });
    }
    scenes
}

/// Cancels before long, and says when.
fn soon(token: &CancelToken) -> JoinHandle<Instant> {
    let token = token.clone();
    thread::spawn(move || {
        thread::sleep(SOON);
        let now = Instant::now();
        token.cancel();
        now
    })
}

/// Runs it, cancelled from another thread, and checks that it returns then.
#[track_caller]
fn ended<T>(what: &str, token: &CancelToken, run: impl FnOnce() -> T) -> T {
    let canceller = soon(token);
    let outcome = run();
    let returned = Instant::now();
    let cancelled = canceller.join().unwrap();
    assert!(returned >= cancelled, "{what}: ended by itself");
    let took = returned - cancelled;
    assert!(took < PROMPT, "{what}: {took:?}");
    outcome
}

/// The error inside one of `std::io`.
fn inner(error: std::io::Error) -> Error {
    *error.into_inner().unwrap().downcast().unwrap()
}

#[test]
fn every_phase_ends_at_once() {
    thread::scope(|scope| {
        for scene in scenes() {
            scope.spawn(move || {
                let client = scene.settings(Client::builder()).build().unwrap();
                let held = scene
                    .is_crowded
                    .then(|| client.get(&scene.url).stream().unwrap());
                let token = CancelToken::new();
                let request = client.post(&scene.url).body(vec![b'x'; scene.upload]);
                let error = ended(scene.what, &token, || {
                    request.cancel(&token).send().unwrap_err()
                });
                scene.check(&error);
                drop(held);
                clean_after(&client);
            });
        }
    });
}

/// The call's own token, the client's, and a parent of either.
#[test]
fn of_several_tokens_each_ends_the_call() {
    let tokens = || [(); 4].map(|()| CancelToken::new());
    thread::scope(|scope| {
        for at in 0..4 {
            scope.spawn(move || {
                let server = Server::start(script().read().drain());
                let tokens = tokens();
                let [of_client, parent, of_request, second] = &tokens;
                let client = one_slot().cancel(of_client).cancel(&parent.child());
                let client = client.build().unwrap();
                let request = client.get(server.url("/")).no_timeout();
                let request = request.cancel(of_request).cancel(second);
                let error = ended("token", &tokens[at], || request.send().unwrap_err());
                assert_eq!(error.kind(), Kind::Cancelled, "{at}: {error}");
                assert_eq!(tokens.iter().filter(|t| t.is_cancelled()).count(), 1);
            });
        }
    });
}

#[test]
fn a_group_ends_together_and_one_of_it_alone() {
    let server = Server::start(script().read().drain());
    let client = Client::new();
    let all = CancelToken::new();
    let single = all.child();
    let get = |token: &CancelToken| {
        let request = client.get(server.url("/")).no_timeout().cancel(token);
        request.send().unwrap_err()
    };
    thread::scope(|scope| {
        let others: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let error = get(&all.child());
                    (error, Instant::now())
                })
            })
            .collect();
        let error = ended("one", &single, || get(&single));
        assert_eq!(error.kind(), Kind::Cancelled);
        assert!(others.iter().all(|other| !other.is_finished()));
        server.wait_until(|server| server.seen().len() == 9);
        let cancelled = Instant::now();
        all.cancel();
        for other in others {
            let (error, returned) = other.join().unwrap();
            assert_eq!(error.kind(), Kind::Cancelled);
            assert!(returned - cancelled < PROMPT * 2);
        }
    });
}

#[test]
fn a_cancelled_token_refuses_before_anything_is_sent() {
    let server = Server::always(ok("good"));
    let token = CancelToken::new();
    let client = client();
    let get = || client.get(server.url("/")).cancel(&token);
    assert_eq!(get().send().unwrap().text(), "good");
    token.cancel();
    for error in [get().send().unwrap_err(), get().stream().unwrap_err()] {
        assert_eq!(error.kind(), Kind::Cancelled);
        let text = format!("the call was cancelled (GET {})", server.url("/"));
        assert_eq!(error.to_string(), text);
        assert!(error.request().is_some());
    }
    let error = papilio::get(server.url("/")).cancel(&token).send();
    assert_eq!(error.unwrap_err().kind(), Kind::Cancelled);
    let of_client = one_slot().cancel(&token).build().unwrap();
    let error = of_client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);

    // A transport by itself, and a request by hand.
    let mut request = Request::new("GET", server.url("/")).unwrap();
    request.set_cancel(&token);
    assert!(request.cancel_token().unwrap().is_cancelled());
    let network = HttpTransport::builder().build().unwrap();
    let error = network.send(&mut request).unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    let error = client.send(request).unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);

    assert_eq!(server.requests_per_connection(), [1]);
    clean_after(&client);
}

/// Between a redirect and what follows it, and between a request hook and the request.
#[test]
fn hooks_may_cancel() {
    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::start(script().serve(move |_| moved.clone()));
    let token = CancelToken::new();
    let hook = token.clone();
    let client = one_slot().follow_redirects(true).on_response(move |_| {
        hook.cancel();
        Ok(())
    });
    let error = client
        .build()
        .unwrap()
        .get(server.url("/"))
        .cancel(&token)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(error.url().unwrap().path(), "/next");
    assert_eq!(server.only().target, "/");

    let mock = MockTransport::new(|_| panic!("nothing is to be sent"));
    let hooked = Client::builder().transport(mock).on_request(|request| {
        request.cancel_token().unwrap().cancel();
        Ok(())
    });
    let request = hooked.build().unwrap();
    let error = request
        .get("http://test/")
        .cancel(&CancelToken::new())
        .send();
    assert_eq!(error.unwrap_err().kind(), Kind::Cancelled);
}

/// An idempotent request on a used connection, whose failure would be taken for that of a stale one; and the socket
/// that was left to wait in the kernel by the call before.
#[test]
fn a_used_connection_is_given_up() {
    let server = Server::start(script().read().send(ok("good")).read().drain());
    let client = client();
    let get = || client.get(server.url("/")).timeout(MINUTE);
    assert_eq!(get().send().unwrap().text(), "good");
    let token = CancelToken::new();
    let error = ended("second", &token, || {
        get().cancel(&token).send().unwrap_err()
    });
    assert_eq!(error.kind(), Kind::Cancelled);
    server.wait_until(|server| server.open() == 0);
    assert_eq!(server.requests_per_connection(), [2]);
    clean_after(&client);
}

/// One thread after another wait: what woke it from one does not end the next.
#[test]
fn a_thread_waits_again() {
    let slow = script().read().sleep(SOON / 10).send(ok("late")).close();
    let good = Server::start(slow);
    let silent = Server::start(script().read().drain());
    let client = client();
    for _ in 0..3 {
        let token = CancelToken::new();
        let get = |url| client.get(url).timeout(MINUTE).cancel(&token);
        assert_eq!(get(good.url("/")).send().unwrap().text(), "late");
        let error = ended("silent", &token, || get(silent.url("/")).send());
        assert_eq!(error.unwrap_err().kind(), Kind::Cancelled);
    }
    // Limits hold beside a token.
    let request = client.get(silent.url("/")).cancel(&CancelToken::new());
    let limits = Timeout::none().read(SOON / 4);
    let error = request.timeout(limits).send().unwrap_err();
    assert_eq!(error.kind(), Kind::ReadTimeout);
}

/// A body that comes without end never makes anyone wait, and is ended all the same; so is one that stalls.
#[test]
fn streams_end_while_they_are_read() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let sources = [
        script().read().send(head).flood("x"),
        script().read().send(head).send("x").drain(),
    ];
    thread::scope(|scope| {
        for source in sources {
            scope.spawn(move || {
                let server = Server::start(source);
                let client = client();
                let token = CancelToken::new();
                let request = client.get(server.url("/")).timeout(MINUTE);
                let mut stream = request.cancel(&token).stream().unwrap();
                let error = ended("body", &token, || {
                    std::io::copy(&mut stream, &mut std::io::sink()).unwrap_err()
                });
                let error = inner(error);
                assert_eq!(
                    (error.kind(), error.phase()),
                    (Kind::Cancelled, Some(Phase::Body))
                );
                assert!(stream.is_closed());
                drop(stream);
                clean_after(&client);
            });
        }
    });
}

/// A transport whose responses stream.
struct Streams;

impl Transport for Streams {
    fn send(&self, _: &mut Request) -> papilio::Result<StreamingResponse> {
        Ok(Response::builder(200).stream(&b"streamed"[..]))
    }
}

/// Cancelled while nobody reads: seen by the next read, though bytes have come.
#[test]
fn the_next_read_sees_it() {
    let server = Server::start(script().read().send(response("200 OK", &[], "0123456789")));
    let client = client();
    let token = CancelToken::new();
    let request = client.get(server.url("/")).cancel(&token);
    let mut stream = request.stream().unwrap();
    let mut some = [0; 4];
    stream.read_exact(&mut some).unwrap();
    token.cancel();
    let error = stream.buffer().unwrap_err();
    assert_eq!(error.kind(), Kind::StreamConsumed);
    let token = CancelToken::new();
    let mut stream = client.get(server.url("/")).cancel(&token).stream().unwrap();
    token.cancel();
    let error = stream.load().unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (Kind::Cancelled, Some(Phase::Body))
    );
    drop(stream);
    clean_after(&client);

    // Of a transport of the caller's.
    let client = Client::builder().transport(Streams).build().unwrap();
    let token = CancelToken::new();
    let request = client.get("http://test/").cancel(&token);
    let mut stream = request.stream().unwrap();
    stream.read_exact(&mut some).unwrap();
    token.cancel();
    let error = inner(stream.read_exact(&mut some).unwrap_err());
    assert_eq!(error.kind(), Kind::Cancelled);
}

/// The connection after a switch of protocols, in both directions.
#[test]
fn switched_connections_end_too() {
    thread::scope(|scope| {
        for writes in [false, true] {
            scope.spawn(move || {
                let server = Server::start(script().read().send(SWITCH).send("early").stall());
                let client = client();
                let token = CancelToken::new();
                let request = client.get(server.url("/")).cancel(&token);
                let request = request.header("Upgrade", "echo");
                let request = request.header("Connection", "upgrade");
                let mut stream = request.stream().unwrap().upgrade().unwrap();
                // Other limits leave the token as it is.
                stream.set_timeout(Timeout::none());
                let error = ended("switched", &token, || match writes {
                    true => stream.write_all(&vec![b'x'; 30 << 20]).unwrap_err(),
                    false => stream.read_to_end(&mut Vec::new()).unwrap_err(),
                });
                assert_eq!(inner(error).kind(), Kind::Cancelled);
                assert!(stream.read(&mut [0]).is_err() && stream.flush().is_err());
                drop(stream);
                clean_after(&client);
            });
        }
    });
}

/// A transport of the caller's that waits by itself can look at the token.
#[test]
fn transports_see_the_token() {
    let mock = MockTransport::new(|request| {
        let token = request.cancel_token().unwrap().clone();
        while !token.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        Err(Error::new(Kind::Custom, "told so"))
    });
    let client = Client::builder().transport(mock).build().unwrap();
    let token = CancelToken::new();
    let request = client.get("http://test/").cancel(&token);
    let error = ended("mock", &token, || request.send().unwrap_err());
    assert_eq!(error.kind(), Kind::Custom);
}

#[test]
fn tokens_say_nothing_but_their_state() {
    fn shareable<T: Clone + Default + Send + Sync + 'static>(_: &T) {}
    let token = Arc::new(CancelToken::default());
    shareable(&*token);
    assert_eq!(format!("{token:?}"), "CancelToken { cancelled: false }");
    token.cancel();
    assert_eq!(format!("{token:?}"), "CancelToken { cancelled: true }");
}

#[cfg(feature = "async")]
mod asynchronous {
    use super::*;
    use futures_util::TryStreamExt;
    use papilio::{AsyncClient, AsyncStreamingResponse, AsyncTransport, BoxFuture};
    use std::future::pending;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(future);
        // Lookups that nobody waits for any more may still run.
        runtime.shutdown_background();
        outcome
    }

    fn narrow() -> AsyncClient {
        AsyncClient::builder()
            .limits(Limits::new().max_connections(1))
            .timeout(Timeout::all(MINUTE))
            .trust_env(false)
            .build()
            .unwrap()
    }

    async fn ended<T>(what: &str, token: &CancelToken, call: impl Future<Output = T>) -> T {
        let canceller = soon(token);
        let outcome = call.await;
        let returned = Instant::now();
        let cancelled = canceller.join().unwrap();
        assert!(returned >= cancelled, "{what}: ended by itself");
        let took = returned - cancelled;
        assert!(took < PROMPT, "{what}: {took:?}");
        outcome
    }

    async fn clean_after(client: &AsyncClient) {
        let good = Server::always(ok("good"));
        let request = client.get(good.url("/")).timeout(SOON * 10).send();
        assert_eq!(request.await.unwrap().text(), "good");
        let state = format!("{client:?}");
        assert!(
            state.contains("Requests: 0 active, 0 queued") && state.contains("0 active, 1 idle"),
            "{state}"
        );
    }

    /// The same by dropping the future: POOL-21 and ASY-07 for HTTP/1.1.
    #[test]
    fn every_phase_ends_at_once() {
        thread::scope(|scope| {
            for by_token in [true, false] {
                for scene in scenes() {
                    scope.spawn(move || run(act(&scene, by_token)));
                }
            }
        });
    }

    async fn act(scene: &Scene, by_token: bool) {
        let client = scene.settings(AsyncClient::builder()).build().unwrap();
        let held = match scene.is_crowded {
            true => Some(client.get(&scene.url).stream().await.unwrap()),
            false => None,
        };
        let token = CancelToken::new();
        let request = client.post(&scene.url).body(vec![b'x'; scene.upload]);
        if by_token {
            let call = request.cancel(&token).send();
            let error = ended(scene.what, &token, call).await.unwrap_err();
            scene.check(&error);
        } else {
            let over = tokio::time::timeout(SOON, request.send()).await;
            assert!(over.is_err(), "{}", scene.what);
        }
        drop(held);
        clean_after(&client).await;
    }

    /// What others wait for by themselves: hooks, transports, bodies in both directions.
    #[test]
    fn code_of_the_caller_is_dropped() {
        struct Never;
        impl AsyncTransport for Never {
            fn send<'a>(
                &'a self,
                _: &'a mut Request,
            ) -> BoxFuture<'a, papilio::Result<AsyncStreamingResponse>> {
                Box::pin(pending())
            }
        }
        let builder = || AsyncClient::builder().timeout(MINUTE);
        let stalled = || {
            let pieces = futures_util::stream::pending::<std::io::Result<&str>>();
            Response::builder(200).async_stream(pieces)
        };
        let clients = [
            builder().transport(Never),
            builder()
                .transport(Never)
                .on_request(|_| Box::pin(pending())),
            builder()
                .transport(MockTransport::new(|_| Ok(Response::builder(200).text(""))))
                .on_response(|_| Box::pin(pending())),
        ];
        run(async {
            for (at, client) in clients.into_iter().enumerate() {
                let client = client.build().unwrap();
                let token = CancelToken::new();
                let call = client.get("http://test/").cancel(&token).send();
                let error = ended("client", &token, call).await.unwrap_err();
                assert_eq!(error.kind(), Kind::Cancelled, "{at}");
                assert_eq!(error.url().unwrap().as_str(), "http://test/", "{at}");
            }

            struct Stalled<F>(F);
            impl<F: Fn() -> AsyncStreamingResponse + Send + Sync> AsyncTransport for Stalled<F> {
                fn send<'a>(
                    &'a self,
                    _: &'a mut Request,
                ) -> BoxFuture<'a, papilio::Result<AsyncStreamingResponse>> {
                    Box::pin(async { Ok((self.0)()) })
                }
            }
            let client = builder().transport(Stalled(stalled)).build().unwrap();
            let token = CancelToken::new();
            let call = client.get("http://test/").cancel(&token).send();
            let error = ended("body", &token, call).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.phase()),
                (Kind::Cancelled, Some(Phase::Body))
            );

            let server = Server::start(script().read_head().drain());
            let client = narrow();
            let token = CancelToken::new();
            let pieces = futures_util::stream::pending::<std::io::Result<&str>>();
            let request = client.post(server.url("/")).body_stream(pieces);
            let call = request.cancel(&token).send();
            let error = ended("upload", &token, call).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.phase()),
                (Kind::Cancelled, Some(Phase::Send))
            );
            clean_after(&client).await;
        });
    }

    #[test]
    fn streams_and_switched_connections_end_too() {
        run(async {
            for flood in [false, true] {
                let source = script().read().send("HTTP/1.1 200 OK\r\n\r\nx");
                let server = Server::start(match flood {
                    true => source.flood("x"),
                    false => source.drain(),
                });
                let client = narrow();
                let token = CancelToken::new();
                let request = client.get(server.url("/")).cancel(&token);
                let mut stream = request.stream().await.unwrap();
                let error = ended("body", &token, async {
                    let mut pieces = stream.iter_bytes();
                    loop {
                        if let Err(error) = pieces.try_next().await {
                            return error;
                        }
                    }
                })
                .await;
                assert_eq!(
                    (error.kind(), error.phase()),
                    (Kind::Cancelled, Some(Phase::Body))
                );
                drop(stream);
                clean_after(&client).await;
            }
            for writes in [false, true] {
                let server = Server::start(script().read().send(SWITCH).send("early").stall());
                let client = narrow();
                let token = CancelToken::new();
                let request = client.get(server.url("/")).header("Upgrade", "echo");
                let request = request.header("Connection", "upgrade").cancel(&token);
                let mut stream = request.stream().await.unwrap().upgrade().unwrap();
                stream.set_timeout(Timeout::none());
                let error = ended("switched", &token, async {
                    match writes {
                        true => stream.write_all(&vec![b'x'; 30 << 20]).await.unwrap_err(),
                        false => stream.read_to_end(&mut Vec::new()).await.unwrap_err(),
                    }
                })
                .await;
                assert_eq!(inner(error).kind(), Kind::Cancelled);
                assert!(stream.read(&mut [0]).await.is_err());
                drop(stream);
                clean_after(&client).await;
            }
        });
    }

    #[test]
    fn a_cancelled_token_refuses_before_anything_is_sent() {
        run(async {
            let server = Server::always(ok("good"));
            let token = CancelToken::new();
            let client = narrow();
            let get = || client.get(server.url("/")).cancel(&token).send();
            assert_eq!(get().await.unwrap().text(), "good");
            token.cancel();
            assert_eq!(get().await.unwrap_err().kind(), Kind::Cancelled);
            assert_eq!(server.requests_per_connection(), [1]);
        });
    }
}
