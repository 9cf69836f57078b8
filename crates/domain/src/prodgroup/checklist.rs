//! The machine checks before a submission, and the evidence they leave.

use crate::{
    address::MailboxClass,
    group::Limits,
    ids::IntegrationId,
    policy::{Policy, Tier},
    sealed::Fingerprint,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The checks, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CheckCode {
    /// The owner's sign-in address is proven.
    #[serde(rename = "owner_proven")]
    OwnerProven,
    /// The contact is proven within the policy's days.
    #[serde(rename = "contact_proven")]
    ContactProven,
    /// The contact is a role or list mailbox. Advisory.
    #[serde(rename = "contact_role")]
    ContactRole,
    /// The group's name obeys the rule.
    #[serde(rename = "name_rule")]
    NameRule,
    /// There is at least one integration.
    #[serde(rename = "has_integration")]
    HasIntegration,
    /// Every integration is complete.
    #[serde(rename = "integrations_complete")]
    IntegrationsComplete,
    /// Every URI lies on a declared host.
    #[serde(rename = "uris_on_declared_hosts")]
    UrisOnDeclaredHosts,
    /// The account has a support URL.
    #[serde(rename = "support_url")]
    SupportUrl,
    /// The owner accepted the current terms.
    #[serde(rename = "terms_accepted")]
    TermsAccepted,
    /// Limits are asked for, with a justification.
    #[serde(rename = "limits_justified")]
    LimitsJustified,
    /// Nobody is suspended.
    #[serde(rename = "no_suspension")]
    NoSuspension,
    /// A second owner. Advisory.
    #[serde(rename = "second_owner")]
    SecondOwner,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which.
    pub code: CheckCode,
    /// Whether it holds.
    pub green: bool,
    /// Advisory checks never block.
    pub advisory: bool,
    /// What to do when red; empty when green.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// All checks at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    /// In order.
    pub checks: Vec<Check>,
}

impl Checklist {
    /// Blocking checks that are red.
    pub fn blocking(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.green && !check.advisory)
    }

    /// Whether the group can be submitted.
    pub fn is_green(&self) -> bool {
        self.blocking().next().is_none()
    }
}

/// What the checks look at: small values folded by `app` from the group's, account's, owner's and
/// integrations' streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Terms the owner accepted.
    pub owner_terms_version: String,
    /// Number of owners of the account.
    pub owners: usize,
    /// Vendor name.
    pub vendor_name: String,
    /// Whether there is a support URL.
    pub support_url: Option<String>,
    /// The contact customers would see.
    pub contact: Option<ContactView>,
    /// Name of the group.
    pub group_name: String,
    /// The integrations in the group.
    pub integrations: Vec<IntegrationView>,
    /// What is asked for.
    pub asked: Option<(Tier, Limits)>,
}

/// The proven contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Which declaration.
    pub epoch: u32,
    /// Which address.
    pub fingerprint: Fingerprint,
    /// What kind of mailbox.
    pub class: MailboxClass,
    /// When it was proven.
    pub proven_at: DateTime<Utc>,
}

/// One integration in the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationView {
    /// Which.
    pub integration: IntegrationId,
    /// Its name.
    pub name: String,
    /// Which declaration of its facts.
    pub facts_version: u32,
    /// Pointers of what is missing.
    pub missing: Vec<String>,
    /// Hosts used but not declared.
    pub undeclared_hosts: Vec<String>,
}

/// What was checked and what it looked like: recorded with a submission, compared at each approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the group.
    pub group_name: String,
    /// The contact.
    pub contact: Option<ContactView>,
    /// Integrations and the declaration of facts that was checked.
    pub integrations: Vec<(IntegrationId, u32)>,
    /// What is asked for.
    pub asked: Option<(Tier, Limits)>,
    /// The checks.
    pub checklist: Checklist,
}

impl Evidence {
    /// SHA-256 over the JSON form, hex.
    pub fn hash(&self) -> String {
        unimplemented!()
    }
}

/// Evaluates all checks.
pub fn evaluate(_view: &View, _policy: &Policy, _now: DateTime<Utc>) -> Evidence {
    unimplemented!()
}
