//! What the rest of the program asks: may this call pass?

use crate::{
    account::Crossed,
    cell::{Cell, Closed},
    chain::Chain,
    key::PoolKey,
    ledger::{Ledger, LedgerError},
    time::{Referee, Time},
    turn::{Job, Task},
    usage::{History, Query, Tally},
    worker::{Notice, Worker},
};
use papaya::{HashMap, ResizeMode};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// Calls that wait for the ledger at once; one more is told that the node is busy.
const QUEUE_MAX: usize = 8_192;
/// Notices that wait to be told to people. One more waits in the ledger for the next exchange.
const NOTICES_MAX: usize = 1_024;
/// Further from the ledger's clock than this (ms), a node leases nothing: nodes must agree on when calls count.
const ASTRAY_MS: i64 = 30_000;
/// A lease is a tenth of its window at the longest.
const LEASES_PER_WINDOW: i64 = 10;

/// How a node behaves.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// A random number of this start of the node: ids of leases derive from it.
    pub node: u64,
    /// How long a lease lasts (ms).
    pub lease_ms: i64,
    /// How long, at most, an answer is on its way (ms). A gateway must drop one that comes later.
    pub answer_ms: i64,
}

impl Options {
    /// 30 s leases, and gateways that wait at most 2 s.
    pub const fn new(node: u64) -> Self {
        Self { node, lease_ms: 30_000, answer_ms: 2_000 }
    }
}

/// The quota of one node. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) time: Time,
    pub(crate) options: Options,
    referee: Mutex<Referee>,
    cells: HashMap<PoolKey, Arc<Cell>, foldhash::fast::RandomState>,
    /// Calls can't be counted, as far as is known.
    pub(crate) is_away: AtomicBool,
    pub(crate) counts: Counts,
}

/// Whether calls can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// They can.
    Sound,
    /// The ledger can't be reached.
    Away,
    /// The node's clock is so far from that of the ledger (ms) that nothing may be leased by it.
    Astray(i64),
    /// The worker has ended.
    Stopped,
}

/// What the engine has done since it started.
#[derive(Debug, Default)]
pub struct Counts {
    /// Transactions on the ledger.
    pub exchanges: AtomicU64,
    /// Calls that were answered by an exchange.
    pub waited: AtomicU64,
    /// Exchanges that failed.
    pub failures: AtomicU64,
    /// Calls that passed while the ledger could not be reached.
    pub graced: AtomicU64,
}

/// May the call pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is counted.
    Admitted {
        /// Units of the pool's limit that are left behind it.
        left: u32,
        /// It passed although the ledger could not be reached.
        graced: bool,
        /// Units of it that a limit which is only observed would have refused.
        shadowed: u32,
    },
    /// It is not counted.
    Refused {
        /// Why.
        closed: Closed,
        /// Units of the pool's limit that are left: less than the call costs, or kept for others.
        left: u32,
    },
    /// It costs more than a limit allows in a whole window, or nothing.
    NeverAdmissible {
        /// The most that one call can cost.
        largest: u32,
    },
    /// The ledger can't be reached. Nothing is counted.
    Unavailable,
    /// Too many calls wait. Nothing is counted.
    Busy,
}

impl Engine {
    /// An engine with its worker, which has to run for calls to be answered, and the notices for people.
    pub async fn start(
        ledger: Ledger,
        time: Time,
        options: Options,
    ) -> Result<(Self, Worker, mpsc::Receiver<Notice>), LedgerError> {
        // The shared engine's clock is asked here and followed from then on.
        let (recorded, clock) = ledger.start().await?;
        let wall = clock.unwrap_or_else(|| time.wall_ms());
        let referee = Referee::start(recorded, wall, time.monotonic_ms());
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (notices, told) = mpsc::channel(NOTICES_MAX);
        let shared = Arc::new(Shared {
            ledger,
            time,
            options,
            referee: Mutex::new(referee),
            // A map that is half-way through growing step by step answers twenty times more slowly.
            cells: HashMap::builder()
                .resize_mode(ResizeMode::Blocking)
                .hasher(foldhash::fast::RandomState::default())
                .build(),
            is_away: AtomicBool::new(false),
            counts: Counts::default(),
        });
        let worker = Worker::new(shared.clone(), queue, notices);
        Ok((Self { shared, jobs }, worker, told))
    }

    /// The memory of a pool, or of a part of one.
    pub fn cell(&self, key: PoolKey) -> Arc<Cell> {
        let cells = self.shared.cells.pin();
        cells.get_or_insert_with(key, || Arc::new(Cell::default())).clone()
    }

    /// Cells of an owner's pools and parts that are in memory. Looks at all cells: for rare changes.
    pub fn keys_of(&self, owner: u128) -> Vec<PoolKey> {
        self.shared.cells.pin().keys().filter(|key| key.owner == owner).copied().collect()
    }

