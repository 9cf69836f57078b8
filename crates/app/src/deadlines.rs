//! Deadlines: what has ended by time is recorded, for timelines. Every rule knows the deadlines by itself, so
//! nothing lives longer when this worker stands still.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use chrono::TimeDelta;
use domain::{
    actor::Actor,
    ids::ProdGroupId,
    prodgroup::{self, ProdGroup},
};
use eventlog::StreamName;
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

    /// Records submissions, and requests for changes, that nobody acted on in time: the oldest first, a hundred
    /// at most. Returns how many there were.
    pub async fn record_deadlines(&self) -> Result<u32, AppError> {
        let mut recorded = 0;
        for group in self.inner.read.overdue(self.inner.clock.now()).await? {
            match self.run(self.ticket(self.by_itself("/deadlines")), Expire { group }).await {
                Ok(_) => recorded += 1,
                // Somebody acted meanwhile, or the read model shows what was recorded already.
                Err(AppError::ProdGroup(_) | AppError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(recorded)
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
