//! The page that mails with a code link to, for people. A GET changes nothing and says the same of every id, so that
//! scanners of mail may fetch it as often as they like; only a POST with the code does something.

pub mod answer;
mod page;
pub mod show;

use domain::ids::{IntentId, SignUpId};

/// What pages are.
pub(crate) const MEDIA_TYPES: &[&str] = &["text/html"];

/// What a code is about, by the id in the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    SignUp(SignUpId),
    Contact(IntentId),
}

impl Subject {
    /// None for what is no id; pages do not tell that from one that is unknown.
    fn parse(id: &str) -> Option<Self> {
        let sign_up = id.parse().map(Self::SignUp);
        sign_up.or_else(|_| id.parse().map(Self::Contact)).ok()
    }

    /// By its prefix alone, so that the page says the same of every id.
    fn is_contact(id: &str) -> bool {
        id.starts_with(IntentId::PREFIX)
    }
}
