//! `GET /v1/groups/{group}/sites`

use super::{Places, Site};
use crate::{
    api::{
        answer::{self, PageOf},
        schemas,
    },
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;
use serde::Serialize;
use utoipa::ToSchema;

/// The sites of a group, and the places there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sites {
    /// As they are at this moment.
    places: Places,
    /// Those that take a place, in the order they came.
    sites: PageOf<Site>,
}

/// The customer sites of a group of either kind.
#[utoipa::path(
    get, path = "/v1/groups/{group}/sites", operation_id = "list_sites", tag = "sites",
    params(("group" = schemas::GroupId, Path, description = "Which group."), Paging),
    responses((status = 200, description = "A page of sites.", body = Sites))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    group: Path<GroupRef>,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let (page, now, read) = (query.page()?, portal.clock.now(), portal.app.read());
    read.role_in(*group, me.0).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    let listed = read.sites_of(*group, me.0, now, page).await?;
    let places = portal.app.places(*group).await?.into();
    Ok(answer::plain(&Sites { places, sites: PageOf::of(listed, Site::from) }))
}
