//! Handshakes as bytes, cut in every way.

#![allow(clippy::indexing_slicing)]

use super::*;

/// What we said, message by message, and how it ended.
type Talk = (Vec<Vec<u8>>, Result<bool>);

/// Gives the answers one after another, each in pieces of this size, and the end of the connection behind them if it is
/// not done by then.
fn talk(machine: Result<Socks>, answers: &[&[u8]], size: usize) -> Talk {
    let mut said = Vec::new();
    let result = run(machine, answers, size, &mut said);
    (said, result)
}

fn run(
    machine: Result<Socks>,
    answers: &[&[u8]],
    size: usize,
    said: &mut Vec<Vec<u8>>,
) -> Result<bool> {
    let mut machine = machine?;
    let mut out = Vec::new();
    machine.start(&mut out);
    said.push(std::mem::take(&mut out));
    for answer in answers {
        let mut input = Vec::new();
        for piece in answer.chunks(size) {
            input.extend_from_slice(piece);
            match machine.receive(&input, &mut out)? {
                Received::More => assert!(out.is_empty()),
                Received::Message(used) => {
                    assert_eq!(used, input.len());
                    input.clear();
                    said.push(std::mem::take(&mut out));
                }
                Received::Done(used) => {
                    assert_eq!(used, input.len());
                    return Ok(true);
                }
            }
        }
        if !input.is_empty() {
            return Err(machine.eof(true));
        }
    }
    Err(machine.eof(false))
}

/// The message of the error, which every way of cutting has to give.
fn failed(machine: impl Fn() -> Result<Socks>, answers: &[&[u8]]) -> String {
    let texts: Vec<String> = [1, 2, 3, 600]
        .into_iter()
        .map(|size| {
            let error = talk(machine(), answers, size).1.unwrap_err();
            assert_eq!(error.kind(), Kind::Proxy, "{error}");
            assert_eq!(error.phase(), Some(Phase::Proxy));
            error.to_string()
        })
        .collect();
    assert!(!texts[0].is_empty());
    if !texts[0].contains("not SOCKS") {
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }
    texts[3].replace(" while setting up the proxy", "")
}

fn plain() -> Result<Socks> {
    Socks::v5("example.org", 443, None)
}

fn login() -> Result<Socks> {
    Socks::v5("example.org", 443, Some((b"user", b"pass")))
}

const GRANTED: &[u8] = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90";

