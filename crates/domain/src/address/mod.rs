//! Mail addresses: syntax, host names, and what kind of mailbox an address looks like. Never stored in
//! clear; `app` seals what is parsed here.

mod advice;
mod class;
mod providers;
#[cfg(test)]
mod tests;
mod typo;

pub use advice::{Advice, Reason};
pub use providers::{DisposableDomains, InvalidList, LIST_BYTES_MAX};

use crate::{host, policy::Policy};
use serde::{Deserialize, Serialize};

/// Longest address in bytes (RFC 5321 path less its brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;

/// Longest part before the @ in bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// What an atom may hold besides letters and digits (RFC 5322, 3.2.3).
const ATOM_MARKS: &[u8] = b"!#$%&'*+-/=?^_`{|}~";

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
    /// Not `local@domain` with an RFC 5321 dot-string before the @.
    #[error("expected an address of the form name@domain, with plain letters, digits and dots before the @")]
    Syntax,
    /// Longer than RFC 5321 allows.
    #[error("an address has at most 254 bytes, 64 of them before the @")]
    TooLong,
    /// Control characters, line breaks included.
    #[error("an address holds no control characters")]
    ControlCharacter,
    /// Quoted local parts and address literals are valid mail but no mailbox to rely on.
    #[error(
        "a name in quotation marks, or an IP address for a domain, is more than many programs can write to: give a \
         mailbox with a plain name at a domain, such as support@ your domain"
    )]
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
    /// A throw-away provider: the mailbox, or its owner, is somebody else's tomorrow.
    #[serde(rename = "disposable")]
    Disposable,
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
    pub fn parse(typed: &str, policy: &Policy) -> Result<Self, InvalidAddress> {
        // Before anything is trimmed: a line break at the end is header injection too.
        if typed.chars().any(char::is_control) {
            return Err(InvalidAddress::ControlCharacter);
        }
        let typed = typed.trim();
        if typed.len() > ADDRESS_BYTES_MAX {
            return Err(InvalidAddress::TooLong);
        }
        let (local, domain) = typed.rsplit_once('@').ok_or(InvalidAddress::Syntax)?;
        if local.starts_with('"') || domain.starts_with('[') {
            return Err(InvalidAddress::Exotic);
        }
        if !is_dot_string(local) {
            return Err(InvalidAddress::Syntax);
        }
        let domain = host::public_name(domain, policy).ok_or(InvalidAddress::Domain)?;
        // An international domain grows when written in ASCII.
        if local.len() > LOCAL_BYTES_MAX || local.len() + 1 + domain.len() > ADDRESS_BYTES_MAX {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The address for sending: local part as typed, domain in ASCII.
    pub fn reveal(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The form that is fingerprinted: lower case throughout, so that one mailbox is one account.
    pub fn normalised(&self) -> String {
        self.reveal().to_ascii_lowercase()
    }

    /// Registrable domain, when it is not a free-mail or throw-away provider's.
    pub fn organisation_domain(&self, policy: &Policy) -> Option<String> {
        let is_anybodys =
            providers::is_free_mail(&self.domain) || policy.disposable_domains.contain(&self.domain);
        host::registrable(&self.domain).filter(|_| !is_anybodys).map(str::to_owned)
    }

    /// What kind of mailbox it looks like; `names` are the vendor's and its integrations' names.
    pub fn class(&self, names: &[&str], policy: &Policy) -> MailboxClass {
        class::of(&self.local, &self.domain, names, &policy.disposable_domains)
    }
}

/// The domain that was probably meant by an address as typed, which need not be a valid one; none when it looks right.
pub fn domain_meant(typed: &str) -> Option<String> {
    let (_, domain) = typed.trim().rsplit_once('@')?;
    let is_short = domain.len() <= ADDRESS_BYTES_MAX;
    is_short.then(|| typo::domain_meant(&domain.to_ascii_lowercase())).flatten()
}

/// An address without the tag many mailboxes take behind a `+` (RFC 5233, section 1): what leads to one mailbox.
/// For counting only, because not every host reads tags so.
pub fn mailbox(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let name = local.split_once('+').map_or(local, |(name, _)| name);
            format!("{}@{domain}", if name.is_empty() { local } else { name })
        }
        None => address.to_owned(),
    }
}

/// Atoms of ASCII letters, digits and marks, joined by single dots (RFC 5321, 4.1.2).
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || ATOM_MARKS.contains(&byte))
    })
}
