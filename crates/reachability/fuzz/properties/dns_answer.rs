//! Any bytes are an answer or none; what counts of it is of the type that was asked for, at the end of few aliases, and
//! no address passes the filter that is not global.

use crate::{
    dns::answer::{Trail, records},
    globality::{GlobalAddress, IPV4, IPV6},
};
use hickory_resolver::proto::{
    op::Message,
    rr::{Name, RData, RecordType},
};
use std::net::IpAddr;

const ALIASES_MAX: u32 = 8;

/// Whether anything counts of the answer to a question about `vendor.org`. Panics where something is not as it should be.
pub(crate) fn holds(bytes: &[u8]) -> bool {
    let mut counts = false;
    for kind in [RecordType::MX, RecordType::A, RecordType::AAAA] {
        let (Ok(message), Ok(name)) = (Message::from_vec(bytes), Name::from_ascii("vendor.org.")) else {
            return false;
        };
        let mut trail = Trail::new(&name);
        let Ok(found) = trail.read(records(message), kind, ALIASES_MAX) else {
            assert_eq!(trail.followed(), ALIASES_MAX + 1);
            continue;
        };
        assert!(trail.followed() <= ALIASES_MAX && trail.at().is_fqdn());
        assert_eq!(trail.followed() > 0, *trail.at() != name);
        for data in &found {
            assert_eq!(data.record_type(), kind);
            match data {
                RData::A(address) => is_global_or_barred(address.0.into()),
                RData::AAAA(address) => is_global_or_barred(address.0.into()),
                _ => {}
            }
        }
        counts |= !found.is_empty();
    }
    counts
}

/// Said in other words than the filter's.
fn is_global_or_barred(address: IpAddr) {
    if GlobalAddress::admit(address, &[]).is_err() {
        return;
    }
    let is_barred = match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_unspecified()
                || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    };
    let translated =
        |address: IpAddr| matches!(address, IpAddr::V6(v6) if v6.segments()[..2] == [0x64, 0xff9b]);
    let rows = IPV4.iter().chain(IPV6);
    assert!(!is_barred && (translated(address) || !rows.into_iter().any(|row| row.holds(address))));
}
