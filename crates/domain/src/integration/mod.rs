//! An integration: registered once, one ID for every customer, for ever.

pub mod facts;

use crate::{
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, SecretId},
    names::NameProblem,
    sealed::Subjects,
    stored_events,
};
use chrono::{DateTime, Utc};
use facts::Facts;
use serde::{Deserialize, Serialize};

/// Requests to an integration. Whether the asking developer may is decided by the group's decider, which
/// takes part in the same batch (`AdmitIntegration`), or by the [`Standing`] in the command.
#[derive(Debug, Clone)]
pub enum Command {
    /// Register it. Name and kind suffice; what is missing makes it incomplete.
    Register {
        /// The new integration.
        integration: IntegrationId,
        /// Who registers.
        owner: DeveloperId,
        /// Where it lives.
        group: GroupRef,
        /// What is said of it, parsed.
        facts: Facts,
        /// First REST secret, when it has a REST kind.
        secret: Option<NewSecret>,
    },
    /// Say something else of it: the whole of the facts, replacing the former.
    DeclareFacts {
        /// Whether the asking developer may.
        standing: Standing,
        /// What is said of it, parsed.
        facts: Facts,
    },
    /// Make another REST secret.
    IssueSecret {
        /// Whether the asking developer may.
        standing: Standing,
        /// The secret.
        secret: NewSecret,
    },
    /// Move it to another group (same batch as both groups' facts); its ID stays.
    Move {
        /// Where it goes.
        to: GroupRef,
    },
}

/// The asking developer's role in the integration's group, looked up by `app` from the group's fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Owner or admin.
    MayChange,
    /// Member.
    MayRead,
    /// Neither.
    Stranger,
}

/// A REST key pair made by `app`: the key is public, the secret's keyed hash stays in side state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Id of the pair.
    pub secret: SecretId,
    /// Public key (OAuth client id of REST), 32 characters.
    pub key: String,
    /// Last four characters of the secret, to recognise it by.
    pub last_four: String,
}

/// Facts of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was registered.
    Registered(Registered),
    /// What is said of it was declared anew.
    FactsDeclared(FactsDeclared),
    /// It has another REST secret.
    SecretIssued(SecretIssued),
    /// It lives in another group.
    Moved(Moved),
}

/// It was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Who registered it.
    pub owner: DeveloperId,
    /// Where it lives.
    pub group: GroupRef,
    /// What is said of it.
    pub facts: Facts,
}

/// What is said of it was declared anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsDeclared {
    /// The whole.
    pub facts: Facts,
}

/// It has another REST secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretIssued {
    /// Id of the pair.
    pub secret: SecretId,
    /// Public key.
    pub key: String,
    /// Last four characters of the secret.
    pub last_four: String,
    /// When.
    pub issued_at: DateTime<Utc>,
}

/// It lives in another group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where it was.
    pub from: GroupRef,
    /// Where it is.
    pub to: GroupRef,
}

impl Subjects for Registered {}
impl Subjects for FactsDeclared {}
impl Subjects for SecretIssued {}
impl Subjects for Moved {}

stored_events!(Event {
    Registered = "integration.registered" @ 1;
    FactsDeclared = "integration.facts_declared" @ 1;
    SecretIssued = "integration.secret_issued" @ 1;
    Moved = "integration.moved" @ 1;
});

/// Live secrets at once.
pub const SECRETS_MAX: usize = 5;

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds an integration already.
    #[error("this integration exists already")]
    AlreadyRegistered,
    /// No such integration, or the developer is no member of its group.
    #[error("there is no such integration among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of its group may do this")]
    NotAllowed,
    /// The name breaks a rule.
    #[error("{0}")]
    Name(NameProblem),
    /// Too many live secrets.
    #[error("an integration has at most {SECRETS_MAX} live secrets")]
    TooManySecrets,
    /// Secrets are for REST.
    #[error("only an integration with the REST kind has secrets")]
    NotRest,
    /// It is there already.
    #[error("the integration is in this group already")]
    AlreadyInGroup,
}

/// Phases of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Integration {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// Registered.
    Live(Live),
}

/// A registered integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Who registered it.
    pub owner: DeveloperId,
    /// Where it lives.
    pub group: GroupRef,
    /// What is said of it.
    pub facts: Facts,
    /// How often the facts were declared, from 1.
    pub facts_version: u32,
    /// Its secrets.
    pub secrets: Vec<SecretIssued>,
}

impl Decider for Integration {
    const CATEGORY: &'static str = "integration";
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
