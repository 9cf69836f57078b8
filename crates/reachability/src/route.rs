//! Which hosts take a domain's mail, and at which addresses: MX in order of preference, or the domain's own address
//! where there is no MX (RFC 5321, 5.1). Resolved once; what is found here is what is dialled.

use crate::{
    dns::{Answer, Questions, Resolver, Trouble},
    flag::Flag,
    globality::GlobalAddress,
    limits::Limits,
    reason::Reason,
    verdict::{Signals, Verdict},
};
use hickory_resolver::proto::rr::{Name, RData, RecordType, rdata::MX};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

/// A place where mail for the domain may be brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Name of the host, as it is asked for in TLS.
    pub(crate) host: String,
    /// Lower is better.
    pub(crate) preference: u16,
    pub(crate) address: GlobalAddress,
}

/// What the DNS says.
#[derive(Debug)]
pub(crate) struct Route {
    /// In the order to be dialled, or why there is none.
    pub(crate) targets: Result<Vec<Target>, Reason>,
    pub(crate) flags: BTreeSet<Flag>,
    pub(crate) believed_for: Option<Duration>,
    pub(crate) signals: Signals,
    pub(crate) queries: u32,
}

/// Asks for the hosts of a domain in ASCII.
pub(crate) async fn of(domain: &str, resolver: &Resolver, own: &[IpAddr], limits: &Limits) -> Route {
    let mut survey = Survey {
        questions: Questions::new(resolver, limits),
        own,
        limits,
        flags: BTreeSet::new(),
        believed_for: None,
        signals: Signals::default(),
    };
    let targets = match Name::from_ascii(domain) {
        Ok(domain) => survey.targets(&domain).await,
        Err(_) => Err(Reason::NoPublicDomain),
    };
    // Nobody runs what does not exist, and servers in trouble are left alone.
    let is_answer = |reason: &Reason| reason.verdict() != Verdict::TempFail && *reason != Reason::NoDomain;
    if targets.as_ref().err().is_none_or(is_answer) {
        survey.name_servers(domain).await;
    }
    let queries = survey.questions.asked();
    let Survey { flags, believed_for, signals, .. } = survey;
    Route { targets, flags, believed_for, signals, queries }
}

struct Survey<'a> {
    questions: Questions<'a>,
    own: &'a [IpAddr],
    limits: &'a Limits,
    flags: BTreeSet<Flag>,
    believed_for: Option<Duration>,
    signals: Signals,
}

/// What became of one mail host.
enum Host {
    Reachable(Vec<GlobalAddress>),
    /// It has addresses, none of which is dialled.
    Barred,
    /// No such host, or no address.
    Unusable,
    Unknown(Trouble),
}

