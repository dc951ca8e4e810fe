//! Log lines: which, at what level, under which target, in what order, without secrets.
//!
//! One logger for the whole process hears every thread; a test listens to its own.

use std::cell::RefCell;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::alone::alone;
use crate::common::{client, one_slot};
use crate::server::{Refused, Server, ok, response, script};

/// One line, as it was logged.
#[derive(Clone, Debug)]
struct Line {
    level: Level,
    target: String,
    text: String,
}

thread_local! {
    static HEARD: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// How often anything of the logger was called, by all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        CALLS.fetch_add(1, Ordering::SeqCst);
        metadata.target().starts_with("papilio")
    }

    fn log(&self, record: &Record<'_>) {
        CALLS.fetch_add(1, Ordering::SeqCst);
        HEARD.with_borrow_mut(|heard| {
            // The filter a user would set: everything of the crate begins with its name.
            if let Some(lines) = heard
                && record.target().starts_with("papilio")
            {
                lines.push(Line {
                    level: record.level(),
                    target: record.target().to_owned(),
                    text: record.args().to_string(),
                });
            }
        });
    }

    fn flush(&self) {}
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// What this thread logs meanwhile. The lines are escaped enough to be lines.
fn heard(act: impl FnOnce()) -> Vec<Line> {
    install();
    HEARD.set(Some(Vec::new()));
    act();
    let lines = HEARD.take().unwrap();
    for line in &lines {
        assert!(!line.text.chars().any(char::is_control), "{line:?}");
    }
    lines
}

/// The text of all that this thread logs meanwhile.
pub(crate) fn texts(act: impl FnOnce()) -> Vec<String> {
    heard(act).into_iter().map(|line| line.text).collect()
}

/// The names of events: what stands before the first blank.
fn events(lines: &[Line]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.text.split(' ').next().unwrap())
        .collect()
}

fn find<'a>(lines: &'a [Line], begin: &str) -> &'a Line {
    let mut found = lines.iter().filter(|line| line.text.starts_with(begin));
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no {begin} in {lines:#?}"));
    assert!(found.next().is_none(), "a second {begin} in {lines:#?}");
    line
}

/// LOG-02
#[test]
fn one_info_line_for_each_request_that_is_answered() {
    let cases = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            r#""HTTP/1.1 200 OK""#,
        ),
        (
            "HTTP/1.0 404 Not Here\r\nContent-Length: 0\r\n\r\n",
            r#""HTTP/1.0 404 Not Here""#,
        ),
        (
            "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
            r#""HTTP/1.1 299 ""#,
        ),
        (
            "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n",
            r#""HTTP/1.1 299 ""#,
        ),
    ];
    for (answer, end) in cases {
        let server = Server::always(answer);
        let url = server.url("/a b?c#fragment");
        let client = client();
        let lines = heard(|| drop(client.request("report", &url).send().unwrap()));
        let info: Vec<_> = lines
            .iter()
            .filter(|line| line.level == Level::Info)
            .collect();
        let [line] = info[..] else {
            panic!("{lines:#?}");
        };
        let url = url.replace(' ', "%20");
        assert_eq!(line.text, format!("HTTP Request: REPORT {url} {end}"));
        assert_eq!(line.target, "papilio");
    }
    // After the head, before the body; and none without a response.
    let server = Server::always(ok("body"));
    let client = client();
    let mut stream = None;
    let lines = heard(|| stream = Some(client.get(server.url("/")).stream().unwrap()));
    assert_eq!(lines.last().unwrap().level, Level::Info);
    let lines = heard(|| assert_eq!(stream.take().unwrap().iter_bytes().count(), 1));
    assert!(lines.iter().all(|line| line.level == Level::Debug));
    let refused = Refused::port();
    let silent = Server::start(script().read().close());
    for url in [refused.url("/"), silent.url("/"), "ftp://e.com/".to_owned()] {
        let lines = heard(|| assert!(client.get(url).send().is_err()));
        assert!(
            lines.iter().all(|line| line.level == Level::Debug),
            "{lines:#?}"
        );
    }
}

/// LOG-01, LOG-03
#[test]
fn targets_and_levels() {
    let server = Server::replies([ok("x"), b"HTTP/1.1 500 No\r\n\r\n".to_vec()]);
    let client = client();
    let mut lines = heard(|| {
        client.get(server.url("/")).send().unwrap();
        drop(client.get(server.url("/")).stream().unwrap());
        client.close();
    });
    let refused = Refused::port();
    lines.extend(heard(|| {
        assert!(papilio::get(refused.url("/")).send().is_err())
    }));
    for line in &lines {
        let (target, expected) = match line.text.split_once('.') {
            Some(("connection", _)) => (&*line.target, "papilio::connection"),
            Some(("http11", _)) => (&*line.target, "papilio::http11"),
            _ => (&*line.target, "papilio"),
        };
        assert_eq!(target, expected, "{line:?}");
        let is_info = line.text.starts_with("HTTP Request: ");
        let level = if is_info { Level::Info } else { Level::Debug };
        assert_eq!(line.level, level, "{line:?}");
    }
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.level == Level::Info)
            .count(),
        2
    );
}

