//! What is done for one mail: fold again, send, record the outcome.

use super::{
    Mail, MailIntent, Mailer, Outbox, SendError, Wish, WorkerError, WorkerParts,
    content::{Content, Locale, Proof},
    outbox::{Queued, SignUpMail},
    refold::{Addressed, Refold, StillWanted},
    render::render,
};
use crate::{
    aggregate::stream_name,
    codes::Challenge,
    folds::Folds,
    ids::Ids,
    keyring::BoundKeys,
    secret::Secret,
    side_state::{Budget, BudgetRoom, QueuedMail, SideState},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    decider::StoredEvent,
    ids::{CommandId, IntentId, SignUpId},
    mail::{CATEGORY, Event, Failed, FailureClass, Sent},
    prodaccount::Sender,
};
use eventlog::{
    ActorEnvelope, AppendBatch, AppendError, Envelope, EventLog, Expected, NewEvent, StreamAppend,
    StreamName, StreamVersion,
};

/// Waits after the first, second, … failed try; the last one again and again until the mail expires.
const RETRY_DELAYS_S: [i64; 5] = [5, 30, 120, 600, 3_600];
/// Waits differ by up to this part either way, so that what failed together does not come back together.
const JITTER_PERCENT: i64 = 20;

/// Delivers mails one by one.
pub(super) struct Delivery {
    log: EventLog,
    side: SideState,
    keys: BoundKeys,
    outbox: Outbox,
    mailer: Mailer,
    ids: Ids,
    base_url: String,
    policy_version: u32,
    refold: Refold,
}

impl Delivery {
    pub(super) fn new(parts: &WorkerParts) -> Self {
        let refold = Refold {
            folds: Folds::new(parts.log.clone()),
            sealer: parts.sealer.clone(),
            keys: parts.keys.clone(),
            base_url: parts.base_url.clone(),
            policy: parts.policy.clone(),
        };
        Self {
            log: parts.log.clone(),
            side: parts.side.clone(),
            keys: parts.keys.clone(),
            outbox: parts.outbox.clone(),
            mailer: parts.mailer.clone(),
            ids: parts.ids.clone(),
            base_url: parts.base_url.clone(),
            policy_version: parts.policy.version,
            refold,
        }
    }

    /// The mails that an intent stands for.
    pub(super) async fn addressed(&self, intent: MailIntent) -> Result<Vec<MailIntent>, WorkerError> {
        Ok(self.refold.addressed(intent).await?)
    }

    /// Does the next thing that is to be done for a mail.
    pub(super) async fn deliver(&self, mail: &QueuedMail, now: DateTime<Utc>) -> Result<(), WorkerError> {
        match self.outbox.open(mail)? {
            Queued::SignUp(to) => self.deliver_sign_up(mail, &to, now).await,
            Queued::Wish(wish) if mail.is_sent => self.record(mail, sent(wish, mail.attempts)).await,
            Queued::Wish(_) if self.has_outcome(mail.intent).await? => self.forget(mail).await,
            // What was never tried, on a node that was away perhaps, gets its one chance if it is still wanted.
            Queued::Wish(_) if now >= mail.expires_at && mail.attempts > 0 => {
                self.fail(mail, FailureClass::Exhausted).await
            }
            Queued::Wish(wish) => match self.refold.still_wanted(mail.intent, wish, now).await? {
                StillWanted::Obsolete => self.fail(mail, FailureClass::Obsolete).await,
                StillWanted::Erased => self.fail(mail, FailureClass::Erased).await,
                StillWanted::Yes(to) => {
                    let side = &self.side;
                    match side.take_mail_budget(mail.intent, to.address, to.budget, now).await? {
                        BudgetRoom::Taken => {
                            let words = self.words(mail.intent, to, now);
                            self.send_wish(mail, wish, &words, now).await
                        }
                        BudgetRoom::FullUntil(_) if now >= mail.expires_at => {
                            self.fail(mail, FailureClass::Exhausted).await
                        }
                        BudgetRoom::FullUntil(at) => {
                            let due_at = at.min(mail.expires_at);
                            Ok(side.postpone_mail(mail.intent, mail.attempts, due_at).await?)
                        }
                    }
                }
            },
        }
    }

    async fn send_wish(
        &self,
        mail: &QueuedMail,
        wish: Wish,
        words: &Mail,
        now: DateTime<Utc>,
    ) -> Result<(), WorkerError> {
        match self.send(mail, words).await {
            Ok(()) => {
                let attempt = mail.attempts + 1;
                self.side.mark_mail_sent(mail.intent, attempt).await?;
                self.record(mail, sent(wish, attempt)).await
            }
            Err(SendError::Permanent { .. }) => self.fail(mail, FailureClass::Permanent).await,
            Err(SendError::Transient { .. }) => self.retry_later(mail, now).await,
        }
    }

