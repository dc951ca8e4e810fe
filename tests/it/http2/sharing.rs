//! Many requests on one connection.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Http2Settings, Kind, Timeout};

use super::face::{Builder, Drink, Go, builder};
use crate::http2::raw::{DATA, END_HEADERS, HEADERS, OK, RST_STREAM, Raw, frame};
use crate::http2::rig::{Rig, ca, until};

fn trusting() -> Builder {
    builder().add_root_certificate(ca()).http2(true)
}

fn prior() -> Builder {
    builder().http2(true).http1(false)
}

/// H2-05, H2-06, EXT-12: from the first on, all are on one connection, at the same time.
#[test]
fn a_hundred_at_once() {
    let server = Rig::tls().start();
    let client = trusting().build().unwrap();
    let began = Instant::now();
    let mut ids = thread::scope(|scope| {
        let requests: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| client.get(server.url("/slow?ms=300")).go().unwrap()))
            .collect();
        let responses = requests.into_iter().map(|one| one.join().unwrap());
        responses
            .map(|one| one.stream_id().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(server.accepts(), 1);
    assert!(server.most() >= 50, "{} at a time", server.most());
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    ids.sort_unstable();
    assert!(
        ids.iter().copied().eq((1..).step_by(2).take(100)),
        "{ids:?}"
    );
}

/// LOAD-02, in small: a thousand requests of fifty callers.
#[test]
fn a_thousand() {
    let server = Rig::plain().max_streams(20).start();
    let client = prior().build().unwrap();
    thread::scope(|scope| {
        for caller in 0..50_usize {
            let (client, server) = (&client, &server);
            scope.spawn(move || {
                for number in 0..20_usize {
                    let text = format!("{caller} {number} ").repeat(number * 200 + 1);
                    let echo = client
                        .post(server.url("/echo"))
                        .body(text.clone())
                        .go()
                        .unwrap();
                    assert!(echo.text() == text);
                }
            });
        }
    });
    assert_eq!((server.accepts(), server.requests().len()), (1, 1000));
    assert!(server.most() <= 20, "{}", server.most());
}

/// H2-05, R-H2-09: never more than the server wants, nor than the settings.
#[test]
fn limits() {
    for (theirs, ours) in [(3, 100), (100, 3)] {
        let server = Rig::plain().max_streams(theirs).start();
        let settings = Http2Settings::default().max_streams(ours);
        let client = prior().http2_settings(settings).build().unwrap();
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| client.get(server.url("/slow?ms=50")).go().unwrap());
            }
        });
        assert_eq!((server.accepts(), server.most()), (1, 3));
    }
}

/// R-H2-09: a server that lets nobody in is waited for as long as for a connection.
#[test]
fn nobody_is_let_in() {
    let server = Raw::start(|_, conn| {
        conn.settings(&[(3, 0)]);
        conn.serve("never");
    });
    let timeout = Timeout::all(Duration::from_secs(1)).pool(Duration::from_millis(300));
    let client = prior().timeout(timeout).build().unwrap();
    // The first is sent before the server has said so.
    let first = client.get(server.url("/")).go();
    assert!(first.is_ok() || first.is_err_and(|e| e.is_transport()));
    let began = Instant::now();
    let second = client.get(server.url("/")).go();
    assert!(began.elapsed() < Duration::from_secs(4));
    if let Err(error) = second {
        // In which queue it was depends on who was faster.
        assert!(error.is_timeout(), "{error}");
    }
}

