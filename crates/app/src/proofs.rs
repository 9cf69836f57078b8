//! Codes that are mailed to contacts and come back, by the vendor or by whoever reads the mailbox.

use crate::{
    App,
    accounts::opened,
    aggregate::Aggregate as _,
    claims,
    codes::Challenge,
    error::AppError,
    execute::UseCase,
    keyring::Fingerprinted,
    mail::{contact_budget, unwanted},
    membership,
    meta::{Done, Meta},
    sealing::{Field, Opened},
    secret::Secret,
    side_state::{Budget, BudgetRoom, CodeTry},
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    address::Address,
    claim::{Claim, ClaimChange, ClaimKey, READER},
    ids::{CommandId, DeveloperId, IntentId, ProdAccountId},
    mail,
    prodaccount::{self, Account, ProdAccount},
};
use eventlog::StreamName;

/// A code is on its way to the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactChallenge {
    /// Names mail and challenge.
    pub intent: IntentId,
    /// From then on the code is dead.
    pub expires_at: DateTime<Utc>,
}

/// What the answer of a mailbox came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactAnswered {
    /// A second code follows, from a sender it does not know.
    FirstOfTwo,
    /// Nothing more is needed.
    Proven,
}

impl App {
    /// Has a code mailed to the contact that waits for proof.
    pub async fn request_contact_challenge(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
    ) -> Result<Done<ContactChallenge>, AppError> {
        let ticket = self.ticket(meta);
        let intent = IntentId::from_uuid(self.derived_id(&ticket, "contact challenge"));
        let counted = IntentId::from_uuid(self.derived_id(&ticket, "counted challenge"));
        let done = self.run(ticket, RequestChallenge { account, by: developer, intent, counted }).await?;
        let expires_at = self.challenge_end(account, intent).await.map_err(|error| done.pending(error))?;
        Ok(done.with(ContactChallenge { intent, expires_at }))
    }

    /// The code of a challenge came back: the contact receives mail.
    pub async fn confirm_contact(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
        intent: IntentId,
        code: String,
    ) -> Result<Done<()>, AppError> {
        let ticket = self.ticket(meta);
        let next = IntentId::from_uuid(self.derived_id(&ticket, "second contact challenge"));
        let answer = Answer { account, intent, code: Secret::new(code) };
        self.run(ticket, ConfirmContact { answer, by: Some(developer), next }).await
    }

    /// Whoever reads the mailbox gives the code back, on the page that the mail links to.
    pub async fn confirm_contact_as_reader(
        &self,
        meta: Meta,
        intent: IntentId,
        code: Secret<String>,
    ) -> Result<ContactAnswered, AppError> {
        let account = self.account_of_challenge(intent).await?;
        let ticket = self.ticket(meta);
        let next = IntentId::from_uuid(self.derived_id(&ticket, "second contact challenge"));
        let answer = Answer { account, intent, code };
        self.run(ticket, ConfirmContact { answer, by: None, next }).await?;
        let folded = self.inner.folds.aggregate::<ProdAccount>(account).await?;
        let challenge = opened(&folded.state)?.contacts.challenge.as_ref();
        let is_followed = challenge.is_some_and(|open| open.intent == next);
        Ok(if is_followed { ContactAnswered::FirstOfTwo } else { ContactAnswered::Proven })
    }

    /// Whoever reads the mailbox says that it is not this vendor's: nobody's codes go there any more.
    pub async fn disown_contact(
        &self,
        meta: Meta,
        intent: IntentId,
        code: Secret<String>,
    ) -> Result<(), AppError> {
        let account = self.account_of_challenge(intent).await?;
        let answer = Answer { account, intent, code };
        self.run(self.ticket(meta), DisownContact { answer }).await?;
        Ok(())
    }

    /// The reader of a mailbox asked staff for codes after all.
    pub async fn readmit_mailbox(&self, meta: Meta, mailbox: &Address) -> Result<Done<()>, AppError> {
        let key = unwanted(&self.inner.keys, &mailbox.reveal());
        let stream = claims::stream_of(&self.inner.keys, &key);
        self.run(self.ticket(meta), Readmit { key, stream }).await
    }

