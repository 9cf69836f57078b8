//! What a mail says, as data; the words are in the catalogue.

use super::{ContactNews, MailKind};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use domain::{
    group::{GroupRef, Limits},
    ids::IntegrationId,
    prodaccount::BounceCause,
    prodgroup::ReasonCode,
    roster::{Scope, SiteId},
    usagewatch::LimitOf,
};
use uuid::Uuid;

/// A language the catalogue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locale {
    /// English; also stands in for every language the catalogue lacks.
    En,
}

impl Locale {
    /// All of them.
    pub(super) const ALL: [Self; 1] = [Self::En];

    /// The language for a BCP 47 tag.
    pub(super) fn of(tag: &str) -> Self {
        Self::ALL.into_iter().find(|locale| tag.split('-').next() == Some(locale.tag())).unwrap_or(Self::En)
    }

    /// BCP 47.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
        }
    }
}

/// The data of one mail.
pub(super) enum Content {
    SignUpCode {
        proof: Proof,
    },
    AddressAlreadyKnown,
    ContactCode {
        proof: Proof,
        /// Told to mailboxes that answered before; a stranger is not sent words of the vendor's choice.
        vendor_name: Option<String>,
    },
    ChangesRequested {
        group_name: String,
        reason: ReasonCode,
        note: Option<String>,
        expires_at: DateTime<Utc>,
    },
    ProductionApproved {
        group_name: String,
        limits: Limits,
    },
    ProductionRefused {
        group_name: String,
        reason: ReasonCode,
        note: Option<String>,
    },
    SitesNearlyFull {
        group_name: String,
        scope: Scope,
        used: u32,
        limit: u32,
    },
    SiteRefused {
        group_name: String,
        site: SiteId,
        integration: IntegrationId,
        scope: Scope,
        limit: u32,
    },
    ThresholdReached {
        group_name: String,
        group: GroupRef,
        limit_of: LimitOf,
        part: Option<Uuid>,
        /// Name of the integration whose share it is.
        integration: Option<String>,
        percent: u8,
        limit: u32,
        window_s: u32,
        since: DateTime<Utc>,
    },
    ContactNews {
        news: ContactNews,
        vendor_name: String,
        /// What speaks against the proof.
        found: Option<Found>,
        /// When the proof ends, or ended.
        ends_at: DateTime<Utc>,
    },
}

/// What speaks against the proof of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Mail came back.
    Bounce(BounceCause),
    /// No server takes mail for it.
    NoMailHost,
    /// Its domain is run by somebody else.
    OtherHands,
    /// Its reader says that it is not this vendor's.
    Disowned,
}

/// A code and where to use it.
pub(super) struct Proof {
    /// `ABCD-EFGH`.
    pub(super) code: Secret<String>,
    /// The page that asks for it; the code is in the fragment, which no server sees.
    pub(super) link: Secret<String>,
    /// From then on it is dead.
    pub(super) expires_at: DateTime<Utc>,
}

impl Proof {
    /// `id` is the text id of the challenge. There is no other link in any mail.
    pub(super) fn new(code: Secret<String>, base_url: &str, id: &str, expires_at: DateTime<Utc>) -> Self {
        let link = format!("{}/proofs/{id}#{}", base_url.trim_end_matches('/'), code.reveal());
        Self { link: Secret::new(link), code, expires_at }
    }
}

impl Content {
    /// Its kind of mail; names its texts.
    pub(super) fn kind(&self) -> MailKind {
        match self {
            Self::SignUpCode { .. } => MailKind::SignUpCode,
            Self::AddressAlreadyKnown => MailKind::AddressAlreadyKnown,
            Self::ContactCode { .. } => MailKind::ContactCode,
            Self::ChangesRequested { .. } => MailKind::ChangesRequested,
            Self::ProductionApproved { .. } => MailKind::ProductionApproved,
            Self::ProductionRefused { .. } => MailKind::ProductionRefused,
            Self::SitesNearlyFull { .. } => MailKind::SitesNearlyFull,
            Self::SiteRefused { .. } => MailKind::SiteRefused,
            Self::ThresholdReached { limit_of, percent, .. } => MailKind::of_threshold(*limit_of, *percent),
            Self::ContactNews { news, .. } => news.kind(),
        }
    }
}
