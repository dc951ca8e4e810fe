//! Certificates made on the spot, good ones and bad ones, and the TLS side of the server.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};

/// The test CA as PEM: what a client that is to trust [`Identity::Good`] is given.
pub(crate) fn ca_pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| authority().pem())
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
}

impl From<Identity> for Tls {
    fn from(identity: Identity) -> Self {
        Self {
            identity,
            versions: rustls::ALL_VERSIONS.to_vec(),
            alpn: Vec::new(),
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

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.identity.certificate();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .expect("TLS versions that ring can do")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        config.alpn_protocols.clone_from(&self.alpn);
        Arc::new(config)
    }
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
