//! Values that several resources share.

use super::schemas;
use domain::{address::MailboxClass, developer, group, integration::facts, policy, prodgroup, staff};
use readmodel::Member;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Role of a member.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, ownership included.
    Owner,
    /// Everything but ownership.
    Admin,
    /// Reads everything but secrets.
    Member,
}

impl From<developer::Role> for Role {
    fn from(role: developer::Role) -> Self {
        match role {
            developer::Role::Owner => Self::Owner,
            developer::Role::Admin => Self::Admin,
            developer::Role::Member => Self::Member,
        }
    }
}

/// A member of a group or an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Member)]
pub struct MemberOf {
    #[schema(value_type = schemas::DeveloperId)]
    developer: String,
    role: Role,
}

impl From<Member> for MemberOf {
    fn from(member: Member) -> Self {
        Self { developer: member.developer.to_string(), role: member.role.into() }
    }
}

/// What a group may use.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// API calls per window.
    #[schema(minimum = 0, example = 10000)]
    calls: u32,
    /// Length of the window in seconds.
    #[schema(minimum = 1, example = 86400)]
    window_s: u32,
    window: Window,
    /// Distinct customer sites.
    #[schema(minimum = 0, example = 6)]
    sites: u32,
    partition: Partition,
}

/// What has so many calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partition {
    /// The group, whatever the integration and the site.
    Group,
    /// Each customer site of the group.
    GroupSite,
    /// Each integration of the group.
    Integration,
}

impl From<group::Partition> for Partition {
    fn from(partition: group::Partition) -> Self {
        match partition {
            group::Partition::Group => Self::Group,
            group::Partition::GroupSite => Self::GroupSite,
            group::Partition::Integration => Self::Integration,
        }
    }
}

/// How the window is counted.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Never more than the limit in any window.
    Rolling,
    /// Opens at the first call and refills in full.
    Anchored,
}

impl From<group::WindowKind> for Window {
    fn from(window: group::WindowKind) -> Self {
        match window {
            group::WindowKind::Rolling => Self::Rolling,
            group::WindowKind::Anchored => Self::Anchored,
        }
    }
}

impl From<Window> for group::WindowKind {
    fn from(window: Window) -> Self {
        match window {
            Window::Rolling => Self::Rolling,
            Window::Anchored => Self::Anchored,
        }
    }
}

impl From<Partition> for group::Partition {
    fn from(partition: Partition) -> Self {
        match partition {
            Partition::Group => Self::Group,
            Partition::GroupSite => Self::GroupSite,
            Partition::Integration => Self::Integration,
        }
    }
}

impl From<group::Limits> for Limits {
    fn from(limits: group::Limits) -> Self {
        Self {
            calls: limits.calls,
            window_s: limits.window_s,
            window: limits.window.into(),
            sites: limits.sites,
            partition: limits.partition.into(),
        }
    }
}

/// Named size of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Development groups and drafts.
    Development,
    /// The usual production size.
    Standard,
    /// For vendors with many customers.
    Large,
    /// Numbers of its own.
    Custom,
}

impl From<policy::Tier> for Tier {
    fn from(tier: policy::Tier) -> Self {
        match tier {
            policy::Tier::Development => Self::Development,
            policy::Tier::Standard => Self::Standard,
            policy::Tier::Large => Self::Large,
            policy::Tier::Custom => Self::Custom,
        }
    }
}

/// Limits that a vendor asks for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    tier: Tier,
    limits: Limits,
}

impl From<prodgroup::Asked> for Asked {
    fn from(asked: prodgroup::Asked) -> Self {
        Self { tier: asked.tier.into(), limits: asked.limits.into() }
    }
}

/// What an integration speaks.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// LTI 1.3.
    Lti13,
    /// REST API.
    Rest,
}

impl From<facts::Kind> for Kind {
    fn from(kind: facts::Kind) -> Self {
        match kind {
            facts::Kind::Lti13 => Self::Lti13,
            facts::Kind::Rest => Self::Rest,
        }
    }
}

/// What kind of mailbox a contact looks like.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactClass {
    /// support@, business@, …
    Role,
    /// Looks like a person.
    Personal,
    /// A free-mail provider.
    FreeMail,
    /// A throw-away provider.
    Disposable,
    /// Takes no answers.
    NoReply,
}

impl From<MailboxClass> for ContactClass {
    fn from(class: MailboxClass) -> Self {
        match class {
            MailboxClass::Role => Self::Role,
            MailboxClass::Personal => Self::Personal,
            MailboxClass::FreeMail => Self::FreeMail,
            MailboxClass::Disposable => Self::Disposable,
            MailboxClass::NoReply => Self::NoReply,
        }
    }
}

/// Why staff sent back or refused.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Name misleads or breaks the naming rule.
    Naming,
    /// Contact unsuitable.
    Contact,
    /// Facts of an integration wrong or misleading.
    IntegrationFacts,
    /// Asks for more entitlements than its purpose needs.
    Entitlements,
    /// Limits not justified.
    Limits,
    /// Against the terms.
    Terms,
    /// Something else, told in the note.
    Other,
}

impl From<prodgroup::ReasonCode> for Reason {
    fn from(reason: prodgroup::ReasonCode) -> Self {
        use prodgroup::ReasonCode as R;
        match reason {
            R::Naming => Self::Naming,
            R::Contact => Self::Contact,
            R::IntegrationFacts => Self::IntegrationFacts,
            R::Entitlements => Self::Entitlements,
            R::Limits => Self::Limits,
            R::Terms => Self::Terms,
            R::Other => Self::Other,
        }
    }
}

impl From<Reason> for prodgroup::ReasonCode {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Naming => Self::Naming,
            Reason::Contact => Self::Contact,
            Reason::IntegrationFacts => Self::IntegrationFacts,
            Reason::Entitlements => Self::Entitlements,
            Reason::Limits => Self::Limits,
            Reason::Terms => Self::Terms,
            Reason::Other => Self::Other,
        }
    }
}

/// Nothing: the body of a request that needs no more than its path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl crate::extract::Body for Empty {}

/// A normalised spelling that was told to the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// JSON pointer (RFC 6901) into the request body.
    pointer: String,
    /// What was changed, and into what.
    detail: String,
}

impl From<domain::fields::Note> for Note {
    fn from(note: domain::fields::Note) -> Self {
        Self { pointer: note.pointer, detail: note.detail }
    }
}

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Reads queue and evidence.
    Reader,
    /// Reads and decides.
    Approver,
    /// Reads everything, decides nothing.
    Auditor,
}

impl From<staff::StaffRole> for StaffRole {
    fn from(role: staff::StaffRole) -> Self {
        match role {
            staff::StaffRole::Reader => Self::Reader,
            staff::StaffRole::Approver => Self::Approver,
            staff::StaffRole::Auditor => Self::Auditor,
        }
    }
}