    /// What a mail was about stands with its outcome, or with the mail while it waits.
    async fn account_of_challenge(&self, intent: IntentId) -> Result<ProdAccountId, AppError> {
        let queued = self.inner.outbox.contact_of(intent).await?;
        let sent = self.outcome_of(intent).await?;
        let told = match sent {
            Some(mail::Event::Sent(mail::Sent { contact_of, .. })) => contact_of,
            Some(mail::Event::Failed(_)) | None => None,
        };
        // For strangers there is no difference between no challenge and a wrong code.
        told.or(queued).ok_or(AppError::CodeWrong { tries_left: 0 })
    }

    /// When a challenge ends. A replay may ask after the challenge was answered; it has ended then.
    async fn challenge_end(
        &self,
        account: ProdAccountId,
        intent: IntentId,
    ) -> Result<DateTime<Utc>, AppError> {
        let folded = self.inner.folds.aggregate::<ProdAccount>(account).await?;
        let open = match &*folded.state {
            ProdAccount::Open(account) => {
                account.contacts.challenge.as_ref().filter(|open| open.intent == intent)
            }
            ProdAccount::Absent | ProdAccount::Opening(_) => None,
        };
        Ok(open.map_or_else(|| self.inner.clock.now(), |open| open.expires_at))
    }
}

/// Refuses a mailbox whose reader wants no codes.
pub(crate) async fn refuse_unwanted(work: &Work<'_>, address: &str) -> Result<(), AppError> {
    match *work.peek_claim(&unwanted(work.keys(), address)).await? {
        Claim::Held(_) => Err(prodaccount::Rejection::ContactDisowned.into()),
        Claim::Free | Claim::Released(_) => Ok(()),
    }
}

struct RequestChallenge {
    account: ProdAccountId,
    by: DeveloperId,
    intent: IntentId,
    /// Under which it counts for who asks; the intent itself counts for the address.
    counted: IntentId,
}

impl RequestChallenge {
    /// A mailbox that never answered may be a stranger's: one developer reaches so many of them a day,
    /// whatever addresses and accounts it uses.
    async fn count(&self, work: &Work<'_>) -> Result<(), AppError> {
        let asker = work.keys().fingerprint(Fingerprinted::Developer, &self.by.to_string());
        match work.side().take_mail_budget(self.counted, asker, Budget::Asker, work.now).await? {
            BudgetRoom::Taken => Ok(()),
            BudgetRoom::FullUntil(at) => {
                let wait_s = (at - work.now).num_seconds().max(1);
                Err(AppError::TooManyChallenges { retry_after_s: u32::try_from(wait_s).unwrap_or(u32::MAX) })
            }
        }
    }
}

impl UseCase for RequestChallenge {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        work.acts_as(membership::role_in(&account, self.by));
        let (by, intent) = (self.by, self.intent);
        let contacts = &opened(&account)?.contacts;
        if let Opened::Clear(address) =
            work.sealer().open(&contacts.declared().address, Field::Contact).await?
        {
            refuse_unwanted(work, &address).await?;
        }
        let budget = contact_budget(opened(&account)?);
        work.decide(&mut account, prodaccount::Command::RequestContactChallenge { by, intent })?;
        match budget {
            Budget::Own => Ok(()),
            Budget::Stranger | Budget::Asker => self.count(work).await,
        }
    }
}

/// A code that came back, and the challenge it is to answer.
struct Answer {
    account: ProdAccountId,
    intent: IntentId,
    code: Secret<String>,
}

impl Answer {
    /// What the code is bound to: the contact that it was mailed to.
    fn challenge(&self, account: &Account, epoch: u32) -> Challenge {
        let address = account.contacts.declared().fingerprint;
        Challenge::contact(self.intent, self.account, address, epoch)
    }

    /// The same while the challenge is open, and until when that is.
    fn open_challenge(&self, account: &Account) -> Option<(Challenge, DateTime<Utc>)> {
        let open = account.contacts.challenge.as_ref().filter(|open| open.intent == self.intent)?;
        Some((self.challenge(account, open.epoch), open.expires_at))
    }
}

