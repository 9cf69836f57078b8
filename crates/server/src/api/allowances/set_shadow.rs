//! `PUT /v1/staff/groups/{group}/shadow`

use super::GroupAllowance;
use crate::{
    api::{answer, schemas},
    extract::{Body, Call, Json, Staff},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{allowance::parse, group::GroupRef};
use serde::Deserialize;
use std::num::NonZeroU32;
use utoipa::ToSchema;

/// A limit to observe.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowLimit {
    /// Calls in the window of the group's limits.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 5000)]
    calls: i64,
}

impl Body for ShadowLimit {}

impl ShadowLimit {
    fn parse(&self) -> Result<NonZeroU32, Problem> {
        parse::calls("/calls", self.calls).map_err(|error| Problem::new(&kinds::FIELDS).fields([error]))
    }
}

/// Observe a limit without enforcing it: what it would refuse is counted.
#[utoipa::path(
    put, path = "/v1/staff/groups/{group}/shadow", operation_id = "set_shadow", tag = "allowances",
    request_body = ShadowLimit,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
    request: Json<ShadowLimit>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.set_shadow(meta, me.0, *group, request.body.parse()?).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
