//! What kind of mailbox an address looks like. A hint for people, never proof.

use super::{DisposableDomains, MailboxClass, providers::is_free_mail};
use crate::names;

/// Written together; "no-reply", "no.reply" and "noreply2" say the same.
const NO_REPLY: &[&str] = &[
    "bounce",
    "bounces",
    "devnull",
    "donotreply",
    "dontreply",
    "mailerdaemon",
    "noanswer",
    "noreply",
    "noresponse",
    "unmonitored",
];

/// Mailboxes several people read: RFC 2142 and what vendors of learning tools use.
const ROLES: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "api",
    "business",
    "contact",
    "customercare",
    "customersuccess",
    "dataprotection",
    "developer",
    "developers",
    "devteam",
    "edtech",
    "edtechdev",
    "engineering",
    "feedback",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "integration",
    "integrations",
    "itsupport",
    "lms",
    "lti",
    "marketing",
    "noc",
    "office",
    "operations",
    "ops",
    "partner",
    "partners",
    "partnerships",
    "postmaster",
    "privacy",
    "product",
    "sales",
    "security",
    "service",
    "services",
    "servicedesk",
    "success",
    "support",
    "team",
    "tech",
    "techsupport",
    "webmaster",
];

pub(super) fn of(local: &str, domain: &str, names: &[&str], disposable: &DisposableDomains) -> MailboxClass {
    let local = local.to_ascii_lowercase();
    let words: Vec<&str> =
        local.split(['.', '-', '_', '+', '=']).map(stem).filter(|word| !word.is_empty()).collect();
    if runs(&words).any(|run| NO_REPLY.contains(&run.as_str())) {
        return MailboxClass::NoReply;
    }
    if disposable.contain(domain) {
        return MailboxClass::Disposable;
    }
    if is_free_mail(domain) {
        return MailboxClass::FreeMail;
    }
    // "support", "lti-support", "integrations.eu" and "help-desk" are roles; so is the product's own name.
    let named_after = |name: &&str| {
        let letters: String = names::fold(name).chars().filter(char::is_ascii_alphanumeric).collect();
        !letters.is_empty() && words.concat() == stem(&letters)
    };
    if runs(&words).any(|run| ROLES.contains(&run.as_str())) || names.iter().any(named_after) {
        return MailboxClass::Role;
    }
    MailboxClass::Personal
}

fn stem(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Neighbouring words written together, single words included. A local part has at most 32 of them.
fn runs<'a>(words: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    (0..words.len())
        .flat_map(move |first| (first + 1..=words.len()).map(move |end| words[first..end].concat()))
}
