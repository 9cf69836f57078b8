//! Mail: from a wish in the log, or a sign-up in side state, to the operator's relay.
//!
//! Wish → outbox (side state) → fold again → relay → `mail.sent` or `mail.failed` in the log. A mail goes
//! out at least once; after a crash between relay and record it goes out a second time with the same
//! Message-ID. Nothing in log or outbox tells a code: codes are keyed hashes of what they prove.

mod catalogue;
mod contact_news;
mod content;
mod delivery;
mod intents;
mod mailer;
mod outbox;
mod refold;
mod render;
mod returned;
mod senders;
mod smtp;
mod worker;

pub use contact_news::ContactNews;
pub(crate) use delivery::outcome_stream;
pub use intents::{MailIntent, Wish, intent_of};
pub use mailer::{Mail, Mailer, MailerError, MemoryMailer, SendError};
pub(crate) use outbox::unwanted;
pub use outbox::{Outbox, SignUpRecipient};
pub(crate) use refold::contact_budget;
pub(crate) use returned::ReturnedCounts;
pub use returned::{MailRoom, ReturnedMail};
pub use senders::Senders;
pub use smtp::SmtpMailer;
pub use worker::{Worker, WorkerError, WorkerParts};

use domain::usagewatch::LimitOf;

/// What kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// Proves the address of a sign-up.
    SignUpCode,
    /// Tells the owner of an account that somebody signed up with its address.
    AddressAlreadyKnown,
    /// Proves the contact of a production account.
    ContactCode,
    /// Staff ask for changes.
    ChangesRequested,
    /// Staff granted production.
    ProductionApproved,
    /// Staff refused production.
    ProductionRefused,
    /// Few places for customer sites are left.
    SitesNearlyFull,
    /// A customer site was refused.
    SiteRefused,
    /// A group has used most of its calls.
    CallsRunOut,
    /// A group has used all its calls.
    CallsUsedUp,
    /// Many development groups together have used most of their calls.
    CeilingRunsOut,
    /// Many development groups together have used all their calls.
    CeilingUsedUp,
    /// An integration has used most of its share in the calls of its group.
    ShareRunsOut,
    /// An integration has used all its share in the calls of its group.
    ShareUsedUp,
    /// The proof of a contact ends soon.
    ContactProofDue,
    /// Something speaks against a proven contact.
    ContactInDoubt,
    /// Too much does: its proof ends unless it is proven anew.
    ContactProofEnds,
    /// Its proof has ended.
    ContactProofEnded,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::SignUpCode,
        Self::AddressAlreadyKnown,
        Self::ContactCode,
        Self::ChangesRequested,
        Self::ProductionApproved,
        Self::ProductionRefused,
        Self::SitesNearlyFull,
        Self::SiteRefused,
        Self::CallsRunOut,
        Self::CallsUsedUp,
        Self::CeilingRunsOut,
        Self::CeilingUsedUp,
        Self::ShareRunsOut,
        Self::ShareUsedUp,
        Self::ContactProofDue,
        Self::ContactInDoubt,
        Self::ContactProofEnds,
        Self::ContactProofEnded,
    ];

    /// That of a threshold.
    pub(crate) fn of_threshold(limit_of: LimitOf, percent: u8) -> Self {
        match (limit_of, percent) {
            (LimitOf::Group, 100..) => Self::CallsUsedUp,
            (LimitOf::Group, _) => Self::CallsRunOut,
            (LimitOf::Owner | LimitOf::Organisation, 100..) => Self::CeilingUsedUp,
            (LimitOf::Owner | LimitOf::Organisation, _) => Self::CeilingRunsOut,
            (LimitOf::Share, 100..) => Self::ShareUsedUp,
            (LimitOf::Share, _) => Self::ShareRunsOut,
        }
    }

    /// In one word, for outbox and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignUpCode => "sign_up_code",
            Self::AddressAlreadyKnown => "address_already_known",
            Self::ContactCode => "contact_code",
            Self::ChangesRequested => "changes_requested",
            Self::ProductionApproved => "production_approved",
            Self::ProductionRefused => "production_refused",
            Self::SitesNearlyFull => "sites_nearly_full",
            Self::SiteRefused => "site_refused",
            Self::CallsRunOut => "calls_run_out",
            Self::CallsUsedUp => "calls_used_up",
            Self::CeilingRunsOut => "ceiling_runs_out",
            Self::CeilingUsedUp => "ceiling_used_up",
            Self::ShareRunsOut => "share_runs_out",
            Self::ShareUsedUp => "share_used_up",
            Self::ContactProofDue => "contact_proof_due",
            Self::ContactInDoubt => "contact_in_doubt",
            Self::ContactProofEnds => "contact_proof_ends",
            Self::ContactProofEnded => "contact_proof_ended",
        }
    }
}

#[cfg(test)]
mod tests;
