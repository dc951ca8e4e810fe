//! The way to the server: certificates, proxies, addresses.

use super::process::papilio;
use crate::server::{Server, ok};

/// What is wrong with the options alone.
#[test]
fn bad_values() {
    let bad = |arguments: &[&str]| papilio(["http://a.test"].iter().chain(arguments)).run();
    for value in ["a", "a:1", ":1:127.0.0.1", "a:x:127.0.0.1", "a:1:b"] {
        let complaint = format!("invalid value '{value}' for '--resolve <HOST:PORT:ADDRESS>'");
        bad(&["--resolve", value]).is_usage_error(&complaint);
    }
    bad(&["--local-address", "lo"]).is_usage_error("invalid value 'lo'");
    bad(&["--key", "k.pem"]).is_usage_error("the following required arguments");
    bad(&["--cacert", "a.pem", "--no-verify"]).is_usage_error("the argument '--");
}

/// CMD-10: by way of a proxy.
#[test]
fn proxy() {
    let server = Server::always(ok("by proxy"));
    let proxy = server.url("/").replace("//", "//me:secret@");
    let ran = papilio(["http://a.test/x", "--proxy", &proxy, "--raw"]).run();
    ran.is(0, "by proxy", "");
    let seen = server.only();
    assert_eq!(seen.target, "http://a.test/x");
    assert_eq!(seen.header("Host"), Some("a.test"));
    let authorization = seen.header("Proxy-Authorization");
    assert_eq!(authorization, Some("Basic bWU6c2VjcmV0"));
}

/// CMD-14: the environment's proxies count. SEC-311: but not the one that a request to a CGI program can set.
#[test]
fn proxy_of_the_environment() {
    let proxy = Server::always(ok("by proxy"));
    let server = Server::always(ok("directly"));
    let body = |variables: &[(&str, &str)]| {
        let mut run = papilio([&server.url("/"), "--raw"]);
        for (name, value) in variables {
            run = run.env(name, value);
        }
        let ran = run.run();
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        ran.text().to_owned()
    };
    let (url, upper) = (proxy.url(""), "HTTP_PROXY");
    assert_eq!(body(&[(upper, &url)]), "by proxy");
    assert_eq!(
        body(&[(upper, &url), ("NO_PROXY", "127.0.0.1")]),
        "directly"
    );
    assert_eq!(
        body(&[(upper, &url), ("REQUEST_METHOD", "GET")]),
        "directly"
    );
    if cfg!(unix) {
        assert_eq!(
            body(&[("http_proxy", &url), ("REQUEST_METHOD", "GET")]),
            "by proxy"
        );
    }
}

/// CMD-42: a proxy that is none is an error like others.
#[test]
fn bad_proxy() {
    let ran = papilio(["http://a.test", "--proxy", "http://a:port"]).run();
    ran.is(
        1,
        "",
        "ConfigError: the proxy URL is none: scheme://host:port is expected\n",
    );
    let ran = papilio(["http://a.test", "--proxy", "ftp://a"]).run();
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
    // A password in it is not repeated.
    let ran = papilio(["http://a.test", "--proxy", "http://me:secret@127.0.0.1:1"]).run();
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
}

