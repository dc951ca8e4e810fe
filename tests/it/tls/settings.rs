//! Pins, versions, the environment, and configurations that clients share.

use super::super::driver::{
    Client, Kind, Phase, Reason, ServerName, TlsConfig, TlsVersion, Verify,
};

use super::{LIMIT, builder, data, good, trusting};
use crate::alone::alone;
use crate::server::tls::{Identity, Tls, ca_pem, provider};
use crate::server::{Server, ok, response, script};

/// Of `leaf.key`.
const PIN: &str = "sha256/hW6W757LGqe6QXiRP/1ZHjaMXghLzArNG5ZXmH6O5Do=";
const OTHER: &str = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/// Pins are asked for besides everything else, by host, and one of several is enough.
#[test]
fn pinned_keys() {
    let tls = || Tls::good_with_key(&data("leaf.key"));
    let server = Server::start_tls(script().serve(|_| ok("ok")), tls());
    let build = |pins: &[(&str, &str)]| {
        let mut client = builder().add_root_certificate(ca_pem());
        for (hosts, pin) in pins {
            client = client.pin_public_key(*hosts, *pin);
        }
        client.build().unwrap()
    };
    let good: [&[(&str, &str)]; 4] = [
        &[("localhost", PIN)],
        &[("localhost", OTHER), ("localhost", PIN)],
        &[("elsewhere.test", OTHER)],
        &[("127.0.0.1", OTHER), ("*", PIN), ("*.localhost", OTHER)],
    ];
    for pins in good {
        let answer = build(pins).get(server.url_on("localhost", "/")).send();
        assert_eq!(answer.unwrap().text(), "ok", "{pins:?}");
    }
    let before = server.seen().len();
    let bad: [&[(&str, &str)]; 3] = [
        &[("localhost", OTHER)],
        &[("*", OTHER), ("elsewhere.test", PIN)],
        &[("LOCALHOST.", OTHER)],
    ];
    for pins in bad {
        let error = build(pins)
            .get(server.url_on("localhost", "/"))
            .send()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.reason(), error.phase()),
            (
                Kind::Connect,
                Some(Reason::CertificatePin),
                Some(Phase::Tls)
            ),
            "{error}"
        );
        assert!(error.to_string().contains(PIN), "{error}");
    }
    assert_eq!(server.seen().len(), before);
    // Without verification the pin still counts, and a good pin makes no bad certificate good.
    let careless = builder().verify(false);
    let error = careless.pin_public_key("*", OTHER).build().unwrap();
    let error = error.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificatePin));
    let careless = builder()
        .verify(false)
        .pin_public_key("*", PIN)
        .build()
        .unwrap();
    careless.get(server.url("/")).send().unwrap();
    let stranger = builder().pin_public_key("*", PIN).build().unwrap();
    let error = stranger.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
    for (hosts, pin) in [
        ("*", "sha256/AAAA"),
        ("*", &PIN[7..]),
        ("*", "sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("http://x", PIN),
    ] {
        let error = builder().pin_public_key(hosts, pin).build().unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{hosts} {pin}");
    }
}

/// TLS-06, R-TLS-13: the lowest and the highest version.
#[test]
fn versions() {
    use TlsVersion::{Tls12, Tls13};
    let serve = |tls: Tls| Server::start_tls(script().serve(|_| ok("")), tls);
    let both = serve(Identity::Good.into());
    let old = serve(Tls::from(Identity::Good).only_tls12());
    let new = serve(Tls::from(Identity::Good).only_tls13());
    for (min, max, at_both, at_old, at_new) in [
        (
            Tls12,
            Tls13,
            Some("TLSv1.3"),
            Some("TLSv1.2"),
            Some("TLSv1.3"),
        ),
        (Tls12, Tls12, Some("TLSv1.2"), Some("TLSv1.2"), None),
        (Tls13, Tls13, Some("TLSv1.3"), None, Some("TLSv1.3")),
    ] {
        let client = builder().add_root_certificate(ca_pem());
        let client = client
            .min_tls_version(min)
            .max_tls_version(max)
            .build()
            .unwrap();
        for (server, expected) in [(&both, at_both), (&old, at_old), (&new, at_new)] {
            match (client.get(server.url("/")).send(), expected) {
                (Ok(answer), Some(version)) => {
                    assert_eq!(
                        answer.connection().unwrap().tls().unwrap().version(),
                        version
                    );
                }
                (Err(error), None) => assert_eq!(error.kind(), Kind::Connect, "{error}"),
                (got, _) => panic!("{min:?} {max:?}: {got:?}"),
            }
        }
    }
    let none = builder().min_tls_version(Tls13).max_tls_version(Tls12);
    assert_eq!(none.build().unwrap_err().kind(), Kind::Config);
}

