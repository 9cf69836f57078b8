//! Outcomes of mails. The wish to send is a fact of the aggregate that has it; what became of it stands in
//! a stream of its own (`mail-<intent>`), so that it never bumps the aggregate's version.

use crate::{ids::ProdAccountId, sealed::Subjects, stored_events};
use serde::{Deserialize, Serialize};

/// Stream category of mail outcomes.
pub const CATEGORY: &str = "mail";

/// Facts of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The relay took it.
    Sent(Sent),
    /// An attempt failed.
    Failed(Failed),
}

/// The relay took the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Whose contact it was sent to: what comes back of it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_of: Option<ProdAccountId>,
}

/// Sending has ended without success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Why, in one word.
    pub class: FailureClass,
}

/// Why a mail was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureClass {
    /// The relay refused for good.
    #[serde(rename = "permanent")]
    Permanent,
    /// Tries ran out.
    #[serde(rename = "exhausted")]
    Exhausted,
    /// What the mail was about is no longer so.
    #[serde(rename = "obsolete")]
    Obsolete,
    /// The subject was erased.
    #[serde(rename = "erased")]
    Erased,
}

impl Subjects for Sent {}
impl Subjects for Failed {}

stored_events!(Event {
    Sent = "mail.sent" @ 1;
    Failed = "mail.failed" @ 1;
});
