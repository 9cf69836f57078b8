//! What names a customer's site: an id that the platform gives, and perhaps where it is.

use serde::{Deserialize, Serialize};
use std::{
    borrow::{Borrow, Cow},
    fmt,
    str::FromStr,
};
use url::Url;
use uuid::Uuid;

/// Longest id in characters.
pub const SITE_CHARS_MAX: usize = 64;
/// Longest address in characters.
pub const SITE_URL_CHARS_MAX: usize = 255;

/// A site's id as the platform gives it: 1 to 64 visible ASCII characters, opaque. UUIDs are read in any letter
/// case and kept in lower case; everything else is compared as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteId(String);

/// The text names no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a site's id has 1 to {SITE_CHARS_MAX} visible ASCII characters")]
pub struct InvalidSite;

impl SiteId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which an id is kept and compared.
    pub fn normal(text: &str) -> Result<Cow<'_, str>, InvalidSite> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > SITE_CHARS_MAX || !is_visible {
            return Err(InvalidSite);
        }
        let is_uuid = text.len() == 36 && Uuid::try_parse(text).is_ok();
        let in_capitals = is_uuid && text.bytes().any(|byte| byte.is_ascii_uppercase());
        Ok(if in_capitals { text.to_ascii_lowercase().into() } else { text.into() })
    }
}

impl Borrow<str> for SiteId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SiteId {
    type Err = InvalidSite;
    fn from_str(text: &str) -> Result<Self, InvalidSite> {
        Self::normal(text).map(|text| Self(text.into_owned()))
    }
}

impl TryFrom<String> for SiteId {
    type Error = InvalidSite;
    fn try_from(text: String) -> Result<Self, InvalidSite> {
        text.parse()
    }
}

impl From<SiteId> for String {
    fn from(site: SiteId) -> Self {
        site.0
    }
}

/// Where a site is: an https address without credentials, in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteUrl(String);

/// The text is no address of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a site's address is https, without user and password, of at most {SITE_URL_CHARS_MAX} characters")]
pub struct InvalidSiteUrl;

impl SiteUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteUrl {
    type Err = InvalidSiteUrl;
    fn from_str(text: &str) -> Result<Self, InvalidSiteUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidSiteUrl)?;
        let is_bare = url.username().is_empty() && url.password().is_none();
        let fits = url.scheme() == "https" && url.has_host() && url.as_str().len() <= SITE_URL_CHARS_MAX;
        if is_bare && fits { Ok(Self(url.into())) } else { Err(InvalidSiteUrl) }
    }
}

impl TryFrom<String> for SiteUrl {
    type Error = InvalidSiteUrl;
    fn try_from(text: String) -> Result<Self, InvalidSiteUrl> {
        text.parse()
    }
}

impl From<SiteUrl> for String {
    fn from(url: SiteUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_opaque_but_a_uuid_is_the_same_in_capitals() {
        let site = |text: &str| text.parse::<SiteId>();
        let uuid = site("9E7E2C0B-39E0-4955-AD6E-CBD5750E3F5F").expect("a UUID");
        assert_eq!(uuid.as_str(), "9e7e2c0b-39e0-4955-ad6e-cbd5750e3f5f");
        assert_eq!(site("Learn/2%#").expect("opaque").as_str(), "Learn/2%#");
        assert!(site(&"s".repeat(64)).is_ok());
        for text in ["", " ", "a b", "a\n", "ä", &"s".repeat(65)] {
            assert_eq!(site(text), Err(InvalidSite), "{text:?}");
        }
    }

    #[test]
    fn an_address_is_https_without_credentials() {
        let url = |text: &str| text.parse::<SiteUrl>();
        assert_eq!(url(" https://Learn.Uni.edu ").expect("https").as_str(), "https://learn.uni.edu/");
        let long = format!("https://learn.uni.edu/{}", "a".repeat(255));
        for text in ["", "learn.uni.edu", "http://learn.uni.edu", "https://me:pw@learn.uni.edu/", &long] {
            assert_eq!(url(text), Err(InvalidSiteUrl), "{text}");
        }
    }
}