/// PRX-30, PRX-31, PRX-35
#[test]
fn socks5_asks_by_name_or_address() {
    for size in 1..12 {
        let (said, done) = talk(plain(), &[b"\x05\x00", GRANTED], size);
        assert!(done.unwrap());
        assert_eq!(
            said,
            [
                b"\x05\x01\x00".to_vec(),
                b"\x05\x01\x00\x03\x0bexample.org\x01\xbb".to_vec()
            ]
        );
    }
    let (said, _) = talk(
        Socks::v5("192.0.2.7", 80, None),
        &[b"\x05\x00", GRANTED],
        99,
    );
    assert_eq!(said[1], b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50");
    let (said, _) = talk(
        Socks::v5("2001:db8::1", 80, None),
        &[b"\x05\x00", GRANTED],
        99,
    );
    assert_eq!(
        said[1],
        b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50"
    );
}

/// PRX-31, PRX-35
#[test]
fn socks5_with_credentials() {
    for size in 1..12 {
        let (said, done) = talk(login(), &[b"\x05\x02", b"\x01\x00", GRANTED], size);
        assert!(done.unwrap());
        assert_eq!(said[0], b"\x05\x01\x02");
        assert_eq!(said[1], b"\x01\x04user\x04pass");
        assert_eq!(said[2], b"\x05\x01\x00\x03\x0bexample.org\x01\xbb");
    }
}

/// PRX-35: the bound address is of no use, but it has to be passed over as it is.
#[test]
fn every_type_of_bound_address() {
    let name = [&b"\x05\x00\x00\x03\xff"[..], &[b'x'; 255], b"\x00\x50"].concat();
    let v6 = [&b"\x05\x00\x00\x04"[..], &[7; 18]].concat();
    let none = b"\x05\x00\x00\x03\x00\x00\x50".to_vec();
    for reply in [name, v6, none] {
        for size in [1, 3, 300] {
            assert!(talk(plain(), &[b"\x05\x00", &reply], size).1.unwrap());
        }
    }
}

/// PRX-31
#[test]
fn another_method() {
    for (method, name) in [
        (b"\x05\x01", "GSSAPI"),
        (b"\x05\x02", "USERNAME/PASSWORD"),
        (b"\x05\xff", "NO ACCEPTABLE METHODS"),
        (b"\x05\x09", "UNKNOWN"),
    ] {
        assert_eq!(
            failed(plain, &[method]),
            format!("Requested NO AUTHENTICATION REQUIRED from proxy server, but got {name}.")
        );
    }
    assert_eq!(
        failed(login, &[b"\x05\x00"]),
        "Requested USERNAME/PASSWORD from proxy server, but got NO AUTHENTICATION REQUIRED."
    );
}

/// PRX-32, R-PRX-08
#[test]
fn credentials() {
    assert_eq!(
        failed(login, &[b"\x05\x02", b"\x01\x01"]),
        "Invalid username/password"
    );
    let long = [b'x'; 256];
    let with = |user: &[u8], password: &[u8]| Socks::v5("h", 80, Some((user, password))).err();
    assert!(with(&long[..255], &long[..255]).is_none());
    for (user, password) in [
        (&long[..], &b"p"[..]),
        (b"u", &long),
        (b"", b"p"),
        (b"u", b""),
    ] {
        let error = with(user, password).unwrap();
        assert_eq!(error.kind(), Kind::Proxy);
        assert!(error.to_string().contains("1 to 255"), "{error}");
    }
}

/// PRX-33, R-PRX-08
#[test]
fn refusals_have_a_text_each() {
    for (code, text) in [
        (1, "General SOCKS server failure"),
        (2, "Connection not allowed by ruleset"),
        (3, "Network unreachable"),
        (4, "Host unreachable"),
        (5, "Connection refused"),
        (6, "TTL expired"),
        (7, "Command not supported"),
        (8, "Address type not supported"),
        (9, "Unknown reply code 9"),
        (255, "Unknown reply code 255"),
    ] {
        let reply = [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
        let expected = format!("Proxy Server could not connect: {text}.");
        assert_eq!(failed(plain, &[b"\x05\x00", &reply]), expected);
        // A server that stops there has said enough.
        assert_eq!(failed(plain, &[b"\x05\x00", &reply[..2]]), expected);
    }
}

/// PRX-35, R-PRX-08
#[test]
fn short_long_and_foreign_answers() {
    assert!(failed(plain, &[]).contains("without an answer"));
    assert!(failed(plain, &[b"\x05"]).contains("within its answer"));
    for cut in 1..GRANTED.len() {
        let text = failed(plain, &[b"\x05\x00", &GRANTED[..cut]]);
        assert!(text.contains("within its answer"), "{text}");
    }
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"\x04\x00", b"\x00"] {
        assert!(failed(plain, &[answer]).contains("not SOCKS"));
        assert!(failed(plain, &[b"\x05\x00", answer]).contains("not SOCKS"));
        assert!(failed(login, &[b"\x05\x02", answer]).contains("not SOCKS"));
    }
    let text = failed(plain, &[b"\x05\x00", b"\x05\x00\x00\x02\x0a\x00\x00\x01"]);
    assert!(text.contains("unknown type 2"), "{text}");
    let glued = [GRANTED, b"x"].concat();
    let early = [b"\x05\x00", GRANTED].concat();
    for answers in [&[&b"\x05\x00"[..], &glued][..], &[&early]] {
        let error = talk(plain(), answers, 600).1.unwrap_err();
        assert_eq!(error.kind(), Kind::Proxy);
        assert!(error.to_string().contains("more than the answer"));
    }
}

/// R-PRX-08
#[test]
fn long_names_are_refused_not_cut() {
    let name = "x".repeat(256);
    assert!(Socks::v5(&name[..255], 80, None).is_ok());
    for machine in [Socks::v5(&name, 80, None), Socks::v4a(&name, 80, b"")] {
        let error = machine.err().unwrap();
        assert_eq!(error.kind(), Kind::Proxy);
        assert!(error.to_string().contains("256 bytes"), "{error}");
    }
}

#[test]
fn socks4() {
    let address = Ipv4Addr::new(192, 0, 2, 7);
    let granted = b"\x00\x5a\0\0\0\0\0\0";
    for size in 1..9 {
        let (said, done) = talk(Socks::v4(address, 443, b"me"), &[granted], size);
        assert!(done.unwrap());
        assert_eq!(said, [b"\x04\x01\x01\xbb\xc0\x00\x02\x07me\0"]);
    }
    let (said, _) = talk(Socks::v4a("example.org", 80, b""), &[granted], 9);
    assert_eq!(said, [b"\x04\x01\x00\x50\0\0\0\x01\0example.org\0"]);
    let (said, _) = talk(Socks::v4a("192.0.2.7", 80, b""), &[granted], 9);
    assert_eq!(said, [b"\x04\x01\x00\x50\xc0\x00\x02\x07\0"]);

    let machine = || Socks::v4a("example.org", 80, b"");
    for (code, text) in [
        (91, "Request rejected or failed"),
        (92, "No identd on the client"),
        (93, "The client's identd names another user"),
        (0, "Unknown reply code 0"),
    ] {
        assert_eq!(
            failed(machine, &[&[0, code, 0, 0, 0, 0, 0, 0]]),
            format!("Proxy Server could not connect: {text}.")
        );
    }
    assert!(failed(machine, &[b"\x05\x5a"]).contains("not SOCKS"));
    assert!(failed(machine, &[b"\x00\x5a\0\0"]).contains("within its answer"));
    assert!(Socks::v4a("::1", 80, b"").is_err());
    assert!(Socks::v4(address, 80, b"m\0e").is_err());
    assert!(Socks::v4(address, 80, &[b'x'; 256]).is_err());
}
