//! Certificates and handshakes that a client must not take, and how it says so.

use std::time::{Duration, Instant};

use super::super::driver::{Client, Kind, Phase, Reason, Timeout};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SanType};

use super::{builder, data, good, trusting};
use crate::server::tls::{Identity, Tls, ca_pem};
use crate::server::{Script, Server, ok, response, script};

/// One answer on each connection.
fn closing() -> Script {
    script().serve(|_| response("200 OK", &[("Connection", "close")], "x"))
}

/// R-TLS-02, TLS-10: what makes a certificate worthless, each with its reason, and not a byte of the request.
#[test]
fn worthless_certificates() {
    let fixture = |name: &str| {
        let chain = data(&format!("{name}-leaf.pem"));
        let tls = Tls::from_pem(&chain, &data("leaf.key"));
        (tls, data(&format!("{name}-ca.pem")))
    };
    let ours = |tls: Tls| (tls, ca_pem().to_owned());
    let only_for = |usage: ExtendedKeyUsagePurpose| {
        Tls::like_good(|params| params.extended_key_usages.push(usage))
    };
    let cases = [
        (
            "CA without the CA flag",
            ours(Tls::by_no_authority()),
            Reason::CertificateInvalid,
            "must not issue any",
        ),
        (
            "for clients only",
            ours(only_for(ExtendedKeyUsagePurpose::ClientAuth)),
            Reason::CertificateInvalid,
            "server authentication",
        ),
        (
            "for code only",
            ours(only_for(ExtendedKeyUsagePurpose::CodeSigning)),
            Reason::CertificateInvalid,
            "server authentication",
        ),
        (
            "CA with RSA of 1024 bits",
            fixture("rsa1024"),
            Reason::CertificateInvalid,
            "too weak",
        ),
        (
            "signed with SHA-1",
            fixture("sha1"),
            Reason::CertificateInvalid,
            "signed in a way",
        ),
        (
            "a name with part of a wildcard",
            ours(Tls::like_good(|params| {
                let name = "l*calhost".try_into().unwrap();
                params.subject_alt_names = vec![SanType::DnsName(name)];
            })),
            Reason::CertificateName,
            "not valid for 'localhost'",
        ),
    ];
    for (what, (tls, roots), reason, text) in cases {
        let server = Server::start_tls(script().serve(|_| ok("")), tls);
        let client = builder().add_root_certificate(roots).build().unwrap();
        let error = client
            .get(server.url_on("localhost", "/"))
            .send()
            .expect_err(what);
        assert!(error.to_string().contains(text), "{what}: {error}");
        assert_eq!(
            (error.kind(), error.reason(), error.phase()),
            (Kind::Connect, Some(reason), Some(Phase::Tls)),
            "{what}: {error}"
        );
        assert_eq!(
            (server.connections(), server.seen().len()),
            (1, 0),
            "{what}"
        );
    }
    let fine = only_for(ExtendedKeyUsagePurpose::ServerAuth);
    let server = Server::start_tls(script().serve(|_| ok("fine")), fine);
    assert_eq!(
        trusting().get(server.url("/")).send().unwrap().text(),
        "fine"
    );
}

/// R-TLS-03, R-TLS-06: neither the trust nor the sessions of a careless client are anybody else's, both ways.
#[test]
fn carelessness_stays_where_it_is() {
    let server = Server::start_tls(closing(), Identity::SelfSigned);
    let careless = builder().verify(false).build().unwrap();
    let careful = trusting();
    for _ in 0..3 {
        careless.post(server.url("/")).send().unwrap();
        let error = careful.get(server.url("/")).send().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
    }
    let resumed: Vec<bool> = server.seen().iter().map(|seen| seen.resumed).collect();
    assert_eq!(resumed, [false, true, true], "the careless one's own");
}

/// R-TLS-09: a server that insists on a protocol which was not offered.
#[test]
fn protocols_that_were_not_offered() {
    for protocols in [&["h2"][..], &["spdy/3"], &["h2", "spdy/3"]] {
        let tls = Tls::from(Identity::Good).alpn(protocols);
        let server = Server::start_tls(script().serve(|_| ok("")), tls);
        let error = trusting().get(server.url("/")).send().unwrap_err();
        assert_eq!(
            (error.kind(), error.phase()),
            (Kind::Connect, Some(Phase::Tls)),
            "{error}"
        );
        assert!(server.seen().is_empty());
    }
    let tls = Tls::from(Identity::Good).alpn(&["h2", "http/1.1"]);
    let server = Server::start_tls(script().serve(|_| ok("")), tls);
    trusting().get(server.url("/")).send().unwrap();
    assert_eq!(server.only().alpn.as_deref(), Some(&b"http/1.1"[..]));
}