struct ConfirmContact {
    answer: Answer,
    by: Option<DeveloperId>,
    /// Names the second challenge, which follows the first.
    next: IntentId,
}

impl UseCase for ConfirmContact {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.answer.account)
    }

    /// Rules go first: whoever may not answer the challenge can't use up its tries either.
    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.answer.account).await?;
        let challenge = self.answer.open_challenge(opened(&account)?);
        work.acts_as(self.by.and_then(|by| membership::role_in(&account, by)));
        let (by, intent, next) = (self.by, self.answer.intent, self.next);
        work.decide(&mut account, prodaccount::Command::ConfirmContact { by, intent, next })?;
        let (challenge, expires_at) = challenge.ok_or(prodaccount::Rejection::NoSuchChallenge)?;
        let right = challenge.matches(work.keys(), self.answer.code.reveal());
        spend_code(work, &challenge, right, expires_at, |_| self.main()).await
    }

    async fn abandon(&self, app: &App, command: CommandId) -> Result<(), AppError> {
        let folded = app.inner.folds.aggregate::<ProdAccount>(self.answer.account).await?;
        match self.answer.open_challenge(opened(&folded.state)?) {
            Some((challenge, _)) => Ok(app.inner.side.release_code(&challenge, command).await?),
            None => Ok(()),
        }
    }
}

struct DisownContact {
    answer: Answer,
}

impl UseCase for DisownContact {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.answer.account)
    }

    /// A code shows who reads the mailbox also after it was spent: whoever spent it may have been somebody else.
    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.answer.account).await?;
        let open = opened(&account)?;
        let declared = open.contacts.declared();
        let (challenge, sealed) = (self.answer.challenge(open, declared.epoch), declared.address.clone());
        let right = challenge.matches(work.keys(), self.answer.code.reveal());
        let hours = i64::from(work.policy().contact_challenge_hours);
        let kept_until = work.now + TimeDelta::hours(hours);
        match spend_code(work, &challenge, right, kept_until, |_| self.main()).await {
            Err(AppError::CodeUsed) if right => {}
            outcome => outcome?,
        }
        if let Opened::Clear(address) = work.sealer().open(&sealed, Field::Contact).await? {
            let key = unwanted(work.keys(), &address);
            work.change_claim(ClaimChange::Take { key, holder: READER.to_owned() });
        }
        let intent = self.answer.intent;
        work.decide(&mut account, prodaccount::Command::DisownContact { intent })
    }
}

struct Readmit {
    key: ClaimKey,
    stream: StreamName,
}

impl UseCase for Readmit {
    fn main(&self) -> StreamName {
        self.stream.clone()
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.change_claim(ClaimChange::Release { key: self.key.clone(), holder: READER.to_owned() });
        Ok(())
    }
}

/// Counts a try of a code, and spends it when it is `right`. A crash between spending and appending must not
/// cost the code: a right one spent by a command that never happened is taken over. `main_of` names the
/// stream such a command would stand in.
pub(crate) async fn spend_code(
    work: &mut Work<'_>,
    challenge: &Challenge,
    right: bool,
    expires_at: DateTime<Utc>,
    main_of: impl Fn(CommandId) -> StreamName,
) -> Result<(), AppError> {
    let Some(command) = work.command else { return Err(AppError::NotFound) };
    if right {
        work.leaves_traces();
    }
    match work.side().try_code(challenge, right, command, work.now, expires_at).await? {
        CodeTry::Accepted => Ok(()),
        CodeTry::Wrong { tries_left } => Err(AppError::CodeWrong { tries_left }),
        CodeTry::Used => {
            let before = work.side().code_spent_by(challenge).await?.filter(|_| right);
            let Some(before) = before else { return Err(AppError::CodeUsed) };
            let is_free = work.never_happened(before, &main_of(before)).await?;
            if is_free && work.side().take_over_code(challenge, before, command, work.now).await? {
                return Ok(());
            }
            Err(AppError::CodeUsed)
        }
        CodeTry::Exhausted => Err(AppError::CodeExpired),
    }
}
