//! Slips of the pen in domains, by nearness to what many people type.

use super::providers::FREE_MAIL;
use crate::host;

/// Shorter names have too many neighbours that are somebody's: `hey.com` is next to `key.com`.
const NAME_CHARS_MIN: usize = 5;

/// Public suffixes people mistype, and what they meant. Those that are suffixes themselves (`.co`, `.cm`, `.om`)
/// are believed.
const SUFFIXES: &[(&str, &str)] = &[
    ("cmo", "com"),
    ("coom", "com"),
    ("com.com", "com"),
    ("comm", "com"),
    ("con", "com"),
    ("cpm", "com"),
    ("edy", "edu"),
    ("eud", "edu"),
    ("nte", "net"),
    ("nett", "net"),
    ("ogr", "org"),
    ("orgg", "org"),
    ("ocm", "com"),
    ("ort", "org"),
    ("vom", "com"),
    ("xom", "com"),
];

/// The domain that was probably meant instead of this one, which is in ASCII lower case; none when it looks right.
pub(super) fn domain_meant(domain: &str) -> Option<String> {
    let mended = mended_suffix(domain);
    let domain = mended.as_deref().unwrap_or(domain);
    near_provider(domain).map(str::to_owned).or(mended)
}

fn mended_suffix(domain: &str) -> Option<String> {
    SUFFIXES.iter().find_map(|(typed, meant)| {
        let name = domain.strip_suffix(typed)?.strip_suffix('.')?;
        (!name.is_empty()).then(|| format!("{name}.{meant}"))
    })
}

/// A provider one slip away: a letter too many, too few, wrong, or two in the wrong order.
fn near_provider(domain: &str) -> Option<&'static str> {
    // A provider's subdomain is no slip, and neither is another provider.
    if host::registrable(domain).is_some_and(|registrable| FREE_MAIL.contains(&registrable)) {
        return None;
    }
    let is_near = |provider: &&&str| {
        let name = provider.split_once('.').map_or(**provider, |(name, _)| name);
        name.len() >= NAME_CHARS_MIN && strsim::osa_distance(domain, provider) == 1
    };
    FREE_MAIL.iter().find(is_near).copied()
}

#[cfg(test)]
mod tests {
    use super::domain_meant;

    #[test]
    fn slips_of_the_pen_are_seen() {
        for (typed, meant) in [
            ("gmial.com", "gmail.com"),
            ("gmal.com", "gmail.com"),
            ("gamil.com", "gmail.com"),
            ("gmaill.com", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("hotmial.com", "hotmail.com"),
            ("hotmai.com", "hotmail.com"),
            ("outlok.com", "outlook.com"),
            ("yaho.com", "yahoo.com"),
            ("iclod.com", "icloud.com"),
            ("protonmial.com", "protonmail.com"),
            ("acme-learning.con", "acme-learning.com"),
            ("acme-learning.ogr", "acme-learning.org"),
        ] {
            assert_eq!(domain_meant(typed).as_deref(), Some(meant), "{typed}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for typed in [
            "gmail.com",
            "mail.gmail.com",
            "ymail.com",
            "email.com",
            "mail.com",
            "acme-learning.com",
            "acme.co",
            "key.com",
            "they.com",
            "aws.com",
            "univ.edu",
            "live.com",
            "line.com",
            "web.dev",
            "vendor.test",
        ] {
            assert_eq!(domain_meant(typed), None, "{typed}");
        }
    }
}
