//! What one transaction does for one pool: leases that go back, calls that wait, and what came of it.

use crate::{
    account::{Ask, Crossed, Outcome, Verdict},
    cell::{Cell, Closed},
    chain::Chain,
    engine::{Answer, Shared},
    key::PoolKey,
};
use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::oneshot;

/// A refusal is looked at again after so long, because others may give back what they hold.
const CLOSED_MAX_MS: i64 = 1_000;
/// The same, when others have been asked to.
const RECALLED_MS: i64 = 200;
/// The coarse clock of the calls is so far behind, at most.
pub(crate) const COARSE_MS: i64 = 10;
/// With so many leases to be given back, those of failed exchanges among them, no more is asked for.
const RETURNS_MAX: usize = 16;

/// So long what is owed to a row that can't be read waits, until somebody may have mended it.
const DAMAGED_MS: u64 = 10_000;

/// Something to do for a pool.
pub(crate) struct Job {
    pub(crate) key: PoolKey,
    pub(crate) cell: Arc<Cell>,
    pub(crate) chain: Arc<Chain>,
    pub(crate) task: Task,
}

pub(crate) enum Task {
    Spend { cost: u32, reply: oneshot::Sender<Answer> },
    Return { reply: oneshot::Sender<()> },
    Acknowledge { crossed: Crossed },
}

/// What this node has of a pool.
pub(crate) struct Open {
    pub(crate) cell: Arc<Cell>,
    pub(crate) chain: Arc<Chain>,
    /// The lease in the cell.
    lease: Option<u64>,
    /// Leases that are over, with what is unspent.
    returns: Vec<(u64, u32)>,
    /// The newest entry in the worker's calendar (coarse ms).
    pub(crate) noted: Option<u64>,
    /// Units that passed during an outage.
    owed: u32,
    pub(crate) acknowledged: Vec<Crossed>,
    /// A row of the chain can't be read: until then (coarse ms) it is not tried again to settle what is owed.
    damaged_until: u64,
}

/// Jobs of one pool in one transaction.
pub(crate) struct Turn {
    pub(crate) key: PoolKey,
    pub(crate) open: Open,
    pub(crate) waiting: VecDeque<(u32, oneshot::Sender<Answer>)>,
    pub(crate) returning: Vec<oneshot::Sender<()>>,
    /// What the node holds goes back, whatever waits.
    pub(crate) goes_back: bool,
    /// Id of the lease that is asked for.
    pub(crate) lease: u64,
    /// What is owed can't be settled now.
    pub(crate) is_damaged: bool,
}

impl Open {
    pub(crate) fn new(cell: Arc<Cell>, chain: Arc<Chain>) -> Self {
        let (returns, acknowledged) = (Vec::new(), Vec::new());
        Self { cell, chain, lease: None, returns, noted: None, owed: 0, acknowledged, damaged_until: 0 }
    }

    /// Takes the lease out of the cell.
    pub(crate) fn drain(&mut self) {
        let unspent = self.cell.slice.drain();
        if let Some(lease) = self.lease.take() {
            self.returns.push((lease, unspent));
        }
    }

    fn on_grace(&mut self, shared: &Shared, cost: u32, lasted: i64) -> Answer {
        let Some(grace) = self.chain.grace else { return Answer::Unavailable };
        let within = u128::try_from(lasted).is_ok_and(|lasted| lasted <= grace.lasts.as_millis());
        // What was used up when the ledger was last asked stays so.
        let units = self.chain.graced_units().min(self.cell.left_when_asked().unwrap_or(u32::MAX));
        match self.owed.checked_add(cost).filter(|owed| within && *owed <= units) {
            Some(owed) => {
                self.owed = owed;
                shared.counts.graced.fetch_add(1, Ordering::Relaxed);
                Answer::Admitted { left: units - owed, graced: true, shadowed: 0 }
            }
            None => Answer::Unavailable,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lease.is_none() && self.returns.is_empty() && self.owed == 0 && self.acknowledged.is_empty()
    }

    /// When there is something to give back or to pay (coarse ms).
    pub(crate) fn due_at(&self) -> u64 {
        let waits = !self.returns.is_empty() || self.owed > 0 || !self.acknowledged.is_empty();
        if waits { self.damaged_until } else { self.cell.slice.deadline() }
    }

    /// When the worker's calendar needs another entry, which counts as made.
    pub(crate) fn note(&mut self) -> Option<u64> {
        let at = self.due_at();
        let is_earlier = self.noted.is_none_or(|noted| at < noted);
        is_earlier.then(|| {
            self.noted = Some(at);
            at
        })
    }

    pub(crate) fn touches(&self, pools: &HashSet<Vec<u8>>) -> bool {
        !pools.is_empty()
            && self.lease.is_some()
            && self.chain.links().iter().any(|link| pools.contains(&link.key.to_bytes()[..]))
    }
}

impl Turn {
    pub(crate) fn new(key: PoolKey, open: Open) -> Self {
        let (waiting, returning) = (VecDeque::new(), Vec::new());
        Self { key, open, waiting, returning, goes_back: false, lease: 0, is_damaged: false }
    }

    /// Makes ready for an exchange under a new lease. Returns what the calls cost that it is asked for; none of
    /// them when too much has to be settled first.
    pub(crate) fn prepare(&mut self, lease: u64) -> Vec<u32> {
        // Whoever has gone lets no call pass.
        self.waiting.retain(|(_, reply)| !reply.is_closed());
        self.lease = lease;
        self.open.drain();
        if let Some(spent) = self.open.cell.take_spent() {
            self.open.returns.push((spent, 0));
        }
        if self.open.returns.len() > RETURNS_MAX {
            return Vec::new();
        }
        self.waiting.iter().map(|(cost, _)| *cost).collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        let is_settled =
            self.open.returns.is_empty() && self.open.owed == 0 && self.open.acknowledged.is_empty();
        self.waiting.is_empty()
            && self.returning.is_empty()
            && !self.goes_back
            && (is_settled || self.is_damaged)
    }

