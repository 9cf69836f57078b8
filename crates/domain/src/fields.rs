//! Problems with single fields of an input, collected so that a caller learns all of them at once.

use serde::Serialize;

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the request body.
    pub pointer: String,
    /// Stable code such as `url.not_https`.
    pub code: &'static str,
    /// The rule, in words.
    pub detail: String,
    /// What would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl FieldError {
    /// A field that breaks a rule, without a proposal.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into(), fix: None }
    }

    /// Says what would be accepted.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// A harmless spelling that was normalised, told to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// JSON pointer into the request body.
    pub pointer: String,
    /// What was changed, and into what.
    pub detail: String,
}
