//! The check: from what somebody typed to a finding.

use crate::{
    contact::Contact,
    dial::Dial,
    dns::Resolver,
    flag::Flag,
    globality::GlobalAddress,
    limits::Limits,
    reason::Reason,
    route::{self, Route, Target},
    smtp::{
        self, Heard, Question,
        tls::{self, Roots},
    },
    verdict::{Evidence, Finding, Stage, Verdict, escaped},
};
use domain::{address::Address, policy::Policy};
use std::{collections::BTreeSet, io, net::IpAddr, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_rustls::rustls::pki_types::UnixTime;

/// Who asks.
#[derive(Clone)]
pub struct Identity {
    helo: String,
    sender: String,
}

/// Why a name or sender cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// Not a full name of the public DNS.
    #[error("the name we greet with must be a full host name of the public DNS")]
    Helo,
    /// Not a plain address.
    #[error("the sender must be a plain mail address of the public DNS")]
    Sender,
}

impl Identity {
    /// `helo` is the name servers are greeted with (RFC 5321, 4.1.4): ours, resolving to the address we come from, as
    /// its reverse name does. `sender` is a mailbox that takes bounces: an empty one is refused by many for probes.
    pub fn new(helo: &str, sender: &str, policy: &Policy) -> Result<Self, InvalidIdentity> {
        let helo = domain::host::public_name(helo, policy).ok_or(InvalidIdentity::Helo)?;
        let sender = Address::parse(sender, policy).map_err(|_| InvalidIdentity::Sender)?.reveal();
        Ok(Self { helo, sender })
    }
}

/// What a check may not make up for itself.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// A random number; names the mailbox nobody has.
    pub lot: u128,
    /// Time since the Unix epoch, for the validity of certificates.
    pub now: Duration,
}

/// Checks addresses. Shared by all who check, so that its limit on checks at a time is one.
pub struct Checker<D> {
    /// Answers questions about names.
    pub resolver: Resolver,
    /// Connects.
    pub dialler: D,
    /// Who asks.
    pub identity: Identity,
    /// Which domains count as public.
    pub policy: Policy,
    /// Our own addresses, which nobody's mail leads to.
    pub own: Vec<IpAddr>,
    /// Addresses where port 25 is known to answer: dialled when nobody else's does, to tell whose trouble it is.
    pub canaries: Vec<IpAddr>,
    /// What certificates are measured by.
    pub roots: Roots,
    /// Whether mail hosts are talked to, or only looked up.
    pub asks_hosts: bool,
    /// How much a check may take.
    pub limits: Limits,
    permits: Semaphore,
}

/// What one host said, in the order of preference.
struct Report {
    preference: u16,
    reason: Reason,
    stage: Stage,
}

/// A dial that failed.
enum NotDialled {
    /// We have no way to addresses of this kind.
    NoRoute,
    Failed,
}

impl<D: Dial> Checker<D> {
    /// Talks to hosts, and knows no addresses of our own, no canaries and no roots; set what there is.
    pub fn new(resolver: Resolver, dialler: D, identity: Identity, policy: Policy, limits: Limits) -> Self {
        let permits = Semaphore::new(limits.checks);
        Self {
            resolver,
            dialler,
            identity,
            policy,
            own: Vec::new(),
            canaries: Vec::new(),
            roots: Roots::default(),
            asks_hosts: true,
            limits,
            permits,
        }
    }

    /// Checks an address as typed. Waits for its turn where [`Limits::checks`] are running; from then on it takes at
    /// most [`Limits::dns`], [`Limits::conversations`] and, when nobody could be connected to, twice [`Limits::connect`].
    /// Cancelling it closes its connection.
    pub async fn check(&self, typed: &str, occasion: &Occasion) -> Finding {
        let contact = match Contact::parse(typed, &self.policy) {
            Ok(contact) => contact,
            Err(reason) => return Finding::of(reason),
        };
        // The semaphore is never closed; without a permit nobody is asked.
        let Ok(_permit) = self.permits.acquire().await else { return Finding::of(Reason::Egress) };
        let Route { targets, flags, believed_for, signals, queries } =
            route::of(contact.domain(), &self.resolver, &self.own, &self.limits).await;
        let mut finding = match targets {
            Ok(_) if !self.asks_hosts => Finding::of(Reason::NotAsked),
            Ok(targets) => self.visit(&contact, targets, occasion).await,
            Err(reason) => Finding { believed_for, ..Finding::of(reason) },
        };
        finding.queries = queries;
        finding.signals = signals;
        finding.flags.extend(flags);
        finding.flags.extend(contact.flags());
        finding
    }

    /// Asks one target after the other, until one gives an answer that counts.
    async fn visit(&self, contact: &Contact, targets: Vec<Target>, occasion: &Occasion) -> Finding {
        let mut visit = Visit {
            checker: self,
            contact,
            recipient: contact.reveal(),
            tls: tls::Client::new(&self.roots, UnixTime::since_unix_epoch(occasion.now)),
            nobody: format!("{:032x}", occasion.lot),
            until: Instant::now() + self.limits.conversations,
            reports: Vec::new(),
            evidence: Vec::new(),
            flags: BTreeSet::new(),
            routes_missing: 0,
        };
        for target in targets.iter().take(self.limits.addresses) {
            if visit.is_settled(target.preference) || Instant::now() >= visit.until {
                break;
            }
            visit.ask(target).await;
        }
        let reason = visit.conclude().await;
        let Visit { flags, evidence, .. } = visit;
        Finding { flags, evidence, ..Finding::of(reason) }
    }
}

