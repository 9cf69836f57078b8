//! What development and production groups share: references and limits.

use crate::ids::{DevGroupId, InvalidId, ProdGroupId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A group of either kind; the text form is the id, whose prefix tells the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GroupRef {
    /// A development group.
    Development(DevGroupId),
    /// A production group.
    Production(ProdGroupId),
}

impl fmt::Display for GroupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Development(id) => id.fmt(f),
            Self::Production(id) => id.fmt(f),
        }
    }
}

impl FromStr for GroupRef {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.starts_with(ProdGroupId::PREFIX) {
            text.parse().map(Self::Production)
        } else if text.starts_with(DevGroupId::PREFIX) {
            text.parse().map(Self::Development)
        } else {
            Err(InvalidId { expected: "grp_… or prd_… and 26 lower-case letters or digits" })
        }
    }
}

impl TryFrom<String> for GroupRef {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<GroupRef> for String {
    fn from(group: GroupRef) -> String {
        group.to_string()
    }
}

/// How the 24 hours are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WindowKind {
    /// Never more than the limit in any window.
    #[serde(rename = "rolling")]
    Rolling,
    /// The window opens at the first call and refills in full.
    #[serde(rename = "anchored")]
    Anchored,
}

/// What has calls of its own: what one count stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Partition {
    /// The group: all its integrations at all sites draw on one count.
    #[default]
    #[serde(rename = "group")]
    Group,
    /// Each customer site of the group.
    #[serde(rename = "group_site")]
    GroupSite,
    /// Each integration of the group.
    #[serde(rename = "integration")]
    Integration,
}

impl Partition {
    /// What limits are written without, as all were before there was anything else.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_group(&self) -> bool {
        matches!(self, Self::Group)
    }
}

/// What a group may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// API calls per window.
    pub calls: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Kind of the window.
    pub window: WindowKind,
    /// Distinct customer sites.
    pub sites: u32,
    /// What has so many calls.
    #[serde(default, skip_serializing_if = "Partition::is_group")]
    pub partition: Partition,
}
