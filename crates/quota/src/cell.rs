//! A lease in memory: one word that every call takes from, without a lock.
//!
//! The word holds the deadline and the units together, so that a unit is only ever taken from a lease that had
//! not ended when the taker looked at the clock. The engine's worker alone installs leases, and takes the rest
//! of one out of the word before it gives it back.

use crate::{chain::Violated, engine::Answer};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Bits of the units; the others are the deadline.
const UNITS_BITS: u32 = 24;
/// Most units of one lease.
pub const LEASE_UNITS_MAX: u32 = (1 << UNITS_BITS) - 1;

/// What a lease needs of an atomic word; a model checker brings its own.
pub trait Word {
    /// The value now.
    fn load(&self) -> u64;
    /// Replaces `from` by `to`, or tells what stands there instead.
    fn swap_if(&self, from: u64, to: u64) -> Result<(), u64>;
    /// Replaces whatever stands there.
    fn swap(&self, to: u64) -> u64;
}

impl Word for AtomicU64 {
    #[inline]
    fn load(&self) -> u64 {
        AtomicU64::load(self, Ordering::Acquire)
    }

    #[inline]
    fn swap_if(&self, from: u64, to: u64) -> Result<(), u64> {
        self.compare_exchange_weak(from, to, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }

    fn swap(&self, to: u64) -> u64 {
        AtomicU64::swap(self, to, Ordering::AcqRel)
    }
}

/// Units until a deadline, in one word.
#[derive(Debug, Default)]
pub struct Slice<W = AtomicU64>(W);

impl<W: Word> Slice<W> {
    /// An empty slice in a word that holds zero.
    pub fn new(word: W) -> Self {
        Self(word)
    }

    /// Takes `cost` units if so many are left before the deadline. Returns how many are left then.
    #[inline]
    pub fn take(&self, cost: u32, now_ms: u64) -> Option<u32> {
        let mut word = self.0.load();
        loop {
            let (deadline, units) = parts(word);
            if units < cost || now_ms >= deadline {
                return None;
            }
            match self.0.swap_if(word, word - u64::from(cost)) {
                Ok(()) => return Some(units - cost),
                Err(found) => word = found,
            }
        }
    }

    /// Puts a lease in, which begins where none is. Returns the units that stood there: zero, unless two install.
    pub fn install(&self, units: u32, deadline_ms: u64) -> u32 {
        debug_assert!(deadline_ms <= u64::MAX >> UNITS_BITS, "clocks of calls count from a start");
        let deadline = deadline_ms.min(u64::MAX >> UNITS_BITS);
        parts(self.0.swap(deadline << UNITS_BITS | u64::from(units.min(LEASE_UNITS_MAX)))).1
    }

    /// Takes out what is left. Nobody takes from it any more when this returns.
    pub fn drain(&self) -> u32 {
        parts(self.0.swap(0)).1
    }

    /// What is left, whether or not the deadline has passed.
    pub fn units(&self) -> u32 {
        parts(self.0.load()).1
    }

    /// Until when units can be taken; 0 when there is no lease.
    pub fn deadline(&self) -> u64 {
        parts(self.0.load()).0
    }
}

fn parts(word: u64) -> (u64, u32) {
    #[expect(clippy::cast_possible_truncation, reason = "24 bits")]
    let units = (word & u64::from(LEASE_UNITS_MAX)) as u32;
    (word >> UNITS_BITS, units)
}

/// What a node holds of one pool in memory, at most 64 bytes.
#[derive(Debug, Default)]
pub struct Cell {
    pub(crate) slice: Slice,
    /// Units of the pool's limit that nobody had leased at the last exchange.
    pub(crate) beyond: AtomicU32,
    /// Units of the lease that a limit which is only observed would refuse: those that are spent last.
    shadowed: AtomicU32,
    /// Id of the lease that was put in last.
    pub(crate) lease: AtomicU64,
    /// Id of a lease that the waiting calls took whole; 0: none. The ledger need not remember it any more.
    spent: AtomicU64,
    /// Limits older than this leave no lease behind.
    pub(crate) revision: AtomicU64,
    /// Until then (coarse ms) calls are refused without asking the ledger.
    pub(crate) closed_until: AtomicI64,
    /// When a refused call may pass (ms since 1970).
    pub(crate) retry_at: AtomicI64,
    /// Which limit refused.
    violated: AtomicU8,
    /// Bits of [`HELD_ELSEWHERE`] and [`ASKED`].
    flags: AtomicU8,
}

/// Units lie idle in other leases.
const HELD_ELSEWHERE: u8 = 1;
/// The ledger has been asked, so that `beyond` means something.
const ASKED: u8 = 2;

/// Why a cell is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Which limit refused.
    pub violated: Violated,
    /// When a call may pass (ms since 1970).
    pub retry_at: i64,
    /// Whether units lie idle in other leases, which have been called back.
    pub held_elsewhere: bool,
}

