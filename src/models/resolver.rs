//! `Resolver`: from a host name to addresses.
//!
//! Owns the trait, the system's resolver behind it, fixed answers, and the order of these. What is here may wait, which
//! is why a driver calls it where waiting does no harm: on a thread for it. Does not own time limits.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::sync::Arc;

use crate::error::{Error, Kind, Reason, Result};
use crate::models::address::literal;
use crate::models::url::normal_host;

/// Finds the addresses of a host name: [`ClientBuilder::resolver`](crate::ClientBuilder::resolver). Closures are resolvers.
///
/// It is called on a thread of its own (in an async client on one of the runtime's threads for blocking work), so it may
/// wait. A call that takes longer than the connect timeout is given up; it runs on and its answer is dropped.
///
/// ```
/// use papilio::{Client, Resolver, SystemResolver};
///
/// let client = Client::builder()
///     .resolver(|host: &str| match host.strip_suffix(".internal") {
///         Some(_) => Ok(vec![[10, 0, 0, 1].into()]),
///         None => SystemResolver.resolve(host),
///     })
///     .build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "dns_resolver")]
pub trait Resolver: Send + Sync {
    /// The addresses of the host, the best first; none means that there is no such name. The host is in ASCII and lower
    /// case (`xn--` for what is not ASCII), and never an IP address.
    ///
    /// # Errors
    /// Whatever went wrong. The request fails with kind `Connect`, reason `Dns`, and this error as its source.
    ///
    /// ```
    /// use papilio::{Resolver, SystemResolver};
    /// assert_eq!(SystemResolver.resolve("127.0.0.1")?.len(), 1);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>>;
}

impl<F> Resolver for F
where
    F: Fn(&str) -> Result<Vec<IpAddr>> + Send + Sync,
{
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        self(host)
    }
}

/// The operating system's resolver (`getaddrinfo`), which is what a client uses unless told otherwise.
///
/// ```
/// use papilio::{Resolver, SystemResolver};
/// assert_eq!(SystemResolver.resolve("127.0.0.1")?, ["127.0.0.1".parse::<std::net::IpAddr>().unwrap()]);
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        let mut found: Vec<IpAddr> = Vec::new();
        for address in system(host, 0)? {
            // One for each socket type, on some systems.
            if !found.contains(&address.ip()) {
                found.push(address.ip());
            }
        }
        Ok(found)
    }
}

/// What can be the addresses of a host in [`ClientBuilder::resolve`](crate::ClientBuilder::resolve): an `IpAddr` or a
/// `SocketAddr`, or a list of them. The port of a socket address replaces that of the URL, unless it is 0.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr, SocketAddr};
///
/// let one = Ipv4Addr::LOCALHOST;
/// let with_port = SocketAddr::new(IpAddr::V4(one), 8443);
/// let client = papilio::Client::builder()
///     .resolve("one.example", one)
///     .resolve("two.example", [with_port])
///     .build()?;
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoAddresses {
    /// The list, with port 0 where the URL's port is meant.
    ///
    /// ```
    /// use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    /// use papilio::IntoAddresses;
    /// assert_eq!(Ipv4Addr::LOCALHOST.into_addresses(), [SocketAddr::from(([127, 0, 0, 1], 0))]);
    /// ```
    fn into_addresses(self) -> Vec<SocketAddr>;
}

macro_rules! into_addresses {
    ($($one:ty => |$name:ident| $address:expr;)+) => {$(
        impl IntoAddresses for $one {
            fn into_addresses(self) -> Vec<SocketAddr> {
                let $name = self;
                vec![$address]
            }
        }
    )+};
}

into_addresses! {
    SocketAddr => |address| address;
    IpAddr => |ip| SocketAddr::new(ip, 0);
    Ipv4Addr => |ip| SocketAddr::new(ip.into(), 0);
    Ipv6Addr => |ip| SocketAddr::new(ip.into(), 0);
}

impl<T: IntoAddresses> IntoAddresses for Vec<T> {
    fn into_addresses(self) -> Vec<SocketAddr> {
        self.into_iter().flat_map(T::into_addresses).collect()
    }
}

impl<T: IntoAddresses, const N: usize> IntoAddresses for [T; N] {
    fn into_addresses(self) -> Vec<SocketAddr> {
        self.into_iter().flat_map(T::into_addresses).collect()
    }
}

impl<T: IntoAddresses + Clone> IntoAddresses for &[T] {
    fn into_addresses(self) -> Vec<SocketAddr> {
        self.to_vec().into_addresses()
    }
}

/// Where a client's addresses come from: fixed answers, then the resolver it was given or the system's.
#[derive(Clone, Default)]
pub(crate) struct Lookup {
    fixed: Vec<Fixed>,
    resolver: Option<Arc<dyn Resolver>>,
}

