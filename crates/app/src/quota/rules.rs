//! What a group may use, made ready for the engine: chains of limits and the pools they are counted in.

use super::fold::{Fold, Group};
use chrono::{DateTime, Utc};
use domain::{
    group::{GroupRef, Limits, WindowKind},
    ids::IntegrationId,
    policy::Policy,
    sealed::Fingerprint,
};
use quota::{Chain, Engine, Grace, Limit, PoolKey, Violated, Window, cell::Cell};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Calls over the sum of one owner's development groups.
const OWNER_CALLS: u32 = 10_000;
/// Calls over the sum of the development groups of an organisation's people.
const ORGANISATION_CALLS: u32 = 50_000;
/// How long a production group goes on when the ledger can't be reached.
const GRACE: Duration = Duration::from_mins(1);

/// The rules of one group, ready-made. New rules are new values; nothing here changes.
pub(crate) struct Rules {
    /// Whose.
    pub(crate) group: GroupRef,
    /// What it may use now.
    pub(crate) limits: Limits,
    /// Every call is refused, since then.
    pub(crate) suspended: Option<DateTime<Utc>>,
    /// Sums that its calls count in as well.
    ceilings: Vec<(u128, Violated, Limit)>,
    grace: Option<Grace>,
    /// Position of the event that made them.
    revision: u64,
}

/// An integration where it lives.
pub(crate) struct Place {
    /// Which.
    pub(crate) integration: IntegrationId,
    /// What holds for it.
    pub(crate) rules: Arc<Rules>,
    /// Its pool, once a call has needed it.
    pool: OnceLock<Pool>,
}

/// Where a call is counted, and under which limits.
pub(crate) struct Pool {
    /// Name of the cell.
    pub(crate) key: PoolKey,
    /// What this node holds of it.
    pub(crate) cell: Arc<Cell>,
    /// All limits.
    pub(crate) chain: Arc<Chain>,
    /// What one call can cost at most.
    pub(crate) largest: u32,
}

impl Place {
    pub(super) fn new(integration: IntegrationId, rules: Arc<Rules>) -> Self {
        Self { integration, rules, pool: OnceLock::new() }
    }

    /// The pool that a call of this integration is counted in.
    pub(crate) fn pool(&self, engine: &Engine) -> &Pool {
        self.pool.get_or_init(|| {
            let (key, chain) = self.rules.chain();
            Pool { key, cell: engine.cell(key), largest: chain.largest_call(), chain: Arc::new(chain) }
        })
    }
}

impl Rules {
    pub(super) fn of(group: &Group, fold: &Fold, policy: &Policy) -> Self {
        Self {
            group: group.reference,
            limits: group.limits,
            suspended: None,
            ceilings: ceilings(group, fold, policy),
            grace: grace(group.reference, group.limits.calls),
            revision: group.revision,
        }
    }

    /// The cells that may hold a lease under older rules of this group.
    pub(super) fn cells(&self) -> Vec<(PoolKey, Arc<Chain>)> {
        let (key, chain) = self.chain();
        vec![(key, Arc::new(chain))]
    }

    /// The pool of the whole group with all its limits.
    pub(super) fn chain(&self) -> (PoolKey, Chain) {
        let key = PoolKey::whole(group_number(self.group));
        let mut chain = Chain::new(key, limit_of(&self.limits));
        for (owner, violated, limit) in &self.ceilings {
            chain = chain.below(*owner, *violated, *limit);
        }
        chain.grace = self.grace;
        chain.revision = self.revision;
        (key, chain)
    }

    /// The limit behind a name of a violated policy.
    pub(crate) fn limit_of(&self, violated: Violated) -> Limit {
        let ceiling = self.ceilings.iter().find(|(_, name, _)| *name == violated);
        ceiling.map_or_else(|| limit_of(&self.limits), |(_, _, limit)| *limit)
    }
}

/// A group's number among the pools.
pub(crate) fn group_number(group: GroupRef) -> u128 {
    match group {
        GroupRef::Development(id) => id.uuid().as_u128(),
        GroupRef::Production(id) => id.uuid().as_u128(),
    }
}

fn limit_of(limits: &Limits) -> Limit {
    Limit { units: limits.calls, window: window_of(limits) }
}

fn window_of(limits: &Limits) -> Window {
    let kind = match limits.window {
        WindowKind::Rolling => quota::Kind::Rolling,
        WindowKind::Anchored => quota::Kind::Anchored,
    };
    Window { kind, length_ms: i64::from(limits.window_s) * 1_000 }
}

/// Many development groups buy no more calls than one; production groups were looked at by people.
fn ceilings(group: &Group, fold: &Fold, policy: &Policy) -> Vec<(u128, Violated, Limit)> {
    let Some(owner) = group.owner else { return Vec::new() };
    let window = window_of(&policy.development);
    let owners = Limit { units: OWNER_CALLS, window };
    let mut ceilings = vec![(owner.uuid().as_u128(), Violated::Owner, owners)];
    if let Some(organisation) = fold.organisation(owner) {
        let limit = Limit { units: ORGANISATION_CALLS, window };
        ceilings.push((organisation_number(organisation), Violated::Organisation, limit));
    }
    ceilings
}

/// An organisation's number among the pools.
fn organisation_number(organisation: Fingerprint) -> u128 {
    let (first, _) = organisation.0.split_at(16);
    first.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// What people depend on goes on for a while when the ledger can't be reached.
fn grace(group: GroupRef, calls: u32) -> Option<Grace> {
    match group {
        GroupRef::Development(_) => None,
        GroupRef::Production(_) => Some(Grace { lasts: GRACE, units: calls / 100 }),
    }
}
