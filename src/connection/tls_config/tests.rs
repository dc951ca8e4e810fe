//! Handshakes in memory, with names that no test machine resolves, and which connections share sessions.

use std::io::{self, IoSlice};
use std::net::SocketAddr;

use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use super::*;
use crate::connection::socket::{Socket, Step};
use crate::connection::tls::Tls;
use crate::error::Reason;

/// A server as the client's socket.
struct Peer {
    session: ServerConnection,
}

impl Socket for Peer {
    fn read(&mut self, mut buffer: &mut [u8]) -> io::Result<usize> {
        if !self.session.wants_write() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.session.write_tls(&mut buffer)
    }

    fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = 0;
        for mut part in parts.iter().map(|part| &part[..]) {
            taken += self.session.read_tls(&mut part)?;
            // What it thinks of it is answered with an alert.
            let _ = self.session.process_new_packets();
        }
        Ok(taken)
    }

    fn is_readable(&mut self) -> bool {
        self.session.wants_write()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The server's side of a certificate for these names, its common name among them or not.
fn server(authority: &CertifiedIssuer<'_, KeyPair>, names: &[&str], alpn: &str) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "www.example.org");
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    config
}

/// A handshake with that server under the name of this URL, and the name the server saw.
fn shake(
    tls: &TlsConfig,
    server: &Arc<ServerConfig>,
    url: &Url,
    alpn: Alpn,
) -> Result<Option<String>> {
    let config = for_origin(tls, url, None, alpn)?;
    let mut session = Tls::new(config, url.raw_host())?;
    let mut peer = Peer {
        session: ServerConnection::new(Arc::clone(server)).unwrap(),
    };
    for _ in 0..10 {
        if let Step::Done(()) = session.handshake(&mut peer)? {
            return Ok(peer.session.server_name().map(str::to_owned));
        }
    }
    panic!("a handshake without an end");
}

/// TLS-02, R-TLS-01, R-TLS-04: which names a certificate is for, and what the server is asked for.
#[test]
fn names() {
    let authority = authority();
    let tls = TlsConfig::builder()
        .add_root_certificate(authority.der().to_vec())
        .trust_env(false)
        .build()
        .unwrap();
    for (names, host, good) in [
        (&["www.example.org"][..], "www.example.org", true),
        (&["www.example.org"], "WWW.Example.ORG", true),
        (&["www.example.org"], "www.example.org.", true),
        (&["www.example.org"], "example.org", false),
        (&["www.example.org"], "a.www.example.org", false),
        (&["*.example.org"], "www.example.org", true),
        (&["*.example.org"], "example.org", false),
        (&["*.example.org"], "a.b.example.org", false),
        (&["w*.example.org"], "www.example.org", false),
        (&["www.*.org"], "www.example.org", false),
        (&["xn--bcher-kva.example"], "bücher.example", true),
        (&["xn--bcher-kva.example"], "xn--bcher-kva.example", true),
        (&["*.example.org"], "xn--bcher-kva.example.org", true),
        (&["xn--*.example"], "xn--bcher-kva.example", false),
        (&["192.0.2.1"], "192.0.2.1", true),
        (&["192.0.2.1"], "192.0.2.2", false),
        (&["2001:db8::1"], "[2001:DB8:0::1]", true),
        (&["2001:db8::1"], "[2001:db8::2]", false),
        (&["www.example.org"], "192.0.2.1", false),
        // A name that looks like the address, and only a common name.
        (&["a.192.0.2.1"], "192.0.2.1", false),
        (&[], "www.example.org", false),
    ] {
        let server = Arc::new(server(&authority, names, "http/1.1"));
        let url = url(&format!("https://{host}/"));
        match shake(&tls, &server, &url, Alpn::Http11) {
            Ok(seen) => {
                assert!(good, "{names:?} {host}");
                let is_name = names.iter().any(|n| n.ends_with(char::is_alphabetic));
                let asked = url.raw_host().trim_end_matches('.');
                assert_eq!(seen.as_deref(), is_name.then_some(asked));
            }
            Err(error) => {
                assert!(!good, "{names:?} {host}: {error}");
                assert_eq!(error.reason(), Some(Reason::CertificateName), "{error}");
            }
        }
    }
}

/// TLS-08, R-TLS-09: what is offered by each choice, and a server that agrees to none of it.
#[test]
fn protocols() {
    let authority = authority();
    let tls = TlsConfig::builder().add_root_certificate(authority.der().to_vec());
    let tls = tls.trust_env(false).build().unwrap();
    let url = url("https://www.example.org/");
    for (alpn, http11, h2) in [
        (Alpn::Http11, true, false),
        (Alpn::Http2OrHttp11, true, true),
        (Alpn::Http2, false, true),
    ] {
        for (protocol, good) in [("http/1.1", http11), ("h2", h2), ("spdy/3", false)] {
            let server = Arc::new(server(&authority, &["www.example.org"], protocol));
            match shake(&tls, &server, &url, alpn) {
                Ok(_) => assert!(good, "{alpn:?} {protocol}"),
                Err(error) => {
                    assert!(!good, "{alpn:?} {protocol}: {error}");
                    assert_eq!(error.kind(), Kind::Connect);
                }
            }
        }
    }
    let offered = for_origin(&tls, &url, None, Alpn::Http2OrHttp11).unwrap();
    assert_eq!(offered.alpn_protocols, [&b"h2"[..], b"http/1.1"]);
}

/// R-TLS-06, R-TLS-10: one configuration, and so one store of sessions, for each of port, proxy, protocols, certificate
/// and pins; another client has another, and changed settings do. No early data, not even of a ready configuration.
#[test]
fn sessions_are_kept_apart() {
    let pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let builder = TlsConfig::builder()
        .pin_public_key("pinned.test", pin)
        .trust_env(false);
    let tls = builder.clone().build().unwrap();
    let of = |tls: &TlsConfig, text: &str, proxy: Option<&str>, alpn| {
        let proxy = proxy.map(url);
        for_origin(tls, &url(text), proxy.as_ref(), alpn).unwrap()
    };
    let first = of(&tls, "https://a.test/", None, Alpn::Http11);
    let same = [
        of(&tls, "https://a.test/other", None, Alpn::Http11),
        of(&tls, "wss://a.test:443/", None, Alpn::Http11),
        of(&tls.clone(), "https://a.test/", None, Alpn::Http11),
    ];
    assert!(same.iter().all(|other| Arc::ptr_eq(&first, other)));
    let other = builder.build().unwrap();
    let mut changed = tls.clone();
    changed.changed();
    let others = [
        of(&tls, "https://a.test:8443/", None, Alpn::Http11),
        of(
            &tls,
            "https://a.test/",
            Some("http://proxy.test/"),
            Alpn::Http11,
        ),
        of(
            &tls,
            "https://a.test/",
            Some("http://user@proxy.test/"),
            Alpn::Http11,
        ),
        of(&tls, "https://a.test/", None, Alpn::Http2OrHttp11),
        of(&tls, "https://pinned.test/", None, Alpn::Http11),
        of(&other, "https://a.test/", None, Alpn::Http11),
        of(&changed, "https://a.test/", None, Alpn::Http11),
        for_proxy(&tls, &url("https://a.test/")).unwrap(),
    ];
    for (number, other) in others.iter().enumerate() {
        assert!(!Arc::ptr_eq(&first, other), "{number}");
        assert!(!other.enable_early_data);
    }
    let mut ready = (*first).clone();
    ready.enable_early_data = true;
    ready.check_selected_alpn = false;
    let ready = of(
        &TlsConfig::from_rustls(ready),
        "https://a.test/",
        None,
        Alpn::Http2,
    );
    assert!(!ready.enable_early_data && ready.check_selected_alpn);
    assert_eq!(ready.alpn_protocols, [b"h2"]);
    // However many places there are, what is kept has an end.
    for port in 1000..1200 {
        of(&tls, &format!("https://a.test:{port}/"), None, Alpn::Http11);
    }
    let loaded = loaded(&tls).unwrap();
    assert_eq!(loaded.configs.lock().unwrap().len(), MOST_CONFIGS);
}

/// R-TLS-08: a client certificate is for the hosts it was given for, and never for a proxy.
#[test]
fn who_gets_the_client_certificate() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(Vec::new()).unwrap();
    let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
    let cert = crate::models::tls::ClientCert::from_pem(pem);
    let tls = TlsConfig::builder()
        .cert(cert.clone().only_for("*.a.test").only_for("b.test:8443"))
        .trust_env(false)
        .build()
        .unwrap();
    for (text, expected) in [
        ("https://www.a.test/", true),
        ("https://b.test:8443/", true),
        ("https://a.test/", false),
        ("https://b.test/", false),
        ("https://www.a.test.evil.test/", false),
    ] {
        let proxy = url("https://www.a.test/");
        for proxy in [None, Some(&proxy)] {
            let config = for_origin(&tls, &url(text), proxy, Alpn::Http11).unwrap();
            assert_eq!(
                config.client_auth_cert_resolver.has_certs(),
                expected,
                "{text}"
            );
        }
        let config = for_proxy(&tls, &url(text)).unwrap();
        assert!(!config.client_auth_cert_resolver.has_certs(), "{text}");
    }
    let any = TlsConfig::builder()
        .cert(cert.for_any_host())
        .build()
        .unwrap();
    let config = for_proxy(&any, &url("https://proxy.test/")).unwrap();
    assert!(!config.client_auth_cert_resolver.has_certs());
}
