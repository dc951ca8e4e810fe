//! `Identity`: a client certificate with its key, read and fit to be used, and for whom it is.

use std::path::Path;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::error::{Error, Kind, Result};
use crate::models::tls::{ClientCert, HostPattern, Source};
use crate::models::url::Url;

pub(super) struct Identity {
    hosts: Vec<HostPattern>,
    resolver: Arc<SingleCertAndKey>,
}

impl Identity {
    pub(super) fn load(cert: &ClientCert, provider: &CryptoProvider) -> Result<Self> {
        if cert.hosts.is_empty() {
            let message = format!(
                "the client certificate of {} is for nobody: say `only_for` or `for_any_host`",
                cert.source
            );
            return Err(Error::new(Kind::Config, message));
        }
        let hosts = cert.hosts.iter().map(|text| HostPattern::parse(text));
        let hosts = hosts.collect::<Result<_>>()?;
        let (chain, key, key_place) = match &cert.source {
            Source::File(path) => {
                let pem = read(path)?;
                (pem.clone(), pem, cert.source.to_string())
            }
            Source::Files { cert, key } => (read(cert)?, read(key)?, key.display().to_string()),
            Source::Pem(pem) => (pem.clone(), pem.clone(), cert.source.to_string()),
        };
        let place = cert.source.to_string();
        let chain = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| bad(format!("cannot read the certificates in {place}")).with_source(e))?;
        if chain.is_empty() {
            return Err(bad(format!("no certificate in {place}")));
        }
        let key = private_key(&key, &key_place, cert.password.as_deref())?;
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|e| {
            let message = match &e {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    format!(
                        "the private key in {key_place} is not that of the certificate in {place}"
                    )
                }
                rustls::Error::InvalidCertificate(_) => {
                    format!("the certificate in {place} cannot be used")
                }
                _ => format!("the private key in {key_place} cannot be used"),
            };
            bad(message).with_source(e)
        })?;
        Ok(Self {
            hosts,
            resolver: Arc::new(certified.into()),
        })
    }

    pub(super) fn is_for(&self, url: &Url) -> bool {
        self.hosts.iter().any(|hosts| hosts.matches(url))
    }

    /// Always the same one: sessions are resumed only where it is.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.resolver) as _
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| bad(format!("cannot read {}", path.display())).with_source(e))
}

/// The first private key of the text.
fn private_key(pem: &[u8], place: &str, password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    if let Some(der) = encrypted(pem) {
        let der = der.ok_or_else(|| bad(format!("the private key in {place} is broken")))?;
        return decrypt(&der, place, password);
    }
    if find(pem, b"Proc-Type: 4,ENCRYPTED").is_some() {
        return Err(bad(format!(
            "the private key in {place} is encrypted in a way that is no longer safe; \
             `openssl pkcs8 -topk8` makes a PKCS#8 key of it"
        )));
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|e| match e {
        rustls::pki_types::pem::Error::NoItemsFound => bad(format!("no private key in {place}")),
        e => bad(format!("cannot read the private key in {place}")).with_source(e),
    })
}

/// The content of an encrypted PKCS#8 key (RFC 5958 section 3), if there is one; `Some(None)` if it is not Base64.
fn encrypted(pem: &[u8]) -> Option<Option<Vec<u8>>> {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    let begin = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    let text = pem.get(find(pem, begin)? + begin.len()..)?;
    let text = text.get(..find(text, b"-----END ENCRYPTED PRIVATE KEY-----").unwrap_or(0))?;
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    Some(
        BASE64_STANDARD
            .decode(text)
            .ok()
            .filter(|der| !der.is_empty()),
    )
}

#[cfg(feature = "encrypted-keys")]
fn decrypt(der: &[u8], place: &str, password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    use rustls::pki_types::PrivatePkcs8KeyDer;

    let Some(password) = password else {
        return Err(bad(format!(
            "the private key in {place} is encrypted, and no password was given"
        )));
    };
    let key = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|e| bad(format!("the private key in {place} is broken")).with_source(e))?;
    let plain = key.decrypt(password).map_err(|e| {
        bad(format!(
            "cannot decrypt the private key in {place}: wrong password?"
        ))
        .with_source(e)
    })?;
    // A wrong password may give something that looks decrypted.
    if pkcs8::PrivateKeyInfoRef::try_from(plain.as_bytes()).is_err() {
        return Err(bad(format!(
            "cannot decrypt the private key in {place}: wrong password?"
        )));
    }
    Ok(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec()).into())
}

#[cfg(not(feature = "encrypted-keys"))]
fn decrypt(_: &[u8], place: &str, _: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    Err(bad(format!(
        "the private key in {place} is encrypted, which needs papilio's feature `encrypted-keys`"
    )))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

fn bad(message: String) -> Error {
    Error::new(Kind::Tls, message)
}
