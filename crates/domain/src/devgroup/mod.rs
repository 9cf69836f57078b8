//! A development group: free to make, small quota, holds integrations while they are built.

#[cfg(test)]
mod tests;

use crate::{
    claim::{self, ClaimKey},
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

/// Name of every personal group; nobody can claim it, because it is not unique.
pub const PERSONAL_GROUP_NAME: &str = "Personal group";

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
        /// Which group; its stream holds the claims of the name.
        group: DevGroupId,
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
    /// It holds as many integrations as it may.
    #[error("a development group holds at most {limit} integrations")]
    TooManyIntegrations {
        /// The limit in force.
        limit: u32,
    },
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

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match (command, self) {
            (Command::Create { group, owner, name }, Self::Absent) => create(group, owner, name, context),
            (Command::Create { .. }, Self::Active(_)) => Err(Rejection::AlreadyExists),
            (Command::Rename { group, by, name }, Self::Active(active)) => active.rename(group, by, &name),
            (Command::AdmitIntegration { by, integration }, Self::Active(active)) => {
                active.admit(by, integration, context)
            }
            (Command::ReleaseIntegration { by, integration, to }, Self::Active(active)) => {
                active.release(by, integration, to)
            }
            (
                Command::Rename { .. }
                | Command::AdmitIntegration { .. }
                | Command::ReleaseIntegration { .. },
                Self::Absent,
            ) => Err(Rejection::NotYours),
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Created(created), Self::Absent) => Ok(Self::Active(Active {
                name: created.name.clone(),
                personal: created.personal,
                members: BTreeMap::from([(created.owner, Role::Owner)]),
                integrations: BTreeSet::new(),
                limits: created.limits,
            })),
            (Event::Renamed(renamed), Self::Active(mut active)) => {
                active.name.clone_from(&renamed.name);
                Ok(Self::Active(active))
            }
            (Event::IntegrationAdmitted(admitted), Self::Active(mut active)) => {
                active.integrations.insert(admitted.integration);
                Ok(Self::Active(active))
            }
            (Event::IntegrationReleased(released), Self::Active(mut active)) => {
                active.integrations.remove(&released.integration);
                Ok(Self::Active(active))
            }
            (Event::Created(_), state @ Self::Active(_))
            | (
                Event::Renamed(_) | Event::IntegrationAdmitted(_) | Event::IntegrationReleased(_),
                state @ Self::Absent,
            ) => Err(state.unexpected(event)),
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Active(_) => "active",
        }
    }
}

fn create(
    group: DevGroupId,
    owner: DeveloperId,
    name: Option<String>,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let personal = name.is_none();
    let name = match name {
        Some(typed) => names::check_development(&typed).map_err(Rejection::Name)?,
        None => PERSONAL_GROUP_NAME.to_owned(),
    };
    let needed = if personal { Vec::new() } else { name_claims(&name) };
    let claims = claim::exchange(&[], &needed, &DevGroup::stream(group.uuid()));
    let created = Created { name, personal, owner, limits: context.policy.development };
    Ok(Decision { events: vec![Event::Created(created)], claims })
}

/// Keys under which a name is unique over the whole portal.
fn name_claims(name: &str) -> Vec<ClaimKey> {
    names::claim_keys(name).into_iter().map(ClaimKey::Name).collect()
}

impl Active {
    /// Who answers for it, and whose roster its sites stand in: its owner, the first in order of ids if there
    /// were several. Whoever lets a group change hands moves its sites to the other roster in the same batch.
    pub fn owner(&self) -> Option<DeveloperId> {
        self.members.iter().find(|(_, role)| **role == Role::Owner).map(|(member, _)| *member)
    }

    fn rename(&self, group: DevGroupId, by: DeveloperId, typed: &str) -> Result<Decision<Event>, Rejection> {
        self.may_change(by)?;
        if self.personal {
            return Err(Rejection::PersonalGroup);
        }
        let name = names::check_development(typed).map_err(Rejection::Name)?;
        if name == self.name {
            return Ok(Decision::nothing());
        }
        let holder = DevGroup::stream(group.uuid());
        let claims = claim::exchange(&name_claims(&self.name), &name_claims(&name), &holder);
        Ok(Decision { events: vec![Event::Renamed(Renamed { name })], claims })
    }

    fn admit(
        &self,
        by: DeveloperId,
        integration: IntegrationId,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        self.may_change(by)?;
        if self.integrations.contains(&integration) {
            return Err(Rejection::AlreadyInGroup);
        }
        let limit = context.policy.integrations_per_group;
        if self.integrations.len() >= limit as usize {
            return Err(Rejection::TooManyIntegrations { limit });
        }
        Ok(Decision::events([Event::IntegrationAdmitted(IntegrationAdmitted { integration })]))
    }

    fn release(
        &self,
        by: DeveloperId,
        integration: IntegrationId,
        to: GroupRef,
    ) -> Result<Decision<Event>, Rejection> {
        self.may_change(by)?;
        if !self.integrations.contains(&integration) {
            return Err(Rejection::NotInGroup);
        }
        Ok(Decision::events([Event::IntegrationReleased(IntegrationReleased { integration, to })]))
    }

    fn may_change(&self, by: DeveloperId) -> Result<(), Rejection> {
        match self.members.get(&by) {
            Some(Role::Owner | Role::Admin) => Ok(()),
            Some(Role::Member) => Err(Rejection::NotAllowed),
            None => Err(Rejection::NotYours),
        }
    }
}
