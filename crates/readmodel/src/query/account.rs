//! Production accounts.

use super::{Listed, Member, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use domain::{
    address::MailboxClass,
    developer::Role,
    ids::{DeveloperId, ProdAccountId, ProdGroupId},
    prodaccount::{Contacts, Proof},
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

/// The contact of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// What was declared, proven and found. Whether a challenge or a proof has run out tells the clock.
    pub contacts: Contacts,
    /// What became of the mail of the open challenge; none while it waits to be sent.
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
    /// What speaks for it.
    pub proof: Proof,
}

impl ShownContact {
    /// The contact of an account that customers see.
    pub fn of(contacts: &Contacts) -> Option<Self> {
        contacts.shown().map(|(shown, proof)| Self {
            epoch: shown.contact.epoch,
            address: shown.contact.address.clone(),
            class: shown.contact.class,
            proof: proof.clone(),
        })
    }
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

    /// Accounts with a proven contact, for the portal itself: what time may have come to.
    pub async fn proven_contacts(&self, page: Page) -> Result<Listed<(ProdAccountId, Contacts)>, QueryError> {
        let query = sqlx::query(sql::PROVEN_CONTACTS).bind(page.after_key()).bind(page.fetch());
        let rows = query.fetch_all(&self.pool()?).await?;
        let rows = rows.iter().map(|row| {
            let row = Columns(row);
            Ok((row.key("position")?, (row.parsed("id")?, row.json("contacts")?)))
        });
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
    Ok(ContactRow { contacts: row.json("contacts")?, mail: row.optional_word("challenge_outcome")? })
}

pub(super) fn shown_contact(row: &Columns<'_>) -> Result<Option<ShownContact>, QueryError> {
    let contacts: Option<Contacts> = row.optional_json("contacts")?;
    Ok(contacts.as_ref().and_then(ShownContact::of))
}
