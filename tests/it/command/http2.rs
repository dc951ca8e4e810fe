//! `--http2`, with a server that speaks it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::process::{new_path, papilio};
use crate::server::tls::{Identity, Tls, ca_pem};

/// Ends with the test.
struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let location = (request.uri().path() == "/").then_some("/next");
    let mut response = Response::builder().header("X-Mixed", "Case");
    if let Some(location) = location {
        response = response.status(303).header("Location", location);
    }
    let response = response.header("Content-Type", "text/plain");
    Ok(response.body(Full::from("text")).unwrap())
}

fn server() -> Server {
    let (address, its_address) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let tls = Tls::from(Identity::Good)
        .only_tls13()
        .alpn(&["h2"])
        .config();
    let serve = async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        address.send(listener.local_addr().unwrap()).unwrap();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = TlsAcceptor::from(tls.clone());
            tokio::spawn(async move {
                let Ok(socket) = acceptor.accept(socket).await else {
                    return;
                };
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let serving = server.serve_connection(TokioIo::new(socket), service_fn(answer));
                // The client may leave as it likes.
                drop(serving.await);
            });
        }
    };
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::select! {
                () = serve => {}
                _ = stopped => {}
            }
        });
    });
    Server {
        address: its_address.recv().unwrap(),
        _stop: stop,
    }
}

/// CMD-10, CMD-20, CMD-28, CMD-29: names in lower case, the reason from the table, one connection for all.
#[test]
fn http2() {
    let server = server();
    let roots = new_path();
    std::fs::write(&roots, ca_pem()).unwrap();
    let url = format!("https://{}/", server.address);
    let roots_name = roots.to_str().unwrap();
    let run = |arguments: &[&str]| {
        papilio(
            [
                &[url.as_str(), "--http2", "-L", "--cacert", roots_name],
                arguments,
            ]
            .concat(),
        )
        .run()
    };
    let plain = |line: &str| !line.starts_with("date: ");
    let ran = run(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ran.text().lines().filter(|line| plain(line)).collect();
    let expected = [
        "HTTP/2 303 See Other",
        "x-mixed: Case",
        "location: /next",
        "content-type: text/plain",
        "content-length: 4",
        "",
        "HTTP/2 200 OK",
        "x-mixed: Case",
        "content-type: text/plain",
        "content-length: 4",
        "",
        "text",
    ];
    assert_eq!(lines, expected);

    let ran = run(&["-v", "-h", "X-Sent", "1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = ran.text();
    for part in [
        "\n* Selected ALPN protocol: 'h2'\n",
        "\nGET / HTTP/2\n",
        "\nGET /next HTTP/2\n",
        "\nx-sent: 1\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.matches("* Connecting to ").count(), 1, "{text}");
    std::fs::remove_file(roots).unwrap();
}
