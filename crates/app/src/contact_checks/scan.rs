//! Once an hour all contacts are gone through: those to look at that nothing is planned for are planned, whatever the
//! reason was (a crash, a restored back-up, looking that was switched on later, a proof that came).

use crate::{App, AppError, side_state::Occasion};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::ProdAccountId, policy::Policy, prodaccount::Contacts};
use readmodel::Page;

/// Accounts looked at together.
const PAGE: u32 = 100;

/// The declarations of one account that are to be looked at.
struct Wanted {
    /// Never looked at.
    fresh: Vec<(ProdAccountId, u32)>,
    /// Proven.
    proven: Vec<(ProdAccountId, u32)>,
}

impl Wanted {
    fn add(&mut self, account: ProdAccountId, contacts: &Contacts, now: DateTime<Utc>, policy: &Policy) {
        for standing in [Some(&contacts.newest), contacts.before.as_ref()].into_iter().flatten() {
            let contact = (account, standing.contact.epoch);
            if standing.state(now, policy).holds() {
                self.proven.push(contact);
            } else if standing.proof.is_none() && standing.checked.is_none() && standing.disowned_at.is_none()
            {
                self.fresh.push(contact);
            }
        }
    }
}

impl App {
    /// Plans what is missing. Returns how many looks that were.
    pub(super) async fn plan_missing_checks(&self) -> Result<u64, AppError> {
        let inner = &self.inner;
        let (now, policy) = (inner.clock.now(), &inner.policy);
        let spread = u32::try_from(TimeDelta::days(policy.contact_check_days.into()).num_seconds());
        let spread = spread.unwrap_or(u32::MAX);
        let some_time = || now + TimeDelta::seconds(inner.ids.below(spread).into());
        let (mut planned, mut after) = (0, 0);
        loop {
            let page = inner.read.contacts(Page { after, limit: PAGE }).await?;
            let mut wanted = Wanted { fresh: Vec::new(), proven: Vec::new() };
            for (account, contacts) in &page.items {
                wanted.add(*account, contacts, now, policy);
            }
            planned += inner.side.ensure_checks(&wanted.fresh, Occasion::Declared, || now, now).await?;
            planned += inner.side.ensure_checks(&wanted.proven, Occasion::Periodic, some_time, now).await?;
            match page.next {
                Some(next) => after = next,
                None => return Ok(planned),
            }
        }
    }
}
