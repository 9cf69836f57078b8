//! Declared hosts, and what every host must be: a public name below a registrable domain.

use super::findings::{Findings, has_placeholder};
use crate::{fields::FieldError, host};
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use url::Host;

/// Names that never lead anywhere public (RFC 6761, 6762, 7686, 8375, 9476; ICANN's `.internal`).
/// `.example` and `example.com` are let through: declared hosts are compared, not dialled.
const RESERVED: [&str; 8] = ["test", "invalid", "localhost", "local", "internal", "onion", "alt", "arpa"];

/// A declared host: scheme, trailing slash, capitals and Unicode are put right with a note.
pub(super) fn declared(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    match bare(findings.trimmed(pointer, typed)).and_then(ascii) {
        Ok(host) => {
            if host != typed.trim() {
                findings.note(pointer, format!("read as the bare host {host}"));
            }
            Some(host)
        }
        Err(problem) => {
            findings.refuse(problem.at(pointer));
            None
        }
    }
}

/// Why a text is not an acceptable host.
pub(super) struct Problem {
    code: &'static str,
    detail: &'static str,
    fix: Option<String>,
}

impl Problem {
    fn new(code: &'static str, detail: &'static str) -> Self {
        Self { code, detail, fix: None }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The problem of the field at `pointer`.
    pub(super) fn at(self, pointer: &str) -> FieldError {
        FieldError {
            pointer: pointer.to_owned(),
            code: self.code,
            detail: self.detail.to_owned(),
            fix: self.fix,
        }
    }
}

/// Takes scheme and trailing slashes off; refuses whatever else is not host.
fn bare(typed: &str) -> Result<&str, Problem> {
    if typed.is_empty() {
        return Err(Problem::new("host.empty", "a host is missing here").fix("leave the entry out"));
    }
    if has_placeholder(typed) {
        return Err(
            Problem::new("host.placeholder", "it still holds a placeholder").fix("fill in the real host")
        );
    }
    let scheme = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "http" | "https");
    let rest = match typed.split_once("://") {
        Some((found, rest)) if scheme(found) => rest,
        Some(_) => {
            return Err(Problem::new("host.not_a_host", "it is an address of another kind, not a host"));
        }
        None => typed,
    };
    let host = rest.trim_end_matches('/');
    if host.contains('@') {
        return Err(Problem::new("host.user", "a host holds no user or password").fix("leave them out"));
    }
    if let Some(above) = host.strip_prefix("*.") {
        return Err(
            Problem::new("host.wildcard", "hosts below a declared host are included already").fix(above)
        );
    }
    if let Some((above, _)) = host.split_once(['/', '?', '#']) {
        return Err(Problem::new("host.path", "a host has no path").fix(above));
    }
    match host.split_once(':') {
        Some((above, _)) if !host.contains("::") && !host.starts_with('[') => {
            Err(Problem::new("host.port", "a host is declared for all its ports").fix(above))
        }
        Some(_) | None => Ok(host),
    }
}

/// ASCII lower case without a final dot, and public.
pub(super) fn ascii(host: &str) -> Result<String, Problem> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let ip_literal = || {
        Problem::new("host.ip_literal", "an IP address is not a host name")
            .fix("use a name in the public DNS")
    };
    if host.starts_with('[') || host.contains("::") {
        return Err(ip_literal());
    }
    let invalid = || {
        Problem::new(
            "host.invalid",
            "it is not a host name: labels of letters, digits and hyphens, parted by dots",
        )
    };
    let ascii = Uts46::new()
        .to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| invalid())?;
    match Host::parse(&ascii) {
        Ok(Host::Domain(_)) => {}
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(ip_literal()),
        Err(_) => return Err(invalid()),
    }
    is_public(&ascii)?;
    Ok(ascii.into_owned())
}

/// Whether customers everywhere can reach what has this name.
fn is_public(host: &str) -> Result<(), Problem> {
    let Some((_, top)) = host.rsplit_once('.') else {
        return Err(Problem::new("host.not_public", "a name without a dot is known in one network only")
            .fix("use a name in the public DNS"));
    };
    if RESERVED.contains(&top) {
        return Err(Problem::new("host.reserved", "its top-level domain is reserved and never public")
            .fix("use a name in the public DNS"));
    }
    let is_known = top == "example" || psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    if !is_known {
        return Err(Problem::new("host.unknown_top_level", "no public top-level domain is called so")
            .fix("check the spelling of the last part"));
    }
    if host::registrable(host).is_none() {
        return Err(Problem::new("host.public_suffix", "it is a suffix under which anybody may register")
            .fix("declare your own host below it"));
    }
    Ok(())
}