    /// Mails about sign-ups leave no trace but their budget; there is nobody yet whose history it would be.
    async fn deliver_sign_up(
        &self,
        mail: &QueuedMail,
        to: &SignUpMail,
        now: DateTime<Utc>,
    ) -> Result<(), WorkerError> {
        let sign_up = SignUpId::from_uuid(mail.intent.uuid());
        let is_waiting = self.side.sign_up(sign_up, now).await?.is_some();
        if !is_waiting || now >= mail.expires_at {
            return self.forget(mail).await;
        }
        let content = if to.known {
            Content::AddressAlreadyKnown
        } else {
            let code = Challenge::sign_up(sign_up, to.address).code(&self.keys);
            let proof = Proof::new(code, &self.base_url, &sign_up.to_string(), mail.expires_at);
            Content::SignUpCode { proof }
        };
        let to = Addressed {
            to: Secret::new(to.to.clone()),
            address: to.address,
            budget: Budget::Stranger,
            sender: Sender::Usual,
            locale: Locale::of(&to.locale),
            content,
        };
        let words = self.words(mail.intent, to, now);
        match self.send(mail, &words).await {
            Ok(()) | Err(SendError::Permanent { .. }) => self.forget(mail).await,
            Err(SendError::Transient { .. }) => self.retry_later(mail, now).await,
        }
    }

    fn words(&self, intent: IntentId, to: Addressed, now: DateTime<Utc>) -> Mail {
        let rendered = render(&to.content, to.locale);
        Mail {
            intent,
            sender: to.sender,
            message_id: format!("{}@{}", self.keys.message_id(intent), self.mailer.domain(to.sender)),
            to: to.to,
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            date: now,
        }
    }

    async fn send(&self, mail: &QueuedMail, words: &Mail) -> Result<(), SendError> {
        let outcome = self.mailer.send(words).await;
        let (intent, kind, attempt) = (mail.intent, mail.kind.as_str(), mail.attempts + 1);
        match &outcome {
            Ok(()) => tracing::info!(%intent, kind, attempt, "mail sent"),
            Err(error) => tracing::warn!(%intent, kind, attempt, %error, "mail not sent"),
        }
        outcome
    }

    async fn retry_later(&self, mail: &QueuedMail, now: DateTime<Utc>) -> Result<(), WorkerError> {
        let attempts = mail.attempts + 1;
        let due_at = (now + retry_delay(attempts, self.ids.below(101))).min(mail.expires_at);
        Ok(self.side.postpone_mail(mail.intent, attempts, due_at).await?)
    }

    async fn fail(&self, mail: &QueuedMail, class: FailureClass) -> Result<(), WorkerError> {
        let tried_now = u32::from(class == FailureClass::Permanent);
        self.record(mail, Event::Failed(Failed { attempt: mail.attempts + tried_now, class })).await
    }

    /// Writes the outcome into the log, then forgets the mail. Another outcome that is there already stays.
    async fn record(&self, mail: &QueuedMail, event: Event) -> Result<(), WorkerError> {
        let command = self.keys.derived_id(CommandId::from_uuid(mail.intent.uuid()), event.stored_type());
        let batch = AppendBatch {
            envelope: Envelope {
                command_id: command,
                fingerprint: None,
                causation_id: mail.cause,
                actor: ActorEnvelope { kind: "system".to_owned(), ..ActorEnvelope::default() },
                on_behalf_of: None,
                reason: None,
                request_id: None,
                policy_version: self.policy_version,
                privileged: true,
            },
            streams: vec![StreamAppend {
                stream: outcome_stream(mail.intent),
                expected: Expected::NoStream,
                events: vec![NewEvent {
                    event_type: event.stored_type().to_owned(),
                    schema: event.schema(),
                    payload: event.encode()?,
                    subjects: Vec::new(),
                }],
            }],
        };
        match self.log.append(batch).await {
            Ok(_) | Err(AppendError::Conflict { .. }) => self.forget(mail).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn has_outcome(&self, intent: IntentId) -> Result<bool, WorkerError> {
        Ok(self.log.stream_version(&outcome_stream(intent)).await? > StreamVersion(0))
    }

    async fn forget(&self, mail: &QueuedMail) -> Result<(), WorkerError> {
        Ok(self.side.delete_mail(mail.intent).await?)
    }
}

/// The relay took it.
fn sent(wish: Wish, attempt: u32) -> Event {
    Event::Sent(Sent { attempt, contact_of: wish.contact_of() })
}

/// Where the outcome of a mail is told.
pub(crate) fn outcome_stream(intent: IntentId) -> StreamName {
    stream_name(&format!("{CATEGORY}-{}", intent.uuid().hyphenated()))
}

/// The wait after so many tries; `percent` from 0 to 100 spreads it over [`JITTER_PERCENT`] either way.
fn retry_delay(attempts: u32, percent: u32) -> TimeDelta {
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let delay_s = RETRY_DELAYS_S.get(place).or(RETRY_DELAYS_S.last()).copied().unwrap_or_default();
    let part = 100 - JITTER_PERCENT + 2 * JITTER_PERCENT * i64::from(percent) / 100;
    TimeDelta::milliseconds(delay_s * 10 * part)
}
