//! Mail addresses: syntax, host names, and what kind of mailbox an address looks like. Never stored in
//! clear; `app` seals what is parsed here.

use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// Longest address in bytes (RFC 5321 path less its brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;

/// A syntactically valid address with its domain in ASCII lower case. No `Display`: it must not slip into
/// a log; use [`Address::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is not an acceptable address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not `local@domain`.
    #[error("expected an address of the form name@domain")]
    Syntax,
    /// Longer than RFC 5321 allows.
    #[error("an address has at most 254 bytes, 64 of them before the @")]
    TooLong,
    /// Control characters, line breaks included.
    #[error("an address holds no control characters")]
    ControlCharacter,
    /// Quoted local parts and address literals are valid mail but no mailbox to rely on.
    #[error("quoted names and address literals are not accepted")]
    Exotic,
    /// Not a host name in the public DNS.
    #[error("the domain is not a public mail domain")]
    Domain,
}

/// What kind of mailbox an address looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MailboxClass {
    /// support@, business@, … (RFC 2142 and custom).
    #[serde(rename = "role")]
    Role,
    /// Looks like a person.
    #[serde(rename = "personal")]
    Personal,
    /// A free-mail provider.
    #[serde(rename = "free_mail")]
    FreeMail,
    /// Takes no answers.
    #[serde(rename = "no_reply")]
    NoReply,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// Parses as typed; blanks around are dropped.
    pub fn parse(_typed: &str, _policy: &Policy) -> Result<Self, InvalidAddress> {
        unimplemented!()
    }

    /// The address for sending: local part as typed, domain in ASCII.
    pub fn reveal(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The form that is fingerprinted: lower case throughout, so that one mailbox is one account.
    pub fn normalised(&self) -> String {
        unimplemented!()
    }

    /// Registrable domain, when it is not a free-mail provider's.
    pub fn organisation_domain(&self) -> Option<String> {
        unimplemented!()
    }

    /// What kind of mailbox it looks like; `names` are the vendor's and its integrations' names.
    pub fn class(&self, _names: &[&str]) -> MailboxClass {
        unimplemented!()
    }
}
