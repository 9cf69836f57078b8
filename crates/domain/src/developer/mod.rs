//! A person's developer account. Its first fact is the proof of its address: before that there is only a
//! sign-up in side state.

#[cfg(test)]
mod tests;

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
use std::collections::BTreeMap;

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
    /// Too many production accounts.
    #[error("a developer may own at most {limit} production accounts")]
    TooManyAccounts {
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
    /// Production accounts and roles.
    pub accounts: BTreeMap<ProdAccountId, Role>,
}

impl Decider for Developer {
    const CATEGORY: &'static str = "developer";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match (command, self) {
            (Command::Register(register), Self::Absent) => Ok(register.decide(context)),
            (Command::Register(_), Self::Active(_)) => Err(Rejection::AlreadyRegistered),
            (Command::JoinGroup { group, role }, Self::Active(active)) => {
                active.join_group(group, role, context)
            }
            (Command::JoinAccount { account, role }, Self::Active(active)) => {
                active.join_account(account, role, context)
            }
            (Command::JoinGroup { .. } | Command::JoinAccount { .. }, Self::Absent) => {
                Err(Rejection::NotRegistered)
            }
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Registered(registered), Self::Absent) => Ok(Self::Active(Active {
                registered: registered.clone(),
                groups: BTreeMap::new(),
                accounts: BTreeMap::new(),
            })),
            (Event::GroupJoined(joined), Self::Active(mut active)) => {
                active.groups.insert(joined.group, joined.role);
                Ok(Self::Active(active))
            }
            (Event::AccountJoined(joined), Self::Active(mut active)) => {
                active.accounts.insert(joined.account, joined.role);
                Ok(Self::Active(active))
            }
            (Event::Registered(_), state @ Self::Active(_))
            | (Event::GroupJoined(_) | Event::AccountJoined(_), state @ Self::Absent) => {
                Err(state.unexpected(event))
            }
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Active(_) => "active",
        }
    }
}

impl Register {
    fn decide(self, context: &Context<'_>) -> Decision<Event> {
        let claim = ClaimChange::Take {
            key: ClaimKey::DeveloperEmail(self.email_fingerprint),
            holder: Developer::stream(self.developer.uuid()),
        };
        Decision::events([Event::Registered(Registered {
            subject: self.subject,
            email: self.email,
            email_fingerprint: self.email_fingerprint,
            domain_fingerprint: self.domain_fingerprint,
            name: self.name,
            credential: self.credential,
            terms_version: self.terms_version,
            locale: self.locale,
            proven_at: context.now,
        })])
        .with_claim(claim)
    }
}

impl Active {
    fn join_group(
        &self,
        group: GroupRef,
        role: Role,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        let current = self.groups.get(&group).copied();
        if current == Some(role) {
            return Ok(Decision::nothing());
        }
        let limit = context.policy.dev_groups_per_owner;
        let becomes_owner = role == Role::Owner && matches!(group, GroupRef::Development(_));
        if becomes_owner && self.owned_development_groups() >= limit as usize {
            return Err(Rejection::TooManyGroups { limit });
        }
        Ok(Decision::events([Event::GroupJoined(GroupJoined { group, role })]))
    }

    fn join_account(
        &self,
        account: ProdAccountId,
        role: Role,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        if self.accounts.contains_key(&account) {
            return Ok(Decision::nothing());
        }
        let limit = context.policy.accounts_per_owner;
        let owned = self.accounts.values().filter(|role| **role == Role::Owner).count();
        if role == Role::Owner && owned >= limit as usize {
            return Err(Rejection::TooManyAccounts { limit });
        }
        Ok(Decision::events([Event::AccountJoined(AccountJoined { account, role })]))
    }

    /// Development groups it owns, the personal one included.
    pub fn owned_development_groups(&self) -> usize {
        let owned = |(group, role): &(&GroupRef, &Role)| {
            matches!(group, GroupRef::Development(_)) && matches!(role, Role::Owner)
        };
        self.groups.iter().filter(owned).count()
    }
}
