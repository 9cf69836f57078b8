//! `POST /v1/production-accounts`

use super::Account;
use crate::{
    api::{answer, parse::Fields},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::{Problem, failures},
};
use actix_web::{HttpResponse, web::Data};
use app::accounts::OpenAccount;
use domain::policy::Policy;
use serde::Deserialize;
use utoipa::ToSchema;

/// A vendor as customers will see it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenProductionAccount)]
pub struct OpenProductionAccount {
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    /// Mailbox that customers can write to; its proof is asked for by mail.
    #[schema(min_length = 3, max_length = 254, example = "support@acme.example")]
    contact_email: String,
    /// Where customers find help, https.
    #[schema(max_length = 1024, example = "https://acme.example/support")]
    support_url: Option<String>,
}

impl Body for OpenProductionAccount {}

impl OpenProductionAccount {
    fn parse(self, policy: &Policy) -> Result<OpenAccount, Problem> {
        let mut fields = Fields::default();
        let contact = fields.address("/contact_email", &self.contact_email, policy);
        fields.vendor_name("/vendor_name", &self.vendor_name);
        let Self { vendor_name, support_url, .. } = self;
        fields.finish(contact.map(|contact| OpenAccount { vendor_name, contact, support_url }))
    }
}

/// Open a production account, owned by whoever asks.
#[utoipa::path(
    post, path = "/v1/production-accounts", operation_id = "open_account", tag = "production accounts",
    request_body = OpenProductionAccount,
    responses((status = 201, description = "The account was opened; its contact is not proven yet.", body = Account))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    request: Json<OpenProductionAccount>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let typed = request.body.contact_email.clone();
    let open = request.body.parse(portal.app.policy())?;
    let opened = portal.app.open_account(meta, me.0, open).await;
    let done = opened.map_err(|error| {
        failures::contact_at("/contact_email", &typed, failures::named_at("/vendor_name", error))
    })?;
    let (account, version) = Account::after(&portal, &done, done.value, me.0).await?;
    let place = (format!("/v1/production-accounts/{}", done.value), version);
    Ok(answer::created(&portal, &done, place, &account))
}
