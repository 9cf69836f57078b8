//! From what was typed to the domain's values, collecting every field that breaks a rule.

use super::integrations::facts::DeclaredFacts;
use crate::problem::{Problem, failures, kinds};
use domain::{
    address::Address,
    fields::{FieldError, Note},
    integration::facts::{self, Draft, Facts},
    names,
    policy::Policy,
};

/// Facts of an integration, and what was normalised on the way.
pub(crate) fn facts(said: DeclaredFacts) -> Result<(Facts, Vec<Note>), Problem> {
    facts::parse(Draft::from(said)).map_err(|errors| Problem::new(&kinds::FIELDS).fields(errors))
}

/// The address of somebody who signs in. What is no address is nobody's: it is not told apart from a wrong
/// password.
pub(crate) fn known_address(typed: &str, policy: &Policy) -> Result<Address, Problem> {
    Address::parse(typed, policy).map_err(|_| Problem::new(&kinds::BAD_CREDENTIALS))
}

/// Collects what is wrong with the fields of one body.
#[derive(Default)]
pub(crate) struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// An address; none when it is none.
    pub(crate) fn address(&mut self, pointer: &str, typed: &str, policy: &Policy) -> Option<Address> {
        Address::parse(typed, policy)
            .map_err(|error| self.errors.push(failures::address(pointer, typed, &error)))
            .ok()
    }

    /// A vendor's name; the account's own rules follow when it is opened.
    pub(crate) fn vendor_name(&mut self, pointer: &str, typed: &str) {
        if let Err(problem) = names::normalise(typed) {
            let mut error = FieldError::new(pointer, problem.rule.code(), problem.to_string());
            error.fix = problem.proposal;
            self.refuse(error);
        }
    }

    /// A text of so many characters, trimmed.
    pub(crate) fn text(&mut self, pointer: &str, typed: &str, chars_max: usize) -> String {
        let text = typed.trim();
        if text.is_empty() {
            self.refuse(FieldError::new(pointer, "text.empty", "a text is needed"));
        } else if text.chars().count() > chars_max {
            self.refuse(FieldError::new(pointer, "text.too_long", format!("at most {chars_max} characters")));
        }
        text.to_owned()
    }

    /// What others found.
    pub(crate) fn extend(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    /// A field that breaks a rule.
    pub(crate) fn refuse(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// The value, when no field breaks a rule.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::new(&kinds::FIELDS).fields(self.errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn a_text_has_something_in_it_and_no_more_characters_than_it_may() {
        for (typed, code) in [
            (" \n ".to_owned(), Some("text.empty")),
            ("ü".repeat(2_000), None),
            (format!(" {}\n", "ü".repeat(2_000)), None),
            ("ü".repeat(2_001), Some("text.too_long")),
        ] {
            let mut fields = Fields::default();
            fields.text("/note", &typed, 2_000);
            let found: Vec<_> =
                fields.errors.iter().map(|error| (error.pointer.as_str(), error.code)).collect();
            assert_eq!(found, code.map(|code| ("/note", code)).into_iter().collect::<Vec<_>>());
        }
    }
}
