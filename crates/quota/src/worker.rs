//! The one task of a node that talks to the ledger: it takes everything that waits, exchanges leases for all
//! of it in one transaction, and answers.

use crate::{
    account::{Ask, Crossed, Outcome},
    chain::Chain,
    engine::Shared,
    key::PoolKey,
    ledger::LedgerError,
    turn::{COARSE_MS, Job, Open, Task, Turn},
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    future::Future,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::mpsc;

/// Jobs of one transaction.
const BATCH_MAX: usize = 512;
/// How often leases that ended are given back, and recalled ones looked for.
const TICK: Duration = Duration::from_millis(200);
/// After a failure the ledger is left alone for so long.
const PAUSE_MS: i64 = 250;
/// Tries to give leases back at a clean stop.
const CLOSING_TRIES: u32 = 5;

/// A threshold of a pool was reached and people are to be told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The cell that used the pool.
    pub key: PoolKey,
    /// Its limits.
    pub chain: Arc<Chain>,
    /// Which threshold, and when.
    pub crossed: Crossed,
}

/// Talks to the ledger. One per node.
pub struct Worker {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Job>,
    notices: mpsc::Sender<Notice>,
    /// Pools of which this node holds something, or owes something.
    open: HashMap<PoolKey, Open>,
    /// When to look at an open pool again (coarse ms), soonest first; entries outlive what they were made for.
    due: BinaryHeap<Reverse<(u64, PoolKey)>>,
    leases: u64,
    outage: Option<Outage>,
    /// Occasions on their way to people.
    announced: HashSet<(PoolKey, Crossed)>,
    asleep_ms: i64,
}

