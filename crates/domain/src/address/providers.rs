//! Domains that say nothing about who writes from them: free-mail and throw-away providers.

use crate::host;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// Throw-away providers as shipped, one a line; `#` begins a remark.
const SHIPPED: &str = include_str!("../../data/disposable-domains.txt");

static SHIPPED_DOMAINS: LazyLock<DisposableDomains> = LazyLock::new(|| {
    DisposableDomains(Arc::new(entries(SHIPPED).map(|(_, name)| (name.to_owned(), true)).collect()))
});

/// Longest list an operator may give, in bytes.
pub const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Registrable domains where anybody gets a mailbox.
pub(super) const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "email.com",
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

/// Which domains are throw-away providers': a list, and an operator's exceptions from it both ways. Each name stands
/// for all below it, the nearest one counts, and cloning costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisposableDomains(Arc<BTreeMap<String, bool>>);

/// A line of a list that is no domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no domain: write one domain a line, such as mailinator.com; # begins a remark")]
pub struct InvalidList {
    /// Which, from 1.
    pub line: usize,
}

impl Default for DisposableDomains {
    fn default() -> Self {
        SHIPPED_DOMAINS.clone()
    }
}

impl DisposableDomains {
    /// The domains of a list in place of the shipped ones.
    pub fn listed(list: &str) -> Result<Self, InvalidList> {
        Self(Arc::default()).with(list, true)
    }

    /// These, and those of the list as well.
    pub fn denying(&self, list: &str) -> Result<Self, InvalidList> {
        self.with(list, true)
    }

    /// These without those of the list.
    pub fn allowing(&self, list: &str) -> Result<Self, InvalidList> {
        self.with(list, false)
    }

    fn with(&self, list: &str, is_disposable: bool) -> Result<Self, InvalidList> {
        let mut domains = BTreeMap::clone(&self.0);
        for (line, typed) in entries(list) {
            let name = idna::domain_to_ascii_strict(typed.trim_start_matches('.'));
            let name = name.ok().filter(|name| name.contains('.')).ok_or(InvalidList { line })?;
            domains.insert(name, is_disposable);
        }
        Ok(Self(Arc::new(domains)))
    }

    /// Whether the domain, in ASCII lower case, is one of them or lies below one.
    pub(super) fn contain(&self, domain: &str) -> bool {
        let mut name = domain;
        loop {
            if let Some(is_disposable) = self.0.get(name) {
                return *is_disposable;
            }
            let Some((_, parent)) = name.split_once('.') else { return false };
            name = parent;
        }
    }
}

/// Lines with their numbers, without remarks and blanks.
fn entries(list: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = list.lines().map(|line| line.split_once('#').map_or(line, |(name, _)| name).trim());
    lines.enumerate().filter(|(_, name)| !name.is_empty()).map(|(before, name)| (before + 1, name))
}

/// Whether anybody gets a mailbox there.
pub(super) fn is_free_mail(domain: &str) -> bool {
    host::registrable(domain).is_some_and(|registrable| FREE_MAIL.contains(&registrable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_holds_domains_once_each_in_order() {
        let names: Vec<&str> = entries(SHIPPED).map(|(_, name)| name).collect();
        assert!(names.len() > 5_000, "{}", names.len());
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "sorted, none twice");
        assert_eq!(DisposableDomains::listed(SHIPPED), Ok(DisposableDomains::default()));
    }

    #[test]
    fn no_provider_of_free_mail_is_shipped_as_a_throw_away_one() {
        for name in FREE_MAIL {
            assert!(!DisposableDomains::default().contain(name), "{name}");
        }
    }

    #[test]
    fn a_name_stands_for_all_below_it_and_the_nearest_one_counts() {
        let domains =
            DisposableDomains::listed("throw.com\n# remark\n\n away.net # another\n").expect("a list");
        let domains =
            domains.allowing("kept.throw.com").and_then(|list| list.denying("BÜCHER.de")).expect("lists");
        for (domain, is_disposable) in [
            ("throw.com", true),
            ("a.b.throw.com", true),
            ("away.net", true),
            ("kept.throw.com", false),
            ("mail.kept.throw.com", false),
            ("xn--bcher-kva.de", true),
            ("nothrow.com", false),
            ("com", false),
        ] {
            assert_eq!(domains.contain(domain), is_disposable, "{domain}");
        }
    }

    #[test]
    fn what_was_denied_can_be_allowed_and_the_other_way() {
        let shipped = DisposableDomains::default();
        assert!(shipped.contain("mailinator.com"));
        assert!(!shipped.allowing("mailinator.com").expect("a list").contain("mailinator.com"));
        assert!(shipped.denying("vendor.com").expect("a list").contain("mail.vendor.com"));
    }

    #[test]
    fn a_line_that_is_no_domain_is_named() {
        for (list, line) in [("a.com\nada@b.com\n", 2), ("com", 1), ("\n\nb c.com", 3), ("-x.com", 1)] {
            assert_eq!(DisposableDomains::listed(list), Err(InvalidList { line }), "{list:?}");
        }
    }
}