#[derive(Debug, Clone)]
struct Fixed {
    host: String,
    /// `None`: whatever the port.
    port: Option<u16>,
    addresses: Vec<SocketAddr>,
}

impl Lookup {
    pub(crate) fn set_resolver(&mut self, resolver: Arc<dyn Resolver>) {
        self.resolver = Some(resolver);
    }

    /// Sets the answer for `host` or `host:port`, in place of an earlier one.
    ///
    /// # Errors
    /// `Config` if that is no host name.
    pub(crate) fn fix(&mut self, name: &str, addresses: Vec<SocketAddr>) -> Result<()> {
        let bad = |why: &str| Error::new(Kind::Config, format!("resolve({name:?}): {why}"));
        if name.parse::<Ipv6Addr>().is_ok() {
            return Err(bad("this is an address and not a name"));
        }
        let (host, port) = match name.rsplit_once(':') {
            Some((host, port)) => {
                let port = Some(port).filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
                let port = port.and_then(|p| p.parse().ok());
                (
                    host,
                    Some(port.ok_or_else(|| bad("this is not host:port"))?),
                )
            }
            None => (name, None),
        };
        let normal = normal_host(host).filter(|host| !host.is_empty());
        let normal = normal.ok_or_else(|| bad("no URL can have this host"))?;
        if normal.starts_with('[') || literal(&normal).is_some() {
            return Err(bad("this is an address and not a name"));
        }
        let host = without_dot(&normal).to_owned();
        self.fixed
            .retain(|fixed| (&fixed.host, fixed.port) != (&host, port));
        self.fixed.push(Fixed {
            host,
            port,
            addresses,
        });
        Ok(())
    }

    /// The addresses that are known without asking anybody, of an IP literal or by a fixed answer; `host` as in
    /// [`Url::raw_host`](crate::Url::raw_host). `None`: somebody has to be asked.
    pub(crate) fn known(&self, host: &str, port: u16) -> Option<Result<Vec<SocketAddr>>> {
        match literal(host) {
            Some((ip, None)) => return Some(Ok(vec![SocketAddr::new(ip, port)])),
            Some((IpAddr::V6(ip), Some(zone))) => {
                // The index of an interface; its name only the system can translate.
                let scope = zone.parse().ok()?;
                return Some(Ok(vec![SocketAddrV6::new(ip, port, 0, scope).into()]));
            }
            _ => {}
        }
        let name = without_dot(host);
        let of = |wanted: Option<u16>| {
            self.fixed
                .iter()
                .find(|fixed| fixed.host == name && fixed.port == wanted)
        };
        let fixed = of(Some(port)).or_else(|| of(None))?;
        Some(some(host, with_port(fixed.addresses.clone(), port)))
    }

    /// The addresses of the host; may wait for as long as the system or the caller's resolver likes.
    ///
    /// # Errors
    /// `Connect` with reason `Dns`.
    pub(crate) fn ask(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        if let Some(known) = self.known(host, port) {
            return known;
        }
        let answer = match (&self.resolver, host.split_once('%')) {
            (Some(resolver), None) => resolver
                .resolve(host)
                .map(|ips| {
                    ips.into_iter()
                        .map(|ip| SocketAddr::new(ip, port))
                        .collect()
                })
                .map_err(|e| lookup_failed(host, &e.to_string()).with_source(e)),
            // getaddrinfo knows the names of zones, without the escape of URLs.
            (_, Some((ip, zone))) => {
                let zone = zone.strip_prefix("25").unwrap_or(zone);
                system(&format!("{ip}%{zone}"), port)
            }
            (None, None) => system(host, port),
        };
        some(host, answer?)
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("fixed", &self.fixed)
            .field("resolver", &self.resolver.as_ref().map(|_| ".."))
            .finish()
    }
}

/// The error of a lookup that failed.
pub(crate) fn lookup_failed(host: &str, why: &str) -> Error {
    Error::new(
        Kind::Connect,
        format!("the name '{host}' cannot be looked up: {why}"),
    )
    .with_reason(Reason::Dns)
}

fn system(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    (host, port)
        .to_socket_addrs()
        .map(Vec::from_iter)
        .map_err(|e| lookup_failed(host, &e.to_string()).with_source(e))
}

fn some(host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
    if addresses.is_empty() {
        return Err(lookup_failed(host, "it has no address"));
    }
    Ok(addresses)
}

fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    for address in &mut addresses {
        if address.port() == 0 {
            address.set_port(port);
        }
    }
    addresses
}

