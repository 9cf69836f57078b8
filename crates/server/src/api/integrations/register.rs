//! `POST /v1/integrations`

use super::{
    Integration,
    facts::{DeclaredFacts, Lti, Rest},
};
use crate::{
    api::{answer, parse, schemas},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use app::integrations::Registered;
use domain::group::GroupRef;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new integration: name and kinds suffice, what is missing makes it incomplete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterIntegration {
    /// Where it lives; one's personal group when absent.
    #[schema(value_type = Option<schemas::GroupId>)]
    group: Option<GroupRef>,
    /// Public name.
    #[schema(min_length = 1, max_length = 100, example = "Attendance")]
    name: String,
    /// `lti13`, `rest` or both.
    #[schema(min_items = 1, max_items = 2, example = json!(["lti13", "rest"]))]
    kinds: Vec<String>,
    /// For administrators.
    #[schema(max_length = 450)]
    description: Option<String>,
    /// Hosts of the integration, without scheme, port or path.
    #[serde(default)]
    #[schema(example = json!(["attendance.acme.example"]))]
    hosts: Vec<String>,
    /// Where customers find help, https.
    #[schema(max_length = 1024)]
    support_url: Option<String>,
    /// LTI 1.3 part.
    lti: Option<Lti>,
    /// REST part.
    rest: Option<Rest>,
}

impl Body for RegisterIntegration {}

impl RegisterIntegration {
    fn split(self) -> (Option<GroupRef>, DeclaredFacts) {
        let Self { group, name, kinds, description, hosts, support_url, lti, rest } = self;
        (group, DeclaredFacts { name, kinds, description, hosts, support_url, lti, rest })
    }
}

/// Register an integration; its ID never changes.
#[utoipa::path(
    post, path = "/v1/integrations", operation_id = "register_integration", tag = "integrations",
    request_body = RegisterIntegration,
    responses((status = 201, description = "It was registered; a REST secret is shown this once.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    request: Json<RegisterIntegration>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (group, said) = request.body.split();
    let (facts, notes) = parse::facts(said)?;
    let mut done = portal.app.register(meta, me.0, group, facts).await?;
    let Registered { integration, ref mut secret } = done.value;
    let secret = secret.take();
    let row = Integration::after(&portal, &done, integration, me.0).await?;
    let place = (format!("/v1/integrations/{integration}"), row.version);
    let body = Integration::from(row).noted(notes).with_credentials(secret);
    Ok(answer::created(&portal, &done, place, &body))
}
