//! Certificates made on the spot, good ones and bad ones, and the TLS side of the server.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// The test CA as PEM: what a client that is to trust [`Identity::Good`] is given.
pub(crate) fn ca_pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| authority().pem())
}

/// A certificate for a client by the test CA, with a new key or this one, as PEM; and the key, as PEM.
pub(crate) fn client_pem(key: Option<&str>) -> (String, String) {
    let key = key
        .map_or_else(KeyPair::generate, KeyPair::from_pem)
        .expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params
        .distinguished_name
        .push(DnType::CommonName, "papilio test client");
    let certificate = params.signed_by(&key, authority()).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

/// Who the server says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// For `localhost` and 127.0.0.1, by the test CA.
    Good,
    /// Good, but valid until the year 2001.
    Expired,
    /// Good, but valid from the year 2100.
    NotYetValid,
    /// By the test CA for `elsewhere.test`.
    WrongName,
    /// For `localhost` alone, not for the address.
    NameOnly,
    /// `localhost` in the subject and no alternative name.
    CommonNameOnly,
    /// Right names, signed by itself.
    SelfSigned,
    /// Right names, by a CA that nobody knows.
    UnknownCa,
}

/// How the server does TLS.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    identity: Identity,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    /// A chain and a key in place of those of the identity.
    made: Option<(Vec<CertificateDer<'static>>, Arc<PrivateKeyDer<'static>>)>,
    /// Whether client certificates are asked for, and whether there must be one.
    clients: Option<bool>,
    record_size: Option<usize>,
}

impl From<Identity> for Tls {
    fn from(identity: Identity) -> Self {
        Self {
            identity,
            versions: rustls::ALL_VERSIONS.to_vec(),
            alpn: Vec::new(),
            made: None,
            clients: None,
            record_size: None,
        }
    }
}

impl Tls {
    pub(crate) fn only_tls12(mut self) -> Self {
        self.versions = vec![&rustls::version::TLS12];
        self
    }

    pub(crate) fn only_tls13(mut self) -> Self {
        self.versions = vec![&rustls::version::TLS13];
        self
    }

    /// What the server picks from, best first. With none it does not answer that extension.
    pub(crate) fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        self
    }

    /// A certificate like that of [`Identity::Good`], changed by the closure.
    pub(crate) fn like_good(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = Identity::Good.params();
        change(&mut params);
        let certificate = params.signed_by(&key, authority()).expect("a certificate");
        Self::made(vec![certificate.der().clone()], &key)
    }

    /// As [`Identity::Good`], with this key.
    pub(crate) fn good_with_key(pem: &str) -> Self {
        let key = KeyPair::from_pem(pem).expect("a key");
        let certificate = Identity::Good.params().signed_by(&key, authority());
        Self::made(
            vec![certificate.expect("a certificate").der().clone()],
            &key,
        )
    }

    /// Good names, by a certificate of the test CA that must not issue any.
    pub(crate) fn by_no_authority() -> Self {
        let (above, key) = (
            KeyPair::generate().expect("a key"),
            KeyPair::generate().expect("a key"),
        );
        let mut params = Identity::Good.params();
        params
            .distinguished_name
            .push(DnType::CommonName, "papilio no CA");
        let middle = params
            .signed_by(&above, authority())
            .expect("a certificate");
        let issuer = Issuer::new(params, above);
        let leaf = Identity::Good
            .params()
            .signed_by(&key, &issuer)
            .expect("a certificate");
        Self::made(vec![leaf.der().clone(), middle.der().clone()], &key)
    }

    /// This chain and this key.
    pub(crate) fn from_pem(chain: &str, key: &str) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
        let chain = chain.collect::<Result<_, _>>().expect("a chain");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let mut tls = Self::from(Identity::Good);
        tls.made = Some((chain, Arc::new(key)));
        tls
    }

    fn made(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        let mut tls = Self::from(Identity::Good);
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        tls.made = Some((chain, Arc::new(key)));
        tls
    }

    /// Sends the CA's certificate that many times as well.
    pub(crate) fn with_ballast(mut self, times: usize) -> Self {
        let (mut chain, key) = self.certificate();
        chain.extend(vec![authority().der().clone(); times]);
        self.made = Some((chain, key));
        self
    }

    /// Asks for a client certificate of the test CA.
    pub(crate) fn asks_clients(mut self, required: bool) -> Self {
        self.clients = Some(required);
        self
    }

    /// Cuts all it sends into records of this size.
    pub(crate) fn record_size(mut self, bytes: usize) -> Self {
        self.record_size = Some(bytes);
        self
    }

    fn certificate(&self) -> (Vec<CertificateDer<'static>>, Arc<PrivateKeyDer<'static>>) {
        self.made.clone().unwrap_or_else(|| {
            let (chain, key) = self.identity.certificate();
            (chain, Arc::new(key))
        })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.certificate();
        let provider = Arc::new(provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .expect("TLS versions that the provider can do");
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(required) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority().der().clone()).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = match required {
                    true => verifier.build(),
                    false => verifier.allow_unauthenticated().build(),
                };
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let mut config = builder
            .with_single_cert(chain, key.clone_key())
            .expect("a certificate and its key");
        config.alpn_protocols.clone_from(&self.alpn);
        config.max_fragment_size = self.record_size;
        Arc::new(config)
    }
}

/// The cryptography that papilio is built with, so that the server can do what the client offers.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg(feature = "aws-lc-rs")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    return rustls::crypto::ring::default_provider();
}

impl Identity {
    fn certificate(self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let params = self.params();
        let certificate = match self {
            Self::SelfSigned => params.self_signed(&key),
            Self::UnknownCa => params.signed_by(&key, &new_authority("papilio unknown CA")),
            _ => params.signed_by(&key, authority()),
        }
        .expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        (vec![certificate.der().clone()], key)
    }

    fn params(self) -> CertificateParams {
        let names: &[&str] = match self {
            Self::WrongName => &["elsewhere.test"],
            Self::CommonNameOnly => &[],
            _ => &["localhost"],
        };
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("valid names");
        let name = if self == Self::CommonNameOnly {
            "localhost"
        } else {
            "papilio test server"
        };
        params.distinguished_name.push(DnType::CommonName, name);
        if !matches!(
            self,
            Self::WrongName | Self::CommonNameOnly | Self::NameOnly
        ) {
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            params.subject_alt_names.push(SanType::IpAddress(address));
        }
        let (from, until) = match self {
            Self::Expired => (2000, 2001),
            Self::NotYetValid => (2100, 2101),
            _ => (2000, 2100),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| new_authority("papilio test CA"))
}

fn new_authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a CA")
}
