//! What became of calls, counted for people: by whom, for which site, with which outcome, and when.
//!
//! Calls are counted in memory and written to the ledger every few seconds. This is history, not the quota: a
//! crash loses what was not yet written, and a write whose answer was lost may be counted twice.

mod history;
mod span;

use crate::ledger::{Ledger, LedgerError};
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    hash::BuildHasher as _,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

pub(crate) use history::Row;
pub use history::{By, Count, History, PARTS_MAX, Part, Query, Series};
pub use span::{Calendar, Span};

/// Lines kept between two writes. What one integration can fill is one shard of them.
pub const LINES_MAX: usize = 200_000;
/// Sites of one integration that are counted by name in one day, on one node.
pub const SITES_MAX: usize = 200;
/// Characters of a site's id.
pub const SITE_CHARS: usize = 64;
/// Stands for the sites that are not counted by name. No site is called so: its id has no blanks.
pub(crate) const OTHER_SITES: &str = " ";

const SHARDS: usize = 64;
const LINES_PER_SHARD: usize = LINES_MAX / SHARDS;
/// Lines that one transaction writes: calls that wait for a lease must not wait long for history.
const LINES_PER_WRITE: usize = 256;

/// What became of a call. Each call has one outcome; [`Outcome::ShadowRefused`] comes on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// It passed and was counted.
    Admitted = 1,
    /// A limit refused it.
    QuotaRefused = 2,
    /// Its credential is one of the integration's that opens nothing any more, or is shown with a wrong secret.
    /// Calls of strangers are nobody's and not counted.
    Unauthenticated = 3,
    /// Its site may not use the integration.
    SiteRefused = 4,
    /// Its group is suspended.
    Suspended = 5,
    /// A limit that is only observed would have refused it.
    ShadowRefused = 6,
    /// It passed while the ledger could not be reached, and is counted afterwards.
    Graced = 7,
    /// It was answered as the vendor's test mode says, and counted nowhere else.
    TestMode = 8,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Admitted,
        Self::QuotaRefused,
        Self::Unauthenticated,
        Self::SiteRefused,
        Self::Suspended,
        Self::ShadowRefused,
        Self::Graced,
        Self::TestMode,
    ];

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as i64 == number)
    }
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The group's number among the pools.
    pub group: u128,
    /// The integration's number.
    pub integration: u128,
    /// The site the call was for, if it said one. Calls for which anybody could name
    /// any are not told apart by site: unauthenticated ones and those of sites that are not registered go under "other".
    pub site: Option<&'a str>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A line as it is kept: without an allocation, because this is on the way of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    group: u128,
    integration: u128,
    outcome: Outcome,
    /// Characters that are not used are zero.
    site: [u8; SITE_CHARS],
}

/// A line on its way to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) group: u128,
    pub(crate) integration: u128,
    pub(crate) site: String,
    pub(crate) outcome: Outcome,
    pub(crate) units: u64,
}

#[derive(Default)]
struct Shard {
    lines: HashMap<Key, u64, RandomState>,
    /// Sites counted by name today, by integration, as hashes.
    named: HashMap<(u128, u128), Vec<u64>, RandomState>,
}

/// Counts calls in memory.
pub struct Tally {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    /// The day for which sites are counted by name, and the step for which old lines were thrown away.
    day: AtomicI64,
    tidied: AtomicI64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
            day: AtomicI64::new(i64::MIN),
            tidied: AtomicI64::new(i64::MIN),
        }
    }
}

impl Tally {
    /// Counts units under a line. A few dozen nanoseconds, and never more memory than the bound.
    pub fn count(&self, line: Line<'_>, units: u32) {
        let mut shard = self.shard(line.group, line.integration);
        let mut key = Key {
            group: line.group,
            integration: line.integration,
            outcome: line.outcome,
            site: site_of(&line),
        };
        if !shard.lines.contains_key(&key) && !shard.admits(&key, self.hasher.hash_one(key.site)) {
            key.site = padded(OTHER_SITES);
        }
        shard.add(key, u64::from(units));
    }

