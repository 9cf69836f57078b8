//! The rules: who may set what, and which numbers a group can keep.

use super::{
    Allowance, Base, Event, GRANT_DAYS_MAX, GrantAsked, GrantEnded, GrantProposed, Granted, LimitsAsked,
    LimitsProposed, LimitsSet, ReasonCode, Rejection, Resumed, ShadowEnded, ShadowSet, Share, SharesDeclared,
    Suspended, Terms, Verdict,
};
use crate::{
    decider::{Context, Decision},
    developer::Role,
    fields::FieldError,
    group::{GroupRef, Limits},
    ids::{IntegrationId, StaffId},
    independence::{self, Reviewer},
    prodgroup::needs_two_approvers,
    sealed::Sealed,
};
use chrono::{DateTime, Days, Utc};
use std::{collections::BTreeSet, num::NonZeroU32};

/// Only owners and admins part what the group has; to others it does not exist, or is not theirs to part.
pub(super) fn may_change(role: Option<Role>) -> Result<(), Rejection> {
    match role {
        Some(Role::Owner | Role::Admin) => Ok(()),
        Some(Role::Member) => Err(Rejection::NotAllowed),
        None => Err(Rejection::NotYours),
    }
}

/// Who stands behind numbers: none while the second of two is missing. `proposed_by` asked the very same before.
fn agreed(
    limits: Limits,
    verdict: &Verdict,
    proposed_by: Option<StaffId>,
    context: &Context<'_>,
) -> Result<Option<Vec<StaffId>>, Rejection> {
    let second = verdict.reviewer.staff;
    if !needs_two_approvers(limits, context.policy) {
        return Ok(Some(vec![second]));
    }
    // A proposer who could not propose it any more is void: this is the first proposal anew.
    match proposed_by.filter(|staff| independence::stands(*staff, verdict.first.as_ref())) {
        Some(first) if first == second => Err(Rejection::SameApprover),
        Some(first) => Ok(Some(vec![first, second])),
        None => Ok(None),
    }
}

impl Allowance {
    fn known(&self) -> Terms {
        self.terms().cloned().unwrap_or_default()
    }

    pub(super) fn set_limits(
        &self,
        group: GroupRef,
        base: Base,
        asked: LimitsAsked,
        verdict: Verdict,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        verdict.reviewer.check()?;
        let terms = self.known();
        let limits = asked.over(terms.standing_limits(base));
        let grant = terms.grant.as_ref().map(|grant| ended(group, grant, context.now));
        if grant.is_none() && terms.set_limits(base).is_some_and(|set| set.limits == limits) {
            return Ok(Decision::nothing());
        }
        let approval = base.approval;
        let same = terms.limits_proposal.filter(|first| first.limits == limits && first.approval == approval);
        let agreed = agreed(limits, &verdict, same.map(|first| first.staff), context)?;
        let Verdict { reviewer, reason, note, .. } = verdict;
        let Some(staff) = agreed else {
            let staff = reviewer.staff;
            let proposed = LimitsProposed { group, limits, approval, staff, reason, note };
            return Ok(Decision::events([Event::LimitsProposed(proposed)]));
        };
        let policy_version = context.policy.version;
        let set = LimitsSet { group, limits, approval, staff, reason, note, policy_version };
        Ok(Decision::events(grant.into_iter().chain([Event::LimitsSet(set)])))
    }

    pub(super) fn grant(
        &self,
        group: GroupRef,
        base: Base,
        asked: GrantAsked,
        verdict: Verdict,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        verdict.reviewer.check()?;
        let GrantAsked { calls, until } = asked;
        let calls = calls.get();
        check_end(until, context.now)?;
        let terms = self.known();
        if terms.running_grant(base, context.now).is_some_and(|now| now.calls == calls && now.until == until)
        {
            return Ok(Decision::nothing());
        }
        let approval = base.approval;
        let is_same =
            |first: &GrantProposed| (first.calls, first.until, first.approval) == (calls, until, approval);
        let same = terms.grant_proposal.as_ref().filter(|first| is_same(first));
        let limits = Limits { calls, ..terms.standing_limits(base) };
        let agreed = agreed(limits, &verdict, same.map(|first| first.staff), context)?;
        let Verdict { reviewer, reason, note, .. } = verdict;
        let Some(staff) = agreed else {
            let staff = reviewer.staff;
            let proposed = GrantProposed { group, calls, until, approval, staff, reason, note };
            return Ok(Decision::events([Event::GrantProposed(proposed)]));
        };
        let policy_version = context.policy.version;
        let granted = Granted { group, calls, until, approval, staff, reason, note, policy_version };
        let former = terms.grant.as_ref().map(|grant| ended(group, grant, context.now));
        Ok(Decision::events(former.into_iter().chain([Event::Granted(granted)])))
    }

