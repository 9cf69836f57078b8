//! `POST /v1/staff/groups/{group}/grants`

use super::{
    GroupAllowance,
    why::{AllowanceReason, why},
};
use crate::{
    api::{answer, parse::Fields, schemas},
    extract::{Body, Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use app::allowances::Why;
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::{
    allowance::{GrantAsked, parse},
    group::GroupRef,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Calls for some time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallsGranted {
    /// Calls in the window of the group's limits.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 40000)]
    calls: i64,
    /// Until, but not at, this instant; at most 90 days ahead.
    until: DateTime<Utc>,
    reason: AllowanceReason,
    /// More, in words to the vendor.
    #[schema(min_length = 1, max_length = 2000, example = "Until the migration is done.")]
    note: Option<String>,
}

impl Body for CallsGranted {}

impl CallsGranted {
    fn parse(self) -> Result<(GrantAsked, Why), Problem> {
        let mut fields = Fields::default();
        let why = why(&mut fields, self.reason, self.note);
        let calls = parse::calls("/calls", self.calls).map_err(|error| fields.refuse(error)).ok();
        // Instants of the portal are whole milliseconds.
        let until = self.until.trunc_subsecs(3);
        fields.finish(calls.map(|calls| (GrantAsked { calls, until }, why)))
    }
}

/// Give a group other calls until an instant; above the large tier a second approver must ask for the same.
#[utoipa::path(
    post, path = "/v1/staff/groups/{group}/grants", operation_id = "grant_calls", tag = "allowances",
    request_body = CallsGranted,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use, or what is proposed.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
    request: Json<CallsGranted>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (asked, why) = request.body.parse()?;
    let done = portal.app.grant(meta, me.0, *group, asked, why).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
