//! Production accounts: the vendor as customers see it, and the proof that its contact receives mail.

use crate::{
    App,
    aggregate::Aggregate as _,
    codes::Challenge,
    error::AppError,
    execute::UseCase,
    groups::numbered,
    keyring::Fingerprinted,
    mail::contact_budget,
    membership,
    meta::{Done, Meta},
    sealing::Field,
    side_state::{Budget, BudgetRoom, CodeTry},
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    address::Address,
    developer::{self, Developer, Role},
    ids::{CommandId, DeveloperId, IntentId, ProdAccountId, SubjectId},
    integration::Integration,
    prodaccount::{self, Account, ContactInput, Open, ProdAccount},
    prodgroup::ProdGroup,
};
use eventlog::StreamName;

/// What a vendor says to open a production account.
pub struct OpenAccount {
    /// Vendor name as typed.
    pub vendor_name: String,
    /// Contact mailbox.
    pub contact: Address,
    /// Where customers find help.
    pub support_url: Option<String>,
}

/// A code is on its way to the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactChallenge {
    /// Names mail and challenge.
    pub intent: IntentId,
    /// From then on the code is dead.
    pub expires_at: DateTime<Utc>,
}

impl App {
    /// Opens a production account owned by `developer`; its contact is unproven.
    pub async fn open_account(
        &self,
        meta: Meta,
        developer: DeveloperId,
        open: OpenAccount,
    ) -> Result<Done<ProdAccountId>, AppError> {
        let ticket = self.ticket(meta);
        let account = ProdAccountId::from_uuid(self.derived_id(&ticket, "production account"));
        let subject = SubjectId::from_uuid(self.derived_id(&ticket, "contact subject"));
        let done = self.run(ticket, OpenCase { account, subject, owner: developer, open }).await?;
        Ok(done.with(account))
    }

    /// Names another contact. The proven one stays shown until this one is proven.
    pub async fn declare_contact(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
        contact: Address,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), DeclareContact { account, by: developer, contact }).await
    }

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
        self.run(ticket, ConfirmContact { account, by: Some(developer), intent, next, code }).await
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

struct OpenCase {
    account: ProdAccountId,
    subject: SubjectId,
    owner: DeveloperId,
    open: OpenAccount,
}

impl UseCase for OpenCase {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        let mut owner = work.load::<Developer>(self.owner).await?;
        let role = Role::Owner;
        work.decide(&mut owner, developer::Command::JoinAccount { account: self.account, role })?;
        work.acts_as(Some(Role::Owner));
        work.propose(numbered(&self.open.vendor_name));
        work.sealer().new_subject(self.subject).await?;
        let contact =
            contact_input(work, self.subject, &self.open.contact, &[&self.open.vendor_name]).await?;
        let open = Open {
            account: self.account,
            owner: self.owner,
            vendor_name: self.open.vendor_name.clone(),
            subject: self.subject,
            contact,
            support_url: self.open.support_url.clone(),
        };
        work.decide(&mut account, prodaccount::Command::Open(open))
    }
}

struct DeclareContact {
    account: ProdAccountId,
    by: DeveloperId,
    contact: Address,
}

impl UseCase for DeclareContact {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        work.acts_as(membership::role_in(&account, self.by));
        let open = opened(&account)?;
        let names = names_of(work, open).await?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let contact = contact_input(work, open.subject, &self.contact, &names).await?;
        work.decide(&mut account, prodaccount::Command::DeclareContact { by: self.by, contact })
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
        let budget = contact_budget(opened(&account)?);
        work.decide(&mut account, prodaccount::Command::RequestContactChallenge { by, intent })?;
        match budget {
            Budget::Own => Ok(()),
            Budget::Stranger | Budget::Asker => self.count(work).await,
        }
    }
}

struct ConfirmContact {
    account: ProdAccountId,
    by: Option<DeveloperId>,
    intent: IntentId,
    /// Names the second challenge, which follows the first.
    next: IntentId,
    code: String,
}

impl ConfirmContact {
    /// What the code is bound to, while the challenge is open.
    fn challenge(&self, account: &Account) -> Option<(Challenge, DateTime<Utc>)> {
        let open = account.contacts.challenge.as_ref().filter(|open| open.intent == self.intent)?;
        let challenge =
            Challenge::contact(self.intent, self.account, account.contacts.declared().fingerprint);
        Some((challenge, open.expires_at))
    }
}

impl UseCase for ConfirmContact {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    /// Rules go first: whoever may not answer the challenge can't use up its tries either.
    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        let challenge = self.challenge(opened(&account)?);
        work.acts_as(self.by.and_then(|by| membership::role_in(&account, by)));
        let Self { by, intent, next, .. } = *self;
        work.decide(&mut account, prodaccount::Command::ConfirmContact { by, intent, next })?;
        let (challenge, expires_at) = challenge.ok_or(prodaccount::Rejection::NoSuchChallenge)?;
        let right = challenge.matches(work.keys(), &self.code);
        spend_code(work, &challenge, right, expires_at, |_| self.main()).await
    }

    async fn abandon(&self, app: &App, command: CommandId) -> Result<(), AppError> {
        let folded = app.inner.folds.aggregate::<ProdAccount>(self.account).await?;
        match self.challenge(opened(&folded.state)?) {
            Some((challenge, _)) => Ok(app.inner.side.release_code(&challenge, command).await?),
            None => Ok(()),
        }
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

/// The account, once it is open.
pub(crate) fn opened(account: &ProdAccount) -> Result<&Account, AppError> {
    match account {
        ProdAccount::Open(account) => Ok(account),
        ProdAccount::Absent | ProdAccount::Opening(_) => Err(prodaccount::Rejection::NotYours.into()),
    }
}

/// The names by which a mailbox may be called after the vendor.
async fn names_of(work: &Work<'_>, account: &Account) -> Result<Vec<String>, AppError> {
    let mut names = vec![account.vendor_name.clone()];
    let Some(group) = account.group else { return Ok(names) };
    let group = work.peek::<ProdGroup>(group).await?;
    for id in group.group().iter().flat_map(|group| &group.integrations) {
        if let Integration::Live(live) = &*work.peek::<Integration>(*id).await? {
            names.push(live.facts.name.clone());
        }
    }
    Ok(names)
}

async fn contact_input(
    work: &Work<'_>,
    subject: SubjectId,
    address: &Address,
    names: &[&str],
) -> Result<ContactInput, AppError> {
    let fingerprint = |kind, value: &str| work.keys().fingerprint(kind, value);
    Ok(ContactInput {
        address: work.sealer().seal(subject, Field::Contact, &address.reveal()).await?,
        fingerprint: fingerprint(Fingerprinted::Address, &address.normalised()),
        domain_fingerprint: address
            .organisation_domain()
            .map(|domain| fingerprint(Fingerprinted::MailDomain, &domain)),
        class: address.class(names),
    })
}