    pub(crate) fn ask<'a>(&'a self, costs: &'a [u32], shared: &Shared) -> Ask<'a> {
        let (lease_ms, answer_ms) = shared.timing(&self.open.chain);
        Ask {
            chain: &self.open.chain,
            returned: &self.open.returns,
            lease: self.lease,
            costs,
            may_idle: self.is_current(),
            owed: self.open.owed,
            acknowledged: &self.open.acknowledged,
            lease_ms,
            answer_ms,
        }
    }

    /// Calls for which the lease in memory is enough.
    pub(crate) fn answer_from_memory(&mut self, now: u64) {
        if !self.returning.is_empty() {
            return;
        }
        let cell = &*self.open.cell;
        while let Some((cost, reply)) = self.waiting.pop_front() {
            let Some(rest) = cell.slice.take(cost, now) else {
                return self.waiting.push_front((cost, reply));
            };
            answer(reply, cell.admitted(cost, rest));
        }
    }

    /// Answers the calls by what came of the ask.
    pub(crate) fn settle(&mut self, shared: &Shared, outcome: &Outcome) {
        self.goes_back = false;
        self.is_damaged = outcome.verdict == Verdict::Damaged;
        if self.is_damaged {
            self.open.damaged_until = shared.time.coarse_ms().cast_unsigned() + DAMAGED_MS;
        } else {
            self.open.returns.clear();
            self.open.acknowledged.clear();
            self.open.owed = 0;
        }
        for returned in self.returning.drain(..) {
            if returned.send(()).is_err() {
                tracing::trace!("nobody waits for a lease that went back");
            }
        }
        if !self.is_damaged {
            self.open.cell.asked(outcome.left);
        }
        match outcome.verdict {
            Verdict::Granted { units, ends } => {
                self.open.cell.shadow(outcome.shadow_refused);
                self.granted(shared, units, ends);
            }
            Verdict::Refused { violated, retry_at, held_elsewhere } => {
                let closed = Closed { violated, retry_at, held_elsewhere };
                self.refused(shared, closed, outcome.left);
            }
            Verdict::Returned => {}
            Verdict::Damaged => {
                for (_, reply) in std::mem::take(&mut self.waiting) {
                    answer(reply, Answer::Unavailable);
                }
            }
        }
    }

    fn granted(&mut self, shared: &Shared, units: u32, ends: i64) {
        let mut rest = units;
        self.open.cell.open();
        while let Some((cost, reply)) = self.waiting.pop_front() {
            if cost > rest {
                self.waiting.push_front((cost, reply));
                break;
            }
            rest -= cost;
            shared.counts.waited.fetch_add(1, Ordering::Relaxed);
            answer(reply, self.open.cell.admitted(cost, rest));
        }
        if rest == 0 {
            return self.open.cell.spent(self.lease);
        }
        let (lease_ms, _) = shared.timing(&self.open.chain);
        // An account may be ahead of this node; the lease is no longer for that.
        let lasts = (ends - shared.now_ms()).min(lease_ms) - COARSE_MS;
        if lasts > 0 && self.is_current() {
            let deadline = shared.time.coarse_ms() + lasts;
            self.open.lease = Some(self.lease);
            self.open.cell.lease.store(self.lease, Ordering::Release);
            self.open.cell.slice.install(rest, deadline.cast_unsigned());
        } else {
            self.open.returns.push((self.lease, rest));
        }
    }

    /// Whether no later limits are in force.
    fn is_current(&self) -> bool {
        self.open.chain.revision >= self.open.cell.revision.load(Ordering::Acquire)
    }

    /// Calls that cost less than the first may still fit.
    fn refused(&mut self, shared: &Shared, closed: Closed, left: u32) {
        let Some(first) = self.waiting.front().map(|(cost, _)| *cost) else { return };
        let (cheaper, refused): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(cost, _)| *cost < first);
        self.waiting = cheaper;
        for (_, reply) in refused {
            answer(reply, Answer::Refused { closed, left });
        }
        if first == 1 && self.is_current() {
            let most = if closed.held_elsewhere { RECALLED_MS } else { CLOSED_MAX_MS };
            let lasts = (closed.retry_at - shared.now_ms()).clamp(1, most);
            self.open.cell.close(closed, shared.time.coarse_ms() + lasts);
        }
    }

    /// Whether the ask was carried out is unknown: if a lease was granted, it goes back whole.
    pub(crate) fn is_in_doubt(&mut self, asked: &[u32]) {
        if asked.is_empty() {
            return;
        }
        self.open.returns.push((self.lease, u32::MAX));
    }

    /// The ledger has not been reached for `lasted` ms: some calls pass on grace, the others are told.
    pub(crate) fn fail(&mut self, shared: &Shared, lasted: i64) {
        self.goes_back = false;
        if !self.returning.is_empty() {
            // Other limits are in force: what was leased by the old ones is not spent any more.
            self.open.drain();
            self.returning.clear();
        }
        for (cost, reply) in std::mem::take(&mut self.waiting) {
            answer(reply, self.open.on_grace(shared, cost, lasted));
        }
    }
}

fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    if reply.send(answer).is_err() {
        // The call is counted all the same: whoever asked may have let it pass.
        tracing::trace!("nobody waits for the answer to a call");
    }
}