/// H2-08: one that is not read does not hold up the others, nor does one that is read slowly.
#[test]
fn a_slow_reader() {
    let server = Rig::tls().start();
    // Windows that a response fills.
    let settings = Http2Settings::default()
        .stream_window(100_000)
        .connection_window(1_000_000);
    let client = trusting().http2_settings(settings).build().unwrap();
    let unread = client
        .get(server.url("/large?bytes=50000000"))
        .open()
        .unwrap();
    let slow = client
        .get(server.url("/large?bytes=3000000"))
        .open()
        .unwrap();
    let mut slow = slow.body();
    slow.read_exact(&mut [0; 1000]).unwrap();
    for _ in 0..5 {
        let large = client.get(server.url("/large?bytes=2000000")).go().unwrap();
        assert_eq!(large.content().len(), 2_000_000);
    }
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 2_999_000);
    drop(unread);
    // What the dropped one had of the window of the connection is there again.
    let large = client.get(server.url("/large?bytes=5000000")).go().unwrap();
    let right = |(at, piece): (usize, &[u8])| piece.iter().all(|b| *b == at.to_le_bytes()[0]);
    assert!(large.content().chunks(1000).enumerate().all(right));
    assert_eq!(server.accepts(), 1);
}

/// H2-04, R-H2-08: an upload waits for the server's windows.
#[test]
fn a_slow_server() {
    let server = Rig::plain().window(70_000).start();
    let client = prior().build().unwrap();
    let body = vec![1; 3_000_000];
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let counted = client.put(server.url("/count")).body(body.clone()).go();
                assert_eq!(counted.unwrap().text(), "3000000 3000000");
            });
        }
    });
    assert_eq!(server.accepts(), 1);

    // One that never opens its window.
    let closed = Raw::start(|_, conn| {
        conn.settings(&[(4, 0)]);
        assert_eq!(conn.request(), Some(1));
        while let Some(next) = conn.next() {
            match next.kind {
                RST_STREAM => {
                    assert_eq!((next.stream, next.code()), (1, 8));
                    conn.serve("reset");
                }
                // The next request may overtake the reset.
                HEADERS => conn.answer(next.stream, "after"),
                _ => {}
            }
        }
    });
    let timeout = Timeout::all(Duration::from_secs(5)).write(Duration::from_millis(300));
    let client = prior().timeout(timeout).build().unwrap();
    let error = client.put(closed.url("/")).body(body).go().unwrap_err();
    assert_eq!(error.kind(), Kind::WriteTimeout, "{error}");
    client.get(closed.url("/")).go().unwrap();
    assert_eq!(client.get(closed.url("/")).go().unwrap().text(), "reset");
    assert_eq!(closed.accepts(), 1);
}

/// H2-11, R-H2-12, FLT-14: who lets go of a response tells the server, and leaves the connection and a place on it.
#[test]
fn letting_go() {
    let server = Raw::start(|_, conn| {
        conn.settings(&[(3, 1)]);
        for _ in 0..3 {
            let stream = conn.request().unwrap();
            let mut half = frame(HEADERS, END_HEADERS, stream, OK);
            half.extend(frame(DATA, 0, stream, b"half"));
            conn.send(&half);
            let reset = conn.wait_for(RST_STREAM).unwrap();
            assert_eq!((reset.stream, reset.code()), (stream, 8));
        }
        conn.serve("whole");
    });
    let client = prior().build().unwrap();
    drop(client.get(server.url("/")).open().unwrap());
    let mut half = client.get(server.url("/")).open().unwrap().body();
    half.read_exact(&mut [0; 2]).unwrap();
    drop(half);
    // In time, or not at all.
    let timeout = Timeout::all(Duration::from_secs(5)).total(Duration::from_millis(300));
    let late = client.get(server.url("/")).timeout(timeout).go();
    assert!(late.unwrap_err().is_timeout());
    assert_eq!(client.get(server.url("/")).go().unwrap().text(), "whole");
    assert_eq!(server.accepts(), 1);
}

/// H2-11: the handler of a server hears of it.
#[test]
fn the_server_hears_of_it() {
    let server = Rig::tls().start();
    let client = trusting().build().unwrap();
    let half = client.get(server.url("/half")).open().unwrap();
    let timeout = Timeout::all(Duration::from_secs(5)).total(Duration::from_millis(300));
    let error = client
        .get(server.url("/hang"))
        .timeout(timeout)
        .go()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::TotalTimeout, "{error}");
    until("only the half one runs", || server.running() == 0);
    drop(half);
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 1);
}
