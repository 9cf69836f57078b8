//! What becomes of the proof of a contact, as its account's owners are told: which fact asks for which mail, and what
//! is left of it when the mail is sent.

use super::{
    MailKind,
    content::{Content, Found},
};
use chrono::{DateTime, Utc};
use domain::{
    policy::Policy,
    prodaccount::{Account, CheckVerdict, Consequence, ContactState, Event, Standing},
};
use serde::{Deserialize, Serialize};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactNews {
    /// The proof ends soon.
    ProofDue,
    /// Something speaks against it.
    InDoubt,
    /// Too much does: it ends unless there is a new one.
    ProofEnds,
    /// It has ended.
    ProofEnded,
}

impl ContactNews {
    /// Its kind of mail.
    pub(super) fn kind(self) -> MailKind {
        match self {
            Self::ProofDue => MailKind::ContactProofDue,
            Self::InDoubt => MailKind::ContactInDoubt,
            Self::ProofEnds => MailKind::ContactProofEnds,
            Self::ProofEnded => MailKind::ContactProofEnded,
        }
    }

    /// What a fact is to be told as, about which declaration.
    pub(super) fn of(event: &Event) -> Option<(Self, u32)> {
        match event {
            Event::ContactProofDue(due) => Some((Self::ProofDue, due.epoch)),
            Event::ContactProofEnded(ended) => Some((Self::ProofEnded, ended.epoch)),
            Event::ContactBounced(bounced) => Self::by(bounced.consequence).map(|news| (news, bounced.epoch)),
            Event::ContactChecked(checked) => Self::by(checked.consequence).map(|news| (news, checked.epoch)),
            Event::ContactDisowned(said) => Self::by(said.consequence).map(|news| (news, said.epoch)),
            Event::Opened(_)
            | Event::ContactDeclared(_)
            | Event::ContactChallengeRequested(_)
            | Event::ContactProven(_)
            | Event::GroupOpened(_) => None,
        }
    }

    fn by(consequence: Consequence) -> Option<Self> {
        match consequence {
            Consequence::Degrades => Some(Self::InDoubt),
            Consequence::Ends { .. } => Some(Self::ProofEnds),
            Consequence::Nothing | Consequence::Recovers => None,
        }
    }

    /// What is to be said now; nothing when it is no longer so, or says less than what is known by now.
    pub(super) fn told(
        self,
        account: &Account,
        epoch: u32,
        now: DateTime<Utc>,
        policy: &Policy,
    ) -> Option<Content> {
        let standing = account.contacts.standing(epoch)?;
        let ends_at = match (self, standing.state(now, policy)) {
            (Self::ProofDue, ContactState::DueSoon { until }) => until,
            (Self::InDoubt, ContactState::Degraded { until, .. }) if !ends(standing) => until,
            (Self::ProofEnds, ContactState::Degraded { until, .. }) if ends(standing) => until,
            (Self::ProofEnds | Self::ProofEnded, ContactState::Withdrawn { since })
            | (Self::ProofEnded, ContactState::Lapsed { since }) => since,
            _ => return None,
        };
        let vendor_name = account.vendor_name.clone();
        Some(Content::ContactNews { news: self, vendor_name, found: found(standing), ends_at })
    }
}

fn ends(standing: &Standing) -> bool {
    let trouble = standing.proof.as_ref().and_then(|proof| proof.trouble.as_ref());
    trouble.is_some_and(|trouble| trouble.ends_at.is_some())
}

/// The newest of what speaks against a proof.
fn found(standing: &Standing) -> Option<Found> {
    standing.proof.as_ref()?.trouble.as_ref()?;
    let bounced = standing.bounced.as_ref().map(|bounced| (bounced.at, Found::Bounce(bounced.cause)));
    let checked = standing.checked.as_ref().filter(|checked| checked.consequence != Consequence::Nothing);
    let checked = checked.map(|checked| {
        let found = match checked.verdict {
            CheckVerdict::Doubtful | CheckVerdict::Unreachable => Found::NoMailHost,
            CheckVerdict::Fine | CheckVerdict::Unknown => Found::OtherHands,
        };
        (checked.at, found)
    });
    let disowned = standing.disowned_at.map(|at| (at, Found::Disowned));
    [bounced, checked, disowned].into_iter().flatten().max_by_key(|(at, _)| *at).map(|(_, found)| found)
}
