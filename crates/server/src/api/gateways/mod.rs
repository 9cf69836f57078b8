//! Gateways: machines that ask at the door whether a call may pass.

pub mod get;
pub mod issue_credential;
pub mod list;
pub mod register;
pub mod retire;
pub mod revoke_credential;

use super::schemas;
use crate::{portal::Portal, problem::Problem};
use app::{About, Done, gateways::IssuedCredential};
use chrono::{DateTime, Utc};
use domain::ids::GatewayId;
use readmodel::{
    ReadModel,
    query::gateway::{GatewayCredentialRow, GatewayRow},
};
use serde::Serialize;
use std::num::NonZeroU32;
use utoipa::ToSchema;

/// A gateway as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    #[schema(value_type = schemas::GatewayId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Gateway Frankfurt")]
    name: String,
    /// Whether its requests must be signed.
    signed: bool,
    /// Calls it may ask for in a second; no bound when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, value_type = Option<u32>, nullable = false)]
    calls_per_second_max: Option<NonZeroU32>,
    /// Live ones, oldest first.
    #[schema(max_items = 2)]
    credentials: Vec<GatewayCredential>,
    /// When it was dismissed; absent while it may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<DateTime<Utc>>,
    /// The first credential, in the answer to the registration only.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<ShownCredential>,
}

/// A credential, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayCredential {
    #[schema(value_type = schemas::GatewayCredentialId)]
    id: String,
    /// Its last four characters before the checksum, to recognise it by.
    #[schema(min_length = 4, max_length = 4)]
    last_four: String,
    issued_at: DateTime<Utc>,
}

/// A credential as it is shown once.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownCredential {
    #[schema(value_type = schemas::GatewayCredentialId)]
    id: String,
    /// What goes into `Portal-Gateway`; null when the request is repeated, because it is not kept.
    #[schema(required, value_type = Option<schemas::GatewayToken>)]
    credential: Option<String>,
    /// What requests are signed with instead of sending the credential: `Portal-Gateway` is the id then; null
    /// when the credential is.
    #[schema(required, value_type = Option<schemas::SigningKey>)]
    signing_key: Option<String>,
    /// Always true: keep the credential now.
    shown_once: bool,
    /// The request was repeated and its credential can't be shown again: issue another one.
    credential_lost: bool,
}

impl std::fmt::Debug for ShownCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShownCredential({})", self.id)
    }
}

impl From<&IssuedCredential> for ShownCredential {
    fn from(issued: &IssuedCredential) -> Self {
        Self {
            id: issued.id.to_string(),
            credential_lost: issued.credential.is_none(),
            credential: issued.credential.as_ref().map(|credential| credential.reveal().clone()),
            signing_key: issued.signing_key.as_ref().map(|key| key.reveal().clone()),
            shown_once: true,
        }
    }
}

impl From<GatewayCredentialRow> for GatewayCredential {
    fn from(row: GatewayCredentialRow) -> Self {
        Self { id: row.id.to_string(), last_four: row.last_four, issued_at: row.issued_at }
    }
}

impl From<GatewayRow> for Gateway {
    fn from(row: GatewayRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            signed: row.settings.signed,
            calls_per_second_max: row.settings.calls_per_second_max,
            credentials: row.credentials.into_iter().map(GatewayCredential::from).collect(),
            retired_at: row.retired_at,
            issued: None,
        }
    }
}

impl Gateway {
    /// The gateway as a command left it.
    async fn after<T>(portal: &Portal, done: &Done<T>, id: GatewayId) -> Result<GatewayRow, Problem> {
        let query = async |read: &ReadModel| Ok(read.gateway(id).await?);
        portal.show(done, About::Gateway(id), query).await
    }
}
