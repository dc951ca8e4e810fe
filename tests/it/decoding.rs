//! Content codings undone: which, in what order, and what becomes of broken, cut and hostile content.

use std::time::Duration;

use super::common::{client, fails, fails_on, one_slot};
use super::driver::{Client, Kind, Phase, Reason, Response, ResponseLimits};
use crate::server::{Server, chunked, response, script};

type Encode = fn(&[u8]) -> Vec<u8>;

/// Every coding that is built in, with something that makes it.
fn codings() -> Vec<(&'static str, Encode)> {
    vec![
        #[cfg(feature = "gzip")]
        ("gzip", gzip as Encode),
        #[cfg(feature = "gzip")]
        ("deflate", zlib),
        #[cfg(feature = "gzip")]
        ("deflate", raw_deflate),
        #[cfg(feature = "brotli")]
        ("br", stored_brotli),
        #[cfg(feature = "zstd")]
        ("zstd", |data| zstd::stream::encode_all(data, 3).unwrap()),
    ]
}

#[cfg(feature = "gzip")]
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let best = flate2::Compression::best();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), best);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "gzip")]
fn zlib(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let best = flate2::Compression::best();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), best);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "gzip")]
fn raw_deflate(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let best = flate2::Compression::best();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), best);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// One uncompressed meta-block (RFC 7932 section 9.2) with a window of 64 KiB, and the empty last one.
#[cfg(feature = "brotli")]
fn stored_brotli(content: &[u8]) -> Vec<u8> {
    if content.is_empty() {
        return vec![0x06];
    }
    let header = ((content.len() - 1) << 3 | 1 << 19) << 1;
    [&header.to_le_bytes()[..3], content, &[0x03]].concat()
}

/// The content, long enough for several reads.
fn content() -> Vec<u8> {
    (0..20_000_u32)
        .flat_map(|n| (n * n).to_le_bytes())
        .take(60_000)
        .collect()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    response("200 OK", &[("Content-Encoding", coding)], body)
}

/// What a server's answer with these codings and this body reads as.
fn fetched(coding: &str, body: &[u8]) -> Response {
    let server = Server::always(coded(coding, body));
    client().get(server.url("/")).send().unwrap()
}

/// DEC-01, SEC-501
#[test]
fn names_are_trimmed_and_in_any_case() {
    for (coding, encode) in codings() {
        let body = encode(&content());
        for name in [
            coding.to_owned(),
            coding.to_uppercase(),
            format!(" , {coding}\t,"),
        ] {
            let answer = fetched(name.trim(), &body);
            assert_eq!(answer.content(), &content(), "{name}");
        }
    }
    assert_eq!(fetched("identity", b"plain").content(), "plain");
    assert_eq!(fetched("IDENTITY", b"plain").content(), "plain");
}

/// DEC-02
#[test]
fn several_codings_are_undone_from_the_last_to_the_first() {
    for (first, encode) in codings() {
        for (second, encode_again) in codings() {
            let body = encode_again(&encode(b"twice"));
            let listed = format!("{first}, identity, {second}");
            assert_eq!(fetched(&listed, &body).content(), "twice", "{listed}");
            let fields = [("Content-Encoding", first), ("content-encoding", second)];
            let server = Server::always(response("200 OK", &fields, &body));
            let answer = client().get(server.url("/")).send().unwrap();
            assert_eq!(answer.content(), "twice");
        }
    }
}

/// DEC-03, SEC-501, SEC-504
#[test]
fn unknown_codings_are_passed_over() {
    assert_eq!(fetched("compress", b"raw").content(), "raw");
    assert_eq!(fetched("", b"raw").content(), "raw");
    let answer = fetched("made-up, unheard-of", b"raw");
    assert_eq!(answer.content(), "raw");
    assert_eq!(
        answer.headers().get("content-encoding").as_deref(),
        Some("made-up, unheard-of")
    );
    for (coding, encode) in codings() {
        let body = encode(b"known");
        assert_eq!(
            fetched(&format!("x, {coding}, y"), &body).content(),
            "known"
        );
        // Nobody looks at the bytes to guess.
        assert_eq!(fetched("identity", &body).content(), &body);
    }
    #[cfg(feature = "gzip")]
    assert_eq!(fetched("X-GZip", &gzip(b"old")).content(), "old");
}

