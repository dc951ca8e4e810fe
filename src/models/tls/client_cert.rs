//! `ClientCert`: who a client says it is.
//!
//! Owns where certificate and key are to be found, and for whom they are. They are read by `connection`.

use std::fmt;
use std::path::{Path, PathBuf};

/// A client certificate with its chain and its private key, in PEM.
///
/// It must be said which servers are given it, by [`only_for`](Self::only_for) or [`for_any_host`](Self::for_any_host):
/// a certificate tells a server who is asking, and a redirect can lead anywhere. A proxy is never given it. The key is
/// PKCS#8, PKCS#1 or SEC1; one that is encrypted with a password (PKCS#8) needs the feature `encrypted-keys`.
///
/// ```no_run
/// use papilio::{Client, ClientCert};
///
/// let cert = ClientCert::from_files("me.pem", "me.key")
///     .password("correct horse")
///     .only_for("*.internal.example.org");
/// let client = Client::builder().cert(cert).build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "cert")]
#[doc(alias = "Identity")]
#[derive(Clone)]
#[must_use]
pub struct ClientCert {
    pub(crate) source: Source,
    pub(crate) password: Option<String>,
    /// As given; empty is an error, found when the client is built.
    pub(crate) hosts: Vec<String>,
}

/// Where they are.
#[derive(Clone)]
pub(crate) enum Source {
    File(PathBuf),
    Files { cert: PathBuf, key: PathBuf },
    Pem(Vec<u8>),
}

impl ClientCert {
    /// One PEM file with the certificate, its chain if it has one, and the private key. It is read when the client is
    /// built.
    ///
    /// ```
    /// let cert = papilio::ClientCert::from_file("me.pem").only_for("example.org");
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Self {
        Self::new(Source::File(path.as_ref().to_owned()))
    }

    /// A PEM file with the certificate and its chain, and one with the private key. They are read when the client is
    /// built.
    ///
    /// ```
    /// let cert = papilio::ClientCert::from_files("me.pem", "me.key").only_for("example.org");
    /// ```
    pub fn from_files(cert: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        Self::new(Source::Files {
            cert: cert.as_ref().to_owned(),
            key: key.as_ref().to_owned(),
        })
    }

    /// PEM text with the certificate, its chain if it has one, and the private key.
    ///
    /// ```
    /// use papilio::{Client, ClientCert, Kind};
    /// let cert = ClientCert::from_pem("no certificate").only_for("example.org");
    /// assert_eq!(Client::builder().cert(cert).build().unwrap_err().kind(), Kind::Tls);
    /// ```
    pub fn from_pem(pem: impl Into<Vec<u8>>) -> Self {
        Self::new(Source::Pem(pem.into()))
    }

    /// The password of the private key. A key that is not encrypted takes no notice of it.
    ///
    /// ```
    /// let cert = papilio::ClientCert::from_file("me.pem").password("s3cret").only_for("example.org");
    /// assert!(!format!("{cert:?}").contains("s3cret"));
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sends it to these servers, and those named by other calls, if they ask for it: `"example.org"`, every name below
    /// with `"*.example.org"`, one port alone with `"example.org:8443"`.
    ///
    /// ```
    /// let cert = papilio::ClientCert::from_file("me.pem").only_for("example.org").only_for("*.internal.example.org");
    /// ```
    pub fn only_for(mut self, hosts: impl Into<String>) -> Self {
        self.hosts.push(hosts.into());
        self
    }

    /// Sends it to every server that asks for it, also after redirects.
    ///
    /// ```
    /// let cert = papilio::ClientCert::from_file("me.pem").for_any_host();
    /// ```
    pub fn for_any_host(self) -> Self {
        self.only_for("*")
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            password: None,
            hosts: Vec::new(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Files { cert, .. } => cert.display().fmt(f),
            Self::Pem(_) => f.write_str("the given PEM text"),
        }
    }
}

/// Where it is from and for whom it is; no key, no password.
impl fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCert")
            .field("source", &format_args!("{}", self.source))
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}
