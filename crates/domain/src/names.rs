//! Names of vendors, groups and integrations: normal form, rules, proposals, and the keys under which they
//! are unique over the whole portal.

use crate::policy::Policy;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// Which rule a name breaks, and a name that would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameProblem {
    /// The rule.
    pub rule: NameRule,
    /// A name that passes, when one can be made.
    pub proposal: Option<String>,
}

/// Rules on names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameRule {
    /// Nothing but blanks.
    Empty,
    /// More than [`NAME_CHARS_MAX`] characters.
    TooLong,
    /// Control or invisible format characters.
    ForbiddenCharacter,
    /// Too many parts: production has one or two, development up to three, parted by " - ".
    TooManyParts {
        /// How many are allowed.
        max: usize,
    },
    /// A banned whole token.
    BannedWord {
        /// As it stands in the name.
        word: String,
    },
    /// No part equals the account's vendor name or one of its integrations' names.
    NoKnownPart,
    /// Another holds the name, or one that looks like it.
    Taken,
}

impl std::fmt::Display for NameProblem {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        unimplemented!()
    }
}

/// NFC, trimmed, inner blanks folded to one; refuses what no name may hold.
pub fn normalise(_typed: &str) -> Result<String, NameProblem> {
    unimplemented!()
}

/// Checks a production group's name: `Company`, `Product` or `Company - Product`.
pub fn check_production(
    _typed: &str,
    _vendor: &str,
    _integrations: &[String],
    _policy: &Policy,
) -> Result<String, NameProblem> {
    unimplemented!()
}

/// Checks a development group's name: up to three parts.
pub fn check_development(_typed: &str) -> Result<String, NameProblem> {
    unimplemented!()
}

/// The claim keys of a normalised name: fold(skeleton(x)) and fold(skeleton(fold(x))), without repeats; the
/// Unicode version is part of each key.
pub fn claim_keys(_name: &str) -> Vec<String> {
    unimplemented!()
}
