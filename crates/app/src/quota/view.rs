//! A group's quota as people see it. Looking costs no call and changes nothing.

use super::{
    forecast::{Outlook, Pace, empty_at},
    parts::PartView,
    rules::group_number,
};
use crate::{App, error::AppError};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{Allowance, Base, InForce, Share},
    devgroup::DevGroup,
    group::{GroupRef, Limits, Partition, WindowKind},
    ids::IntegrationId,
    prodgroup::ProdGroup,
};
use quota::{
    Examined, Kind, Purpose, Role, Standing, Violated, Window,
    usage::{By, Query, Span},
};
use std::collections::BTreeSet;

/// Steps of five minutes that the pace is taken from, the running one among them.
const PACE_STEPS: i64 = 12;

/// A group's quota at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaView {
    /// The instant.
    pub now: DateTime<Utc>,
    /// The group's own limit.
    pub own: LimitView,
    /// Calls used in the window.
    pub used: u64,
    /// Calls that nodes hold to answer from memory; those not used go back within a minute.
    pub held: u64,
    /// Calls that may pass now: what the tightest limit leaves.
    pub remaining: u64,
    /// When calls become free, and by which limit.
    pub next_free: Option<NextFree>,
    /// Sums over several groups that bind as well.
    pub ceilings: Vec<LimitView>,
    /// What has the limit: the whole group, or each of its parts.
    pub partition: Partition,
    /// Parts with limits of their own, that with least left first; it is the one the numbers here are of.
    pub parts: Vec<PartView>,
    /// What the vendor parts the calls into.
    pub shares: Vec<ShareView>,
    /// When a temporary grant ends; the group's own limit includes it.
    pub granted_until: Option<DateTime<Utc>>,
    /// The limit that is only observed.
    pub shadow: Option<ShadowView>,
    /// What the last hour lets expect.
    pub forecast: Forecast,
    /// Every call is refused, since then.
    pub suspended: Option<DateTime<Utc>>,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitView {
    /// Which.
    pub limit: Violated,
    /// Calls in a window.
    pub calls: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// How the window is counted.
    pub window: WindowKind,
    /// Calls that count, those held by nodes among them.
    pub used: u64,
    /// Calls it leaves.
    pub left: u64,
    /// When an anchored window opened.
    pub opened_at: Option<DateTime<Utc>>,
}

/// When calls become free next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextFree {
    /// From then on.
    pub at: DateTime<Utc>,
    /// So many.
    pub calls: u64,
    /// The limit that decides: the tightest.
    pub limit: LimitView,
}

/// One integration's part of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareView {
    /// Which integration.
    pub integration: IntegrationId,
    /// At most so many.
    pub at_most: Option<u32>,
    /// So many are kept for it.
    pub reserved: Option<u32>,
    /// Calls that count, those held for it by nodes among them.
    pub used: u64,
}

/// A limit that is observed and refuses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShadowView {
    /// Calls in a window.
    pub calls: u32,
    /// Calls of this window beyond it: it would have refused so many at least.
    pub would_have_refused: u64,
}

/// What to expect at the pace of the last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Calls an hour.
    pub calls_per_hour: u64,
    /// When nothing will be left. None when the window frees calls as fast as they are made.
    pub empty_at: Option<DateTime<Utc>>,
}

impl App {
    /// A group's quota; none when there is no such group. Whoever asks must be allowed to see the group.
    pub async fn quota(&self, group: GroupRef) -> Result<Option<QuotaView>, AppError> {
        let quota = &self.inner.quota;
        if !quota.directory.is_ready() {
            return Err(AppError::Busy);
        }
        let Some(rules) = quota.directory.rules(group) else { return Ok(None) };
        let Some((set, integrations)) = self.in_force(group, quota.engine.now_ms()).await? else {
            return Ok(None);
        };
        let (key, chain) = rules.chain();
        // Nobody's part, from where all shares are seen.
        let chain = chain.shared(0, &watched(&set.shares));
        let cell = quota.engine.cell(key);
        let examined = quota.engine.examine(&cell, &chain).await.map_err(AppError::unavailable)?;
        let (parts, mut divided): (Vec<_>, Vec<_>) =
            self.parts(group, &rules, &integrations).await?.into_iter().unzip();
        // Where parts have pools of their own, nothing is counted in that of the whole.
        let examined = if divided.is_empty() { examined } else { divided.swap_remove(0) };
        let query =
            Query { group: group_number(group), span: Span::Step, steps: PACE_STEPS, by: By::Nothing };
        let history = quota.engine.history(&query).await.map_err(AppError::unavailable)?;
        let calls = history.series.iter().map(|series| series.sum().admitted).sum();
        let begun = history.steps.first().copied().unwrap_or(examined.view.now);
        let pace = Pace { calls, within_ms: examined.view.now.saturating_sub(begun).max(1) };
        Ok(Some(QuotaView { parts, ..QuotaView::of(&examined, pace, &set) }))
    }

