//! Where there is no runtime, one that lacks something, one that is gone, or more than one.

use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use papilio::{
    AsyncClient, AsyncHttpTransport, AsyncMockTransport, AsyncTransport, Body, Kind, Limits,
    Request, Response, Timeout,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use crate::server::{Server, ok, script};

const LIMIT: Duration = Duration::from_secs(4);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn one_slot() -> AsyncClient {
    AsyncClient::builder()
        .limits(Limits::new().max_connections(1))
        .timeout(Timeout::all(LIMIT).pool(Duration::from_secs(1)))
        .trust_env(false)
        .build()
        .unwrap()
}

/// What a future is that is polled where no runtime is.
fn polled_alone<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits for a runtime that is not there"),
    }
}

/// ASY-05: a client is built anywhere, and sends where a runtime runs.
#[test]
fn without_a_runtime() {
    let server = Server::always(ok("ok"));
    let url = server.url("/");
    let network = AsyncHttpTransport::builder().build().unwrap();
    let mut client = AsyncClient::builder()
        .mount("all://localhost", network)
        .build()
        .unwrap();
    client.on_request(|_| Box::pin(async { Ok(()) }));
    let request = || Request::new("GET", &url).unwrap();
    for error in [
        polled_alone(client.get(&url).send()).unwrap_err(),
        polled_alone(client.get(&url).stream()).unwrap_err(),
        polled_alone(client.send(request())).unwrap_err(),
        polled_alone(client.stream(request())).unwrap_err(),
        polled_alone(client.get(server.url_on("localhost", "/")).send()).unwrap_err(),
        polled_alone(client.post(&url).body(Body::reader(&b"x"[..])).send()).unwrap_err(),
        polled_alone(
            AsyncHttpTransport::builder()
                .build()
                .unwrap()
                .send(&mut request()),
        )
        .unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains("tokio runtime"), "{error}");
    }
    assert_eq!(server.connections(), 0);
    // What needs no runtime does not ask for one.
    let mock = AsyncMockTransport::new(async |_| Ok(Response::builder(200).text("mocked")));
    let mocked = AsyncClient::builder().transport(mock).build().unwrap();
    assert_eq!(
        polled_alone(mocked.get(&url).send()).unwrap().text(),
        "mocked"
    );
    let answer = runtime().block_on(client.get(&url).send()).unwrap();
    assert_eq!(answer.text(), "ok");
}

/// ASY-05: nothing that was begun in a runtime panics outside of it.
#[test]
fn begun_inside_and_continued_outside() {
    let server = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd")
            .drain(),
    );
    let client = one_slot();
    let runtime = runtime();
    let mut response = runtime
        .block_on(client.get(server.url("/")).stream())
        .unwrap();
    let mut some = [0; 8];
    let count = polled_alone(response.read(&mut some)).unwrap();
    assert_eq!(&some[..count], b"abcd");
    let error = polled_alone(response.read(&mut some)).unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{error}");
    drop(response);

    let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    let server = Server::start(script().read().send(switching).drain());
    let mut stream = runtime.block_on(async {
        let request = client.get(server.url("/")).header("Upgrade", "x");
        let response = request.header("Connection", "upgrade").stream().await;
        response.unwrap().upgrade().unwrap()
    });
    let error = polled_alone(stream.read(&mut some)).unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    assert_eq!(polled_alone(stream.write(b"x")).unwrap(), 1);
}

/// ASY-05
#[test]
fn runtimes_that_lack_something() {
    let server = Server::always(ok("ok"));
    let client = one_slot();
    let send = |runtime: Runtime| runtime.block_on(client.get(server.url("/")).send());
    let bare = send(Builder::new_current_thread().build().unwrap()).unwrap_err();
    assert_eq!(bare.kind(), Kind::Config);
    let mut io_only = Builder::new_current_thread();
    let timeless = send(io_only.enable_io().build().unwrap()).unwrap_err();
    assert_eq!(timeless.kind(), Kind::Config);
    assert!(timeless.to_string().contains("enable_time"), "{timeless}");
    let mut time_only = Builder::new_current_thread();
    let deaf = send(time_only.enable_time().build().unwrap()).unwrap_err();
    assert_eq!(deaf.kind(), Kind::Connect);
    assert!(deaf.to_string().contains("enable_io"), "{deaf}");
    assert_eq!(send(runtime()).unwrap().text(), "ok");
}

