//! What kind of mailbox an address looks like. A hint for people, never proof.

use super::MailboxClass;
use crate::{host, names};
use std::{collections::BTreeSet, sync::LazyLock};

/// Registrable domains of throw-away providers, one a line; `#` begins a remark.
const DISPOSABLE_LIST: &str = include_str!("../../data/disposable-domains.txt");

static DISPOSABLE: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let lines = DISPOSABLE_LIST.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// Registrable domains where anybody gets a mailbox.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "inbox.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "uol.com.br",
    "web.de",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.br",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zohomail.com",
];

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

/// Whether strangers share the domain, so that it says nothing about who they are.
pub(super) fn is_anybodys(registrable: &str) -> bool {
    is_free_mail(registrable) || is_disposable(registrable)
}

fn is_free_mail(registrable: &str) -> bool {
    FREE_MAIL.contains(&registrable)
}

fn is_disposable(registrable: &str) -> bool {
    DISPOSABLE.contains(registrable)
}

pub(super) fn of(local: &str, domain: &str, names: &[&str]) -> MailboxClass {
    let local = local.to_ascii_lowercase();
    let words: Vec<&str> =
        local.split(['.', '-', '_', '+', '=']).map(stem).filter(|word| !word.is_empty()).collect();
    if runs(&words).any(|run| NO_REPLY.contains(&run.as_str())) {
        return MailboxClass::NoReply;
    }
    if host::registrable(domain).is_some_and(is_disposable) {
        return MailboxClass::Disposable;
    }
    if host::registrable(domain).is_some_and(is_free_mail) {
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

#[cfg(test)]
mod tests {
    use super::{DISPOSABLE, DISPOSABLE_LIST};
    use crate::host;

    #[test]
    fn the_list_of_throw_away_providers_holds_registrable_domains_once_each_in_order() {
        let lines: Vec<&str> = DISPOSABLE_LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted(), "lines are sorted");
        assert_eq!(DISPOSABLE.len(), lines.len(), "no line is empty or stands twice");
        for line in lines {
            assert_eq!(host::registrable(line), Some(line), "{line}");
        }
    }
}
