//! A production account: the vendor as customers see it, with a contact mailbox that must be proven to
//! receive mail. Membership of production lives here and nowhere else.

mod contact;
#[cfg(test)]
mod tests;

pub use contact::{
    ASKED_MAX, Asked, BounceCause, CheckVerdict, Consequence, ContactBounced, ContactChallengeRequested,
    ContactChecked, ContactDeclared, ContactDisowned, ContactInput, ContactProofDue, ContactProofEnded,
    ContactProven, ContactState, Contacts, EndCause, Proof, REMINDER_DAYS, RENEWAL_DAYS, Sender, Signals,
    Standing, Trouble,
};

use crate::{
    claim::{self, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    host,
    ids::{DeveloperId, IntentId, ProdAccountId, ProdGroupId, SubjectId},
    names::{self, NameProblem},
    policy::Policy,
    sealed::Subjects,
    stored_events,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Requests to a production account.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open the account.
    Open(Open),
    /// Name another contact; the proven one stays shown until this one is proven.
    DeclareContact {
        /// Who asks.
        by: DeveloperId,
        /// The mailbox.
        contact: ContactInput,
    },
    /// Ask for a code to be mailed to the contact that waits for proof (or is due for a new one).
    RequestContactChallenge {
        /// Who asks.
        by: DeveloperId,
        /// Names mail and challenge; the code is a keyed hash of it.
        intent: IntentId,
    },
    /// The code of a challenge came back (its correctness is checked by `app`, which also counts tries).
    ConfirmContact {
        /// Who typed it; none: whoever reads the mailbox, on the page the mail links to.
        by: Option<DeveloperId>,
        /// Which challenge.
        intent: IntentId,
        /// Names the second challenge, which follows the first.
        next: IntentId,
    },
    /// Whoever reads the mailbox says that it is not this vendor's (`app` has checked the code).
    DisownContact {
        /// Which challenge.
        intent: IntentId,
    },
    /// Ask the contact for a new code where its proof ends soon or is in doubt.
    RenewContact {
        /// Names mail and challenge.
        intent: IntentId,
    },
    /// The mail of a challenge came back.
    RecordBounce {
        /// Which challenge.
        intent: IntentId,
        /// Why.
        cause: BounceCause,
        /// Enhanced status code.
        status: String,
        /// Names the challenge that follows.
        next: IntentId,
    },
    /// The mail hosts of a contact were looked at.
    RecordCheck {
        /// Which declaration.
        epoch: u32,
        /// What it comes to.
        verdict: CheckVerdict,
        /// Code of the reason.
        reason: String,
        /// Who runs the domain.
        signals: Signals,
        /// Names the challenge that may follow.
        next: IntentId,
    },
    /// Record that the proof of the contact customers see has ended.
    EndProof,
    /// Draft its production group (same batch as the group's own fact).
    OpenGroup {
        /// Who asks.
        by: DeveloperId,
        /// The new group.
        group: ProdGroupId,
    },
}

/// Open an account.
#[derive(Debug, Clone)]
pub struct Open {
    /// The new account.
    pub account: ProdAccountId,
    /// Who owns it.
    pub owner: DeveloperId,
    /// Vendor name as typed.
    pub vendor_name: String,
    /// Whose key seals the contact.
    pub subject: SubjectId,
    /// The contact mailbox.
    pub contact: ContactInput,
    /// Where customers find help, https.
    pub support_url: Option<String>,
}

/// Facts of a production account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The account was opened.
    Opened(Opened),
    /// A contact was named; unproven.
    ContactDeclared(ContactDeclared),
    /// A code is to be mailed to it.
    ContactChallengeRequested(ContactChallengeRequested),
    /// The code came back: it receives mail.
    ContactProven(ContactProven),
    /// A mail to it came back.
    ContactBounced(ContactBounced),
    /// Its mail hosts were looked at.
    ContactChecked(ContactChecked),
    /// Its reader says that it is not this vendor's.
    ContactDisowned(ContactDisowned),
    /// Its proof ends soon.
    ContactProofDue(ContactProofDue),
    /// Its proof has ended.
    ContactProofEnded(ContactProofEnded),
    /// It has a production group.
    GroupOpened(GroupOpened),
}

