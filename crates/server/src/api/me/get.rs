//! `GET /v1/me`

use crate::{
    api::{answer, schemas, values::Role},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::{Problem, kinds},
    reads,
};
use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use readmodel::query::developer::{AccountMembership, GroupMembership};
use serde::Serialize;
use utoipa::ToSchema;

/// A developer as they see themselves.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {
    #[schema(value_type = schemas::DeveloperId)]
    id: String,
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: String,
    #[schema(max_length = 100, example = "Ada Lovelace")]
    name: String,
    #[schema(max_length = 35, example = "en")]
    locale: String,
    /// Terms accepted.
    #[schema(example = "2026-11")]
    terms_version: String,
    /// When the address was proven.
    proven_at: DateTime<Utc>,
    /// Development groups, oldest first, at most 100.
    #[schema(max_items = 100)]
    groups: Vec<OwnGroup>,
    /// Production accounts, oldest first, at most 100.
    #[schema(max_items = 100)]
    accounts: Vec<OwnAccount>,
}

/// Membership of a development group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnGroup {
    #[schema(value_type = schemas::DevGroupId)]
    id: String,
    role: Role,
}

/// Membership of a production account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAccount {
    #[schema(value_type = schemas::ProdAccountId)]
    id: String,
    role: Role,
}

/// Who one is, and where one belongs.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "get_me", tag = "me",
    responses((status = 200, description = "Oneself.", body = Me))
)]
pub(crate) async fn handle(portal: Data<Portal>, me: Developer, _: NoQuery) -> Result<HttpResponse, Problem> {
    let me = portal.me(me.0).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::versioned(&portal, me.row.version, &Me::from(me)))
}

impl From<reads::Me> for Me {
    fn from(view: reads::Me) -> Self {
        let reads::Me { row, email, name } = view;
        let group = |own: &GroupMembership| OwnGroup { id: own.id.to_string(), role: own.role.into() };
        let account = |own: &AccountMembership| OwnAccount { id: own.id.to_string(), role: own.role.into() };
        Self {
            id: row.id.to_string(),
            email: email.shown().to_owned(),
            name: name.shown().to_owned(),
            groups: row.groups.iter().map(group).collect(),
            accounts: row.accounts.iter().map(account).collect(),
            locale: row.locale,
            terms_version: row.terms_version,
            proven_at: row.proven_at,
        }
    }
}
