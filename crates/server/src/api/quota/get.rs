//! `GET /v1/groups/{group}/quota`

use crate::{
    api::{
        answer, schemas,
        values::{Partition, Window},
    },
    extract::{Call, query::NoQuery},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use app::quota::{
    Violated,
    parts::{PartOf, PartView},
    view::{LimitView, NextFree, QuotaView, ShareView},
};
use chrono::{DateTime, Utc};
use domain::group::{GroupRef, WindowKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A group's quota at an instant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    #[schema(value_type = schemas::GroupId)]
    group: String,
    /// The instant of all this.
    at: DateTime<Utc>,
    window: Window,
    /// Length of the window in seconds.
    #[schema(minimum = 1, example = 86400)]
    window_s: u32,
    /// Calls in a window.
    #[schema(minimum = 0, example = 10000)]
    limit: u32,
    /// Calls that count in the window now.
    #[schema(minimum = 0)]
    used: u64,
    /// Calls that servers hold to answer from memory. What is not used of them goes back within a minute.
    #[schema(minimum = 0)]
    held: u64,
    /// Calls that may pass now: what the tightest of all limits leaves.
    #[schema(minimum = 0)]
    remaining: u64,
    /// When calls become free, and why; null when none are used, or all are refused.
    #[schema(required)]
    next_free: Option<NextCalls>,
    /// What has the limit.
    partition: Partition,
    /// Parts with limits of their own, that with least left first; the numbers above are those of the first.
    /// Sites are those that called in the last 24 hours. Empty where the group is one.
    #[schema(max_items = 50)]
    parts: Vec<Part>,
    /// Sums over several groups in which the calls count as well.
    #[schema(max_items = 2)]
    ceilings: Vec<Ceiling>,
    /// How the vendor parts the calls among its integrations.
    #[schema(max_items = 20)]
    shares: Vec<Share>,
    /// A limit that staff observe and that refuses nothing.
    #[schema(required)]
    shadow: Option<Shadow>,
    /// A temporary grant in force; the limit above includes it.
    #[schema(required)]
    grant: Option<Grant>,
    forecast: Forecast,
    /// Every call is refused since then.
    #[schema(required)]
    suspended_since: Option<DateTime<Utc>>,
}

/// A part of the group with a limit of its own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuotaPart)]
pub struct Part {
    #[schema(required, value_type = Option<schemas::IntegrationId>)]
    integration: Option<String>,
    #[schema(required, max_length = 64)]
    site: Option<String>,
    /// Calls that count now, those held for it among them.
    #[schema(minimum = 0)]
    used: u64,
    #[schema(minimum = 0)]
    remaining: u32,
    #[schema(required)]
    next_free_at: Option<DateTime<Utc>>,
}

/// When calls become free.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextCalls {
    at: DateTime<Utc>,
    /// So many.
    #[schema(minimum = 1)]
    calls: u64,
    limit: Which,
    /// In words.
    #[schema(
        example = "The window of 24 hours opened at 2026-11-22 12:00 UTC and ends then; all calls are free again."
    )]
    why: String,
}

/// Which limit.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The group's own.
    Group,
    /// The sum over all development groups of its owner.
    Owner,
    /// The sum over the development groups of everybody at the owner's organisation.
    Organisation,
    /// The most that one integration may use.
    Share,
    /// What is kept for other integrations.
    Reserve,
}

/// A limit over several groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    limit: Which,
    /// Calls in a window.
    #[schema(minimum = 0)]
    calls: u32,
    window: Window,
    /// Length of the window in seconds.
    #[schema(minimum = 1)]
    window_s: u32,
    /// Calls of all these groups that count now.
    #[schema(minimum = 0)]
    used: u64,
    #[schema(minimum = 0)]
    remaining: u64,
    /// Whether it leaves less than the group's own limit.
    binds: bool,
}

/// One integration's part of the calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    #[schema(value_type = schemas::IntegrationId)]
    integration: String,
    /// At most so many calls in a window.
    #[schema(required)]
    at_most: Option<u32>,
    /// So many are kept for it.
    #[schema(required)]
    reserved: Option<u32>,
    /// Calls it has used, those held for it among them.
    #[schema(minimum = 0)]
    used: u64,
}

/// A limit that is observed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// Calls in a window.
    #[schema(minimum = 0)]
    calls: u32,
    /// Calls that count now beyond it.
    #[schema(minimum = 0)]
    would_have_refused: u64,
}

/// More calls for some time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Calls in a window.
    #[schema(minimum = 0)]
    calls: u32,
    /// Until, but not at, this instant.
    until: DateTime<Utc>,
}

/// What to expect if calls go on as in the last hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    #[schema(minimum = 0)]
    calls_per_hour: u64,
    /// When nothing will be left; null when the window frees calls as fast as they are made, or nothing is left.
    #[schema(required)]
    empty_at: Option<DateTime<Utc>>,
    /// In words.
    #[schema(example = "At this pace, empty at 2026-11-22 16:40 UTC.")]
    text: String,
}

/// What a group of either kind may use, has used, and when more becomes free. Costs no call.
#[utoipa::path(
    get, path = "/v1/groups/{group}/quota", operation_id = "get_quota", tag = "quota",
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The quota.", body = Quota))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    group: Path<GroupRef>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    portal.must_see(&call, *group).await?;
    let view = portal.app.quota(*group).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::plain(&Quota::of(*group, &view)))
}

