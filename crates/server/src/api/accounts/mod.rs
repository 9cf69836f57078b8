//! Production accounts: vendors as customers see them.

pub mod declare_contact;
pub mod get;
pub mod list;
pub mod open;
pub mod prove_contact;
pub mod request_challenge;
pub mod request_check;

use super::{
    contact::Contact,
    schemas,
    values::{MemberOf, Role},
};
use crate::{
    portal::Portal,
    problem::{Problem, kinds},
    reads::AccountView,
};
use app::{About, Done};
use domain::ids::{DeveloperId, ProdAccountId};
use eventlog::StreamVersion;
use readmodel::ReadModel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A production account as one of its members sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProductionAccount)]
pub struct Account {
    #[schema(value_type = schemas::ProdAccountId)]
    id: String,
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    /// Role of whoever asks.
    role: Role,
    #[schema(min_items = 1)]
    members: Vec<MemberOf>,
    /// Where customers find help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    support_url: Option<String>,
    contact: Contact,
    /// Its production group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::ProdGroupId>, nullable = false)]
    group: Option<String>,
}

impl Account {
    fn of(portal: &Portal, view: AccountView) -> Self {
        let AccountView { row, contact } = view;
        Self {
            id: row.id.to_string(),
            vendor_name: row.vendor_name,
            role: row.role.into(),
            members: row.members.into_iter().map(MemberOf::from).collect(),
            support_url: row.support_url,
            contact: Contact::of(row.contact, &contact, portal.clock.now(), portal.app.policy()),
            group: row.group.map(|group| group.to_string()),
        }
    }

    /// The account as it is now, with its version.
    async fn read(
        portal: &Portal,
        id: ProdAccountId,
        developer: DeveloperId,
    ) -> Result<(Self, StreamVersion), Problem> {
        let view = portal.account(portal.app.read(), developer, id).await?;
        let view = view.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
        let version = view.row.version;
        Ok((Self::of(portal, view), version))
    }

    /// The account as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        id: ProdAccountId,
        developer: DeveloperId,
    ) -> Result<(Self, StreamVersion), Problem> {
        let query = async |read: &ReadModel| portal.account(read, developer, id).await;
        let view = portal.show(done, About::Account(id), query).await?;
        let version = view.row.version;
        Ok((Self::of(portal, view), version))
    }
}

/// A code as it came in the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Eight letters and digits, in any case, with or without hyphen and blanks.
    #[schema(min_length = 8, max_length = 32, example = "ABCD-EFGH")]
    pub code: String,
}

impl crate::extract::Body for Proof {
    const SECRET: &'static [&'static str] = &["code"];
}
