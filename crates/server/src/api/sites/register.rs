//! `POST /gateway/sites`

use super::{Registration, explained, segment};
use crate::{
    api::{answer, parse::Fields, schemas},
    extract::{Body, Call, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use domain::{
    fields::FieldError,
    ids::IntegrationId,
    roster::{SiteId, SiteUrl},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which site uses what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterSite {
    #[schema(value_type = schemas::IntegrationId)]
    integration: IntegrationId,
    /// The site's id as the platform gives it; UUIDs are read in any letter case.
    #[schema(value_type = schemas::SiteId)]
    site: String,
    /// Where the site is: https, without user and password.
    #[schema(
        format = "uri",
        min_length = 1,
        max_length = 255,
        example = "https://learn.university.example/"
    )]
    url: Option<String>,
}

impl Body for RegisterSite {}

impl RegisterSite {
    fn parse(self) -> Result<(IntegrationId, SiteId, Option<SiteUrl>), Problem> {
        let mut fields = Fields::default();
        let site = self.site.parse().map_err(|invalid: domain::roster::InvalidSite| {
            fields.refuse(FieldError::new("/site", "site.id", invalid.to_string()));
        });
        let url = self.url.map(|url| {
            url.parse().map_err(|invalid: domain::roster::InvalidSiteUrl| {
                fields.refuse(FieldError::new("/url", "site.url", invalid.to_string()));
            })
        });
        let url = url.and_then(Result::ok);
        fields.finish(site.ok().map(|site| (self.integration, site, url)))
    }
}

/// Register a customer site: an institution installs an integration there.
#[utoipa::path(
    post, path = "/gateway/sites", operation_id = "register_site", tag = "sites", request_body = RegisterSite,
    responses(
        (status = 201, description = "The site uses the integration from now on.", body = Registration),
        (status = 200, description = "It uses the integration already.", body = Registration)
    )
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    request: Json<RegisterSite>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (integration, site, url) = request.body.parse()?;
    let done = match portal.app.register_site(meta, integration, site.clone(), url).await {
        Ok(done) => done,
        Err(error) => return Err(explained(&portal, integration, error).await),
    };
    let place = format!("/gateway/sites/{integration}/{}", segment(site.as_str()));
    let (integration, site, group) = (integration.to_string(), site.into(), done.value.group.to_string());
    let body = Registration { integration, site, group, frees_at: None };
    Ok(if done.value.is_new {
        answer::created(&portal, &done, (place, done.version), &body)
    } else {
        answer::changed(&portal, &done, done.version, &body)
    })
}
