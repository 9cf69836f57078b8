//! Contacts of production accounts, for their members, for staff and for customers: one total mapping from
//! proofs and mails to the five words everybody sees.

use super::{schemas, values::ContactClass};
use crate::reads::OpenedContact;
use app::sealing::Opened;
use chrono::{DateTime, Utc};
use domain::{address::MailboxClass, policy::Policy, prodaccount::ContactState};
use readmodel::query::account::{Challenge, ContactRow, MailOutcome, ShownContact};
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
    /// It was proven, too long ago.
    Degraded,
    /// Mail to it is refused.
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
    /// What would make it a better contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_at: Option<DateTime<Utc>>,
    /// Counts declarations from 1.
    #[schema(minimum = 1)]
    epoch: u32,
    /// The challenge that waits for its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<OpenChallenge>,
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
    /// What became of its mail; absent while it waits to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Mail>,
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
    /// The mailbox; `[erased]` after erasure.
    #[schema(max_length = 254, example = "support@acme.example")]
    email: String,
    class: ContactClass,
    /// When it was proven last.
    proven_at: DateTime<Utc>,
}

impl Contact {
    /// The contact for members of its account and for staff.
    pub(crate) fn of(row: ContactRow, opened: &OpenedContact, now: DateTime<Utc>, policy: &Policy) -> Self {
        let ContactRow { declared, challenge, shown } = row;
        let is_declared = |shown: &&ShownContact| shown.epoch == declared.epoch;
        let proof = shown.as_ref().filter(is_declared).map(|shown| shown.proven_at);
        let mail = challenge.as_ref().and_then(|challenge| challenge.mail);
        let other = shown.as_ref().filter(|shown| !is_declared(shown)).zip(opened.shown.as_ref());
        Self {
            state: state(proof, mail, now, policy),
            email: opened.declared.shown().to_owned(),
            class: declared.class.into(),
            advice: advice(declared.class),
            proven_at: proof,
            epoch: declared.epoch,
            shown: other.map(|(other, email)| Shown::of(other, email, now, policy)),
            challenge: challenge.map(OpenChallenge::from),
        }
    }
}

impl Shown {
    /// The contact for customers.
    pub(crate) fn of(contact: &ShownContact, email: &Opened, now: DateTime<Utc>, policy: &Policy) -> Self {
        Self {
            state: state(Some(contact.proven_at), None, now, policy),
            email: email.shown().to_owned(),
            class: contact.class.into(),
            proven_at: contact.proven_at,
        }
    }
}

fn state(
    proven_at: Option<DateTime<Utc>>,
    mail: Option<MailOutcome>,
    now: DateTime<Utc>,
    policy: &Policy,
) -> State {
    match ContactState::of(proven_at, now, policy) {
        ContactState::Proven { .. } | ContactState::DueSoon { .. } => State::Proven,
        ContactState::Lapsed { .. } => State::Degraded,
        ContactState::Pending => match mail {
            Some(MailOutcome::Permanent) => State::Unreachable,
            Some(MailOutcome::Exhausted | MailOutcome::Erased) => State::Unknown,
            Some(MailOutcome::Sent | MailOutcome::Obsolete) | None => State::Pending,
        },
    }
}

fn advice(class: MailboxClass) -> Option<&'static str> {
    match class {
        MailboxClass::Role => None,
        MailboxClass::Personal => {
            Some("a role or list mailbox such as support@ outlives the people behind it")
        }
        MailboxClass::FreeMail => Some("customers trust a mailbox of your own domain more than a free one"),
        MailboxClass::Disposable => Some("a mailbox of a throw-away provider cannot be a contact"),
        MailboxClass::NoReply => Some("a mailbox that takes no answers cannot be a contact"),
    }
}

impl From<Challenge> for OpenChallenge {
    fn from(row: Challenge) -> Self {
        let mail = row.mail.map(|outcome| match outcome {
            MailOutcome::Sent => Mail::Sent,
            MailOutcome::Permanent => Mail::Refused,
            MailOutcome::Exhausted => Mail::Exhausted,
            MailOutcome::Obsolete | MailOutcome::Erased => Mail::Obsolete,
        });
        Self { id: row.intent.to_string(), expires_at: row.expires_at, mail }
    }
}