    /// What staff and vendor have set for a group, and what is in it.
    async fn in_force(
        &self,
        group: GroupRef,
        now: i64,
    ) -> Result<Option<(InForce, BTreeSet<IntegrationId>)>, AppError> {
        let folds = &self.inner.folds;
        let (base, integrations) = match group {
            GroupRef::Development(id) => match &*folds.aggregate::<DevGroup>(id).await?.state {
                DevGroup::Active(group) => (Base::from(group), group.integrations.clone()),
                DevGroup::Absent => return Ok(None),
            },
            GroupRef::Production(id) => {
                let folded = folds.aggregate::<ProdGroup>(id).await?;
                let (Some(base), Some(group)) = (Base::of(&folded.state), folded.state.group()) else {
                    return Ok(None);
                };
                (base, group.integrations.clone())
            }
        };
        let allowance = folds.aggregate::<Allowance>(group).await?;
        let set = allowance.state.in_force(base, instant(now), |id| integrations.contains(&id));
        Ok(Some((set, integrations)))
    }
}

/// Shares as links that count nothing of their own.
fn watched(shares: &[Share]) -> Vec<quota::Share> {
    let watched = |share: &Share| quota::Share {
        part: share.integration.uuid().as_u128(),
        at_most: share.at_most,
        reserved: Some(share.reserved.unwrap_or(0)),
    };
    shares.iter().map(watched).collect()
}

impl QuotaView {
    fn of(examined: &Examined, pace: Pace, set: &InForce) -> Self {
        let Examined { view, standings } = examined;
        let binding: Vec<(LimitView, &Standing)> = standings.iter().filter_map(binding).collect();
        let own = binding.first().map_or_else(|| LimitView::nothing(&set.limits), |(own, _)| *own);
        let tightest = binding.iter().min_by_key(|(limit, _)| limit.left);
        let emptied = binding.iter().filter(|(limit, _)| limit.left > 0).filter_map(|(_, standing)| {
            let window = standing.limit.window;
            let opened = standing.anchor.unwrap_or(view.now);
            let until = opened.saturating_add(window.length_ms);
            empty_at(&Outlook { now: view.now, left: standing.left(), frees: &standing.frees, until }, pace)
        });
        let is_divided = set.limits.partition != Partition::Group;
        let is_empty = tightest.is_some_and(|(limit, _)| limit.left == 0);
        Self {
            now: instant(view.now),
            own,
            used: view.used,
            held: view.held,
            remaining: tightest.map_or(0, |(limit, _)| limit.left),
            next_free: tightest
                .filter(|_| set.suspended.is_none())
                .and_then(|(limit, standing)| NextFree::of(*limit, standing)),
            ceilings: binding.iter().skip(1).map(|(limit, _)| *limit).collect(),
            partition: set.limits.partition,
            parts: Vec::new(),
            shares: set.shares.iter().map(|share| ShareView::of(share, standings)).collect(),
            granted_until: set.until,
            shadow: standings.iter().find_map(|standing| shadow(standing, view.used)),
            forecast: Forecast {
                calls_per_hour: pace.per_hour(),
                // The pace is that of the whole group.
                empty_at: emptied.min().filter(|_| !is_empty && !is_divided).map(instant),
            },
            suspended: set.suspended,
        }
    }
}

impl LimitView {
    fn of(limit: Violated, standing: &Standing) -> Self {
        let Window { kind, length_ms } = standing.limit.window;
        Self {
            limit,
            calls: standing.limit.units,
            window_s: u32::try_from(length_ms / 1_000).unwrap_or(u32::MAX),
            window: match kind {
                Kind::Rolling => WindowKind::Rolling,
                Kind::Anchored => WindowKind::Anchored,
            },
            used: standing.used,
            left: standing.left(),
            opened_at: standing.anchor.map(instant),
        }
    }

    fn nothing(limits: &Limits) -> Self {
        Self {
            limit: Violated::Pool,
            calls: limits.calls,
            window_s: limits.window_s,
            window: limits.window,
            used: 0,
            left: 0,
            opened_at: None,
        }
    }
}

impl ShareView {
    fn of(share: &Share, standings: &[Standing]) -> Self {
        let Share { integration, at_most, reserved } = *share;
        let part = integration.uuid().as_u128();
        let counted = standings.iter().find(|one| one.key.purpose == Purpose::Share && one.key.part == part);
        Self { integration, at_most, reserved, used: counted.map_or(0, |standing| standing.used) }
    }
}

impl NextFree {
    /// A lowered limit frees nothing before what exceeds it has gone.
    fn of(limit: LimitView, standing: &Standing) -> Option<Self> {
        let mut beyond = standing.used.saturating_sub(u64::from(limit.calls));
        for (at, calls) in &standing.frees {
            if *calls > beyond {
                return Some(Self { at: instant(*at), calls: calls - beyond, limit });
            }
            beyond -= calls;
        }
        None
    }
}

fn binding(standing: &Standing) -> Option<(LimitView, &Standing)> {
    match standing.role {
        Role::Binding(limit) => Some((LimitView::of(limit, standing), standing)),
        Role::Shadow | Role::Reserved => None,
    }
}

fn shadow(standing: &Standing, used: u64) -> Option<ShadowView> {
    let calls = standing.limit.units;
    let would_have_refused = used.saturating_sub(u64::from(calls));
    (standing.role == Role::Shadow).then_some(ShadowView { calls, would_have_refused })
}

pub(super) fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
