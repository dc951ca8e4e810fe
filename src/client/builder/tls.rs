//! The settings of a client that are about TLS, and whether the environment counts.

use super::ClientBuilder;
use crate::client::Buildable;
use crate::models::tls::Verify;
#[cfg(feature = "tls")]
use crate::models::tls::{ClientCert, TlsConfig, TlsVersion};

impl<C: Buildable> ClientBuilder<C> {
    /// Which certificates to trust: `true` (the default), `false`, the path of a PEM file or of a directory of them, or
    /// a [`Verify`].
    ///
    /// `false` means: any certificate of anybody, for any name. The connection is still encrypted, but to whom is not
    /// known; whoever can come between reads passwords and changes answers. It is for tests; a server with a certificate
    /// of its own is better served by [`add_root_certificate`](Self::add_root_certificate) or a path.
    ///
    /// With `true`, `SSL_CERT_FILE` and `SSL_CERT_DIR` name other roots if the environment is trusted; what they name
    /// must be usable. The environment can never switch verification off.
    ///
    /// ```
    /// use papilio::{Client, Kind};
    /// let error = Client::builder().verify("no/such/file.pem").build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Tls);
    /// ```
    #[doc(alias = "danger_accept_invalid_certs")]
    #[doc(alias = "danger_accept_invalid_hostnames")]
    #[doc(alias = "insecure")]
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.network.tls.changed().verify = verify.into();
        self
    }

    /// Trusts these certificates (PEM text or DER) besides the others, such as those of a private authority.
    ///
    /// ```
    /// use papilio::{Client, Kind};
    /// let error = Client::builder().add_root_certificate("not a certificate").build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Tls);
    /// ```
    pub fn add_root_certificate(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        let certificates = certificates.into();
        self.network.tls.changed().extra_roots.push(certificates);
        self
    }

    /// Whether environment variables count; yes unless set.
    ///
    /// ```
    /// // Whatever `HTTPS_PROXY`, `SSL_CERT_FILE` or `NETRC` say.
    /// let client = papilio::Client::builder().trust_env(false).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn trust_env(mut self, on: bool) -> Self {
        self.network.tls.trust_env = on;
        self
    }
}

#[cfg(feature = "tls")]
impl<C: Buildable> ClientBuilder<C> {
    /// A ready configuration in place of all settings of TLS so far; those that follow change it for this client.
    ///
    /// ```
    /// use papilio::{Client, TlsConfig, Verify};
    /// let tls = TlsConfig::builder().verify(Verify::Bundled).trust_env(false).build()?;
    /// let client = Client::builder().tls(tls).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "ssl_context")]
    #[doc(alias = "use_preconfigured_tls")]
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.network.tls = TlsConfig {
            trust_env: self.network.tls.trust_env,
            ..config
        };
        self
    }

    /// Who the client says it is, to servers that ask. With several the first one counts that is for the server.
    ///
    /// ```
    /// use papilio::{Client, ClientCert, Kind};
    /// let cert = ClientCert::from_file("no/such/file.pem").only_for("example.org");
    /// let error = Client::builder().cert(cert).build().unwrap_err();
    /// assert_eq!(error.kind(), Kind::Tls);
    /// ```
    #[doc(alias = "identity")]
    pub fn cert(mut self, cert: ClientCert) -> Self {
        self.network.tls.changed().more.certs.push(cert);
        self
    }

    /// Takes of these hosts only a certificate with this public key, or with another one pinned for them: name a second
    /// one that is kept in reserve, or the server can never change its key. Everything else is checked as well.
    ///
    /// The hosts are written as in [`ClientCert::only_for`]. The pin is `sha256/` and the Base64 of the SHA-256 of the
    /// certificate's SubjectPublicKeyInfo; it is the server's own certificate that counts, not one that issued it. An
    /// error for the wrong key has the reason [`CertificatePin`](crate::Reason::CertificatePin) and shows the right pin.
    ///
    /// ```
    /// use papilio::Client;
    /// let client = Client::builder()
    ///     .pin_public_key("*.example.org", "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    ///     .pin_public_key("*.example.org", "sha256/R+jmVsF8qkYB1GFy2nGSxbqD3PY+4MvxgCHrJLvaW0k=")
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "pinnedpubkey")]
    pub fn pin_public_key(mut self, hosts: impl Into<String>, pin: impl Into<String>) -> Self {
        let pin = (hosts.into(), pin.into());
        self.network.tls.changed().more.pins.push(pin);
        self
    }

    /// The lowest version of TLS; 1.2 unless set.
    ///
    /// ```
    /// use papilio::{Client, TlsVersion};
    /// let client = Client::builder().min_tls_version(TlsVersion::Tls13).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn min_tls_version(mut self, version: TlsVersion) -> Self {
        self.network.tls.changed().more.min_version = Some(version);
        self
    }

    /// The highest version of TLS; 1.3 unless set.
    ///
    /// ```
    /// use papilio::{Client, TlsVersion};
    /// let client = Client::builder().max_tls_version(TlsVersion::Tls12).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn max_tls_version(mut self, version: TlsVersion) -> Self {
        self.network.tls.changed().more.max_version = Some(version);
        self
    }
}
