//! The worker: looks at what is due, records what is new, plans the next look.

use super::{CheckSettings, Look, judge};
use crate::{
    App, AppError,
    aggregate::Aggregate as _,
    execute::UseCase,
    keyring::Fingerprinted,
    sealing::{Field, Opened},
    secret::Secret,
    side_state::{self, CheckBudget, CheckRoom, PlannedCheck},
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{IntentId, ProdAccountId},
    prodaccount::{self, CheckVerdict, ProdAccount, Signals, Standing},
    sealed::Fingerprint,
};
use eventlog::StreamName;
use reachability::{Finding, Occasion, history::Seen};
use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    pin::pin,
    sync::Arc,
};
use tokio::task::{Id, JoinSet};

/// Looks made at once.
const AT_ONCE: usize = 32;
/// Due looks read at once: those under way are among them.
const READ_AT_ONCE: u32 = 64;
/// How often all contacts are gone through.
const SCAN_EVERY: TimeDelta = TimeDelta::hours(1);
/// When a part of the portal failed.
const AFTER_FAILURE: TimeDelta = TimeDelta::minutes(1);
/// When one contact can't be read or recorded.
const AFTER_TROUBLE: TimeDelta = TimeDelta::minutes(15);

type Key = (ProdAccountId, u32);

/// Looks at contacts until told to stop. Cheap to clone.
#[derive(Clone)]
pub struct ContactWatch {
    app: App,
    look: Arc<dyn Look>,
    settings: CheckSettings,
}

/// What a look is about.
struct Target {
    address: Secret<String>,
    domain: Option<Fingerprint>,
}

impl ContactWatch {
    pub(super) fn new(app: App, look: Arc<dyn Look>, settings: CheckSettings) -> Self {
        Self { app, look, settings }
    }

