//! The contact mailbox of a production account: declared, challenged, proven, and due again.

use super::{Account, Event, Rejection};
use crate::{
    address::MailboxClass,
    decider::{Context, Decision},
    ids::{IntentId, SubjectId},
    policy::Policy,
    sealed::{Fingerprint, Sealed, Subjects},
};
use chrono::{DateTime, Days, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A new proof may be given this long before the old one ends, so that the contact never lapses in between.
pub const RENEWAL_DAYS: u32 = 30;

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

impl Subjects for ContactDeclared {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.address.subject]
    }
}
impl Subjects for ContactChallengeRequested {}
impl Subjects for ContactProven {}

/// A contact with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenContact {
    /// What was declared.
    pub contact: ContactDeclared,
    /// When it was proven last.
    pub proven_at: DateTime<Utc>,
}

/// Where the proof of a contact stands. A proof holds from its instant until, but not at, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactState {
    /// Never proven.
    Pending,
    /// Proven, and good for a while.
    Proven {
        /// When the proof ends.
        until: DateTime<Utc>,
    },
    /// Proven; a new proof may be given already.
    DueSoon {
        /// When the proof ends.
        until: DateTime<Utc>,
    },
    /// The proof has ended.
    Lapsed {
        /// When it ended.
        since: DateTime<Utc>,
    },
}

impl ContactState {
    /// Where a proof given at `proven_at` stands at `now`; `None` was never given.
    pub fn of(proven_at: Option<DateTime<Utc>>, now: DateTime<Utc>, policy: &Policy) -> Self {
        let Some(proven_at) = proven_at else {
            return Self::Pending;
        };
        let until = later(proven_at, policy.contact_proof_days);
        let renewal_from = until.checked_sub_days(Days::new(RENEWAL_DAYS.into())).unwrap_or(proven_at);
        if now >= until {
            Self::Lapsed { since: until }
        } else if now >= renewal_from {
            Self::DueSoon { until }
        } else {
            Self::Proven { until }
        }
    }

    /// Whether the proof holds.
    pub fn holds(self) -> bool {
        match self {
            Self::Proven { .. } | Self::DueSoon { .. } => true,
            Self::Pending | Self::Lapsed { .. } => false,
        }
    }

    /// Whether a new proof may be given.
    pub fn may_be_proven(self) -> bool {
        match self {
            Self::Pending | Self::DueSoon { .. } | Self::Lapsed { .. } => true,
            Self::Proven { .. } => false,
        }
    }
}

/// The end of time rather than a panic where the calendar ends.
fn later(from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    from.checked_add_days(Days::new(days.into())).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Account {
    /// Where the newest declaration stands; the contact customers see is [`Account::shown`].
    pub fn contact_state(&self, now: DateTime<Utc>, policy: &Policy) -> ContactState {
        let proof = self.shown.as_ref().filter(|shown| shown.contact.epoch == self.declared.epoch);
        ContactState::of(proof.map(|shown| shown.proven_at), now, policy)
    }
}

/// The facts of naming a contact for the `epoch`-th time.
pub(super) fn declared(contact: ContactInput, epoch: u32) -> Result<Event, Rejection> {
    match contact.class {
        MailboxClass::NoReply => return Err(Rejection::ContactTakesNoAnswers),
        MailboxClass::Disposable => return Err(Rejection::ContactDisposable),
        MailboxClass::Role | MailboxClass::Personal | MailboxClass::FreeMail => {}
    }
    let ContactInput { address, fingerprint, domain_fingerprint, class } = contact;
    Ok(Event::ContactDeclared(ContactDeclared { epoch, address, fingerprint, domain_fingerprint, class }))
}

pub(super) fn declare(account: &Account, contact: ContactInput) -> Result<Decision<Event>, Rejection> {
    if contact.fingerprint == account.declared.fingerprint {
        return Err(Rejection::SameContact);
    }
    Ok(Decision::events([declared(contact, account.declared.epoch + 1)?]))
}

/// Another request replaces the open challenge: only the newest code counts.
pub(super) fn request_challenge(
    account: &Account,
    intent: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    if !account.contact_state(context.now, context.policy).may_be_proven() {
        return Err(Rejection::ContactAlreadyProven);
    }
    let life = TimeDelta::hours(context.policy.contact_challenge_hours.into());
    let expires_at = context.now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let epoch = account.declared.epoch;
    Ok(Decision::events([Event::ContactChallengeRequested(ContactChallengeRequested {
        intent,
        epoch,
        expires_at,
    })]))
}

pub(super) fn confirm(
    account: &Account,
    intent: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let challenge = account
        .challenge
        .as_ref()
        .filter(|challenge| challenge.intent == intent && challenge.epoch == account.declared.epoch)
        .ok_or(Rejection::NoSuchChallenge)?;
    if context.now >= challenge.expires_at {
        return Err(Rejection::ChallengeExpired);
    }
    let epoch = challenge.epoch;
    Ok(Decision::events([Event::ContactProven(ContactProven { intent, epoch, proven_at: context.now })]))
}
