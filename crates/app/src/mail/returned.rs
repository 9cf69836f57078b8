//! Mail that came back: what a delivery report does to the contact it is about.
//!
//! Its return path names the mail and nobody can make one up; the outcome of that mail names the contact; and only a
//! report about the address that was written to counts.

use super::delivery::outcome_stream;
use crate::{
    App, AppError,
    aggregate::Aggregate as _,
    execute::UseCase,
    sealing::{Field, Opened},
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    decider::StoredEvent as _,
    ids::{IntentId, ProdAccountId},
    mail,
    prodaccount::{self, BounceCause, ProdAccount},
};
use eventlog::{StreamName, StreamVersion};
use reachability::{
    dsn::{DsnError, Meaning, Report},
    inbound::{Handler, NotTaken},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Takes what came back.
pub struct ReturnedMail {
    app: App,
}

/// What came back since the start, by what became of it. Nothing of a mail stands in it.
#[derive(Default)]
pub(crate) struct ReturnedCounts(Mutex<BTreeMap<&'static str, u64>>);

impl ReturnedCounts {
    /// Each kind with its count; the kinds are constants of the program, so there are few.
    fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, kind: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind).or_default() += 1;
    }
}

/// How mail goes.
#[derive(Debug, Clone)]
pub struct MailRoom {
    /// Mails that wait to be sent, or for their outcome to be recorded.
    pub waiting: u32,
    /// When the first of them is due; long ago when the relay takes none.
    pub next_due: Option<DateTime<Utc>>,
    /// What came back since the start, by what became of it.
    pub returned: BTreeMap<&'static str, u64>,
}

/// What became of a report.
enum Taken {
    /// Recorded, or known already.
    Recorded,
    /// Not about a contact, or about one that is none any more.
    Settled(&'static str),
    /// The mail it is about is just being sent; once that is recorded it can be told.
    TooEarly,
}

/// The mail of a challenge came back.
struct RecordBounce {
    account: ProdAccountId,
    intent: IntentId,
    cause: BounceCause,
    status: String,
    next: IntentId,
}

impl App {
    /// Takes mail that came back.
    pub fn returned_mail(&self) -> ReturnedMail {
        ReturnedMail { app: self.clone() }
    }

    /// How mail goes on this node.
    pub async fn mail_room(&self) -> Result<MailRoom, AppError> {
        let side = &self.inner.side;
        Ok(MailRoom {
            waiting: side.mails_waiting().await?,
            next_due: side.next_mail_due().await?,
            returned: self.inner.returned.all(),
        })
    }

    async fn take_report(&self, report: &Report) -> Result<Taken, AppError> {
        let intent = report.intent;
        // In this order: a mail leaves the queue only once its outcome is recorded.
        let is_queued = self.inner.side.queued_mail(intent).await?.is_some();
        let Some(sent) = self.outcome_of(intent).await? else {
            return Ok(if is_queued { Taken::TooEarly } else { Taken::Settled("unknown_mail") });
        };
        let mail::Event::Sent(mail::Sent { contact_of: Some(account), .. }) = sent else {
            return Ok(Taken::Settled("no_contact"));
        };
        let Some(address) = self.asked_at(account, intent).await? else {
            return Ok(Taken::Settled("replaced_contact"));
        };
        let Some(recipient) = report.about(&address) else { return Ok(Taken::Settled("other_recipient")) };
        let Some(cause) = recipient.meaning.cause() else {
            if recipient.meaning == Meaning::SenderNotTrusted {
                tracing::warn!(%intent, "our mail was refused because of its sender: look at SPF, DKIM and reverse DNS");
                return Ok(Taken::Settled("sender_not_trusted"));
            }
            return Ok(Taken::Settled("unfinished"));
        };
        let status = recipient.status.map(|status| status.to_string()).unwrap_or_default();
        let ticket = self.ticket(self.by_itself("/returned-mail"));
        let next = IntentId::from_uuid(self.derived_id(&ticket, "contact challenge"));
        self.run(ticket, RecordBounce { account, intent, cause, status, next }).await?;
        Ok(Taken::Recorded)
    }

    pub(crate) async fn outcome_of(&self, intent: IntentId) -> Result<Option<mail::Event>, AppError> {
        let stream = outcome_stream(intent);
        let records = self.inner.log.read_stream(&stream, StreamVersion(0), 1).await?;
        let Some(record) = records.first() else { return Ok(None) };
        Ok(Some(mail::Event::decode(&record.event_type, record.schema, &record.payload)?))
    }

    /// The address a challenge was mailed to; none once another took its place, or it was erased.
    async fn asked_at(&self, account: ProdAccountId, intent: IntentId) -> Result<Option<String>, AppError> {
        let folded = self.inner.folds.aggregate::<ProdAccount>(account).await?;
        let ProdAccount::Open(account) = &*folded.state else { return Ok(None) };
        let contacts = &account.contacts;
        let asked = contacts.asked.iter().find(|asked| asked.intent == intent);
        let Some(standing) = asked.and_then(|asked| contacts.standing(asked.epoch)) else { return Ok(None) };
        Ok(match self.inner.sealer.open(&standing.contact.address, Field::Contact).await? {
            Opened::Clear(address) => Some(address.to_string()),
            Opened::Erased => None,
        })
    }
}

impl Handler for ReturnedMail {
    async fn take(&self, report: Report) -> Result<(), NotTaken> {
        let returned = &self.app.inner.returned;
        match self.app.take_report(&report).await {
            Ok(Taken::Recorded) => returned.count("recorded"),
            Ok(Taken::Settled(kind)) => returned.count(kind),
            Ok(Taken::TooEarly) => return Err(NotTaken),
            Err(error) => {
                tracing::warn!(intent = %report.intent, %error, "a delivery report is taken later");
                return Err(NotTaken);
            }
        }
        Ok(())
    }

    fn ignored(&self, why: DsnError) {
        self.app.inner.returned.count(why.name());
    }
}

impl UseCase for RecordBounce {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        let Self { intent, cause, next, .. } = *self;
        let status = self.status.clone();
        work.decide(&mut account, prodaccount::Command::RecordBounce { intent, cause, status, next })
    }
}
