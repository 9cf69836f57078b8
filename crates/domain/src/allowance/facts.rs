//! What is recorded of an allowance. Each payload names its group, because the stream's UUID does not tell of
//! which kind it is.

use crate::{
    group::{GroupRef, Limits},
    ids::{DeveloperId, IntegrationId, StaffId, SubjectId, SubmissionId},
    sealed::{Sealed, Subjects},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why staff set something: a code from a fixed list; free text is sealed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReasonCode {
    /// The vendor asked for it.
    #[serde(rename = "requested")]
    Requested,
    /// A peak that is foreseen: a term begins, a migration.
    #[serde(rename = "peak")]
    Peak,
    /// A contract says so.
    #[serde(rename = "contract")]
    Contract,
    /// The group's calls do harm, meant or not.
    #[serde(rename = "abuse")]
    Abuse,
    /// A credential leaked, or a system is in trouble.
    #[serde(rename = "incident")]
    Incident,
    /// Against the terms.
    #[serde(rename = "terms")]
    Terms,
    /// What there was is over.
    #[serde(rename = "resolved")]
    Resolved,
    /// Something else, told in the note.
    #[serde(rename = "other")]
    Other,
}

/// It has limits of its own, from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSet {
    /// Which group.
    pub group: GroupRef,
    /// The whole of its limits.
    pub limits: Limits,
    /// The approval of the group that it came after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<SubmissionId>,
    /// Who decided, first approver first.
    pub staff: Vec<StaffId>,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// Policy in force.
    pub policy_version: u32,
}

/// The first of two who must ask for limits above the large tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsProposed {
    /// Which group.
    pub group: GroupRef,
    /// The whole of what is wanted.
    pub limits: Limits,
    /// The approval of the group that it came after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<SubmissionId>,
    /// Who.
    pub staff: StaffId,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// It has other calls for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Which group.
    pub group: GroupRef,
    /// Calls in the window of its limits.
    pub calls: u32,
    /// Until, but not at, this instant.
    pub until: DateTime<Utc>,
    /// The approval of the group that it came after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<SubmissionId>,
    /// Who decided, first approver first.
    pub staff: Vec<StaffId>,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// Policy in force.
    pub policy_version: u32,
}

/// The first of two who must ask for a grant above the large tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantProposed {
    /// Which group.
    pub group: GroupRef,
    /// Calls that are wanted.
    pub calls: u32,
    /// Until when.
    pub until: DateTime<Utc>,
    /// The approval of the group that it came after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<SubmissionId>,
    /// Who.
    pub staff: StaffId,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// A grant is over: its end has passed, or staff set something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantEnded {
    /// Which group.
    pub group: GroupRef,
    /// When it was over.
    pub at: DateTime<Utc>,
}

/// A limit is observed and not enforced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowSet {
    /// Which group.
    pub group: GroupRef,
    /// Calls in the window of its limits.
    pub calls: u32,
    /// Who.
    pub staff: StaffId,
}

/// No limit is observed any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowEnded {
    /// Which group.
    pub group: GroupRef,
    /// Who.
    pub staff: StaffId,
}

/// Every call of the group is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// Which group.
    pub group: GroupRef,
    /// Who.
    pub staff: StaffId,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Its calls pass again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Which group.
    pub group: GroupRef,
    /// Who.
    pub staff: StaffId,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// Its calls are parted among its integrations; whoever has no share draws on what is not reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharesDeclared {
    /// Which group.
    pub group: GroupRef,
    /// Who.
    pub by: DeveloperId,
    /// The whole, replacing the former.
    pub shares: Vec<Share>,
}

/// One integration's part of the group's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which integration.
    pub integration: IntegrationId,
    /// It never uses more of the group's calls than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
    /// Of the group's calls so many are nobody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<u32>,
}

fn of(note: Option<&Sealed>) -> Vec<SubjectId> {
    note.into_iter().map(|note| note.subject).collect()
}

impl Subjects for LimitsSet {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for LimitsProposed {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for Granted {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for GrantProposed {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for GrantEnded {}
impl Subjects for ShadowSet {}
impl Subjects for ShadowEnded {}
impl Subjects for Suspended {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for Resumed {
    fn subjects(&self) -> Vec<SubjectId> {
        of(self.note.as_ref())
    }
}
impl Subjects for SharesDeclared {}
