//! Thousands of schedules of crashes, pauses, lost replies, clock jumps and changed limits, on a simulated
//! ledger with several nodes: one seed, one thread, virtual time. After each, the gateway's own list of what
//! it let pass is audited.

use portal_tests::Random;
use quota::{
    Chain, Limit, PoolKey, Violated, Window,
    account::{Account, Ask, Verdict, exchange},
    cell::Slice,
    time::Referee,
};

const SCHEDULES: u64 = 1_500;
const STEPS: u64 = 3_000;
/// When it begins; deadlines of slices are told on the machine's own clock, which began then.
const START: i64 = 1_795_000_000_000;
const LENGTH: i64 = 60_000;
const LEASE: i64 = 2_000;
const ANSWER: i64 = 500;

/// An instant on the clock of the machine, which nobody sets.
fn ticks(now: i64) -> u64 {
    (now - START).cast_unsigned()
}

/// An instant before a bound.
fn instant(random: &mut Random, bound: i64) -> i64 {
    random.below(bound.unsigned_abs()).cast_signed()
}

struct Node {
    slice: Slice,
    lease: Option<u64>,
    returns: Vec<(u64, u32)>,
    referee: Referee,
    wall: i64,
    /// A stopped process does nothing until then.
    stopped_until: i64,
}

/// A portal: accounts that survive, nodes that do not.
struct World {
    random: Random,
    now: i64,
    limit: u32,
    chain: Chain,
    accounts: Vec<Account>,
    nodes: Vec<Node>,
    leases: u64,
    passed: Vec<i64>,
    crashes: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let limit = random.pick(&[1, 3, 20, 150, 1_000]);
        let window = Window::rolling(LENGTH);
        let mut chain = Chain::new(PoolKey::whole(1), Limit { units: limit, window });
        if random.below(3) == 0 {
            chain = chain.below(2, Violated::Owner, Limit { units: limit, window });
        }
        let accounts = vec![Account::default(); chain.links().len()];
        let now = START;
        let nodes = (0..=random.below(5)).map(|_| Node::start(0, now, now)).collect();
        Self { random, now, limit, chain, accounts, nodes, leases: 0, passed: Vec::new(), crashes: 0 }
    }

    fn any_node(&mut self) -> usize {
        let at = self.random.below(self.nodes.len() as u64);
        usize::try_from(at).expect("few nodes")
    }

    fn step(&mut self) {
        self.now += instant(&mut self.random, 60);
        let at = self.any_node();
        if self.nodes[at].stopped_until > self.now {
            return;
        }
        match self.random.below(400) {
            0 => self.crash(at),
            1 => self.nodes[at].stopped_until = self.now + instant(&mut self.random, 3 * LEASE),
            2 => self.nodes[at].wall += instant(&mut self.random, 4 * LENGTH) - 2 * LENGTH,
            3 => self.exchange(at, false, true),
            4..=9 => self.tick(at),
            _ => self.call(at),
        }
    }

    fn crash(&mut self, at: usize) {
        self.crashes += 1;
        let recorded = self.accounts.iter().map(|account| account.latest).max().unwrap_or(0);
        // A wall clock that was set back before the start, as a machine without a battery has.
        let wall = self.now - instant(&mut self.random, LENGTH);
        self.nodes[at] = Node::start(recorded, wall.max(recorded), self.now);
    }

    fn tick(&mut self, at: usize) {
        let now = self.now;
        let node = &mut self.nodes[at];
        node.referee.observe(now + node.wall, now);
        if node.slice.deadline() <= ticks(now) || self.accounts.iter().any(|a| a.recall_until > now) {
            self.exchange(at, false, false);
        }
    }

    fn call(&mut self, at: usize) {
        if self.nodes[at].slice.take(1, ticks(self.now)).is_some() {
            self.let_pass();
        } else {
            self.exchange(at, true, false);
        }
    }

    /// The answer is on its way; one that comes too late is dropped by the gateway.
    fn let_pass(&mut self) {
        let delay = instant(&mut self.random, ANSWER * 2);
        if delay < ANSWER {
            self.passed.push(self.now + delay);
        }
    }

    fn exchange(&mut self, at: usize, wanted: bool, is_lost: bool) {
        self.leases += 1;
        let (lease, now) = (self.leases, self.now);
        let node = &mut self.nodes[at];
        node.drain();
        let ask = Ask {
            chain: &self.chain,
            returned: &node.returns,
            lease,
            costs: if wanted { &[1] } else { &[] },
            may_idle: true,
            owed: 0,
            acknowledged: &[],
            lease_ms: LEASE,
            answer_ms: ANSWER,
        };
        let effective = node.referee.at(now);
        // The reply, or the request itself, may be lost; the node can't tell which.
        if is_lost {
            if self.random.below(2) == 0 {
                exchange(&mut self.accounts, &ask, effective);
            }
            return self.nodes[at].returns.push((lease, u32::MAX));
        }
        let outcome = exchange(&mut self.accounts, &ask, effective);
        node.returns.clear();
        if let Verdict::Granted { units, ends } = outcome.verdict {
            let lasts = ends - node.referee.at(now);
            if units > 1 {
                node.lease = Some(lease);
                node.slice.install(units - 1, ticks(now + lasts));
            }
            self.let_pass();
        }
    }

    /// Calls that the gateway let pass beyond the limit, in the fullest window.
    fn over(&mut self) -> usize {
        self.passed.sort_unstable();
        let mut first = 0;
        let mut fullest = 0;
        for (last, passed) in self.passed.iter().enumerate() {
            while self.passed[first] + LENGTH <= *passed {
                first += 1;
            }
            fullest = fullest.max(last + 1 - first);
        }
        fullest.saturating_sub(self.limit as usize)
    }
}

impl Node {
    fn start(recorded: i64, wall: i64, now: i64) -> Self {
        Self {
            slice: Slice::default(),
            lease: None,
            returns: Vec::new(),
            referee: Referee::start(recorded, wall, now),
            wall: 0,
            stopped_until: 0,
        }
    }

    fn drain(&mut self) {
        let unspent = self.slice.drain();
        if let Some(lease) = self.lease.take() {
            self.returns.push((lease, unspent));
        }
    }
}

#[test]
fn no_schedule_of_crashes_pauses_and_jumps_lets_more_than_n_calls_pass_in_any_window() {
    for seed in 0..SCHEDULES {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        assert_eq!(world.over(), 0, "seed {seed}");
    }
}

#[test]
fn what_is_not_forfeited_by_a_crash_is_used_when_there_is_demand() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        let until = world.now + LENGTH;
        // Only calls and ticks, and crashes, in the first window; the last seconds are without faults, so that
        // what lies idle comes back.
        while world.now < until {
            let at = world.any_node();
            world.now += 5;
            match world.random.below(200) {
                0 if world.now < until - 3 * LEASE => world.crash(at),
                1..=20 => world.tick(at),
                _ => world.call(at),
            }
        }
        let used: u64 = world.accounts[0].usage.used();
        let idle: u32 = world.nodes.iter().map(|node| node.slice.units()).sum();
        assert_eq!(used, u64::from(world.limit), "seed {seed}: demand was there");
        assert_eq!(idle, 0, "seed {seed}: nothing lies idle where others ask");
        assert!(world.passed.len() + idle as usize <= world.limit as usize);
    }
}
