//! An address that nothing answers from, in a network where that is so.

use std::time::{Duration, Instant};

use crate::programs::figure;
use crate::programs::namespace::BlackHole;

/// FLT-03
#[test]
fn ipv6_that_vanishes() {
    let hole = BlackHole::start();
    // It is one: curl waits as long as it may, and nobody says no.
    let mut curl = hole.command("curl");
    curl.args([
        "--silent",
        "--noproxy",
        "*",
        "--max-time",
        "1",
        "http://[2001:db8::2]:8080/",
    ]);
    assert_eq!(curl.status().unwrap().code(), Some(28));

    let began = Instant::now();
    let output = hole.papilio(&["http://both.test:8080/index.html"]);
    let took = began.elapsed();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{shown} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(shown.contains("größer als nötig"), "{shown}");
    assert!(
        hole.output().contains("\"GET /index.html HTTP/1.1\" 200"),
        "{}",
        hole.output()
    );
    assert_eq!(hole.connecting(), "");
    // The first family was tried, and given 250 ms; the rest is the start of the command.
    assert!(
        (Duration::from_millis(250)..Duration::from_millis(750)).contains(&took),
        "{took:?}"
    );
    figure(&format!(
        "papilio's command past a lost IPv6 address in {took:.1?}"
    ));

    let began = Instant::now();
    let output = hole.papilio(&["http://hole.test:8080/", "--timeout", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ConnectTimeout"), "{said}");
    assert!(
        (1..2).contains(&began.elapsed().as_secs()),
        "{:?}",
        began.elapsed()
    );
}