/// R-TLS-11, TLS-10: a handshake that comes to no end takes the connect limit; a chain without an end, and keys that are
/// changed without one, are errors at once; records may be as small as they like.
#[test]
fn endless_handshakes() {
    let limit = Duration::from_millis(200);
    let timeout = Timeout::all(Duration::from_secs(5)).connect(limit);
    let client = builder()
        .add_root_certificate(ca_pem())
        .timeout(timeout)
        .build()
        .unwrap();
    // The beginning of a long handshake message, a byte at a time.
    let record = b"\x16\x03\x03\x40\x00\x02\x00\xff\xff".repeat(20_000);
    for stall in [
        script().stall(),
        script().send_slowly(record, 1, Duration::from_millis(2)),
    ] {
        let server = Server::start(stall);
        let began = Instant::now();
        let url = server.url("/").replace("http:", "https:");
        let error = client.get(url).send().unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectTimeout, "{error}");
        let took = began.elapsed();
        assert!(took >= limit && took < 10 * limit, "{took:?}");
    }
    let serve = || script().serve(|_| ok("fine"));
    // Above a megabyte.
    let server = Server::start_tls(serve(), Tls::from(Identity::Good).with_ballast(4000));
    let began = Instant::now();
    let error = trusting().get(server.url("/")).send().unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (Kind::Connect, Some(Phase::Tls))
    );
    assert!(began.elapsed() < Duration::from_secs(3));
    let small = Tls::from(Identity::Good).record_size(40).with_ballast(10);
    let server = Server::start_tls(serve(), small);
    assert_eq!(
        trusting().get(server.url("/")).send().unwrap().text(),
        "fine"
    );

    let tls = || Tls::from(Identity::Good).only_tls13();
    let flood = script().read().change_keys(5_000).send(ok("late")).drain();
    let server = Server::start_tls(flood, tls());
    let client = trusting();
    let began = Instant::now();
    match client.get(server.url("/")).send() {
        Ok(answer) => assert_eq!(answer.text(), "late"),
        Err(error) => assert!(
            matches!(error.kind(), Kind::Read | Kind::RemoteProtocol),
            "{error}"
        ),
    }
    assert!(began.elapsed() < Duration::from_secs(4), "a busy loop");
    let few = script().read().change_keys(5).send(ok("new keys")).close();
    let server = Server::start_tls(few, tls());
    assert_eq!(
        client.get(server.url("/")).send().unwrap().text(),
        "new keys"
    );
}

/// TLS-15, TLS-06: what a response knows of its connection.
#[test]
fn facts_about_the_connection() {
    let key = data("leaf.key");
    let groups = if cfg!(feature = "aws-lc-rs") {
        "X25519MLKEM768"
    } else {
        "X25519"
    };
    for (tls, version) in [
        (Tls::good_with_key(&key).only_tls12(), "TLSv1.2"),
        (Tls::good_with_key(&key).only_tls13(), "TLSv1.3"),
    ] {
        let server = Server::start_tls(closing(), tls);
        let client: Client = trusting();
        for resumed in [false, true] {
            let answer = client.post(server.url("/")).send().unwrap();
            let connection = answer.connection().unwrap();
            let tls = connection.tls().unwrap();
            assert_eq!((tls.version(), tls.is_resumed()), (version, resumed));
            assert_eq!(server.seen().last().unwrap().resumed, resumed);
            assert!(tls.cipher_suite().starts_with("TLS_"));
            assert_eq!(tls.alpn(), None);
            match (version, resumed) {
                ("TLSv1.3", _) => assert_eq!(tls.key_exchange(), Some(groups)),
                (_, false) => assert_eq!(tls.key_exchange(), Some("X25519")),
                _ => {}
            }
            let sent = tls.peer_certificates().next().unwrap();
            let public = KeyPair::from_pem(&key).unwrap();
            let public = public.public_key_raw();
            assert!(sent.windows(public.len()).any(|part| part == public));
        }
    }
    let server = good();
    let answer = trusting().get(server.url("/")).send().unwrap();
    assert!(!answer.connection().unwrap().tls().unwrap().is_resumed());
}

/// R-TLS-14: no version with a known hole. What has none yet, `cargo audit` must say, which needs the network; these are
/// the first good versions after RUSTSEC-2024-0336, RUSTSEC-2026-0285 (rustls), RUSTSEC-2026-0049, -0098, -0099 and
/// -0104 (rustls-webpki).
#[test]
fn locked_versions() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    for (name, least) in [("rustls", [0, 23, 45]), ("rustls-webpki", [0, 103, 13])] {
        let line = format!("\nname = \"{name}\"\nversion = \"");
        let mut found = 0;
        for rest in lock.split(&line).skip(1) {
            let version = rest.split('"').next().unwrap();
            let parts: Vec<u32> = version.split('.').map(|n| n.parse().unwrap()).collect();
            assert!(parts.as_slice() >= &least[..], "{name} {version}");
            found += 1;
        }
        assert!(found > 0, "{name} is not in Cargo.lock");
    }
}
