//! `POST /v1/staff/gateways`

use super::{Gateway, ShownCredential};
use crate::{
    api::{answer, parse::Fields},
    extract::{Body, Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use domain::{fields::FieldError, gateway::Settings};
use serde::Deserialize;
use std::num::NonZeroU32;
use utoipa::ToSchema;

/// A gateway to let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterGateway {
    /// By which staff recognise it.
    #[schema(min_length = 1, max_length = 100, example = "Gateway Frankfurt")]
    name: String,
    /// Whether its requests must be signed.
    #[serde(default)]
    signed: bool,
    /// Calls it may ask for in a second; no bound when absent.
    #[schema(minimum = 1)]
    calls_per_second_max: Option<u32>,
}

impl Body for RegisterGateway {}

impl RegisterGateway {
    fn parse(self) -> Result<(String, Settings), Problem> {
        let mut fields = Fields::default();
        let calls_per_second_max = self.calls_per_second_max.and_then(|calls| {
            let calls = NonZeroU32::new(calls);
            if calls.is_none() {
                let rule = "at least 1; leave it out for no bound";
                fields.refuse(FieldError::new("/calls_per_second_max", "number.too_small", rule));
            }
            calls
        });
        fields.finish(Some((self.name, Settings { signed: self.signed, calls_per_second_max })))
    }
}

/// Let a gateway ask at the door; its first credential is shown this once.
#[utoipa::path(
    post, path = "/v1/staff/gateways", operation_id = "register_gateway", tag = "gateways",
    request_body = RegisterGateway,
    responses((status = 201, description = "The gateway with its credential, shown this once.", body = Gateway))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    request: Json<RegisterGateway>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (name, settings) = request.body.parse()?;
    let done = portal.app.register_gateway(meta, me.0, name, settings).await?;
    let row = Gateway::after(&portal, &done, done.value.gateway).await?;
    let place = (format!("/v1/staff/gateways/{}", row.id), row.version);
    let body = Gateway { issued: Some(ShownCredential::from(&done.value)), ..Gateway::from(row) };
    Ok(answer::created(&portal, &done, place, &body))
}
