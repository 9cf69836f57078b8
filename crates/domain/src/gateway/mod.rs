//! A gateway: a machine in front of the platform that asks the portal, for each call, whether it may pass.

#[cfg(test)]
mod tests;

use crate::{
    decider::{Context, Decider, Decision, Unexpected},
    ids::GatewayCredentialId,
    names::{self, NameProblem},
    sealed::Subjects,
    staff::StaffRole,
    stored_events,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Live credentials at once: an old one and its successor.
pub const CREDENTIALS_MAX: usize = 2;

/// Requests about a gateway. `role` is what the asking member of staff may do; none when they have left.
#[derive(Debug, Clone)]
pub enum Command {
    /// Let a gateway ask, with its first credential.
    Register {
        /// The role of who asks.
        role: Option<StaffRole>,
        /// Name as typed.
        name: String,
        /// How it is treated.
        settings: Settings,
        /// Its first credential.
        credential: NewCredential,
    },
    /// Give it another credential, so that the old one can be replaced without a gap.
    IssueCredential {
        /// The role of who asks.
        role: Option<StaffRole>,
        /// The credential.
        credential: NewCredential,
    },
    /// End a credential at once.
    RevokeCredential {
        /// The role of who asks.
        role: Option<StaffRole>,
        /// Which.
        credential: GatewayCredentialId,
    },
    /// It asks no more; all its credentials end.
    Retire {
        /// The role of who asks.
        role: Option<StaffRole>,
    },
}

/// How a gateway is treated at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its requests must be signed.
    pub signed: bool,
    /// Calls it may ask for in a second; more is an anomaly and refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_second_max: Option<NonZeroU32>,
}

/// A credential made by `app`; its keyed hash stays in side state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// Names it.
    pub credential: GatewayCredentialId,
    /// Its last four characters, to recognise it by.
    pub last_four: String,
}

/// Facts of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It may ask.
    Registered(Registered),
    /// It has another credential.
    CredentialIssued(CredentialIssued),
    /// A credential has ended.
    CredentialRevoked(CredentialRevoked),
    /// It asks no more.
    Retired(Retired),
}

/// It may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Its name, normalised.
    pub name: String,
    /// How it is treated.
    #[serde(flatten)]
    pub settings: Settings,
}

/// It has another credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialIssued {
    /// Names it.
    pub credential: GatewayCredentialId,
    /// Its last four characters.
    pub last_four: String,
    /// When.
    pub issued_at: DateTime<Utc>,
}

/// A credential has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRevoked {
    /// Which.
    pub credential: GatewayCredentialId,
}

/// It asks no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {}

impl Subjects for Registered {}
impl Subjects for CredentialIssued {}
impl Subjects for CredentialRevoked {}
impl Subjects for Retired {}

stored_events!(Event {
    Registered = "gateway.registered" @ 1;
    CredentialIssued = "gateway.credential_issued" @ 1;
    CredentialRevoked = "gateway.credential_revoked" @ 1;
    Retired = "gateway.retired" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds a gateway already.
    #[error("this gateway exists already")]
    AlreadyRegistered,
    /// No such gateway.
    #[error("there is no such gateway")]
    NotRegistered,
    /// Only approvers decide.
    #[error("only an approver may do this")]
    NotAnApprover,
    /// The name breaks a rule.
    #[error("{0}")]
    Name(NameProblem),
    /// Too many live credentials.
    #[error("a gateway has at most {CREDENTIALS_MAX} live credentials; revoke one first")]
    TooManyCredentials,
    /// It has no such live credential.
    #[error("the gateway has no such live credential")]
    NoSuchCredential,
    /// It asks no more.
    #[error("the gateway is retired")]
    IsRetired,
}

/// Phases of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Gateway {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// It may ask.
    Active(Active),
    /// It may not, for good.
    Retired,
}

/// A gateway that may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Its name.
    pub name: String,
    /// How it is treated.
    pub settings: Settings,
    /// Its live credentials, oldest first.
    pub credentials: Vec<CredentialIssued>,
}

impl Active {
    /// Whether a credential opens the door.
    pub fn has(&self, credential: GatewayCredentialId) -> bool {
        self.credentials.iter().any(|live| live.credential == credential)
    }
}

impl Decider for Gateway {
    const CATEGORY: &'static str = "gateway";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        command.check_role()?;
        match (command, self) {
            (Command::Register { role: _, name, settings, credential }, Self::Absent) => {
                let name = names::normalise(&name).map_err(Rejection::Name)?;
                let registered = Event::Registered(Registered { name, settings });
                Ok(Decision::events([registered, credential.issued(context.now)]))
            }
            (Command::IssueCredential { role: _, credential }, Self::Active(active)) => {
                if active.credentials.len() >= CREDENTIALS_MAX {
                    return Err(Rejection::TooManyCredentials);
                }
                Ok(Decision::events([credential.issued(context.now)]))
            }
            (Command::RevokeCredential { role: _, credential }, Self::Active(active)) => {
                if !active.has(credential) {
                    return Err(Rejection::NoSuchCredential);
                }
                Ok(Decision::events([Event::CredentialRevoked(CredentialRevoked { credential })]))
            }
            (Command::Retire { role: _ }, Self::Active(_)) => {
                Ok(Decision::events([Event::Retired(Retired {})]))
            }
            (Command::Register { .. }, Self::Active(_) | Self::Retired) => Err(Rejection::AlreadyRegistered),
            (
                Command::IssueCredential { .. } | Command::RevokeCredential { .. } | Command::Retire { .. },
                Self::Absent,
            ) => Err(Rejection::NotRegistered),
            (
                Command::IssueCredential { .. } | Command::RevokeCredential { .. } | Command::Retire { .. },
                Self::Retired,
            ) => Err(Rejection::IsRetired),
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Registered(registered), Self::Absent) => Ok(Self::Active(Active {
                name: registered.name.clone(),
                settings: registered.settings,
                credentials: Vec::new(),
            })),
            (Event::CredentialIssued(issued), Self::Active(mut active)) => {
                active.credentials.push(issued.clone());
                Ok(Self::Active(active))
            }
            (Event::CredentialRevoked(revoked), Self::Active(mut active)) => {
                active.credentials.retain(|live| live.credential != revoked.credential);
                Ok(Self::Active(active))
            }
            (Event::Retired(_), Self::Active(_)) => Ok(Self::Retired),
            (Event::Registered(_), state @ (Self::Active(_) | Self::Retired))
            | (
                Event::CredentialIssued(_) | Event::CredentialRevoked(_) | Event::Retired(_),
                state @ (Self::Absent | Self::Retired),
            ) => Err(state.unexpected(event)),
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Active(_) => "active",
            Self::Retired => "retired",
        }
    }
}

impl Command {
    fn check_role(&self) -> Result<(), Rejection> {
        match self {
            Self::Register { role, .. }
            | Self::IssueCredential { role, .. }
            | Self::RevokeCredential { role, .. }
            | Self::Retire { role } => match role {
                Some(StaffRole::Approver) => Ok(()),
                Some(StaffRole::Reader | StaffRole::Auditor) | None => Err(Rejection::NotAnApprover),
            },
        }
    }
}

impl NewCredential {
    fn issued(self, issued_at: DateTime<Utc>) -> Event {
        let Self { credential, last_four } = self;
        Event::CredentialIssued(CredentialIssued { credential, last_four, issued_at })
    }
}
