//! Contacts of production accounts, for their members, for staff and for customers: one total mapping from
//! proofs and mails to the five words everybody sees.

mod advice;
mod evidence;

pub use advice::{Advice, Reason as AdviceReason};
pub use evidence::{Bounced, Cause, Checked, Verdict};

use super::{schemas, values::ContactClass};
use crate::reads::OpenedContact;
use app::sealing::Opened;
use chrono::{DateTime, Utc};
use domain::{
    address::{self, Address, MailboxClass},
    policy::Policy,
    prodaccount::{ContactBounced, ContactChallengeRequested, ContactState, Sender, Standing},
};
use readmodel::query::account::{ContactRow, MailOutcome, ShownContact};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a contact works, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not proven yet.
    Pending,
    /// Its code came back, recently enough.
    Proven,
    /// It was proven; too long ago, or something speaks against it since.
    Degraded,
    /// Mail to it comes back.
    Unreachable,
    /// Nothing is known.
    Unknown,
}

/// The contact of an account as its members see it: the newest declaration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    state: State,
    /// The mailbox; `[erased]` after erasure.
    #[schema(max_length = 254, example = "support@acme.example")]
    email: String,
    class: ContactClass,
    /// How good a contact it makes; absent after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<Advice>,
    /// When its newest code came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_at: Option<DateTime<Utc>>,
    /// When the proof ends, unless a new code comes back before.
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_until: Option<DateTime<Utc>>,
    /// Since when something speaks against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_since: Option<DateTime<Utc>>,
    /// Whether a code came back that was sent from a sender the mailbox could not expect. Production needs it.
    open_to_strangers: bool,
    /// Counts declarations from 1.
    #[schema(minimum = 1)]
    epoch: u32,
    /// The challenge that waits for its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<OpenChallenge>,
    /// What the newest look at its mail hosts found.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Checked>,
    /// The newest mail that came back since the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    bounced: Option<Bounced>,
    /// When the reader of the mailbox said that it is not this vendor's; it gets no more codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    disowned_at: Option<DateTime<Utc>>,
    /// The contact customers see until this one is proven, when it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<Shown>,
}

/// A challenge that waits for its code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenChallenge {
    #[schema(value_type = schemas::ChallengeId)]
    id: String,
    expires_at: DateTime<Utc>,
    /// Who the code comes from.
    sender: CodeSender,
    /// What became of its mail; absent while it waits to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Mail>,
}

/// Who a code comes from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeSender {
    /// The sender all mails of the portal have.
    Usual,
    /// One the mailbox could not expect.
    Rotated,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MailOutcome)]
pub enum Mail {
    /// The relay took it.
    Sent,
    /// The relay refused for good.
    Refused,
    /// Tries ran out.
    Exhausted,
    /// What it was about is no longer so.
    Obsolete,
}

/// A contact as customers see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShownContact)]
pub struct Shown {
    state: State,
    /// What the state proves and what it does not.
    #[schema(max_length = 400)]
    means: &'static str,
    /// The mailbox; `[erased]` after erasure.
    #[schema(max_length = 254, example = "support@acme.example")]
    email: String,
    class: ContactClass,
    /// When it was proven last.
    proven_at: DateTime<Utc>,
    /// Since when something speaks against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_since: Option<DateTime<Utc>>,
}

impl Contact {
    /// The contact for members of its account and for staff.
    pub(crate) fn of(row: ContactRow, opened: &OpenedContact, now: DateTime<Utc>, policy: &Policy) -> Self {
        let ContactRow { contacts, mail } = row;
        let other = ShownContact::of(&contacts).filter(|shown| shown.epoch != contacts.declared().epoch);
        let Standing { contact, proof, checked, bounced, disowned_at } = contacts.newest;
        let standing = ContactState::of(proof.as_ref(), now, policy);
        Self {
            state: state(standing, bounced.as_ref(), mail),
            email: opened.declared.shown().to_owned(),
            class: contact.class.into(),
            advice: advice(&opened.declared, contact.class, policy),
            proven_at: proof.as_ref().map(|proof| proof.proven_at),
            proven_until: until(standing),
            degraded_since: degraded_since(standing),
            open_to_strangers: proof.is_some_and(|proof| proof.open_to_strangers),
            epoch: contact.epoch,
            shown: other
                .zip(opened.shown.as_ref())
                .map(|(other, email)| Shown::of(&other, email, now, policy)),
            challenge: contacts.challenge.map(|challenge| OpenChallenge::of(&challenge, mail)),
            checked: checked.map(Checked::from),
            bounced: bounced.map(Bounced::from),
            disowned_at,
        }
    }
}

