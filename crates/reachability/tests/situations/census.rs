//! A mail host at either end of every row of the registries, and in every disguise of one: nobody is dialled, which the
//! farm's servers at these addresses, and the farm's count of conversations, would tell.

use mail_farm::{Situation, script};
use reachability::globality::{Block, IPV4, IPV6};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Situations numbered on from `first`: as a mail host and as the domain's own address.
pub(crate) fn situations(first: usize) -> Vec<Situation> {
    let inner: BTreeSet<IpAddr> = IPV4.iter().flat_map(ends).collect();
    let disguised = inner.iter().flat_map(|address| match address {
        IpAddr::V4(v4) => disguises(*v4).to_vec(),
        IpAddr::V6(_) => Vec::new(),
    });
    let mut all: BTreeSet<IpAddr> = disguised.map(IpAddr::V6).collect();
    all.extend(IPV6.iter().flat_map(ends));
    all.extend(&inner);
    let text: String = all.iter().map(of).collect();
    script::read(&text, first)
}

fn of(address: &IpAddr) -> String {
    let kind = if address.is_ipv4() { "A" } else { "AAAA" };
    format!(
        "= V12 census: a mail host at {address}\ndns {{d}} MX 10 mx.{{d}}\ndns mx.{{d}} {kind} {address}\n\
         want UNSAFE_TARGET NON_GLOBAL\n\
         = V12 census: a domain at {address}\ndns {{d}} {kind} {address}\nwant UNSAFE_TARGET NON_GLOBAL IMPLICIT_MX\n"
    )
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

/// Every way to write an IPv4 address as IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
fn disguises(inner: Ipv4Addr) -> [Ipv6Addr; 9] {
    let [a, b, c, d] = inner.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    [
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0, 0, !high, !low),
        Ipv6Addr::new(0x2a00, 1, 0, 0, 0, 0x5efe, high, low),
        Ipv6Addr::new(0x2a00, 1, 0, 0, 0x200, 0x5efe, high, low),
    ]
}
