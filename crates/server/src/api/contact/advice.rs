//! How good a contact an address makes, for its vendor.

use domain::address;
use serde::Serialize;
use utoipa::ToSchema;

/// How good a contact the address makes, before any mail; only a code that comes back proves anything.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContactAdvice)]
pub struct Advice {
    /// From 0 to 100, what customers hope for.
    #[schema(maximum = 100, example = 100)]
    score: u8,
    /// What the score is made of, what weighs most first.
    #[schema(max_items = 8)]
    reasons: Vec<Reason>,
    /// The domain that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254, example = "gmail.com")]
    did_you_mean: Option<String>,
}

/// What speaks for an address, or against it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContactAdviceReason)]
pub struct Reason {
    /// Such as `shared_mailbox` or `looks_personal`.
    #[schema(max_length = 40, example = "shared_mailbox")]
    code: &'static str,
    /// What it adds to the score, or takes off.
    #[schema(minimum = -100, maximum = 100, example = 30)]
    points: i8,
    /// What it means and what to do.
    #[schema(max_length = 400)]
    words: &'static str,
}

impl From<address::Advice> for Advice {
    fn from(advice: address::Advice) -> Self {
        let address::Advice { score, reasons, did_you_mean } = advice;
        Self { score, reasons: reasons.into_iter().map(Reason::from).collect(), did_you_mean }
    }
}

impl From<address::Reason> for Reason {
    fn from(reason: address::Reason) -> Self {
        Self { code: reason.code(), points: reason.points(), words: reason.words() }
    }
}
