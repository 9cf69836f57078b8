//! Thresholds that the engine says were reached become facts of the log, and only then the engine is told so: each
//! is recorded once, however often the engine has to say it.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use chrono::{DateTime, Utc};
use domain::{
    group::{GroupRef, WindowKind},
    ids::{DevGroupId, ProdGroupId},
    usagewatch::{self, Threshold, UsageWatch},
};
use eventlog::StreamName;
use quota::{Kind, Notice, Violated};
use std::{future::Future, pin::pin, time::Duration};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Pause before a threshold that could not be recorded is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

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
            tracing::warn!(%error, "a threshold is not recorded yet");
            tokio::time::sleep(RETRY_AFTER).await;
        }
        let Notice { key, chain, crossed } = notice;
        self.inner.quota.engine.acknowledge(*key, chain, *crossed).await;
    }

    /// Records one threshold, if it is news.
    async fn tell_threshold(&self, notice: &Notice) -> Result<(), AppError> {
        if notice.crossed.violated != Violated::Pool {
            return Ok(());
        }
        let Some(threshold) = self.threshold_of(notice) else {
            tracing::warn!(owner = notice.chain.pool().key.owner, "a threshold of no group was reached");
            return Ok(());
        };
        // Every node and every start that hears of an occasion makes the same command.
        let Threshold { group, part, percent, since, .. } = &threshold;
        let part = part.unwrap_or_default();
        let occasion = format!("{group}:{part}:{percent}:{}", since.timestamp_millis());
        let meta = Meta { idempotency_key: Some(occasion), ..self.by_itself("/thresholds") };
        self.run(self.ticket(meta), Tell { threshold }).await.map(drop)
    }

    fn threshold_of(&self, notice: &Notice) -> Option<Threshold> {
        let pool = notice.chain.pool();
        let uuid = Uuid::from_u128(pool.key.owner);
        let kinds = [
            GroupRef::Development(DevGroupId::from_uuid(uuid)),
            GroupRef::Production(ProdGroupId::from_uuid(uuid)),
        ];
        let group = kinds.into_iter().find(|group| self.is_group(*group))?;
        Some(Threshold {
            group,
            part: (pool.key.part != 0).then(|| Uuid::from_u128(pool.key.part)),
            percent: notice.crossed.percent,
            limit: pool.limit.units,
            window_s: u32::try_from(pool.limit.window.length_ms / 1_000).unwrap_or(u32::MAX),
            window: match pool.limit.window.kind {
                Kind::Rolling => WindowKind::Rolling,
                Kind::Anchored => WindowKind::Anchored,
            },
            since: DateTime::<Utc>::from_timestamp_millis(notice.crossed.since)?,
        })
    }
}

struct Tell {
    threshold: Threshold,
}

impl UseCase for Tell {
    fn main(&self) -> StreamName {
        UsageWatch::stream_of(self.threshold.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut watch = work.load::<UsageWatch>(self.threshold.group).await?;
        work.decide(&mut watch, usagewatch::Command::Tell(self.threshold.clone()))
    }
}