/// DEC-04, DEC-11: also one byte at a time.
#[test]
fn content_is_decoded_as_it_comes() {
    for (coding, encode) in codings() {
        let body = encode(b"drop by drop");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n");
        let drip = script().read().send(head);
        let server = Server::start(
            drip.send_slowly(&body, 1, Duration::from_micros(100))
                .close(),
        );
        let answer = client().get(server.url("/")).send().unwrap();
        assert_eq!(answer.text(), "drop by drop", "{coding}");
        // What was decoded is handed out though the end is not there yet.
        let body = match coding {
            // All of this is one block, which cannot be begun upon.
            "zstd" => [encode(&content()), encode(b"more")].concat(),
            _ => encode(&content()),
        };
        let (begin, rest) = body.split_at(body.len() - 8);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let half = script().read().send([head.as_bytes(), begin].concat());
        let server = Server::start(half.sleep(Duration::from_millis(100)).send(rest).drain());
        let mut stream = client().get(server.url("/")).stream().unwrap();
        let first = stream.iter_bytes().next().unwrap().unwrap();
        assert!(content().starts_with(&first), "{coding}");
        assert!(stream.num_bytes_downloaded() < body.len() as u64);
    }
}

/// DEC-05
#[test]
fn an_empty_body_is_empty_in_every_coding() {
    let names = [
        "gzip", "x-gzip", "deflate", "br", "zstd", "gzip, br", "identity", "unknown",
    ];
    for coding in names {
        assert_eq!(fetched(coding, b"").content(), "", "{coding}");
        let head = format!("Content-Encoding: {coding}\r\n\r\n");
        let heads = [
            ("GET", format!("HTTP/1.1 204 No Content\r\n{head}")),
            (
                "GET",
                format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n{head}"),
            ),
            (
                "HEAD",
                format!("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n{head}"),
            ),
            (
                "GET",
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{head}0\r\n\r\n"),
            ),
            (
                "GET",
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{head}"),
            ),
        ];
        for (method, head) in heads {
            let server = Server::start(script().read().send(&head).close());
            let answer = client().request(method, server.url("/")).send().unwrap();
            assert_eq!(answer.content(), "", "{method} {head}");
        }
    }
}

/// DEC-06, SEC-502, SEC-505
#[test]
fn corrupt_content_is_an_error_and_the_connection_is_closed() {
    for (coding, encode) in codings() {
        let good = encode(&content());
        let mut bodies = vec![b"not compressed at all, this is plain text".to_vec()];
        // A check at the end: of gzip and of zlib. Stored brotli and raw deflate have none.
        if encode(b"x").starts_with(b"\x1f\x8b") || encode(b"x").starts_with(b"\x78") {
            let mut wrong = good.clone();
            let at = wrong.len() - if coding == "gzip" { 8 } else { 1 };
            wrong[at] ^= 1;
            bodies.push(wrong);
        }
        for body in bodies {
            let server = Server::always(coded(coding, &body));
            let error = fails(|client| client.get(server.url("/c")).send());
            assert_eq!(error.kind(), Kind::Decoding, "{coding}");
            assert_eq!(error.phase(), Some(Phase::Body));
            assert_eq!(error.url().unwrap().as_str(), server.url("/c"));
            assert_eq!(error.method().unwrap(), "GET");
            server.wait_until(|server| server.open() == 0);
        }
    }
}

/// DEC-06, SEC-502
#[cfg(feature = "gzip")]
#[test]
fn good_pieces_come_before_the_error() {
    let mut body = gzip(&content());
    let at = body.len() - 8;
    body[at] ^= 1;
    let server = Server::always(coded("gzip", &body));
    let error = fails(|client| {
        let mut stream = client.get(server.url("/")).stream()?;
        let mut pieces = stream.iter_bytes();
        let mut good = Vec::new();
        let error = loop {
            match pieces.next().unwrap() {
                Ok(piece) => good.extend_from_slice(&piece),
                Err(error) => break error,
            }
        };
        assert!(pieces.next().is_none());
        drop(pieces);
        assert!(!good.is_empty() && content().starts_with(&good));
        assert!(stream.is_closed());
        Err::<(), _>(error)
    });
    assert_eq!(error.kind(), Kind::Decoding);
    assert!(error.url().is_some());
}

