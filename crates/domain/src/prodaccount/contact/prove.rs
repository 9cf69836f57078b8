//! Naming a contact and proving it.

use super::{
    super::{Account, Event, Rejection},
    Consequence, ContactChallengeRequested, ContactDeclared, ContactDisowned, ContactInput, ContactProofDue,
    ContactProven, Contacts, Sender,
    state::{ContactState, REMINDER_DAYS, earlier},
    watch,
};
use crate::{
    address::MailboxClass,
    decider::{Context, Decision},
    ids::IntentId,
};
use chrono::{DateTime, TimeDelta, Utc};

/// Codes the portal asks for by itself while a contact is in doubt; each lives days.
const CHALLENGES_IN_DOUBT_MAX: u32 = 5;

/// The fact of naming a contact for the `epoch`-th time.
pub(in crate::prodaccount) fn declared(contact: ContactInput, epoch: u32) -> Result<Event, Rejection> {
    match contact.class {
        MailboxClass::NoReply => return Err(Rejection::ContactTakesNoAnswers),
        MailboxClass::Disposable => return Err(Rejection::ContactDisposable),
        MailboxClass::Role | MailboxClass::Personal | MailboxClass::FreeMail => {}
    }
    let ContactInput { address, fingerprint, domain_fingerprint, class } = contact;
    Ok(Event::ContactDeclared(ContactDeclared { epoch, address, fingerprint, domain_fingerprint, class }))
}

pub(in crate::prodaccount) fn declare(
    account: &Account,
    contact: ContactInput,
) -> Result<Decision<Event>, Rejection> {
    let declared_now = account.contacts.declared();
    if contact.fingerprint == declared_now.fingerprint {
        return Err(Rejection::SameContact);
    }
    Ok(Decision::events([declared(contact, declared_now.epoch + 1)?]))
}

/// Another request replaces the open challenge: only the newest code counts.
pub(in crate::prodaccount) fn request_challenge(
    account: &Account,
    intent: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let newest = &account.contacts.newest;
    let is_half_proven = newest.proof.as_ref().is_some_and(|proof| !proof.open_to_strangers);
    if !newest.state(context.now, context.policy).wants_proof() && !is_half_proven {
        return Err(Rejection::ContactAlreadyProven);
    }
    Ok(Decision::events([challenge(&account.contacts, intent, context)]))
}

/// The portal asks by itself: when the proof ends soon, or is in doubt, and no code is under way. Otherwise nothing.
pub(in crate::prodaccount) fn renew(
    contacts: &Contacts,
    intent: IntentId,
    context: &Context<'_>,
) -> Decision<Event> {
    let Some(proof) = &contacts.newest.proof else { return Decision::events([]) };
    let is_open = contacts.challenge.as_ref().is_some_and(|open| context.now < open.expires_at);
    let due = match contacts.newest.state(context.now, context.policy) {
        ContactState::DueSoon { until } => {
            let reminder = proof.reminders + 1;
            let days = REMINDER_DAYS.get(usize::from(proof.reminders));
            let is_due = days.is_some_and(|days| context.now >= earlier(until, *days, proof.proven_at));
            if !is_due {
                return Decision::events([]);
            }
            Some(Event::ContactProofDue(ContactProofDue {
                epoch: contacts.declared().epoch,
                ends_at: until,
                reminder,
            }))
        }
        ContactState::Degraded { .. } => {
            let asked = proof.trouble.as_ref().map_or(0, |trouble| trouble.challenges);
            let is_unwanted = contacts.newest.disowned_at.is_some();
            if is_open || is_unwanted || asked >= CHALLENGES_IN_DOUBT_MAX {
                return Decision::events([]);
            }
            None
        }
        ContactState::Pending
        | ContactState::Proven { .. }
        | ContactState::Lapsed { .. }
        | ContactState::Withdrawn { .. } => return Decision::events([]),
    };
    let code = (!is_open).then(|| challenge(contacts, intent, context));
    Decision::events(due.into_iter().chain(code))
}

/// The code came back. After the first one the second is asked for at once, from a sender the mailbox could not expect.
pub(in crate::prodaccount) fn confirm(
    account: &Account,
    intent: IntentId,
    next: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let answered = open_challenge(account, intent, context.now)?;
    let proven =
        ContactProven { intent, epoch: answered.epoch, proven_at: context.now, sender: answered.sender };
    let after = account.contacts.clone().prove(&proven);
    let is_half_proven = after.newest.proof.as_ref().is_some_and(|proof| !proof.open_to_strangers);
    let second = is_half_proven.then(|| challenge(&after, next, context));
    Ok(Decision::events([Event::ContactProven(proven)].into_iter().chain(second)))
}

/// The reader of the mailbox says no, to any code that was mailed to it: it is asked no more, and to a proven contact it
/// is contrary evidence. Said again it changes nothing.
pub(in crate::prodaccount) fn disown(
    account: &Account,
    intent: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let contacts = &account.contacts;
    let epoch = contacts.declared().epoch;
    if !contacts.asked.iter().any(|asked| asked.intent == intent && asked.epoch == epoch) {
        return Err(Rejection::NoSuchChallenge);
    }
    if contacts.newest.disowned_at.is_some() {
        return Ok(Decision::nothing());
    }
    let proof = contacts.newest.proof.as_ref();
    let consequence = proof.map_or(Consequence::Nothing, |proof| watch::against(proof, context));
    let disowned = ContactDisowned { epoch, intent, at: context.now, consequence };
    Ok(Decision::events([Event::ContactDisowned(disowned)]))
}

/// The fact that a code is to be mailed: from the usual sender while nothing is proven, from another one after that.
pub(super) fn challenge(contacts: &Contacts, intent: IntentId, context: &Context<'_>) -> Event {
    let life = TimeDelta::hours(context.policy.contact_challenge_hours.into());
    Event::ContactChallengeRequested(ContactChallengeRequested {
        intent,
        epoch: contacts.declared().epoch,
        expires_at: context.now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC),
        sender: if contacts.newest.proof.is_some() { Sender::Rotated } else { Sender::Usual },
    })
}

fn open_challenge(
    account: &Account,
    intent: IntentId,
    now: DateTime<Utc>,
) -> Result<&ContactChallengeRequested, Rejection> {
    let open = account.contacts.challenge.as_ref().filter(|open| open.intent == intent);
    let open = open.ok_or(Rejection::NoSuchChallenge)?;
    if now >= open.expires_at {
        return Err(Rejection::ChallengeExpired);
    }
    Ok(open)
}
