//! Deadlines: what has ended by time is recorded, for timelines. Every rule knows the deadlines by itself, so
//! nothing lives longer when this worker stands still.

use crate::{App, aggregate::Aggregate as _, error::AppError, execute::UseCase, meta::Meta, work::Work};
use domain::{
    actor::Actor,
    allowance::{self, Allowance},
    group::GroupRef,
    ids::ProdGroupId,
    prodgroup::{self, ProdGroup},
};
use eventlog::StreamName;

impl App {
    /// Records submissions, and requests for changes, that nobody acted on in time, and grants that are over:
    /// the oldest first, a hundred of each at most. Returns how many there were.
    pub async fn record_deadlines(&self) -> Result<u32, AppError> {
        let (mut recorded, now) = (0, self.inner.clock.now());
        for group in self.inner.read.overdue(now).await? {
            recorded += self.record(GroupRef::Production(group), Expire { group }).await?;
        }
        for group in self.inner.read.overdue_grants(now).await? {
            recorded += self.record(group, EndGrant { group }).await?;
        }
        Ok(recorded)
    }

    async fn record(&self, group: GroupRef, passed: impl UseCase) -> Result<u32, AppError> {
        match self.run(self.ticket(self.by_itself("/deadlines")), passed).await {
            Ok(_) => Ok(1),
            // Somebody acted meanwhile, or the read model shows what was recorded already.
            Err(AppError::ProdGroup(_) | AppError::Allowance(_) | AppError::Contended) => Ok(0),
            // One damaged group must not hold up those behind it.
            Err(error @ AppError::Corrupt(_)) => {
                tracing::error!(%group, %error, "a deadline that passed cannot be recorded");
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    /// What comes with a command that nobody gave.
    pub(crate) fn by_itself(&self, route: &'static str) -> Meta {
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

struct EndGrant {
    group: GroupRef,
}

impl UseCase for EndGrant {
    fn main(&self) -> StreamName {
        Allowance::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut allowance = work.load::<Allowance>(self.group).await?;
        work.decide(&mut allowance, allowance::Command::EndGrant { group: self.group })
    }
}