    pub(super) fn end_grant(
        &self,
        group: GroupRef,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        let terms = self.known();
        let grant = terms.grant.filter(|_| self.is_due(context.now)).ok_or(Rejection::NotDue)?;
        Ok(Decision::events([ended(group, &grant, context.now)]))
    }

    pub(super) fn set_shadow(
        &self,
        group: GroupRef,
        reviewer: &Reviewer,
        calls: NonZeroU32,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let calls = calls.get();
        if self.known().shadow.is_some_and(|shadow| shadow.calls == calls) {
            return Ok(Decision::nothing());
        }
        let staff = reviewer.staff;
        Ok(Decision::events([Event::ShadowSet(ShadowSet { group, calls, staff })]))
    }

    pub(super) fn end_shadow(
        &self,
        group: GroupRef,
        reviewer: &Reviewer,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let staff = reviewer.staff;
        let ended = self.known().shadow.map(|_| Event::ShadowEnded(ShadowEnded { group, staff }));
        Ok(Decision::events(ended))
    }

    pub(super) fn suspend(
        &self,
        group: GroupRef,
        reviewer: &Reviewer,
        reason: ReasonCode,
        note: Option<Sealed>,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        if let Some(since) = self.suspended_since() {
            return Err(Rejection::AlreadySuspended { since });
        }
        let staff = reviewer.staff;
        let suspended = Suspended { group, staff, reason, note, since: context.now };
        Ok(Decision::events([Event::Suspended(suspended)]))
    }

    pub(super) fn resume(
        &self,
        group: GroupRef,
        reviewer: &Reviewer,
        reason: ReasonCode,
        note: Option<Sealed>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        if self.suspended_since().is_none() {
            return Err(Rejection::NotSuspended);
        }
        let staff = reviewer.staff;
        Ok(Decision::events([Event::Resumed(Resumed { group, staff, reason, note })]))
    }

    /// What is reserved must be there without a grant: a grant ends by itself.
    pub(super) fn declare_shares(
        &self,
        declared: SharesDeclared,
        base: Base,
        integrations: &BTreeSet<IntegrationId>,
    ) -> Result<Decision<Event>, Rejection> {
        let terms = self.known();
        let fields = misfits(&declared.shares, terms.standing_limits(base).calls, integrations);
        if !fields.is_empty() {
            return Err(Rejection::SharesDoNotFit { fields });
        }
        if declared.shares == terms.shares {
            return Ok(Decision::nothing());
        }
        Ok(Decision::events([Event::SharesDeclared(declared)]))
    }
}

/// The end of a grant: its own, or that of being replaced now.
fn ended(group: GroupRef, grant: &Granted, now: DateTime<Utc>) -> Event {
    Event::GrantEnded(GrantEnded { group, at: grant.until.min(now) })
}

fn check_end(until: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Rejection> {
    let latest = now.checked_add_days(Days::new(GRANT_DAYS_MAX.into())).unwrap_or(DateTime::<Utc>::MAX_UTC);
    if until <= now {
        Err(Rejection::GrantOver)
    } else if until > latest {
        Err(Rejection::GrantTooLong { latest })
    } else {
        Ok(())
    }
}

fn misfits(shares: &[Share], calls: u32, integrations: &BTreeSet<IntegrationId>) -> Vec<FieldError> {
    let mut fields = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        if !integrations.contains(&share.integration) {
            let rule = "the integration is not in this group";
            let pointer = format!("/shares/{index}/integration");
            fields.push(FieldError::new(pointer, "shares.not_in_group", rule));
        }
        if share.at_most.is_some_and(|most| most > calls) {
            let pointer = format!("/shares/{index}/at_most");
            let rule = format!("the group has {calls} calls");
            fields.push(FieldError::new(pointer, "shares.above_limit", rule).fix(calls.to_string()));
        }
    }
    let reserved: u64 = shares.iter().filter_map(|share| share.reserved).map(u64::from).sum();
    if reserved > u64::from(calls) {
        let rule = format!("{reserved} calls are reserved and the group has {calls}");
        fields.push(FieldError::new("/shares", "shares.reserves_above_limit", rule));
    }
    fields
}
