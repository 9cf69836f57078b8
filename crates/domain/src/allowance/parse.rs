//! From numbers as they were given to numbers that can be limits: every field that breaks a rule is told.

use super::Share;
use crate::{
    fields::FieldError,
    group::{Limits, Partition, WindowKind},
    ids::IntegrationId,
};
use chrono::{DateTime, Utc};
use std::{collections::BTreeSet, num::NonZeroU32, ops::RangeInclusive};

/// Shortest window in seconds: what is shorter is a matter of pace, not of quota.
pub const WINDOW_S_MIN: u32 = 60;

/// Longest window in seconds: 366 days.
pub const WINDOW_S_MAX: u32 = 31_622_400;

/// Most integrations of a group that can have a share.
pub const SHARES_MAX: usize = 20;

/// Limits as given; what is left out stays as it is.
#[derive(Debug, Clone, Copy)]
pub struct DraftLimits {
    /// Calls per window.
    pub calls: i64,
    /// Length of the window in seconds.
    pub window_s: Option<i64>,
    /// Kind of the window.
    pub window: Option<WindowKind>,
    /// Customer sites.
    pub sites: Option<i64>,
    /// What has so many calls.
    pub partition: Option<Partition>,
}

/// Limits that can be set; what is left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsAsked {
    calls: NonZeroU32,
    window_s: Option<NonZeroU32>,
    window: Option<WindowKind>,
    sites: Option<NonZeroU32>,
    partition: Option<Partition>,
}

/// A grant that can be given, as far as that does not depend on the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantAsked {
    /// Calls in the window of the group's limits.
    pub calls: NonZeroU32,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A share as given.
#[derive(Debug, Clone, Copy)]
pub struct DraftShare {
    /// Which integration.
    pub integration: IntegrationId,
    /// It never uses more.
    pub at_most: Option<i64>,
    /// So many are nobody else's.
    pub reserved: Option<i64>,
}

impl LimitsAsked {
    /// Limits, or everything that is wrong with them.
    pub fn parse(draft: DraftLimits) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut number = |pointer, given: Option<i64>, range: RangeInclusive<u32>| {
            given.and_then(|given| whole(pointer, given, range).map_err(|error| errors.push(error)).ok())
        };
        let calls = number("/calls", Some(draft.calls), 1..=u32::MAX);
        let window_s = number("/window_s", draft.window_s, WINDOW_S_MIN..=WINDOW_S_MAX);
        let sites = number("/sites", draft.sites, 1..=u32::MAX);
        let DraftLimits { window, partition, .. } = draft;
        match calls {
            Some(calls) if errors.is_empty() => Ok(Self { calls, window_s, window, sites, partition }),
            Some(_) | None => Err(errors),
        }
    }

    /// The whole, with what was left out as it is in `standing`.
    pub(super) fn over(self, standing: Limits) -> Limits {
        Limits {
            calls: self.calls.get(),
            window_s: self.window_s.map_or(standing.window_s, NonZeroU32::get),
            window: self.window.unwrap_or(standing.window),
            sites: self.sites.map_or(standing.sites, NonZeroU32::get),
            partition: self.partition.unwrap_or(standing.partition),
        }
    }
}

/// A number of calls that can be a limit.
pub fn calls(pointer: &str, given: i64) -> Result<NonZeroU32, FieldError> {
    whole(pointer, given, 1..=u32::MAX)
}

/// Shares that make sense by themselves; whether the group can keep them is decided with the group.
pub fn shares(drafts: &[DraftShare]) -> Result<Vec<Share>, Vec<FieldError>> {
    let mut errors = Vec::new();
    if drafts.len() > SHARES_MAX {
        let rule = format!("at most {SHARES_MAX} integrations have a share");
        errors.push(FieldError::new("/shares", "shares.too_many", rule));
    }
    let (mut seen, mut shares) = (BTreeSet::new(), Vec::new());
    for (index, draft) in drafts.iter().enumerate() {
        let at = |field: &str| format!("/shares/{index}{field}");
        if !seen.insert(draft.integration) {
            errors.push(FieldError::new(at("/integration"), "shares.twice", "it has a share already"));
        }
        if draft.at_most.is_none() && draft.reserved.is_none() {
            let rule = "a share says at_most, reserved or both";
            errors.push(FieldError::new(at(""), "shares.says_nothing", rule));
        }
        let mut number = |field, given: Option<i64>| {
            let parsed = given.map(|given| calls(&at(field), given));
            parsed.and_then(|parsed| parsed.map_err(|error| errors.push(error)).ok()).map(NonZeroU32::get)
        };
        let (at_most, reserved) = (number("/at_most", draft.at_most), number("/reserved", draft.reserved));
        if at_most.zip(reserved).is_some_and(|(most, reserved)| reserved > most) {
            let rule = "no more can be reserved than it may use";
            errors.push(FieldError::new(at("/reserved"), "shares.reserved_above_most", rule));
        }
        shares.push(Share { integration: draft.integration, at_most, reserved });
    }
    if errors.is_empty() { Ok(shares) } else { Err(errors) }
}

/// A number in a range that begins above zero.
fn whole(pointer: &str, given: i64, range: RangeInclusive<u32>) -> Result<NonZeroU32, FieldError> {
    let number = u32::try_from(given).ok().filter(|number| range.contains(number));
    number.and_then(NonZeroU32::new).ok_or_else(|| {
        let (least, most) = range.into_inner();
        let rule = format!("a whole number from {least} to {most} is needed");
        let nearest = given.clamp(i64::from(least), i64::from(most));
        FieldError::new(pointer, "limits.number_out_of_range", rule).fix(nearest.to_string())
    })
}