/// R-POOL-06, ASY-05: runtimes come and go, or stand beside each other, and the client stays.
#[test]
fn a_client_outlives_its_runtimes() {
    let server = Server::always(ok("ok"));
    let client = one_slot();
    let ask = async || client.get(server.url("/")).send().await.unwrap();
    for _ in 0..3 {
        let runtime = runtime();
        runtime.block_on(async {
            assert_eq!(ask().await.text(), "ok");
            assert_eq!(ask().await.text(), "ok");
        });
    }
    assert_eq!(server.requests_per_connection(), [2, 2, 2]);
    // This one is never turned while the other waits: nobody would hear of its sockets.
    let (resting, multi) = (runtime(), Builder::new_multi_thread().enable_all().build());
    let multi = multi.unwrap();
    assert_eq!(resting.block_on(ask()).text(), "ok");
    assert_eq!(multi.block_on(ask()).text(), "ok");
    assert_eq!(resting.block_on(ask()).text(), "ok");
    drop(multi);
    assert_eq!(resting.block_on(ask()).text(), "ok");
    drop(resting);
    server.wait_until(|server| server.open() <= 1);
    drop(client);
    server.wait_until(|server| server.open() == 0);
}

/// R-POOL-06: shut down while a response is read, a request is on its way, and another one waits.
#[test]
fn a_runtime_ends_in_the_middle() {
    let server = Server::start(
        script()
            .read()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd")
            .drain(),
    );
    let good = Server::always(ok("good"));
    let client = one_slot();
    for kind in 0..3 {
        let runtime = match kind {
            0 => Builder::new_multi_thread().enable_all().build().unwrap(),
            _ => runtime(),
        };
        let mut response = runtime
            .block_on(client.get(server.url("/")).stream())
            .unwrap();
        let waiting = client.clone();
        let (url, good) = (server.url("/"), good.url("/"));
        runtime.spawn(async move { waiting.get(url).send().await });
        runtime.block_on(tokio::task::yield_now());
        match kind {
            1 => runtime.shutdown_background(),
            _ => drop(runtime),
        }
        let error = self::runtime().block_on(async {
            let mut all = Vec::new();
            loop {
                let mut some = [0; 8];
                match response.read(&mut some).await {
                    Ok(0) => panic!("it is not complete: {all:?}"),
                    Ok(count) => all.extend_from_slice(&some[..count]),
                    Err(error) => return error,
                }
            }
        });
        assert_eq!(error.kind(), Kind::Read, "{error}");
        drop(response);
        let again = self::runtime().block_on(client.get(good).send());
        assert_eq!(again.unwrap().text(), "good");
    }
}

/// ASY-06: also where the async client runs.
#[test]
fn both_clients_in_one_runtime() {
    let server = Server::always(ok("ok"));
    runtime().block_on(async {
        let (blocking, client) = (papilio::Client::new(), one_slot());
        let held = client.get(server.url("/")).stream().await.unwrap();
        assert_eq!(blocking.get(server.url("/")).send().unwrap().text(), "ok");
        assert_eq!(held.buffer().await.unwrap().text(), "ok");
        let address: SocketAddr = server.address();
        assert!(address.ip().is_loopback());
    });
}

/// ASY-02: neither tokio nor h2 is compiled for the blocking client.
#[test]
fn what_the_blocking_client_depends_on() {
    let tree = |features: &str| {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--offline", "--edges", "normal,build"])
            .args(["--prefix", "none", "--no-default-features", "--features"])
            .arg(features)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let has = |tree: &str, name: &str| {
        tree.lines()
            .any(|line| line.split(' ').next() == Some(name))
    };
    let blocking = tree("default,zstd,public-suffix,env_logger,encrypted-keys");
    assert!(has(&blocking, "papilio") && has(&blocking, "rustls"));
    for name in ["tokio", "h2", "futures-core", "futures-util", "mio"] {
        assert!(!has(&blocking, name), "{name}");
    }
    let asynchronous = tree("async");
    assert!(has(&asynchronous, "tokio") && has(&asynchronous, "h2"));
}
