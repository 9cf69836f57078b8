//! Production accounts.

use super::{Listed, Member, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    address::MailboxClass,
    developer::Role,
    ids::{DeveloperId, IntentId, ProdAccountId, ProdGroupId},
    sealed::Sealed,
};
use eventlog::StreamVersion;
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

/// A production account as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Which.
    pub id: ProdAccountId,
    /// Public name of the vendor.
    pub vendor_name: String,
    /// Where customers find help.
    pub support_url: Option<String>,
    /// Role of the asking developer.
    pub role: Role,
    /// Everybody in it.
    pub members: Vec<Member>,
    /// Its contact.
    pub contact: ContactRow,
    /// Its production group.
    pub group: Option<ProdGroupId>,
    /// Of the account's stream.
    pub version: StreamVersion,
}

/// The contact of an account: what was declared last, and what customers see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// The newest declaration.
    pub declared: DeclaredContact,
    /// The open challenge of that declaration. It may have run out: compare `expires_at`.
    pub challenge: Option<Challenge>,
    /// The newest proven one. It may be due for another proof: compare `proven_at`.
    pub shown: Option<ShownContact>,
}

/// A declared contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredContact {
    /// Counts declarations from 1.
    pub epoch: u32,
    /// The address.
    pub address: Sealed,
    /// What kind of mailbox it looks like.
    pub class: MailboxClass,
}

/// A challenge that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Names mail and challenge.
    pub intent: IntentId,
    /// From then on the code is dead.
    pub expires_at: DateTime<Utc>,
    /// What became of the mail; none while it waits to be sent.
    pub mail: Option<MailOutcome>,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailOutcome {
    /// The relay took it.
    Sent,
    /// The relay refused for good.
    Permanent,
    /// Tries ran out.
    Exhausted,
    /// What it was about is no longer so.
    Obsolete,
    /// Its subject was erased.
    Erased,
}

/// A contact that has proven to receive mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownContact {
    /// Which declaration.
    pub epoch: u32,
    /// The address.
    pub address: Sealed,
    /// What kind of mailbox it looks like.
    pub class: MailboxClass,
    /// When it was proven last.
    pub proven_at: DateTime<Utc>,
}

impl ReadModel {
    /// The production accounts a developer is a member of.
    pub async fn accounts_of(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<AccountRow>, QueryError> {
        let rows = sqlx::query(sql::ACCOUNTS_OF)
            .bind(developer.to_string())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("position")?, account_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// One production account, when the developer is a member of it.
    pub async fn account(
        &self,
        id: ProdAccountId,
        developer: DeveloperId,
    ) -> Result<Option<AccountRow>, QueryError> {
        let row = sqlx::query(sql::ACCOUNT)
            .bind(id.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(account_row).transpose()
    }
}

fn account_row(row: &SqliteRow) -> Result<AccountRow, QueryError> {
    let columns = Columns(row);
    Ok(AccountRow {
        id: columns.parsed("id")?,
        vendor_name: columns.text("vendor_name")?,
        support_url: columns.optional_text("support_url")?,
        role: columns.word("role")?,
        members: columns.json("members")?,
        contact: contact_row(&columns)?,
        group: columns.optional_parsed("group_id")?,
        version: columns.version()?,
    })
}

pub(super) fn contact_row(row: &Columns<'_>) -> Result<ContactRow, QueryError> {
    let challenge = match row.optional_parsed("challenge_intent")? {
        None => None,
        Some(intent) => Some(Challenge {
            intent,
            expires_at: row.instant("challenge_expires_at")?,
            mail: row.optional_word("challenge_outcome")?,
        }),
    };
    Ok(ContactRow {
        declared: DeclaredContact {
            epoch: row.number("declared_epoch")?,
            address: row.json("declared_address")?,
            class: row.word("declared_class")?,
        },
        challenge,
        shown: shown_contact(row)?,
    })
}

pub(super) fn shown_contact(row: &Columns<'_>) -> Result<Option<ShownContact>, QueryError> {
    row.optional_instant("shown_proven_at")?
        .map(|proven_at| {
            Ok(ShownContact {
                epoch: row.number("shown_epoch")?,
                address: row.json("shown_address")?,
                class: row.word("shown_class")?,
                proven_at,
            })
        })
        .transpose()
}