/// DEC-07, SEC-502
#[test]
fn cut_content_is_an_error() {
    for (coding, encode) in codings() {
        let body = encode(&content());
        for length in [1, 2, 5, body.len() / 2, body.len() - 1] {
            for framed in [coded(coding, &body[..length]), {
                let whole = chunked([&body[..length]]);
                let field = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n");
                [field.as_bytes(), &whole[b"HTTP/1.1 200 OK\r\n".len()..]].concat()
            }] {
                let server = Server::always(framed);
                let error = fails(|client| client.get(server.url("/")).send());
                assert_eq!(error.kind(), Kind::Decoding, "{coding} {length}");
                if length > 2 {
                    assert_eq!(
                        error.reason(),
                        Some(Reason::TruncatedCoding),
                        "{coding} {length}"
                    );
                    assert!(error.to_string().contains("incomplete"), "{error}");
                }
            }
        }
    }
}

/// DEC-08, SEC-501, SEC-503
#[test]
fn several_members_are_joined_and_garbage_behind_them_is_ignored() {
    for (coding, encode) in codings() {
        let one = encode(b"one");
        let mut bodies = vec![([&one[..], b"\0garbage"].concat(), "one")];
        if matches!(coding, "gzip" | "zstd") {
            let two = [&one[..], &encode(b""), &encode(b"two")].concat();
            bodies.push((two, "onetwo"));
        }
        for (body, text) in bodies {
            let server = Server::always(coded(coding, &body));
            let client = client();
            for _ in 0..2 {
                let answer = client.get(server.url("/")).send().unwrap();
                assert_eq!(answer.text(), text, "{coding}");
                assert_eq!(answer.num_bytes_downloaded(), body.len() as u64);
            }
            // The garbage is part of the message, so the connection is good.
            assert_eq!(server.requests_per_connection(), [2]);
        }
    }
}

/// R-LIM-07
#[test]
fn six_codings_are_too_many() {
    for codings in [
        "gzip,gzip,gzip,gzip,gzip,gzip",
        "a, b, c, d, e, f",
        "br,br,br,br,br,identity,br",
    ] {
        let server = Server::always(coded(codings, b"anything"));
        let error = fails(|client| client.get(server.url("/")).stream());
        assert_eq!(error.kind(), Kind::Decoding);
        assert_eq!(error.reason(), Some(Reason::TooManyCodings));
        assert_eq!(error.url().unwrap().as_str(), server.url("/"));
        server.wait_until(|server| server.open() == 0);
    }
    let names: Vec<_> = ["a"; 5].into_iter().chain(["identity"; 20]).collect();
    assert_eq!(fetched(&names.join(", "), b"raw").content(), "raw");
    // As many as one likes, if one says so; fewer, too.
    let server = Server::always(coded("a, b", b"raw"));
    for (limit, fine) in [(2, true), (1, false)] {
        let limits = ResponseLimits::default().codings(limit);
        let client = Client::builder().response_limits(limits).build().unwrap();
        assert_eq!(client.get(server.url("/")).send().is_ok(), fine);
    }
}

/// R-LIM-07
#[cfg(feature = "gzip")]
#[test]
fn five_layers_are_undone() {
    let body = (0..5).fold(b"deep down".to_vec(), |content, _| gzip(&content));
    let answer = fetched("gzip, gzip, gzip, gzip, gzip", &body);
    assert_eq!(answer.text(), "deep down");
}

/// R-LIM-09
#[test]
fn bodies_over_the_limit() {
    let limited = || {
        let limits = ResponseLimits::default().body(10);
        one_slot().response_limits(limits).build().unwrap()
    };
    let fitting = [
        response("200 OK", &[], "0123456789"),
        chunked(["01234", "56789"]),
    ];
    for answer in fitting {
        let server = Server::always(answer);
        let answer = limited().get(server.url("/")).send().unwrap();
        assert_eq!(answer.content(), "0123456789");
    }
    let too_long = fails_on(&limited(), |client| {
        // Not a byte of it has to come.
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
        let server = Server::start(script().read().send(head).drain());
        client.get(server.url("/")).stream()
    });
    assert_eq!(too_long.phase(), Some(Phase::Head));
    let mut errors = vec![too_long];
    for answer in [
        chunked(["0123456789", "x"]),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789x".to_vec(),
    ] {
        let server = Server::always(answer);
        let error = fails_on(&limited(), |client| client.get(server.url("/")).send());
        assert_eq!(error.phase(), Some(Phase::Body));
        server.wait_until(|server| server.open() == 0);
        errors.push(error);
    }
    for error in errors {
        assert_eq!(error.kind(), Kind::Limit);
        assert_eq!(error.reason(), Some(Reason::BodyTooLarge));
        assert!(error.url().is_some());
    }
}

