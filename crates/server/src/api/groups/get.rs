//! `GET /v1/groups/{group}`

use super::Group;
use crate::{
    api::{answer, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::DevGroupId;

/// A development group one belongs to.
#[utoipa::path(
    get, path = "/v1/groups/{group}", operation_id = "get_group", tag = "groups",
    params(("group" = schemas::DevGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group.", body = Group))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    group: Path<DevGroupId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let row = portal.app.read().group(*group, me.0).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::versioned(&portal, row.version, &Group::of(row, portal.clock.now())))
}
