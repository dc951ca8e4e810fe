//! Whom to trust: certificates from files, directories, the environment and the program itself.

use std::ffi::OsString;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, Kind, Result};
use crate::models::tls::{TlsConfig, Verify};

/// Whether variables name roots for these settings.
pub(super) fn in_environment(tls: &TlsConfig) -> bool {
    tls.verify == Verify::Roots
        && ["SSL_CERT_FILE", "SSL_CERT_DIR"]
            .iter()
            .any(|v| variable(v).is_some())
}

/// The roots of these settings, and in `notes` where they are from.
pub(super) fn load(tls: &TlsConfig, notes: &mut Vec<String>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match &tls.verify {
        Verify::Path(path) => add_path(&mut store, path, notes)?,
        Verify::Roots if tls.trust_env && add_environment(&mut store, notes)? => {}
        _ => {
            notes.push("load_verify_locations built-in roots".to_owned());
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    for given in &tls.extra_roots {
        add_given(&mut store, given)?;
    }
    Ok(store)
}

/// The certificates that were given besides the roots, for a verifier that has the roots itself.
#[cfg(feature = "native-roots")]
pub(super) fn given(tls: &TlsConfig) -> Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for given in &tls.extra_roots {
        // Put in a store to find out whether they can be used.
        add_given(&mut RootCertStore::empty(), given)?;
        match is_pem(given) {
            true => all.extend(CertificateDer::pem_slice_iter(given).filter_map(|c| c.ok())),
            false => all.push(CertificateDer::from(given.clone())),
        }
    }
    Ok(all)
}

pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// `SSL_CERT_FILE`, else `SSL_CERT_DIR` (TLS-05); `false` if neither is set. One that is set has to be usable: to trust
/// others than those it names would not be what was asked for (SEC-313).
fn add_environment(store: &mut RootCertStore, notes: &mut Vec<String>) -> Result<bool> {
    let named = |error: Error, variable: &str| {
        Error::new(Kind::Tls, format!("{variable} cannot be used: {error}")).with_source(error)
    };
    if let Some(path) = variable("SSL_CERT_FILE") {
        notes.push(format!("load_verify_locations cafile={}", path.display()));
        add_file(store, Path::new(&path)).map_err(|e| named(e, "SSL_CERT_FILE"))?;
        return Ok(true);
    }
    let Some(paths) = variable("SSL_CERT_DIR") else {
        return Ok(false);
    };
    // A list, as OpenSSL has it.
    for path in std::env::split_paths(&paths) {
        notes.push(format!("load_verify_locations capath={}", path.display()));
        add_directory(store, &path).map_err(|e| named(e, "SSL_CERT_DIR"))?;
    }
    Ok(true)
}

fn add_path(store: &mut RootCertStore, path: &Path, notes: &mut Vec<String>) -> Result<()> {
    let is_directory = path.is_dir();
    let kind = if is_directory { "capath" } else { "cafile" };
    notes.push(format!("load_verify_locations {kind}={}", path.display()));
    if is_directory {
        add_directory(store, path)
    } else {
        add_file(store, path)
    }
}

fn add_file(store: &mut RootCertStore, path: &Path) -> Result<()> {
    let pem = std::fs::read(path).map_err(|e| {
        let message = format!("cannot read certificates from {}", path.display());
        Error::new(Kind::Tls, message).with_source(e)
    })?;
    add_pem(store, &pem, &path.display().to_string())
}

/// Every file of the directory that holds a certificate; others are passed over.
fn add_directory(store: &mut RootCertStore, path: &Path) -> Result<()> {
    let entries = std::fs::read_dir(path).map_err(|e| {
        let message = format!("cannot read the directory {}", path.display());
        Error::new(Kind::Tls, message).with_source(e)
    })?;
    let mut found = false;
    for entry in entries.flatten() {
        found |= entry.path().is_file() && add_file(store, &entry.path()).is_ok();
    }
    if found {
        return Ok(());
    }
    let message = format!("no certificate in {}", path.display());
    Err(Error::new(Kind::Tls, message))
}

fn add_given(store: &mut RootCertStore, given: &[u8]) -> Result<()> {
    const PLACE: &str = "the given root certificate";
    if is_pem(given) {
        return add_pem(store, given, PLACE);
    }
    store.add(CertificateDer::from(given)).map_err(|e| {
        Error::new(
            Kind::Tls,
            format!("no certificate in {PLACE}, which is not PEM"),
        )
        .with_source(e)
    })
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

fn is_pem(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"-----BEGIN ").is_some()
}
