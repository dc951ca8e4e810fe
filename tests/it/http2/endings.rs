//! Servers that leave, refuse, break off and fall silent.

use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Body, Http2Settings, Kind, Reason, Timeout};

use super::face::{Builder, Drink, Go, builder};
use crate::http2::raw::{
    ACK, DATA, END_HEADERS, HEADERS, OK, PING, Raw, WINDOW_UPDATE, frame, go_away, reset,
};
use crate::http2::rig::{Rig, ca, until};

fn prior() -> Builder {
    builder().http2(true).http1(false)
}

const SHORT: Duration = Duration::from_millis(300);

/// H2-10, R-H2-06: a server that leaves after every 20 requests, wherever the others are; none is lost, none done twice.
#[test]
fn a_server_that_goes_on_leaving() {
    let server = Rig::tls().leaves_after(20).start();
    let client = builder().add_root_certificate(ca()).http2(true);
    let client = client.build().unwrap();
    thread::scope(|scope| {
        for caller in 0..10 {
            let (client, server) = (&client, &server);
            scope.spawn(move || {
                for number in 0..40 {
                    let path = format!("/request-{caller}-{number}");
                    let url = server.url(&path);
                    let response = if number % 2 == 0 {
                        client.get(url).go()
                    } else {
                        client.post(url).body("some content").go()
                    };
                    assert!(response.unwrap().text().contains(&path));
                }
            });
        }
    });
    let mut requests = server.requests();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!((requests.len(), server.requests().len()), (400, 400));
    assert!(server.accepts() >= 10, "{}", server.accepts());
}

/// H2-10, R-H2-06: what was above the last stream is sent again, whatever its method, if its body can be; what was not
/// goes on.
#[test]
fn going_away() {
    let server = Raw::start(|number, conn| {
        conn.settings(&[]);
        if number > 1 {
            return conn.serve("second");
        }
        let first = conn.request().unwrap();
        conn.answer(first, "warm");
        let kept = conn.request().unwrap();
        let above = conn.request().unwrap();
        assert!(above > kept);
        conn.send(&go_away(kept, 0));
        conn.pause(200);
        conn.answer(kept, "first");
        conn.be_silent();
    });
    let client = prior().build().unwrap();
    client.get(server.url("/warm")).go().unwrap();
    thread::scope(|scope| {
        let kept = scope.spawn(|| client.get(server.url("/kept")).go().unwrap());
        thread::sleep(Duration::from_millis(100));
        let above = client
            .post(server.url("/above"))
            .body("content")
            .go()
            .unwrap();
        assert_eq!(above.text(), "second");
        assert_eq!(
            client.get(server.url("/new")).go().unwrap().text(),
            "second"
        );
        assert_eq!(kept.join().unwrap().text(), "first");
    });
    assert_eq!(server.accepts(), 2);
}

/// H2-10: a body that can be read once, and was begun, is not sent again.
#[test]
fn a_body_that_is_gone() {
    let play = |number, conn: &mut crate::http2::raw::Conn| {
        conn.settings(&[]);
        if number > 1 {
            return conn.serve("second");
        }
        let first = conn.request().unwrap();
        conn.answer(first, "warm");
        conn.request().unwrap();
        conn.wait_for(DATA).unwrap();
        conn.send(&go_away(first, 0));
        conn.be_silent();
    };
    let once = || Body::reader(Cursor::new(vec![1; 1000]));
    let again = || Body::seekable(Cursor::new(vec![1; 1000])).unwrap();
    for (body, is_served) in [(once(), false), (again(), true)] {
        let server = Raw::start(play);
        let client = prior().build().unwrap();
        client.get(server.url("/")).go().unwrap();
        let outcome = client.post(server.url("/")).body(body).go();
        assert_eq!(outcome.is_ok(), is_served, "{outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(
                (error.kind(), error.reason()),
                (Kind::RemoteProtocol, Some(Reason::Http2(0)))
            );
        }
        assert_eq!(client.get(server.url("/")).go().unwrap().text(), "second");
    }
}

