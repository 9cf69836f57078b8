//! Members of an account ask for a look.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    membership,
    meta::{Done, Meta},
    side_state::Wished,
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{DeveloperId, ProdAccountId},
    prodaccount::ProdAccount,
};
use eventlog::StreamName;
use std::sync::{Arc, OnceLock};

/// A look that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckAsked {
    /// Which declaration is looked at.
    pub epoch: u32,
    /// From when on.
    pub due_at: DateTime<Utc>,
}

impl App {
    /// Has the mail hosts of the newest declared contact looked at soon. Records nothing; what is planned survives a
    /// restart.
    pub async fn ask_for_check(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
    ) -> Result<Done<CheckAsked>, AppError> {
        let asked = Arc::new(OnceLock::new());
        let case = AskForCheck { account, by: developer, asked: Arc::clone(&asked) };
        let done = self.run(self.ticket(meta), case).await?;
        self.inner.checks.wished.notify_one();
        let asked = asked.get().copied().ok_or(AppError::Contended)?;
        Ok(done.with(asked))
    }
}

struct AskForCheck {
    account: ProdAccountId,
    by: DeveloperId,
    /// What it gave.
    asked: Arc<OnceLock<CheckAsked>>,
}

impl UseCase for AskForCheck {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    /// Rules go first: whoever may not ask can't use up the budget either.
    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let account = work.load::<ProdAccount>(self.account).await?;
        work.acts_as(membership::role_in(&account, self.by));
        let contact = account.managed_by(self.by)?.contacts.declared();
        if !work.looks_at_contacts() {
            return Err(AppError::NotWatched);
        }
        let (epoch, domain) = (contact.epoch, contact.domain_fingerprint);
        match work.side().wish_check(self.account, epoch, domain, work.now).await? {
            Wished::Planned(due_at) => {
                self.asked.get_or_init(|| CheckAsked { epoch, due_at });
                Ok(())
            }
            Wished::Refused(budget, until) => {
                let wait_s = (until - work.now).num_seconds().max(1);
                Err(AppError::TooManyChecks {
                    budget,
                    retry_after_s: u32::try_from(wait_s).unwrap_or(u32::MAX),
                })
            }
        }
    }
}
