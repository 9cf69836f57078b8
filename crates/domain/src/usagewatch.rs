//! Which thresholds of limits were reached and told. One for each group of either kind and one for each owner of
//! development groups, in streams of their own, so that nobody's calls bump the version that others change things by.

use crate::{
    decider::{Context, Decider, Decision, Unexpected},
    group::{GroupRef, WindowKind},
    ids::{DeveloperId, IntegrationId},
    sealed::Subjects,
    stored_events,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// From this threshold on people are told by mail as well.
pub const MAILED_FROM_PERCENT: u8 = 80;
/// A threshold of a window shorter than this is told once in such a time: a window may be as short as a minute, and
/// history is kept for ever.
const TOLD_EVERY: TimeDelta = TimeDelta::hours(24);
/// Thresholds of parts, of which a group may have many, that are told in such a time.
const PARTS_TOLD_MAX: usize = 8;
/// Thresholds that are remembered; the oldest goes first.
const REMEMBERED_MAX: usize = 256;

/// Requests about thresholds.
#[derive(Debug, Clone)]
pub enum Command {
    /// A threshold was reached; whether people hear of it is decided here.
    Tell(Threshold),
}

/// Which limit a threshold is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOf {
    /// The group's own, or that of a part with a pool of its own.
    #[default]
    Group,
    /// That over all development groups of their owner.
    Owner,
    /// That over all development groups of an organisation.
    Organisation,
    /// The share of one integration in the calls of its group.
    Share,
}

/// Whose thresholds are remembered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchOf {
    /// Those of a group's own limits.
    Group(GroupRef),
    /// Those of limits over many groups, as this owner of some is told them.
    Owner(DeveloperId),
}

/// What a threshold is one of: the limit, and the part of the group's calls where parts have limits of their own.
pub type Meter = (LimitOf, Option<Uuid>);

/// A threshold that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// Of which group; of a limit over many groups, one of them that the told owner has.
    pub group: GroupRef,
    /// Of which limit.
    pub limit_of: LimitOf,
    /// Which part of the group's calls, where parts have limits of their own: an integration that has a share.
    pub part: Option<Uuid>,
    /// In percent of the limit.
    pub percent: u8,
    /// Calls in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Kind of the window.
    pub window: WindowKind,
    /// When it was reached.
    pub since: DateTime<Utc>,
}

/// Facts about thresholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A threshold was reached, for the first time in its window.
    Reached(Reached),
}

/// A threshold was reached, for the first time in its window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Of which group; of a limit over many groups, one of them that the told owner has.
    pub group: GroupRef,
    /// Of which limit.
    #[serde(default, skip_serializing_if = "LimitOf::is_groups")]
    pub limit_of: LimitOf,
    /// Which part of the group's calls, where parts have limits of their own: an integration that has a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Uuid>,
    /// In percent of the limit.
    pub percent: u8,
    /// Calls in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Kind of the window.
    pub window: WindowKind,
    /// When it was reached.
    pub since: DateTime<Utc>,
    /// Whether owners are told by mail.
    pub mailed: bool,
}

impl LimitOf {
    /// Whether it is a limit over many groups.
    pub fn is_ceiling(self) -> bool {
        matches!(self, Self::Owner | Self::Organisation)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_groups(&self) -> bool {
        *self == Self::Group
    }
}

impl Reached {
    /// The integration whose share it is.
    pub fn integration(&self) -> Option<IntegrationId> {
        self.part.filter(|_| self.limit_of == LimitOf::Share).map(IntegrationId::from_uuid)
    }
}

impl Subjects for Reached {}

stored_events!(Event {
    Reached = "usagewatch.threshold_reached" @ 1;
});

/// No rule refuses what has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum UsageWatch {
    /// Nothing yet.
    #[default]
    Quiet,
    /// The newest of each limit, part and threshold.
    Told(BTreeMap<(Meter, u8), Told>),
}

/// When a threshold was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When it was reached last.
    pub since: DateTime<Utc>,
    /// Calls of the limit then.
    pub limit: u32,
    /// Length of its window then, in seconds.
    pub window_s: u32,
}

impl Decider for UsageWatch {
    const CATEGORY: &'static str = "usagewatch";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, _: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        let Command::Tell(reached) = command;
        let meter = (reached.limit_of, reached.part);
        let before = self.told(meter, reached.percent);
        // Of a limit that was raised or lowered since, nobody has heard anything yet.
        let is_new = before.is_none_or(|told| {
            told.is_of_another_limit(&reached) || reached.since - told.since >= TOLD_EVERY
        });
        if !is_new || reached.part.is_some() && self.parts_told(reached.since) >= PARTS_TOLD_MAX {
            return Ok(Decision::nothing());
        }
        let Threshold { group, limit_of, part, percent, limit, window_s, window, since } = reached;
        let mailed = percent >= MAILED_FROM_PERCENT;
        let reached = Reached { group, limit_of, part, percent, limit, window_s, window, since, mailed };
        Ok(Decision::events([Event::Reached(reached)]))
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        let Event::Reached(reached) = event;
        let mut all = match self {
            Self::Quiet => BTreeMap::new(),
            Self::Told(all) => all,
        };
        let key = ((reached.limit_of, reached.part), reached.percent);
        let Reached { since, limit, window_s, .. } = *reached;
        all.insert(key, Told { since, limit, window_s });
        if all.len() > REMEMBERED_MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, told)| told.since).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        Ok(Self::Told(all))
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Told(_) => "told",
        }
    }
}

impl Told {
    /// Whether a threshold that was reached later is one of another number of calls.
    fn is_of_another_limit(&self, reached: &Threshold) -> bool {
        let is_other = (self.limit, self.window_s) != (reached.limit, reached.window_s);
        is_other && reached.since > self.since
    }
}

impl UsageWatch {
    /// When a threshold of a limit was told last.
    pub fn told(&self, meter: Meter, percent: u8) -> Option<&Told> {
        match self {
            Self::Quiet => None,
            Self::Told(all) => all.get(&(meter, percent)),
        }
    }

    /// How many thresholds of parts were told lately.
    fn parts_told(&self, now: DateTime<Utc>) -> usize {
        let Self::Told(all) = self else { return 0 };
        let lately =
            |(((_, part), _), told): &(&(Meter, u8), &Told)| part.is_some() && now - told.since < TOLD_EVERY;
        all.iter().filter(lately).count()
    }

    /// Whether it is still worth telling that a threshold was reached: not when it was reached again since, or a
    /// higher one in the same window.
    pub fn is_news(&self, meter: Meter, percent: u8, since: DateTime<Utc>) -> bool {
        let Self::Told(all) = self else { return false };
        let Some(told) = all.get(&(meter, percent)).filter(|told| told.since == since) else { return false };
        let ends = since + TimeDelta::seconds(told.window_s.into());
        let is_higher = |(key, higher): (&(Meter, u8), &Told)| {
            key.0 == meter && key.1 > percent && since <= higher.since && higher.since < ends
        };
        !all.iter().any(is_higher)
    }
}

#[cfg(test)]
mod tests;
