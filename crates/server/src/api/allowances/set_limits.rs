//! `PUT /v1/staff/groups/{group}/limits`

use super::{
    GroupAllowance,
    why::{AllowanceReason, why},
};
use crate::{
    api::{
        answer,
        parse::Fields,
        schemas,
        values::{Partition, Window},
    },
    extract::{Body, Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use app::allowances::Why;
use domain::{
    allowance::{LimitsAsked, parse::DraftLimits},
    group::{self, GroupRef, WindowKind},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Limits of its own; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsWanted {
    /// Calls per window.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 20000)]
    calls: i64,
    /// Length of the window in seconds, up to 366 days.
    #[schema(minimum = 60, maximum = 31_622_400, example = 86400)]
    window_s: Option<i64>,
    window: Option<Window>,
    /// Distinct customer sites.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 12)]
    sites: Option<i64>,
    partition: Option<Partition>,
    reason: AllowanceReason,
    /// More, in words to the vendor.
    #[schema(min_length = 1, max_length = 2000, example = "As agreed in the contract.")]
    note: Option<String>,
}

impl Body for LimitsWanted {}

impl LimitsWanted {
    fn parse(self) -> Result<(LimitsAsked, Why), Problem> {
        let mut fields = Fields::default();
        let why = why(&mut fields, self.reason, self.note);
        let draft = DraftLimits {
            calls: self.calls,
            window_s: self.window_s,
            window: self.window.map(WindowKind::from),
            sites: self.sites,
            partition: self.partition.map(group::Partition::from),
        };
        let asked = LimitsAsked::parse(draft).map_err(|errors| fields.extend(errors)).ok();
        fields.finish(asked.map(|asked| (asked, why)))
    }
}

/// Give a group limits of its own, from the very next call on; above the large tier a second approver must ask for
/// the same. Ends a grant that holds.
#[utoipa::path(
    put, path = "/v1/staff/groups/{group}/limits", operation_id = "set_limits", tag = "allowances",
    request_body = LimitsWanted,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use, or what is proposed.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
    request: Json<LimitsWanted>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (asked, why) = request.body.parse()?;
    let done = portal.app.set_limits(meta, me.0, *group, asked, why).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
