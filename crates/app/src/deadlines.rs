//! Deadlines: what has ended by time is recorded, for timelines. Every rule knows the deadlines by itself, so
//! nothing lives longer when this worker stands still.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use domain::{
    actor::Actor,
    ids::ProdGroupId,
    prodgroup::{self, ProdGroup},
};
use eventlog::StreamName;

impl App {
    /// Records submissions, and requests for changes, that nobody acted on in time: the oldest first, a hundred
    /// at most. Returns how many there were.
    pub async fn record_deadlines(&self) -> Result<u32, AppError> {
        let mut recorded = 0;
        for group in self.inner.read.overdue(self.inner.clock.now()).await? {
            match self.run(self.ticket(self.by_itself("/deadlines")), Expire { group }).await {
                Ok(_) => recorded += 1,
                // Somebody acted meanwhile, or the read model shows what was recorded already.
                Err(AppError::ProdGroup(_) | AppError::Contended) => {}
                // One damaged group must not hold up those behind it.
                Err(error @ AppError::Corrupt(_)) => {
                    tracing::error!(%group, %error, "a deadline that passed cannot be recorded");
                }
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
