//! Host names of the public DNS.

use crate::policy::Policy;

/// Names no public DNS answers for, or that are kept for documents (RFC 2606, RFC 6761, RFC 6762, RFC 7686,
/// RFC 9476); each stands for itself and everything below it.
const SPECIAL_USE: &[&str] = &[
    "alt",
    "arpa",
    "example",
    "example.com",
    "example.net",
    "example.org",
    "internal",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
];

/// The ASCII lower-case form (UTS 46) of a host name that lies below a public suffix. None for addresses,
/// single labels, public suffixes themselves and names kept for special use, unless policy lists them in
/// `reserved_mail_domains`.
pub fn public_name(typed: &str, policy: &Policy) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(typed).ok()?;
    let last_label = ascii.rsplit_once('.').map(|(_, last)| last)?;
    if last_label.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if is_listed(&ascii, policy.reserved_mail_domains.iter().map(String::as_str)) {
        return Some(ascii);
    }
    if is_listed(&ascii, SPECIAL_USE.iter().copied()) {
        return None;
    }
    let known_suffix = psl::suffix(ascii.as_bytes()).is_some_and(|suffix| suffix.is_known());
    (known_suffix && registrable(&ascii).is_some()).then_some(ascii)
}

/// The part of a host name that somebody registered: one label below its public suffix.
pub fn registrable(ascii: &str) -> Option<&str> {
    psl::domain_str(ascii)
}

/// Whether a host equals or lies below one of these names.
fn is_listed<'a>(host: &str, mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| {
        let name = name.trim_start_matches('.').to_ascii_lowercase();
        host.strip_suffix(&name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(typed: &str) -> Option<String> {
        public_name(typed, &Policy::default())
    }

    #[test]
    fn a_name_below_a_public_suffix_is_public() {
        assert_eq!(public("example-vendor.com").as_deref(), Some("example-vendor.com"));
        assert_eq!(public("Mail.Vendor.CO.UK").as_deref(), Some("mail.vendor.co.uk"));
        assert_eq!(public("tool.github.io").as_deref(), Some("tool.github.io"));
    }

    #[test]
    fn international_names_become_ascii() {
        assert_eq!(public("Bücher.de").as_deref(), Some("xn--bcher-kva.de"));
        assert_eq!(public("例え。jp").as_deref(), Some("xn--r8jz45g.jp"));
    }

    #[test]
    fn what_nobody_can_register_is_not_public() {
        for host in ["com", "co.uk", "github.io", "vendor", "vendor.nosuchsuffix", "192.0.2.1", "[::1]", ""] {
            assert_eq!(public(host), None, "{host}");
        }
        for host in
            ["vendor.com.", ".vendor.com", "ven..dor.com", "ven_dor.com", "-vendor.com", "ven dor.com"]
        {
            assert_eq!(public(host), None, "{host}");
        }
    }

    #[test]
    fn special_use_names_are_public_only_where_policy_lists_them() {
        let policy = Policy {
            reserved_mail_domains: vec!["test".to_owned(), "a.example".to_owned()],
            ..Policy::default()
        };
        for (host, listed) in [
            ("vendor.test", true),
            ("mail.vendor.test", true),
            ("a.example", true),
            ("mail.a.example", true),
            ("b.example", false),
            ("ba.example", false),
            ("vendor.example.com", false),
            ("vendor.localhost", false),
            ("vendor.invalid", false),
            ("vendor.local", false),
            ("1.0.0.127.in-addr.arpa", false),
            ("test", false),
        ] {
            assert_eq!(public(host), None, "{host} by default");
            assert_eq!(public_name(host, &policy).is_some(), listed, "{host} when listed");
        }
        assert!(public("contest.com").is_some());
        assert!(public("test.com").is_some());
    }

    #[test]
    fn the_registrable_part_is_one_label_below_the_suffix() {
        assert_eq!(registrable("mail.eu.vendor.co.uk"), Some("vendor.co.uk"));
        assert_eq!(registrable("mail.vendor.test"), Some("vendor.test"));
        assert_eq!(registrable("co.uk"), None);
    }
}