    /// Writes what was counted to the ledger, dated now, and throws away what is too old. What can't be
    /// written is kept for the next time.
    pub async fn flush(&self, ledger: &Ledger, now: i64) -> Result<(), LedgerError> {
        let lines = self.take(Span::Day.start_of(now));
        let mut writes = lines.chunks(LINES_PER_WRITE);
        while let Some(write) = writes.next() {
            if let Err(error) = ledger.record_usage(write, now).await {
                self.put_back(write);
                writes.for_each(|rest| self.put_back(rest));
                return Err(error);
            }
        }
        let step = Span::Step.start_of(now);
        if self.tidied.load(Ordering::Relaxed) < step {
            ledger.forget_usage(now).await?;
            self.tidied.store(step, Ordering::Relaxed);
        }
        Ok(())
    }

    fn shard(&self, group: u128, integration: u128) -> MutexGuard<'_, Shard> {
        let [place, ..] = self.hasher.hash_one((group, integration)).to_le_bytes();
        lock(&self.shards[usize::from(place) % SHARDS])
    }

    /// Takes everything, in the order in which rows are locked.
    fn take(&self, day: i64) -> Vec<Written> {
        let is_new_day = self.day.swap(day, Ordering::Relaxed) != day;
        let mut taken = Vec::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            if is_new_day {
                shard.named.clear();
            }
            taken.extend(std::mem::take(&mut shard.lines).into_iter().map(|(key, units)| key.written(units)));
        }
        taken.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        taken
    }

    fn put_back(&self, lines: &[Written]) {
        for line in lines {
            let mut shard = self.shard(line.group, line.integration);
            let key = Key {
                group: line.group,
                integration: line.integration,
                outcome: line.outcome,
                site: padded(&line.site),
            };
            shard.add(key, line.units);
        }
    }
}

impl Shard {
    /// New lines that name no site have room of their own. With so many integrations in one shard between two
    /// writes that this is full as well, some are not counted.
    fn add(&mut self, key: Key, units: u64) {
        let has_room = self.lines.len() < LINES_PER_SHARD * 2;
        match self.lines.get_mut(&key) {
            Some(counted) => *counted += units,
            None if has_room => drop(self.lines.insert(key, units)),
            None => {}
        }
    }

    /// Whether a line that is new may be counted under its site.
    fn admits(&mut self, key: &Key, site: u64) -> bool {
        if key.site == [0; SITE_CHARS] || key.is_other() {
            return true;
        }
        if self.lines.len() >= LINES_PER_SHARD {
            return false;
        }
        let named = self.named.entry((key.group, key.integration)).or_default();
        if named.contains(&site) {
            return true;
        }
        if named.len() >= SITES_MAX {
            return false;
        }
        named.push(site);
        true
    }
}

impl Key {
    fn is_other(&self) -> bool {
        self.site == padded(OTHER_SITES)
    }

    fn written(self, units: u64) -> Written {
        let end = self.site.iter().position(|byte| *byte == 0).unwrap_or(SITE_CHARS);
        Written {
            group: self.group,
            integration: self.integration,
            site: String::from_utf8_lossy(&self.site[..end]).into_owned(),
            outcome: self.outcome,
            units,
        }
    }
}

impl Written {
    fn order(&self) -> (u128, u128, &str, Outcome) {
        (self.group, self.integration, &self.site, self.outcome)
    }
}

fn site_of(line: &Line<'_>) -> [u8; SITE_CHARS] {
    let Some(site) = line.site else { return [0; SITE_CHARS] };
    let is_anybodys = matches!(line.outcome, Outcome::Unauthenticated | Outcome::SiteRefused);
    let is_id = (1..=SITE_CHARS).contains(&site.len()) && site.bytes().all(|byte| byte.is_ascii_graphic());
    if is_anybodys || !is_id { padded(OTHER_SITES) } else { padded(site) }
}

fn padded(site: &str) -> [u8; SITE_CHARS] {
    let mut padded = [0; SITE_CHARS];
    for (to, from) in padded.iter_mut().zip(site.bytes()) {
        *to = from;
    }
    padded
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
