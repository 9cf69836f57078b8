//! The contacts of an account, folded from their facts: the newest declaration, and the one before it as long as
//! that is the one customers see.

use super::{
    super::Event, Consequence, ContactBounced, ContactChallengeRequested, ContactChecked, ContactDeclared,
    ContactDisowned, ContactProofDue, ContactProofEnded, ContactProven, Sender, Signals, prove,
    state::ContactState, watch,
};
use crate::{decider::Context, ids::IntentId, policy::Policy};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Challenges remembered, because their mails may still come back; the oldest are forgotten.
pub const ASKED_MAX: usize = 8;

/// The contacts of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contacts {
    /// The newest declaration.
    pub newest: Standing,
    /// The declaration before it that customers see until the newest is proven as well as it.
    pub before: Option<Standing>,
    /// The open challenge of the newest declaration.
    pub challenge: Option<ContactChallengeRequested>,
    /// The latest challenges, oldest first.
    pub asked: Vec<Asked>,
}

/// A challenge that was mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Names mail and challenge.
    pub intent: IntentId,
    /// Which declaration.
    pub epoch: u32,
    /// Whether its mail came back.
    pub bounced: bool,
}

/// A declared contact and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was declared.
    pub contact: ContactDeclared,
    /// Its proof.
    pub proof: Option<Proof>,
    /// The newest check worth telling.
    pub checked: Option<ContactChecked>,
    /// The newest mail that came back since the newest proof.
    pub bounced: Option<ContactBounced>,
    /// Its reader said, since the newest proof, that it is not this vendor's.
    pub disowned_at: Option<DateTime<Utc>>,
}

/// What speaks for a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When the newest code came back.
    pub proven_at: DateTime<Utc>,
    /// Whether a code came back that was sent by somebody it could not expect: strangers get through.
    pub open_to_strangers: bool,
    /// Who ran its domain when that was first seen after the first proof.
    pub signals: Option<Signals>,
    /// What speaks against it since then.
    pub trouble: Option<Trouble>,
    /// How often the owners were told that it ends.
    pub reminders: u8,
    /// Whether it is recorded that it ended.
    pub end_recorded: bool,
}

/// What speaks against a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Mails that came back, and no from its reader; a check that finds nothing wrong does not outweigh them.
    pub mails: u32,
    /// When the proof ends by it.
    pub ends_at: Option<DateTime<Utc>>,
    /// Codes asked for since then.
    pub challenges: u32,
}

impl Proof {
    /// A proof nothing speaks against.
    pub fn of(proven_at: DateTime<Utc>, open_to_strangers: bool) -> Self {
        Self { proven_at, open_to_strangers, signals: None, trouble: None, reminders: 0, end_recorded: false }
    }
}

impl Standing {
    fn of(contact: ContactDeclared) -> Self {
        Self { contact, proof: None, checked: None, bounced: None, disowned_at: None }
    }

    /// Where its proof stands.
    pub fn state(&self, now: DateTime<Utc>, policy: &Policy) -> ContactState {
        ContactState::of(self.proof.as_ref(), now, policy)
    }

    fn is_open_to_strangers(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.open_to_strangers)
    }

    fn weigh(&mut self, consequence: Consequence, at: DateTime<Utc>, mails: u32) {
        let Some(proof) = &mut self.proof else { return };
        let fresh = Trouble { since: at, mails: 0, ends_at: None, challenges: 0 };
        let trouble = match consequence {
            Consequence::Recovers => {
                proof.trouble = None;
                return;
            }
            Consequence::Nothing => proof.trouble.as_mut(),
            Consequence::Degrades | Consequence::Ends { .. } => Some(proof.trouble.get_or_insert(fresh)),
        };
        let Some(trouble) = trouble else { return };
        trouble.mails += mails;
        if let Consequence::Ends { at } = consequence {
            trouble.ends_at = Some(trouble.ends_at.map_or(at, |before| before.min(at)));
        }
    }
}

impl Contacts {
    /// Those of an account whose first contact was named.
    pub fn of(declared: ContactDeclared) -> Self {
        Self { newest: Standing::of(declared), before: None, challenge: None, asked: Vec::new() }
    }

    /// With one more fact; none when it is no fact of a contact.
    #[must_use]
    pub fn evolve(self, event: &Event) -> Option<Self> {
        Some(match event {
            Event::ContactDeclared(declared) => self.declare(declared),
            Event::ContactChallengeRequested(challenge) => self.ask(challenge),
            Event::ContactProven(proven) => self.prove(proven),
            Event::ContactBounced(bounced) => self.bounce(bounced),
            Event::ContactChecked(checked) => self.check(checked),
            Event::ContactDisowned(disowned) => self.disown(disowned),
            Event::ContactProofDue(due) => self.remind(due),
            Event::ContactProofEnded(ended) => self.end(ended),
            Event::Opened(_) | Event::GroupOpened(_) => return None,
        })
    }

