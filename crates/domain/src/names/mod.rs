//! Names of vendors, groups and integrations: normal form, rules, proposals, and the keys under which they
//! are unique over the whole portal.

mod characters;
mod production;
#[cfg(test)]
mod tests;

pub use production::check_production;

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// What parts `Company - Product - Team`.
const SEPARATOR: &str = " - ";

/// Parts of a development name: `Company - Product - Team`.
const DEVELOPMENT_PARTS_MAX: usize = 3;

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
    /// Nothing that could be read out: no letter and no digit.
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

impl std::fmt::Display for NameRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs a letter or a digit"),
            Self::TooLong => write!(f, "a name has at most {NAME_CHARS_MAX} characters"),
            Self::ForbiddenCharacter => f.write_str("a name holds no control or invisible characters"),
            Self::TooManyParts { max } => write!(f, "a name has at most {max} parts between \"{SEPARATOR}\""),
            Self::BannedWord { word } => write!(f, "a production name does not use the word \"{word}\""),
            Self::NoKnownPart => f.write_str(
                "one part of a production name must be the vendor's name or the name of one of its integrations",
            ),
            Self::Taken => f.write_str("this name, or one that looks like it, is taken"),
        }
    }
}

impl std::fmt::Display for NameProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.rule)?;
        match &self.proposal {
            Some(proposal) => write!(f, "; \"{proposal}\" would pass"),
            None => Ok(()),
        }
    }
}

/// NFC, trimmed, inner blanks folded to one; refuses what no name may hold.
pub fn normalise(typed: &str) -> Result<String, NameProblem> {
    normal_form(typed).map_err(|rule| {
        let repaired = match rule {
            NameRule::ForbiddenCharacter => typed.chars().filter(|&c| !characters::is_forbidden(c)).collect(),
            NameRule::TooLong => cut_at_blank(typed),
            // Nothing in the text to start from.
            NameRule::Empty
            | NameRule::TooManyParts { .. }
            | NameRule::BannedWord { .. }
            | NameRule::NoKnownPart
            | NameRule::Taken => String::new(),
        };
        NameProblem { rule, proposal: normal_form(&repaired).ok() }
    })
}

fn normal_form(typed: &str) -> Result<String, NameRule> {
    let composed: String = typed.trim().nfc().collect();
    if composed.chars().any(characters::is_forbidden) {
        return Err(NameRule::ForbiddenCharacter);
    }
    if !composed.chars().any(char::is_alphanumeric) {
        return Err(NameRule::Empty);
    }
    let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(NameRule::TooLong);
    }
    Ok(name)
}

/// The words that fit into the longest name.
fn cut_at_blank(typed: &str) -> String {
    let composed: String = typed.nfc().collect();
    let mut chars_left = NAME_CHARS_MAX + 1;
    let fitting = composed.split_whitespace().take_while(|word| {
        let needed = word.chars().count() + 1;
        let fits = needed <= chars_left;
        chars_left = chars_left.saturating_sub(needed);
        fits
    });
    fitting.collect::<Vec<_>>().join(" ")
}

/// Checks a development group's name: up to three parts.
pub fn check_development(typed: &str) -> Result<String, NameProblem> {
    let name = normalise(typed)?;
    if name.split(SEPARATOR).count() <= DEVELOPMENT_PARTS_MAX {
        return Ok(name);
    }
    // The last part takes up what is too many.
    let mut parts: Vec<&str> = name.splitn(DEVELOPMENT_PARTS_MAX, SEPARATOR).collect();
    let last = parts.pop().unwrap_or_default().replace(SEPARATOR, " ");
    parts.push(&last);
    Err(NameProblem {
        rule: NameRule::TooManyParts { max: DEVELOPMENT_PARTS_MAX },
        proposal: Some(parts.join(SEPARATOR)),
    })
}

/// Case folded, compatibility-normalised (NFKC) and without blanks: two names with equal folds are the same
/// name to a reader.
pub fn fold(name: &str) -> String {
    // Upper and then lower case, character by character, is full case folding but for the Turkish dotless i,
    // which folds to i here; lower case alone would leave ß and the final sigma apart from SS and Σ. It begins with
    // lower case because the capital ẞ is its own upper case.
    let unblanked = name.nfkc().filter(|c| !c.is_whitespace());
    let lower = unblanked.flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// The claim keys of a normalised name: fold(skeleton(x)) and fold(skeleton(fold(x))), without repeats; the
/// Unicode version is part of each key, because another version's confusables (UTS 39) make other keys.
pub fn claim_keys(name: &str) -> Vec<String> {
    let (major, minor, update) = unicode_security::UNICODE_VERSION;
    let key = |looks_like: String| format!("unicode-{major}.{minor}.{update}|{looks_like}");
    let as_written = key(fold(&skeleton(name).collect::<String>()));
    let as_folded = key(fold(&skeleton(&fold(name)).collect::<String>()));
    if as_written == as_folded { vec![as_written] } else { vec![as_written, as_folded] }
}