/// The account was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Vendor name, normalised; public.
    pub vendor_name: String,
    /// Who owns it.
    pub owner: DeveloperId,
    /// Whose key seals the contact.
    pub subject: SubjectId,
    /// Where customers find help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_url: Option<String>,
}

/// The account has a production group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOpened {
    /// Which.
    pub group: ProdGroupId,
}

impl Subjects for Opened {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.subject]
    }
}
impl Subjects for GroupOpened {}

stored_events!(Event {
    Opened = "prodaccount.opened" @ 1;
    ContactDeclared = "prodaccount.contact_declared" @ 1;
    ContactChallengeRequested = "prodaccount.contact_challenge_requested" @ 1;
    ContactProven = "prodaccount.contact_proven" @ 1;
    ContactBounced = "prodaccount.contact_bounced" @ 1;
    ContactChecked = "prodaccount.contact_checked" @ 1;
    ContactDisowned = "prodaccount.contact_disowned" @ 1;
    ContactProofDue = "prodaccount.contact_proof_due" @ 1;
    ContactProofEnded = "prodaccount.contact_proof_ended" @ 1;
    GroupOpened = "prodaccount.group_opened" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds an account already.
    #[error("this production account exists already")]
    AlreadyExists,
    /// No such account, or the developer is no member of it.
    #[error("there is no such production account among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of the account may do this")]
    NotAllowed,
    /// The vendor name breaks a rule.
    #[error("{0}")]
    Name(NameProblem),
    /// The support address is not an https URL.
    #[error("the support URL must be an https URL with a public host")]
    SupportUrl,
    /// noreply mailboxes can't answer customers.
    #[error(
        "a mailbox that takes no answers cannot be a contact; name one that people read, such as support@"
    )]
    ContactTakesNoAnswers,
    /// A throw-away mailbox reaches nobody for long.
    #[error(
        "a mailbox of a throw-away provider cannot be a contact; name one that you keep, best at a domain of your own"
    )]
    ContactDisposable,
    /// The same mailbox is declared already.
    #[error("this mailbox is the declared contact already")]
    SameContact,
    /// Proven recently enough; nothing to ask for.
    #[error("the contact is proven and not due for a new proof")]
    ContactAlreadyProven,
    /// The reader of the mailbox said that it is not this vendor's.
    #[error("the reader of this mailbox said that it is not yours; name another one")]
    ContactDisowned,
    /// No such open challenge (unknown, answered or outdated by another declaration).
    #[error("there is no such open challenge")]
    NoSuchChallenge,
    /// The challenge ran out.
    #[error("the code has expired")]
    ChallengeExpired,
    /// One production group per account.
    #[error("the account has a production group already")]
    HasGroup {
        /// Which.
        group: ProdGroupId,
    },
}

/// Phases of a production account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProdAccount {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// Opened; its first contact is the next fact of the same batch, so nothing is ever asked of this phase.
    Opening(Opened),
    /// In use.
    Open(Account),
}

/// An account in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Public name of the vendor.
    pub vendor_name: String,
    /// Whose key seals the contact.
    pub subject: SubjectId,
    /// Where customers find help.
    pub support_url: Option<String>,
    /// Members and roles; at least one owner.
    pub members: BTreeMap<DeveloperId, Role>,
    /// Everybody who ever was a member, for the independence of reviewers.
    pub ever_members: Vec<DeveloperId>,
    /// Its contact, and the one customers see.
    pub contacts: Contacts,
    /// Its production group.
    pub group: Option<ProdGroupId>,
}

/// Longest support URL, in bytes.
pub const SUPPORT_URL_BYTES_MAX: usize = 1_024;

/// Who holds the names of an account: the account's stream, for its vendor name and for the names of its
/// production group alike, because both may be the same name.
pub fn name_holder(account: ProdAccountId) -> String {
    ProdAccount::stream(account.uuid())
}

