//! `TlsConfig` and `Verify`: TLS settings as data.
//!
//! Owns what the user said, and the place where what became of it is kept, so that clients can share it. Does not read
//! roots, keys or the environment; `connection/tls_config.rs` does, and of rustls only a ready configuration is named.

#[cfg(feature = "tls")]
mod builder;
#[cfg(feature = "tls")]
mod client_cert;
#[cfg(feature = "tls")]
mod host_pattern;
#[cfg(feature = "tls")]
mod server_name;
#[cfg(feature = "tls")]
mod version;

use std::fmt;
use std::path::{Path, PathBuf};
#[cfg(feature = "tls")]
use std::{
    any::Any,
    sync::{Arc, OnceLock},
};

#[cfg(feature = "tls")]
pub use builder::TlsConfigBuilder;
#[cfg(feature = "tls")]
pub use client_cert::ClientCert;
#[cfg(feature = "tls")]
pub(crate) use client_cert::Source;
#[cfg(feature = "tls")]
pub(crate) use host_pattern::HostPattern;
#[cfg(feature = "tls")]
pub use server_name::ServerName;
#[cfg(feature = "tls")]
pub use version::TlsVersion;

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
    /// The bundled roots (Mozilla's), whatever the environment says.
    Bundled,
    /// The certificates of this PEM file, or of every PEM file in this directory, and no others.
    Path(PathBuf),
    /// What the operating system trusts, by its own verifier on macOS and Windows. Elsewhere its usual files, or those
    /// that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; if one of these is set and the environment is not trusted, building
    /// the client fails.
    #[cfg(feature = "native-roots")]
    Native,
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

/// Everything about TLS: whom to trust, who to be, which versions.
///
/// A client has methods for these settings of its own. A configuration that is built once and given to several clients
/// with [`ClientBuilder::tls`](crate::ClientBuilder::tls) reads its files once, and its sessions are resumed by all of
/// them. Whether HTTP/2 is offered is the client's choice, not part of it.
///
/// ```
/// # #[cfg(feature = "tls")] {
/// use papilio::{Client, TlsConfig, TlsVersion};
///
/// let tls = TlsConfig::builder().min_version(TlsVersion::Tls13).trust_env(false).build()?;
/// let client = Client::builder().tls(tls.clone()).build()?;
/// let other = Client::builder().tls(tls).build()?;
/// # }
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "SSLContext")]
#[doc(alias = "create_ssl_context")]
#[derive(Clone)]
pub struct TlsConfig {
    pub(crate) verify: Verify,
    /// Certificates trusted besides the others, as PEM text or DER.
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) trust_env: bool,
    #[cfg(feature = "tls")]
    pub(crate) more: More,
    #[cfg(feature = "tls")]
    pub(crate) built: Built,
}

/// The settings that need the feature.
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
pub(crate) struct More {
    pub(crate) certs: Vec<ClientCert>,
    /// Hosts, and a pin for them, as given.
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) min_version: Option<TlsVersion>,
    pub(crate) max_version: Option<TlsVersion>,
    pub(crate) ready: Option<Arc<rustls::ClientConfig>>,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            verify: Verify::Roots,
            extra_roots: Vec::new(),
            trust_env: true,
            #[cfg(feature = "tls")]
            more: More::default(),
            #[cfg(feature = "tls")]
            built: Built::default(),
        }
    }
}

impl TlsConfig {
    /// These settings, to be changed: what was made of them before no longer holds, no session of it is resumed.
    pub(crate) fn changed(&mut self) -> &mut Self {
        #[cfg(feature = "tls")]
        {
            self.built = Built::default();
        }
        self
    }
}

#[cfg(feature = "tls")]
impl TlsConfig {
    /// Settings to be built.
    ///
    /// ```
    /// use papilio::{Client, TlsConfig, TlsVersion};
    /// let tls = TlsConfig::builder().min_version(TlsVersion::Tls13).build()?;
    /// let client = Client::builder().tls(tls).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder::new()
    }

    /// A ready configuration of rustls, of the version papilio is built with, for what has no setting here. Changes of
    /// that version are not breaking changes of papilio: this function stands outside its promise of stability.
    ///
    /// It is used as it is but for three things that papilio decides: the protocols that are offered (ALPN), that the
    /// answer to them is checked, and that no early data is sent. It cannot be combined with other settings of TLS.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use papilio::{Client, TlsConfig};
    ///
    /// let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    /// let config = rustls::ClientConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()?
    ///     .with_root_certificates(roots)
    ///     .with_no_client_auth();
    /// let client = Client::builder().tls(TlsConfig::from_rustls(config)).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "use_preconfigured_tls")]
    pub fn from_rustls(config: impl Into<Arc<rustls::ClientConfig>>) -> Self {
        Self {
            more: More {
                ready: Some(config.into()),
                ..More::default()
            },
            ..Self::default()
        }
    }
}

/// What was said, without anything secret: no key, no password, no content of a certificate.
impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TlsConfig");
        out.field("verify", &self.verify)
            .field("extra_roots", &self.extra_roots.len())
            .field("trust_env", &self.trust_env);
        #[cfg(feature = "tls")]
        out.field("certs", &self.more.certs)
            .field("pins", &self.more.pins)
            .field("min_version", &self.more.min_version)
            .field("max_version", &self.more.max_version)
            .field("from_rustls", &self.more.ready.is_some());
        out.finish()
    }
}

/// What `connection` made of the settings, once for all that share them. What it is, is no business of this file's.
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
pub(crate) struct Built(Arc<OnceLock<Arc<dyn Any + Send + Sync>>>);

#[cfg(feature = "tls")]
impl Built {
    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.get().cloned()?.downcast().ok()
    }

    /// Keeps it, unless somebody was faster.
    pub(crate) fn keep<T: Any + Send + Sync>(&self, value: Arc<T>) -> Arc<T> {
        let kept = self.0.get_or_init(|| Arc::clone(&value) as _);
        Arc::clone(kept).downcast().unwrap_or(value)
    }
}
