//! Facts of a roster. Each says which group it is about; `at` is the instant of the decision, because folding
//! knows no clock.

use super::{SiteId, SiteUrl};
use crate::{
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    sealed::Subjects,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Whose number of sites is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The group's own.
    #[serde(rename = "group")]
    Group,
    /// The sum over the development groups of one owner.
    #[serde(rename = "owner")]
    Owner,
    /// The sum over the development groups of all owners of one organisation.
    #[serde(rename = "organisation")]
    Organisation,
}

/// A site uses an integration of the group from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRegistered {
    /// Where the integration lives.
    pub group: GroupRef,
    /// Which integration.
    pub integration: IntegrationId,
    /// Which site.
    pub site: SiteId,
    /// Where the site is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SiteUrl>,
    /// The group's limit at the decision.
    pub limit_at_decision: u32,
    /// When.
    pub at: DateTime<Utc>,
}

/// A site uses an integration of the group no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteReleased {
    /// Where the integration lives.
    pub group: GroupRef,
    /// Which integration.
    pub integration: IntegrationId,
    /// Which site.
    pub site: SiteId,
    /// Until then the place stays taken; none while the site uses another integration of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees_at: Option<DateTime<Utc>>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The vendor took a site off: it uses none of the group's integrations any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRemoved {
    /// Which group.
    pub group: GroupRef,
    /// Which site.
    pub site: SiteId,
    /// Who took it off.
    pub by: DeveloperId,
    /// Until then the place stays taken.
    pub frees_at: DateTime<Utc>,
    /// When.
    pub at: DateTime<Utc>,
}

/// An integration has left the group, and all its sites with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationDeparted {
    /// Which group it left.
    pub group: GroupRef,
    /// Which integration.
    pub integration: IntegrationId,
    /// Where it went.
    pub to: GroupRef,
    /// When.
    pub at: DateTime<Utc>,
}

/// An integration has come into the group and brought sites along; all of them, or a part when they fill more
/// than one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationArrived {
    /// Which group it came into.
    pub group: GroupRef,
    /// Which integration.
    pub integration: IntegrationId,
    /// Where it was.
    pub from: GroupRef,
    /// The sites that use it.
    pub sites: Vec<Carried>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A site that moves along with an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Which.
    pub site: SiteId,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SiteUrl>,
}

/// Four fifths of the places are taken. At most once a day for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearlyFull {
    /// Which group.
    pub group: GroupRef,
    /// Whose places.
    pub scope: Scope,
    /// Places taken.
    pub used: u32,
    /// Places there are.
    pub limit: u32,
    /// When.
    pub at: DateTime<Utc>,
}

/// A customer was refused because no place was free. At most once a day for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which group.
    pub group: GroupRef,
    /// Which integration the customer wanted.
    pub integration: IntegrationId,
    /// Which site was refused.
    pub site: SiteId,
    /// Whose places were all taken.
    pub scope: Scope,
    /// Places there are.
    pub limit: u32,
    /// When.
    pub at: DateTime<Utc>,
}

/// Sites of a group take places of the organisation. Only counted: who uses what stands in the owner's roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacesTaken {
    /// Which group.
    pub group: GroupRef,
    /// Which sites.
    pub sites: Vec<SiteId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Sites of a group give places of the organisation back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacesFreed {
    /// Which group.
    pub group: GroupRef,
    /// Which sites.
    pub sites: Vec<SiteId>,
    /// Until then the places stay taken; none when the sites took theirs along to another group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees_at: Option<DateTime<Utc>>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Subjects for SiteRegistered {}
impl Subjects for SiteReleased {}
impl Subjects for SiteRemoved {}
impl Subjects for IntegrationDeparted {}
impl Subjects for IntegrationArrived {}
impl Subjects for NearlyFull {}
impl Subjects for Refused {}
impl Subjects for PlacesTaken {}
impl Subjects for PlacesFreed {}
