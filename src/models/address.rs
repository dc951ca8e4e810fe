//! `AddressPolicy`: which addresses a client may connect to; and addresses and networks as they are written.
//!
//! Owns the rules and their order. What is public is in `address/public.rs`; who asks is `connection/open.rs`.

mod public;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

use crate::error::{Error, Kind, Reason, Result};

/// Which addresses a client may connect to, for programs that fetch URLs other people chose (server-side request forgery).
///
/// It is asked about every address that a connection would be made to: of every redirect, of every answer a name lookup
/// gave, of IP literals and of [`resolve`](crate::ClientBuilder::resolve) too. As it is the address itself and not the
/// name, a name that changes its mind between the check and the connect gains nothing. If some addresses of a name are
/// allowed, those alone are tried; if none is, the request fails with kind `Connect` and
/// [`Reason::AddressDenied`](crate::Reason::AddressDenied).
///
/// **With a proxy** the connection is made to the proxy, so the proxy's address is what is asked about; the proxy looks up
/// the names in URLs and connects wherever it likes. Where the policy has to hold, use no proxy, or one with rules of its
/// own; [`trust_env(false)`](crate::ClientBuilder::trust_env) keeps proxies of the environment out. A Unix socket has no
/// address, and nobody is asked.
///
/// What [`allow`](Self::allow) and [`deny`](Self::deny) say comes before the rest, and of two that speak of an address the
/// later one counts. An IPv6 address that stands for an IPv4 one (`::ffff:10.0.0.1`, or behind NAT64, 6to4 or Teredo)
/// needs that to be allowed as well.
///
/// ```
/// use papilio::{AddressPolicy, Client};
///
/// let policy = AddressPolicy::public_only().allow("10.20.0.0/16")?;
/// assert!(policy.allows("93.184.215.14:443".parse()?));
/// assert!(policy.allows("10.20.1.1:80".parse()?));
/// assert!(!policy.allows("10.0.0.1:80".parse()?));
/// assert!(!policy.allows("[::ffff:169.254.169.254]:80".parse()?));
/// let client = Client::builder().address_policy(policy).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias = "ssrf")]
pub struct AddressPolicy {
    base: Base,
    rules: Vec<(IpNet, bool)>,
}

#[derive(Clone, Default)]
enum Base {
    #[default]
    Any,
    PublicOnly,
    Function(Arc<Function>),
}

type Function = dyn Fn(SocketAddr) -> bool + Send + Sync;

impl AddressPolicy {
    /// Every address: what a client has unless told otherwise.
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// assert!(AddressPolicy::any().allows("127.0.0.1:80".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn any() -> Self {
        Self::default()
    }

    /// Addresses that the public internet has, and no others: not loopback, private, link-local, shared (CGNAT),
    /// unique-local, multicast, unspecified, broadcast, documentation, benchmarking or reserved ones, and none that
    /// clouds serve their metadata from.
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// let policy = AddressPolicy::public_only();
    /// assert!(!policy.allows("127.0.0.1:80".parse()?));
    /// assert!(policy.allows("93.184.215.14:80".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_only() -> Self {
        Self {
            base: Base::PublicOnly,
            rules: Vec::new(),
        }
    }

    /// Those for which the function says `true`. It may be called from any thread, must not wait, and sees an
    /// IPv4-mapped IPv6 address as the IPv4 address it is.
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// let web_only = AddressPolicy::new(|address| matches!(address.port(), 80 | 443));
    /// assert!(!web_only.allows("93.184.215.14:22".parse()?));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn new(allows: impl Fn(SocketAddr) -> bool + Send + Sync + 'static) -> Self {
        Self {
            base: Base::Function(Arc::new(allows)),
            rules: Vec::new(),
        }
    }

    /// Allows a network, written `10.0.0.0/8` or `fd00::/8`, or a single address.
    ///
    /// # Errors
    /// `Config` if the text is neither.
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// let policy = AddressPolicy::public_only().allow("10.1.0.0/16")?;
    /// assert!(policy.allows("10.1.2.3:80".parse()?));
    /// assert!(!policy.allows("10.2.2.3:80".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow(self, network: &str) -> Result<Self> {
        self.rule(network, true)
    }

    /// Denies a network or a single address; see [`allow`](Self::allow).
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// let policy = AddressPolicy::any().deny("192.0.2.0/24")?.allow("192.0.2.7")?;
    /// assert!(!policy.allows("192.0.2.1:80".parse()?));
    /// assert!(policy.allows("192.0.2.7:80".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Config` if the text is neither a network nor an address.
    pub fn deny(self, network: &str) -> Result<Self> {
        self.rule(network, false)
    }

    /// Whether a connection to this address may be made.
    ///
    /// ```
    /// use papilio::AddressPolicy;
    /// assert!(!AddressPolicy::public_only().allows("[::1]:443".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allows(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        if let Some((_, verdict)) = self.rules.iter().rfind(|(net, _)| net.contains(&ip)) {
            return *verdict;
        }
        let base = match &self.base {
            Base::Any => true,
            Base::PublicOnly => public::is_public(ip),
            Base::Function(allows) => allows(canonical(address)),
        };
        base && public::embedded(ip)
            .into_iter()
            .flatten()
            .all(|v4| self.allows(SocketAddr::new(v4.into(), address.port())))
    }

    /// Those of a host's addresses that may be connected to.
    ///
    /// # Errors
    /// `Connect` with `AddressDenied` if there were some, and none may be.
    pub(crate) fn pick(&self, host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
        if matches!(self.base, Base::Any) && self.rules.is_empty() {
            return Ok(addresses);
        }
        let (allowed, denied): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| self.allows(*address));
        if allowed.is_empty() && !denied.is_empty() {
            return Err(denial(host, &denied));
        }
        Ok(allowed)
    }

    fn rule(mut self, text: &str, verdict: bool) -> Result<Self> {
        let net = network(text).ok_or_else(|| {
            Error::new(
                Kind::Config,
                format!("{text:?} is not a network such as \"10.0.0.0/8\" and not an IP address"),
            )
        })?;
        self.rules.push((net, verdict));
        Ok(self)
    }
}