impl Decider for ProdAccount {
    const CATEGORY: &'static str = "prodaccount";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match command {
            Command::Open(open) => match self {
                Self::Absent => opened(open, context.policy),
                Self::Opening(_) | Self::Open(_) => Err(Rejection::AlreadyExists),
            },
            Command::DeclareContact { by, contact } => contact::declare(self.managed_by(by)?, contact),
            Command::RequestContactChallenge { by, intent } => {
                contact::request_challenge(self.managed_by(by)?, intent, context)
            }
            Command::ConfirmContact { by, intent, next } => {
                let account = by.map_or_else(|| self.opened(), |by| self.managed_by(by))?;
                contact::confirm(account, intent, next, context)
            }
            Command::DisownContact { intent } => contact::disown(self.opened()?, intent, context),
            Command::RenewContact { intent } => Ok(contact::renew(&self.opened()?.contacts, intent, context)),
            Command::RecordBounce { intent, cause, status, next } => {
                contact::record_bounce(self.opened()?, (intent, cause, status), next, context)
            }
            Command::RecordCheck { epoch, verdict, reason, signals, next } => {
                Ok(contact::record_check(self.opened()?, epoch, (verdict, reason, signals), next, context))
            }
            Command::EndProof => Ok(contact::end_proof(&self.opened()?.contacts, context)),
            Command::OpenGroup { by, group } => match self.managed_by(by)?.group {
                None => Ok(Decision::events([Event::GroupOpened(GroupOpened { group })])),
                Some(group) => Err(Rejection::HasGroup { group }),
            },
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        let unexpected = self.unexpected(event);
        match (event, self) {
            (Event::Opened(opened), Self::Absent) => Ok(Self::Opening(opened.clone())),
            (Event::ContactDeclared(declared), Self::Opening(opened)) => {
                Ok(Self::Open(Account::new(opened, declared.clone())))
            }
            (Event::GroupOpened(opened), Self::Open(account)) => {
                Ok(Self::Open(Account { group: Some(opened.group), ..account }))
            }
            (event, Self::Open(account)) => match account.contacts.evolve(event) {
                Some(contacts) => Ok(Self::Open(Account { contacts, ..account })),
                None => Err(unexpected),
            },
            (_, Self::Absent | Self::Opening(_)) => Err(unexpected),
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Opening(_) => "opening",
            Self::Open(_) => "open",
        }
    }
}

impl ProdAccount {
    /// The account, for the portal itself and for whoever reads its mailbox.
    fn opened(&self) -> Result<&Account, Rejection> {
        match self {
            Self::Open(account) => Ok(account),
            Self::Absent | Self::Opening(_) => Err(Rejection::NotYours),
        }
    }

    /// The account, for a developer who may change it.
    pub fn managed_by(&self, developer: DeveloperId) -> Result<&Account, Rejection> {
        let Self::Open(account) = self else {
            return Err(Rejection::NotYours);
        };
        match account.members.get(&developer) {
            Some(Role::Owner | Role::Admin) => Ok(account),
            Some(Role::Member) => Err(Rejection::NotAllowed),
            None => Err(Rejection::NotYours),
        }
    }
}

impl Account {
    fn new(opened: Opened, declared: ContactDeclared) -> Self {
        Self {
            vendor_name: opened.vendor_name,
            subject: opened.subject,
            support_url: opened.support_url,
            members: BTreeMap::from([(opened.owner, Role::Owner)]),
            ever_members: vec![opened.owner],
            contacts: Contacts::of(declared),
            group: None,
        }
    }
}

fn opened(open: Open, policy: &Policy) -> Result<Decision<Event>, Rejection> {
    let vendor_name = names::normalise(&open.vendor_name).map_err(Rejection::Name)?;
    let support_url = open.support_url.map(|typed| support_url(&typed, policy)).transpose()?;
    let declared = contact::declared(open.contact, 1)?;
    let needed: Vec<ClaimKey> = names::claim_keys(&vendor_name).into_iter().map(ClaimKey::Name).collect();
    let claims = claim::exchange(&[], &needed, &name_holder(open.account));
    let opened = Opened { vendor_name, owner: open.owner, subject: open.subject, support_url };
    Ok(Decision { events: vec![Event::Opened(opened), declared], claims })
}

/// An https URL that a customer anywhere can open, without credentials.
fn support_url(typed: &str, policy: &Policy) -> Result<String, Rejection> {
    let url = url::Url::parse(typed.trim()).map_err(|_| Rejection::SupportUrl)?;
    let public_host = url.domain().is_some_and(|domain| host::public_name(domain, policy).is_some());
    let anonymous = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && public_host && anonymous && url.as_str().len() <= SUPPORT_URL_BYTES_MAX {
        Ok(url.into())
    } else {
        Err(Rejection::SupportUrl)
    }
}