/// `example.org.` is `example.org`, said more firmly.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(fixed: &[(&str, &[&str])]) -> Lookup {
        let mut lookup = Lookup::default();
        for (name, addresses) in fixed {
            let addresses = addresses.iter().map(|text| {
                let ip = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0));
                ip.or_else(|_| text.parse()).unwrap()
            });
            lookup.fix(name, addresses.collect()).unwrap();
        }
        lookup
    }

    fn known(lookup: &Lookup, host: &str, port: u16) -> Option<String> {
        let addresses = lookup.known(host, port)?.unwrap();
        Some(
            addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    /// WSH-23
    #[test]
    fn fixed_answers_and_literals_need_nobody() {
        let lookup = lookup(&[
            ("Example.ORG", &["192.0.2.9"]),
            (
                "example.org",
                &["192.0.2.1", "2001:db8::1", "192.0.2.2:8080"],
            ),
            ("example.org:8443", &["192.0.2.3"]),
            ("bücher.example.", &["192.0.2.4"]),
        ]);
        for (host, port, expected) in [
            (
                "example.org",
                80,
                Some("192.0.2.1:80 [2001:db8::1]:80 192.0.2.2:8080"),
            ),
            ("example.org.", 8443, Some("192.0.2.3:8443")),
            ("xn--bcher-kva.example", 443, Some("192.0.2.4:443")),
            ("www.example.org", 80, None),
            ("127.0.0.1", 81, Some("127.0.0.1:81")),
            ("::1", 81, Some("[::1]:81")),
            ("fe80::1%257", 81, Some("[fe80::1%7]:81")),
            ("fe80::1%25eth0", 81, None),
        ] {
            assert_eq!(known(&lookup, host, port).as_deref(), expected, "{host}");
        }
        let mut lookup = lookup;
        for name in [
            "127.0.0.1",
            "::1",
            "[::1]",
            "[::1]:80",
            "",
            "a:b",
            "a:70000",
            "a b",
            "a:+1",
        ] {
            let error = lookup.fix(name, Vec::new()).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{name}");
        }
    }

    /// FLT-02, WSH-23
    #[test]
    fn fixed_answers_come_before_the_resolver() {
        let mut lookup = lookup(&[("fixed.example", &["192.0.2.1"]), ("gone.example", &[])]);
        lookup.set_resolver(Arc::new(|host: &str| match host {
            "many.example" => Ok((0..1000)
                .map(|n| IpAddr::from([10, 0, (n / 256) as u8, n as u8]))
                .collect()),
            "none.example" => Ok(Vec::new()),
            "own.example" => Ok(vec![[192, 0, 2, 7].into(), Ipv6Addr::LOCALHOST.into()]),
            _ => Err(Error::new(Kind::Custom, format!("who is {host}"))),
        }));
        let text = |host| {
            let addresses: Vec<String> = lookup
                .ask(host, 80)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            addresses.join(" ")
        };
        assert_eq!(text("fixed.example"), "192.0.2.1:80");
        assert_eq!(text("own.example"), "192.0.2.7:80 [::1]:80");
        assert_eq!(text("127.0.0.1"), "127.0.0.1:80");
        assert_eq!(lookup.ask("many.example", 80).unwrap().len(), 1000);
        for (host, why) in [
            ("gone.example", "it has no address"),
            ("none.example", "it has no address"),
            ("other.example", "who is other.example"),
        ] {
            let error = lookup.ask(host, 80).unwrap_err();
            assert_eq!(
                (error.kind(), error.reason()),
                (Kind::Connect, Some(Reason::Dns))
            );
            let expected = format!("the name '{host}' cannot be looked up: {why}");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn the_system_is_asked_otherwise() {
        let addresses = Lookup::default().ask("localhost", 80).unwrap();
        assert!(
            addresses
                .iter()
                .all(|a| a.ip().is_loopback() && a.port() == 80)
        );
        assert!(!addresses.is_empty());
        // The loopback interface has a name that the system knows.
        #[cfg(target_os = "linux")]
        assert_eq!(
            Lookup::default().ask("fe80::1%25lo", 80).unwrap(),
            ["[fe80::1%1]:80".parse().unwrap()]
        );
        let error = SystemResolver.resolve("no such name.invalid").unwrap_err();
        assert_eq!(error.reason(), Some(Reason::Dns));
    }

    #[test]
    fn addresses_in_every_form() {
        let ip = IpAddr::from([192, 0, 2, 1]);
        let expected = [SocketAddr::new(ip, 0)];
        assert_eq!(ip.into_addresses(), expected);
        assert_eq!(Ipv4Addr::new(192, 0, 2, 1).into_addresses(), expected);
        assert_eq!([ip].into_addresses(), expected);
        assert_eq!(vec![ip].into_addresses(), expected);
        assert_eq!([ip].as_slice().into_addresses(), expected);
        let with_port = SocketAddr::new(ip, 8080);
        assert_eq!(with_port.into_addresses(), [with_port]);
    }
}
