//! Name servers and mail servers that mean harm: whatever they do, a check ends in time, stays within its sockets and
//! memory, dials nobody it must not, and takes trouble for nothing lasting.
//!
//! `cargo test -p reachability --test peers -- [--rounds N] [--seed S] [--json]`. A round is one peer. Times are a
//! fortieth of those in production, in scripts and limits alike.

#![expect(clippy::print_stdout, reason = "a torture says what it did")]

mod sockets;

use domain::policy::Policy;
use mail_farm::{Farm, Situation, World, hostile, world};
use reachability::{
    Checker, Dial, Finding, GlobalAddress, Identity, Limits, Occasion, Resolver, Roots, Verdict,
};
use sockets::Sockets;
use std::{
    env,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    net::IpAddr,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet};

/// What times are divided by.
const HURRY: u32 = 40;

/// Peers when nobody says how many: each behaviour once, and some twice.
const ROUNDS: usize = 120;

/// Peers that live at a time.
const BATCH: usize = 400;

/// What machines of two processors, full of other work, add to a limit.
const SLACK: Duration = Duration::from_secs(1);

/// Growth of memory that is allowed, farm included (KiB).
const GROWTH_KIB_MAX: u64 = 64 * 1_024;

/// The beginning of 2026, for the validity of certificates.
const NOW: Duration = Duration::from_hours(490_896);

struct Wanted {
    rounds: usize,
    seed: u64,
    is_json: bool,
}

fn main() -> ExitCode {
    if env::args().any(|arg| arg == "--list") {
        println!("peers: test");
        return ExitCode::SUCCESS;
    }
    world::enter(|world| {
        let args: Vec<String> = env::args().collect();
        let valued = |name: &str| {
            let place = args.iter().position(|arg| arg == name)?;
            Some(args.get(place + 1)?.parse::<u64>().expect("a number"))
        };
        let rounds = valued("--rounds").map_or(ROUNDS, |rounds| usize::try_from(rounds).expect("fewer"));
        let seed = valued("--seed").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 1);
        let wanted = Wanted { rounds, seed, is_json: args.iter().any(|arg| arg == "--json") };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        runtime.block_on(torture(world, &wanted))
    })
}

/// What was found in all rounds together.
#[derive(Default)]
struct Sum {
    sessions_over: usize,
    sockets_max: usize,
    permanent_from_trouble: usize,
    rss_first_kib: u64,
    rss_max_kib: u64,
    failures: Vec<String>,
}

async fn torture(world: World, wanted: &Wanted) -> ExitCode {
    let Wanted { rounds, seed, is_json } = *wanted;
    if !is_json {
        println!("peers: {rounds} rounds, seed {seed}");
    }
    let begun = Instant::now();
    let mut sum = Sum::default();
    for first in (0..rounds).step_by(BATCH) {
        batch(world, hostile::peers(seed, first, BATCH.min(rounds - first)), &mut sum).await;
        if !is_json {
            println!("{} peers in {:.0} s", first + BATCH.min(rounds - first), begun.elapsed().as_secs_f32());
        }
    }
    let rss_growth_kib = sum.rss_max_kib - sum.rss_first_kib;
    if rss_growth_kib > GROWTH_KIB_MAX {
        sum.failures.push(format!("memory grew by {rss_growth_kib} KiB"));
    }
    for failure in &sum.failures {
        eprintln!("{failure}");
    }
    let Sum { sessions_over, sockets_max, permanent_from_trouble, failures, .. } = sum;
    println!(
        r#"{{"name":"peers","rounds":{rounds},"behaviours":{},"sessions_over":{sessions_over},"sockets_max":{sockets_max},"rss_growth_kib":{rss_growth_kib},"permanent_from_trouble":{permanent_from_trouble},"failures":{},"seconds":{}}}"#,
        hostile::behaviours(),
        failures.len(),
        begun.elapsed().as_secs()
    );
    if failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("seed {seed}: {} failures", failures.len());
    ExitCode::FAILURE
}

