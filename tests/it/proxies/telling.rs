//! Events and log lines of what goes through proxies: their order, and no secret in them.

use std::sync::{Arc, Mutex};

use papilio::{Client, Kind, Result};

use super::{known, plain, told, without_secrets};
use crate::server::{Refused, Server, ok, response, script};

/// The texts of all events of one request.
fn hear(client: &Client, url: &str) -> (Result<papilio::Response>, Vec<String>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&heard);
    let request = client.get(url).trace(move |event| {
        record.lock().unwrap().push(event.to_string());
        Ok(())
    });
    let result = request.send();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    without_secrets(&heard.join("\n"));
    (result, heard)
}

/// The names alone, up to the request itself.
fn opening(heard: &[String]) -> Vec<&str> {
    heard
        .iter()
        .take_while(|text| !text.ends_with(".send_request_headers.started request=<Request GET>"))
        .map(|text| text.split(' ').next().unwrap())
        .collect()
}

fn steps<'a>(steps: &[&'a str]) -> Vec<String> {
    let both = |step: &&'a str| [format!("{step}.started"), format!("{step}.complete")];
    steps.iter().flat_map(both).collect()
}

const TCP: &str = "connection.connect_tcp";
#[cfg(feature = "tls")]
const TLS: &str = "connection.start_tls";
#[cfg(feature = "tls")]
const INNER: &str = "proxy.start_tls";
#[cfg(feature = "tls")]
const CONNECT: &str = "http11.send_request_headers";
const SOCKS: [&str; 2] = ["socks.connect_tcp", "socks.setup_socks5_connection"];