    /// Runs until `shutdown` completes; looks under way are broken off then and made again after the next start.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut running = JoinSet::new();
        let mut under_way: HashMap<Id, Key> = HashMap::new();
        let inner = Arc::clone(&self.app.inner);
        let mut scan_at = inner.clock.now();
        loop {
            if inner.clock.now() >= scan_at {
                scan_at = inner.clock.now() + self.scan().await;
            }
            let next = match self.begin(&mut running, &mut under_way).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "contacts are looked at later");
                    Some(inner.clock.now() + AFTER_FAILURE)
                }
            };
            let next = next.map_or(scan_at, |next| next.min(scan_at));
            tokio::select! {
                () = &mut shutdown => return,
                Some(ended) = running.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    under_way.remove(&id);
                }
                () = inner.checks.wished.notified() => {}
                () = inner.clock.wait_until(next) => {}
            }
        }
    }

    async fn scan(&self) -> TimeDelta {
        match self.app.plan_missing_checks().await {
            Ok(_) => SCAN_EVERY,
            Err(error) => {
                tracing::warn!(%error, "contacts nobody looks at are searched for later");
                AFTER_FAILURE
            }
        }
    }

    /// Begins as many looks as may be under way. Returns when the next ones are due.
    async fn begin(
        &self,
        running: &mut JoinSet<()>,
        under_way: &mut HashMap<Id, Key>,
    ) -> Result<Option<DateTime<Utc>>, AppError> {
        let (side, now) = (&self.app.inner.side, self.app.inner.clock.now());
        for check in side.due_checks(now, READ_AT_ONCE).await? {
            let key = (check.account, check.epoch);
            if under_way.len() >= AT_ONCE {
                break;
            }
            if under_way.values().any(|other| *other == key) {
                continue;
            }
            let watch = self.clone();
            let handle = running.spawn(async move { watch.settle(check).await });
            under_way.insert(handle.id(), key);
        }
        Ok(side.next_check_due(now).await?)
    }

    /// One look. One contact that is damaged must not hold up the others.
    async fn settle(&self, check: PlannedCheck) {
        let inner = &self.app.inner;
        let Err(error) = self.look_at(check.clone()).await else { return };
        tracing::warn!(account = %check.account, %error, "a contact is looked at later");
        let later = inner.clock.now() + AFTER_TROUBLE;
        if let Err(error) = inner.side.postpone_check(&check, later).await {
            tracing::warn!(account = %check.account, %error, "a look cannot be put off");
            inner.clock.wait_until(inner.clock.now() + AFTER_FAILURE).await;
        }
    }

    async fn look_at(&self, mut check: PlannedCheck) -> Result<(), AppError> {
        let inner = &self.app.inner;
        let Some(target) = self.target(&check).await? else {
            return Ok(inner.side.drop_check(&check).await?);
        };
        if let Some(until) = self.count(&check, &target).await? {
            return Ok(inner.side.postpone_check(&check, self.spread(until, TimeDelta::minutes(10))).await?);
        }
        let occasion = Occasion { lot: inner.ids.v4().as_u128(), now: judge::since_epoch(inner.clock.now()) };
        let finding = self.look.look(target.address.reveal(), &occasion).await;
        self.note_egress(check.account, &finding);
        let now = inner.clock.now();
        judge::remember(&mut check.seen, Seen::of(&finding, judge::since_epoch(now)));
        let Some(standing) = self.standing(&check).await? else {
            return Ok(inner.side.drop_check(&check).await?);
        };
        self.record(&check, &standing, &finding).await?;
        // What was recorded may have put the proof in doubt.
        let Some(standing) = self.standing(&check).await? else {
            return Ok(inner.side.drop_check(&check).await?);
        };
        let next = judge::next(&check.seen, &standing, now, &inner.policy);
        let next = next.map(|(occasion, wait)| (occasion, self.spread(now + wait, wait / 10)));
        Ok(inner.side.settle_check(&check, next, now).await?)
    }

    /// The address; none when there is no such contact any more.
    async fn target(&self, check: &PlannedCheck) -> Result<Option<Target>, AppError> {
        let Some(standing) = self.standing(check).await? else { return Ok(None) };
        let contact = &standing.contact;
        Ok(match self.app.inner.sealer.open(&contact.address, Field::Contact).await? {
            Opened::Clear(address) => {
                Some(Target { address: Secret::new(address.to_string()), domain: contact.domain_fingerprint })
            }
            Opened::Erased => None,
        })
    }

    async fn standing(&self, check: &PlannedCheck) -> Result<Option<Standing>, AppError> {
        let folded = self.app.inner.folds.aggregate::<ProdAccount>(check.account).await?;
        Ok(match &*folded.state {
            ProdAccount::Open(account) => account.contacts.standing(check.epoch).cloned(),
            ProdAccount::Absent | ProdAccount::Opening(_) => None,
        })
    }

    /// Counts the look before it is made; when a budget is full: until when.
    async fn count(&self, check: &PlannedCheck, target: &Target) -> Result<Option<DateTime<Utc>>, AppError> {
        let all = CheckBudget::All(self.settings.per_hour);
        let is_declared = check.occasion == side_state::Occasion::Declared;
        let declared = is_declared.then_some(CheckBudget::Declared(check.account));
        let domain = target.domain.map(CheckBudget::Domain);
        let budgets: Vec<_> = declared.into_iter().chain(domain).chain([all]).collect();
        let inner = &self.app.inner;
        Ok(match inner.side.take_check_budgets(&budgets, inner.clock.now()).await? {
            CheckRoom::Taken => None,
            CheckRoom::FullUntil(_, until) => Some(until),
        })
    }

    /// Some time from `at` on, so that what began together does not go on together.
    fn spread(&self, at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
        let seconds = u32::try_from(by.num_seconds()).unwrap_or_default();
        at + TimeDelta::seconds(self.app.inner.ids.below(seconds).into())
    }

    fn note_egress(&self, account: ProdAccountId, finding: &Finding) {
        let mut egress = self.app.inner.checks.egress();
        if egress.note(account, finding) {
            if egress.is_suspected() {
                tracing::warn!(
                    "we seem to reach no mail server: port 25 to the outside is probably blocked; contacts are not \
                     judged by that"
                );
            } else {
                tracing::info!("mail servers are reached again");
            }
        }
    }

    async fn record(
        &self,
        check: &PlannedCheck,
        standing: &Standing,
        finding: &Finding,
    ) -> Result<(), AppError> {
        let inner = &self.app.inner;
        let verdict = judge::verdict(&check.seen, standing, inner.clock.now(), &inner.policy);
        let ticket = self.app.ticket(self.app.by_itself("/contact-checks"));
        let next = IntentId::from_uuid(self.app.derived_id(&ticket, "contact challenge"));
        let case = RecordCheck {
            account: check.account,
            epoch: check.epoch,
            verdict,
            reason: judge::word(finding.reason),
            signals: self.signals(finding),
            is_repeated: judge::is_repeated(&check.seen, standing),
            next,
        };
        self.app.run(ticket, case).await?;
        Ok(())
    }

    fn signals(&self, finding: &Finding) -> Signals {
        let keyed = |names: &BTreeSet<String>| {
            let mut keyed: Vec<_> = names
                .iter()
                .take(10)
                .map(|name| self.app.inner.keys.fingerprint(Fingerprinted::MailHost, name))
                .collect();
            keyed.sort_unstable();
            keyed
        };
        let found = &finding.signals;
        Signals { mail_hosts: keyed(&found.mail_hosts), name_servers: keyed(&found.name_servers) }
    }
}

/// The mail hosts of a contact were looked at.
struct RecordCheck {
    account: ProdAccountId,
    epoch: u32,
    verdict: CheckVerdict,
    reason: String,
    signals: Signals,
    /// Whether the same is asked again soon, because this look could not tell.
    is_repeated: bool,
    next: IntentId,
}

impl RecordCheck {
    /// One trouble after the other while looks are repeated is one piece of news.
    fn is_no_news(&self, before: &Standing) -> bool {
        let was_unknown =
            before.checked.as_ref().is_some_and(|checked| checked.verdict == CheckVerdict::Unknown);
        let is_unknown = self.verdict == CheckVerdict::Unknown && !self.signals.are_known();
        self.is_repeated && was_unknown && is_unknown
    }
}

impl UseCase for RecordCheck {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        let ProdAccount::Open(open) = &*account else { return Ok(()) };
        if open.contacts.standing(self.epoch).is_none_or(|before| self.is_no_news(before)) {
            return Ok(());
        }
        let Self { epoch, verdict, next, .. } = *self;
        let (reason, signals) = (self.reason.clone(), self.signals.clone());
        work.decide(&mut account, prodaccount::Command::RecordCheck { epoch, verdict, reason, signals, next })
    }
}
