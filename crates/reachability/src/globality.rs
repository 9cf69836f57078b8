//! Which addresses are dialled: global ones only. The table is the IANA special-purpose registries (RFC 6890) and the
//! blocks that stand in other registries; all of it is barred, also the few rows that are globally reachable, because
//! none of them is a place for mail hosts. In IPv6 only what is allocated as global unicast, 2000::/3, is dialled at
//! all. Addresses that carry an IPv4 address are judged by that one too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses for a special purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// First address. IPv4 stands as it does in the registry.
    pub first: IpAddr,
    /// Leading bits that are fixed.
    pub prefix: u8,
    /// Its name in the registry.
    pub name: &'static str,
    /// What set it aside.
    pub source: &'static str,
}

impl Block {
    /// Whether an address lies in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differing = u32::from(first) ^ u32::from(address);
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differing = u128::from(first) ^ u128::from(address);
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

const fn v4(first: [u8; 4], prefix: u8, name: &'static str, source: &'static str) -> Block {
    Block { first: IpAddr::V4(Ipv4Addr::from_octets(first)), prefix, name, source }
}

const fn v6(first: [u16; 8], prefix: u8, name: &'static str, source: &'static str) -> Block {
    Block { first: IpAddr::V6(Ipv6Addr::from_segments(first)), prefix, name, source }
}

/// The IPv4 special-purpose registry, and multicast, which has a registry of its own.
pub const IPV4: &[Block] = &[
    v4([0, 0, 0, 0], 8, "this network", "RFC 791, 3.2"),
    v4([0, 0, 0, 0], 32, "this host on this network", "RFC 1122, 3.2.1.3"),
    v4([10, 0, 0, 0], 8, "private use", "RFC 1918"),
    v4([100, 64, 0, 0], 10, "shared address space", "RFC 6598"),
    v4([127, 0, 0, 0], 8, "loopback", "RFC 1122, 3.2.1.3"),
    v4([169, 254, 0, 0], 16, "link local", "RFC 3927"),
    v4([172, 16, 0, 0], 12, "private use", "RFC 1918"),
    v4([192, 0, 0, 0], 24, "IETF protocol assignments", "RFC 6890, 2.1"),
    v4([192, 0, 0, 0], 29, "IPv4 service continuity", "RFC 7335"),
    v4([192, 0, 0, 8], 32, "IPv4 dummy address", "RFC 7600"),
    v4([192, 0, 0, 9], 32, "port control protocol anycast", "RFC 7723"),
    v4([192, 0, 0, 10], 32, "TURN anycast", "RFC 8155"),
    v4([192, 0, 0, 170], 32, "NAT64/DNS64 discovery", "RFC 8880"),
    v4([192, 0, 0, 171], 32, "NAT64/DNS64 discovery", "RFC 7050, 2.2"),
    v4([192, 0, 2, 0], 24, "documentation (TEST-NET-1)", "RFC 5737"),
    v4([192, 31, 196, 0], 24, "AS112-v4", "RFC 7535"),
    v4([192, 52, 193, 0], 24, "AMT", "RFC 7450"),
    v4([192, 88, 99, 0], 24, "6to4 relay anycast (deprecated)", "RFC 7526"),
    v4([192, 88, 99, 2], 32, "6a44 relay anycast", "RFC 6751"),
    v4([192, 168, 0, 0], 16, "private use", "RFC 1918"),
    v4([192, 175, 48, 0], 24, "direct delegation AS112", "RFC 7534"),
    v4([198, 18, 0, 0], 15, "benchmarking", "RFC 2544"),
    v4([198, 51, 100, 0], 24, "documentation (TEST-NET-2)", "RFC 5737"),
    v4([203, 0, 113, 0], 24, "documentation (TEST-NET-3)", "RFC 5737"),
    v4([224, 0, 0, 0], 4, "multicast", "RFC 5771"),
    v4([240, 0, 0, 0], 4, "reserved", "RFC 1112, 4"),
    v4([255, 255, 255, 255], 32, "limited broadcast", "RFC 8190"),
];

/// The IPv6 special-purpose registry, and what is set aside elsewhere.
pub const IPV6: &[Block] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback", "RFC 4291"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified", "RFC 4291"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible (deprecated)", "RFC 4291, 2.5.5.1"),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped", "RFC 4291"),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "IPv4-translated", "RFC 2765, 2.1"),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "IPv4-IPv6 translation", "RFC 6052"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "IPv4-IPv6 translation, local use", "RFC 8215"),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discard only", "RFC 6666"),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "dummy prefix", "RFC 9780"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "IETF protocol assignments", "RFC 2928"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "Teredo", "RFC 4380"),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "port control protocol anycast", "RFC 7723"),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "TURN anycast", "RFC 8155"),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "DNS-SD service registration anycast", "RFC 9665"),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmarking", "RFC 5180"),
    v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "AMT", "RFC 7450"),
    v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "AS112-v6", "RFC 7535"),
    v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "ORCHID (deprecated)", "RFC 4843"),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "ORCHIDv2", "RFC 7343"),
    v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "drone remote ID", "RFC 9374"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation", "RFC 3849"),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4", "RFC 3056"),
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "direct delegation AS112", "RFC 7534"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation", "RFC 9637"),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "segment routing SIDs", "RFC 9602"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "unique local", "RFC 4193"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link local unicast", "RFC 4291"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "site local (deprecated)", "RFC 3879"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast", "RFC 4291, 2.7"),
];

