//! What was found of a contact besides its codes: looks at its mail hosts, and mail that came back.

use chrono::{DateTime, Utc};
use domain::prodaccount::{BounceCause, CheckVerdict, ContactBounced, ContactChecked};
use reachability::Reason;
use serde::Serialize;
use utoipa::ToSchema;

/// What a look at the mail hosts of a contact found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    verdict: Verdict,
    /// Code of the reason, such as `no_mailbox`.
    #[schema(max_length = 40, example = "no_mailbox")]
    reason: String,
    /// What it means and what helps; absent for a reason this version does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 400)]
    advice: Option<&'static str>,
    /// When.
    at: DateTime<Utc>,
}

/// What a look at mail hosts comes to. A hint: only a code that comes back proves anything.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContactVerdict)]
pub enum Verdict {
    /// Nothing speaks against it.
    Fine,
    /// It can't be told now.
    Unknown,
    /// It takes no mail, as far as was seen once.
    Doubtful,
    /// It takes no mail.
    Unreachable,
}

/// A mail that came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounced {
    cause: Cause,
    /// Enhanced status code (RFC 3463).
    #[schema(max_length = 40, example = "5.1.1")]
    status: String,
    /// What it means, and what to do.
    advice: &'static str,
    /// When.
    at: DateTime<Utc>,
}

/// Why a mail came back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BounceCause)]
pub enum Cause {
    /// No such mailbox or domain.
    NoMailbox,
    /// The mailbox is full.
    MailboxFull,
    /// A list or group that takes no mail from outside.
    MembersOnly,
    /// It takes no mail from strangers, or none from us.
    Refused,
    /// Anything else.
    Other,
}

impl From<ContactChecked> for Checked {
    fn from(checked: ContactChecked) -> Self {
        let verdict = match checked.verdict {
            CheckVerdict::Fine => Verdict::Fine,
            CheckVerdict::Unknown => Verdict::Unknown,
            CheckVerdict::Doubtful => Verdict::Doubtful,
            CheckVerdict::Unreachable => Verdict::Unreachable,
        };
        let known = Reason::ALL.iter().find(|reason| reason.code().eq_ignore_ascii_case(&checked.reason));
        Self { verdict, advice: known.map(|reason| reason.words()), reason: checked.reason, at: checked.at }
    }
}

impl From<ContactBounced> for Bounced {
    fn from(bounced: ContactBounced) -> Self {
        let (cause, advice) = match bounced.cause {
            BounceCause::NoMailbox => {
                (Cause::NoMailbox, "the mailbox does not exist: make it, or name another contact")
            }
            BounceCause::MailboxFull => (Cause::MailboxFull, "the mailbox is full: make room in it"),
            BounceCause::MembersOnly => (
                Cause::MembersOnly,
                "this is a list or group that takes mail from its members only, so customers cannot write to it: let it \
                 take messages from people outside your organisation (in Google Groups, who can post: anyone on the web; \
                 in Microsoft 365, allow external senders), or name another contact",
            ),
            BounceCause::Refused => (
                Cause::Refused,
                "the mail server refuses senders it does not know: open the mailbox to everybody, because customers are \
                 such senders",
            ),
            BounceCause::Other => (Cause::Other, "ask whoever runs the mailbox why it gave the mail back"),
        };
        Self { cause, status: bounced.status, advice, at: bounced.at }
    }
}
