//! `POST /v1/staff/mailbox-readmissions`

use crate::{
    api::{answer, parse::Fields},
    extract::{Body, Call, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, http::StatusCode, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

/// A mailbox whose reader asked staff for codes after all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadmitMailbox {
    #[schema(min_length = 3, max_length = 254, example = "support@acme.example")]
    email: String,
}

impl Body for ReadmitMailbox {}

/// Let codes be sent to a mailbox again whose reader once said that it is not the vendor's. Changes nothing for others.
#[utoipa::path(
    post, path = "/v1/staff/mailbox-readmissions", operation_id = "readmit_mailbox", tag = "contacts",
    request_body = ReadmitMailbox, responses((status = 204, description = "It may be written to."))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    request: Json<ReadmitMailbox>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let mut fields = Fields::default();
    let mailbox = fields.address("/email", &request.body.email, portal.app.policy());
    let done = portal.app.readmit_mailbox(meta, &fields.finish(mailbox)?).await?;
    Ok(answer::done(&portal, StatusCode::NO_CONTENT, &done).finish())
}