impl Survey<'_> {
    async fn targets(&mut self, domain: &Name) -> Result<Vec<Target>, Reason> {
        match self.questions.ask(domain, RecordType::MX).await {
            Ok(Answer::Records { records, .. }) => {
                let exchanges = self.exchanges(records)?;
                self.of_exchanges(exchanges).await
            }
            Ok(Answer::NoData) => self.of_the_domain_itself(domain).await,
            Ok(Answer::NoName { believed_for }) => {
                self.believed_for = believed_for;
                Err(Reason::NoDomain)
            }
            Err(trouble) => Err(reason(trouble)),
        }
    }

    /// MX records in order of preference. One that names the root says "no mail" when it stands alone (RFC 7505), and
    /// nothing when it does not.
    fn exchanges(&mut self, records: Vec<RData>) -> Result<Vec<MX>, Reason> {
        let all =
            records.into_iter().filter_map(|data| if let RData::MX(mx) = data { Some(mx) } else { None });
        let (null, mut real): (Vec<MX>, Vec<MX>) = all.partition(|mx| mx.exchange.is_root());
        if real.is_empty() {
            return Err(Reason::NullMx);
        }
        if !null.is_empty() {
            self.flags.insert(Flag::MalformedNullMx);
        }
        // By name where preferences are equal: the same order whatever order the answer has.
        real.sort_by(|a, b| (a.preference, &a.exchange).cmp(&(b.preference, &b.exchange)));
        real.dedup();
        real.truncate(self.limits.hosts);
        self.signals.mail_hosts = real.iter().map(|mx| text(&mx.exchange)).collect();
        Ok(real)
    }

    /// Who answers for the registered domain. Asked last, so that a domain in need of many questions loses this one.
    async fn name_servers(&mut self, domain: &str) {
        let zone = domain::host::registrable(domain).unwrap_or(domain);
        let Ok(zone) = Name::from_ascii(zone) else { return };
        if let Ok(Answer::Records { records, .. }) = self.questions.ask(&zone, RecordType::NS).await {
            let names = records
                .iter()
                .filter_map(|data| if let RData::NS(ns) = data { Some(text(&ns.0)) } else { None });
            self.signals.name_servers = names.take(self.limits.hosts).collect();
        }
    }

    async fn of_exchanges(&mut self, exchanges: Vec<MX>) -> Result<Vec<Target>, Reason> {
        let mut targets = Vec::new();
        let (mut barred, mut unknown) = (false, None);
        for mx in exchanges {
            match self.host(&mx.exchange, true).await {
                Host::Reachable(addresses) => {
                    let host = text(&mx.exchange);
                    let preference = mx.preference;
                    targets.extend(addresses.into_iter().map(|address| Target {
                        host: host.clone(),
                        preference,
                        address,
                    }));
                }
                Host::Barred => barred = true,
                Host::Unusable => {}
                Host::Unknown(trouble) => unknown = unknown.or(Some(trouble)),
            }
        }
        if !targets.is_empty() {
            if barred {
                self.flags.insert(Flag::MixedTargets);
            }
            return Ok(without_repeats(targets));
        }
        // What could not be asked may be a good host; what is barred is a tell; only then is nothing there.
        Err(match (unknown, barred) {
            (Some(trouble), _) => reason(trouble),
            (None, true) => Reason::NonGlobal,
            (None, false) => Reason::NoUsableHost,
        })
    }

    async fn of_the_domain_itself(&mut self, domain: &Name) -> Result<Vec<Target>, Reason> {
        self.flags.insert(Flag::ImplicitMx);
        match self.host(domain, false).await {
            Host::Reachable(addresses) => {
                let at = |address| Target { host: text(domain), preference: 0, address };
                Ok(addresses.into_iter().map(at).collect())
            }
            Host::Barred => Err(Reason::NonGlobal),
            Host::Unusable => {
                self.flags.remove(&Flag::ImplicitMx);
                Err(Reason::NoMailHost)
            }
            Host::Unknown(trouble) => Err(reason(trouble)),
        }
    }

    /// The addresses of a host, IPv4 first, because IPv6 is what a server of ours more likely lacks.
    async fn host(&mut self, name: &Name, is_exchange: bool) -> Host {
        match shape(name) {
            Shape::Loopback => return Host::Barred,
            Shape::NoHost => return Host::Unusable,
            Shape::Host => {}
        }
        let (mut global, mut barred, mut unknown) = (Vec::new(), false, None);
        for kind in [RecordType::A, RecordType::AAAA] {
            match self.questions.ask(name, kind).await {
                Ok(Answer::Records { records, aliased }) => {
                    if aliased && is_exchange {
                        self.flags.insert(Flag::AliasedHost);
                    }
                    for address in records.iter().filter_map(address) {
                        match GlobalAddress::admit(address, self.own) {
                            Ok(address) => global.push(address),
                            Err(_) => barred = true,
                        }
                    }
                }
                Ok(Answer::NoData) => {}
                // A name that is not there has no addresses of the other kind either (RFC 8020).
                Ok(Answer::NoName { .. }) => break,
                Err(trouble) => unknown = unknown.or(Some(trouble)),
            }
        }
        if !global.is_empty() {
            if barred {
                self.flags.insert(Flag::MixedTargets);
            }
            global.truncate(self.limits.addresses_per_host);
            return Host::Reachable(global);
        }
        match (barred, unknown) {
            (true, _) => Host::Barred,
            (false, Some(trouble)) => Host::Unknown(trouble),
            (false, None) => Host::Unusable,
        }
    }
}

/// Many names for one address are one place to ask.
fn without_repeats(targets: Vec<Target>) -> Vec<Target> {
    let mut seen = BTreeSet::new();
    targets.into_iter().filter(|target| seen.insert(target.address.ip())).collect()
}

enum Shape {
    Host,
    /// `localhost` and what is below it, which nobody should ask the DNS about (RFC 6761, 6.3).
    Loopback,
    /// A single label, or an address written as a name.
    NoHost,
}

fn shape(name: &Name) -> Shape {
    let name = text(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("localhost") {
        Shape::Loopback
    } else if !name.contains('.')
        || last.bytes().all(|byte| byte.is_ascii_digit())
        || name.contains(['[', ':'])
    {
        Shape::NoHost
    } else {
        Shape::Host
    }
}

/// A name without its final dot, lower case.
fn text(name: &Name) -> String {
    let mut text = name.to_ascii().to_ascii_lowercase();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

fn reason(trouble: Trouble) -> Reason {
    match trouble {
        Trouble::Failed => Reason::DnsFailed,
        Trouble::Timeout => Reason::DnsTimeout,
        Trouble::Refused => Reason::DnsRefused,
        Trouble::Malformed => Reason::DnsMalformed,
        Trouble::Loop => Reason::AliasLoop,
        Trouble::TooMuch => Reason::DnsTooMuch,
    }
}
