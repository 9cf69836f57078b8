//! `PUT /v1/production-groups/{group}/limits-request`

use super::ProductionGroup;
use crate::{
    api::{answer, parse::Fields, schemas},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{
    fields::FieldError,
    group,
    ids::ProdGroupId,
    policy::{Policy, Tier},
    prodgroup::Asked,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Longest justification in characters.
const JUSTIFICATION_CHARS_MAX: usize = 2_000;

/// The limits that are wanted, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskLimits {
    tier: AskedTier,
    /// Calls per 24 hours; for the custom tier only.
    #[schema(minimum = 1)]
    calls: Option<u32>,
    /// Customer sites; for the custom tier only.
    #[schema(minimum = 1)]
    sites: Option<u32>,
    /// Why, in words to staff.
    #[schema(min_length = 1, max_length = 2000, example = "Twelve districts start in January.")]
    justification: String,
}

/// A size that can be asked for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedTier {
    /// The usual production size.
    Standard,
    /// For vendors with many customers.
    Large,
    /// Numbers of its own.
    Custom,
}

impl Body for AskLimits {}

impl AskLimits {
    fn parse(self, policy: &Policy) -> Result<(Asked, String), Problem> {
        let mut fields = Fields::default();
        let justification = fields.text("/justification", &self.justification, JUSTIFICATION_CHARS_MAX);
        let asked = match self.tier {
            AskedTier::Standard => Some(self.named(&mut fields, Tier::Standard, policy.standard)),
            AskedTier::Large => Some(self.named(&mut fields, Tier::Large, policy.large)),
            AskedTier::Custom => self.custom(&mut fields, policy),
        };
        fields.finish(asked.map(|asked| (asked, justification)))
    }

    fn named(&self, fields: &mut Fields, tier: Tier, limits: group::Limits) -> Asked {
        for (pointer, given) in [("/calls", self.calls), ("/sites", self.sites)] {
            if given.is_some() {
                let rule = "numbers of its own are for the custom tier";
                fields.refuse(FieldError::new(pointer, "limits.not_custom", rule).fix("custom"));
            }
        }
        Asked { tier, limits }
    }

    fn custom(&self, fields: &mut Fields, policy: &Policy) -> Option<Asked> {
        for (pointer, given) in [("/calls", self.calls), ("/sites", self.sites)] {
            if given.is_none() {
                fields.refuse(FieldError::new(
                    pointer,
                    "limits.number_missing",
                    "the custom tier needs this number",
                ));
            }
        }
        let limits = group::Limits { calls: self.calls?, sites: self.sites?, ..policy.large };
        Some(Asked { tier: Tier::Custom, limits })
    }
}

/// Say which limits are wanted, and why.
#[utoipa::path(
    put, path = "/v1/production-groups/{group}/limits-request", operation_id = "ask_limits",
    tag = "production groups", request_body = AskLimits,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group with what is asked.", body = ProductionGroup))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<AskLimits>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (asked, justification) = request.body.parse(portal.app.policy())?;
    let done = portal.app.ask_limits(meta, me.0, *group, asked, justification).await?;
    let (group, version) = ProductionGroup::after(&portal, &done, *group, me.0).await?;
    Ok(answer::changed(&portal, &done, version, &group))
}
