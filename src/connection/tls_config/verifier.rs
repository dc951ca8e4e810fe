//! Whether a certificate is taken: by its chain and name, by pinned keys, or without a question.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme,
};
use sha2::{Digest, Sha256};

use super::roots;
use crate::error::{Error, Kind, Result};
use crate::models::tls::{HostPattern, TlsConfig, Verify};
use crate::models::url::Url;

/// The verifier of these settings, pins left out.
pub(super) fn verifier(
    tls: &TlsConfig,
    provider: &Arc<CryptoProvider>,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    match &tls.verify {
        Verify::Off => {
            // Nothing is asked of them, but a mistake in them is one.
            roots::load(tls, &mut Vec::new())?;
            Ok(Arc::new(AcceptAny(Arc::clone(provider))))
        }
        #[cfg(feature = "native-roots")]
        Verify::Native => native(tls, provider, notes),
        _ => {
            let roots = Arc::new(roots::load(tls, notes)?);
            let verifier =
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
            Ok(verifier.map_err(|e| {
                Error::new(Kind::Tls, "no verifier for these certificates").with_source(e)
            })?)
        }
    }
}

/// On systems whose roots are files, these variables lead to them, and the platform's verifier reads them by itself:
/// where the environment is not trusted it must not (SEC-313).
#[cfg(feature = "native-roots")]
fn native(
    tls: &TlsConfig,
    provider: &Arc<CryptoProvider>,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let by_files = cfg!(all(
        unix,
        not(target_vendor = "apple"),
        not(target_os = "android")
    ));
    let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    if let Some(name) = variables
        .iter()
        .find(|name| by_files && !tls.trust_env && roots::variable(name).is_some())
    {
        let message = format!(
            "{name} says where the system's certificates are, but the environment is not to be trusted"
        );
        return Err(Error::new(Kind::Tls, message));
    }
    notes.push("load_verify_locations native roots".to_owned());
    let given = roots::given(tls)?;
    let provider = Arc::clone(provider);
    #[cfg(not(target_os = "android"))]
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(given, provider);
    #[cfg(target_os = "android")]
    let verifier = rustls_platform_verifier::Verifier::new(provider);
    let verifier = verifier.map_err(|e| {
        Error::new(Kind::Tls, "the system's certificates cannot be used").with_source(e)
    })?;
    Ok(Arc::new(verifier))
}

/// The key that a host's certificate has to have, or one of them.
#[derive(Debug)]
pub(super) struct Pin {
    hosts: HostPattern,
    digest: [u8; 32],
}

impl Pin {
    /// `sha256/` and Base64.
    pub(super) fn parse(hosts: &str, pin: &str) -> Result<Self> {
        let text = pin.strip_prefix("sha256/");
        let digest = text
            .and_then(|text| BASE64_STANDARD.decode(text).ok())
            .and_then(|bytes| bytes.try_into().ok());
        let Some(digest) = digest else {
            let message = format!("{pin:?} is no pin; one is \"sha256/\" and 32 bytes in Base64");
            return Err(Error::new(Kind::Config, message));
        };
        Ok(Self {
            hosts: HostPattern::parse(hosts)?,
            digest,
        })
    }

    pub(super) fn is_for(&self, url: &Url) -> bool {
        self.hosts.matches(url)
    }
}

/// Another verifier, and besides it one of some keys. Only the server's own certificate is looked at: the others that it
/// sends need not be part of the chain that was verified.
#[derive(Debug)]
pub(super) struct Pinned {
    inner: Arc<dyn ServerCertVerifier>,
    digests: Vec<[u8; 32]>,
}

impl Pinned {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>, pins: &[&Pin]) -> Self {
        Self {
            inner,
            digests: pins.iter().map(|pin| pin.digest).collect(),
        }
    }
}

/// The certificate is good, but its key is not one of those that were pinned.
#[derive(Debug)]
pub(crate) struct PinMismatch {
    pin: String,
}

impl fmt::Display for PinMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its public key is {}, which is not pinned", self.pin)
    }
}

impl std::error::Error for PinMismatch {}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let digest: [u8; 32] = Sha256::digest(&key).into();
        if self.digests.contains(&digest) {
            return Ok(verified);
        }
        let pin = format!("sha256/{}", BASE64_STANDARD.encode(digest));
        Err(CertificateError::Other(OtherError(Arc::new(PinMismatch { pin }))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.inner.root_hint_subjects()
    }
}

/// `verify(false)`: any certificate for any name, while handshake signatures are still checked (TLS-03).
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