/// TLS-13, TLS-11, R-TLS-06: clients that are given one configuration resume each other's sessions; any other has none.
#[test]
fn shared_configurations() {
    let one = || script().serve(|_| response("200 OK", &[("Connection", "close")], "x"));
    let server = Server::start_tls(one(), Identity::Good);
    let config = || {
        TlsConfig::builder()
            .add_root_certificate(ca_pem())
            .trust_env(false)
    };
    let shared = config().build().unwrap();
    let resumed = |client: &Client| {
        client.post(server.url_on("localhost", "/")).send().unwrap();
        server.seen().last().unwrap().resumed
    };
    let with = |tls: &TlsConfig| builder().tls(tls.clone());
    let (first, second) = (
        with(&shared).build().unwrap(),
        with(&shared).build().unwrap(),
    );
    assert_eq!(
        [resumed(&first), resumed(&first), resumed(&second)],
        [false, true, true]
    );
    let others = [
        with(&config().build().unwrap()).build().unwrap(),
        with(&shared)
            .add_root_certificate(ca_pem())
            .build()
            .unwrap(),
        with(&shared)
            .min_tls_version(TlsVersion::Tls12)
            .build()
            .unwrap(),
        with(&shared).verify(false).build().unwrap(),
        trusting(),
    ];
    for other in &others {
        assert!(!resumed(other), "a session of other settings");
        assert!(resumed(other), "its own");
    }
    // The same name on another port, which may be another server.
    let twin = Server::start_tls(one(), Identity::Good);
    first.post(twin.url_on("localhost", "/")).send().unwrap();
    assert!(!twin.only().resumed);
    let printed = format!("{shared:?}");
    assert!(
        printed.contains("verify: Roots") && !printed.contains("CERTIFICATE"),
        "{printed}"
    );
}

/// TLS-01, TLS-13: a configuration of rustls as it is, alone.
#[test]
fn a_configuration_of_rustls() {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider().into())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConfig::from_rustls(config);
    let server = Server::start_tls(
        script().serve(|_| ok("")),
        Tls::from(Identity::Good).alpn(&["h2", "http/1.1"]),
    );
    let client = builder().tls(tls.clone()).build().unwrap();
    let answer = client.get(server.url("/")).send().unwrap();
    let facts = answer.connection().unwrap().tls().unwrap();
    assert_eq!(
        (facts.version(), facts.alpn()),
        ("TLSv1.2", Some(&b"http/1.1"[..]))
    );
    for client in [
        builder().tls(tls.clone()).verify(false),
        builder().tls(tls.clone()).pin_public_key("*", OTHER),
        builder().tls(tls).add_root_certificate(ca_pem()),
    ] {
        assert_eq!(client.build().unwrap_err().kind(), Kind::Config);
    }
}

/// TLS-02: roots as DER, and bundled ones whatever else there is.
#[test]
fn other_ways_to_name_roots() {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let der = CertificateDer::from_pem_slice(ca_pem().as_bytes())
        .unwrap()
        .to_vec();
    let server = good();
    let client = builder().add_root_certificate(der.clone()).build().unwrap();
    client.get(server.url("/")).send().unwrap();
    let client = builder().verify(Verify::Bundled).build().unwrap();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
    let error = builder()
        .add_root_certificate(&der[1..])
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    #[cfg(feature = "native-roots")]
    {
        // Where roots are files, the environment may have a say in it.
        let native = builder().verify(Verify::Native).trust_env(true);
        let native = native.add_root_certificate(der);
        match native.build().unwrap().get(server.url("/")).send() {
            Ok(answer) => drop(answer),
            // A machine without certificates.
            Err(error) => assert_eq!(error.kind(), Kind::Tls, "{error}"),
        }
    }
}

