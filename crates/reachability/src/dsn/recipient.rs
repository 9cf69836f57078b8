//! What a report says of one recipient (RFC 3464, section 2.3).

use super::{
    fields::Group,
    quoted::Quoted,
    status::{self, Action, Meaning, Reply, Status},
};

/// Longest address taken (RFC 5321, 4.5.3.1.3), with room for the escapes of RFC 6533.
const ADDRESS_BYTES_MAX: usize = 1_024;
/// Bytes kept of what the remote server said.
const DIAGNOSTIC_BYTES_MAX: usize = 500;

/// What became of one recipient. `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// What the reporting server did.
    pub action: Action,
    /// What that means for the mailbox.
    pub meaning: Meaning,
    /// The enhanced status code that decided; `None` when the report has none that can be read.
    pub status: Option<Status>,
    /// What the remote server said, at most 500 bytes. Not for logs.
    pub diagnostic: Option<Quoted>,
    addresses: Vec<String>,
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { action, meaning, status, .. } = self;
        write!(f, "Recipient({action:?}, {meaning:?}, {status:?})")
    }
}

impl Recipient {
    /// `None` when the group names no recipient or no action.
    pub(super) fn read(group: &Group) -> Option<Self> {
        let named = ["Original-Recipient", "Final-Recipient"].map(|name| group.get(name).and_then(address));
        let addresses: Vec<String> = named.into_iter().flatten().collect();
        let action = group.get("Action").and_then(Action::parse).filter(|_| !addresses.is_empty())?;
        let diagnostic = group.get("Diagnostic-Code");
        let status = group.get("Status").and_then(Status::parse);
        let (meaning, status) = status::judge(action, status, diagnostic.and_then(Reply::parse));
        let diagnostic = diagnostic.and_then(|text| Quoted::new(text, DIAGNOSTIC_BYTES_MAX));
        Some(Self { action, meaning, status, diagnostic, addresses })
    }

    /// Whether it was mailed as this address, or ended up there.
    pub(super) fn is(&self, address: &str) -> bool {
        self.addresses.iter().any(|known| are_same(known, address))
    }
}

/// From `rfc822; ada@vendor.org`, with or without brackets, or `utf-8; …` with escapes (RFC 6533, section 3).
fn address(text: &str) -> Option<String> {
    let (kind, text) = text.split_once(';')?;
    let text = text.trim();
    let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    if text.len() > ADDRESS_BYTES_MAX || !text.contains('@') {
        return None;
    }
    match kind.trim().to_ascii_lowercase().as_str() {
        "rfc822" => Some(text.to_owned()),
        "utf-8" => unescaped(text),
        _ => None,
    }
}

/// `\x{e9}` stands for é.
fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split("\\x{");
    let mut plain = pieces.next()?.to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('}')?;
        let number = u32::from_str_radix(number, 16).ok().filter(|_| number.len() <= 6)?;
        plain.push(char::from_u32(number)?);
        plain.push_str(rest);
    }
    Some(plain)
}

fn are_same(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            local == other_local && in_ascii(domain) == in_ascii(other_domain)
        }
        _ => false,
    }
}

/// A domain that is none stays as it is, and equals itself.
fn in_ascii(domain: &str) -> String {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_type_brackets_and_escapes() {
        assert_eq!(address("rfc822; ada@vendor.org").as_deref(), Some("ada@vendor.org"));
        assert_eq!(address("RFC822;<ada@vendor.org>").as_deref(), Some("ada@vendor.org"));
        assert_eq!(address("utf-8; jos\\x{E9}@vendor.org").as_deref(), Some("josé@vendor.org"));
        assert_eq!(address("utf-8;josé@vendor.org").as_deref(), Some("josé@vendor.org"));
        for bad in
            ["ada@vendor.org", "x400; ada@vendor.org", "rfc822; ada", "utf-8; a\\x{d800}@b", "utf-8; a\\x{@b"]
        {
            assert_eq!(address(bad), None, "{bad}");
        }
        assert_eq!(address(&format!("rfc822; {}@b", "a".repeat(ADDRESS_BYTES_MAX))), None);
    }

    #[test]
    fn domains_are_compared_without_case_and_in_any_form_and_names_byte_for_byte() {
        assert!(are_same("ada@Vendor.ORG.", "ada@vendor.org"));
        assert!(are_same("ada@bücher.example", "ada@xn--bcher-kva.example"));
        assert!(!are_same("Ada@vendor.org", "ada@vendor.org"));
        assert!(!are_same("ada@vendor.org.evil.org", "ada@vendor.org"));
        assert!(!are_same("ada", "ada"));
    }
}
