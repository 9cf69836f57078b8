//! What a vendor says of an integration. [`parse`] makes [`Facts`] of a [`Draft`] of plain strings.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

pub use super::parse::{FACTS_BYTES_MAX, parse};

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

impl Facts {
    /// Whether it has a kind.
    pub fn speaks(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// What is missing before it can be released; empty means complete.
    pub fn missing(&self) -> Vec<Missing> {
        let mut missing = Vec::new();
        let mut need = |present: bool, pointer, detail| {
            if !present {
                missing.push(Missing { pointer, detail });
            }
        };
        need(self.description.is_some(), "/description", "administrators decide by it");
        need(
            !self.hosts.is_empty(),
            "/hosts",
            "customers allow its hosts, and every address must lie on one",
        );
        if self.speaks(Kind::Lti13) {
            let absent = Lti::default();
            let lti = self.lti.as_ref().unwrap_or(&absent);
            need(
                !lti.login_initiation_url.is_empty(),
                "/lti/login_initiation_url",
                "every launch begins there",
            );
            need(
                !lti.redirect_uris.is_empty(),
                "/lti/redirect_uris",
                "launches are sent only to listed addresses",
            );
            need(!lti.jwks_uri.is_empty(), "/lti/jwks_uri", "the tool's messages are verified with its keys");
            need(
                !lti.target_link_uri.is_empty(),
                "/lti/target_link_uri",
                "launches without a placement end there",
            );
        }
        if self.speaks(Kind::Rest) {
            let asks = self.rest.as_ref().is_some_and(|rest| {
                rest.three_legged_oauth == Some(true)
                    || !rest.entitlements.is_empty()
                    || !rest.privileges.is_empty()
            });
            need(
                asks,
                "/rest/entitlements",
                "administrators grant what is listed, unless people sign in themselves",
            );
        }
        missing
    }

    /// Redirect and endpoint hosts that neither equal nor lie below a declared host, in alphabetical order.
    pub fn undeclared_hosts(&self) -> Vec<String> {
        let hosts: BTreeSet<String> = self
            .lti
            .iter()
            .flat_map(Lti::addresses)
            .filter_map(|address| Url::parse(address).ok()?.host_str().map(str::to_owned))
            .filter(|host| !self.hosts.iter().any(|declared| is_at_or_below(host, declared)))
            .collect();
        hosts.into_iter().collect()
    }
}

impl Lti {
    /// Every address a launch, a login or a key look-up goes to.
    fn addresses(&self) -> impl Iterator<Item = &str> {
        let endpoints = [&self.login_initiation_url, &self.jwks_uri, &self.target_link_uri];
        let targets = self.placements.iter().filter_map(|placement| placement.target_link_uri.as_ref());
        endpoints
            .into_iter()
            .flat_map(Endpoints::values)
            .chain(&self.redirect_uris)
            .chain(targets)
            .map(String::as_str)
    }
}

fn is_at_or_below(host: &str, declared: &str) -> bool {
    host.strip_suffix(declared).is_some_and(|above| above.is_empty() || above.ends_with('.'))
}
