//! What a vendor says of an integration, as typed and as shown. Rules are the domain's; here are the forms.

use domain::integration::facts::{self, Draft, Endpoints, LtiDraft, SigningAlg};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt};
use utoipa::ToSchema;

/// The whole of what is said of an integration.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFacts {
    /// Public name.
    #[schema(min_length = 1, max_length = 100, example = "Attendance")]
    pub name: String,
    /// `lti13`, `rest` or both.
    #[schema(min_items = 1, max_items = 2, example = json!(["lti13", "rest"]))]
    pub kinds: Vec<String>,
    /// For administrators.
    #[schema(max_length = 450)]
    pub description: Option<String>,
    /// Hosts of the integration, without scheme, port or path.
    #[serde(default)]
    #[schema(example = json!(["attendance.acme.example"]))]
    pub hosts: Vec<String>,
    /// Where customers find help, https.
    #[schema(max_length = 1024)]
    pub support_url: Option<String>,
    /// LTI 1.3 part.
    pub lti: Option<Lti>,
    /// REST part.
    pub rest: Option<Rest>,
}

impl crate::extract::Body for DeclaredFacts {}

/// LTI 1.3 facts (LTI Core 1.3, 1EdTech Security Framework 1.0).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lti {
    /// OIDC third-party initiated login.
    #[serde(default, skip_serializing_if = "Urls::is_empty")]
    pub login_initiation_url: Urls,
    /// Exact redirect URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// The tool's key set.
    #[serde(default, skip_serializing_if = "Urls::is_empty")]
    pub jwks_uri: Urls,
    /// Where launches end.
    #[serde(default, skip_serializing_if = "Urls::is_empty")]
    pub target_link_uri: Urls,
    /// `RS256` (default) or `RS512`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_alg: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub icon_url: Option<String>,
    /// User fields it wants: role, name, email.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_fields: Vec<String>,
    /// Wants the grade service.
    #[serde(default)]
    pub grade_service: bool,
    /// Wants the membership service.
    #[serde(default)]
    pub membership_service: bool,
}

/// Where an LTI tool shows.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Type, such as `course_tool`.
    #[serde(rename = "type")]
    pub placement_type: String,
    /// What people read there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub name: Option<String>,
    /// What it does there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// Without blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32)]
    pub handle: Option<String>,
    /// Where its launches end, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub target_link_uri: Option<String>,
    /// Icon, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub icon_url: Option<String>,
    /// Message type sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// Whether students see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_students: Option<bool>,
    /// Override those of the tool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_parameters: BTreeMap<String, String>,
}

/// REST facts.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rest {
    /// Entitlement ids it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["course.attendance.VIEW"]))]
    pub entitlements: Vec<String>,
    /// Privilege labels as the vendor words them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<String>,
    /// Name proposed for the integration's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_user: Option<String>,
    /// Name proposed for its role; never a system administrator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_role: Option<String>,
    /// Acts for signed-in people (authorization code).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub three_legged_oauth: Option<bool>,
    /// Install switch: end users may reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user_access: Option<bool>,
    /// Install switch: may act as a user without asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act_as_user: Option<bool>,
}

/// One https URL for all regions, or a map from region to URL; the region `default` serves where no other
/// fits.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({"default": "https://attendance.acme.example/login", "eu": "https://eu.attendance.acme.example/login"}))]
pub enum Urls {
    /// For all regions.
    One(String),
    /// By region.
    ByRegion(BTreeMap<String, String>),
    /// Nothing said; never sent.
    #[default]
    #[schema(ignore)]
    #[serde(skip)]
    None,
}

const EVERYWHERE: &str = "default";

impl Urls {
    fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    fn endpoints(self) -> Endpoints {
        match self {
            Self::One(url) => Endpoints::from([(EVERYWHERE.to_owned(), url)]),
            Self::ByRegion(urls) => urls,
            Self::None => Endpoints::new(),
        }
    }
}

impl From<Endpoints> for Urls {
    fn from(mut urls: Endpoints) -> Self {
        match urls.len() {
            0 => Self::None,
            1 => urls.remove(EVERYWHERE).map_or(Self::ByRegion(urls), Self::One),
            _ => Self::ByRegion(urls),
        }
    }
}

impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Urls;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, or an object from region to URL")
            }
            fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<Urls, E> {
                Ok(Urls::One(url.to_owned()))
            }
            fn visit_string<E: serde::de::Error>(self, url: String) -> Result<Urls, E> {
                Ok(Urls::One(url))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Urls, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Urls::ByRegion)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl From<DeclaredFacts> for Draft {
    fn from(said: DeclaredFacts) -> Self {
        Self {
            name: said.name,
            kinds: said.kinds,
            description: said.description,
            hosts: said.hosts,
            support_url: said.support_url,
            lti: said.lti.map(LtiDraft::from),
            rest: said.rest.map(facts::Rest::from),
        }
    }
}

impl From<Lti> for LtiDraft {
    fn from(said: Lti) -> Self {
        Self {
            login_initiation_url: said.login_initiation_url.endpoints(),
            redirect_uris: said.redirect_uris,
            jwks_uri: said.jwks_uri.endpoints(),
            target_link_uri: said.target_link_uri.endpoints(),
            signing_alg: said.signing_alg,
            custom_parameters: said.custom_parameters,
            placements: said.placements.into_iter().map(facts::Placement::from).collect(),
            messages: said.messages,
            scopes: said.scopes,
            claims: said.claims,
            icon_url: said.icon_url,
            user_fields: said.user_fields,
            grade_service: said.grade_service,
            membership_service: said.membership_service,
        }
    }
}

impl From<facts::Lti> for Lti {
    fn from(known: facts::Lti) -> Self {
        let signing_alg = match known.signing_alg {
            SigningAlg::Rs256 => "RS256",
            SigningAlg::Rs512 => "RS512",
        };
        Self {
            login_initiation_url: known.login_initiation_url.into(),
            redirect_uris: known.redirect_uris,
            jwks_uri: known.jwks_uri.into(),
            target_link_uri: known.target_link_uri.into(),
            signing_alg: Some(signing_alg.to_owned()),
            custom_parameters: known.custom_parameters,
            placements: known.placements.into_iter().map(Placement::from).collect(),
            messages: known.messages,
            scopes: known.scopes,
            claims: known.claims,
            icon_url: known.icon_url,
            user_fields: known.user_fields,
            grade_service: known.grade_service,
            membership_service: known.membership_service,
        }
    }
}

impl From<Placement> for facts::Placement {
    fn from(said: Placement) -> Self {
        Self {
            placement_type: said.placement_type,
            name: said.name,
            description: said.description,
            handle: said.handle,
            target_link_uri: said.target_link_uri,
            icon_url: said.icon_url,
            message_type: said.message_type,
            allow_students: said.allow_students,
            custom_parameters: said.custom_parameters,
        }
    }
}

impl From<facts::Placement> for Placement {
    fn from(known: facts::Placement) -> Self {
        Self {
            placement_type: known.placement_type,
            name: known.name,
            description: known.description,
            handle: known.handle,
            target_link_uri: known.target_link_uri,
            icon_url: known.icon_url,
            message_type: known.message_type,
            allow_students: known.allow_students,
            custom_parameters: known.custom_parameters,
        }
    }
}

impl From<Rest> for facts::Rest {
    fn from(said: Rest) -> Self {
        Self {
            entitlements: said.entitlements,
            privileges: said.privileges,
            suggested_user: said.suggested_user,
            suggested_role: said.suggested_role,
            three_legged_oauth: said.three_legged_oauth,
            end_user_access: said.end_user_access,
            act_as_user: said.act_as_user,
        }
    }
}

impl From<facts::Rest> for Rest {
    fn from(known: facts::Rest) -> Self {
        Self {
            entitlements: known.entitlements,
            privileges: known.privileges,
            suggested_user: known.suggested_user,
            suggested_role: known.suggested_role,
            three_legged_oauth: known.three_legged_oauth,
            end_user_access: known.end_user_access,
            act_as_user: known.act_as_user,
        }
    }
}
