//! The settings of a builder that are about names, addresses and sockets.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::ClientBuilder;
use crate::client::Buildable;
use crate::error::{Error, Kind};
use crate::models::address::AddressPolicy;
use crate::models::resolver::{IntoAddresses, Resolver};
use crate::models::socket::{SocketOption, TcpKeepalive};

impl<C: Buildable> ClientBuilder<C> {
    /// What looks host names up, in place of the operating system: a [`Resolver`], or a function.
    ///
    /// ```
    /// use papilio::{Client, Error, Kind};
    /// let client = Client::builder()
    ///     .resolver(|host: &str| match host {
    ///         "printer" => Ok(vec![[192, 168, 0, 12].into()]),
    ///         _ => Err(Error::new(Kind::Custom, "I know only the printer")),
    ///     })
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "dns_resolver")]
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.network.lookup.set_resolver(Arc::new(resolver));
        self
    }

    /// The addresses of a host, which is then not looked up; `host:port` for that port alone. TLS and the `Host` header
    /// have the name as before. No address means that the host does not exist.
    ///
    /// ```
    /// use std::net::{IpAddr, SocketAddr};
    /// use papilio::Client;
    /// let client = Client::builder()
    ///     .resolve("api.example.org", IpAddr::from([127, 0, 0, 1]))
    ///     .resolve("www.example.org:443", SocketAddr::from(([127, 0, 0, 1], 8443)))
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "resolve_to_addrs")]
    pub fn resolve(mut self, host: impl AsRef<str>, addresses: impl IntoAddresses) -> Self {
        let addresses = addresses.into_addresses();
        if let Err(error) = self.network.lookup.fix(host.as_ref(), addresses) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Which addresses may be connected to; all, unless set. [`AddressPolicy`] says what this guards, and what it does
    /// not when a proxy is used.
    ///
    /// ```
    /// use papilio::{AddressPolicy, Client};
    /// let client = Client::builder().address_policy(AddressPolicy::public_only()).trust_env(false).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "ssrf")]
    pub fn address_policy(mut self, policy: AddressPolicy) -> Self {
        self.network.addresses = policy;
        self
    }

    /// The address of this machine that connections are made from. Only addresses of its family are connected to, so
    /// `0.0.0.0` forces IPv4 and `::` forces IPv6.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use papilio::Client;
    /// let only_v4 = Client::builder().local_address(Ipv4Addr::UNSPECIFIED).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "bind")]
    pub fn local_address(mut self, address: impl Into<IpAddr>) -> Self {
        self.network.sockets.local_address = Some(address.into());
        self
    }

    /// Connects to this Unix socket, whatever host a URL has. TLS and the `Host` header go by the URL as before.
    ///
    /// `build` fails with kind `Config` on systems without Unix sockets.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use papilio::Client;
    /// let docker = Client::builder().unix_socket("/run/docker.sock").base_url("http://docker/").build()?;
    /// # }
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "uds")]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        if !cfg!(unix) {
            let why = "this system has no Unix sockets";
            self.error
                .get_or_insert_with(|| Error::new(Kind::Config, why));
        }
        self.network.sockets.unix_socket = Some(path.into());
        self
    }

    /// Probes for silent connections; none unless set. A `Duration` is the silence before the first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use papilio::Client;
    /// let client = Client::builder().tcp_keepalive(Duration::from_secs(60)).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn tcp_keepalive(mut self, keepalive: impl Into<TcpKeepalive>) -> Self {
        self.network.sockets.keepalive = Some(keepalive.into());
        self
    }

    /// Sets an option on every new socket before it is connected, besides `TCP_NODELAY`, which is always set. May be
    /// called several times.
    ///
    /// `build` fails with kind `Config` if this system does not have the option; a value that it refuses shows when a
    /// connection is opened.
    ///
    /// ```
    /// use papilio::{Client, SocketOption};
    /// let client = Client::builder().socket_option(SocketOption::SendBuffer(1 << 20)).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "socket_options")]
    pub fn socket_option(mut self, option: SocketOption) -> Self {
        if !option.is_supported() {
            self.error.get_or_insert_with(|| {
                Error::new(
                    Kind::Config,
                    format!("this system has no socket option {option:?}"),
                )
            });
        }
        self.network.sockets.options.push(option);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::blocking::client::Client;

    #[test]
    fn what_was_said_is_what_is_set() {
        let builder = Client::builder()
            .resolver(|_: &str| Ok(vec![[192, 0, 2, 2].into()]))
            .resolve("a.example", IpAddr::from([192, 0, 2, 1]))
            .address_policy(AddressPolicy::public_only())
            .local_address([127, 0, 0, 1])
            .tcp_keepalive(Duration::from_secs(9))
            .socket_option(SocketOption::SendBuffer(1))
            .socket_option(SocketOption::ReceiveBuffer(2));
        let network = &builder.network;
        let ask = |host| network.lookup.ask(host, 1).unwrap();
        assert_eq!(ask("a.example"), ["192.0.2.1:1".parse().unwrap()]);
        assert_eq!(ask("b.example"), ["192.0.2.2:1".parse().unwrap()]);
        assert!(!network.addresses.allows(([127, 0, 0, 1], 1).into()));
        assert_eq!(network.sockets.local_address, Some([127, 0, 0, 1].into()));
        assert_eq!(
            network.sockets.keepalive,
            Some(Duration::from_secs(9).into())
        );
        let options = [SocketOption::SendBuffer(1), SocketOption::ReceiveBuffer(2)];
        assert_eq!(network.sockets.options, options);
        assert!(builder.build().is_ok());
    }

    /// TRN-07
    #[test]
    fn a_unix_socket_is_for_systems_that_have_them() {
        let builder = Client::builder().unix_socket("/run/x.sock");
        let path = builder.network.sockets.unix_socket.as_deref();
        assert_eq!(path, Some(std::path::Path::new("/run/x.sock")));
        assert_eq!(builder.build().is_ok(), cfg!(unix));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_of_build() {
        let builders = [
            Client::builder().resolve("a/b", IpAddr::from([192, 0, 2, 1])),
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            Client::builder().socket_option(SocketOption::Mark(1)),
        ];
        for builder in builders {
            assert_eq!(builder.build().unwrap_err().kind(), Kind::Config);
        }
    }
}