    /// The newest declaration.
    pub fn declared(&self) -> &ContactDeclared {
        &self.newest.contact
    }

    /// Whether time has come to something that is to be recorded: a reminder, another code, the end of a proof.
    pub fn are_overdue(&self, context: &Context<'_>) -> bool {
        let unused = IntentId::from_uuid(uuid::Uuid::nil());
        let decisions = [prove::renew(self, unused, context), watch::end_proof(self, context)];
        decisions.iter().any(|decision| !decision.events.is_empty())
    }

    /// The contact customers see, with its proof.
    pub fn shown(&self) -> Option<(&Standing, &Proof)> {
        let shown = self.before.as_ref().unwrap_or(&self.newest);
        shown.proof.as_ref().map(|proof| (shown, proof))
    }

    /// Another mailbox is named. The one customers see stays until the new one is proven.
    fn declare(mut self, declared: &ContactDeclared) -> Self {
        let newest = std::mem::replace(&mut self.newest, Standing::of(declared.clone()));
        self.before = self.before.or(newest.proof.is_some().then_some(newest));
        self.challenge = None;
        self
    }

    /// A code is mailed.
    fn ask(mut self, challenge: &ContactChallengeRequested) -> Self {
        if self.asked.len() >= ASKED_MAX {
            self.asked.remove(0);
        }
        self.asked.push(Asked { intent: challenge.intent, epoch: challenge.epoch, bounced: false });
        if let Some(trouble) = self.newest.proof.as_mut().and_then(|proof| proof.trouble.as_mut()) {
            trouble.challenges += 1;
        }
        self.challenge = Some(challenge.clone());
        self
    }

    /// A code came back.
    pub(super) fn prove(mut self, proven: &ContactProven) -> Self {
        let was_open = self.newest.is_open_to_strangers();
        let last_seen = self.newest.checked.as_ref().map(|checked| checked.signals.clone());
        self.newest.proof = Some(Proof {
            signals: last_seen.filter(Signals::are_known),
            ..Proof::of(proven.proven_at, was_open || proven.sender == Sender::Rotated)
        });
        self.newest.bounced = None;
        self.newest.disowned_at = None;
        self.challenge = None;
        // A contact that strangers reach is replaced by one that strangers reach.
        let replaces =
            |before: &Standing| self.newest.is_open_to_strangers() || !before.is_open_to_strangers();
        self.before = self.before.take().filter(|before| !replaces(before));
        self
    }

    /// A mail came back.
    fn bounce(mut self, bounced: &ContactBounced) -> Self {
        for asked in self.asked.iter_mut().filter(|asked| asked.intent == bounced.intent) {
            asked.bounced = true;
        }
        if let Some(standing) = self.standing_mut(bounced.epoch) {
            standing.weigh(bounced.consequence, bounced.at, 1);
            standing.bounced = Some(bounced.clone());
        }
        self
    }

    /// Its mail hosts were looked at.
    fn check(mut self, checked: &ContactChecked) -> Self {
        if let Some(standing) = self.standing_mut(checked.epoch) {
            standing.weigh(checked.consequence, checked.at, 0);
            if let Some(proof) = standing.proof.as_mut().filter(|_| checked.signals.are_known()) {
                proof.signals.get_or_insert_with(|| checked.signals.clone());
            }
            standing.checked = Some(checked.clone());
        }
        self
    }

    /// Its reader says no.
    fn disown(mut self, disowned: &ContactDisowned) -> Self {
        self.challenge = None;
        if let Some(standing) = self.standing_mut(disowned.epoch) {
            standing.weigh(disowned.consequence, disowned.at, 1);
            standing.disowned_at = Some(disowned.at);
        }
        self
    }

    /// The owners were told that a proof ends.
    fn remind(mut self, due: &ContactProofDue) -> Self {
        if let Some(proof) = self.standing_mut(due.epoch).and_then(|standing| standing.proof.as_mut()) {
            proof.reminders = due.reminder;
        }
        self
    }

    /// It is recorded that a proof ended.
    fn end(mut self, ended: &ContactProofEnded) -> Self {
        if let Some(proof) = self.standing_mut(ended.epoch).and_then(|standing| standing.proof.as_mut()) {
            proof.end_recorded = true;
        }
        self
    }

    /// What is known of a declaration, unless another took its place.
    pub fn standing(&self, epoch: u32) -> Option<&Standing> {
        [Some(&self.newest), self.before.as_ref()]
            .into_iter()
            .flatten()
            .find(|standing| standing.contact.epoch == epoch)
    }

    fn standing_mut(&mut self, epoch: u32) -> Option<&mut Standing> {
        [Some(&mut self.newest), self.before.as_mut()]
            .into_iter()
            .flatten()
            .find(|standing| standing.contact.epoch == epoch)
    }
}
