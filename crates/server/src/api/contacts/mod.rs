//! Contacts that want somebody, for staff.

pub mod list;

use super::schemas;
use chrono::{DateTime, Utc};
use domain::{policy::Policy, prodaccount::ContactState};
use readmodel::query::account::TroubledContact;
use serde::Serialize;
use utoipa::ToSchema;

/// A contact that wants somebody. What was found about it is for the members of its account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContactInTrouble)]
pub struct InTrouble {
    #[schema(value_type = schemas::ProdAccountId)]
    account: String,
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    /// Its production group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::ProdGroupId>, nullable = false)]
    group: Option<String>,
    trouble: Trouble,
    /// Since when it is in trouble of some kind.
    since: DateTime<Utc>,
    /// When the proof ends, where one stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<DateTime<Utc>>,
}

/// What is the matter with a contact.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContactTrouble)]
pub enum Trouble {
    /// The newest one was never proven to the end.
    Awaiting,
    /// Something speaks against its proof.
    Degraded,
    /// So much speaks against its proof that it ends unless a new one is given.
    Ending,
    /// Its proof has ended.
    Ended,
}

impl InTrouble {
    fn of(row: TroubledContact, now: DateTime<Utc>, policy: &Policy) -> Self {
        let TroubledContact { account, vendor_name, group, contacts, since } = row;
        // What customers see weighs more than what is to take its place.
        let standing = contacts.shown().map_or(&contacts.newest, |(shown, _)| shown);
        let doubt = standing.proof.as_ref().and_then(|proof| proof.trouble.as_ref());
        let is_ending = doubt.is_some_and(|doubt| doubt.ends_at.is_some());
        let (trouble, ends_at) = match standing.state(now, policy) {
            ContactState::Pending => (Trouble::Awaiting, None),
            ContactState::Proven { until } | ContactState::DueSoon { until } => {
                (Trouble::Awaiting, Some(until))
            }
            ContactState::Degraded { until, .. } if is_ending => (Trouble::Ending, Some(until)),
            ContactState::Degraded { until, .. } => (Trouble::Degraded, Some(until)),
            ContactState::Lapsed { .. } | ContactState::Withdrawn { .. } => (Trouble::Ended, None),
        };
        Self {
            account: account.to_string(),
            vendor_name,
            group: group.map(|group| group.to_string()),
            trouble,
            since,
            ends_at,
        }
    }
}
