//! The portal looks at the mail hosts of contacts by itself: when one is named, from time to time while it is proven,
//! and when a member of its account asks. What is found are hints; what they do to a proof is the domain's.

mod egress;
mod judge;
mod look;
mod scan;
mod wish;
mod worker;

pub use look::Look;
pub use wish::CheckAsked;
pub use worker::ContactWatch;

use crate::{App, side_state::Occasion};
use domain::{ids::ProdAccountId, prodaccount::ProdAccount};
use egress::Egress;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;

/// How contacts are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckSettings {
    /// Looks of this portal in an hour.
    pub per_hour: u32,
}

/// What the parts of the application share about looking.
#[derive(Default)]
pub(crate) struct Checks {
    /// Set once this portal looks.
    settings: OnceLock<CheckSettings>,
    /// Wakes the worker.
    wished: Notify,
    egress: Mutex<Egress>,
}

impl Checks {
    pub(crate) fn is_on(&self) -> bool {
        self.settings.get().is_some()
    }

    fn egress(&self) -> MutexGuard<'_, Egress> {
        self.egress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// The worker that looks at the mail hosts of contacts. One at a time; from now on looks may be asked for.
    pub fn contact_watch(&self, look: Arc<dyn Look>, settings: CheckSettings) -> ContactWatch {
        let settings = *self.inner.checks.settings.get_or_init(|| settings);
        ContactWatch::new(self.clone(), look, settings)
    }

    /// Whether we seem to reach no mail server at all, so that nothing is learnt of contacts; none where this portal
    /// does not look.
    pub fn egress_is_suspected(&self) -> Option<bool> {
        self.inner.checks.is_on().then(|| self.inner.checks.egress().is_suspected())
    }

    /// Has a contact that was just named looked at. What fails here is made up for by the hourly scan.
    pub(crate) async fn look_at_declared(&self, account: ProdAccountId) {
        if !self.inner.checks.is_on() {
            return;
        }
        let planned = async {
            let folded = self.inner.folds.aggregate::<ProdAccount>(account).await?;
            let ProdAccount::Open(open) = &*folded.state else { return Ok(()) };
            let (epoch, now) = (open.contacts.declared().epoch, self.inner.clock.now());
            let contact = [(account, epoch)];
            self.inner.side.ensure_checks(&contact, Occasion::Declared, || now, now).await?;
            self.inner.checks.wished.notify_one();
            Ok::<(), crate::AppError>(())
        };
        if let Err(error) = planned.await {
            tracing::warn!(%account, %error, "a contact that was named is looked at later");
        }
    }
}
