//! What groups of either kind may use: what staff set, and how a vendor parts its calls.

pub mod declare_shares;
pub mod end_shadow;
pub mod get;
pub mod get_shares;
pub mod grant;
pub mod resume;
pub mod set_limits;
pub mod set_shadow;
pub mod shares;
pub mod suspend;
pub mod why;

use super::{
    schemas,
    values::{Limits, Tier},
};
use crate::{
    portal::Portal,
    problem::{Problem, kinds},
    reads::{AllowanceNotes, AllowanceView},
};
use app::{Done, sealing::Opened};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{self, Terms},
    group::GroupRef,
    ids::StaffId,
};
use eventlog::StreamVersion;
use readmodel::ReadModel;
use serde::Serialize;
use shares::ShareOfCalls;
use utoipa::ToSchema;
use why::AllowanceReason;

/// What a group may use, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAllowance {
    #[schema(value_type = schemas::GroupId)]
    group: String,
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
    /// Whose it is; absent in development.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::ProdAccountId>, nullable = false)]
    account: Option<String>,
    /// Public name of the vendor; absent in development.
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<String>,
    /// Named size granted with the promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    /// What the group has by itself.
    base: Limits,
    /// Limits in force.
    limits: Limits,
    /// Until when they hold by themselves: the end of a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits_until: Option<DateTime<Utc>>,
    /// Whether staff set the limits in force or granted their calls; a development group then stands outside the
    /// ceilings of its owner and organisation.
    set_by_staff: bool,
    /// Every call is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<Suspension>,
    /// Limits that staff set.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits_set: Option<LimitsByStaff>,
    /// Limits that wait for a second approver who asks for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits_proposed: Option<LimitsByStaff>,
    /// The grant that holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<GrantByStaff>,
    /// A grant that waits for a second approver who asks for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_proposed: Option<GrantByStaff>,
    /// A limit that is observed and not enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    shadow_calls: Option<u32>,
    /// How the vendor parts the calls.
    #[schema(max_items = 20)]
    shares: Vec<ShareOfCalls>,
}

/// A suspension.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    since: DateTime<Utc>,
    #[schema(value_type = schemas::StaffId)]
    by: String,
    reason: AllowanceReason,
    /// In words; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Limits that staff set or want to set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsByStaff {
    limits: Limits,
    /// Who, the first approver first.
    #[schema(value_type = Vec<schemas::StaffId>, min_items = 1, max_items = 2)]
    by: Vec<String>,
    reason: AllowanceReason,
    /// In words; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A grant that holds or is wanted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantByStaff {
    /// Calls in the window of the limits.
    #[schema(minimum = 1, example = 40000)]
    calls: u32,
    until: DateTime<Utc>,
    /// Who, the first approver first.
    #[schema(value_type = Vec<schemas::StaffId>, min_items = 1, max_items = 2)]
    by: Vec<String>,
    reason: AllowanceReason,
    /// In words; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl GroupAllowance {
    fn of(portal: &Portal, view: AllowanceView) -> Self {
        let AllowanceView { row, notes } = view;
        let (now, base) = (portal.clock.now(), row.allowed.base);
        let in_force = row.allowed.at(now);
        let terms = row.allowed.allowance.terms().cloned().unwrap_or_default();
        let AllowanceNotes { suspension, limits, limits_proposal, grant, grant_proposal } = notes;
        let (asked, wanted) = (terms.limits_proposal_for(base), terms.grant_proposal_for(base, now));
        Self {
            group: row.group.to_string(),
            name: row.name,
            account: row.account.map(|account| account.to_string()),
            vendor_name: row.vendor_name,
            tier: row.tier.map(Tier::from),
            base: base.limits.into(),
            limits: in_force.limits.into(),
            limits_until: in_force.until,
            set_by_staff: in_force.set_by_staff,
            suspension: row.allowed.allowance.suspension().map(|fact| Suspension::of(fact, suspension)),
            limits_set: terms.set_limits(base).map(|set| LimitsByStaff::set(set, limits)),
            limits_proposed: asked.map(|asked| LimitsByStaff::proposed(asked, limits_proposal)),
            grant: terms.running_grant(base, now).map(|held| GrantByStaff::held(held, grant)),
            grant_proposed: wanted.map(|wanted| GrantByStaff::proposed(wanted, grant_proposal)),
            shadow_calls: in_force.shadow_calls,
            shares: declared(&terms),
        }
    }

    /// What a group may use now, with its version.
    async fn read(portal: &Portal, group: GroupRef) -> Result<(Self, StreamVersion), Problem> {
        let view = portal.allowance(portal.app.read(), group).await?;
        let view = view.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
        let version = view.row.allowed.version;
        Ok((Self::of(portal, view), version))
    }

    /// What a group may use as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        group: GroupRef,
    ) -> Result<(Self, StreamVersion), Problem> {
        let query = async |read: &ReadModel| portal.allowance(read, group).await;
        let view = portal.show(done, group.into(), query).await?;
        let version = view.row.allowed.version;
        Ok((Self::of(portal, view), version))
    }
}

fn declared(terms: &Terms) -> Vec<ShareOfCalls> {
    terms.shares.iter().map(ShareOfCalls::from).collect()
}

fn named(staff: &[StaffId]) -> Vec<String> {
    staff.iter().map(ToString::to_string).collect()
}

fn shown(note: Option<Opened>) -> Option<String> {
    note.map(|note| note.shown().to_owned())
}

impl Suspension {
    fn of(fact: &allowance::Suspended, note: Option<Opened>) -> Self {
        let by = fact.staff.to_string();
        Self { since: fact.since, by, reason: fact.reason.into(), note: shown(note) }
    }
}

impl LimitsByStaff {
    fn set(fact: &allowance::LimitsSet, note: Option<Opened>) -> Self {
        let (limits, by) = (fact.limits.into(), named(&fact.staff));
        Self { limits, by, reason: fact.reason.into(), note: shown(note) }
    }

    fn proposed(fact: &allowance::LimitsProposed, note: Option<Opened>) -> Self {
        let (limits, by) = (fact.limits.into(), named(&[fact.staff]));
        Self { limits, by, reason: fact.reason.into(), note: shown(note) }
    }
}

impl GrantByStaff {
    fn held(fact: &allowance::Granted, note: Option<Opened>) -> Self {
        let (calls, until, by) = (fact.calls, fact.until, named(&fact.staff));
        Self { calls, until, by, reason: fact.reason.into(), note: shown(note) }
    }

    fn proposed(fact: &allowance::GrantProposed, note: Option<Opened>) -> Self {
        let (calls, until, by) = (fact.calls, fact.until, named(&[fact.staff]));
        Self { calls, until, by, reason: fact.reason.into(), note: shown(note) }
    }
}