/// R-H2-06, R-LIM-15: a server that lets nobody in, and says so politely each time, is believed in the end.
#[test]
fn a_server_that_only_leaves() {
    let server = Raw::start(|number, conn| {
        conn.settings(&[]);
        if number == 4 {
            return conn.serve("at last");
        }
        let _ = conn.request();
        conn.send(&go_away(0, 0));
        conn.be_silent();
    });
    let client = prior().build().unwrap();
    assert_eq!(
        client.post(server.url("/")).body("x").go().unwrap().text(),
        "at last"
    );
    assert_eq!(server.accepts(), 4);

    let never = Raw::start(|_, conn| {
        conn.settings(&[]);
        let _ = conn.request();
        conn.send(&go_away(0, 0));
        conn.be_silent();
    });
    let error = client.get(never.url("/")).go().unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::RemoteProtocol, Some(Reason::Http2(0)))
    );
    assert!((2..=30).contains(&never.accepts()), "{}", never.accepts());
}

/// H2-09, R-H2-07: what was refused is sent once more on the same connection; any other code is the end of one stream.
#[test]
fn resets() {
    let server = Raw::start(|_, conn| {
        conn.settings(&[]);
        let mut count = 0;
        while let Some(stream) = conn.request() {
            count += 1;
            match count {
                1 | 3 | 4 => conn.send(&reset(stream, 7)),
                5 => conn.send(&reset(stream, 2)),
                6 => {
                    let mut half = frame(HEADERS, END_HEADERS, stream, OK);
                    half.extend(frame(DATA, 0, stream, b"half"));
                    half.extend(reset(stream, 11));
                    conn.send(&half);
                }
                _ => conn.answer(stream, "fine"),
            }
        }
    });
    let client = prior().build().unwrap();
    let post = || client.post(server.url("/")).body("content").go();
    assert_eq!(post().unwrap().text(), "fine");
    for code in [7, 2, 11] {
        let error = post().unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::RemoteProtocol, Some(Reason::Http2(code))),
            "{error}"
        );
    }
    assert_eq!(post().unwrap().text(), "fine");
    assert_eq!(server.accepts(), 1);
}

/// H2-09, H2-13, FLT-07: the end of the connection is the end of all its streams. Those that may be, and had nothing of
/// an answer, are sent once more if the connection had served before.
#[test]
fn the_connection_is_lost() {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let server = Raw::start(move |number, conn| {
        conn.settings(&[]);
        if number > 1 {
            return conn.serve("again");
        }
        let first = conn.request().unwrap();
        conn.answer(first, "warm");
        for _ in 0..3 {
            let stream = conn.request().unwrap();
            if stream == 3 {
                let mut half = frame(HEADERS, END_HEADERS, stream, OK);
                half.extend(frame(DATA, 0, stream, b"half"));
                conn.send(&half);
            }
            count.fetch_add(1, SeqCst);
        }
        conn.pause(100);
    });
    let client = prior().build().unwrap();
    client.get(server.url("/")).go().unwrap();
    let half = client.get(server.url("/half")).open().unwrap();
    thread::scope(|scope| {
        let get = scope.spawn(|| client.get(server.url("/get")).go());
        let post = scope.spawn(|| client.post(server.url("/post")).body("x").go());
        let error = half.drain().unwrap_err();
        assert_eq!(
            (error.kind(), error.bytes_received()),
            (Kind::RemoteProtocol, Some(4))
        );
        assert_eq!(get.join().unwrap().unwrap().text(), "again");
        let error = post.join().unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::RemoteProtocol, Some(Reason::ServerDisconnected)),
            "{error}"
        );
    });
    assert_eq!(begun.load(SeqCst), 3);

    // A new connection that fails is not tried again.
    let server = Raw::start(|_, conn| {
        conn.settings(&[]);
        let _ = conn.request();
    });
    let error = client.get(server.url("/")).go().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ServerDisconnected), "{error}");
    assert_eq!(server.accepts(), 1);
    // And nobody is asked for ever.
    let crowd = Barrier::new(5);
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                crowd.wait();
                assert!(client.get(server.url("/")).go().is_err());
            });
        }
    });
    assert!(server.accepts() <= 11, "{}", server.accepts());
}

