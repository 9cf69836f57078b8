//! `POST /v1/groups`

use super::{Group, Named};
use crate::{
    api::answer,
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// Make a development group, owned by whoever asks.
#[utoipa::path(
    post, path = "/v1/groups", operation_id = "create_group", tag = "groups", request_body = Named,
    responses((status = 201, description = "The group was made.", body = Group))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    request: Json<Named>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.create_group(meta, me.0, request.body.name).await?;
    let row = Group::after(&portal, &done, done.value, me.0).await?;
    let place = (format!("/v1/groups/{}", row.id), row.version);
    Ok(answer::created(&portal, &done, place, &Group::of(row, portal.clock.now())))
}
