//! Addresses: https, of a public host, in normal form and ready to use.

use super::{
    findings::{Findings, below, has_placeholder, is_invisible},
    hosts,
};
use crate::{fields::FieldError, integration::facts::Endpoints};
use url::Url;

/// Longest address in characters.
pub(super) const URL_CHARS_MAX: usize = 1_024;
/// Longest icon address in characters.
pub(super) const ICON_CHARS_MAX: usize = 255;
/// Longest name of a region in characters.
const REGION_CHARS_MAX: usize = 32;

/// One https address. Only the scheme's and host's spelling is put right (with a note): redirect URIs are
/// compared as exact strings, so the rest stays as typed or is refused.
pub(super) fn https(findings: &mut Findings, pointer: &str, typed: &str, chars_max: usize) -> Option<String> {
    let trimmed = findings.trimmed(pointer, typed);
    if !findings.at_most(pointer, trimmed, chars_max) {
        return None;
    }
    match check(pointer, trimmed) {
        Ok(address) => {
            if address != trimmed {
                findings.note(pointer, format!("read as {address}"));
            }
            Some(address)
        }
        Err(error) => {
            findings.refuse(error);
            None
        }
    }
}

/// An optional https address; blank counts as absent.
pub(super) fn https_if_any(
    findings: &mut Findings,
    pointer: &str,
    typed: Option<String>,
    chars_max: usize,
) -> Option<String> {
    let typed = typed.filter(|typed| !typed.trim().is_empty())?;
    https(findings, pointer, &typed, chars_max)
}

/// Region → https address.
pub(super) fn endpoints(findings: &mut Findings, pointer: &str, typed: Endpoints) -> Endpoints {
    if !findings.fits(pointer, typed.len()) {
        return Endpoints::new();
    }
    let mut kept = Endpoints::new();
    for (region, address) in typed {
        let pointer = below(pointer, &region);
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || region.len() > REGION_CHARS_MAX || !region.chars().all(is_region) {
            let detail = "a region is named by 1 to 32 lower-case letters, digits and hyphens";
            findings.refuse(FieldError::new(pointer, "region.invalid", detail).fix("default"));
        } else if let Some(address) = https(findings, &pointer, &address, URL_CHARS_MAX) {
            kept.insert(region, address);
        }
    }
    kept
}

/// Every rule in turn; the first broken one explains the rest.
fn check(pointer: &str, typed: &str) -> Result<String, FieldError> {
    let broken = |code, detail: &str| FieldError::new(pointer, code, detail);
    if typed.is_empty() {
        return Err(broken("url.empty", "an address is missing here").fix("leave the field out"));
    }
    if typed.chars().any(is_invisible) {
        return Err(
            broken("text.control_character", "an address holds no control characters").fix("leave them out")
        );
    }
    if has_placeholder(typed) {
        return Err(broken("url.placeholder", "it still holds a placeholder").fix("fill in the real address"));
    }
    if typed.matches("://").count() > 1 && typed.contains(',') {
        return Err(
            broken("url.several", "it holds more than one address").fix("make each an entry of its own")
        );
    }
    let Some((scheme, rest)) = typed.split_once("://") else {
        let begins_with_host = typed.split([':', '/']).next().is_some_and(|host| host.contains('.'));
        let fix = begins_with_host.then(|| format!("https://{typed}"));
        return Err(FieldError { fix, ..broken("url.no_scheme", "an address begins with https://") });
    };
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(broken("url.not_https", "only https is accepted").fix(format!("https://{rest}")));
    }
    let (authority, path) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(broken("url.user", "an address holds no user or password").fix("leave them out"));
    }
    if path.contains('#') {
        return Err(
            broken("url.fragment", "an address holds no fragment").fix("leave out what follows the #")
        );
    }
    let (host, port) = authority_parts(authority);
    if host.is_empty() {
        return Err(broken("url.no_host", "it has no host").fix("https://tool.example.com/…"));
    }
    let host = hosts::ascii(host).map_err(|problem| problem.at(pointer))?;
    let address = format!("https://{host}{port}{path}");
    in_normal_form(pointer, path, &address)?;
    Ok(address)
}

/// Host, and the port with its colon.
fn authority_parts(authority: &str) -> (&str, &str) {
    let port_at = authority.rfind(':').filter(|_| !authority.ends_with(']'));
    authority.split_at(port_at.unwrap_or(authority.len()))
}

/// Two programs must read one address alike (RFC 3986, section 6): no blanks, no backslash, no dot segments,
/// nothing that ought to be percent-encoded.
fn in_normal_form(pointer: &str, path: &str, address: &str) -> Result<(), FieldError> {
    let invalid = || FieldError::new(pointer, "url.invalid", "it is not a valid address (RFC 3986)");
    let parsed = Url::parse(address).map_err(|_| invalid())?;
    let read =
        parsed.query().map_or_else(|| parsed.path().to_owned(), |query| format!("{}?{query}", parsed.path()));
    if read == path || read.strip_prefix('/') == Some(path) {
        return Ok(());
    }
    Err(FieldError::new(pointer, "url.not_normal", "it is not in the normal form of RFC 3986, section 6")
        .fix(parsed.as_str()))
}