/// Through a tunnel it is the server's certificate that is shown, and the request that the server gets.
#[cfg(feature = "tls")]
#[test]
fn tunnel() {
    use crate::server::script;
    use crate::server::tls::Identity;

    let opened = |_: &crate::server::Seen| b"HTTP/1.1 200 Opened\r\n\r\n".to_vec();
    let script = script()
        .read()
        .answer(opened)
        .start_tls(Identity::Good)
        .serve(|_| ok("tunnelled"));
    let server = Server::start(script);
    let proxy = format!("http://127.0.0.1:{}", server.port());
    let ran = papilio(["https://a.test/x", "--proxy", &proxy, "--no-verify", "-v"]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = ran.text();
    for part in [
        "* Connecting to '127.0.0.1'\n",
        "* SSL established using 'TLSv1.3' / '",
        "\nGET /x HTTP/1.1\nHost: a.test\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Addresses in place of a name lookup, for one port.
#[test]
fn resolved_by_hand() {
    let server = Server::always(ok(""));
    let port = server.port();
    let url = format!("http://name.invalid:{port}/");
    let option = format!("name.invalid:{port}:127.0.0.1");
    let ran = papilio([&url, "--resolve", &option, "-q"]).run();
    ran.is(0, "", "");
    let host = format!("name.invalid:{port}");
    assert_eq!(server.only().header("Host"), Some(host.as_str()));
    let option = format!("name.invalid:{}:127.0.0.1", port ^ 1);
    let ran = papilio([&url, "--resolve", &option]).run();
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn unix_socket() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    let path = std::env::temp_dir().join(format!("papilio-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let count = socket.read(&mut request).unwrap();
        socket.write_all(&ok("local")).unwrap();
        String::from_utf8(request[..count].to_vec()).unwrap()
    });
    let name = path.to_str().unwrap();
    let ran = papilio(["http://docker/info", "--raw", "-v", "--unix-socket", name]).run();
    let start = format!("* Connecting to '{name}'\nGET /info HTTP/1.1\n");
    assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    ran.is(0, "local", &ran.stderr);
    let seen = server.join().unwrap();
    assert!(
        seen.starts_with("GET /info HTTP/1.1\r\nHost: docker\r\n"),
        "{seen}"
    );
    std::fs::remove_file(path).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn local_address() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut socket, peer) = listener.accept().unwrap();
            assert_eq!(peer.ip().to_string(), "127.0.0.7");
            assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
            socket.write_all(&ok("")).unwrap();
        }
    });
    for option in ["--local-address", "--interface"] {
        papilio([&url, option, "127.0.0.7", "-q"])
            .run()
            .is(0, "", "");
    }
    server.join().unwrap();
}

/// The certificate goes to the server of the URL.
#[cfg(feature = "tls")]
#[test]
fn certificate() {
    use super::process::new_path;
    use crate::server::script;
    use crate::server::tls::{Identity, Tls, ca_pem, client_pem};

    let (cert, key) = client_pem(None);
    let file = |content: &str| {
        let path = new_path();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (roots, both) = (file(ca_pem()), file(&format!("{cert}{key}")));
    let (cert, key) = (file(&cert), file(&key));
    let tls = Tls::from(Identity::Good).asks_clients(true);
    let server = Server::start_tls(script().serve(|_| ok("known")), tls);
    let url = server.url("/");
    let run = |arguments: &[&str]| {
        papilio([&[url.as_str(), "--raw", "--cacert", &roots], arguments].concat()).run()
    };
    run(&["--cert", &cert, "--key", &key]).is(0, "known", "");
    run(&["--cert", &both]).is(0, "known", "");
    assert_eq!(run(&[]).code, Some(1));
    let ran = run(&["--cert", &cert, "--key", &roots]);
    assert!(ran.stderr.starts_with("TLSError: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for path in [roots, both, cert, key] {
        std::fs::remove_file(path).unwrap();
    }
}

#[cfg(feature = "tls")]
#[test]
fn roots() {
    use super::head;
    use super::process::new_path;
    use crate::server::script;
    use crate::server::tls::{Identity, ca_pem};

    let roots = new_path();
    std::fs::write(&roots, ca_pem()).unwrap();
    let server = Server::start_tls(script().serve(|_| ok("")), Identity::Good);
    let url = server.url("/");
    let ran = papilio([&url]).run();
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
    papilio([&url, "--cacert", roots.to_str().unwrap()])
        .run()
        .is(0, head(&ok("")), "");
    // CMD-14: so does the environment's, unless the option says otherwise.
    let run = papilio([&url]).env("SSL_CERT_FILE", &roots);
    run.run().is(0, head(&ok("")), "");
    std::fs::remove_file(roots).unwrap();

    // CMD-42: one line and exit code 1.
    let ran = papilio([&url, "--cacert", "/nowhere/at/all.pem"]).run();
    assert!(ran.stderr.starts_with("TLSError: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
}
