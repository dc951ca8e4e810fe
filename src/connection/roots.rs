//! Whom to trust: from [`TlsConfig`] to a rustls configuration.
//!
//! Owns reading of certificates and the verifier that accepts everything. Does not own sessions (`connection/tls.rs`).

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{Error, Kind, Result};
use crate::models::tls::{TlsConfig, Verify};

/// Builds the configuration all connections of a transport share. Reads files and the environment; logs what it took.
pub(crate) fn client_config(config: &TlsConfig) -> Result<Arc<ClientConfig>> {
    log::debug!(
        target: "papilio",
        "load_ssl_context verify={} cert=None trust_env={} http2=false",
        match &config.verify {
            Verify::Roots => "true".to_owned(),
            Verify::Off => "false".to_owned(),
            Verify::Path(path) => path.display().to_string(),
        },
        config.trust_env
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(Kind::Tls, "no usable TLS version").with_source(e))?;
    let mut tls = if config.verify == Verify::Off {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
            .with_no_client_auth()
    } else {
        builder
            .with_root_certificates(roots(config)?)
            .with_no_client_auth()
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

/// Reads a file or directory of certificates that was named explicitly, to fail when the client is built (CLT-03).
pub(crate) fn check_path(path: &Path) -> Result<()> {
    let mut store = RootCertStore::empty();
    if path.is_dir() {
        add_directory(&mut store, path)
    } else {
        add_file(&mut store, path)
    }
}

/// Reads PEM text of certificates.
pub(crate) fn check_pem(pem: &[u8]) -> Result<()> {
    add_pem(
        &mut RootCertStore::empty(),
        pem,
        "the given root certificate",
    )
}

fn roots(config: &TlsConfig) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match &config.verify {
        Verify::Path(path) if path.is_dir() => {
            log::debug!(target: "papilio", "load_verify_locations capath={}", path.display());
            add_directory(&mut store, path)?;
        }
        Verify::Path(path) => {
            log::debug!(target: "papilio", "load_verify_locations cafile={}", path.display());
            add_file(&mut store, path)?;
        }
        _ if config.trust_env && add_environment(&mut store) => {}
        _ => {
            log::debug!(target: "papilio", "load_verify_locations built-in roots");
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    for pem in &config.extra_roots {
        add_pem(&mut store, pem, "the given root certificate")?;
    }
    Ok(store)
}

/// `SSL_CERT_FILE`, else `SSL_CERT_DIR` (TLS-05). One that is set and unusable is named in a warning, then the next
/// choice applies.
fn add_environment(store: &mut RootCertStore) -> bool {
    type Load = fn(&mut RootCertStore, &Path) -> Result<()>;
    let choices: [(&str, &str, Load); 2] = [
        ("SSL_CERT_FILE", "cafile", add_file),
        ("SSL_CERT_DIR", "capath", add_directory),
    ];
    for (variable, kind, load) in choices {
        let Some(path) = std::env::var_os(variable).filter(|value| !value.is_empty()) else {
            continue;
        };
        match load(store, Path::new(&path)) {
            Ok(()) => {
                log::debug!(target: "papilio", "load_verify_locations {kind}={}", Path::new(&path).display());
                return true;
            }
            Err(error) => log::warn!(target: "papilio", "{variable} is ignored: {error}"),
        }
    }
    false
}

fn add_file(store: &mut RootCertStore, path: &Path) -> Result<()> {
    let pem = std::fs::read(path).map_err(|e| {
        Error::new(
            Kind::Tls,
            format!("cannot read certificates from {}", path.display()),
        )
        .with_source(e)
    })?;
    add_pem(store, &pem, &path.display().to_string())
}

/// Every file of the directory that holds a certificate; others are passed over.
fn add_directory(store: &mut RootCertStore, path: &Path) -> Result<()> {
    let entries = std::fs::read_dir(path).map_err(|e| {
        Error::new(
            Kind::Tls,
            format!("cannot read the directory {}", path.display()),
        )
        .with_source(e)
    })?;
    for entry in entries.flatten() {
        if entry.path().is_file() {
            let _ = add_file(store, &entry.path());
        }
    }
    if store.is_empty() {
        return Err(Error::new(
            Kind::Tls,
            format!("no certificate in {}", path.display()),
        ));
    }
    Ok(())
}

fn add_pem(store: &mut RootCertStore, pem: &[u8], place: &str) -> Result<()> {
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate
            .map_err(|e| e.to_string())
            .and_then(|c| store.add(c).map_err(|e| e.to_string()));
        match added {
            Ok(()) => found = true,
            // Bundles of whole systems hold roots that nobody can parse; one usable is enough.
            Err(error) => {
                log::debug!(target: "papilio", "a certificate of {place} is passed over: {error}")
            }
        }
    }
    if found {
        return Ok(());
    }
    Err(Error::new(Kind::Tls, format!("no certificate in {place}")))
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
