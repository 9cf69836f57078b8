//! An integration: registered once, one ID for every customer, for ever.

pub mod facts;
mod parse;
pub mod placements;
mod secrets;
#[cfg(test)]
mod tests;
mod widening;

pub use secrets::{NewSecret, SECRETS_MAX, SecretIssued, SecretRevoked, TestMode, TestModeSet};

use crate::{
    claim::{self, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, SecretId},
    names::{self, NameProblem},
    sealed::Subjects,
    stored_events,
};
use facts::{Facts, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
        /// Which integration; its stream holds the claims of the name.
        integration: IntegrationId,
        /// Whether the asking developer may.
        standing: Standing,
        /// Whether its group is released: then access may not widen without a review.
        released: bool,
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
    /// End a secret: from then on nobody calls with it.
    RevokeSecret {
        /// Whether the asking developer may.
        standing: Standing,
        /// Which.
        secret: SecretId,
    },
    /// Have calls with a secret answered as if the limit were near or passed; in development only.
    SetTestMode {
        /// Whether the asking developer may.
        standing: Standing,
        /// Which.
        secret: SecretId,
        /// How calls with it are answered.
        mode: TestMode,
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

/// Facts of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was registered.
    Registered(Registered),
    /// What is said of it was declared anew.
    FactsDeclared(FactsDeclared),
    /// It has another REST secret.
    SecretIssued(SecretIssued),
    /// A secret was ended.
    SecretRevoked(SecretRevoked),
    /// Calls with a secret are answered otherwise.
    TestModeSet(TestModeSet),
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
impl Subjects for Moved {}

stored_events!(Event {
    Registered = "integration.registered" @ 1;
    FactsDeclared = "integration.facts_declared" @ 1;
    SecretIssued = "integration.secret_issued" @ 1;
    SecretRevoked = "integration.secret_revoked" @ 1;
    TestModeSet = "integration.test_mode_set" @ 1;
    Moved = "integration.moved" @ 1;
});

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
    /// A REST integration can't be called for without a secret.
    #[error("an integration with the REST kind begins with a secret")]
    SecretRequired,
    /// What customers installed must not vanish under them.
    #[error("a kind once registered stays")]
    KindRemoved,
    /// What was reviewed and installed does not ask for more behind people's backs.
    #[error("a released integration keeps its name and cannot ask for more than was reviewed")]
    WidensReleased {
        /// JSON pointers of the fields that ask for more.
        fields: Vec<&'static str>,
    },
    /// No such secret, or it was revoked.
    #[error("the integration has no live secret of this id")]
    NoSuchSecret,
    /// Customers never meet an answer that is put on.
    #[error("test mode is for integrations in a development group")]
    TestModeInProduction,
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
    /// Its live secrets.
    pub secrets: Vec<SecretIssued>,
    /// Secrets whose calls are answered otherwise; none of an integration in a production group.
    pub test_modes: BTreeMap<SecretId, TestMode>,
}

impl Decider for Integration {
    const CATEGORY: &'static str = "integration";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match (command, self) {
            (Command::Register { integration, owner, group, facts, secret }, Self::Absent) => {
                register(integration, Registered { owner, group, facts }, secret, context)
            }
            (Command::Register { .. }, Self::Live(_)) => Err(Rejection::AlreadyRegistered),
            (Command::DeclareFacts { integration, standing, released, facts }, Self::Live(live)) => {
                live.declare_facts(integration, standing, released, facts)
            }
            (Command::IssueSecret { standing, secret }, Self::Live(live)) => {
                live.issue_secret(standing, secret, context)
            }
            (Command::RevokeSecret { standing, secret }, Self::Live(live)) => {
                live.revoke_secret(standing, secret, context)
            }
            (Command::SetTestMode { standing, secret, mode }, Self::Live(live)) => {
                live.set_test_mode(standing, secret, mode)
            }
            (Command::Move { to }, Self::Live(live)) => live.move_to(to),
            (
                Command::DeclareFacts { .. }
                | Command::IssueSecret { .. }
                | Command::RevokeSecret { .. }
                | Command::SetTestMode { .. }
                | Command::Move { .. },
                Self::Absent,
            ) => Err(Rejection::NotYours),
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Registered(registered), Self::Absent) => Ok(Self::Live(Live {
                owner: registered.owner,
                group: registered.group,
                facts: registered.facts.clone(),
                facts_version: 1,
                secrets: Vec::new(),
                test_modes: BTreeMap::new(),
            })),
            (Event::FactsDeclared(declared), Self::Live(mut live)) => {
                live.facts = declared.facts.clone();
                live.facts_version += 1;
                Ok(Self::Live(live))
            }
            (Event::SecretIssued(issued), Self::Live(mut live)) => {
                live.secrets.push(issued.clone());
                Ok(Self::Live(live))
            }
            (Event::SecretRevoked(revoked), Self::Live(live)) => Ok(Self::Live(live.without(revoked.secret))),
            (Event::TestModeSet(set), Self::Live(live)) => Ok(Self::Live(live.answering(set))),
            (Event::Moved(moved), Self::Live(live)) => Ok(Self::Live(live.moved(moved.to))),
            (Event::Registered(_), state @ Self::Live(_))
            | (
                Event::FactsDeclared(_)
                | Event::SecretIssued(_)
                | Event::SecretRevoked(_)
                | Event::TestModeSet(_)
                | Event::Moved(_),
                state @ Self::Absent,
            ) => Err(state.unexpected(event)),
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Live(_) => "live",
        }
    }
}

