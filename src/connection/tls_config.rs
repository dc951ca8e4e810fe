//! From [`TlsConfig`] to the configurations of rustls that connections shake hands with.
//!
//! Owns the choice of what a connection is given: certificate, pins and protocols by where it leads, and sessions that
//! are resumed nowhere else. Does not own roots, keys and verifiers (the files below), or sessions (`connection/tls.rs`).

mod identity;
mod key_log;
mod roots;
mod verifier;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, KeyLog, SupportedProtocolVersion};

use crate::error::{Error, Kind, Result};
use crate::models::tls::{TlsConfig, TlsConfigBuilder, TlsVersion, Verify};
use crate::models::url::Url;
use identity::Identity;
pub(crate) use verifier::PinMismatch;
use verifier::{Pin, Pinned};

/// Which application protocols are offered (TLS-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "HTTP/2 is a feature")]
pub(crate) enum Alpn {
    Http11,
    /// HTTP/2 if the server can, else HTTP/1.1.
    Http2OrHttp11,
    /// HTTP/2 whatever the answer.
    Http2,
    /// What a ready configuration of the caller's says, else nothing: what will be spoken is not known here.
    Unsaid,
}

impl Alpn {
    fn protocols(self) -> Vec<Vec<u8>> {
        let (h2, http11) = (b"h2".to_vec(), b"http/1.1".to_vec());
        match self {
            Self::Http11 => vec![http11],
            Self::Http2OrHttp11 => vec![h2, http11],
            Self::Http2 => vec![h2],
            Self::Unsaid => Vec::new(),
        }
    }
}

/// Checks what was named, such as files of certificates, to fail when the client is built (CLT-03). Settings that name
/// nothing are left for the first connection: plain http reads no root.
pub(crate) fn check(tls: &TlsConfig) -> Result<()> {
    let more = &tls.more;
    let named = matches!(tls.verify, Verify::Path(_))
        || !tls.extra_roots.is_empty()
        || !more.certs.is_empty()
        || !more.pins.is_empty()
        || more.min_version.is_some()
        || more.max_version.is_some()
        || more.ready.is_some()
        || (tls.trust_env && (roots::in_environment(tls) || key_log::in_environment()));
    if named {
        loaded(tls)?;
    }
    Ok(())
}

/// The configuration for a connection to the origin of this URL, perhaps by way of a proxy.
pub(crate) fn for_origin(
    tls: &TlsConfig,
    url: &Url,
    proxy: Option<&Url>,
    alpn: Alpn,
) -> Result<Arc<ClientConfig>> {
    let loaded = loaded(tls)?;
    let identity = loaded.identities.iter().position(|i| i.is_for(url));
    loaded.config(url, proxy, alpn, identity)
}

/// The configuration for a connection to a proxy: HTTP/1.1, and never a client certificate (R-TLS-08).
#[allow(dead_code, reason = "for the proxies")]
pub(crate) fn for_proxy(tls: &TlsConfig, proxy: &Url) -> Result<Arc<ClientConfig>> {
    // As its own proxy, so that its sessions are not those of an origin of that name.
    loaded(tls)?.config(proxy, Some(proxy), Alpn::Http11, None)
}

/// The cryptography that the build was made with.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg(feature = "aws-lc-rs")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    return rustls::crypto::ring::default_provider();
}

impl TlsConfigBuilder {
    /// The configuration. Reads what it names, and the environment if that is trusted.
    ///
    /// # Errors
    /// [`Kind::Tls`] for files and certificates that cannot be used, [`Kind::Config`] for a setting that makes no sense.
    ///
    /// ```
    /// let tls = papilio::TlsConfig::builder().trust_env(false).build()?;
    /// assert!(papilio::TlsConfig::builder().verify("no/such/file.pem").build().is_err());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn build(self) -> Result<TlsConfig> {
        let mut config = self.config;
        loaded(config.changed())?;
        Ok(config)
    }
}

