//! What a group may use, made ready for the engine: chains of limits and the pools they are counted in.

use super::fold::{Fold, Group};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{self, InForce},
    group::{GroupRef, Limits, Partition, WindowKind},
    ids::IntegrationId,
    policy::Policy,
    roster::SiteId,
};
use foldhash::fast::RandomState;
use quota::{Chain, Engine, Grace, Limit, PoolKey, Purpose, Role, Share, Violated, Window, cell::Cell};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock},
    time::Duration,
};

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
    /// How its calls are parted among integrations.
    shares: Vec<Share>,
    /// A limit that is only observed.
    shadow: Option<u32>,
    grace: Option<Grace>,
    /// Later rules have a higher one.
    revision: u64,
    /// When they end by themselves (ms since 1970), and what holds then.
    next: Option<(i64, Box<Rules>)>,
}

/// An integration where it lives.
pub(crate) struct Place {
    /// Which.
    pub(crate) integration: IntegrationId,
    /// What holds for it.
    pub(crate) rules: Arc<Rules>,
    /// Its pool, once a call has needed it; not when each site has its own.
    pool: OnceLock<Pool>,
    /// Customer sites that use it, with their pools where each has its own and a call has needed it.
    sites: HashMap<SiteId, OnceLock<Pool>, RandomState>,
}

/// Where a call is counted, and under which limits.
pub(crate) struct Pool {
    /// Name of the cell.
    pub(crate) key: PoolKey,
    /// What this node holds of it.
    pub(crate) cell: Arc<Cell>,
    /// All limits.
    pub(crate) chain: Arc<Chain>,
    /// What holds when the chain has ended by itself.
    pub(crate) next: Option<(i64, Arc<Chain>)>,
    /// What one call can cost at most.
    pub(crate) largest: u32,
}

impl Pool {
    /// The limits that hold now, also when nobody has yet published that others have ended.
    pub(crate) fn chain_now(&self, engine: &Engine) -> &Arc<Chain> {
        match &self.next {
            Some((at, next)) if engine.now_ms() >= *at => next,
            Some(_) | None => &self.chain,
        }
    }

    /// The limit behind a name.
    pub(crate) fn limit_of(&self, violated: Violated) -> Limit {
        let named = self.chain.links().iter().find(|link| link.role == Role::Binding(violated));
        named.unwrap_or_else(|| self.chain.pool()).limit
    }
}

impl Place {
    pub(super) fn new(integration: IntegrationId, rules: Arc<Rules>, sites: &BTreeSet<SiteId>) -> Self {
        let sites = sites.iter().map(|site| (site.clone(), OnceLock::new())).collect();
        Self { integration, rules, pool: OnceLock::new(), sites }
    }

    /// Whether a site has the integration installed.
    pub(crate) fn is_used_by(&self, site: &str) -> bool {
        self.sites.contains_key(site)
    }

    /// The pool that a call of this integration is counted in; none when that depends on the site, and the
    /// call names none.
    pub(crate) fn pool(&self, engine: &Engine, site: Option<&str>) -> Option<&Pool> {
        let made = |part| self.rules.pool(engine, self.rules.key(part));
        if self.rules.limits.partition == Partition::GroupSite {
            let site = site?;
            return self.sites.get(site).map(|pool| pool.get_or_init(|| made(site_number(site))));
        }
        Some(self.pool.get_or_init(|| made(self.integration.uuid().as_u128())))
    }
}

impl Rules {
    /// What holds for a group at an instant, and what will when that ends by itself.
    pub(super) fn of(group: &Group, fold: &Fold, policy: &Policy, now: DateTime<Utc>) -> Self {
        let holds = group.in_force(now);
        // Each position has two revisions: what an event left, and what time made of it.
        let revision = group.position * 2;
        let next = holds.until.map(|until| {
            let then = Self::plain(group, fold, policy, &group.in_force(until), revision + 1);
            (until.timestamp_millis(), Box::new(then))
        });
        // A grant that was and is over by time has been published as running.
        let revision = if next.is_none() { revision + 1 } else { revision };
        Self { next, ..Self::plain(group, fold, policy, &holds, revision) }
    }

    fn plain(group: &Group, fold: &Fold, policy: &Policy, holds: &InForce, revision: u64) -> Self {
        let stands_apart = holds.set_by_staff;
        let share = |share: &allowance::Share| Share {
            part: share.integration.uuid().as_u128(),
            at_most: share.at_most,
            reserved: share.reserved,
        };
        Self {
            group: group.reference,
            limits: holds.limits,
            suspended: holds.suspended,
            ceilings: if stands_apart { Vec::new() } else { ceilings(group, fold, policy) },
            shares: holds.shares.iter().map(share).collect(),
            shadow: holds.shadow_calls,
            grace: grace(group.reference, holds.limits.calls, policy),
            revision,
            next: None,
        }
    }

