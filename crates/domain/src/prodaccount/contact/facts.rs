//! Facts of a contact.

use crate::{
    address::MailboxClass,
    ids::{IntentId, SubjectId},
    sealed::{Fingerprint, Sealed, Subjects},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

/// Who a code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Sender {
    /// The sender all mails of the portal have.
    #[default]
    #[serde(rename = "usual")]
    Usual,
    /// One nobody could have let through beforehand, as customers are.
    #[serde(rename = "rotated")]
    Rotated,
}

impl Sender {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
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
    /// Who it comes from.
    #[serde(default, skip_serializing_if = "Sender::is_usual")]
    pub sender: Sender,
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
    /// Who the code came from.
    #[serde(default, skip_serializing_if = "Sender::is_usual")]
    pub sender: Sender,
}

/// What contrary evidence did to a contact, decided when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Consequence {
    /// Nothing: there is no proof it could speak against, or it was known already.
    Nothing,
    /// The proof is in doubt; one piece of evidence never ends it.
    Degrades,
    /// The proof ends then, unless a new one is given before.
    Ends {
        /// When.
        at: DateTime<Utc>,
    },
    /// What spoke against the proof has passed.
    Recovers,
}

/// Why a mail came back for good (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceCause {
    /// No such mailbox or domain, or it is disabled (X.1.x, 5.2.1).
    NoMailbox,
    /// The mailbox is full (X.2.2): it exists.
    MailboxFull,
    /// A list or group that takes no mail from outside (X.7.2 and what products say for it).
    MembersOnly,
    /// It takes no mail from strangers, or none from us (X.7.x).
    Refused,
    /// Anything else.
    Other,
}

/// A mail to the contact came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactBounced {
    /// Which declaration it was sent to.
    pub epoch: u32,
    /// The challenge whose mail came back.
    pub intent: IntentId,
    /// Why.
    pub cause: BounceCause,
    /// Enhanced status code, such as `5.1.1`; three numbers.
    pub status: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it did.
    pub consequence: Consequence,
}

/// What a check of the mail hosts says of the contact, as far as the proof is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Nothing speaks against it.
    Fine,
    /// Can't be told; trouble of theirs or ours.
    Unknown,
    /// It takes no mail, as far as was seen once.
    Doubtful,
    /// It takes no mail.
    Unreachable,
}

/// Keyed fingerprints of the names of who runs a domain's mail and names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// Of its mail hosts, at most ten, sorted.
    pub mail_hosts: Vec<Fingerprint>,
    /// Of its name servers, at most ten, sorted.
    pub name_servers: Vec<Fingerprint>,
}

impl Signals {
    /// Whether all mail hosts and all name servers are others than before; what is not known has not changed.
    pub fn changed_hands(&self, since: &Self) -> bool {
        let replaced = |now: &[Fingerprint], then: &[Fingerprint]| {
            !now.is_empty() && !then.is_empty() && now.iter().all(|name| !then.contains(name))
        };
        replaced(&self.mail_hosts, &since.mail_hosts) && replaced(&self.name_servers, &since.name_servers)
    }

    /// Whether both parts are known.
    pub fn are_known(&self) -> bool {
        !self.mail_hosts.is_empty() && !self.name_servers.is_empty()
    }
}

/// The mail hosts of the contact were looked at, and it is worth telling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChecked {
    /// Which declaration.
    pub epoch: u32,
    /// What it comes to.
    pub verdict: CheckVerdict,
    /// Code of the reason, such as `no_mailbox`.
    pub reason: String,
    /// Who runs the domain.
    pub signals: Signals,
    /// When.
    pub at: DateTime<Utc>,
    /// What it did.
    pub consequence: Consequence,
}

/// The proof ends soon: the owners are told, and a new code is on its way to the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactProofDue {
    /// Which declaration.
    pub epoch: u32,
    /// When the proof ends.
    pub ends_at: DateTime<Utc>,
    /// How often that was told, from 1.
    pub reminder: u8,
}

/// Why a proof ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// It was not renewed in time.
    Lapsed,
    /// Contrary evidence, and no new proof in the days of grace.
    Withdrawn,
}

/// The proof ended; recorded for timelines and mails, the rules know it by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactProofEnded {
    /// Which declaration.
    pub epoch: u32,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: EndCause,
}

/// Who reads the mailbox says that it is not this vendor's contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDisowned {
    /// Which declaration.
    pub epoch: u32,
    /// The challenge that was answered so.
    pub intent: IntentId,
    /// When.
    pub at: DateTime<Utc>,
    /// What it did.
    pub consequence: Consequence,
}

impl Subjects for ContactDeclared {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.address.subject]
    }
}
impl Subjects for ContactChallengeRequested {}
impl Subjects for ContactProven {}
impl Subjects for ContactBounced {}
impl Subjects for ContactChecked {}
impl Subjects for ContactProofDue {}
impl Subjects for ContactProofEnded {}
impl Subjects for ContactDisowned {}
