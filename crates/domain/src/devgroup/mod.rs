//! A development group: free to make, small quota, holds integrations while they are built.

use crate::{
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    group::{GroupRef, Limits},
    ids::{DevGroupId, DeveloperId, IntegrationId},
    names::{self, NameProblem},
    sealed::Subjects,
    stored_events,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Requests to a development group.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make the group. `name: None` makes the personal default group, whose name is not claimed.
    Create {
        /// The new group.
        group: DevGroupId,
        /// Who owns it.
        owner: DeveloperId,
        /// Name as typed; none for the personal group.
        name: Option<String>,
    },
    /// Give it another name.
    Rename {
        /// Who asks.
        by: DeveloperId,
        /// Name as typed.
        name: String,
    },
    /// An integration is registered in it or moves into it.
    AdmitIntegration {
        /// Who asks.
        by: DeveloperId,
        /// Which integration.
        integration: IntegrationId,
    },
    /// An integration moves out of it.
    ReleaseIntegration {
        /// Who asks.
        by: DeveloperId,
        /// Which integration.
        integration: IntegrationId,
        /// Where it goes.
        to: GroupRef,
    },
}

/// Facts of a development group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The group was made.
    Created(Created),
    /// It has another name.
    Renamed(Renamed),
    /// An integration came in.
    IntegrationAdmitted(IntegrationAdmitted),
    /// An integration left.
    IntegrationReleased(IntegrationReleased),
}

/// The group was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Its name, normalised (NFC, single blanks).
    pub name: String,
    /// Whether it is its owner's personal default group.
    pub personal: bool,
    /// Who owns it.
    pub owner: DeveloperId,
    /// Limits at the decision.
    pub limits: Limits,
}

/// It has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The new name, normalised.
    pub name: String,
}

/// An integration came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationAdmitted {
    /// Which.
    pub integration: IntegrationId,
}

/// An integration left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationReleased {
    /// Which.
    pub integration: IntegrationId,
    /// Where it went.
    pub to: GroupRef,
}

impl Subjects for Created {}
impl Subjects for Renamed {}
impl Subjects for IntegrationAdmitted {}
impl Subjects for IntegrationReleased {}

stored_events!(Event {
    Created = "devgroup.created" @ 1;
    Renamed = "devgroup.renamed" @ 1;
    IntegrationAdmitted = "devgroup.integration_admitted" @ 1;
    IntegrationReleased = "devgroup.integration_released" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds a group already.
    #[error("this group exists already")]
    AlreadyExists,
    /// No such group, or the developer is no member of it: alike, because existence is private.
    #[error("there is no such group among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of the group may do this")]
    NotAllowed,
    /// The name breaks a rule.
    #[error("{0}")]
    Name(NameProblem),
    /// The personal group keeps its name.
    #[error("the personal group cannot be renamed")]
    PersonalGroup,
    /// The integration is in it already.
    #[error("the integration is in this group already")]
    AlreadyInGroup,
    /// The integration is elsewhere.
    #[error("the integration is not in this group")]
    NotInGroup,
}

/// Phases of a development group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DevGroup {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// In use.
    Active(Active),
}

/// A group in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Current name.
    pub name: String,
    /// Whether it is the personal default group.
    pub personal: bool,
    /// Members and roles; at least one owner.
    pub members: BTreeMap<DeveloperId, Role>,
    /// What is in it.
    pub integrations: BTreeSet<IntegrationId>,
    /// Limits in force.
    pub limits: Limits,
}

impl Decider for DevGroup {
    const CATEGORY: &'static str = "devgroup";
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
