//! `--retry`.

use std::time::Instant;

use super::head;
use super::process::papilio;
use crate::server::{Refused, Server, ok, response, script};

fn busy(status: &str, wait: &str) -> Vec<u8> {
    response(status, &[("Retry-After", wait)], "busy")
}

/// The statuses that pass, each shown; what the server asks for is waited for, in seconds or as a date.
#[test]
fn statuses() {
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    let replies = [
        busy("429 Too Many Requests", "0"),
        busy("502 Bad Gateway", past),
        busy("503 Service Unavailable", "0"),
        busy("504 Gateway Timeout", "0"),
        ok(""),
    ];
    let server = Server::replies(&replies);
    let ran = papilio([&server.url("/"), "--retry", "5"]).run();
    let heads: String = replies.iter().map(|reply| head(reply)).collect();
    let said = "429 Too Many Requests: trying again in 0.0 s, 4 more after that\n\
        502 Bad Gateway: trying again in 0.0 s, 3 more after that\n\
        503 Service Unavailable: trying again in 0.0 s, 2 more after that\n\
        504 Gateway Timeout: trying again in 0.0 s, 1 more after that\n";
    ran.is(0, heads, said);

    for (status, arguments) in [
        ("500 Oh", &["--retry", "3"][..]),
        ("404 Not Found", &["--retry", "3"]),
        ("503 Busy", &[]),
    ] {
        let server = Server::always(busy(status, "0"));
        let url = server.url("/");
        let ran = papilio([url.as_str()].iter().chain(arguments)).run();
        assert_eq!((ran.code, server.seen().len()), (Some(1), 1), "{status}");
    }
}

/// No more often than that; the last answer is the answer.
#[test]
fn as_often_as_asked() {
    let server = Server::always(busy("503 Busy", "0"));
    let ran = papilio([&server.url("/"), "--retry", "2", "--raw"]).run();
    assert_eq!((ran.code, ran.text()), (Some(1), "busy"));
    assert_eq!(server.seen().len(), 3);
    let ran = papilio([&server.url("/"), "--retry", "1", "-q"]).run();
    ran.is(1, "", "");
    papilio(["http://a.test", "--retry", "-1"])
        .run()
        .is_usage_error("unexpected argument '-1' found");
}

/// A server that asks for more than a minute is not asked again, nor waited for.
#[test]
fn long_pauses() {
    for wait in [
        "61",
        "99999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let server = Server::always(busy("503 Busy", wait));
        let ran = papilio([&server.url("/"), "--retry", "3", "--raw"]).run();
        assert_eq!((ran.code, ran.text()), (Some(1), "busy"));
        let start = "503 Busy: not tried again, for the server asks for a pause of ";
        assert!(ran.stderr.starts_with(start), "{}", ran.stderr);
        assert_eq!(server.seen().len(), 1);
    }
}

/// What a server may do twice is repeated only if that is asked for.
#[test]
fn methods() {
    for (arguments, count) in [
        (&["-m", "PUT", "-c", "x"][..], 2),
        (&["-m", "delete"], 2),
        (&["-c", "x"], 1),
        (&["-m", "patch"], 1),
        (&["-c", "x", "--retry-any"], 2),
    ] {
        let server = Server::with(|_| script().serve(|_| busy("503 Busy", "0")));
        let url = server.url("/");
        let all = [&[url.as_str(), "--retry", "1"], arguments].concat();
        assert_eq!(papilio(all).run().code, Some(1));
        let seen = server.seen();
        assert_eq!(seen.len(), count, "{arguments:?}");
        let is_same = seen.iter().all(|one| one.body == seen[0].body);
        assert!(is_same && seen.iter().all(|one| one.method == seen[0].method));
    }
    papilio(["http://a.test", "--retry-any", "--retry"])
        .run()
        .is_usage_error("a value is required for '--retry <N>'");
}

/// Connections that are refused, with a pause that grows; also for a POST, of which no server has heard.
#[test]
fn connections() {
    let url = Refused::port().url("/");
    for arguments in [&[][..], &["-c", "x"]] {
        let began = Instant::now();
        let all = [&[url.as_str(), "--retry", "2"], arguments].concat();
        let ran = papilio(all).run();
        assert_eq!(ran.code, Some(1));
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(
            lines[0],
            "ConnectError: trying again in 0.5 s, 1 more after that"
        );
        assert_eq!(
            lines[1],
            "ConnectError: trying again in 1.0 s, 0 more after that"
        );
        assert!(
            lines[2].starts_with("ConnectError: cannot connect"),
            "{}",
            lines[2]
        );
        assert!(began.elapsed().as_millis() >= 1500);
    }
}

/// A connection that ends without an answer: a GET is repeated, a POST is not.
#[test]
fn answers_that_do_not_come() {
    let scripts = || {
        [
            script().read().close(),
            script().read().send(ok("")).close(),
        ]
    };
    let server = Server::each(scripts());
    let ran = papilio([&server.url("/"), "--retry", "1"]).run();
    assert_eq!((ran.code, ran.text()), (Some(0), head(&ok("")).as_str()));
    let server = Server::each([script().read().close()]);
    let ran = papilio([&server.url("/"), "--retry", "1", "-c", "x"]).run();
    assert_eq!((ran.code, server.connections()), (Some(1), 1));
}
