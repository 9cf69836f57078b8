//! Deadlines: what has ended by time is recorded, for timelines. Every rule knows the deadlines by itself, so
//! nothing lives longer when this worker stands still.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    meta::{Done, Meta},
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    actor::Actor,
    allowance::{self, Allowance},
    decider::Context,
    group::GroupRef,
    ids::{IntentId, ProdAccountId, ProdGroupId},
    prodaccount::{self, ProdAccount},
    prodgroup::{self, ProdGroup},
};
use eventlog::StreamName;
use readmodel::Page;
use std::fmt::Display;

/// Accounts looked at together.
const PAGE: u32 = 100;

impl App {
    /// Records submissions, and requests for changes, that nobody acted on in time, and grants that are over:
    /// the oldest first, a hundred of each at most. Asks contacts anew whose proof ends soon or is in doubt, and records
    /// proofs that have ended. Returns how many there were.
    pub async fn record_deadlines(&self) -> Result<u32, AppError> {
        let (mut recorded, now) = (0, self.inner.clock.now());
        for group in self.inner.read.overdue(now).await? {
            recorded += self.record(GroupRef::Production(group), Expire { group }).await?;
        }
        for group in self.inner.read.overdue_grants(now).await? {
            recorded += self.record(group, EndGrant { group }).await?;
        }
        Ok(recorded + self.record_contacts(now).await?)
    }

    /// A page at a time, so that vendors without end take no memory without end.
    async fn record_contacts(&self, now: DateTime<Utc>) -> Result<u32, AppError> {
        let context = Context { now, policy: &self.inner.policy };
        let (mut count, mut after) = (0, 0);
        loop {
            let page = self.inner.read.proven_contacts(Page { after, limit: PAGE }).await?;
            for (account, contacts) in &page.items {
                if contacts.are_overdue(&context) {
                    let ticket = self.ticket(self.by_itself("/deadlines"));
                    let intent = IntentId::from_uuid(self.derived_id(&ticket, "contact challenge"));
                    let done = self.run(ticket, Renew { account: *account, intent }).await;
                    count += recorded(account, done)?;
                }
            }
            match page.next {
                Some(next) => after = next,
                None => return Ok(count),
            }
        }
    }

    async fn record(&self, group: GroupRef, passed: impl UseCase) -> Result<u32, AppError> {
        recorded(&group, self.run(self.ticket(self.by_itself("/deadlines")), passed).await)
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

/// How many deadlines were recorded: one or none.
fn recorded(of: &impl Display, done: Result<Done<()>, AppError>) -> Result<u32, AppError> {
    match done {
        Ok(_) => Ok(1),
        // Somebody acted meanwhile, or the read model shows what was recorded already.
        Err(
            AppError::ProdGroup(_) | AppError::Allowance(_) | AppError::ProdAccount(_) | AppError::Contended,
        ) => Ok(0),
        // One damaged stream must not hold up those behind it.
        Err(error @ AppError::Corrupt(_)) => {
            tracing::error!(%of, %error, "a deadline that passed cannot be recorded");
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// A contact that is to be asked anew, or whose proof has ended.
struct Renew {
    account: ProdAccountId,
    intent: IntentId,
}

impl UseCase for Renew {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        work.decide(&mut account, prodaccount::Command::RenewContact { intent: self.intent })?;
        work.decide(&mut account, prodaccount::Command::EndProof)
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
