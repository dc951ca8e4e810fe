//! Chunked bodies: any bytes behind a good head decode without a panic and the same however they are cut, and what our
//! encoder makes of any data our decoder gives back.
//!
//! The first byte says how the bytes are cut; the rest is data to send, and then a body as it might be received.

#![no_main]

use libfuzzer_sys::fuzz_target;
use papilio::Method;
use papilio::fuzzing::{chunked, response};

#[path = "../../tests/reference/http1.rs"]
mod reference;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let [cut, data @ ..] = data else {
        return;
    };
    let size = usize::from(cut % 32) + 1;
    let read = |wire: &[u8], size: usize, max: usize, direct: bool| {
        let pieces: Vec<_> = wire.chunks(size).collect();
        response(&Method::GET, false, &pieces, true, max, direct)
    };

    let pieces: Vec<_> = data.chunks(size).collect();
    let sent = [HEAD, &chunked(&pieces)].concat();
    for direct in [false, true] {
        let back = read(&sent, size, size, direct);
        assert_eq!(back.error, None);
        assert_eq!(back.body, data);
        assert!(back.reusable);
    }

    let wire = [HEAD, data].concat();
    let whole = read(&wire, usize::MAX, usize::MAX, false);
    for (max, direct) in [(usize::MAX, true), (3, false)] {
        let cut = read(&wire, size, max, direct);
        assert_eq!(whole.error, cut.error);
        if whole.error.is_none() {
            assert_eq!(whole, cut);
        }
    }
    if whole.complete {
        let other = reference::read("GET", &wire, true).expect("we were too lenient");
        assert_eq!(whole.body, other.body);
        assert_eq!(wire.len() - whole.used, other.rest);
    }
});
