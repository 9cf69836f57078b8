//! How the portal looks at the mail hosts of contacts by itself.

use super::Settings;
use domain::policy::Policy;
use reachability::Identity;
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// What looking needs. It is on by default where a name to greet with is set, because without one of its own that
/// leads back to it a host is refused by many, and nothing is learnt.
#[derive(Clone)]
pub struct Reachability {
    /// Who asks.
    pub identity: Identity,
    /// Resolver; none: the system's.
    pub resolver: Option<SocketAddr>,
    /// Our own addresses.
    pub own: Vec<IpAddr>,
    /// Addresses whose port 25 is known to answer.
    pub egress_check: Vec<IpAddr>,
    /// Looks in an hour.
    pub checks_per_hour: u32,
}

/// None: it is off.
pub(super) fn read(
    settings: &Settings,
    policy: &Policy,
    complaints: &mut Vec<String>,
) -> Option<Reachability> {
    let text = |name: &str| settings.text(name).filter(|text| !text.is_empty());
    let own = parsed(&settings.list("reachability.own"), "reachability.own", complaints);
    let egress_check =
        parsed(&settings.list("reachability.egress_check"), "reachability.egress_check", complaints);
    let resolver = super::socket(settings, "reachability.resolver", complaints);
    let helo = match (text("reachability.enabled"), text("reachability.helo")) {
        (Some("off"), _) => return None,
        (Some("on"), None) => {
            complaints.push(
                "reachability.helo is needed beside reachability.enabled = \"on\": set it to the full host name of \
                 the address we come from"
                    .to_owned(),
            );
            return None;
        }
        (_, helo) => helo?,
    };
    let sender = text("reachability.sender").map_or_else(|| format!("postmaster@{helo}"), str::to_owned);
    let identity = Identity::new(helo, &sender, policy)
        .map_err(|error| complaints.push(format!("reachability.helo or reachability.sender: {error}")))
        .ok()?;
    let checks_per_hour = u32::try_from(settings.integer("reachability.checks_per_hour")).unwrap_or(u32::MAX);
    Some(Reachability { identity, resolver, own, egress_check, checks_per_hour })
}

fn parsed<T: FromStr>(texts: &[String], name: &str, complaints: &mut Vec<String>) -> Vec<T> {
    let parsed: Vec<T> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    if parsed.len() < texts.len() {
        complaints.push(format!("{name} must be a list of IP addresses"));
    }
    parsed
}