/// The hosts of one domain, as they are asked.
struct Visit<'a, D> {
    checker: &'a Checker<D>,
    contact: &'a Contact,
    recipient: String,
    tls: Option<tls::Client>,
    nobody: String,
    until: Instant,
    reports: Vec<Report>,
    evidence: Vec<Evidence>,
    flags: BTreeSet<Flag>,
    /// Targets we have no way to.
    routes_missing: usize,
}

impl<D: Dial> Visit<'_, D> {
    async fn ask(&mut self, target: &Target) {
        let mut tls = self.tls.take();
        let mut heard = self.converse(target, tls.as_ref()).await;
        // Once more without TLS where TLS broke: a probe has nothing secret in it (RFC 7435).
        if heard.as_ref().is_ok_and(|heard| heard.tls_broke) {
            let broken = heard;
            heard = self.converse(target, None).await;
            if let (Ok(heard), Ok(broken)) = (&mut heard, broken) {
                heard.flags.extend(broken.flags);
                heard.flags.insert(Flag::BrokenTls);
            }
        }
        self.tls = tls.take();
        match heard {
            Ok(heard) => self.note(target, heard),
            Err(failure) => {
                if matches!(failure, NotDialled::NoRoute) {
                    self.routes_missing += 1;
                }
                let (reason, stage) = (Reason::NoConnection, Stage::Connect);
                self.note(
                    target,
                    Heard {
                        reason,
                        stage,
                        reply: None,
                        flags: BTreeSet::new(),
                        tls: false,
                        tls_broke: false,
                    },
                );
            }
        }
    }

    async fn converse(&self, target: &Target, tls: Option<&tls::Client>) -> Result<Heard, NotDialled> {
        let limits = &self.checker.limits;
        let begun = Instant::now();
        let stream = match timeout_at(
            self.until.min(begun + limits.connect),
            self.checker.dialler.dial(target.address),
        )
        .await
        {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if is_no_route(&error) => return Err(NotDialled::NoRoute),
            Ok(Err(_)) | Err(_) => return Err(NotDialled::Failed),
        };
        let question = Question {
            helo: &self.checker.identity.helo,
            sender: &self.checker.identity.sender,
            recipient: &self.recipient,
            utf8: self.contact.needs_smtputf8(),
            domain: self.contact.domain(),
            nobody: &self.nobody,
            tls,
            host: &target.host,
        };
        let until = self.until.min(begun + limits.session);
        Ok(smtp::converse(stream, &question, until, limits).await)
    }

    fn note(&mut self, target: &Target, heard: Heard) {
        let Heard { reason, stage, reply, flags, tls, .. } = heard;
        self.flags.extend(flags);
        self.reports.push(Report { preference: target.preference, reason, stage });
        self.evidence.push(Evidence {
            host: target.host.clone(),
            address: target.address.ip(),
            reason,
            stage,
            code: reply.as_ref().map(|reply| reply.code),
            enhanced: reply.as_ref().and_then(smtp::reply::Reply::enhanced_text),
            text: escaped(&reply.map(|reply| reply.lines.join(&b'\n')).unwrap_or_default()),
            tls,
        });
    }

    /// Whether a host of this preference has nothing to add. A yes or a rule against us ends it. A no about the
    /// mailbox ends it too, but for hosts of equal preference, which are as good a source.
    fn is_settled(&self, next: u16) -> bool {
        self.reports.iter().any(|report| match report.reason.verdict() {
            Verdict::Accepted => true,
            _ if report.stage < Stage::Sender => false,
            Verdict::PolicyRefused => true,
            Verdict::Unreachable => report.preference < next,
            _ => false,
        })
    }

    /// One reason out of all reports.
    async fn conclude(&mut self) -> Reason {
        let said = |verdict: Verdict| {
            move |report: &&Report| report.reason.verdict() == verdict && report.stage >= Stage::Sender
        };
        let accepted = self.reports.iter().find(|report| report.reason.verdict() == Verdict::Accepted);
        let refused = self.reports.iter().find(said(Verdict::Unreachable));
        if let Some(accepted) = accepted {
            if refused.is_some() {
                self.flags.insert(Flag::HostsDisagree);
            }
            return accepted.reason;
        }
        if let Some(decided) = refused.or_else(|| self.reports.iter().find(said(Verdict::PolicyRefused))) {
            return decided.reason;
        }
        // Nobody got as far as an answer. The least certain verdict counts, so that trouble never reads as a no; of
        // several reasons for it the one of who was most forthcoming.
        let weakest =
            [Verdict::TempFail, Verdict::Indeterminate, Verdict::PolicyRefused, Verdict::Unreachable]
                .iter()
                .find_map(|verdict| {
                    let mut such: Vec<_> =
                        self.reports.iter().filter(|report| report.reason.verdict() == *verdict).collect();
                    such.sort_by_key(|report| std::cmp::Reverse(report.stage));
                    such.first().map(|report| report.reason)
                });
        match weakest {
            Some(Reason::NoConnection) => self.whose_trouble().await,
            Some(reason) => reason,
            None => Reason::Timeout,
        }
    }

    /// Nobody could be connected to: is it them or us?
    async fn whose_trouble(&mut self) -> Reason {
        if self.evidence.iter().all(|evidence| evidence.address.is_ipv6())
            && self.routes_missing == self.reports.len()
        {
            return Reason::EgressV6;
        }
        let Checker { canaries, own, dialler, limits, .. } = self.checker;
        let known: Vec<_> =
            canaries.iter().filter_map(|ip| GlobalAddress::admit(*ip, own).ok()).take(2).collect();
        if known.is_empty() {
            self.flags.insert(Flag::EgressUntested);
            return Reason::NoConnection;
        }
        for canary in known {
            if matches!(timeout_at(Instant::now() + limits.connect, dialler.dial(canary)).await, Ok(Ok(_))) {
                return Reason::NoConnection;
            }
        }
        Reason::Egress
    }
}

fn is_no_route(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable)
}
