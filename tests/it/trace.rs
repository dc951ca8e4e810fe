//! What a request tells while it is on its way: the trace callback, timings, and facts about the connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::common::{clean_after, client, one_slot};
use super::driver::{
    Auth, AuthFlow, AuthStep, BasicAuth, Body, Client, DigestAuth, Error, Event, EventInfo,
    EventPhase, Kind, MockTransport, Request, Response, Result, Timeout, Timings, Trace,
};
use crate::server::{Refused, Server, chunked, ok, response, script};

/// Hears events, as their names and as their whole text.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Ear {
    fn trace(&self) -> Trace {
        let ear = self.clone();
        Trace::new(move |event| {
            ear.hear(event);
            Ok(())
        })
    }

    /// As [`trace`](Self::trace), and at this event the callback returns an error.
    fn refusing(&self, name: &'static str, kind: Kind) -> Trace {
        let ear = self.clone();
        Trace::new(move |event| {
            ear.hear(event);
            match event.name() == name {
                true => Err(Error::new(kind, "enough")),
                false => Ok(()),
            }
        })
    }

    fn hear(&self, event: &Event<'_>) {
        let phase = match event.phase() {
            EventPhase::Started => "started",
            EventPhase::Complete => "complete",
            EventPhase::Failed => "failed",
        };
        assert_eq!(event.name(), format!("{}.{phase}", event.step()));
        let heard = (event.name(), event.to_string());
        self.0.lock().unwrap().push(heard);
    }

    /// The names since the last call.
    fn names(&self) -> Vec<&'static str> {
        let heard = std::mem::take(&mut *self.0.lock().unwrap());
        heard.into_iter().map(|(name, _)| name).collect()
    }

    fn text(&self, name: &str) -> String {
        let heard = self.0.lock().unwrap();
        let mut found = heard.iter().filter(|(n, _)| *n == name);
        found.next().expect(name).1.clone()
    }
}

/// Each step started and complete.
fn complete(steps: &[&str]) -> Vec<String> {
    steps
        .iter()
        .flat_map(|step| [format!("{step}.started"), format!("{step}.complete")])
        .collect()
}

const TCP: &str = "connection.connect_tcp";
const HEADERS: &str = "http11.send_request_headers";
const BODY: &str = "http11.send_request_body";
const HEAD: &str = "http11.receive_response_headers";
const CONTENT: &str = "http11.receive_response_body";
const CLOSED: &str = "http11.response_closed";
const WARM: [&str; 5] = [HEADERS, BODY, HEAD, CONTENT, CLOSED];
const COLD: [&str; 6] = [TCP, HEADERS, BODY, HEAD, CONTENT, CLOSED];

/// EXT-05, EXT-22: a new connection, the same again, without a body, unread.
#[test]
fn the_order_of_events() {
    let server = Server::replies([ok("x"), ok("x"), ok(""), ok("long"), ok("long")]);
    let client = client();
    let ear = Ear::default();
    let get = || client.get(server.url("/")).extension(ear.trace());
    get().send().unwrap();
    assert_eq!(ear.names(), complete(&COLD));
    let request = client.post(server.url("/")).body("b");
    request.extension(ear.trace()).send().unwrap();
    assert_eq!(ear.names(), complete(&WARM));
    // No body: the response is over with its head.
    get().stream().unwrap();
    assert_eq!(ear.names(), complete(&[HEADERS, BODY, HEAD, CLOSED]));
    // A body that nobody reads.
    let response = get().stream().unwrap();
    assert_eq!(ear.names(), complete(&[HEADERS, BODY, HEAD]));
    drop(response);
    assert_eq!(ear.names(), complete(&[CLOSED]));
    // A streamed upload is one step.
    let body = Body::reader(&b"streamed"[..]);
    let request = client.post(server.url("/")).body(body);
    request.extension(ear.trace()).send().unwrap();
    assert_eq!(ear.names(), complete(&WARM));
    // Others' requests are not told.
    client.close();
    assert!(ear.names().is_empty());
}

