//! Every situation of the table gives the stated finding, over real sockets, against servers that do as their scripts
//! say. Times are a twentieth of those in production, in scripts and limits alike.

mod census;

use domain::policy::Policy;
use mail_farm::{Farm, Situation, Want, World, script, table, world};
use reachability::{
    Checker, Dial, Finding, GlobalAddress, Identity, Limits, Occasion, Resolver, Roots, Signals,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet};

/// What times are divided by.
const HURRY: u32 = 20;

/// The beginning of 2026, for the validity of certificates.
const NOW: Duration = Duration::from_hours(490_896);

fn main() -> ExitCode {
    world::enter(|world| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        runtime.block_on(play(world, only()))
    })
}

/// A text that numbers or titles must hold, from the command line; all are played without one.
fn only() -> Option<String> {
    std::env::args().skip(1).find(|argument| !argument.starts_with("--"))
}

/// Connects to port 25 in a namespace, and elsewhere to where the farm has put the host.
#[derive(Clone)]
struct Door(Arc<Farm>);

impl Dial for Door {
    async fn dial(&self, to: GlobalAddress) -> io::Result<TcpStream> {
        match self.0.door(to.ip()) {
            Some(door) => TcpStream::connect(door).await,
            None if to.ip().is_ipv6() => Err(io::ErrorKind::NetworkUnreachable.into()),
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

async fn play(world: World, only: Option<String>) -> ExitCode {
    let chosen = |situation: &Situation| {
        let heading = format!("{} {}", situation.number, situation.title);
        situation.elsewhere.is_none() && only.as_ref().is_none_or(|text| heading.contains(text))
    };
    let mut situations = table::situations();
    situations.extend(census::situations(situations.len()));
    situations.retain(chosen);
    let farm = Arc::new(Farm::start(world, &situations, HURRY).await.expect("the farm starts"));
    let begun = Instant::now();
    // One checker for all would have one canary; a dead one is for those whose network is to be dead.
    let (untested, dead) =
        (Arc::new(checker(&farm, Vec::new())), Arc::new(checker(&farm, vec![script::DEAD_CANARY])));
    let mut checks = JoinSet::new();
    for situation in situations.iter().cloned() {
        let checker = if situation.egress_works { untested.clone() } else { dead.clone() };
        checks.spawn(async move { differences(&checker, situation).await });
    }
    let mut findings: Vec<String> = checks.join_all().await.into_iter().flatten().collect();
    findings.extend(canary_that_answers(&farm).await);
    findings.extend(complaints(&farm));
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    let journal = farm.journal();
    eprintln!(
        "{} situations ({world:?}) in {:.1} s: {} conversations, at most {} at a time, the longest {:.1} s; at most {} \
         questions for a domain; {} differences",
        situations.len(),
        begun.elapsed().as_secs_f32(),
        journal.all_conversations(),
        journal.most_open(),
        journal.longest().as_secs_f32(),
        journal.most_questions(),
        findings.len()
    );
    by_number(&situations);
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn checker(farm: &Arc<Farm>, canaries: Vec<IpAddr>) -> Checker<Door> {
    // The name server is ours and its work is real, so it is not hurried as much.
    let (dns, dns_query) = (Duration::from_secs(4), Duration::from_secs(1));
    let limits = Limits { dns, dns_query, ..Limits::default().hurried(HURRY) };
    let resolver = Resolver::at(farm.resolver(), &limits).expect("a resolver");
    let policy = Policy::default();
    let identity =
        Identity::new("probe.portal-mail.org", "bounces@portal-mail.org", &policy).expect("an identity");
    let mut checker = Checker::new(resolver, Door(farm.clone()), identity, policy, limits);
    checker.canaries = canaries;
    checker.roots = Roots::of([farm.authority().root()]);
    checker
}

fn occasion() -> Occasion {
    Occasion { lot: 42, now: NOW }
}

/// Checks as often as the situation wants, and says where a finding is another than wanted.
async fn differences(checker: &Checker<Door>, situation: Situation) -> Vec<String> {
    let mut differences = Vec::new();
    for want in &situation.wants {
        let finding = checker.check(&situation.to, &occasion()).await;
        let found = as_wanted(&finding);
        if finding.queries > checker.limits.dns_queries {
            differences.push(format!("{}: {} questions", situation.title, finding.queries));
        }
        if found != *want {
            differences.push(format!(
                "{} {}: wanted {want:?}, found {found:?} with {:?}",
                situation.number, situation.title, finding.evidence
            ));
        }
        let told =
            |says: &String| finding.evidence.iter().any(|evidence| evidence.text.contains(says.as_str()));
        if !situation.says.as_ref().is_none_or(told) {
            differences.push(format!("{} {}: not said", situation.number, situation.title));
        }
        if situation.run_by.as_ref().is_some_and(|by| *by != run_by(&finding)) {
            differences.push(format!(
                "{} {}: run by {}",
                situation.number,
                situation.title,
                run_by(&finding)
            ));
        }
    }
    differences
}

/// As scripts have it.
fn run_by(finding: &Finding) -> String {
    let Signals { mail_hosts, name_servers } = &finding.signals;
    let joined = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    format!("{} / {}", joined(mail_hosts), joined(name_servers))
}

fn as_wanted(finding: &Finding) -> Want {
    Want {
        verdict: finding.verdict().code().to_owned(),
        reason: finding.reason.code().to_owned(),
        flags: finding.flags.iter().map(|flag| flag.code().to_owned()).collect(),
    }
}

/// Nobody listens, and the host that is known to be there answers: then it is them.
async fn canary_that_answers(farm: &Arc<Farm>) -> Option<String> {
    let checker = checker(farm, vec![script::CANARY]);
    // A name that leads to the dead canary, which is as good as any host that is not there.
    let finding = checker.check("ada@dead-canary.org", &occasion()).await;
    let found = as_wanted(&finding);
    let wanted =
        Want { verdict: "TEMPFAIL".to_owned(), reason: "NO_CONNECTION".to_owned(), flags: Vec::new() };
    (found != wanted).then(|| format!("V25 the canary answers: wanted {wanted:?}, found {found:?}"))
}

/// What must hold for the farm as a whole, whatever it did.
fn complaints(farm: &Farm) -> Vec<String> {
    let (journal, limits) = (farm.journal(), Limits::default());
    let mut complaints = journal.complaints();
    // What a server sees of a session ends a little after it does for us.
    if journal.longest() > limits.session / HURRY + Duration::from_secs(1) {
        complaints.push(format!("a conversation of {:?}", journal.longest()));
    }
    // Two checkers play at a time, each with its own limit.
    if journal.most_open() > 2 * limits.checks {
        complaints.push(format!("{} conversations at a time", journal.most_open()));
    }
    if journal.most_questions() > usize::try_from(limits.dns_queries).expect("few") {
        complaints.push(format!("{} questions for one domain", journal.most_questions()));
    }
    complaints
}

/// How many situations of the list were played, by their numbers.
fn by_number(situations: &[Situation]) {
    let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
    for situation in situations {
        if let Some(number) = situation.number.strip_prefix('V').and_then(|number| number.parse().ok()) {
            *numbers.entry(number).or_default() += 1;
        }
    }
    let counts: Vec<String> = numbers.iter().map(|(number, count)| format!("V{number}×{count}")).collect();
    eprintln!("{}", counts.join(" "));
}