fn register(
    integration: IntegrationId,
    registered: Registered,
    secret: Option<NewSecret>,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    names::normalise(&registered.facts.name).map_err(Rejection::Name)?;
    match (registered.facts.speaks(Kind::Rest), &secret) {
        (true, None) => return Err(Rejection::SecretRequired),
        (false, Some(_)) => return Err(Rejection::NotRest),
        (true, Some(_)) | (false, None) => {}
    }
    let needed = name_claims(&registered.facts.name, registered.owner);
    let claims = claim::exchange(&[], &needed, &Integration::stream(integration.uuid()));
    let issued = secret.map(|secret| Event::SecretIssued(secret.issued(context.now)));
    let events = std::iter::once(Event::Registered(registered)).chain(issued).collect();
    Ok(Decision { events, claims })
}

/// Keys under which a name is unique among its owner's integrations.
fn name_claims(name: &str, owner: DeveloperId) -> Vec<ClaimKey> {
    let owner = owner.to_string();
    let claim = |folded| ClaimKey::IntegrationName { owner: owner.clone(), folded };
    names::claim_keys(name).into_iter().map(claim).collect()
}

impl Standing {
    fn may_change(self) -> Result<(), Rejection> {
        match self {
            Self::MayChange => Ok(()),
            Self::MayRead => Err(Rejection::NotAllowed),
            Self::Stranger => Err(Rejection::NotYours),
        }
    }
}

impl Live {
    fn declare_facts(
        &self,
        integration: IntegrationId,
        standing: Standing,
        released: bool,
        facts: Facts,
    ) -> Result<Decision<Event>, Rejection> {
        standing.may_change()?;
        names::normalise(&facts.name).map_err(Rejection::Name)?;
        if self.facts.kinds.iter().any(|kind| !facts.speaks(*kind)) {
            return Err(Rejection::KindRemoved);
        }
        if facts == self.facts {
            return Ok(Decision::nothing());
        }
        let fields = widening::widened(&self.facts, &facts);
        if released && !fields.is_empty() {
            return Err(Rejection::WidensReleased { fields });
        }
        let holder = Integration::stream(integration.uuid());
        let (before, after) =
            (name_claims(&self.facts.name, self.owner), name_claims(&facts.name, self.owner));
        let claims = claim::exchange(&before, &after, &holder);
        Ok(Decision { events: vec![Event::FactsDeclared(FactsDeclared { facts })], claims })
    }

    fn move_to(&self, to: GroupRef) -> Result<Decision<Event>, Rejection> {
        if self.group == to {
            return Err(Rejection::AlreadyInGroup);
        }
        Ok(Decision::events([Event::Moved(Moved { from: self.group, to })]))
    }
}
