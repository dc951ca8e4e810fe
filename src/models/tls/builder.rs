//! `TlsConfigBuilder`: the settings of a [`TlsConfig`], one by one. They are checked and read by `connection`.

use super::{ClientCert, TlsConfig, TlsVersion, Verify};

/// Settings of a [`TlsConfig`] to be built: [`TlsConfig::builder`].
///
/// ```no_run
/// use papilio::{ClientCert, TlsConfig};
///
/// let tls = TlsConfig::builder()
///     .verify("private-ca.pem")
///     .cert(ClientCert::from_file("me.pem").only_for("*.internal.example.org"))
///     .build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TlsConfigBuilder {
    pub(crate) config: TlsConfig,
}

impl TlsConfigBuilder {
    pub(crate) fn new() -> Self {
        Self {
            config: TlsConfig::default(),
        }
    }

    /// Which certificates to trust; see [`ClientBuilder::verify`](crate::ClientBuilder::verify).
    ///
    /// ```
    /// use papilio::TlsConfig;
    /// let tls = TlsConfig::builder().verify(false).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "danger_accept_invalid_certs")]
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.config.verify = verify.into();
        self
    }

    /// Trusts these certificates (PEM text or DER) besides the others.
    ///
    /// ```
    /// use papilio::{Kind, TlsConfig};
    /// let error = TlsConfig::builder().add_root_certificate("no certificate").build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Tls);
    /// ```
    pub fn add_root_certificate(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.config.extra_roots.push(certificates.into());
        self
    }

    /// Who to be. With several the first one counts that is for the server in question.
    ///
    /// ```
    /// use papilio::{ClientCert, TlsConfig};
    /// let cert = ClientCert::from_file("no/such.pem").only_for("example.org");
    /// assert!(TlsConfig::builder().cert(cert).build().is_err());
    /// ```
    pub fn cert(mut self, cert: ClientCert) -> Self {
        self.config.more.certs.push(cert);
        self
    }

    /// Takes of these hosts only a certificate with this public key; see
    /// [`ClientBuilder::pin_public_key`](crate::ClientBuilder::pin_public_key).
    ///
    /// ```
    /// use papilio::TlsConfig;
    /// let pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    /// let tls = TlsConfig::builder().pin_public_key("example.org", pin).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn pin_public_key(mut self, hosts: impl Into<String>, pin: impl Into<String>) -> Self {
        self.config.more.pins.push((hosts.into(), pin.into()));
        self
    }

    /// The lowest version; 1.2 unless set.
    ///
    /// ```
    /// use papilio::{TlsConfig, TlsVersion};
    /// let tls = TlsConfig::builder().min_version(TlsVersion::Tls13).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.config.more.min_version = Some(version);
        self
    }

    /// The highest version; 1.3 unless set.
    ///
    /// ```
    /// use papilio::{TlsConfig, TlsVersion};
    /// let tls = TlsConfig::builder().max_version(TlsVersion::Tls12).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn max_version(mut self, version: TlsVersion) -> Self {
        self.config.more.max_version = Some(version);
        self
    }

    /// Whether `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE` count; yes unless set. The
    /// [`trust_env`](crate::ClientBuilder::trust_env) of a client that is given the configuration does not change it.
    ///
    /// ```
    /// use papilio::TlsConfig;
    /// let tls = TlsConfig::builder().trust_env(false).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn trust_env(mut self, on: bool) -> Self {
        self.config.trust_env = on;
        self
    }
}
