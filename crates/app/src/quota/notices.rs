//! Thresholds that the engine says were reached become facts of the log, and only then the engine is told so: each
//! is recorded once, however often the engine has to say it.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use chrono::{DateTime, Utc};
use domain::{
    group::{GroupRef, WindowKind},
    ids::{DevGroupId, DeveloperId, ProdGroupId},
    usagewatch::{self, LimitOf, Threshold, UsageWatch, WatchOf},
};
use eventlog::StreamName;
use quota::{Kind, Notice, Role, Violated};
use std::{future::Future, pin::pin, time::Duration};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Pause before a threshold that could not be recorded is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Owners who are told one threshold of a limit that their organisation has in common.
const OWNERS_TOLD_MAX: usize = 100;

impl App {
    /// Records thresholds until told to stop. What was not recorded by then is said again after the next start.
    pub async fn tell_thresholds(
        &self,
        mut notices: mpsc::Receiver<Notice>,
        shutdown: impl Future<Output = ()>,
    ) {
        let work = async {
            self.door_ready().await;
            while let Some(notice) = notices.recv().await {
                self.until_told(&notice).await;
            }
        };
        let shutdown = pin!(shutdown);
        tokio::select! {
            () = shutdown => {}
            () = work => tracing::debug!("nothing counts calls any more"),
        }
    }

    async fn until_told(&self, notice: &Notice) {
        while let Err(error) = self.tell_threshold(notice).await {
            if matches!(error, AppError::HistoryFull | AppError::Corrupt(_) | AppError::Damaged(_)) {
                // Never to be recorded: those behind it must not wait for it.
                tracing::error!(%error, "a threshold is told to nobody");
                break;
            }
            tracing::warn!(%error, "a threshold is not recorded yet");
            tokio::time::sleep(RETRY_AFTER).await;
        }
        let Notice { key, chain, crossed } = notice;
        self.inner.quota.engine.acknowledge(*key, chain, *crossed).await;
    }

    /// Records one threshold for everybody it is news to.
    async fn tell_threshold(&self, notice: &Notice) -> Result<(), AppError> {
        let found = self.thresholds_of(notice);
        if found.is_empty() {
            tracing::warn!(owner = notice.chain.pool().key.owner, "a threshold of no group was reached");
        }
        for (watch, threshold) in found {
            // Every node and every start that hears of an occasion makes the same command.
            let Threshold { limit_of, percent, limit, since, .. } = &threshold;
            let part = threshold.part.unwrap_or_default();
            let since = since.timestamp_millis();
            let occasion = match watch {
                WatchOf::Group(group) => format!("{group}:{limit_of:?}:{part}:{percent}:{limit}:{since}"),
                WatchOf::Owner(owner) => format!("{owner}:{limit_of:?}:{percent}:{limit}:{since}"),
            };
            let meta = Meta { idempotency_key: Some(occasion), ..self.by_itself("/thresholds") };
            self.run(self.ticket(meta), Tell { watch, threshold }).await?;
        }
        Ok(())
    }

    /// The threshold as each of those is told it who has to do with the limit.
    fn thresholds_of(&self, notice: &Notice) -> Vec<(WatchOf, Threshold)> {
        let Notice { chain, crossed, .. } = notice;
        let reached = Role::Binding(crossed.violated);
        let link = chain.links().iter().find(|link| link.role == reached);
        let group = self.group_of(chain.pool().key.owner);
        let (Some(link), Some(group)) = (link, group) else { return Vec::new() };
        let Some(since) = DateTime::<Utc>::from_timestamp_millis(crossed.since) else { return Vec::new() };
        let limit_of = match crossed.violated {
            Violated::Pool => LimitOf::Group,
            Violated::Owner => LimitOf::Owner,
            Violated::Organisation => LimitOf::Organisation,
            Violated::Share => LimitOf::Share,
            // What is kept for others is no limit with a number of its own.
            Violated::Reserve => return Vec::new(),
        };
        let told = if limit_of.is_ceiling() {
            self.told_of_ceiling(crossed.violated, link.key.owner, group)
        } else {
            vec![(WatchOf::Group(group), group)]
        };
        let threshold = |group| Threshold {
            group,
            limit_of,
            part: (link.key.part != 0).then(|| Uuid::from_u128(link.key.part)),
            percent: crossed.percent,
            limit: link.limit.units,
            window_s: u32::try_from(link.limit.window.length_ms / 1_000).unwrap_or(u32::MAX),
            window: match link.limit.window.kind {
                Kind::Rolling => WindowKind::Rolling,
                Kind::Anchored => WindowKind::Anchored,
            },
            since,
        };
        told.into_iter().map(|(watch, group)| (watch, threshold(group))).collect()
    }

    /// Owners of groups that count in a ceiling, whoever of them used it up; first the one whose call was the last.
    fn told_of_ceiling(&self, of: Violated, number: u128, group: GroupRef) -> Vec<(WatchOf, GroupRef)> {
        let directory = &self.inner.quota.directory;
        let mut owners = directory.owners_below(of, number);
        let caller = directory.rules(group).and_then(|rules| rules.ceiling(Violated::Owner));
        let caller = caller.map(|number| DeveloperId::from_uuid(Uuid::from_u128(number)));
        let first = caller.filter(|owner| owners.remove(owner).is_some()).map(|owner| (owner, group));
        let told = first.into_iter().chain(owners).take(OWNERS_TOLD_MAX);
        told.map(|(owner, group)| (WatchOf::Owner(owner), group)).collect()
    }

    fn group_of(&self, number: u128) -> Option<GroupRef> {
        let uuid = Uuid::from_u128(number);
        let kinds = [
            GroupRef::Development(DevGroupId::from_uuid(uuid)),
            GroupRef::Production(ProdGroupId::from_uuid(uuid)),
        ];
        kinds.into_iter().find(|group| self.is_group(*group))
    }
}

struct Tell {
    watch: WatchOf,
    threshold: Threshold,
}

impl UseCase for Tell {
    fn main(&self) -> StreamName {
        UsageWatch::stream_of(self.watch)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut watch = work.load::<UsageWatch>(self.watch).await?;
        work.decide(&mut watch, usagewatch::Command::Tell(self.threshold.clone()))
    }
}