/// The one row that is a way to global IPv4 hosts where a network has no IPv4 (RFC 6052, RFC 6147).
const TRANSLATION: Block = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "IPv4-IPv6 translation", "RFC 6052");

/// What is allocated for global unicast so far (RFC 4291, 2.4; IPv6 address space registry).
const GLOBAL_UNICAST: Block = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "global unicast", "RFC 4291");

/// Why an address is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// It lies in a block for a special purpose.
    #[error("{}", .0.name)]
    Special(&'static Block),
    /// It carries an IPv4 address that lies in such a block.
    #[error("carries an address for {}", .0.name)]
    Carries(&'static Block),
    /// Nobody has been given such addresses yet.
    #[error("not allocated for global unicast")]
    Unallocated,
    /// It is one of ours.
    #[error("one of our own addresses")]
    Own,
}

/// An address that passed the filter; only [`GlobalAddress::admit`] makes one, and only these can be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalAddress(IpAddr);

impl GlobalAddress {
    /// Lets a global address pass, unless it is one of `own`.
    pub fn admit(address: IpAddr, own: &[IpAddr]) -> Result<Self, Barred> {
        let carried = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => carried(address),
        };
        let is_own = |mine: &IpAddr| mine.to_canonical() == address || carried.map(IpAddr::V4) == Some(*mine);
        if own.iter().any(is_own) {
            return Err(Barred::Own);
        }
        if let Some(block) = carried.and_then(|inner| special(IPV4, IpAddr::V4(inner))) {
            return Err(Barred::Carries(block));
        }
        let through_translation = TRANSLATION.holds(address);
        let rows = if address.is_ipv4() { IPV4 } else { IPV6 };
        match special(rows, address) {
            Some(block) if !through_translation => Err(Barred::Special(block)),
            _ if address.is_ipv6() && !GLOBAL_UNICAST.holds(address) && !through_translation => {
                Err(Barred::Unallocated)
            }
            _ => Ok(Self(address)),
        }
    }

    /// The address.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

/// The row an address lies in.
fn special(rows: &'static [Block], address: IpAddr) -> Option<&'static Block> {
    rows.iter().find(|block| block.holds(address))
}

/// The IPv4 address an IPv6 address leads to: mapped, compatible and translated (RFC 4291, RFC 2765), NAT64 well-known
/// and local (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo's client (RFC 4380, 4), ISATAP (RFC 5214, 6.1).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0 | 1, _, _, _, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn admitted(address: &str) -> bool {
        GlobalAddress::admit(address.parse().expect(address), &[]).is_ok()
    }

    /// First and last address of a block.
    fn ends(block: &Block) -> [IpAddr; 2] {
        match block.first {
            IpAddr::V4(first) => {
                let rest = u32::MAX.checked_shr(u32::from(block.prefix)).unwrap_or(0);
                [first.into(), Ipv4Addr::from(u32::from(first) | rest).into()]
            }
            IpAddr::V6(first) => {
                let rest = u128::MAX.checked_shr(u32::from(block.prefix)).unwrap_or(0);
                [first.into(), Ipv6Addr::from(u128::from(first) | rest).into()]
            }
        }
    }

    /// Every way to write an IPv4 address as IPv6.
    fn disguises(inner: Ipv4Addr) -> Vec<Ipv6Addr> {
        let [a, b, c, d] = inner.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        vec![
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0, 0, !high, !low),
            Ipv6Addr::new(0x2a00, 0x1, 0, 0, 0, 0x5efe, high, low),
            Ipv6Addr::new(0x2a00, 0x1, 0, 0, 0x200, 0x5efe, high, low),
        ]
    }

    #[test]
    fn no_row_of_the_registries_is_dialled_at_either_end() {
        for block in IPV4.iter().chain(IPV6) {
            for address in ends(block) {
                let barred = GlobalAddress::admit(address, &[]);
                // 255.255.255.255 carried by 64:ff9b::/96 is what bars its last address.
                assert!(barred.is_err(), "{address} ({})", block.name);
            }
        }
    }

    #[test]
    fn no_row_of_the_ipv4_registry_is_dialled_in_any_disguise() {
        for block in IPV4 {
            for address in ends(block) {
                let IpAddr::V4(inner) = address else { panic!("{address} in the table of IPv4") };
                for disguise in disguises(inner) {
                    assert!(
                        GlobalAddress::admit(disguise.into(), &[]).is_err(),
                        "{disguise} ({})",
                        block.name
                    );
                }
            }
        }
    }

    #[test]
    fn every_block_begins_where_its_prefix_says_and_stands_once() {
        for rows in [IPV4, IPV6] {
            for (at, block) in rows.iter().enumerate() {
                let [first, last] = ends(block);
                assert!(block.holds(first) && block.holds(last), "{}", block.name);
                let again = rows[at + 1..].iter().any(|b| (b.first, b.prefix) == (block.first, block.prefix));
                assert!(!again, "{} stands twice", block.name);
                let host_bits = match block.first {
                    IpAddr::V4(first) => u128::from(u32::from(first).trailing_zeros().min(32)) + 96,
                    IpAddr::V6(first) => u128::from(u128::from(first).trailing_zeros()),
                };
                let free = if first.is_ipv4() { 32 - block.prefix } else { 128 - block.prefix };
                let offset = if first.is_ipv4() { 96 } else { 0 };
                assert!(host_bits >= u128::from(free) + offset, "{} is no network", block.name);
            }
        }
    }

    #[test]
    fn neighbours_of_barred_blocks_are_dialled() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.114.0",
            "223.255.255.255",
            "8.8.8.8",
            "2001:200::",
            "2001:db7:ffff::1",
            "2001:db9::",
            "2003::",
            "2600::1",
            "2a00:1450::1",
            "3ffe:ffff::",
            "64:ff9b::808:808",
        ] {
            assert!(admitted(address), "{address}");
        }
    }

    #[test]
    fn what_is_not_allocated_is_not_dialled() {
        for address in
            ["4000::1", "8000::1", "1000::1", "200::1", "fbff::1", "::2:0:0:1", "64:ff9b:2::808:808"]
        {
            assert!(!admitted(address), "{address}");
        }
    }

    #[test]
    fn our_own_addresses_are_not_dialled_in_any_form() {
        let own = [IpAddr::from([93, 184, 1, 1])];
        for address in ["93.184.1.1", "64:ff9b::5db8:101", "2a00:1::200:5efe:5db8:101"] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(GlobalAddress::admit(address, &own), Err(Barred::Own), "{address}");
        }
        assert!(GlobalAddress::admit(IpAddr::from([93, 184, 1, 2]), &own).is_ok());
    }

    proptest! {
        #[test]
        fn a_disguise_is_never_freer_than_what_it_hides(inner in any::<u32>()) {
            let inner = Ipv4Addr::from(inner);
            if GlobalAddress::admit(inner.into(), &[]).is_err() {
                for disguise in disguises(inner) {
                    prop_assert!(GlobalAddress::admit(disguise.into(), &[]).is_err(), "{}", disguise);
                }
            }
        }
    }
}
