//! What a gateway asks, read from the headers of its request. Headers that are not ours are ignored, ours may
//! stand once.

use super::refusal::Refused;
use crate::problem::{Problem, kinds};
use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName},
};
use app::quota::{Caller, Question};
use data_encoding::BASE64;
use domain::roster::SiteId;
use std::{borrow::Cow, num::NonZeroU32};

/// Longest header that shows a caller; anything longer opens nothing.
const SHOWN_CHARS_MAX: usize = 1_024;

static GATEWAY: HeaderName = HeaderName::from_static("portal-gateway");
static KEY: HeaderName = HeaderName::from_static("portal-integration-key");
static SITE: HeaderName = HeaderName::from_static("portal-site");
static COST: HeaderName = HeaderName::from_static("portal-cost");

static TIME: HeaderName = HeaderName::from_static("portal-time");
static NONCE: HeaderName = HeaderName::from_static("portal-nonce");
static SIGNATURE: HeaderName = HeaderName::from_static("portal-signature");

/// By what a gateway is known.
#[derive(Clone, Copy)]
pub(super) enum Gateway<'a> {
    /// Its credential.
    Credential(&'a str),
    /// A signature over the request; [`Asked::parts`] is what it goes over.
    Signature { credential: &'a str, time: &'a str, nonce: &'a str, signature: &'a str },
}

/// A question as it came.
pub(super) struct Asked<'a> {
    pub(super) gateway: Gateway<'a>,
    /// What a signature goes over.
    pub(super) parts: [&'a str; 7],
    shown: Shown<'a>,
    site: Option<Cow<'a, str>>,
    cost: u32,
}

/// What the caller shows.
pub(super) enum Shown<'a> {
    Nothing,
    Bearer(&'a str),
    /// `key:secret`, and where the colon is.
    Pair(String, usize),
    Key(&'a str),
    Unreadable,
}

impl<'a> Asked<'a> {
    pub(super) fn read(request: &'a HttpRequest) -> Result<Self, Refused> {
        let headers = request.headers();
        let of = |name: &HeaderName| single(headers, name);
        let stated = of(&GATEWAY)?.unwrap_or_default();
        let (credential, has_looked) = match stated.split_once(';') {
            None => (stated, false),
            Some((credential, "caller=key")) => (credential, true),
            Some(_) => return Err(malformed("Portal-Gateway is a credential, perhaps with ;caller=key")),
        };
        // Proxies copy what clients send. That the caller was looked at is for the gateway to say, in the one
        // header that no client can write.
        let (authorization, key) = (of(&header::AUTHORIZATION)?, of(&KEY)?);
        let shown = if has_looked { key.map_or(Shown::Nothing, Shown::Key) } else { shown(authorization) };
        let stated_site = of(&SITE)?;
        let site = site(stated_site)?;
        let stated_cost = of(&COST)?;
        let cost = stated_cost.map_or(Ok(1), cost)?;
        let gateway = match of(&SIGNATURE)? {
            None => Gateway::Credential(credential),
            Some(signature) => {
                let (time, nonce) = (of(&TIME)?.unwrap_or_default(), of(&NONCE)?.unwrap_or_default());
                Gateway::Signature { credential, time, nonce, signature }
            }
        };
        let sent = [authorization, key, stated_site, stated_cost].map(Option::unwrap_or_default);
        let [authorization, key, site_sent, cost_sent] = sent;
        let (method, path) = (request.method().as_str(), request.path());
        let parts = [method, path, stated, authorization, key, site_sent, cost_sent];
        Ok(Self { gateway, parts, shown, site, cost })
    }

    /// What is asked of the application.
    pub(super) fn question(&self) -> Question<'_> {
        Question { caller: self.shown.caller(), site: self.site.as_deref(), cost: self.cost }
    }
}

impl Shown<'_> {
    /// As the application takes it.
    pub(super) fn caller(&self) -> Caller<'_> {
        match self {
            Self::Nothing => Caller::Nobody,
            Self::Bearer(text) => Caller::Bearer(text),
            Self::Pair(text, colon) => Caller::Pair { key: &text[..*colon], secret: &text[colon + 1..] },
            Self::Key(key) => Caller::Key(key),
            Self::Unreadable => Caller::Bearer(""),
        }
    }
}

/// Reads an `Authorization` header.
pub(super) fn shown(header: Option<&str>) -> Shown<'_> {
    let Some(header) = header else { return Shown::Nothing };
    let Some((scheme, rest)) = header.split_once(' ') else { return Shown::Unreadable };
    let rest = rest.trim();
    if rest.len() > SHOWN_CHARS_MAX {
        Shown::Unreadable
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Shown::Bearer(rest)
    } else if scheme.eq_ignore_ascii_case("basic") {
        pair(rest).map_or(Shown::Unreadable, |(text, colon)| Shown::Pair(text, colon))
    } else {
        Shown::Unreadable
    }
}

/// Reads `base64(key:secret)` (RFC 7617). Returns the text and where its colon is.
pub(crate) fn pair(encoded: &str) -> Option<(String, usize)> {
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let colon = text.find(':')?;
    Some((text, colon))
}

/// The id of a site, if it is one.
pub(super) fn site(stated: Option<&str>) -> Result<Option<Cow<'_, str>>, Refused> {
    stated.map(SiteId::normal).transpose().map_err(|error| malformed(&error.to_string()))
}

/// Reads a cost: digits, from 1 on.
pub(super) fn cost(text: &str) -> Result<u32, Refused> {
    let digits = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let cost = text.parse::<NonZeroU32>().ok().filter(|_| digits && !text.starts_with('0'));
    cost.map(NonZeroU32::get).ok_or_else(|| Problem::new(&kinds::DOOR_COST).into())
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    Ok(crate::extract::call::single(headers, name)?)
}

fn malformed(what: &str) -> Refused {
    Problem::new(&kinds::BAD_HEADER).detail(what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_whole_number_from_one_to_the_largest() {
        for (text, number) in [("1", 1), ("10", 10), ("4294967295", u32::MAX)] {
            assert_eq!(cost(text).ok(), Some(number));
        }
        for text in ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "4294967296", "99999999999", "x", "٣"] {
            assert!(cost(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pair_is_cut_at_its_first_colon() {
        let (text, colon) = pair(&BASE64.encode(b"key:se:cret")).expect("a pair");
        assert_eq!((&text[..colon], &text[colon + 1..]), ("key", "se:cret"));
        for text in ["", "!", "a2V5", "a2V5OnM"] {
            assert!(pair(text).is_none(), "{text}");
        }
    }
}
