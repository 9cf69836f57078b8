//! Parts of a group that have limits of their own, as people see them.

use super::{
    rules::{Rules, group_number},
    view::instant,
};
use crate::{App, error::AppError};
use chrono::{DateTime, Utc};
use domain::{
    group::{GroupRef, Partition},
    ids::IntegrationId,
};
use quota::{
    Examined,
    usage::{By, Part, Query, Span},
};
use std::collections::BTreeSet;

/// Parts that are shown; those with least left.
const PARTS_MAX: usize = 50;
/// Steps of five minutes in which a site must have called to be shown.
const SITES_WITHIN: i64 = 288;

/// What has a limit of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartOf {
    /// An integration of the group.
    Integration(IntegrationId),
    /// A customer's site.
    Site(String),
}

/// One part and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartView {
    /// Which.
    pub part: PartOf,
    /// Calls that count, those held by nodes among them.
    pub used: u64,
    /// Calls its own limit leaves.
    pub left: u32,
    /// When calls become free.
    pub next_free_at: Option<DateTime<Utc>>,
}

impl App {
    /// The parts of a group with pools of their own, that with least left first; none where the group is one pool.
    pub(super) async fn parts(
        &self,
        group: GroupRef,
        rules: &Rules,
        integrations: &BTreeSet<IntegrationId>,
    ) -> Result<Vec<(PartView, Examined)>, AppError> {
        let parts: Vec<PartOf> = match rules.limits.partition {
            Partition::Group => return Ok(Vec::new()),
            Partition::Integration => integrations.iter().map(|id| PartOf::Integration(*id)).collect(),
            Partition::GroupSite => self.sites_seen(group).await?,
        };
        let engine = &self.inner.quota.engine;
        let mut shown = Vec::new();
        for part in parts {
            let (key, chain) = match &part {
                PartOf::Integration(id) => rules.chain_of_part(id.uuid().as_u128()),
                PartOf::Site(site) => rules.chain_of_site(site),
            };
            let cell = engine.cell(key);
            let examined = engine.examine(&cell, &chain).await.map_err(AppError::unavailable)?;
            let view = examined.view;
            let next_free_at = view.next_free_at.map(instant);
            let used = view.used.saturating_add(view.held);
            shown.push((PartView { part, used, left: view.left, next_free_at }, examined));
        }
        shown.sort_by_key(|(part, _)| part.left);
        shown.truncate(PARTS_MAX);
        Ok(shown)
    }

    /// Sites that called lately: those that called most, so that a look costs no more than what it shows.
    async fn sites_seen(&self, group: GroupRef) -> Result<Vec<PartOf>, AppError> {
        let query = Query { group: group_number(group), span: Span::Step, steps: SITES_WITHIN, by: By::Site };
        let history = self.inner.quota.engine.history(&query).await.map_err(AppError::unavailable)?;
        let site = |part: Part| match part {
            Part::Site(site) => Some(PartOf::Site(site)),
            _ => None,
        };
        Ok(history.series.into_iter().filter_map(|series| site(series.part)).take(PARTS_MAX).collect())
    }
}
