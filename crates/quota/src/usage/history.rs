//! History as it is read: steps without gaps, and the largest parts told apart.

use super::{OTHER_SITES, Outcome, Span};
use crate::codec::Damaged;
use std::collections::BTreeMap;

/// Parts that are told apart; what is beyond the largest is one more, called other.
pub const PARTS_MAX: i64 = 20;

/// What history is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Nothing.
    Nothing,
    /// Integrations of the group.
    Integration,
    /// Sites of customers.
    Site,
    /// What became of the calls.
    Outcome,
}

/// Which part of history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The group's number.
    pub group: u128,
    /// How long a step is.
    pub span: Span,
    /// How many steps, the running one among them.
    pub steps: i64,
    /// What it is divided by.
    pub by: By,
}

/// Units in one step, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// They passed.
    pub admitted: u64,
    /// They were refused.
    pub refused: u64,
    /// Neither: answered by test mode.
    pub aside: u64,
    /// Those of the ones that passed which a limit that is only observed would have refused.
    pub shadow_refused: u64,
}

/// One part of a group's calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of them.
    Whole,
    /// Those of an integration.
    Integration(u128),
    /// Those for a site.
    Site(String),
    /// Those that named no site.
    NoSite,
    /// Those with one outcome.
    Outcome(Outcome),
    /// Those of all smaller parts.
    Other,
}

/// One part over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Which part.
    pub part: Part,
    /// One count for each step.
    pub counts: Vec<Count>,
}

/// What became of a group's calls over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How long a step is.
    pub span: Span,
    /// Starts of the steps (ms since 1970), without gaps.
    pub steps: Vec<i64>,
    /// The parts, largest first, other last. Never empty when divided by nothing.
    pub series: Vec<Series>,
}

/// A row as the ledger gives it.
pub(crate) struct Row {
    pub(crate) starts_at: i64,
    pub(crate) part: Part,
    pub(crate) count: Count,
}

impl Count {
    /// All calls.
    pub fn total(&self) -> u64 {
        self.admitted + self.refused + self.aside
    }

    /// Adds another to it.
    pub fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.aside += other.aside;
        self.shadow_refused += other.shadow_refused;
    }
}

impl Series {
    /// Over all steps.
    pub fn sum(&self) -> Count {
        self.counts.iter().fold(Count::default(), |mut sum, count| {
            sum.add(*count);
            sum
        })
    }
}

impl History {
    /// Makes history of rows: steps without calls are zero, rows of other steps are left out.
    pub(crate) fn of(query: &Query, now: i64, rows: Vec<Row>) -> Self {
        let steps = query.span.last(now, query.steps);
        let mut parts: BTreeMap<Part, Vec<Count>> = BTreeMap::new();
        if query.by == By::Nothing {
            parts.insert(Part::Whole, vec![Count::default(); steps.len()]);
        }
        for row in rows {
            let Ok(step) = steps.binary_search(&row.starts_at) else { continue };
            let counts = parts.entry(row.part).or_insert_with(|| vec![Count::default(); steps.len()]);
            counts[step].add(row.count);
        }
        let mut series: Vec<Series> =
            parts.into_iter().map(|(part, counts)| Series { part, counts }).collect();
        series.sort_by_key(|series| {
            let sum = series.sum();
            (series.part == Part::Other, std::cmp::Reverse((sum.total(), sum.shadow_refused)))
        });
        Self { span: query.span, steps, series }
    }
}

impl Part {
    pub(crate) fn of_integration(stored: Option<Vec<u8>>) -> Result<Self, Damaged> {
        let Some(stored) = stored else { return Ok(Self::Other) };
        Ok(Self::Integration(u128::from_be_bytes(stored.try_into().map_err(|_| Damaged)?)))
    }

    pub(crate) fn of_site(stored: Option<String>) -> Self {
        match stored {
            None => Self::Other,
            Some(site) if site.is_empty() => Self::NoSite,
            Some(site) if site == OTHER_SITES => Self::Other,
            Some(site) => Self::Site(site),
        }
    }

    pub(crate) fn of_outcome(stored: i64) -> Result<Self, Damaged> {
        Outcome::from_number(stored).map(Self::Outcome).ok_or(Damaged)
    }
}
