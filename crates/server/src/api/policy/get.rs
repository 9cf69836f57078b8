//! `GET /v1/policy`

use crate::{
    api::{answer, values::Limits},
    extract::query::NoQuery,
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use domain::{entitlements, policy::Policy};
use serde::Serialize;
use utoipa::ToSchema;

/// Numbers and lists that decisions are made by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Policy)]
pub struct PolicyInForce {
    #[schema(minimum = 1)]
    version: u32,
    /// Terms to accept at sign-up.
    #[schema(example = "2026-11")]
    terms_version: String,
    tiers: Tiers,
    /// Development groups one developer may own.
    #[schema(minimum = 1)]
    dev_groups_per_owner: u32,
    /// Production accounts one developer may own.
    #[schema(minimum = 1)]
    accounts_per_owner: u32,
    /// Integrations one development group may hold.
    #[schema(minimum = 1)]
    integrations_per_group: u32,
    /// Calls per 24 hours of all development groups of one owner together.
    #[schema(minimum = 1)]
    owner_development_calls: u32,
    /// Customer sites of all development groups of one owner together.
    #[schema(minimum = 1)]
    owner_development_sites: u32,
    /// Calls per 24 hours of all development groups of one organisation together: of the owners whose proven
    /// addresses are at one domain that is no mail provider's.
    #[schema(minimum = 1)]
    organisation_development_calls: u32,
    /// Customer sites of all development groups of one organisation together.
    #[schema(minimum = 1)]
    organisation_development_sites: u32,
    /// Hours a released site goes on taking its place.
    #[schema(minimum = 0)]
    site_cooling_hours: u32,
    /// Days a proof of a contact stands.
    #[schema(minimum = 1)]
    contact_proof_days: u32,
    /// Days to prove a contact anew when mail to it keeps coming back.
    #[schema(minimum = 1)]
    contact_grace_days: u32,
    /// Hours a contact's code can be answered.
    #[schema(minimum = 1)]
    contact_challenge_hours: u32,
    /// Days after which an untouched submission expires.
    #[schema(minimum = 1)]
    submission_life_days: u32,
    /// Whole words refused in production group names.
    banned_name_tokens: Vec<String>,
    /// Version of the table of entitlements.
    #[schema(example = "2026-11")]
    entitlement_table: &'static str,
}

/// The named sizes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tiers {
    development: Limits,
    standard: Limits,
    /// Above it two members of staff must approve.
    large: Limits,
}

/// The policy in force.
#[utoipa::path(
    get, path = "/v1/policy", operation_id = "get_policy", tag = "policy",
    responses((status = 200, description = "The policy.", body = PolicyInForce))
)]
pub(crate) async fn handle(portal: Data<Portal>, _: NoQuery) -> Result<HttpResponse, Problem> {
    Ok(answer::plain(&PolicyInForce::from(portal.app.policy())))
}

impl From<&Policy> for PolicyInForce {
    fn from(policy: &Policy) -> Self {
        Self {
            version: policy.version,
            terms_version: policy.terms_version.clone(),
            tiers: Tiers {
                development: policy.development.into(),
                standard: policy.standard.into(),
                large: policy.large.into(),
            },
            dev_groups_per_owner: policy.dev_groups_per_owner,
            accounts_per_owner: policy.accounts_per_owner,
            integrations_per_group: policy.integrations_per_group,
            owner_development_calls: policy.owner_development_calls,
            owner_development_sites: policy.owner_development_sites,
            organisation_development_calls: policy.organisation_development_calls,
            organisation_development_sites: policy.organisation_development_sites,
            site_cooling_hours: policy.site_cooling_hours,
            contact_proof_days: policy.contact_proof_days,
            contact_grace_days: policy.contact_grace_days,
            contact_challenge_hours: policy.contact_challenge_hours,
            submission_life_days: policy.submission_life_days,
            banned_name_tokens: policy.banned_name_tokens.clone(),
            entitlement_table: entitlements::TABLE_VERSION,
        }
    }
}
