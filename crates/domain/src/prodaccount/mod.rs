//! A production account: the vendor as customers see it, with a contact mailbox that must be proven to
//! receive mail. Membership of production lives here and nowhere else.

use crate::{
    address::MailboxClass,
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    ids::{DeveloperId, IntentId, ProdAccountId, ProdGroupId, SubjectId},
    names::{self, NameProblem},
    sealed::{Fingerprint, Sealed, Subjects},
    stored_events,
};
use chrono::{DateTime, Utc};
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
        /// Who typed it.
        by: DeveloperId,
        /// Which challenge.
        intent: IntentId,
    },
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

/// A contact mailbox, sealed by `app`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactInput {
    /// The address.
    pub address: Sealed,
    /// Fingerprint of the normalised address.
    pub fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    pub domain_fingerprint: Option<Fingerprint>,
    /// What kind of mailbox it looks like.
    pub class: MailboxClass,
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

/// A contact was named; unproven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDeclared {
    /// Counts declarations from 1; proofs and codes are bound to it.
    pub epoch: u32,
    /// The address.
    pub address: Sealed,
    /// Fingerprint of the normalised address.
    pub fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_fingerprint: Option<Fingerprint>,
    /// What kind of mailbox it looks like.
    pub class: MailboxClass,
}

/// A code is to be mailed to the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChallengeRequested {
    /// Names mail and challenge.
    pub intent: IntentId,
    /// Which declaration it proves.
    pub epoch: u32,
    /// From then on the code is dead.
    pub expires_at: DateTime<Utc>,
}

/// The code came back: the contact receives mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactProven {
    /// The challenge that was answered.
    pub intent: IntentId,
    /// Which declaration it proves.
    pub epoch: u32,
    /// When.
    pub proven_at: DateTime<Utc>,
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
impl Subjects for ContactDeclared {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.address.subject]
    }
}
impl Subjects for ContactChallengeRequested {}
impl Subjects for ContactProven {}
impl Subjects for GroupOpened {}

stored_events!(Event {
    Opened = "prodaccount.opened" @ 1;
    ContactDeclared = "prodaccount.contact_declared" @ 1;
    ContactChallengeRequested = "prodaccount.contact_challenge_requested" @ 1;
    ContactProven = "prodaccount.contact_proven" @ 1;
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
    #[error("a mailbox that takes no answers cannot be a contact")]
    ContactTakesNoAnswers,
    /// The same mailbox is declared already.
    #[error("this mailbox is the declared contact already")]
    SameContact,
    /// Proven recently enough; nothing to ask for.
    #[error("the contact is proven and not due for a new proof")]
    ContactAlreadyProven,
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
    /// The contact customers see: the newest proven one.
    pub shown: Option<ProvenContact>,
    /// The newest declaration.
    pub declared: ContactDeclared,
    /// The open challenge of the newest declaration.
    pub challenge: Option<ContactChallengeRequested>,
    /// Its production group.
    pub group: Option<ProdGroupId>,
}

/// A contact with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenContact {
    /// What was declared.
    pub contact: ContactDeclared,
    /// When it was proven last.
    pub proven_at: DateTime<Utc>,
}

impl Decider for ProdAccount {
    const CATEGORY: &'static str = "prodaccount";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, _command: Command, _context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        unimplemented!()
    }

    fn evolve(self, _event: &Event) -> Result<Self, Unexpected> {
        unimplemented!()
    }

    fn phase(&self) -> &'static str {
        unimplemented!()
    }
}
