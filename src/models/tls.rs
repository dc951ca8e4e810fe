//! `Verify` and `TlsConfig`: TLS settings as data.
//!
//! Owns what the user said. Does not name rustls, read roots or open connections; `connection/tls.rs` does.

use std::path::{Path, PathBuf};

/// Which certificates a client trusts.
///
/// ```
/// use papilio::Verify;
/// assert_eq!(Verify::from(true), Verify::Roots);
/// assert_eq!(Verify::from("private-ca.pem"), Verify::Path("private-ca.pem".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Verify {
    /// The bundled roots, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name if the environment is trusted.
    #[default]
    Roots,
    /// The certificates of this PEM file, or of every PEM file in this directory, and no others.
    Path(PathBuf),
    /// Any certificate for any name. Whoever can reach the connection can read and change everything on it.
    #[doc(alias = "danger_accept_invalid_certs")]
    Off,
}

impl From<bool> for Verify {
    fn from(on: bool) -> Self {
        if on { Self::Roots } else { Self::Off }
    }
}

impl From<&Path> for Verify {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Verify {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&str> for Verify {
    fn from(path: &str) -> Self {
        Self::Path(path.into())
    }
}

/// Everything a client was told about TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsConfig {
    pub(crate) verify: Verify,
    /// PEM text of certificates trusted besides the others.
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) trust_env: bool,
}
