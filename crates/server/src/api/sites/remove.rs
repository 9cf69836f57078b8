//! `DELETE /v1/groups/{group}/sites/{site}`

use super::Places;
use crate::{
    api::{answer, schemas},
    extract::{Call, Developer},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use chrono::{DateTime, Utc};
use domain::{group::GroupRef, roster::SiteId};
use serde::Serialize;
use utoipa::ToSchema;

/// A site that was taken off, and the places there are now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteRemoved {
    #[schema(value_type = schemas::SiteId)]
    site: String,
    /// Until then its place stays taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    frees_at: Option<DateTime<Utc>>,
    places: Places,
}

/// Take a customer site off a group, whatever it uses there; its place stays taken for a while.
#[utoipa::path(
    delete, path = "/v1/groups/{group}/sites/{site}", operation_id = "remove_site", tag = "sites",
    params(
        ("group" = schemas::GroupId, Path, description = "Which group."),
        ("site" = schemas::SiteId, Path, description = "Which site.")
    ),
    responses((status = 200, description = "The site uses nothing of the group any more.", body = SiteRemoved))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    path: Path<(GroupRef, SiteId)>,
) -> Result<HttpResponse, Problem> {
    let (group, site) = path.into_inner();
    let done = portal.app.remove_site(call.bare_meta(), me.0, group, site.clone()).await?;
    let places = portal.app.places(group).await?.into();
    let body = SiteRemoved { site: site.into(), frees_at: done.value, places };
    Ok(answer::changed(&portal, &done, done.version, &body))
}