impl Contact {
    /// The same for staff: what mail servers said of a mailbox is its vendor's alone until the mailbox is proven.
    pub(crate) fn for_staff(self) -> Self {
        if self.proven_at.is_some() { self } else { Self { checked: None, bounced: None, ..self } }
    }
}

impl State {
    /// What it proves and what it does not, for customers.
    fn means(self) -> &'static str {
        match self {
            Self::Proven => {
                "Codes were sent to this mailbox, the second from a sender it could not expect, and came back: mail from \
                 strangers arrives and somebody reads it. It does not prove who reads it, nor how soon they answer."
            }
            Self::Degraded => {
                "The mailbox took mail from strangers when it was proven; since then mail came back, its mail servers \
                 changed, or the proof ran out. The vendor has been asked to prove it anew. Mail may still arrive."
            }
            Self::Unreachable => {
                "The proof of this mailbox has ended, because mail to it came back and no new code was returned. Use the \
                 support page if there is one."
            }
            Self::Pending | Self::Unknown => "Nothing is proven of this mailbox yet.",
        }
    }
}

impl Shown {
    /// The contact for customers.
    pub(crate) fn of(contact: &ShownContact, email: &Opened, now: DateTime<Utc>, policy: &Policy) -> Self {
        let standing = ContactState::of(Some(&contact.proof), now, policy);
        let state = state(standing, None, None);
        Self {
            state,
            means: state.means(),
            email: email.shown().to_owned(),
            class: contact.class.into(),
            proven_at: contact.proof.proven_at,
            degraded_since: degraded_since(standing),
        }
    }
}

fn state(standing: ContactState, bounced: Option<&ContactBounced>, mail: Option<MailOutcome>) -> State {
    match standing {
        ContactState::Proven { .. } | ContactState::DueSoon { .. } => State::Proven,
        ContactState::Lapsed { .. } | ContactState::Degraded { .. } => State::Degraded,
        ContactState::Withdrawn { .. } => State::Unreachable,
        ContactState::Pending if bounced.is_some() => State::Unreachable,
        ContactState::Pending => match mail {
            Some(MailOutcome::Permanent) => State::Unreachable,
            Some(MailOutcome::Exhausted | MailOutcome::Erased) => State::Unknown,
            Some(MailOutcome::Sent | MailOutcome::Obsolete) | None => State::Pending,
        },
    }
}

fn until(standing: ContactState) -> Option<DateTime<Utc>> {
    match standing {
        ContactState::Proven { until }
        | ContactState::DueSoon { until }
        | ContactState::Degraded { until, .. } => Some(until),
        ContactState::Pending | ContactState::Lapsed { .. } | ContactState::Withdrawn { .. } => None,
    }
}

fn advice(email: &Opened, class: MailboxClass, policy: &Policy) -> Option<Advice> {
    let address = Address::parse(email.shown(), policy).ok()?;
    Some(address::Advice::of(&address, class, policy).into())
}

fn degraded_since(standing: ContactState) -> Option<DateTime<Utc>> {
    match standing {
        ContactState::Degraded { since, .. }
        | ContactState::Lapsed { since }
        | ContactState::Withdrawn { since } => Some(since),
        ContactState::Pending | ContactState::Proven { .. } | ContactState::DueSoon { .. } => None,
    }
}

impl OpenChallenge {
    fn of(challenge: &ContactChallengeRequested, mail: Option<MailOutcome>) -> Self {
        let mail = mail.map(|outcome| match outcome {
            MailOutcome::Sent => Mail::Sent,
            MailOutcome::Permanent => Mail::Refused,
            MailOutcome::Exhausted => Mail::Exhausted,
            MailOutcome::Obsolete | MailOutcome::Erased => Mail::Obsolete,
        });
        let sender = match challenge.sender {
            Sender::Usual => CodeSender::Usual,
            Sender::Rotated => CodeSender::Rotated,
        };
        Self { id: challenge.intent.to_string(), expires_at: challenge.expires_at, sender, mail }
    }
}
