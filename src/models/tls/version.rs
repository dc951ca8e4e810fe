//! `TlsVersion`: the versions there are.

/// A version of TLS that papilio speaks. There is none below 1.2.
///
/// ```
/// use papilio::TlsVersion;
/// assert!(TlsVersion::Tls12 < TlsVersion::Tls13);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}