/// R-LIM-09, R-LIM-08: what is decoded counts apart, and comes in small pieces.
#[cfg(feature = "gzip")]
#[test]
fn ten_mebibytes_in_ten_kibibytes() {
    let bomb = gzip(&vec![0; 10 << 20]);
    assert!(bomb.len() < 11 << 10);
    let server = Server::always(coded("gzip", &bomb));
    let client = client();
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.content().len(), 10 << 20);
    assert_eq!(answer.num_bytes_downloaded(), bomb.len() as u64);
    let mut stream = client.get(server.url("/")).stream().unwrap();
    let sizes: Vec<_> = stream
        .iter_bytes()
        .map(|piece| piece.unwrap().len())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 10 << 20);
    assert!(sizes.iter().all(|&size| size <= 64 << 10));
    let limits = ResponseLimits::default().body(1 << 20);
    let limited = one_slot().response_limits(limits).build().unwrap();
    let error = fails_on(&limited, |client| client.get(server.url("/")).send());
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Limit, Some(Reason::BodyTooLarge))
    );
    assert_eq!(error.phase(), Some(Phase::Body));
}

/// A line of `/proc/self/status`, in KiB.
#[cfg(target_os = "linux")]
fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|l| l.strip_prefix(line)).unwrap();
    let digits = value.trim_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap()
}

/// R-LIM-08: by no more than buffers, of which the server has the most.
#[cfg(all(target_os = "linux", feature = "gzip"))]
#[test]
fn a_gibibyte_of_zeros_passes_through_little_memory() {
    if !crate::alone::alone(
        concat!(
            module_path!(),
            "::a_gibibyte_of_zeros_passes_through_little_memory"
        ),
        &[],
    ) {
        return;
    }
    let member = gzip(&vec![0; 1 << 20]);
    let bomb = member.repeat(1024);
    let server = Server::always(coded("gzip", &bomb));
    let client = client();
    let read = |limit: u64| {
        let mut stream = client.get(server.url("/")).stream().unwrap();
        let mut length = 0;
        for piece in stream.iter_bytes() {
            length += piece.unwrap().len() as u64;
            if length >= limit {
                break;
            }
        }
        length
    };
    read(4 << 20);
    let before = memory("VmHWM:");
    assert_eq!(read(u64::MAX), 1 << 30);
    let grown = memory("VmHWM:") - before;
    assert!(grown < 16 << 10, "{grown} KiB");
}

/// R-LIM-08: five layers of zeros in zeros are never unfolded into memory, nor for ever into nothing.
#[cfg(all(target_os = "linux", feature = "gzip"))]
#[test]
fn bombs_in_bombs_stay_small() {
    if !crate::alone::alone(concat!(module_path!(), "::bombs_in_bombs_stay_small"), &[]) {
        return;
    }
    let inner = gzip(&vec![0; 1 << 20]).repeat(64);
    let body = (0..4).fold(inner, |content, _| gzip(&content));
    let server = Server::always(coded("gzip, gzip, gzip, gzip, gzip", &body));
    let client = client();
    client
        .get(server.url("/"))
        .stream()
        .unwrap()
        .iter_bytes()
        .next();
    let before = memory("VmHWM:");
    let mut stream = client.get(server.url("/")).stream().unwrap();
    let length: usize = stream.iter_bytes().map(|piece| piece.unwrap().len()).sum();
    assert_eq!(length, 64 << 20);
    let grown = memory("VmHWM:") - before;
    assert!(grown < 16 << 10, "{grown} KiB");
}

/// R-LIM-13: what a server announces is not what is reserved.
#[cfg(target_os = "linux")]
#[test]
fn announced_sizes_reserve_nothing() {
    if !crate::alone::alone(
        concat!(module_path!(), "::announced_sizes_reserve_nothing"),
        &[],
    ) {
        return;
    }
    let before = memory("VmPeak:");
    for head in [
        "Content-Length: 9223372036854775807\r\n\r\n",
        "Content-Length: 8589934592\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
        "Transfer-Encoding: chunked\r\n\r\n200000000\r\n",
    ] {
        let sent = format!("HTTP/1.1 200 OK\r\n{head}abc");
        let server = Server::start(script().read().send(sent).close());
        let error = fails(|client| client.get(server.url("/")).send());
        assert_eq!(error.reason(), Some(Reason::Incomplete));
        assert_eq!(error.bytes_received(), Some(3));
    }
    // The address space of some threads, but none of the 8 GiB that two of them announced.
    let grown = memory("VmPeak:") - before;
    assert!(grown < 4 << 20, "{grown} KiB");
}