/// H2-13: nonsense is the server's fault, and the end of the connection.
#[test]
fn nonsense() {
    for bytes in [
        frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
        frame(PING, 0, 0, &[0; 3]),
        frame(DATA, 0, 2, b"x"),
        frame(HEADERS, END_HEADERS, 1, &[0xff; 9]),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ] {
        let nonsense = bytes.clone();
        let server = Raw::start(move |number, conn| {
            if number > 1 {
                conn.settings(&[]);
                return conn.serve("good");
            }
            if nonsense.starts_with(b"HTTP") {
                conn.send(&nonsense);
                return conn.be_silent();
            }
            conn.settings(&[]);
            conn.request();
            conn.send(&nonsense);
            conn.be_silent();
        });
        let client = prior().build().unwrap();
        let error = client.get(server.url("/")).go().unwrap_err();
        assert_eq!(error.kind(), Kind::RemoteProtocol, "{bytes:?}: {error}");
        assert_eq!(client.get(server.url("/")).go().unwrap().text(), "good");
    }
}

/// R-H2-13: a server that gives no sign of life is given up, one that answers pings is not.
#[test]
fn signs_of_life() {
    let silent = Raw::start(|number, conn| {
        conn.settings(&[]);
        if number == 1 {
            conn.be_silent();
        }
        conn.serve("good");
    });
    let settings = Http2Settings::default()
        .ping_interval(Duration::from_millis(100))
        .ping_timeout(Duration::from_millis(200));
    let client = prior().http2_settings(settings).build().unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..1 {
            scope.spawn(|| {
                let error = client.get(silent.url("/")).go().unwrap_err();
                assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(client.get(silent.url("/")).go().unwrap().text(), "good");

    let busy = Raw::start(|_, conn| {
        conn.settings(&[]);
        let stream = conn.request().unwrap();
        for _ in 0..5 {
            let ping = conn.wait_for(PING).unwrap();
            if ping.flags & ACK == 0 {
                conn.send(&frame(PING, ACK, 0, &ping.payload));
            }
        }
        conn.answer(stream, "at last");
        conn.be_silent();
    });
    assert_eq!(client.get(busy.url("/")).go().unwrap().text(), "at last");
}

/// TMO-13: time is up for one request. If the server was silent, the connection is over for all; if not, only the
/// request is.
#[test]
fn silence() {
    let server = Raw::start(|number, conn| {
        conn.settings(&[]);
        if number == 1 {
            let stream = conn.request().unwrap();
            conn.answer(stream, "the only one");
            conn.be_silent();
        }
        conn.serve("good");
    });
    let client = prior().build().unwrap();
    client.get(server.url("/")).go().unwrap();
    let error = client.get(server.url("/")).timeout(SHORT).go().unwrap_err();
    assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
    assert_eq!(client.get(server.url("/")).go().unwrap().text(), "good");
    assert_eq!(server.accepts(), 2);

    let server = Rig::tls().start();
    let client = builder().add_root_certificate(ca()).http2(true);
    let client = client.build().unwrap();
    client.get(server.url("/")).go().unwrap();
    thread::scope(|scope| {
        // Something is always on its way.
        let busy = scope.spawn(|| {
            for _ in 0..60 {
                client.get(server.url("/slow?ms=10")).go().unwrap();
            }
        });
        let error = client
            .get(server.url("/hang"))
            .timeout(SHORT)
            .go()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
        busy.join().unwrap();
    });
    assert_eq!(server.accepts(), 1);
    // All that wait on a silent connection hear of its end.
    thread::scope(|scope| {
        let other = scope.spawn(|| client.post(server.url("/hang")).body("x").no_timeout().go());
        until("it runs", || server.running() == 1);
        let error = client
            .get(server.url("/hang"))
            .timeout(SHORT)
            .go()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
        let error = other.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::ReadTimeout, "{error}");
    });
    client.get(server.url("/")).go().unwrap();
    assert_eq!(server.accepts(), 2);
}

/// TMO-06: the limit is for each wait, in the middle of a body too.
#[test]
fn a_body_that_stops() {
    let server = Rig::tls().start();
    let client = builder().add_root_certificate(ca()).http2(true);
    let client = client.timeout(Timeout::all(SHORT)).build().unwrap();
    let mut body = client.get(server.url("/half")).open().unwrap().body();
    body.read_exact(&mut [0; 4]).unwrap();
    let began = Instant::now();
    let error = body.read(&mut [0; 4]).unwrap_err();
    assert!(error.to_string().contains("300ms"), "{error}");
    assert!((300..2000).contains(&began.elapsed().as_millis()));
    drop(body);
    client.get(server.url("/")).go().unwrap();
}
