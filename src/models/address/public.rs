//! Which addresses the public internet has: IANA's registries of special-purpose addresses (RFC 6890), and the addresses
//! of cloud metadata that are none of those.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address is one of the public internet; of one that embeds another ([`embedded`]), that one aside.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !is_within(u32::from(ip), V4_SPECIAL),
        IpAddr::V6(ip) => {
            let bits = u128::from(ip);
            let global = is_within(bits, V6_GLOBAL) && !is_within(bits, V6_SPECIAL);
            global || is_within(bits, V6_EMBEDDING)
        }
    }
}

/// The IPv4 addresses an IPv6 address leads to: by NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380: server and
/// client), or as an IPv4-mapped or -compatible address (RFC 4291 section 2.5.5).
pub(super) fn embedded(ip: IpAddr) -> [Option<Ipv4Addr>; 2] {
    let IpAddr::V6(ip) = ip else {
        return [None, None];
    };
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] => [v4(a, b), None],
        // SIIT (RFC 2765 section 2.1).
        [0, 0, 0, 0, 0xffff, 0, a, b] => [v4(a, b), None],
        [0x2002, a, b, ..] => [v4(a, b), None],
        [0x2001, 0, a, b, _, _, c, d] => [v4(a, b), v4(!c, !d)],
        _ => [None, None],
    }
}

/// A network: the bits of its first address, and how many of them count.
type Net<T> = (T, u32);

trait Bits: Copy + PartialEq {
    /// Without all but the first so many bits.
    fn first(self, count: u32) -> Self;
}

impl Bits for u32 {
    fn first(self, count: u32) -> Self {
        self & Self::MAX.checked_shl(Self::BITS - count).unwrap_or(0)
    }
}

impl Bits for u128 {
    fn first(self, count: u32) -> Self {
        self & Self::MAX.checked_shl(Self::BITS - count).unwrap_or(0)
    }
}

fn is_within<T: Bits>(ip: T, nets: &[Net<T>]) -> bool {
    nets.iter().any(|(net, count)| ip.first(*count) == *net)
}

const fn v4(a: u8, b: u8, c: u8, d: u8, count: u32) -> Net<u32> {
    (Ipv4Addr::new(a, b, c, d).to_bits(), count)
}

const fn v6(a: u16, b: u16, c: u16, count: u32) -> Net<u128> {
    (Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits(), count)
}

const V4_SPECIAL: &[Net<u32>] = &[
    // "This network" (RFC 791).
    v4(0, 0, 0, 0, 8),
    // Private (RFC 1918).
    v4(10, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
    // Shared by a provider's customers (RFC 6598); also Alibaba's metadata.
    v4(100, 64, 0, 0, 10),
    // Loopback.
    v4(127, 0, 0, 0, 8),
    // Link-local (RFC 3927), and the metadata of most clouds.
    v4(169, 254, 0, 0, 16),
    // Azure's platform address.
    v4(168, 63, 129, 16, 32),
    // IETF protocol assignments (RFC 6890); also Oracle's metadata.
    v4(192, 0, 0, 0, 24),
    // Documentation (RFC 5737).
    v4(192, 0, 2, 0, 24),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    // Relays of 6to4, deprecated (RFC 7526).
    v4(192, 88, 99, 0, 24),
    // Benchmarking (RFC 2544).
    v4(198, 18, 0, 0, 15),
    // Multicast, then reserved with broadcast at its end.
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// All that is global unicast today; what is outside (loopback, unique-local, link-local, multicast, ...) is not public.
const V6_GLOBAL: &[Net<u128>] = &[v6(0x2000, 0, 0, 3)];

const V6_SPECIAL: &[Net<u128>] = &[
    // IETF protocol assignments (RFC 2928), benchmarking and ORCHID among them.
    v6(0x2001, 0, 0, 23),
    // Documentation (RFC 3849, RFC 9637).
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x3fff, 0, 0, 20),
];

/// As public as what they embed: Teredo, NAT64.
const V6_EMBEDDING: &[Net<u128>] = &[v6(0x2001, 0, 0, 32), v6(0x64, 0xff9b, 0, 96)];

#[cfg(test)]
mod tests {
    use crate::models::address::AddressPolicy;

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.215.14",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2001:0:808:808::f7f7:f7f7",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2600::",
        "2a00:1450:4001:800::200e",
    ];

    const NOT_PUBLIC: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:808:808::80ff:fffe",
        "2001:0:a00:1::f7f7:f7f7",
        "2001:2::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    /// WSH-23
    #[test]
    fn what_is_public() {
        let policy = AddressPolicy::public_only();
        let allows = |ip: &str| policy.allows(std::net::SocketAddr::new(ip.parse().unwrap(), 443));
        for ip in PUBLIC {
            assert!(allows(ip), "{ip}");
        }
        for ip in NOT_PUBLIC {
            assert!(!allows(ip), "{ip}");
        }
    }
}