    /// The cell for a part of the group: an integration, or a site where each has a pool of its own.
    fn key(&self, part: u128) -> PoolKey {
        let owner = group_number(self.group);
        match self.limits.partition {
            Partition::Group if self.shares.is_empty() => PoolKey::whole(owner),
            Partition::Group => {
                let has_share = self.shares.iter().any(|share| share.part == part);
                PoolKey { purpose: Purpose::Share, owner, part: if has_share { part } else { 0 } }
            }
            Partition::GroupSite | Partition::Integration => PoolKey { part, ..PoolKey::whole(owner) },
        }
    }

    fn pool(&self, engine: &Engine, key: PoolKey) -> Pool {
        let chain = self.chain_of(key);
        Pool {
            key,
            cell: engine.cell(key),
            largest: chain.largest_call(),
            next: self.next.as_ref().map(|(at, next)| (*at, Arc::new(next.chain_of(key)))),
            chain: Arc::new(chain),
        }
    }

    /// Whose development groups are counted together in a ceiling that its calls count in as well.
    pub(super) fn ceiling(&self, of: Violated) -> Option<u128> {
        self.ceilings.iter().find(|(_, violated, _)| *violated == of).map(|(number, ..)| *number)
    }

    /// The group's own limit.
    pub(crate) fn limit(&self) -> Limit {
        limit_of(&self.limits)
    }

    /// When they end by themselves.
    pub(super) fn end(&self) -> Option<DateTime<Utc>> {
        self.next.as_ref().and_then(|(at, _)| DateTime::from_timestamp_millis(*at))
    }

    /// The cells that may hold a lease under older rules of this group.
    pub(super) fn stale(&self, engine: &Engine) -> Vec<(PoolKey, Arc<Chain>)> {
        let chained = |key| (key, Arc::new(self.chain_of(key)));
        engine.keys_of(group_number(self.group)).into_iter().map(chained).collect()
    }

    /// The pool of the whole group with all its limits.
    pub(super) fn chain(&self) -> (PoolKey, Chain) {
        let key = PoolKey::whole(group_number(self.group));
        (key, self.chain_of(key))
    }

    /// The pool of a part that has one of its own.
    pub(super) fn chain_of_part(&self, part: u128) -> (PoolKey, Chain) {
        let key = self.key(part);
        (key, self.chain_of(key))
    }

    /// The pool of a site, where each has one of its own.
    pub(super) fn chain_of_site(&self, site: &str) -> (PoolKey, Chain) {
        self.chain_of_part(site_number(site))
    }

    /// All limits for a cell of this group.
    fn chain_of(&self, cell: PoolKey) -> Chain {
        // Parts of a divided pool draw on the whole; parts with pools of their own do not.
        let pool = match cell.purpose {
            Purpose::Share => PoolKey::whole(cell.owner),
            Purpose::Limit | Purpose::Ceiling | Purpose::Shadow => cell,
        };
        let mut chain = Chain::new(pool, limit_of(&self.limits));
        for (owner, violated, limit) in &self.ceilings {
            chain = chain.below(*owner, *violated, *limit);
        }
        if let Some(units) = self.shadow {
            chain = chain.observing(units);
        }
        if cell.purpose == Purpose::Share {
            chain = chain.shared(cell.part, &self.shares);
        }
        chain.until = self.next.as_ref().map(|(at, _)| *at);
        chain.grace = self.grace;
        chain.revision = self.revision;
        chain
    }
}

/// A site's number among the parts of a group's pool.
fn site_number(site: &str) -> u128 {
    first_16(&Sha256::digest(site.as_bytes()))
}

fn first_16(bytes: &[u8]) -> u128 {
    bytes.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
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
    let owners = Limit { units: policy.owner_development_calls, window };
    let mut ceilings = vec![(owner.uuid().as_u128(), Violated::Owner, owners)];
    if let Some(organisation) = fold.organisation(owner) {
        let limit = Limit { units: policy.organisation_development_calls, window };
        ceilings.push((first_16(&organisation.0), Violated::Organisation, limit));
    }
    ceilings
}

/// What people depend on goes on for a while when the ledger can't be reached.
fn grace(group: GroupRef, calls: u32, policy: &Policy) -> Option<Grace> {
    match group {
        GroupRef::Development(_) => None,
        GroupRef::Production(_) => {
            let units = u64::from(calls) * u64::from(policy.ledger_grace_per_mille) / 1_000;
            let lasts = Duration::from_secs(u64::from(policy.ledger_grace_seconds));
            Some(Grace { lasts, units: u32::try_from(units).unwrap_or(u32::MAX) })
        }
    }
}