/// What the settings came to, once for all who share them.
struct Loaded {
    origin: Origin,
    identities: Vec<Identity>,
    pins: Vec<Pin>,
    /// The lines for the log, until they are written.
    notes: Mutex<Option<Notes>>,
    /// Made so far, latest last.
    configs: Mutex<Vec<(Key, Arc<ClientConfig>)>>,
}

/// Where configurations come from.
enum Origin {
    /// The caller's own.
    Ready(Arc<ClientConfig>),
    Parts(Box<Parts>),
}

struct Parts {
    provider: Arc<CryptoProvider>,
    versions: &'static [&'static SupportedProtocolVersion],
    verifier: Arc<dyn ServerCertVerifier>,
    key_log: Option<Arc<dyn KeyLog>>,
}

/// What keeps sessions apart (R-TLS-06). The name is not here: rustls keeps sessions by name.
#[derive(PartialEq)]
struct Key {
    alpn: Alpn,
    port: Option<u16>,
    proxy: Option<Url>,
    identity: Option<usize>,
    pins: Vec<usize>,
}

struct Notes {
    context: String,
    roots: Vec<String>,
}

fn loaded(tls: &TlsConfig) -> Result<Arc<Loaded>> {
    if let Some(loaded) = tls.built.get() {
        return Ok(loaded);
    }
    // Not under a lock: reading files twice is better than waiting for another thread's.
    let loaded = Loaded::new(tls)?;
    Ok(tls.built.keep(Arc::new(loaded)))
}

impl Loaded {
    fn new(tls: &TlsConfig) -> Result<Self> {
        let provider = Arc::new(provider());
        let mut roots = Vec::new();
        let origin = match &tls.more.ready {
            Some(ready) => {
                check_alone(tls)?;
                Origin::Ready(Arc::clone(ready))
            }
            None => Origin::Parts(Box::new(Parts {
                versions: versions(tls.more.min_version, tls.more.max_version)?,
                verifier: verifier::verifier(tls, &provider, &mut roots)?,
                key_log: key_log::open(tls.trust_env)?,
                provider: Arc::clone(&provider),
            })),
        };
        let certs = tls.more.certs.iter();
        let pins = tls.more.pins.iter();
        Ok(Self {
            origin,
            identities: certs
                .map(|cert| Identity::load(cert, &provider))
                .collect::<Result<_>>()?,
            pins: pins
                .map(|(hosts, pin)| Pin::parse(hosts, pin))
                .collect::<Result<_>>()?,
            notes: Mutex::new(Some(notes(tls, roots))),
            configs: Mutex::default(),
        })
    }

    fn config(
        &self,
        url: &Url,
        proxy: Option<&Url>,
        alpn: Alpn,
        identity: Option<usize>,
    ) -> Result<Arc<ClientConfig>> {
        self.write_notes(alpn);
        let pins = self.pins.iter().enumerate();
        let key = Key {
            alpn,
            port: url.port_or_default(),
            proxy: proxy.cloned(),
            identity,
            pins: pins
                .filter(|(_, pin)| pin.is_for(url))
                .map(|(index, _)| index)
                .collect(),
        };
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, config)) = configs.iter().find(|(other, _)| *other == key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(&key)?);
        if configs.len() == MOST_CONFIGS {
            configs.remove(0);
        }
        configs.push((key, Arc::clone(&config)));
        Ok(config)
    }

    fn make(&self, key: &Key) -> Result<ClientConfig> {
        let mut config = match &self.origin {
            Origin::Ready(ready) => (**ready).clone(),
            Origin::Parts(parts) => {
                let pins: Vec<&Pin> = key.pins.iter().filter_map(|&i| self.pins.get(i)).collect();
                let identity = key.identity.and_then(|index| self.identities.get(index));
                parts.config(&pins, identity)?
            }
        };
        if key.alpn != Alpn::Unsaid {
            config.alpn_protocols = key.alpn.protocols();
        }
        config.check_selected_alpn = true;
        config.enable_early_data = false;
        Ok(config)
    }

    fn write_notes(&self, alpn: Alpn) {
        let notes = self
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(notes) = notes {
            let http2 = matches!(alpn, Alpn::Http2 | Alpn::Http2OrHttp11);
            log::debug!(target: "papilio", "{} http2={http2}", notes.context);
            for line in notes.roots {
                log::debug!(target: "papilio", "{line}");
            }
        }
    }
}

