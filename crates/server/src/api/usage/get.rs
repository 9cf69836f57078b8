//! `GET /v1/groups/{group}/usage`

use super::{
    chart, csv,
    shown::{ByName, Names, RangeName, Usage, names},
};
use crate::{
    api::{answer, schemas},
    extract::{Call, accept::preferred},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path, Query},
};
use app::quota::usage::By;
use domain::group::GroupRef;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What the answer can be, best first.
pub(crate) const MEDIA_TYPES: &[&str] = &["application/json", "text/csv", "image/svg+xml"];

/// Which history, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// How far back: `24h` in steps of five minutes, `30d` by day, `1y` by month.
    #[serde(default)]
    #[param(inline, default = "24h")]
    range: RangeName,
    /// What the calls are divided by.
    #[serde(default)]
    #[param(inline, default = "none")]
    by: ByName,
    /// The form, for clients that can't send `Accept`.
    #[param(inline)]
    format: Option<Format>,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `application/json`.
    Json,
    /// `text/csv`.
    Csv,
    /// `image/svg+xml`: a chart.
    Svg,
}

/// What became of a group's calls: as JSON, as CSV for spreadsheets, or as a chart. Steps without calls are zero,
/// all steps begin at round instants in UTC. Calls show within ten seconds.
#[utoipa::path(
    get, path = "/v1/groups/{group}/usage", operation_id = "get_usage", tag = "quota",
    params(("group" = schemas::GroupId, Path, description = "Which group."), Asked),
    responses((status = 200, description = "The history.", content(
        (Usage = "application/json"), (String = "text/csv"), (String = "image/svg+xml")
    )))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    group: Path<GroupRef>,
    asked: Query<Asked>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    portal.must_see(&call, *group).await?;
    let history = portal.app.usage(*group, asked.range.into(), asked.by.into()).await?;
    let names = match By::from(asked.by) {
        By::Integration => integration_names(&portal, *group).await?,
        By::Nothing | By::Site | By::Outcome => Names::new(),
    };
    match format(&request, asked.format) {
        Format::Json => Ok(answer::plain(&Usage::of(*group, (asked.range, asked.by), &history, &names))),
        Format::Csv => {
            let name = format!("attachment; filename=\"usage-{}-{}.csv\"", *group, asked.range.word());
            Ok(HttpResponse::Ok()
                .content_type("text/csv; charset=utf-8; header=present")
                .insert_header((header::CONTENT_DISPOSITION, name))
                .body(csv::document(&history, &names)))
        }
        Format::Svg => Ok(HttpResponse::Ok()
            .content_type("image/svg+xml")
            .insert_header((header::CONTENT_SECURITY_POLICY, chart::security_policy()))
            .body(chart::document(*group, asked.range, &history, &names))),
    }
}

/// The form asked for; the gate has made sure that there is one.
fn format(request: &HttpRequest, asked: Option<Format>) -> Format {
    let accepted = || match preferred(request.headers(), MEDIA_TYPES) {
        Some(1) => Format::Csv,
        Some(2) => Format::Svg,
        Some(_) | None => Format::Json,
    };
    asked.unwrap_or_else(accepted)
}

async fn integration_names(portal: &Portal, group: GroupRef) -> Result<Names, Problem> {
    let rows = portal.app.read().integration_names(group).await?;
    names(rows).map_err(|_| Problem::new(&kinds::INTERNAL))
}
