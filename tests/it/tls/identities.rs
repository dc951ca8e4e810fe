//! Client certificates: from which files, with which keys, and who is shown them.

use std::path::{Path, PathBuf};

use super::super::driver::{Client, ClientCert, Kind, Result};

use super::{builder, data};
use crate::server::tls::{Identity, Tls, ca_pem, client_pem};
use crate::server::{Server, ok, response, script};

/// A directory that is gone when the test is over.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("papilio-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn client(cert: ClientCert) -> Result<Client> {
    builder().add_root_certificate(ca_pem()).cert(cert).build()
}

fn asking(required: bool) -> Server {
    let tls = Tls::from(Identity::Good).asks_clients(required);
    Server::start_tls(script().serve(|_| ok("welcome")), tls)
}

/// TLS-07, TLS-03: one file or two, every form of a key, with verification and without.
#[test]
fn every_form_of_a_key() {
    let directory = Directory::new("client-keys");
    let server = asking(true);
    let welcome = |cert: ClientCert, what: &str| {
        let cert = cert.only_for("127.0.0.1");
        let mut clients = vec![client(cert.clone()).expect(what)];
        clients.push(builder().verify(false).cert(cert).build().expect(what));
        for client in clients {
            assert_eq!(
                client.get(server.url("/")).send().expect(what).text(),
                "welcome"
            );
        }
    };
    let forms = [
        ("leaf.key", "leaf.key", None),
        ("leaf.key", "leaf-sec1.key", None),
        ("leaf.key", "leaf.key", Some("of no use")),
        ("rsa.key", "rsa.key", None),
        ("rsa.key", "rsa-pkcs1.key", None),
        #[cfg(feature = "encrypted-keys")]
        ("leaf.key", "leaf-encrypted.key", Some("secret")),
    ];
    for (of, key, password) in forms {
        let (cert, key_text) = (client_pem(Some(&data(of))).0, data(key));
        let with = |cert: ClientCert| match password {
            Some(password) => cert.password(password),
            None => cert,
        };
        let both = directory.file("both.pem", &format!("{cert}{key_text}"));
        let reversed = directory.file("reversed.pem", &format!("{key_text}{cert}"));
        let cert_file = directory.file("cert.pem", &cert);
        let key_file = directory.file("key.pem", &key_text);
        welcome(with(ClientCert::from_file(&both)), key);
        welcome(with(ClientCert::from_file(&reversed)), key);
        welcome(with(ClientCert::from_files(&cert_file, &key_file)), key);
        welcome(with(ClientCert::from_pem(format!("{cert}{key_text}"))), key);
    }
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.client_certificate.is_some()));
    // Without one the server refuses, during the handshake or after it.
    let error = super::trusting().get(server.url("/")).send().unwrap_err();
    assert!(
        matches!(error.kind(), Kind::Connect | Kind::Read | Kind::Write),
        "{error}"
    );
    assert_eq!(server.seen().len(), seen.len());
}

/// TLS-07: what cannot be used is found when the client is built, and the error names the file and no secret.
#[test]
fn keys_that_cannot_be_used() {
    let directory = Directory::new("client-errors");
    let (cert, key) = client_pem(None);
    let cert = directory.file("cert.pem", &cert);
    let key = directory.file("key.pem", &key);
    let other = directory.file("other.pem", &client_pem(None).1);
    let encrypted = directory.file("encrypted.pem", &data("leaf-encrypted.key"));
    let legacy = directory.file("legacy.pem", &data("leaf-legacy.key"));
    let broken = directory.file(
        "broken.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n????\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let empty = directory.file("empty.pem", "");
    let missing = directory.0.join("missing.pem");
    let file = |path: &Path| ClientCert::from_file(path);
    let files = |key: &Path| ClientCert::from_files(&cert, key);
    #[cfg(feature = "encrypted-keys")]
    let (unread, wrong) = ("no password", "wrong password?");
    #[cfg(not(feature = "encrypted-keys"))]
    let (unread, wrong) = ("`encrypted-keys`", "`encrypted-keys`");
    for (given, named, text) in [
        (file(&missing), &missing, "cannot read"),
        (file(&empty), &empty, "no certificate"),
        (file(&cert), &cert, "no private key"),
        (file(&key), &key, "no certificate"),
        (files(&missing), &missing, "cannot read"),
        (files(&empty), &empty, "no private key"),
        (files(&other), &other, "is not that of the certificate"),
        (files(&encrypted), &encrypted, unread),
        (files(&encrypted).password("swordfish"), &encrypted, wrong),
        (files(&encrypted).password(""), &encrypted, wrong),
        (
            files(&legacy).password("secret"),
            &legacy,
            "openssl pkcs8 -topk8",
        ),
        (files(&broken).password("secret"), &broken, "is broken"),
    ] {
        let printed = format!("{given:?}");
        let error = client(given.for_any_host()).unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), Kind::Tls, "{message}");
        assert!(message.contains(text), "{message}");
        assert!(message.contains(named.to_str().unwrap()), "{message}");
        assert!(!format!("{printed} {error:?}").contains("swordfish"));
    }
    let (cert, key) = client_pem(None);
    let error = client(ClientCert::from_pem(cert + &key)).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("only_for"), "{error}");
    let error = client(ClientCert::from_file("x").only_for("http://a/b")).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}

/// R-TLS-08: nobody else is shown the certificate: not another host, not another port, not the target of a redirect.
#[test]
fn who_is_shown_the_certificate() {
    let (cert, key) = client_pem(None);
    let cert = ClientCert::from_pem(cert + &key);
    let other = asking(false);
    let target = other.url_on("localhost", "/there");
    let location = target.clone();
    let tls = Tls::from(Identity::Good).asks_clients(false);
    let redirect =
        move |_: &crate::server::Seen| response("302 Found", &[("Location", &location)], "");
    let first = Server::start_tls(script().serve(redirect), tls);
    let build = |cert| {
        let client = builder().add_root_certificate(ca_pem()).cert(cert);
        client.follow_redirects(true).build().unwrap()
    };
    let shown = |server: &Server| server.seen().last().unwrap().client_certificate.is_some();
    let client = build(cert.clone().only_for(format!("127.0.0.1:{}", first.port())));
    let answer = client.get(first.url("/")).send().unwrap();
    assert_eq!(
        (answer.text().as_ref(), answer.url().as_str()),
        ("welcome", &*target)
    );
    assert!(shown(&first) && !shown(&other));
    client.get(other.url("/")).send().unwrap();
    assert!(!shown(&other), "another port");
    let client = build(cert.for_any_host());
    client.get(first.url("/")).send().unwrap();
    assert!(shown(&first) && shown(&other));
}

/// With several the first that is for the server counts.
#[test]
fn several_certificates() {
    let server = asking(true);
    let (first, second) = (client_pem(None), client_pem(None));
    let certificate = |(cert, key): &(String, String)| ClientCert::from_pem(format!("{cert}{key}"));
    let client = builder()
        .add_root_certificate(ca_pem())
        .cert(certificate(&first).only_for("localhost"))
        .cert(certificate(&second).for_any_host())
        .build()
        .unwrap();
    client.get(server.url_on("localhost", "/")).send().unwrap();
    client.get(server.url_on("127.0.0.1", "/")).send().unwrap();
    let shown: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.client_certificate.clone())
        .collect();
    let der = |pem: &str| {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        Some(
            CertificateDer::from_pem_slice(pem.as_bytes())
                .unwrap()
                .to_vec(),
        )
    };
    assert_eq!(shown, [der(&first.0), der(&second.0)]);
}