impl fmt::Debug for AddressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.base {
            Base::Any => "AddressPolicy::any()",
            Base::PublicOnly => "AddressPolicy::public_only()",
            Base::Function(_) => "AddressPolicy::new(..)",
        })?;
        for (net, verdict) in &self.rules {
            let method = if *verdict { "allow" } else { "deny" };
            write!(f, ".{method}(\"{net}\")")?;
        }
        Ok(())
    }
}

/// An IP literal as it stands in a URL, brackets left out, and its zone without `%` or `%25` (RFC 6874 section 2).
pub(crate) fn literal(host: &str) -> Option<(IpAddr, Option<&str>)> {
    match host.split_once('%') {
        None => host.parse().ok().map(|ip| (ip, None)),
        Some((ip, zone)) => {
            let zone = zone.strip_prefix("25").unwrap_or(zone);
            let ip = ip.parse().ok().filter(IpAddr::is_ipv6)?;
            (!zone.is_empty()).then_some((ip, Some(zone)))
        }
    }
}

/// A network in CIDR notation, or a single address as the network of it; IPv6 in brackets or not. One of IPv4-mapped
/// addresses is the network of those IPv4 addresses.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let text = match text.strip_prefix('[') {
        Some(rest) => Cow::Owned(rest.replacen(']', "", 1)),
        None => Cow::Borrowed(text),
    };
    let net = match text.parse::<IpNet>() {
        Ok(net) => net.trunc(),
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    let mapped = match net {
        IpNet::V6(v6) => v6
            .addr()
            .to_ipv4_mapped()
            .zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    match mapped {
        Some((v4, prefix)) => Ipv4Net::new(v4, prefix).ok().map(IpNet::V4),
        None => Some(net),
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        // Keeps the scope.
        IpAddr::V6(_) => address,
    }
}

fn denial(host: &str, denied: &[SocketAddr]) -> Error {
    let mut text = format!("the address policy forbids to connect to '{host}': ");
    for (n, address) in denied.iter().take(MOST_NAMED).enumerate() {
        if n > 0 {
            text.push_str(", ");
        }
        text.push_str(&address.to_string());
    }
    if denied.len() > MOST_NAMED {
        text.push_str(", ...");
    }
    Error::new(Kind::Connect, text).with_reason(Reason::AddressDenied)
}

/// How many denied addresses an error names.
const MOST_NAMED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 80)
    }

    /// WSH-23
    #[test]
    fn the_later_rule_counts_and_rules_come_first() {
        let policy = AddressPolicy::public_only()
            .allow("10.0.0.0/8")
            .and_then(|p| p.deny("10.1.0.0/16"))
            .and_then(|p| p.allow("10.1.2.3"))
            .and_then(|p| p.deny("8.8.8.8"))
            .and_then(|p| p.allow("[fd00::]/8"))
            .unwrap();
        for (address, expected) in [
            ("10.0.0.1", true),
            ("10.1.0.1", false),
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("::ffff:10.1.0.1", false),
            ("64:ff9b::10.0.0.1", true),
            ("64:ff9b::10.1.0.1", false),
            ("8.8.8.8", false),
            ("64:ff9b::8.8.8.8", false),
            ("8.8.4.4", true),
            ("192.168.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
        ] {
            assert_eq!(policy.allows(at(address)), expected, "{address}");
        }
        assert_eq!(
            format!("{policy:?}"),
            "AddressPolicy::public_only().allow(\"10.0.0.0/8\").deny(\"10.1.0.0/16\").allow(\"10.1.2.3/32\")\
             .deny(\"8.8.8.8/32\").allow(\"fd00::/8\")"
        );
    }

    #[test]
    fn denied_networks_hold_without_a_base_for_what_embeds_them_too() {
        let policy = AddressPolicy::any().deny("::ffff:10.0.0.0/104").unwrap();
        for (address, expected) in [
            ("10.9.9.9", false),
            ("::ffff:10.9.9.9", false),
            ("64:ff9b::a09:909", false),
            ("2002:a09:909::1", false),
            ("11.0.0.1", true),
            ("::1", true),
        ] {
            assert_eq!(policy.allows(at(address)), expected, "{address}");
        }
        for text in [
            "",
            "10",
            "10.0.0.0/33",
            "example.org",
            "10.0.0.0/8/8",
            "[::1",
            "fe80::1%1",
        ] {
            let result = AddressPolicy::any().deny(text);
            assert_eq!(
                result.map(|p| format!("{p:?}")).map_err(|e| e.kind()),
                if text == "[::1" {
                    // Harmless: it can mean one thing only.
                    Ok("AddressPolicy::any().deny(\"::1/128\")".to_owned())
                } else {
                    Err(Kind::Config)
                },
                "{text}"
            );
        }
    }

    #[test]
    fn a_function_sees_the_address_it_is_about() {
        let policy =
            AddressPolicy::new(|address| !address.ip().is_loopback() && address.port() == 80);
        assert!(policy.allows(at("192.0.2.1")));
        assert!(!policy.allows(at("::ffff:127.0.0.1")));
        assert!(!policy.allows(at("64:ff9b::127.0.0.1")));
        assert!(!policy.allows(SocketAddr::new([192, 0, 2, 1].into(), 22)));
    }

    #[test]
    fn what_is_denied_is_named_and_what_is_allowed_stays() {
        let policy = AddressPolicy::public_only();
        let mixed = vec![at("127.0.0.1"), at("8.8.8.8"), at("::1")];
        assert_eq!(policy.pick("h", mixed).unwrap(), [at("8.8.8.8")]);
        assert_eq!(policy.pick("h", Vec::new()).unwrap(), []);
        let error = policy
            .pick("localhost", vec![at("127.0.0.1"), at("::1")])
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.reason(), Some(Reason::AddressDenied));
        assert_eq!(
            error.to_string(),
            "the address policy forbids to connect to 'localhost': 127.0.0.1:80, [::1]:80"
        );
        let many = (0..99)
            .map(|n| SocketAddr::new([10, 0, 0, n].into(), 1))
            .collect();
        let text = policy.pick("h", many).unwrap_err().to_string();
        assert!(text.ends_with("10.0.0.7:1, ..."), "{text}");
        let all = vec![at("127.0.0.1"), at("fe80::1")];
        assert_eq!(AddressPolicy::any().pick("h", all.clone()).unwrap(), all);
    }

    /// SEC-312
    #[test]
    fn literals_and_their_zones() {
        let one = |text: &str| text.parse::<IpAddr>().unwrap();
        for (host, expected) in [
            ("127.0.0.1", Some((one("127.0.0.1"), None))),
            ("::1", Some((one("::1"), None))),
            ("fe80::1%25eth0", Some((one("fe80::1"), Some("eth0")))),
            ("fe80::1%2", Some((one("fe80::1"), Some("2")))),
            ("fe80::1%", None),
            ("fe80::1%25", None),
            ("127.0.0.1%25eth0", None),
            ("127.1", None),
            ("127.0.0.1.", None),
            ("a.example", None),
        ] {
            assert_eq!(literal(host), expected, "{host}");
        }
    }
}
