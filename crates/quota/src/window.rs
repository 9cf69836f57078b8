//! The window, pure: which charges count at an instant, when they stop counting, and what is free.
//!
//! Instants are milliseconds since 1970 UTC, so that neither time zones nor clock changes exist here. Windows
//! are half-open: a charge at `t` counts at every instant in `[t, t + length)` and at none from `t + length` on.

use std::collections::VecDeque;

/// Parts into which a rolling window is divided: charges within one part are kept as one number, dated at the
/// part's end, so that a window is at most so many numbers and errs against the caller by one part.
const PARTS: i64 = 1_440;

/// How calls are counted over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Never more than the limit in any window of this length.
    Rolling,
    /// The window opens at the first call, and ends with a full refill.
    Anchored,
}

/// A kind and a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How calls are counted.
    pub kind: Kind,
    /// Length in milliseconds, at least 1.
    pub length_ms: i64,
}

impl Window {
    /// A rolling window.
    pub const fn rolling(length_ms: i64) -> Self {
        Self { kind: Kind::Rolling, length_ms }
    }

    /// A window that opens at the first call.
    pub const fn anchored(length_ms: i64) -> Self {
        Self { kind: Kind::Anchored, length_ms }
    }

    /// How late, at most, a charge stops counting: the length of one part.
    pub const fn resolution_ms(&self) -> i64 {
        let part = self.length_ms / PARTS;
        if part > 1 { part } else { 1 }
    }

    /// The end of the part that holds `at`, where charges of that part are dated.
    const fn dated(&self, at: i64) -> i64 {
        let part = self.resolution_ms();
        at.saturating_add(part - 1).div_euclid(part).saturating_mul(part)
    }
}

/// What has been charged and still counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Oldest first; in an anchored window all charges are one, dated at the anchor.
    pub(crate) charges: VecDeque<Charge>,
    /// When an anchored window opened.
    pub(crate) anchor: Option<i64>,
    used: u64,
}

/// Units charged at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) at: i64,
    pub(crate) units: u32,
}

impl Usage {
    /// As it was stored.
    pub(crate) fn restored(charges: VecDeque<Charge>, anchor: Option<i64>) -> Self {
        let used = charges.iter().map(|charge| u64::from(charge.units)).sum();
        Self { charges, anchor, used }
    }

    /// Units that count; [`Usage::expire`] first.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// When the window opened, if it is an open anchored one.
    pub fn anchor(&self) -> Option<i64> {
        self.anchor
    }

    /// Forgets what no longer counts at `now`, and takes over what was counted under another kind of window:
    /// all of it, as if charged now, because when exactly is not known any more.
    pub fn expire(&mut self, window: Window, now: i64) {
        match (window.kind, self.anchor) {
            (Kind::Anchored, Some(anchor)) if anchor.saturating_add(window.length_ms) <= now => {
                *self = Self::default();
            }
            (Kind::Anchored, None) if self.used > 0 => self.carry_over(Some(now), now),
            (Kind::Rolling, Some(_)) => self.carry_over(None, window.dated(now)),
            (Kind::Anchored, _) | (Kind::Rolling, None) => {}
        }
        if window.kind == Kind::Rolling {
            while let Some(oldest) = self.charges.front()
                && oldest.at.saturating_add(window.length_ms) <= now
            {
                self.used -= u64::from(oldest.units);
                self.charges.pop_front();
            }
        }
    }

    fn carry_over(&mut self, anchor: Option<i64>, at: i64) {
        let units = u32::try_from(self.used).unwrap_or(u32::MAX);
        let charges = if units > 0 { VecDeque::from([Charge { at, units }]) } else { VecDeque::new() };
        *self = Self::restored(charges, anchor);
    }

    /// Charges units, to be counted as if all were used at `at`. Returns the date the charge is kept under,
    /// which [`Usage::refund`] takes.
    pub fn charge(&mut self, window: Window, now: i64, at: i64, units: u32) -> i64 {
        let at = match window.kind {
            Kind::Rolling => window.dated(at),
            Kind::Anchored => *self.anchor.get_or_insert(now),
        };
        self.used += u64::from(units);
        let place = self.charges.partition_point(|charge| charge.at < at);
        match self.charges.get_mut(place) {
            Some(same) if same.at == at => same.units = same.units.saturating_add(units),
            _ => self.charges.insert(place, Charge { at, units }),
        }
        at
    }

    /// Takes back units charged under a date. What no longer counts has nothing to give back.
    pub fn refund(&mut self, at: i64, units: u32) {
        let Ok(place) = self.charges.binary_search_by_key(&at, |charge| charge.at) else { return };
        let back = units.min(self.charges[place].units);
        self.charges[place].units -= back;
        self.used -= u64::from(back);
        if self.charges[place].units == 0 {
            self.charges.remove(place);
        }
    }

    /// The first instant at which at least `units` of what counts now will have stopped counting; none when
    /// less than that counts.
    pub fn freed_at(&self, window: Window, units: u64) -> Option<i64> {
        let mut freed = 0;
        let from = |at: i64| at.saturating_add(window.length_ms);
        for charge in &self.charges {
            freed += u64::from(charge.units);
            if freed >= units {
                return Some(from(self.anchor.unwrap_or(charge.at)));
            }
        }
        None
    }

    /// When how many units stop counting, in order of time.
    pub fn frees(&self, window: Window) -> Vec<(i64, u64)> {
        let from = |charge: &Charge| self.anchor.unwrap_or(charge.at).saturating_add(window.length_ms);
        self.charges.iter().map(|charge| (from(charge), u64::from(charge.units))).collect()
    }
}

#[cfg(test)]
mod tests;