impl Cell {
    /// The ledger was asked and had so many units left.
    pub(crate) fn asked(&self, left: u32) {
        self.beyond.store(left, Ordering::Relaxed);
        self.flags.fetch_or(ASKED, Ordering::Relaxed);
    }

    /// Units that nobody had leased when the ledger was last asked, if it ever was.
    pub(crate) fn left_when_asked(&self) -> Option<u32> {
        let was_asked = self.flags.load(Ordering::Relaxed) & ASKED != 0;
        was_asked.then(|| self.beyond.load(Ordering::Relaxed))
    }

    /// So many units of the next lease would be refused by a limit that is only observed.
    pub(crate) fn shadow(&self, units: u32) {
        self.shadowed.store(units, Ordering::Relaxed);
    }

    /// What of a call that left `rest` of the lease would have been refused by a limit that is only observed.
    #[inline]
    fn shadowed(&self, cost: u32, rest: u32) -> u32 {
        self.shadowed.load(Ordering::Relaxed).saturating_sub(rest).min(cost)
    }

    /// The answer to a call that left `rest` of the lease.
    #[inline]
    pub(crate) fn admitted(&self, cost: u32, rest: u32) -> Answer {
        let left = rest.saturating_add(self.beyond.load(Ordering::Relaxed));
        Answer::Admitted { left, graced: false, shadowed: self.shadowed(cost, rest) }
    }

    /// A lease of which nothing is left.
    pub(crate) fn spent(&self, lease: u64) {
        self.spent.store(lease, Ordering::Relaxed);
    }

    /// The lease that was spent last, once.
    pub(crate) fn take_spent(&self) -> Option<u64> {
        Some(self.spent.swap(0, Ordering::Relaxed)).filter(|lease| *lease != 0)
    }

    /// Remembers a refusal until `until` (coarse ms).
    pub(crate) fn close(&self, closed: Closed, until: i64) {
        self.retry_at.store(closed.retry_at, Ordering::Relaxed);
        self.violated.store(closed.violated as u8, Ordering::Relaxed);
        if closed.held_elsewhere {
            self.flags.fetch_or(HELD_ELSEWHERE, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!HELD_ELSEWHERE, Ordering::Relaxed);
        }
        self.closed_until.store(until, Ordering::Release);
    }

    /// Forgets a refusal.
    pub(crate) fn open(&self) {
        self.closed_until.store(0, Ordering::Release);
    }

    /// The refusal in force.
    pub(crate) fn closed(&self, now: i64) -> Option<Closed> {
        if now >= self.closed_until.load(Ordering::Acquire) {
            return None;
        }
        let violated = match self.violated.load(Ordering::Relaxed) {
            1 => Violated::Owner,
            2 => Violated::Organisation,
            3 => Violated::Share,
            4 => Violated::Reserve,
            _ => Violated::Pool,
        };
        Some(Closed {
            violated,
            retry_at: self.retry_at.load(Ordering::Relaxed),
            held_elsewhere: self.flags.load(Ordering::Relaxed) & HELD_ELSEWHERE != 0,
        })
    }
}

#[cfg(test)]
mod tests;
