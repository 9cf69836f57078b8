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
/// Leases of one pool that may be to be given back: those of failed exchanges among them.
const RETURNS_MAX: usize = 16;

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
    /// Units that passed during an outage.
    owed: u32,
    pub(crate) acknowledged: Vec<Crossed>,
}

/// Jobs of one pool in one transaction.
pub(crate) struct Turn {
    pub(crate) key: PoolKey,
    pub(crate) open: Open,
    pub(crate) waiting: VecDeque<(u32, oneshot::Sender<Answer>)>,
    pub(crate) returning: Vec<oneshot::Sender<()>>,
    /// Id of the lease that is asked for.
    pub(crate) lease: u64,
}

impl Open {
    pub(crate) fn new(cell: Arc<Cell>, chain: Arc<Chain>) -> Self {
        Self { cell, chain, lease: None, returns: Vec::new(), owed: 0, acknowledged: Vec::new() }
    }

    /// Takes the lease out of the cell.
    pub(crate) fn drain(&mut self) {
        let unspent = self.cell.slice.drain();
        if let Some(lease) = self.lease.take() {
            self.give_back(lease, unspent);
        }
    }

    fn give_back(&mut self, lease: u64, unspent: u32) {
        if self.returns.len() == RETURNS_MAX {
            self.returns.remove(0);
        }
        self.returns.push((lease, unspent));
    }

    fn on_grace(&mut self, shared: &Shared, cost: u32, lasted: i64) -> Answer {
        let Some(grace) = self.chain.grace else { return Answer::Unavailable };
        let within = u128::try_from(lasted).is_ok_and(|lasted| lasted <= grace.lasts.as_millis());
        match self.owed.checked_add(cost).filter(|owed| within && *owed <= grace.units) {
            Some(owed) => {
                self.owed = owed;
                shared.counts.graced.fetch_add(1, Ordering::Relaxed);
                Answer::Admitted { left: grace.units - owed, graced: true }
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
        if waits { 0 } else { self.cell.slice.deadline() }
    }

    pub(crate) fn touches(&self, pools: &HashSet<Vec<u8>>) -> bool {
        !pools.is_empty()
            && self.lease.is_some()
            && self.chain.links().iter().any(|link| pools.contains(&link.key.to_bytes()[..]))
    }
}

impl Turn {
    pub(crate) fn new(key: PoolKey, open: Open) -> Self {
        Self { key, open, waiting: VecDeque::new(), returning: Vec::new(), lease: 0 }
    }

    /// What the waiting calls cost.
    pub(crate) fn costs(&self) -> Vec<u32> {
        self.waiting.iter().map(|(cost, _)| *cost).collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.returning.is_empty() && {
            self.open.returns.is_empty() && self.open.owed == 0 && self.open.acknowledged.is_empty()
        }
    }

    pub(crate) fn ask<'a>(&'a self, costs: &'a [u32], shared: &Shared) -> Ask<'a> {
        let (lease_ms, answer_ms) = shared.timing(&self.open.chain);
        Ask {
            chain: &self.open.chain,
            returned: &self.open.returns,
            lease: self.lease,
            costs,
            may_idle: self.open.chain.revision >= self.open.cell.revision.load(Ordering::Acquire),
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
        let Cell { slice, beyond, .. } = &*self.open.cell;
        while let Some((cost, reply)) = self.waiting.pop_front() {
            let Some(rest) = slice.take(cost, now) else {
                return self.waiting.push_front((cost, reply));
            };
            let left = rest.saturating_add(beyond.load(Ordering::Relaxed));
            answer(reply, Answer::Admitted { left, graced: false });
        }
    }

    /// Answers the calls by what came of the ask.
    pub(crate) fn settle(&mut self, shared: &Shared, outcome: &Outcome) {
        self.open.returns.clear();
        self.open.acknowledged.clear();
        self.open.owed = 0;
        for returned in self.returning.drain(..) {
            if returned.send(()).is_err() {
                tracing::trace!("nobody waits for a lease that went back");
            }
        }
        self.open.cell.beyond.store(outcome.left, Ordering::Relaxed);
        match outcome.verdict {
            Verdict::Granted { units, ends } => self.granted(shared, units, ends, outcome.left),
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

    fn granted(&mut self, shared: &Shared, units: u32, ends: i64, beyond: u32) {
        let mut rest = units;
        self.open.cell.open();
        while let Some((cost, reply)) = self.waiting.pop_front() {
            if cost > rest {
                self.waiting.push_front((cost, reply));
                break;
            }
            rest -= cost;
            shared.counts.waited.fetch_add(1, Ordering::Relaxed);
            answer(reply, Answer::Admitted { left: rest.saturating_add(beyond), graced: false });
        }
        if rest == 0 {
            return;
        }
        let lasts = ends - shared.now_ms() - COARSE_MS;
        let is_current = self.open.chain.revision >= self.open.cell.revision.load(Ordering::Acquire);
        if lasts > 0 && is_current {
            let deadline = shared.time.coarse_ms() + lasts;
            self.open.lease = Some(self.lease);
            self.open.cell.lease.store(self.lease, Ordering::Release);
            self.open.cell.slice.install(rest, deadline.cast_unsigned());
        } else {
            self.open.give_back(self.lease, rest);
        }
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
        if first == 1 {
            let most = if closed.held_elsewhere { RECALLED_MS } else { CLOSED_MAX_MS };
            let lasts = (closed.retry_at - shared.now_ms()).clamp(1, most);
            self.open.cell.close(closed, shared.time.coarse_ms() + lasts);
        }
    }

    /// Whether the ask was carried out is unknown: if a lease was granted, it goes back whole.
    pub(crate) fn is_in_doubt(&mut self) {
        self.open.give_back(self.lease, u32::MAX);
    }

    /// The ledger has not been reached for `lasted` ms: some calls pass on grace, the others are told.
    pub(crate) fn fail(&mut self, shared: &Shared, lasted: i64) {
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
