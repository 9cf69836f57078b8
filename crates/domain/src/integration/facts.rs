//! What a vendor says of an integration: parsed from a draft of plain strings, with every broken field told
//! and every harmless spelling normalised and noted.

use crate::fields::{FieldError, Note};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an integration speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// LTI 1.3.
    #[serde(rename = "lti13")]
    Lti13,
    /// REST API.
    #[serde(rename = "rest")]
    Rest,
}

/// Region → URL; the region `default` serves where no other fits.
pub type Endpoints = BTreeMap<String, String>;

/// What is said of an integration, valid as far as it goes. Everything but name and kinds may be missing;
/// see [`Facts::missing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Public name, normalised.
    pub name: String,
    /// At least one.
    pub kinds: Vec<Kind>,
    /// For administrators, at most 450 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Declared hosts, ASCII lower case, without scheme, port or path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where customers find help with it, https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_url: Option<String>,
    /// LTI 1.3 part, when of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lti: Option<Lti>,
    /// REST part, when of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// LTI 1.3 facts (LTI Core 1.3, 1EdTech Security Framework 1.0).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lti {
    /// OIDC third-party initiated login.
    #[serde(default, skip_serializing_if = "Endpoints::is_empty")]
    pub login_initiation_url: Endpoints,
    /// Exact redirect URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// The tool's key set.
    #[serde(default, skip_serializing_if = "Endpoints::is_empty")]
    pub jwks_uri: Endpoints,
    /// Where launches end.
    #[serde(default, skip_serializing_if = "Endpoints::is_empty")]
    pub target_link_uri: Endpoints,
    /// Signing algorithm of the platform's messages.
    #[serde(default)]
    pub signing_alg: SigningAlg,
    /// Sent with every launch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_parameters: BTreeMap<String, String>,
    /// Where it shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<Placement>,
    /// Message types it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// LTI Advantage scopes it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Claims it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Icon, https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// User fields it wants: any of role, name, email.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_fields: Vec<String>,
    /// Wants the grade service.
    #[serde(default)]
    pub grade_service: bool,
    /// Wants the membership service.
    #[serde(default)]
    pub membership_service: bool,
}

/// Signing algorithms a registration may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SigningAlg {
    /// The one every platform must support.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
}

/// Where an LTI tool shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Canonical type, such as `course_tool`.
    #[serde(rename = "type")]
    pub placement_type: String,
    /// At most 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most 32 characters, without blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// At most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_link_uri: Option<String>,
    /// At most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// Message type sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// Whether students see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_students: Option<bool>,
    /// Override those of the tool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_parameters: BTreeMap<String, String>,
}

/// REST facts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rest {
    /// Entitlement ids it needs, such as `course.attendance.VIEW`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
    /// Privilege labels as the vendor words them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<String>,
    /// Name proposed for the integration's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_user: Option<String>,
    /// Name proposed for its role; never a system administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_role: Option<String>,
    /// Acts for signed-in people (authorization code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub three_legged_oauth: Option<bool>,
    /// Install switch: end users may reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user_access: Option<bool>,
    /// Install switch: may act as a user without asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_as_user: Option<bool>,
}

/// What was typed: plain strings, nothing checked. Pointers in errors and notes follow these names:
/// `/name`, `/kinds/0`, `/hosts/1`, `/lti/redirect_uris/0`, `/lti/login_initiation_url/eu`, …
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Public name.
    pub name: String,
    /// `lti13`, `rest`.
    pub kinds: Vec<String>,
    /// For administrators.
    pub description: Option<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Help page.
    pub support_url: Option<String>,
    /// LTI part.
    pub lti: Option<LtiDraft>,
    /// REST part; the strings are checked in place.
    pub rest: Option<Rest>,
}

/// The LTI part as typed.
#[derive(Debug, Clone, Default)]
pub struct LtiDraft {
    /// Region → URL (a bare URL arrives as region `default`).
    pub login_initiation_url: Endpoints,
    /// Redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Region → URL.
    pub jwks_uri: Endpoints,
    /// Region → URL.
    pub target_link_uri: Endpoints,
    /// `RS256` or `RS512`.
    pub signing_alg: Option<String>,
    /// Sent with every launch.
    pub custom_parameters: BTreeMap<String, String>,
    /// Placements, types as typed.
    pub placements: Vec<Placement>,
    /// Message types.
    pub messages: Vec<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Claims.
    pub claims: Vec<String>,
    /// Icon.
    pub icon_url: Option<String>,
    /// User fields.
    pub user_fields: Vec<String>,
    /// Grade service.
    pub grade_service: bool,
    /// Membership service.
    pub membership_service: bool,
}

/// Something an integration still lacks for release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// JSON pointer of the absent field.
    pub pointer: &'static str,
    /// Why it is needed.
    pub detail: &'static str,
}

/// Checks a draft. Ok carries the notes on what was normalised.
pub fn parse(_draft: Draft) -> Result<(Facts, Vec<Note>), Vec<FieldError>> {
    unimplemented!()
}

impl Facts {
    /// What is missing before it can be released; empty means complete.
    pub fn missing(&self) -> Vec<Missing> {
        unimplemented!()
    }

    /// Redirect and endpoint hosts that neither equal nor lie below a declared host.
    pub fn undeclared_hosts(&self) -> Vec<String> {
        unimplemented!()
    }
}