/// LOG-01: a program without a logger stays without one.
#[test]
fn the_library_installs_no_logger() {
    if !alone("logging::the_library_installs_no_logger", &[]) {
        return;
    }
    let server = Server::always(ok("x"));
    client().get(server.url("/")).send().unwrap();
    assert_eq!(log::max_level(), LevelFilter::Off);
    log::set_logger(&Listener).unwrap();
}

const PLAIN: [&str; 14] = [
    "connection.connect_tcp.started",
    "connection.connect_tcp.complete",
    "http11.send_request_headers.started",
    "http11.send_request_headers.complete",
    "http11.send_request_body.started",
    "http11.send_request_body.complete",
    "http11.receive_response_headers.started",
    "http11.receive_response_headers.complete",
    "HTTP",
    "http11.receive_response_body.started",
    "http11.receive_response_body.complete",
    "http11.response_closed.started",
    "http11.response_closed.complete",
    "connection.close.started",
];

#[test]
fn the_lines_of_a_plain_get() {
    let server = Server::always(ok("x"));
    let client = client();
    let lines = heard(|| {
        client.get(server.url("/")).send().unwrap();
        client.close();
    });
    let events = events(&lines);
    assert_eq!(events[..14], PLAIN);
    assert_eq!(events[14..], ["connection.close.complete"]);
}

/// LOG-04, LOG-06
#[cfg(feature = "tls")]
#[test]
fn the_lines_of_a_get_inside_tls() {
    use crate::server::tls::{Identity, ca_pem};
    let server = Server::start_tls(script().serve(|_| ok("x")), Identity::Good);
    let client = one_slot().add_root_certificate(ca_pem()).build().unwrap();
    let lines = heard(|| {
        client.get(server.url("/")).send().unwrap();
        client.get(server.url("/")).send().unwrap();
        client.close();
    });
    let (context, rest) = events_from(&lines, 2);
    assert_eq!(context, ["load_ssl_context", "load_verify_locations"]);
    let mut expected = PLAIN[..2].to_vec();
    expected.extend([
        "connection.start_tls.started",
        "connection.start_tls.complete",
    ]);
    expected.extend(&PLAIN[2..13]);
    // The second request needs no connection.
    expected.extend(&PLAIN[2..13]);
    expected.extend(["connection.close.started", "connection.close.complete"]);
    assert_eq!(rest, expected);
    let context = find(&lines, "load_ssl_context");
    assert_eq!(
        context.text,
        "load_ssl_context verify=true cert=None trust_env=false http2=false"
    );
    assert_eq!((context.level, &*context.target), (Level::Debug, "papilio"));

    let file = std::env::temp_dir().join(format!("papilio-log-{}.pem", std::process::id()));
    std::fs::write(&file, ca_pem()).unwrap();
    let path = file.to_str().unwrap();
    let client = one_slot().verify(path).build().unwrap();
    let lines = heard(|| drop(client.get(server.url("/")).send().unwrap()));
    std::fs::remove_file(&file).unwrap();
    let context = &find(&lines, "load_ssl_context").text;
    assert!(context.contains(&format!(" verify={path} ")), "{context}");
    let roots = &find(&lines, "load_verify_locations").text;
    assert_eq!(*roots, format!("load_verify_locations cafile={path}"));
    let client = one_slot().verify(false).build().unwrap();
    let lines = heard(|| drop(client.get(server.url("/")).send().unwrap()));
    assert!(
        find(&lines, "load_ssl_context")
            .text
            .contains(" verify=false ")
    );
}

#[cfg(feature = "tls")]
fn events_from(lines: &[Line], at: usize) -> (Vec<&str>, Vec<&str>) {
    let mut events = events(lines);
    let rest = events.split_off(at);
    (events, rest)
}

