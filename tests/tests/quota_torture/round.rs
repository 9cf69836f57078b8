//! One schedule: demand without pause on every node, faults at random, and then the audit.

use super::{
    audit,
    gateway::{Gateway, Passed},
    node::{Node, Setting},
};
use portal_tests::{Random, postgres::Postgres};
use std::{
    fmt, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LENGTH: Duration = Duration::from_secs(4);
const LEASE: Duration = Duration::from_millis(200);
const ANSWER: Duration = Duration::from_millis(250);
/// The first window is exhausted in so much time, the last of it without faults.
const FAULTS: Duration = Duration::from_secs(2);
const CALM: Duration = Duration::from_millis(1_600);
/// Then faults go on for so much longer.
const BEYOND: Duration = Duration::from_millis(6_500);

/// A schedule of faults.
pub(crate) struct Round {
    random: Random,
    number: u64,
    started: u64,
    killed: u64,
    ledger_faults: u64,
    /// What was done when (ms): shown when the round fails.
    journal: Vec<(u128, String)>,
    begun: Instant,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) admitted: u64,
    pub(crate) limit: u64,
    pub(crate) over: u64,
    pub(crate) forfeited: u64,
    pub(crate) failures: Vec<String>,
    nodes: usize,
    killed: u64,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.limit += other.limit;
        self.over += other.over;
        self.forfeited += other.forfeited;
        self.failures.extend(other.failures);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { admitted, limit, over, forfeited, failures, nodes, killed } = self;
        write!(f, "{nodes} nodes, limit {limit}, {admitted} admitted, {over} over, {killed} killed, ")?;
        write!(f, "{forfeited} forfeited {failures:?}")
    }
}

/// What happens to the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ledger {
    Stands,
    LosesSessions,
    Dies,
}

impl Ledger {
    fn when(self, may_fail: bool) -> Self {
        if may_fail { self } else { Self::Stands }
    }
}

/// Nodes with their clients.
struct Cluster {
    setting: Setting,
    nodes: Vec<Option<Node>>,
    gateways: Vec<Gateway>,
    _folder: TempDir,
}

impl Round {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        Self {
            random: Random(seed),
            number,
            started: 0,
            killed: 0,
            ledger_faults: 0,
            journal: Vec::new(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn run(mut self, postgres: &mut Postgres) -> Outcome {
        let limit = self.random.pick(&[1, 7, 60, 500, 3_000]);
        let begun = Instant::now();
        let mut cluster = self.cluster(postgres, limit, begun);
        // A database that dies takes a share of the time, not all of it.
        let may_fail = self.random.below(3) == 0;
        self.faults(&mut cluster, postgres, begun + FAULTS, Ledger::LosesSessions.when(may_fail));
        wait(begun + FAULTS + CALM);
        let calm = i64::try_from((FAULTS + CALM).as_micros()).unwrap();
        let first_faults = (self.killed, self.ledger_faults);
        self.faults(&mut cluster, postgres, begun + FAULTS + CALM + BEYOND, Ledger::Dies.when(may_fail));
        let nodes = cluster.nodes.len();
        let refusals: u64 = cluster.gateways.iter().map(Gateway::final_refusals).sum();
        let (mut log, dropped) = cluster.end();
        let mut outcome =
            Outcome { limit: u64::from(limit), nodes, killed: self.killed, ..Outcome::default() };
        outcome.admitted = log.len() as u64;
        outcome.over = audit::over(&mut log, i64::try_from(LENGTH.as_micros()).unwrap(), limit) as u64;
        if outcome.over > 0 {
            outcome.failures.push(format!("{} calls too many", outcome.over));
        }
        if refusals == 0 {
            outcome.failures.push("nobody was refused: there was no demand".to_owned());
        }
        self.check_use(&mut outcome, &log, calm, first_faults, dropped);
        if !outcome.failures.is_empty() {
            outcome.failures.push(format!(
                "{:?}; passed by half seconds {:?}",
                self.journal,
                histogram(&log)
            ));
        }
        outcome
    }

    /// Of the first window all is used but what was forfeited; of the whole time nearly all that could be.
    fn check_use(
        &self,
        outcome: &mut Outcome,
        log: &[Passed],
        calm: i64,
        (killed, ledger_faults): (u64, u64),
        dropped: u64,
    ) {
        let limit = outcome.limit;
        let first = audit::passed_before(log, calm) as u64;
        outcome.forfeited = limit.saturating_sub(first);
        let slice = (limit / 100).max(1);
        // A process that is stopped, or a database that dies, makes answers late, which gateways drop.
        let most = killed * slice + dropped + ledger_faults * slice;
        if outcome.forfeited > most {
            let text = format!("{} forfeited of at most {most}", outcome.forfeited);
            outcome.failures.push(text);
        }
        let spent = self.killed * slice + dropped + self.ledger_faults * slice;
        // Two windows open in the time there is: the second one by the end of leases and answers later.
        if (outcome.admitted + spent) * 100 < 2 * limit * 95 {
            outcome.failures.push(format!("{} admitted of 2 x {limit}", outcome.admitted));
        }
    }

    fn cluster(&mut self, postgres: &Postgres, limit: u32, begun: Instant) -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let skew = folder.path().join("skew");
        fs::write(&skew, "0").unwrap();
        let setting = Setting {
            ledger: postgres.url(),
            pool: self.number + 1,
            limit,
            length_ms: i64::try_from(LENGTH.as_millis()).unwrap(),
            lease_ms: i64::try_from(LEASE.as_millis()).unwrap(),
            answer_ms: i64::try_from(ANSWER.as_millis()).unwrap(),
            skew,
        };
        let count = 1 + self.random.below(5);
        let gateways = (0..count).map(|_| Gateway::start(3, begun, ANSWER)).collect();
        let mut cluster = Cluster { setting, nodes: Vec::new(), gateways, _folder: folder };
        for at in 0..usize::try_from(count).unwrap() {
            cluster.nodes.push(None);
            self.start(&mut cluster, at);
        }
        cluster
    }