/// A time in which the ledger can't be reached (coarse ms).
#[derive(Clone, Copy)]
struct Outage {
    since: i64,
    next_try: i64,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        queue: mpsc::Receiver<Job>,
        notices: mpsc::Sender<Notice>,
    ) -> Self {
        let asleep_ms = asleep_ms(&shared);
        Self {
            shared,
            queue,
            notices,
            open: HashMap::new(),
            due: BinaryHeap::new(),
            leases: 0,
            outage: None,
            announced: HashSet::new(),
            asleep_ms,
        }
    }

    /// Works until told to stop; then everything that is leased goes back.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                _ = tick.tick() => self.tick().await,
                taken = self.queue.recv_many(&mut jobs, BATCH_MAX) => match taken {
                    0 => break,
                    _ => self.batch(std::mem::take(&mut jobs)).await,
                },
            }
        }
        self.close().await;
    }

    async fn batch(&mut self, jobs: Vec<Job>) {
        let mut turns = self.turns(jobs);
        while !turns.is_empty() {
            self.answer_from_memory(&mut turns);
            turns = self.exchange(turns).await;
        }
    }

    /// Groups jobs by pool.
    fn turns(&mut self, jobs: Vec<Job>) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        let mut places: HashMap<PoolKey, usize> = HashMap::new();
        for Job { key, cell, chain, task } in jobs {
            let place = *places.entry(key).or_insert_with(|| {
                let open = self.open.remove(&key).unwrap_or_else(|| Open::new(cell, chain.clone()));
                turns.push(Turn::new(key, open));
                turns.len() - 1
            });
            let turn = &mut turns[place];
            if turn.open.chain.revision <= chain.revision {
                turn.open.chain = chain;
            }
            match task {
                Task::Spend { cost, reply } => turn.waiting.push_back((cost, reply)),
                Task::Return { reply } => turn.returning.push(reply),
                Task::Acknowledge { crossed } => {
                    self.announced.remove(&(key, crossed));
                    turn.open.acknowledged.push(crossed);
                }
            }
        }
        turns
    }

    /// An exchange for an earlier call may have left enough for those behind it.
    fn answer_from_memory(&mut self, turns: &mut Vec<Turn>) {
        let now = self.shared.time.coarse_ms().cast_unsigned();
        for mut turn in std::mem::take(turns) {
            turn.answer_from_memory(now);
            if turn.is_done() { self.keep(turn) } else { turns.push(turn) }
        }
    }

    /// One transaction for all turns. Returns those that need another.
    async fn exchange(&mut self, mut turns: Vec<Turn>) -> Vec<Turn> {
        if turns.is_empty() {
            return turns;
        }
        let coarse = self.shared.time.coarse_ms();
        if let Some(outage) = self.outage.filter(|outage| coarse < outage.next_try) {
            self.fail(turns, coarse - outage.since);
            return Vec::new();
        }
        for turn in &mut turns {
            turn.lease = self.next_lease();
            turn.open.drain();
        }
        let shared = self.shared.clone();
        let costs: Vec<Vec<u32>> = turns.iter().map(Turn::costs).collect();
        let asks: Vec<Ask<'_>> =
            turns.iter().zip(&costs).map(|(turn, costs)| turn.ask(costs, &shared)).collect();
        let exchanged = shared.ledger.exchange(&asks, &|| shared.now_ms()).await;
        shared.counts.exchanges.fetch_add(1, Ordering::Relaxed);
        match exchanged {
            Ok(outcomes) => {
                self.outage = None;
                let turns = turns.into_iter().zip(outcomes);
                turns.filter_map(|(turn, outcome)| self.settle(turn, &outcome)).collect()
            }
            Err(error) => {
                let since = self.note_failure(&error, coarse);
                for turn in &mut turns {
                    turn.is_in_doubt();
                }
                self.fail(turns, coarse - since);
                Vec::new()
            }
        }
    }

    /// Returns the turn if something of it is not done yet.
    fn settle(&mut self, mut turn: Turn, outcome: &Outcome) -> Option<Turn> {
        self.announce(&turn, &outcome.crossed);
        turn.settle(&self.shared, outcome);
        if turn.is_done() {
            self.keep(turn);
            return None;
        }
        Some(turn)
    }

    /// The ledger can't be reached: some calls pass on grace, the others are told.
    fn fail(&mut self, turns: Vec<Turn>, lasted: i64) {
        for mut turn in turns {
            turn.fail(&self.shared, lasted);
            self.keep(turn);
        }
    }

    /// Returns since when the ledger can't be reached.
    fn note_failure(&mut self, error: &LedgerError, coarse: i64) -> i64 {
        self.shared.counts.failures.fetch_add(1, Ordering::Relaxed);
        if self.outage.is_none() {
            tracing::error!(%error, "the quota ledger cannot be reached");
        }
        let since = self.outage.map_or(coarse, |outage| outage.since);
        self.outage = Some(Outage { since, next_try: self.shared.time.coarse_ms() + PAUSE_MS });
        since
    }

    /// Gives back what has ended or is wanted by others, and pays what is owed.
    async fn tick(&mut self) {
        let shared = self.shared.clone();
        self.notice_sleep();
        let recalled = match shared.ledger.recalled(shared.now_ms()).await {
            Ok(recalled) => recalled,
            Err(error) => {
                self.note_failure(&error, shared.time.coarse_ms());
                return;
            }
        };
        let wall = recalled.clock.unwrap_or_else(|| shared.time.wall_ms());
        shared.referee().observe(wall, shared.time.monotonic_ms());
        let wanted: HashSet<Vec<u8>> = recalled.pools.into_iter().collect();
        let mut due = self.ended(shared.time.coarse_ms().cast_unsigned());
        if !wanted.is_empty() {
            let touched = self.open.iter().filter(|(_, open)| open.touches(&wanted));
            due.extend(touched.map(|(key, _)| *key));
        }
        self.return_all(due).await;
    }

    /// Open pools that have something to give back or to pay.
    fn ended(&mut self, coarse: u64) -> Vec<PoolKey> {
        let mut ended = Vec::new();
        while let Some(Reverse((at, key))) = self.due.peek().copied()
            && at <= coarse
        {
            self.due.pop();
            if self.open.get(&key).is_some_and(|open| open.due_at() <= coarse) {
                ended.push(key);
            }
        }
        ended
    }

    async fn return_all(&mut self, mut due: Vec<PoolKey>) {
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(BATCH_MAX));
            let turns = std::mem::replace(&mut due, rest).into_iter();
            let mut turns: Vec<Turn> =
                turns.filter_map(|key| Some(Turn::new(key, self.open.remove(&key)?))).collect();
            while !turns.is_empty() {
                turns = self.exchange(turns).await;
            }
        }
    }

    /// A machine that slept has spent no lease meanwhile, but its leases have ended.
    fn notice_sleep(&mut self) {
        let asleep = asleep_ms(&self.shared);
        if asleep - self.asleep_ms > COARSE_MS * 10 {
            for (key, open) in &mut self.open {
                open.drain();
                self.due.push(Reverse((0, *key)));
            }
        }
        // Two clocks are not read at one instant: too small a reading is no sleep that ended.
        self.asleep_ms = self.asleep_ms.max(asleep);
    }

    async fn close(&mut self) {
        self.queue.close();
        let mut jobs = Vec::new();
        while self.queue.recv_many(&mut jobs, BATCH_MAX).await > 0 {
            self.batch(std::mem::take(&mut jobs)).await;
        }
        for _ in 0..CLOSING_TRIES {
            let due: Vec<PoolKey> = self.open.keys().copied().collect();
            if due.is_empty() {
                return;
            }
            self.outage = None;
            self.return_all(due).await;
        }
        tracing::error!(pools = self.open.len(), "leases could not be given back; they are forfeited");
    }

    fn announce(&mut self, turn: &Turn, crossed: &[Crossed]) {
        for crossed in crossed {
            let occasion = (turn.key, *crossed);
            if self.announced.contains(&occasion) {
                continue;
            }
            let notice = Notice { key: turn.key, chain: turn.open.chain.clone(), crossed: *crossed };
            // With a full channel the ledger keeps the notice for the next exchange.
            if self.notices.try_send(notice).is_ok() {
                self.announced.insert(occasion);
            }
        }
    }

    fn keep(&mut self, turn: Turn) {
        if !turn.open.is_empty() {
            self.due.push(Reverse((turn.open.due_at(), turn.key)));
            self.open.insert(turn.key, turn.open);
        }
    }

    /// Ids of leases of one start of a node: 64 random bits and a counter, mixed.
    fn next_lease(&mut self) -> u64 {
        self.leases += 1;
        self.shared.options.node.wrapping_add(self.leases.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// How much of the time since the machine's start it slept.
fn asleep_ms(shared: &Shared) -> i64 {
    shared.time.monotonic_ms() - shared.time.coarse_ms()
}
