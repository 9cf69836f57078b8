//! A person's developer account. Its first fact is the proof of its address: before that there is only a
//! sign-up in side state.

use crate::{
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    group::GroupRef,
    ids::{CredentialId, DeveloperId, ProdAccountId, SubjectId},
    sealed::{Fingerprint, Sealed, Subjects},
    stored_events,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Requests to a developer account.
#[derive(Debug, Clone)]
pub enum Command {
    /// The address was proven by its code: the account begins.
    Register(Register),
    /// The developer becomes a member of a group (same batch as the group's own fact).
    JoinGroup {
        /// Which group.
        group: GroupRef,
        /// In which role.
        role: Role,
    },
    /// The developer becomes a member of a production account.
    JoinAccount {
        /// Which account.
        account: ProdAccountId,
        /// In which role.
        role: Role,
    },
}

/// The address was proven by its code.
#[derive(Debug, Clone)]
pub struct Register {
    /// The new account.
    pub developer: DeveloperId,
    /// Whose key seals its personal fields.
    pub subject: SubjectId,
    /// Address, sealed.
    pub email: Sealed,
    /// Fingerprint of the normalised address.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    pub domain_fingerprint: Option<Fingerprint>,
    /// Name as typed, sealed.
    pub name: Sealed,
    /// Where side state keeps the password hash.
    pub credential: CredentialId,
    /// Terms accepted at sign-up.
    pub terms_version: String,
    /// BCP 47 tag taken at sign-up.
    pub locale: String,
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Everything, ownership included.
    #[serde(rename = "owner")]
    Owner,
    /// Everything but ownership.
    #[serde(rename = "admin")]
    Admin,
    /// Reads everything but secrets.
    #[serde(rename = "member")]
    Member,
}

/// Facts of a developer account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The account began with a proven address.
    Registered(Registered),
    /// Became member of a group.
    GroupJoined(GroupJoined),
    /// Became member of a production account.
    AccountJoined(AccountJoined),
}

/// The account began with a proven address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Whose key seals the personal fields.
    pub subject: SubjectId,
    /// Address.
    pub email: Sealed,
    /// Fingerprint of the normalised address.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_fingerprint: Option<Fingerprint>,
    /// Name as typed.
    pub name: Sealed,
    /// Where side state keeps the password hash.
    pub credential: CredentialId,
    /// Terms accepted.
    pub terms_version: String,
    /// BCP 47 tag.
    pub locale: String,
    /// When the address was proven.
    pub proven_at: DateTime<Utc>,
}

/// Became member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupJoined {
    /// Which group.
    pub group: GroupRef,
    /// In which role.
    pub role: Role,
}

/// Became member of a production account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountJoined {
    /// Which account.
    pub account: ProdAccountId,
    /// In which role.
    pub role: Role,
}

impl Subjects for Registered {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.subject]
    }
}
impl Subjects for GroupJoined {}
impl Subjects for AccountJoined {}

stored_events!(Event {
    Registered = "developer.registered" @ 1;
    GroupJoined = "developer.group_joined" @ 1;
    AccountJoined = "developer.account_joined" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds an account already.
    #[error("this account exists already")]
    AlreadyRegistered,
    /// No such account.
    #[error("there is no such developer account")]
    NotRegistered,
    /// Too many development groups.
    #[error("a developer may own at most {limit} development groups")]
    TooManyGroups {
        /// The limit in force.
        limit: u32,
    },
}

/// Phases of a developer account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Developer {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// A person with a proven address.
    Active(Active),
}

/// A person with a proven address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Facts of the beginning.
    pub registered: Registered,
    /// Groups and roles.
    pub groups: BTreeMap<GroupRef, Role>,
    /// Production accounts.
    pub accounts: BTreeSet<ProdAccountId>,
}

impl Decider for Developer {
    const CATEGORY: &'static str = "developer";
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