    /// Answers from memory, if memory knows: a few nanoseconds.
    #[inline]
    pub fn try_spend(&self, cell: &Cell, cost: u32) -> Option<Answer> {
        let (now, cost) = (self.shared.time.coarse_ms(), cost.max(1));
        if let Some(rest) = cell.slice.take(cost, now.cast_unsigned()) {
            return Some(cell.admitted(cost, rest));
        }
        cell.closed(now).map(|closed| Answer::Refused { closed, left: cell.beyond.load(Ordering::Relaxed) })
    }

    /// The same for whoever has only the name of a pool.
    #[inline]
    pub fn try_spend_in(&self, key: &PoolKey, cost: u32) -> Option<Answer> {
        self.try_spend(self.shared.cells.pin().get(key)?, cost)
    }

    /// Answers from memory or from the ledger. `key` is the one the cell was got by.
    pub async fn spend(&self, key: PoolKey, cell: &Arc<Cell>, chain: &Arc<Chain>, cost: u32) -> Answer {
        let largest = chain.largest_call();
        if cost == 0 || cost > largest {
            return Answer::NeverAdmissible { largest };
        }
        if let Some(answer) = self.try_spend(cell, cost) {
            return answer;
        }
        let (reply, answer) = oneshot::channel();
        let task = Task::Spend { cost, reply };
        let job = Job { key, cell: cell.clone(), chain: chain.clone(), task };
        if self.jobs.try_send(job).is_err() {
            return Answer::Busy;
        }
        answer.await.unwrap_or(Answer::Unavailable)
    }

    /// The limits of a pool have changed: what is leased goes back, and the next answer is by `chain`.
    pub async fn revise(&self, key: PoolKey, chain: &Arc<Chain>) {
        let cell = self.cell(key);
        cell.revision.fetch_max(chain.revision, Ordering::AcqRel);
        cell.open();
        let (reply, returned) = oneshot::channel();
        let job = Job { key, cell, chain: chain.clone(), task: Task::Return { reply } };
        // A worker that has ended leases nothing.
        if self.jobs.send(job).await.is_ok() && returned.await.is_err() {
            tracing::debug!("the quota worker ended before it gave a lease back");
        }
    }

    /// A threshold was told to people, and is not told again in this window.
    pub async fn acknowledge(&self, key: PoolKey, chain: &Arc<Chain>, crossed: Crossed) {
        let job =
            Job { key, cell: self.cell(key), chain: chain.clone(), task: Task::Acknowledge { crossed } };
        if self.jobs.send(job).await.is_err() {
            tracing::debug!("the quota worker has ended; the notice is told again");
        }
    }

    /// Effective time (ms since 1970).
    pub fn now_ms(&self) -> i64 {
        self.shared.now_ms()
    }

    /// How far this node was behind the ledger's clock when it last looked (ms; before it: negative).
    pub fn behind_ms(&self) -> i64 {
        self.shared.behind_ms()
    }

    /// What became of calls until now.
    pub async fn history(&self, query: &Query) -> Result<History, LedgerError> {
        self.shared.ledger.history(query, self.now_ms()).await
    }

    /// Writes what was counted to the ledger.
    pub async fn keep(&self, tally: &Tally) -> Result<(), LedgerError> {
        tally.flush(&self.shared.ledger, self.now_ms()).await
    }

    /// What has been done since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Whether calls can be counted, as far as is known.
    pub fn health(&self) -> Health {
        if self.jobs.is_closed() {
            Health::Stopped
        } else if let Some(ms) = self.shared.astray_ms() {
            Health::Astray(ms)
        } else if self.shared.is_away.load(Ordering::Relaxed) {
            Health::Away
        } else {
            Health::Sound
        }
    }
}

impl Shared {
    pub(crate) fn referee(&self) -> MutexGuard<'_, Referee> {
        self.referee.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let monotonic = self.time.monotonic_ms();
        self.referee().at(monotonic)
    }

    /// How far this node is behind the ledger's clock (ms; before it: negative). A file has no clock of its own.
    fn behind_ms(&self) -> i64 {
        if self.ledger.is_shared() { self.referee().deviation_ms() } else { 0 }
    }

    /// Effective time for an exchange. On a node that is ahead of the ledger's clock nothing becomes free early.
    pub(crate) fn ledger_now_ms(&self) -> i64 {
        self.now_ms() + self.behind_ms().min(0)
    }

    /// How far this node is from the ledger's clock (ms), if that is too far to lease anything.
    pub(crate) fn astray_ms(&self) -> Option<i64> {
        Some(self.behind_ms()).filter(|ms| ms.abs() > ASTRAY_MS)
    }

    /// How long a lease of a chain lasts, and its answers are on their way.
    pub(crate) fn timing(&self, chain: &Chain) -> (i64, i64) {
        let shortest = chain.links().iter().map(|link| link.limit.window.length_ms).min().unwrap_or(1);
        let most = (shortest / LEASES_PER_WINDOW).max(1);
        // On a node that is behind the ledger's clock, what is used is dated as much later.
        let behind = self.behind_ms().max(0);
        (self.options.lease_ms.min(most), self.options.answer_ms.min(most) + behind)
    }
}