impl Quota {
    fn of(group: GroupRef, view: &QuotaView) -> Self {
        let own = &view.own;
        Self {
            group: group.to_string(),
            at: view.now,
            window: own.window.into(),
            window_s: own.window_s,
            limit: own.calls,
            used: view.used,
            held: view.held,
            remaining: view.remaining,
            next_free: view.next_free.as_ref().map(NextCalls::of),
            partition: view.partition.into(),
            parts: view.parts.iter().map(Part::of).collect(),
            ceilings: view.ceilings.iter().map(|ceiling| Ceiling::of(ceiling, own)).collect(),
            shares: view.shares.iter().map(Share::of).collect(),
            shadow: view
                .shadow
                .map(|shadow| Shadow { calls: shadow.calls, would_have_refused: shadow.would_have_refused }),
            grant: view.granted_until.map(|until| Grant { calls: own.calls, until }),
            forecast: Forecast {
                calls_per_hour: view.forecast.calls_per_hour,
                empty_at: view.forecast.empty_at,
                text: forecast(view),
            },
            suspended_since: view.suspended,
        }
    }
}

impl NextCalls {
    fn of(next: &NextFree) -> Self {
        Self { at: next.at, calls: next.calls, limit: next.limit.limit.into(), why: why(&next.limit) }
    }
}

impl Part {
    fn of(view: &PartView) -> Self {
        let (integration, site) = match &view.part {
            PartOf::Integration(id) => (Some(id.to_string()), None),
            PartOf::Site(site) => (None, Some(site.clone())),
        };
        Self { integration, site, used: view.used, remaining: view.left, next_free_at: view.next_free_at }
    }
}

impl Ceiling {
    fn of(ceiling: &LimitView, own: &LimitView) -> Self {
        Self {
            limit: ceiling.limit.into(),
            calls: ceiling.calls,
            window: ceiling.window.into(),
            window_s: ceiling.window_s,
            used: ceiling.used,
            remaining: ceiling.left,
            binds: ceiling.left < own.left,
        }
    }
}

impl Share {
    fn of(share: &ShareView) -> Self {
        Self {
            integration: share.integration.to_string(),
            at_most: share.at_most,
            reserved: share.reserved,
            used: share.used,
        }
    }
}

impl From<Violated> for Which {
    fn from(limit: Violated) -> Self {
        match limit {
            Violated::Pool => Self::Group,
            Violated::Owner => Self::Owner,
            Violated::Organisation => Self::Organisation,
            Violated::Share => Self::Share,
            Violated::Reserve => Self::Reserve,
        }
    }
}

fn why(limit: &LimitView) -> String {
    let whose = match limit.limit {
        Violated::Pool => String::new(),
        Violated::Owner => "The owner's development groups together have the least left. ".to_owned(),
        Violated::Organisation => {
            "The development groups of the owner's organisation together have the least left. ".to_owned()
        }
        Violated::Share | Violated::Reserve => "The shares of the integrations decide. ".to_owned(),
    };
    let length = length(limit.window_s);
    let when = match (limit.window, limit.opened_at) {
        (WindowKind::Anchored, Some(opened)) => format!(
            "The window of {length} opened at {} and ends then; all calls are free again.",
            minute(opened)
        ),
        (WindowKind::Anchored | WindowKind::Rolling, _) => {
            format!("The oldest calls that count leave the rolling window of {length} then.")
        }
    };
    whose + &when
}

fn forecast(view: &QuotaView) -> String {
    let pace = view.forecast.calls_per_hour;
    match (view.suspended, view.forecast.empty_at) {
        (Some(_), _) => "Every call is refused.".to_owned(),
        (None, Some(at)) => format!("At this pace, empty at {}.", minute(at)),
        (None, None) if !view.parts.is_empty() => "Each part has a limit of its own.".to_owned(),
        (None, None) if view.remaining == 0 => "Nothing is left.".to_owned(),
        (None, None) if pace == 0 => "No calls in the last hour.".to_owned(),
        (None, None) => "At this pace, calls become free as fast as they are made.".to_owned(),
    }
}

/// An instant in words, to the minute.
fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A length in the largest unit that tells it exactly.
fn length(seconds: u32) -> String {
    let (number, unit) = match seconds {
        seconds if seconds.is_multiple_of(86_400) && seconds > 172_800 => (seconds / 86_400, "days"),
        seconds if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hours"),
        seconds if seconds.is_multiple_of(60) => (seconds / 60, "minutes"),
        seconds => (seconds, "seconds"),
    };
    if number == 1 { format!("1 {}", unit.trim_end_matches('s')) } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(limit: Violated, window: WindowKind, opened_at: Option<DateTime<Utc>>) -> LimitView {
        LimitView { limit, calls: 10, window_s: 86_400, window, used: 10, left: 0, opened_at }
    }

    #[test]
    fn lengths_are_told_in_the_unit_that_fits() {
        let told = [60, 3_600, 5_400, 61, 86_400, 172_800, 2_592_000].map(length);
        let expected = ["1 minute", "1 hour", "90 minutes", "61 seconds", "24 hours", "48 hours", "30 days"];
        assert_eq!(told, expected);
    }

    #[test]
    fn it_is_said_which_limit_frees_calls_and_by_what() {
        let opened = DateTime::from_timestamp(1_795_000_000, 0);
        let anchored = why(&limit(Violated::Pool, WindowKind::Anchored, opened));
        assert_eq!(
            anchored,
            "The window of 24 hours opened at 2026-11-18 11:06 UTC and ends then; all calls are free again."
        );
        let rolling = why(&limit(Violated::Owner, WindowKind::Rolling, None));
        assert!(rolling.starts_with("The owner's development groups together"), "{rolling}");
        assert!(rolling.ends_with("leave the rolling window of 24 hours then."), "{rolling}");
    }
}
