//! The one task of a node that leases from the ledger: it takes everything that waits, exchanges leases for all of it
//! in one transaction, and answers. Beside it the look-out reads, so that no call waits for that.

use crate::{
    account::{Ask, Crossed, Outcome, lease_id},
    chain::Chain,
    engine::Shared,
    key::PoolKey,
    ledger::{LedgerError, Recalled},
    reach::Reach,
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

/// Jobs of one transaction, and pools that give something back in it.
const BATCH_MAX: usize = 512;
/// How often leases that ended are given back, and recalled ones looked for.
const TICK: Duration = Duration::from_millis(200);
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
    calendar: BinaryHeap<Reverse<(u64, PoolKey)>>,
    /// Pools that are to give back what they hold with the next transactions.
    due: Vec<PoolKey>,
    leases: u64,
    reach: Reach,
    /// Occasions on their way to people.
    announced: HashSet<(PoolKey, Crossed)>,
    asleep_ms: i64,
}

/// What the look-out has found: pools whose idle leases are wanted back; none when nothing could be read.
type Sight = Option<HashSet<Vec<u8>>>;

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
            calendar: BinaryHeap::new(),
            due: Vec::new(),
            leases: 0,
            reach: Reach::default(),
            announced: HashSet::new(),
            asleep_ms,
        }
    }

    /// Works until told to stop; then everything that is leased goes back.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        // A sight that nobody has looked at yet is as good as the next.
        let (seen, mut sights) = mpsc::channel(1);
        // Beside the work: no call waits while a ledger that is far away, or gone, is looked at.
        let look_out = look_out(self.shared.clone(), seen);
        tokio::select! {
            () = self.work(&mut sights, shutdown) => {}
            () = look_out => {}
        }
        self.close().await;
    }

    async fn work(&mut self, sights: &mut mpsc::Receiver<Sight>, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                Some(sight) = sights.recv() => self.looked(sight),
                _ = tick.tick() => self.tick(),
                taken = self.queue.recv_many(&mut jobs, BATCH_MAX) => if taken == 0 { return },
                () = std::future::ready(()), if !self.due.is_empty() => {}
            }
            // Whatever it was that woke us: calls that wait are answered with it.
            while jobs.len() < BATCH_MAX
                && let Ok(job) = self.queue.try_recv()
            {
                jobs.push(job);
            }
            self.batch(std::mem::take(&mut jobs)).await;
        }
    }

    /// One transaction, or several, for jobs and for pools that are due.
    async fn batch(&mut self, jobs: Vec<Job>) {
        let mut turns = self.turns(jobs);
        while !turns.is_empty() {
            self.answer_from_memory(&mut turns);
            turns = self.exchange(turns).await;
        }
    }

    /// Groups jobs by pool, and adds pools that are due.
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
        let rest = self.due.split_off(self.due.len().min(BATCH_MAX));
        for key in std::mem::replace(&mut self.due, rest) {
            if let Some(place) = places.get(&key) {
                turns[*place].goes_back = true;
            } else if let Some(open) = self.open.remove(&key) {
                turns.push(Turn { goes_back: true, ..Turn::new(key, open) });
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
        if let Some(lasted) = self.reach.away_for(self.shared.time.coarse_ms()) {
            self.fail(turns, lasted);
            return Vec::new();
        }
        let costs: Vec<Vec<u32>> = turns.iter_mut().map(|turn| turn.prepare(self.next_lease())).collect();
        let shared = self.shared.clone();
        let asks: Vec<Ask<'_>> =
            turns.iter().zip(&costs).map(|(turn, costs)| turn.ask(costs, &shared)).collect();
        let exchanged = shared.ledger.exchange(&asks, &|| shared.ledger_now_ms()).await;
        shared.counts.exchanges.fetch_add(1, Ordering::Relaxed);
        match exchanged {
            Ok(outcomes) => {
                self.reach.worked();
                self.show_reach();
                let turns = turns.into_iter().zip(outcomes);
                turns.filter_map(|(turn, outcome)| self.settle(turn, &outcome)).collect()
            }
            Err(error) => {
                self.note_failure(&error);
                for (turn, costs) in turns.iter_mut().zip(&costs) {
                    turn.is_in_doubt(costs);
                }
                self.fail(turns, self.reach.lasted(shared.time.coarse_ms()));
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

    fn note_failure(&mut self, error: &LedgerError) {
        self.shared.counts.failures.fetch_add(1, Ordering::Relaxed);
        if self.reach.failed(self.shared.time.coarse_ms()) {
            tracing::error!(%error, "the quota ledger cannot be reached");
        }
        self.show_reach();
    }

    /// Takes in what the look-out has found.
    fn looked(&mut self, sight: Sight) {
        let now = self.shared.time.coarse_ms();
        self.reach.looked(sight.is_some(), now);
        let astray_ms = self.shared.astray_ms();
        if self.reach.clock(astray_ms.is_some(), now) {
            if let Some(ms) = astray_ms {
                tracing::error!(ms, "this clock is too far from the ledger's to lease anything");
            } else {
                tracing::info!("this clock and the ledger's agree again");
            }
        }
        self.show_reach();
        if let Some(wanted) = sight.filter(|wanted| !wanted.is_empty()) {
            let touched = self.open.iter().filter(|(_, open)| open.touches(&wanted));
            self.due.extend(touched.map(|(key, _)| *key));
        }
    }

    fn show_reach(&self) {
        self.shared.is_away.store(self.reach.is_away(), Ordering::Relaxed);
    }

    /// Finds the open pools that have something to give back or to pay.
    fn tick(&mut self) {
        self.notice_sleep();
        let coarse = self.shared.time.coarse_ms().cast_unsigned();
        while let Some(Reverse((at, key))) = self.calendar.peek().copied()
            && at <= coarse
        {
            self.calendar.pop();
            let Some(open) = self.open.get_mut(&key) else { continue };
            if open.noted == Some(at) {
                open.noted = None;
            }
            if open.due_at() <= coarse {
                self.due.push(key);
            } else if let Some(at) = open.note() {
                self.calendar.push(Reverse((at, key)));
            }
        }
    }

    /// A machine that slept has spent no lease meanwhile, but its leases have ended.
    fn notice_sleep(&mut self) {
        let asleep = asleep_ms(&self.shared);
        if asleep - self.asleep_ms > COARSE_MS * 10 {
            for (key, open) in &mut self.open {
                open.drain();
                self.due.push(*key);
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
            self.due = self.open.keys().copied().collect();
            self.reach.worked();
            while !self.due.is_empty() {
                self.batch(Vec::new()).await;
            }
            if self.open.is_empty() {
                return;
            }
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

    fn keep(&mut self, mut turn: Turn) {
        if turn.open.is_empty() {
            return;
        }
        if let Some(at) = turn.open.note() {
            self.calendar.push(Reverse((at, turn.key)));
        }
        self.open.insert(turn.key, turn.open);
    }

    fn next_lease(&mut self) -> u64 {
        self.leases += 1;
        lease_id(self.shared.options.node, self.leases)
    }
}

/// Looks several times a second for pools whose idle leases are wanted back, and at the ledger's clock.
async fn look_out(shared: Arc<Shared>, seen: mpsc::Sender<Sight>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let sight = match look(&shared).await {
            Ok(recalled) => {
                let clock = recalled.clock.unwrap_or_else(|| shared.time.wall_ms());
                shared.referee().observe(clock, shared.time.monotonic_ms());
                Some(recalled.pools.into_iter().collect())
            }
            Err(error) => {
                tracing::debug!(%error, "the quota ledger cannot be read");
                None
            }
        };
        if seen.send(sight).await.is_err() {
            return;
        }
    }
}

/// What was found. In an outage it has to take a commit too before calls wait for it again.
async fn look(shared: &Shared) -> Result<Recalled, LedgerError> {
    if shared.is_away.load(Ordering::Relaxed) {
        shared.ledger.touch().await?;
    }
    shared.ledger.recalled(shared.ledger_now_ms()).await
}

/// How much of the time since the machine's start it slept.
fn asleep_ms(shared: &Shared) -> i64 {
    shared.time.monotonic_ms() - shared.time.coarse_ms()
}
