//! Why staff set something.

use crate::{api::parse::Fields, extract::Body, problem::Problem};
use app::allowances;
use domain::allowance::ReasonCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest note in characters.
pub(super) const NOTE_CHARS_MAX: usize = 2_000;

/// Why staff set something.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllowanceReason {
    /// The vendor asked for it.
    Requested,
    /// A peak that is foreseen: a term begins, a migration.
    Peak,
    /// A contract says so.
    Contract,
    /// The group's calls do harm, meant or not.
    Abuse,
    /// A credential leaked, or a system is in trouble.
    Incident,
    /// Against the terms.
    Terms,
    /// What there was is over.
    Resolved,
    /// Something else, told in the note.
    Other,
}

impl From<ReasonCode> for AllowanceReason {
    fn from(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::Requested => Self::Requested,
            ReasonCode::Peak => Self::Peak,
            ReasonCode::Contract => Self::Contract,
            ReasonCode::Abuse => Self::Abuse,
            ReasonCode::Incident => Self::Incident,
            ReasonCode::Terms => Self::Terms,
            ReasonCode::Resolved => Self::Resolved,
            ReasonCode::Other => Self::Other,
        }
    }
}

impl From<AllowanceReason> for ReasonCode {
    fn from(reason: AllowanceReason) -> Self {
        match reason {
            AllowanceReason::Requested => Self::Requested,
            AllowanceReason::Peak => Self::Peak,
            AllowanceReason::Contract => Self::Contract,
            AllowanceReason::Abuse => Self::Abuse,
            AllowanceReason::Incident => Self::Incident,
            AllowanceReason::Terms => Self::Terms,
            AllowanceReason::Resolved => Self::Resolved,
            AllowanceReason::Other => Self::Other,
        }
    }
}

/// Why, as a code and in words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    reason: AllowanceReason,
    /// More, in words to the vendor.
    #[schema(min_length = 1, max_length = 2000, example = "Ten thousand calls a minute, all refused.")]
    note: Option<String>,
}

impl Body for Why {}

impl Why {
    pub(super) fn parse(self) -> Result<allowances::Why, Problem> {
        let mut fields = Fields::default();
        let why = why(&mut fields, self.reason, self.note);
        fields.finish(Some(why))
    }
}

/// Reason and note of a body that says more besides.
pub(super) fn why(fields: &mut Fields, reason: AllowanceReason, note: Option<String>) -> allowances::Why {
    let note = note.map(|note| fields.text("/note", &note, NOTE_CHARS_MAX));
    allowances::Why { reason: reason.into(), note }
}
