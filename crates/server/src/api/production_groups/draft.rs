//! `POST /v1/production-groups`

use super::ProductionGroup;
use crate::{
    api::{answer, schemas},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use domain::ids::ProdAccountId;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new production group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftProductionGroup {
    /// Whose; an account has one.
    #[schema(value_type = schemas::ProdAccountId)]
    account: ProdAccountId,
    /// `Company`, `Product` or `Company - Product`.
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
}

impl Body for DraftProductionGroup {}

/// Draft the production group of an account.
#[utoipa::path(
    post, path = "/v1/production-groups", operation_id = "draft_production_group", tag = "production groups",
    request_body = DraftProductionGroup,
    responses((status = 201, description = "The group was drafted.", body = ProductionGroup))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    request: Json<DraftProductionGroup>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let DraftProductionGroup { account, name } = request.body;
    let done = portal.app.draft_group(meta, me.0, account, name).await?;
    let (group, version) = ProductionGroup::after(&portal, &done, done.value, me.0).await?;
    let place = (format!("/v1/production-groups/{}", done.value), version);
    Ok(answer::created(&portal, &done, place, &group))
}
