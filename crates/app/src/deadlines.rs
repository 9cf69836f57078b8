//! Deadlines: what has ended by time is recorded, for timelines. Every rule knows the deadlines by itself, so
//! nothing lives longer when this worker stands still.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    actor::Actor,
    ids::ProdGroupId,
    prodgroup::{self, ProdGroup},
};
use eventlog::StreamName;
use readmodel::{PAGE_MAX, Page, PromotionState};
use std::{future::Future, pin::pin};

/// How often it looks.
const LOOK_EVERY: TimeDelta = TimeDelta::minutes(1);

impl App {
    /// Records what has ended by time, until told to stop.
    pub async fn watch_deadlines(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            if let Err(error) = self.record_deadlines().await {
                tracing::warn!(%error, "deadlines that passed are not recorded yet");
            }
            let next = self.inner.clock.now() + LOOK_EVERY;
            tokio::select! {
                () = &mut shutdown => return,
                () = self.inner.clock.wait_until(next) => {}
            }
        }
    }

    /// Records every submission, and every request for changes, that nobody acted on in time. Returns how
    /// many there were.
    pub async fn record_deadlines(&self) -> Result<u32, AppError> {
        let mut recorded = 0;
        for group in self.overdue().await? {
            match self.run(self.ticket(self.by_itself("/deadlines")), Expire { group }).await {
                Ok(_) => recorded += 1,
                // Somebody acted meanwhile, or the read model shows what was recorded already.
                Err(AppError::ProdGroup(_) | AppError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(recorded)
    }

    async fn overdue(&self) -> Result<Vec<ProdGroupId>, AppError> {
        let now = self.inner.clock.now();
        let mut overdue = Vec::new();
        for state in [PromotionState::Submitted, PromotionState::ChangesRequested] {
            let mut next = Some(0);
            while let Some(after) = next {
                let page = Page { after, limit: PAGE_MAX };
                // At the beginning of time nothing is due yet: the phases as they are recorded.
                let recorded = DateTime::<Utc>::MIN_UTC;
                let listed = self.inner.read.promotions(Some(state), recorded, page).await?;
                let due = listed.items.iter().filter(|row| row.expires_at.is_some_and(|at| at <= now));
                overdue.extend(due.map(|row| row.id));
                next = listed.next;
            }
        }
        Ok(overdue)
    }

    fn by_itself(&self, route: &'static str) -> Meta {
        Meta {
            actor: Actor::System,
            request_id: self.inner.ids.v4(),
            idempotency_key: None,
            route,
            request_digest: [0; 32],
            if_match: None,
        }
    }
}

struct Expire {
    group: ProdGroupId,
}

impl UseCase for Expire {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<ProdGroup>(self.group).await?;
        work.decide(&mut group, prodgroup::Command::Expire)
    }
}