    fn start(&mut self, cluster: &mut Cluster, at: usize) {
        let node = loop {
            self.started += 1;
            let mut node = cluster.setting.start((self.number << 20) + self.started);
            if node.port != 0 {
                break node;
            }
            // It met the database at a bad moment and ended.
            node.child.wait().unwrap();
        };
        cluster.gateways[at].reach(node.port);
        cluster.nodes[at] = Some(node);
    }

    fn faults(&mut self, cluster: &mut Cluster, postgres: &mut Postgres, mut until: Instant, ledger: Ledger) {
        while Instant::now() < until {
            thread::park_timeout(Duration::from_millis(50 + self.random.below(250)));
            let at = usize::try_from(self.random.below(cluster.nodes.len() as u64)).unwrap();
            let fault = self.random.below(8);
            self.journal.push((self.begun.elapsed().as_millis(), format!("fault {fault} of node {at}")));
            match fault {
                0 | 1 => self.kill(cluster, at, "KILL"),
                2 => self.kill(cluster, at, "TERM"),
                3 | 4 => self.pause(cluster, at),
                5 => self.jump(cluster),
                6 if ledger != Ledger::Stands => {
                    self.ledger_faults += cluster.nodes.len() as u64;
                    postgres.end_sessions();
                }
                7 if ledger == Ledger::Dies => {
                    self.ledger_faults += cluster.nodes.len() as u64;
                    let down = Instant::now();
                    postgres.crash();
                    postgres.serve();
                    // Nothing can pass meanwhile, so the schedule goes on for as much longer.
                    until += down.elapsed();
                }
                _ => {}
            }
        }
    }

    /// Ends a node, by force or in order, and starts another in its place.
    fn kill(&mut self, cluster: &mut Cluster, at: usize, signal: &str) {
        cluster.gateways[at].reach(0);
        let Some(mut node) = cluster.nodes[at].take() else { return };
        send(&node, signal);
        node.child.wait().unwrap();
        self.killed += u64::from(signal == "KILL");
        self.start(cluster, at);
    }

    /// A process that is stopped for longer than its lease, or not quite so long.
    fn pause(&mut self, cluster: &Cluster, at: usize) {
        let Some(node) = &cluster.nodes[at] else { return };
        send(node, "STOP");
        thread::park_timeout(Duration::from_millis(20 + self.random.below(600)));
        send(node, "CONT");
    }

    /// Everybody's wall clock is wrong from now on, by up to a hundred windows.
    fn jump(&mut self, cluster: &Cluster) {
        let length = u64::try_from(LENGTH.as_millis()).unwrap();
        let by = self.random.below(200 * length).cast_signed() - (100 * length).cast_signed();
        fs::write(&cluster.setting.skew, by.to_string()).unwrap();
    }
}

impl Cluster {
    fn end(self) -> (Vec<Passed>, u64) {
        let mut log = Vec::new();
        let mut dropped = 0;
        for gateway in self.gateways {
            let (passed, late) = gateway.end();
            log.extend(passed);
            dropped += late;
        }
        for mut node in self.nodes.into_iter().flatten() {
            node.child.kill().unwrap();
            node.child.wait().unwrap();
        }
        (log, dropped)
    }
}

fn send(node: &Node, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &node.child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "the node has ended by itself");
}

/// Calls that passed in each half second.
fn histogram(log: &[Passed]) -> Vec<usize> {
    let mut counts = Vec::new();
    for call in log {
        let at = usize::try_from(call.passed / 500_000).unwrap();
        counts.resize(counts.len().max(at + 1), 0);
        counts[at] += 1;
    }
    counts
}

fn wait(until: Instant) {
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}
