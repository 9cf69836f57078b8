//! The phases of a promotion as rows and filters name them.

use std::str::FromStr;

/// Phase of a production group, as last recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromotionState {
    /// Being prepared.
    Draft,
    /// Handed in, nobody looks yet.
    Submitted,
    /// Staff look at it.
    InReview,
    /// The vendor's turn.
    ChangesRequested,
    /// Released.
    Approved,
    /// Refused; may be submitted anew.
    Refused,
    /// Taken back; may be submitted anew.
    Withdrawn,
    /// Ran out; may be submitted anew.
    Expired,
}

/// Not a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected draft, submitted, in_review, changes_requested, approved, refused, withdrawn or expired")]
pub struct InvalidPromotionState;

impl PromotionState {
    /// All phases, in the order of a promotion.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Submitted,
        Self::InReview,
        Self::ChangesRequested,
        Self::Approved,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// The word for it in columns, filters and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::InReview => "in_review",
            Self::ChangesRequested => "changes_requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for PromotionState {
    type Err = InvalidPromotionState;
    fn from_str(text: &str) -> Result<Self, InvalidPromotionState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(InvalidPromotionState)
    }
}