impl Parts {
    fn config(&self, pins: &[&Pin], identity: Option<&Identity>) -> Result<ClientConfig> {
        let verifier = match pins {
            [] => Arc::clone(&self.verifier),
            pins => Arc::new(Pinned::new(Arc::clone(&self.verifier), pins)) as _,
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions)
            .map_err(|e| Error::new(Kind::Tls, "no usable TLS version").with_source(e))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        if let Some(key_log) = &self.key_log {
            config.key_log = Arc::clone(key_log);
        }
        Ok(config)
    }
}

/// A ready configuration says everything; what else was said would be lost.
fn check_alone(tls: &TlsConfig) -> Result<()> {
    let more = &tls.more;
    let alone = tls.verify == Verify::Roots
        && tls.extra_roots.is_empty()
        && more.certs.is_empty()
        && more.pins.is_empty()
        && more.min_version.is_none()
        && more.max_version.is_none();
    if alone {
        return Ok(());
    }
    Err(Error::new(
        Kind::Config,
        "a ready TLS configuration of rustls cannot be combined with other settings of TLS",
    ))
}

fn versions(
    min: Option<TlsVersion>,
    max: Option<TlsVersion>,
) -> Result<&'static [&'static SupportedProtocolVersion]> {
    match (
        min.unwrap_or(TlsVersion::Tls12),
        max.unwrap_or(TlsVersion::Tls13),
    ) {
        (TlsVersion::Tls12, TlsVersion::Tls13) => Ok(&BOTH),
        (TlsVersion::Tls12, TlsVersion::Tls12) => Ok(&ONLY_12),
        (TlsVersion::Tls13, TlsVersion::Tls13) => Ok(&ONLY_13),
        (TlsVersion::Tls13, TlsVersion::Tls12) => Err(Error::new(
            Kind::Config,
            "the lowest version of TLS is above the highest",
        )),
    }
}

/// LOG-04. File names are those the user gave.
fn notes(tls: &TlsConfig, roots: Vec<String>) -> Notes {
    let verify = match &tls.verify {
        _ if tls.more.ready.is_some() => "rustls".to_owned(),
        Verify::Roots => "true".to_owned(),
        Verify::Bundled => "bundled".to_owned(),
        #[cfg(feature = "native-roots")]
        Verify::Native => "native".to_owned(),
        Verify::Off => "false".to_owned(),
        Verify::Path(path) => path.display().to_string(),
    };
    let certs: Vec<String> = tls
        .more
        .certs
        .iter()
        .map(|c| c.source.to_string())
        .collect();
    let cert = if certs.is_empty() {
        "None".to_owned()
    } else {
        certs.join(",")
    };
    let trust_env = tls.trust_env;
    Notes {
        context: format!("load_ssl_context verify={verify} cert={cert} trust_env={trust_env}"),
        roots,
    }
}

type Versions<const N: usize> = [&'static SupportedProtocolVersion; N];
static BOTH: Versions<2> = [&TLS13, &TLS12];
static ONLY_12: Versions<1> = [&TLS12];
static ONLY_13: Versions<1> = [&TLS13];

/// Sessions that are kept for one place: names, of which each has a few tickets.
const SESSIONS: usize = 64;

/// Places that sessions are kept for; of one more the oldest is forgotten.
const MOST_CONFIGS: usize = 64;

#[cfg(test)]
mod tests;