/// EXT-20, EXT-21
#[test]
fn plain_text_through_proxies() {
    let server = Server::always(ok("x"));
    let client = plain().proxy(known("http", &server)).build().unwrap();
    let (result, heard) = hear(&client, "http://origin.invalid/");
    result.unwrap();
    assert_eq!(opening(&heard), steps(&[TCP]));
    let place = format!(
        r#"{TCP}.started host="127.0.0.1" port={} local_address=None timeout=4s socket_options=None"#,
        server.port()
    );
    assert_eq!(heard[0], place);
    assert!(heard[1].ends_with(&format!(" return_value={}", server.address())));
    assert!(
        heard
            .iter()
            .any(|t| t == "http11.send_request_headers.started request=<Request GET>")
    );

    let login = [&[1, 4][..], b"user", &[9], b"pass word"].concat();
    let tunnel = script()
        .expect([5, 1, 2])
        .send([5, 2])
        .expect(login)
        .send([1, 0]);
    let asked = [&[5, 1, 0, 3, 14], &b"origin.invalid"[..], &[0, 80]].concat();
    let granted = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let refused = [5, 4, 0, 1, 0, 0, 0, 0, 0, 0];
    let server = Server::each([
        tunnel
            .clone()
            .expect(&asked)
            .send(granted)
            .serve(|_| ok("x")),
        tunnel.expect(&asked).send(refused).drain(),
    ]);
    let limits = papilio::Limits::client().max_keepalive_connections(0);
    let client = plain().proxy(known("socks5", &server)).limits(limits);
    let client = client.build().unwrap();
    let (result, heard) = hear(&client, "http://origin.invalid/");
    result.unwrap();
    assert_eq!(opening(&heard), steps(&SOCKS));
    assert!(heard[0].contains(&format!(r#" host="127.0.0.1" port={} "#, server.port())));
    let (result, heard) = hear(&client, "http://origin.invalid/");
    told(&result.unwrap_err(), Kind::Proxy);
    let [_, _, started, failed] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(started, "socks.setup_socks5_connection.started");
    let begin = "socks.setup_socks5_connection.failed exception=Proxy Server could not connect: ";
    assert!(failed.starts_with(begin), "{failed}");
}

/// EXT-20, EXT-21: TLS with the proxy, with the origin, and in each other.
#[cfg(feature = "tls")]
#[test]
fn tls_through_proxies() {
    use crate::server::tls::{Identity, ca_pem};

    let open = "HTTP/1.1 200 OK\r\n\r\n";
    let tunnel = || {
        let connect = script().read().send(open);
        connect.start_tls(Identity::Good).serve(|_| ok("x"))
    };
    let server = Server::start(tunnel());
    let client = plain().proxy(known("http", &server)).build().unwrap();
    let (result, heard) = hear(&client, "https://localhost/");
    result.unwrap();
    assert_eq!(opening(&heard), steps(&[TCP, CONNECT, INNER]));
    assert_eq!(
        heard[2],
        format!("{CONNECT}.started request=<Request CONNECT>")
    );
    assert_eq!(
        heard[4],
        format!(r#"{INNER}.started server_hostname="localhost" timeout=4s"#)
    );
    assert!(heard[5].contains(" / TLSv1.3 / "), "{}", heard[5]);

    let server = Server::start_tls(tunnel(), Identity::Good);
    let proxy = papilio::Proxy::new(known("https", &server)).unwrap();
    let client = plain().proxy(proxy.add_root_certificate(ca_pem()));
    let (result, heard) = hear(&client.build().unwrap(), "https://localhost/");
    result.unwrap();
    assert_eq!(opening(&heard), steps(&[TCP, TLS, CONNECT, INNER]));
    assert!(
        heard[2].contains(r#"server_hostname="127.0.0.1""#),
        "{}",
        heard[2]
    );
    assert!(
        heard[6].contains(r#"server_hostname="localhost""#),
        "{}",
        heard[6]
    );

    let asked = [&[5, 1, 0, 3, 9], &b"localhost"[..], &[1, 187]].concat();
    let granted = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let script = script()
        .expect([5, 1, 0])
        .send([5, 0])
        .expect(asked)
        .send(granted);
    let server = Server::start(script.start_tls(Identity::Good).serve(|_| ok("x")));
    let client = plain().proxy(format!("socks5://{}", server.address()));
    let (result, heard) = hear(&client.build().unwrap(), "https://localhost/");
    result.unwrap();
    let [tcp, setup] = SOCKS;
    assert_eq!(opening(&heard), steps(&[tcp, setup, "socks.start_tls"]));
}

/// EXT-21: a proxy that is not there.
#[test]
fn failures() {
    let refused = Refused::port();
    for (scheme, step) in [("http", TCP), ("socks5", SOCKS[0])] {
        let url = refused
            .url("")
            .replace("http://", &format!("{scheme}://user:pass%20word@"));
        let client = plain().proxy(url).build().unwrap();
        let (result, heard) = hear(&client, "http://origin.invalid/");
        told(&result.unwrap_err(), Kind::Connect);
        let names = [format!("{step}.started"), format!("{step}.failed")];
        assert_eq!(opening(&heard), names);
    }
}

/// PRX-05, EXT-20: the log of all that goes well and wrong with proxies, in this order and without secrets.
#[test]
fn the_log() {
    let forward = Server::replies([ok("x"), response("407 Who", &[], "")]);
    let refusing = Server::always(response("403 No", &[("X-Echo", "pass word")], "no"));
    let login = [&[1, 4][..], b"user", &[9], b"pass word"].concat();
    let rejecting = script()
        .expect([5, 1, 2])
        .send([5, 2])
        .expect(login)
        .send([1, 9]);
    let socks = Server::start(rejecting.drain());
    let refused = Refused::port();
    let nobody = refused.url("").replace("//", "//user:pass%20word@");
    let mut kinds = Vec::new();
    let lines = crate::listener::texts(|| {
        for (proxy, url) in [
            (known("http", &forward), "http://origin.invalid/"),
            (known("http", &forward), "http://origin.invalid/"),
            (known("http", &refusing), "https://origin.invalid/"),
            (known("socks5", &socks), "http://origin.invalid/"),
            (nobody, "http://origin.invalid/"),
        ] {
            let client = plain().proxy(proxy).connect_retries(1).build().unwrap();
            let request = client
                .get(url)
                .header("Authorization", "Bearer pass%20word");
            kinds.push(request.send().map(drop).map_err(|error| error.kind()));
        }
    });
    let expected = match cfg!(feature = "tls") {
        true => Kind::Proxy,
        false => Kind::UnsupportedProtocol,
    };
    let failures = [expected, Kind::Proxy, Kind::Connect].map(Err);
    assert_eq!(kinds[..2], [Ok(()), Ok(())]);
    assert_eq!(kinds[2..], failures);
    let text = lines.join("\n");
    without_secrets(&text);
    for part in [
        "connection.connect_tcp.started host=\"127.0.0.1\"",
        "HTTP Request: GET http://origin.invalid/ \"HTTP/1.1 407 Who\"",
        "socks.setup_socks5_connection.failed exception=Invalid username/password",
        "connection.retry.started",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