/// EXT-22, TLS-15: also what TLS came to.
#[cfg(feature = "tls")]
#[test]
fn events_and_facts_of_tls() {
    use crate::server::tls::{Identity, Tls, ca_pem};
    let tls = Tls::from(Identity::Good).only_tls13().alpn(&["http/1.1"]);
    let server = Server::start_tls(script().serve(|_| ok("x")), tls);
    let client = one_slot().add_root_certificate(ca_pem()).build().unwrap();
    let ear = Ear::default();
    let get = || {
        let request = client.get(server.url("/")).timings();
        request.extension(ear.trace()).send().unwrap()
    };
    let first = get();
    let text = ear.text("connection.start_tls.started");
    assert!(text.contains(r#" server_hostname="127.0.0.1" timeout=5s"#));
    let text = ear.text("connection.start_tls.complete");
    assert!(text.contains(" / TLSv1.3 / TLS_") && text.ends_with(" / http/1.1"));
    let mut cold = COLD.to_vec();
    cold.insert(1, "connection.start_tls");
    assert_eq!(ear.names(), complete(&cold));
    let second = get();
    assert_eq!(ear.names(), complete(&WARM));

    let connection = first.connection().unwrap();
    assert_eq!(connection.peer_addr(), Some(server.address()));
    let facts = connection.tls().unwrap();
    assert_eq!(facts.version(), "TLSv1.3");
    assert!(facts.cipher_suite().starts_with("TLS_"));
    assert!(!facts.cipher_suite().starts_with("TLS_TLS"));
    assert_eq!(facts.alpn(), Some(&b"http/1.1"[..]));
    let certificates: Vec<&[u8]> = facts.peer_certificates().collect();
    assert!(!certificates.is_empty());
    // DER: a sequence.
    assert!(certificates.iter().all(|der| der.first() == Some(&0x30)));
    assert_eq!(second.connection(), first.connection());

    let timings = first.timings().unwrap();
    assert!(timings.connect() <= timings.tls() && timings.tls() <= timings.sent());
    assert!(timings.tls().is_some());
    assert_eq!(second.timings().unwrap().tls(), None);

    // A handshake that fails.
    let strict = one_slot().build().unwrap();
    let request = strict.get(server.url("/")).extension(ear.trace());
    request.send().unwrap_err();
    let mut failed = complete(&[TCP]);
    failed.extend(["started", "failed"].map(|phase| format!("connection.start_tls.{phase}")));
    assert_eq!(ear.names(), failed);
}

/// What each event is given, of HTTP/1.1 over TCP.
#[test]
fn events_say_what_they_are_about() {
    let server = Server::always(response("200 Fine", &[("X-A", "b")], "x"));
    let port = server.port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let client = client();
    let request = client
        .post(server.url("/path"))
        .header("X-Mine", "1")
        .body("b");
    let request = request.trace(move |event| {
        let note = match event.info() {
            EventInfo::None => "nothing".to_owned(),
            EventInfo::Connect {
                host,
                port,
                local_address,
                timeout,
                ..
            } => format!("{host} {port} {local_address:?} {timeout:?}"),
            EventInfo::Connected(connection) => {
                assert!(connection.local_addr().is_some() && connection.tls().is_none());
                format!("{}", connection.peer_addr().unwrap())
            }
            EventInfo::Request(request) => {
                assert_eq!(request.headers.get("x-mine").as_deref(), Some("1"));
                format!("{} {}", request.method, request.url.path())
            }
            EventInfo::Head {
                version,
                status,
                reason,
                headers,
                ..
            } => {
                assert_eq!(headers.get("x-a").as_deref(), Some("b"));
                format!("{version:?} {status} {}", reason.escape_ascii())
            }
            other => format!("{other:?}"),
        };
        notes
            .lock()
            .unwrap()
            .push((event.step(), event.phase(), note));
        Ok(())
    });
    request.send().unwrap();
    let seen = seen.lock().unwrap();
    for (step, phase, note) in seen.iter() {
        let expected = match (*step, phase) {
            (TCP, EventPhase::Started) => format!("127.0.0.1 {port} None Some(5s)"),
            (TCP, _) => format!("127.0.0.1:{port}"),
            (HEAD, EventPhase::Complete) => "HTTP/1.1 200 OK Fine".to_owned(),
            (_, EventPhase::Started) => "POST /path".to_owned(),
            _ => "nothing".to_owned(),
        };
        assert_eq!(*note, expected, "{step} {phase:?}");
    }
    assert_eq!(seen.len(), 12);
}

/// EXT-23: what failed says why, and the response is closed all the same.
#[test]
fn failures_end_what_was_started() {
    let client = client();
    let ear = Ear::default();
    let failed = |complete_steps: &[&str], failed: &str| {
        let mut all = complete(complete_steps);
        all.extend(["started", "failed"].map(|phase| format!("{failed}.{phase}")));
        if !failed.starts_with("connection") {
            all.extend(complete(&[CLOSED]));
        }
        all
    };
    let refused = Refused::port();
    let request = client.get(refused.url("/")).extension(ear.trace());
    let error = request.send().unwrap_err();
    let text = ear.text("connection.connect_tcp.failed");
    let shown = error.to_string();
    let (shown, _) = shown.split_once(" (GET").unwrap();
    assert!(text.ends_with(&format!(" exception={shown}")), "{text}");
    assert_eq!(ear.names(), failed(&[], TCP));

    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    let server = Server::each([
        script().read().send("nonsense\r\n").close(),
        script().read().send(cut).close(),
        script().read().send(cut).stall(),
    ]);
    let get = || client.get(server.url("/")).extension(ear.trace());
    get().send().unwrap_err();
    assert_eq!(ear.names(), failed(&[TCP, HEADERS, BODY], HEAD));
    get().send().unwrap_err();
    assert_eq!(ear.names(), failed(&[TCP, HEADERS, BODY, HEAD], CONTENT));
    // Half read, then given up.
    let mut response = get().stream().unwrap();
    response.iter_bytes().next().unwrap().unwrap();
    response.close();
    assert_eq!(ear.names(), failed(&[TCP, HEADERS, BODY, HEAD], CONTENT));
    // Sending fails by the request's own body.
    let server = Server::start(script().read_head().drain());
    let body = Body::sized(&b"too little"[..], 100);
    let request = client.post(server.url("/")).body(body);
    request.extension(ear.trace()).send().unwrap_err();
    assert_eq!(ear.names(), failed(&[TCP, HEADERS], BODY));
    clean_after(&client);
}

/// EXT-05: whatever event it is, the request fails as the callback says and its connection is closed.
#[test]
fn an_error_of_the_callback_ends_the_request() {
    let events: Vec<String> = complete(&COLD);
    for (at, name) in events.iter().enumerate() {
        let name: &'static str = String::leak(name.clone());
        let server = Server::always(ok("body"));
        // The kinds that might be tried again are not, when the callback says them.
        for kind in [Kind::Custom, Kind::Connect, Kind::Read] {
            let client = one_slot().connect_retries(2).build().unwrap();
            let ear = Ear::default();
            let request = client.get(server.url("/"));
            let error = request
                .extension(ear.refusing(name, kind))
                .send()
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{name}: {error}");
            assert_eq!(error.url().unwrap().to_string(), server.url("/"));
            let heard = ear.names();
            assert_eq!(heard[..=at], events[..=at], "{name}");
            let after = &heard[at + 1..];
            let rest = match name.starts_with("http11") && !name.starts_with(CLOSED) {
                true => complete(&[CLOSED]),
                false => Vec::new(),
            };
            assert_eq!(after, rest, "{name}");
            let state = format!("{client:?}");
            assert!(state.contains("0 active, 0 idle"), "{name}: {state}");
            clean_after(&client);
        }
    }
    // On a connection that is used again, nothing is sent a second time.
    let server = Server::always(ok("body"));
    let client = client();
    client.get(server.url("/")).send().unwrap();
    let trace = Ear::default().refusing("http11.send_request_body.complete", Kind::Read);
    let error = client.get(server.url("/")).extension(trace).send();
    assert_eq!(error.unwrap_err().kind(), Kind::Read);
    assert_eq!(server.connections(), 1);
}

/// EXT-05: a body without anything to receive fails its request too, before the caller has it.
#[test]
fn an_error_at_the_end_of_an_empty_response() {
    let server = Server::always(ok(""));
    let client = client();
    for name in [
        "http11.response_closed.started",
        "http11.response_closed.complete",
    ] {
        let trace = Ear::default().refusing(name, Kind::Custom);
        let request = client.get(server.url("/")).extension(trace);
        let error = request.stream().unwrap_err();
        assert_eq!(error.kind(), Kind::Custom);
        assert!(error.request().is_some());
        clean_after(&client);
    }
}

/// Fetches a token first.
struct Token(String);

impl Auth for Token {
    fn flow(&self) -> Box<dyn AuthFlow> {
        Box::new(Self(self.0.clone()))
    }
}

impl AuthFlow for Token {
    fn next(&mut self, _: &mut Request, response: Option<&Response>) -> Result<AuthStep> {
        match response {
            None => Ok(AuthStep::SendFirst(Box::new(Request::new("GET", &self.0)?))),
            Some(_) => Ok(AuthStep::Send),
        }
    }
}

/// EXT-24
#[test]
fn redirects_and_rounds_of_authentication_are_told() {
    let challenge = ("WWW-Authenticate", r#"Digest realm="r", nonce="n""#);
    let server = Server::replies([
        response("302 Found", &[("Location", "/next")], "moved"),
        response("401 Unauthorized", &[challenge], "who?"),
        response("302 Found", &[("Location", "/next")], "moved"),
        ok("in"),
    ]);
    let client = client();
    let ear = Ear::default();
    let request = client.get(server.url("/")).follow_redirects(true).timings();
    let response = request
        .auth(DigestAuth::new("user", "password"))
        .extension(ear.trace())
        .send()
        .unwrap();
    assert_eq!(response.text(), "in");
    let names = ear.names();
    let heads = names.iter().filter(|name| name.starts_with(HEAD)).count();
    assert_eq!(heads, 2 * 4);
    // Each has its own times (WSH-31). The redirect before the challenge is not in the history.
    let all = response
        .history()
        .iter()
        .map(|earlier| (earlier.status().as_u16(), earlier.timings()))
        .chain([(200, response.timings())]);
    let mut statuses = Vec::new();
    for (status, timings) in all {
        let timings = timings.unwrap();
        statuses.push(status);
        assert!(timings.connect().is_none() && timings.end().is_some());
        assert_eq!(timings.attempts().len(), 1);
    }
    assert_eq!(statuses, [401, 302, 200]);

    let server = Server::replies([ok("token"), ok("in")]);
    let token = Token(server.url("/token"));
    let request = client.get(server.url("/")).auth(token).timings();
    let response = request.extension(ear.trace()).send().unwrap();
    let mut expected = complete(&COLD);
    expected.extend(complete(&WARM));
    assert_eq!(ear.names(), expected);
    assert!(response.history()[0].timings().unwrap().connect().is_some());
    assert!(response.timings().unwrap().connect().is_none());
}

/// RTY-03: an event around each pause; each try has its times.
#[test]
fn retries_of_a_connect_are_told() {
    let refused = Refused::port();
    let client = one_slot().connect_retries(2).build().unwrap();
    let ear = Ear::default();
    let request = client.get(refused.url("/")).extension(ear.trace());
    request.send().unwrap_err();
    let text = ear.text("connection.retry.started");
    let port = refused.address().port();
    let begin = format!(
        r#"connection.retry.started host="127.0.0.1" port={port} timeout=5s pause=0ns exception="#
    );
    assert!(text.starts_with(&begin), "{text}");
    let tried = [
        "connection.connect_tcp.started",
        "connection.connect_tcp.failed",
    ];
    let retry = ["connection.retry.started", "connection.retry.complete"];
    let expected = [tried, retry, tried, retry, tried].concat();
    assert_eq!(ear.names(), expected);
    // Time is up before the pause is.
    let total = Timeout::all(Duration::from_secs(5)).total(Duration::from_millis(100));
    let request = client.get(refused.url("/")).timeout(total);
    let error = request.extension(ear.trace()).send().unwrap_err();
    assert_eq!(error.kind(), Kind::TotalTimeout);
    assert_eq!(ear.names().last(), Some(&"connection.retry.failed"));
}

/// A connection that ends between two requests costs a second attempt.
#[test]
fn a_stale_connection_is_an_attempt() {
    let server = Server::each([
        script().read().send(ok("x")).read().close(),
        script().serve(|_| ok("x")),
    ]);
    let client = client();
    client.get(server.url("/")).send().unwrap();
    let ear = Ear::default();
    let request = client.get(server.url("/")).timings();
    let response = request.extension(ear.trace()).send().unwrap();
    let mut expected = complete(&[HEADERS, BODY]);
    expected.extend(["started", "failed"].map(|phase| format!("{HEAD}.{phase}")));
    expected.extend(complete(&[CLOSED]));
    expected.extend(complete(&COLD));
    assert_eq!(ear.names(), expected);
    let timings = response.timings().unwrap();
    let [first, second] = timings.attempts() else {
        panic!("{timings:?}");
    };
    assert!(first.sent.is_some() && first.first_byte.is_none() && first.connect.is_none());
    assert!(second.started >= first.sent.unwrap() && second.connect.is_some());
    assert_eq!(timings.end(), second.end);
}

/// WSH-31: in order, of this exchange, and as far as it got.
#[test]
fn timings() {
    let slow = Duration::from_millis(40);
    let answer = script()
        .read()
        .sleep(slow)
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        .sleep(slow)
        .send("b");
    let server = Server::start(script().repeat(answer));
    let client = one_slot().timings(true).build().unwrap();
    let ordered = |timings: &Timings| {
        let [only] = timings.attempts() else {
            panic!("{timings:?}");
        };
        let points = [
            Some(only.started),
            only.name_lookup,
            only.connect,
            only.sent,
            only.first_byte,
            only.end,
        ];
        assert!(points.iter().flatten().is_sorted(), "{only:?}");
        let waited = only.first_byte.unwrap() - only.sent.unwrap();
        assert!(waited >= slow / 2, "{only:?}");
        assert!(only.end.unwrap() - only.first_byte.unwrap() >= slow / 2);
    };
    let url = server.url_on("localhost", "/");
    let first = client.get(&url).send().unwrap();
    let timings = first.timings().unwrap();
    ordered(&timings);
    assert!(timings.name_lookup().is_some() && timings.connect().is_some());
    assert!(timings.end().unwrap() <= first.elapsed() + slow);

    let second = client.get(&url).send().unwrap().timings().unwrap();
    ordered(&second);
    assert_eq!((second.name_lookup(), second.connect()), (None, None));

    let streaming = client.get(&url).stream().unwrap();
    let early = streaming.timings().unwrap();
    assert!(early.first_byte().is_some() && early.end().is_none());
    let read = streaming.buffer().unwrap().timings().unwrap();
    ordered(&read);
    // An address needs no lookup.
    let timings = client.get(server.url("/")).send().unwrap().timings();
    assert_eq!(timings.unwrap().name_lookup(), None);
}

/// WSH-31: off unless asked for; and every transport has the times that can be known without it.
#[test]
fn timings_are_asked_for() {
    let server = Server::always(ok("x"));
    let response = client().get(server.url("/")).send().unwrap();
    assert!(response.timings().is_none());
    assert!(response.connection().is_some());

    let mock = MockTransport::new(|request| match request.url.path().as_ref() {
        "/" => Ok(Response::builder(302).header("Location", "/end").text("")),
        _ => Ok(Response::builder(200).text("end")),
    });
    let client = Client::builder().transport(mock).build().unwrap();
    let ear = Ear::default();
    let request = client.get("http://test/").follow_redirects(true).timings();
    let response = request
        .auth(BasicAuth::new("a", "b"))
        .extension(ear.trace())
        .send()
        .unwrap();
    // There is no network.
    assert!(ear.names().is_empty());
    assert!(response.connection().is_none());
    let [redirect] = response.history() else {
        panic!("{:?}", response.history());
    };
    for timings in [redirect.timings(), response.timings()] {
        let timings = timings.unwrap();
        assert!(timings.first_byte().is_some() && timings.first_byte() <= timings.end());
        assert_eq!((timings.connect(), timings.sent()), (None, None));
    }
    assert!(
        client
            .get("http://test/")
            .send()
            .unwrap()
            .timings()
            .is_none()
    );
}

/// The addresses of a connection, from each response that came over it.
#[test]
fn facts_of_a_connection() {
    let server = Server::replies([ok("x"), chunked(["y"]), ok("")]);
    let client = client();
    let first = client.get(server.url("/")).send().unwrap();
    let streaming = client.get(server.url("/")).stream().unwrap();
    let (one, two) = (first.connection(), streaming.connection());
    assert_eq!(one, two);
    let connection = one.unwrap();
    assert_eq!(connection.peer_addr(), Some(server.address()));
    assert!(connection.local_addr().unwrap().ip().is_loopback());
    assert!(connection.tls().is_none());
    drop(streaming);
    // One without a body, which gave the connection back at once.
    let response = client.get(server.url("/")).send().unwrap();
    assert_eq!(response.connection(), Some(connection));
}

/// A switch of protocols closes the response; what follows is not its business.
#[test]
fn a_switched_connection_is_a_closed_response() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n";
    let server = Server::start(script().read().send(switch).stall());
    let client = client();
    let ear = Ear::default();
    let request = client
        .get(server.url("/"))
        .header("Connection", "upgrade")
        .header("Upgrade", "raw");
    let response = request.extension(ear.trace()).stream().unwrap();
    assert_eq!(ear.names(), complete(&[TCP, HEADERS, BODY, HEAD]));
    let upgraded = response.upgrade().unwrap();
    assert_eq!(ear.names(), complete(&[CLOSED]));
    drop(upgraded);
    assert!(ear.names().is_empty());
}

/// EXT-01: values of any type, kept along redirects and else ignored; a response has such a map too.
#[test]
fn extensions_are_open() {
    #[derive(Clone, Debug, PartialEq)]
    struct Mine(u8);
    let moved = response("302 Found", &[("Location", "/next")], "");
    let server = Server::replies([moved, ok("x")]);
    let client = client();
    let request = client.get(server.url("/")).extension(Mine(7));
    let mut response = request.follow_redirects(true).send().unwrap();
    let [redirect] = response.history() else {
        panic!("{:?}", response.history());
    };
    for request in [redirect.request(), response.request()] {
        assert_eq!(request.unwrap().extensions().get(), Some(&Mine(7)));
    }
    assert_eq!(response.extensions().get::<Mine>(), None);
    response.extensions_mut().insert(Mine(8));
    assert_eq!(response.extensions().get(), Some(&Mine(8)));
}