/// One farm, and a check of each of its peers.
async fn batch(world: World, peers: Vec<Situation>, sum: &mut Sum) {
    let farm = Arc::new(Farm::start(world, &peers, HURRY).await.expect("the farm starts"));
    let door = Door { farm: farm.clone(), sockets: Arc::new(Sockets::begin(world)), dialled: Arc::default() };
    let checker = Arc::new(checker(&farm, door.clone()));
    let mut checks = JoinSet::new();
    for peer in peers.iter().cloned() {
        let checker = checker.clone();
        checks.spawn(async move {
            let occasion = Occasion { lot: 42, now: NOW };
            let finding = checker.check(&peer.to, &occasion).await;
            (peer, finding)
        });
    }
    while let Some(checked) = checks.join_next().await {
        match checked {
            Ok((peer, finding)) => judge(&peer, &finding, &checker.limits, sum),
            Err(error) => sum.failures.push(format!("a check broke: {error}")),
        }
        sum.rss_max_kib = sum.rss_max_kib.max(sockets::memory_kib());
    }
    audit(&farm, &door, &peers, &checker.limits, sum);
    // Where growth is measured from: everything has been used once.
    if sum.rss_first_kib == 0 {
        sum.rss_first_kib = sockets::memory_kib();
    }
    drop((checker, door));
    match Arc::into_inner(farm) {
        Some(farm) => farm.stop().await,
        None => sum.failures.push("a check still holds the farm".to_owned()),
    }
}

/// What must hold of each finding.
fn judge(peer: &Situation, finding: &Finding, limits: &Limits, sum: &mut Sum) {
    let is_lasting = matches!(
        finding.verdict(),
        Verdict::Unreachable | Verdict::RejectedInput | Verdict::UnsafeTarget | Verdict::Confirmed
    );
    let Situation { number, title, to, .. } = peer;
    if number == hostile::TROUBLE && is_lasting {
        sum.permanent_from_trouble += 1;
        sum.failures.push(format!("{title} ({to}): {:?} with {:?}", finding.reason, finding.evidence));
    }
    if finding.queries > limits.dns_queries {
        sum.failures.push(format!("{title} ({to}): {} questions", finding.queries));
    }
    if finding.evidence.len() > limits.addresses {
        sum.failures.push(format!("{title} ({to}): {} hosts asked", finding.evidence.len()));
    }
}

/// What must hold of all conversations together.
fn audit(farm: &Farm, door: &Door, peers: &[Situation], limits: &Limits, sum: &mut Sum) {
    let journal = farm.journal();
    for (host, length) in journal.longer_than(limits.session + SLACK) {
        let of = peers.iter().find(|peer| peer.hosts.contains_key(&host));
        let title = of.map_or("", |peer| peer.title.as_str());
        sum.sessions_over += 1;
        sum.failures.push(format!("{title} ({host}): a session of {length:?}"));
    }
    let sockets = door.sockets.most().unwrap_or_else(|| journal.most_open());
    sum.sockets_max = sum.sockets_max.max(sockets);
    if sockets > limits.checks {
        sum.failures.push(format!("{sockets} sockets at a time"));
    }
    // Servers complain when they must not be dialled, and the dialler knows where it went.
    sum.failures.extend(journal.complaints());
    let dialled = door.dialled.lock().expect("no panic under it");
    sum.failures
        .extend(dialled.iter().filter(|to| !is_the_farms(**to)).map(|to| format!("{to} was dialled")));
}

/// Nothing else in these worlds may be dialled.
fn is_the_farms(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] == 44,
        IpAddr::V6(v6) => v6.segments()[..2] == [0x2a0e, 0x97c0],
    }
}

/// Connects as in production where it can, and notes where to and how many connections there are.
#[derive(Clone)]
struct Door {
    farm: Arc<Farm>,
    sockets: Arc<Sockets>,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
}

impl Dial for Door {
    async fn dial(&self, to: GlobalAddress) -> io::Result<TcpStream> {
        self.dialled.lock().expect("no panic under it").push(to.ip());
        let Some(door) = self.farm.door(to.ip()) else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let stream = TcpStream::connect(door).await?;
        self.sockets.look();
        Ok(stream)
    }
}

fn checker(farm: &Farm, door: Door) -> Checker<Door> {
    // The name server's work is real, so it is not hurried as much.
    let (dns, dns_query) = (Duration::from_secs(3), Duration::from_millis(750));
    let limits = Limits { dns, dns_query, ..Limits::default().hurried(HURRY) };
    let resolver = Resolver::at(farm.resolver(), &limits).expect("a resolver");
    let policy = Policy::default();
    let identity =
        Identity::new("probe.portal-mail.org", "bounces@portal-mail.org", &policy).expect("an identity");
    let mut checker = Checker::new(resolver, door, identity, policy, limits);
    checker.roots = Roots::of([farm.authority().root()]);
    checker
}
