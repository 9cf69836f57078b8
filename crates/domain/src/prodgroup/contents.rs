//! What a production group holds: its name and its integrations.

use super::{Event, Group, ProdGroup, Rejection};
use crate::{
    claim::{self, ClaimKey},
    decider::{Context, Decision},
    group::{GroupRef, Limits},
    ids::{IntegrationId, ProdAccountId},
    names, prodaccount,
    sealed::Subjects,
};
use serde::{Deserialize, Serialize};

/// Most integrations in one production group: their evidence must fit one event.
pub const INTEGRATIONS_MAX: usize = 50;

/// What a production name may consist of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames {
    /// The account's vendor name.
    pub vendor: String,
    /// Names of integrations of the account's members that may be its product.
    pub integrations: Vec<String>,
}

/// The group was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// Whose.
    pub account: ProdAccountId,
    /// Name, normalised.
    pub name: String,
    /// Limits until a grant (the development tier at the decision).
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

impl Subjects for Drafted {}
impl Subjects for Renamed {}
impl Subjects for IntegrationAdmitted {}
impl Subjects for IntegrationReleased {}

pub(super) fn draft(
    account: ProdAccountId,
    typed: &str,
    known: &KnownNames,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let name = checked(typed, known, context)?;
    let claims = claim::exchange(&[], &beyond_vendor(&name, known), &prodaccount::name_holder(account));
    let limits = context.policy.development;
    Ok(Decision { events: vec![Event::Drafted(Drafted { account, name, limits })], claims })
}

pub(super) fn rename(
    group: &Group,
    typed: &str,
    known: &KnownNames,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let name = checked(typed, known, context)?;
    if name == group.name {
        return Ok(Decision::nothing());
    }
    let (before, after) = (beyond_vendor(&group.name, known), beyond_vendor(&name, known));
    let claims = claim::exchange(&before, &after, &prodaccount::name_holder(group.account));
    Ok(Decision { events: vec![Event::Renamed(Renamed { name })], claims })
}

fn checked(typed: &str, known: &KnownNames, context: &Context<'_>) -> Result<String, Rejection> {
    names::check_production(typed, &known.vendor, &known.integrations, context.policy)
        .map_err(Rejection::Name)
}

/// The claims a group's name needs besides those its account's vendor name holds for good.
fn beyond_vendor(name: &str, known: &KnownNames) -> Vec<ClaimKey> {
    let of_vendor = names::claim_keys(&known.vendor);
    let needed = names::claim_keys(name).into_iter().filter(|key| !of_vendor.contains(key));
    needed.map(ClaimKey::Name).collect()
}

pub(super) fn admit(group: &Group, integration: IntegrationId) -> Result<Decision<Event>, Rejection> {
    if group.integrations.contains(&integration) {
        return Err(Rejection::AlreadyInGroup);
    }
    if group.integrations.len() >= INTEGRATIONS_MAX {
        return Err(Rejection::TooManyIntegrations);
    }
    Ok(Decision::events([Event::IntegrationAdmitted(IntegrationAdmitted { integration })]))
}

pub(super) fn release(
    group: &Group,
    integration: IntegrationId,
    to: GroupRef,
) -> Result<Decision<Event>, Rejection> {
    if !group.integrations.contains(&integration) {
        return Err(Rejection::NotInGroup);
    }
    Ok(Decision::events([Event::IntegrationReleased(IntegrationReleased { integration, to })]))
}

impl ProdGroup {
    /// The group, while its contents may change: not under the eyes of staff, and not after release, because
    /// name and integrations are what was reviewed.
    pub(super) fn editable(&self, attempt: &'static str, context: &Context<'_>) -> Result<&Group, Rejection> {
        if self.is_due(context.now) {
            return Err(Rejection::SubmissionExpired);
        }
        match self {
            Self::Absent => Err(Rejection::NotYours),
            Self::Submitted(..) | Self::InReview(..) => {
                Err(Rejection::UnderReview { phase: self.phase_name() })
            }
            Self::Approved(..) => Err(self.illegal(attempt)),
            Self::Draft(group)
            | Self::ChangesRequested(group, ..)
            | Self::Refused(group, _)
            | Self::Withdrawn(group)
            | Self::Expired(group) => Ok(group),
        }
    }
}