/// LOG-05, LOG-10
#[test]
fn events_say_what_they_are_about() {
    let server = Server::always(ok("x"));
    let client = client();
    let lines = heard(|| drop(client.post(server.url("/")).body("b").send().unwrap()));
    let port = server.port();
    let text = |begin| find(&lines, begin).text.clone();
    let started = text("connection.connect_tcp.started");
    let pairs = format!(r#" host="127.0.0.1" port={port} local_address=None timeout="#);
    assert!(started.contains(&pairs), "{started}");
    assert!(started.contains("5s"), "{started}");
    assert!(text("connection.connect_tcp.complete").contains(" return_value="));
    assert_eq!(
        text("http11.send_request_headers.started"),
        "http11.send_request_headers.started request=<Request POST>"
    );
    assert_eq!(
        text("http11.send_request_body.complete"),
        "http11.send_request_body.complete"
    );
    let head = text("http11.receive_response_headers.complete");
    let value = " return_value=(HTTP/1.1, 200, OK, ";
    assert!(
        head.contains(value) && head.to_lowercase().contains("content-length"),
        "{head}"
    );
    assert_eq!(
        text("http11.response_closed.complete"),
        "http11.response_closed.complete"
    );

    let refused = Refused::port();
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    let cut = Server::start(script().read().send(cut).close());
    let bad = Server::start(script().read().send("nonsense\r\n").close());
    for (url, event) in [
        (refused.url("/"), "connection.connect_tcp.failed exception="),
        (
            bad.url("/"),
            "http11.receive_response_headers.failed exception=",
        ),
        (
            cut.url("/"),
            "http11.receive_response_body.failed exception=",
        ),
    ] {
        let lines = heard(|| assert!(client.get(url).send().is_err()));
        let line = find(&lines, event);
        assert!(line.text.len() > event.len() + 10, "{line:?}");
    }
}

/// LOG-07
#[test]
fn only_the_pool_logs_that_it_closes_a_connection() {
    let closes = |lines: &[Line]| {
        events(lines)
            .iter()
            .filter(|event| **event == "connection.close.complete")
            .count()
    };
    // One that cannot be used again closes itself.
    let server = Server::always(response("200 OK", &[("Connection", "close")], "x"));
    let lines = heard(|| {
        let client = client();
        client.get(server.url("/")).send().unwrap();
        client.close();
    });
    assert_eq!(closes(&lines), 0);
    // Surplus, expired, in the way of another origin, of a closed client.
    let server = Server::always(ok("x"));
    let other = Server::always(ok("y"));
    let limits = papilio::Limits::new();
    let none_kept = one_slot()
        .limits(limits.max_keepalive_connections(0))
        .build()
        .unwrap();
    let lines = heard(|| drop(none_kept.get(server.url("/")).send().unwrap()));
    assert_eq!(closes(&lines), 1, "{lines:#?}");
    let brief = limits.keepalive_expiry(std::time::Duration::from_millis(1));
    let brief = one_slot().limits(brief).build().unwrap();
    brief.get(server.url("/")).send().unwrap();
    thread::sleep(std::time::Duration::from_millis(10));
    let lines = heard(|| drop(brief.get(server.url("/")).send().unwrap()));
    assert_eq!(closes(&lines), 1);
    let client = client();
    client.get(server.url("/")).send().unwrap();
    let lines = heard(|| drop(client.get(other.url("/")).send().unwrap()));
    assert_eq!(closes(&lines), 1);
    let lines = heard(|| client.close());
    assert_eq!(closes(&lines), 1);
}

/// LOG-08
#[test]
fn secrets_are_not_logged() {
    let fields = [
        ("Set-Cookie", "s3cret=1"),
        ("set-cookie", "s3cret=2"),
        ("Authorization", "s3cret"),
        ("Proxy-Authorization", "s3cret"),
        ("Cookie", "s3cret"),
        ("X-Open", "shown"),
    ];
    let server = Server::always(response("200 OK", &fields, "x"));
    let url = server.url("/").replace("://", "://user:s3cret@");
    let refused = Refused::port().url("/").replace("://", "://user:s3cret@");
    let client = client();
    let lines = heard(|| {
        let request = client
            .get(&url)
            .header("Authorization", "s3cret")
            .header("Cookie", "s3cret");
        request.send().unwrap();
        assert!(client.get(&refused).send().is_err());
    });
    for line in &lines {
        assert!(!line.text.contains("s3cret"), "{line:?}");
    }
    let head = &find(&lines, "http11.receive_response_headers.complete").text;
    assert_eq!(head.matches("[secure]").count(), 5, "{head}");
    assert!(head.contains("shown"));
    assert!(
        find(&lines, "HTTP Request: ")
            .text
            .contains("user:[secure]@")
    );
}

/// LOG-09: nothing reaches the logger, so nothing is formatted for it.
#[test]
fn a_level_that_is_off_costs_nothing() {
    if !alone("logging::a_level_that_is_off_costs_nothing", &[]) {
        return;
    }
    install();
    let server = Server::always(ok("x"));
    let refused = Refused::port();
    let client = client();
    let calls = || {
        let before = CALLS.load(Ordering::SeqCst);
        client.get(server.url("/")).send().unwrap();
        assert!(client.get(refused.url("/")).send().is_err());
        CALLS.load(Ordering::SeqCst) - before
    };
    log::set_max_level(LevelFilter::Off);
    assert_eq!(calls(), 0);
    log::set_max_level(LevelFilter::Warn);
    assert_eq!(calls(), 0);
    log::set_max_level(LevelFilter::Info);
    assert_eq!(calls(), 1);
    log::set_max_level(LevelFilter::Debug);
    assert!(calls() > 10);
}