/// EXT-03: the name for one handshake, as it may be written.
#[test]
fn server_names() {
    for (given, expected) in [
        ("www.example.org", "www.example.org"),
        ("WWW.Example.org.", "www.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
    ] {
        assert_eq!(ServerName::new(given).unwrap().as_str(), expected);
    }
    for given in [
        "", ".", "a b", "a/b", "a:1", "user@a", "[::1]", "a\r\nb", "-", "*.a.test",
    ] {
        assert_eq!(
            ServerName::new(given).unwrap_err().kind(),
            Kind::Config,
            "{given:?}"
        );
    }
}

/// SEC-313, TLS-05, TLS-12, ENV-10: what the environment names is used or an error, unless it is not to be trusted; an
/// explicit choice ignores it.
#[test]
fn the_environment() {
    let directory = std::env::temp_dir().join(format!("papilio-env-{}", std::process::id()));
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (file, dir, log) = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE");
    let test = |role: &str, variables: &[(&str, String)]| {
        // What this machine sets for itself would stand in the way.
        let mut all = vec![
            ("PAPILIO_TEST_ROLE", role),
            (file, ""),
            (dir, ""),
            (log, ""),
        ];
        all.extend(
            variables
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        alone(concat!(module_path!(), "::the_environment"), &all)
    };
    if let Ok(role) = std::env::var("PAPILIO_TEST_ROLE") {
        return in_an_environment(&role);
    }
    std::fs::create_dir_all(directory.join("empty")).unwrap();
    std::fs::write(path("none.pem"), "nothing").unwrap();
    let cases: [(&str, &[(&str, String)]); 8] = [
        ("ours", &[(file, path("own.pem"))]),
        ("ours", &[(dir, path("own"))]),
        ("ours", &[(file, path("own.pem")), (dir, path("missing"))]),
        (file, &[(file, path("missing.pem")), (dir, path("own"))]),
        (file, &[(file, path("none.pem"))]),
        (dir, &[(dir, path("empty"))]),
        (log, &[(log, path("missing/keys.log"))]),
        ("default", &[(file, String::new()), (dir, String::new())]),
    ];
    for (role, variables) in cases {
        test(role, variables);
    }
    test("keys", &[(log, path("keys.log"))]);
    let _ = std::fs::remove_dir_all(&directory);
}

/// What a process finds whose environment was set up for it.
fn in_an_environment(role: &str) {
    let build = |trust: bool| Client::builder().timeout(LIMIT).trust_env(trust);
    let server = good();
    let known = |client: Client| client.get(server.url("/")).send();
    match role {
        "ours" => {
            for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
                let Ok(path) = std::env::var(name) else {
                    continue;
                };
                let path = std::path::PathBuf::from(path);
                if path.ends_with("own.pem") {
                    std::fs::write(path, ca_pem()).unwrap();
                } else if path.ends_with("own") {
                    std::fs::create_dir_all(&path).unwrap();
                    std::fs::write(path.join("ca.pem"), ca_pem()).unwrap();
                }
            }
            known(build(true).build().unwrap()).unwrap();
            for client in [build(false), build(true).verify(Verify::Bundled)] {
                let error = known(client.build().unwrap()).unwrap_err();
                assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
            }
            #[cfg(all(target_os = "linux", feature = "native-roots"))]
            {
                known(build(true).verify(Verify::Native).build().unwrap()).unwrap();
                let native = build(false).verify(Verify::Native).build().unwrap();
                let error = known(native).unwrap_err();
                assert_eq!(error.kind(), Kind::Tls, "{error}");
            }
            let tls = TlsConfig::builder().build().unwrap();
            known(build(false).tls(tls).build().unwrap()).unwrap();
        }
        "default" => {
            let error = known(build(true).build().unwrap()).unwrap_err();
            assert_eq!(error.reason(), Some(Reason::CertificateUnknownIssuer));
        }
        "keys" => {
            let file = std::env::var("SSLKEYLOGFILE").unwrap();
            let lines = || std::fs::read_to_string(&file).unwrap_or_default();
            let ask = |trust| known(build(trust).add_root_certificate(ca_pem()).build().unwrap());
            ask(false).unwrap();
            assert_eq!(lines(), "");
            std::fs::write(&file, "# first\n").unwrap();
            ask(true).unwrap();
            let text = lines();
            assert!(
                text.starts_with("# first\nCLIENT_HANDSHAKE_TRAFFIC_SECRET "),
                "{text}"
            );
            let mut keys = text
                .lines()
                .skip(1)
                .map(|line| line.split(' ').collect::<Vec<_>>());
            assert!(keys.clone().count() >= 4, "{text}");
            assert!(keys.all(|parts| parts.len() == 3 && parts[1].len() == 64));
        }
        variable => {
            let error = build(true).build().unwrap_err();
            assert_eq!(error.kind(), Kind::Tls);
            let path = std::env::var(variable).unwrap();
            let message = error.to_string();
            assert!(
                message.contains(variable) && message.contains(&path),
                "{message}"
            );
            let error = TlsConfig::builder().build().unwrap_err();
            assert_eq!(error.kind(), Kind::Tls);
            build(false).build().unwrap();
            if variable != "SSLKEYLOGFILE" {
                build(true).verify(Verify::Bundled).build().unwrap();
            }
        }
    }
}
