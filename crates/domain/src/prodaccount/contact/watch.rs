//! What speaks against a proven contact. One piece of evidence never ends a proof: it puts it in doubt, and the
//! contact is asked again. Only a new proof ends the doubt, or, where no mail came back, a check that finds nothing wrong.

use super::{
    super::{Account, Event, Rejection},
    BounceCause, CheckVerdict, Consequence, ContactBounced, ContactChecked, ContactProofEnded, Contacts,
    EndCause, Proof, Signals, Standing, prove,
    state::{ContactState, later},
};
use crate::{
    decider::{Context, Decision},
    ids::IntentId,
};
use chrono::TimeDelta;

/// Longest status and reason taken, in bytes.
const WORD_BYTES_MAX: usize = 40;
/// A full mailbox exists: only one that stays full so long ends a proof.
const FULL_FOR: TimeDelta = TimeDelta::days(7);
/// And only when so many mails came back.
const FULL_TIMES: u32 = 3;
/// A check that finds the same is worth telling again after this time.
const CHECK_TOLD_EVERY: TimeDelta = TimeDelta::days(30);

/// The mail of a challenge came back. What comes back twice, or to a contact that is none any more, changes nothing.
pub(in crate::prodaccount) fn record_bounce(
    account: &Account,
    bounce: (IntentId, BounceCause, String),
    next: IntentId,
    context: &Context<'_>,
) -> Result<Decision<Event>, Rejection> {
    let (intent, cause, status) = bounce;
    let contacts = &account.contacts;
    let asked = contacts.asked.iter().find(|asked| asked.intent == intent);
    let asked = asked.ok_or(Rejection::NoSuchChallenge)?;
    let Some(standing) = contacts.standing(asked.epoch).filter(|_| !asked.bounced) else {
        return Ok(Decision::events([]));
    };
    let consequence = standing.proof.as_ref().map_or(Consequence::Nothing, |proof| match cause {
        BounceCause::MailboxFull => by_full_mailbox(proof, context),
        BounceCause::NoMailbox | BounceCause::MembersOnly | BounceCause::Refused | BounceCause::Other => {
            against(proof, context)
        }
    });
    let bounced = ContactBounced {
        epoch: asked.epoch,
        intent,
        cause,
        status: bounded(status),
        at: context.now,
        consequence,
    };
    let is_first = consequence == Consequence::Degrades && standing.proof.as_ref().is_some_and(is_undoubted);
    let is_under_way = contacts
        .challenge
        .as_ref()
        .is_some_and(|open| open.intent != intent && context.now < open.expires_at);
    let is_newest = asked.epoch == contacts.declared().epoch;
    let again = (is_first && is_newest && !is_under_way).then(|| prove::challenge(contacts, next, context));
    Ok(Decision::events([Event::ContactBounced(bounced)].into_iter().chain(again)))
}

/// The mail hosts of a contact were looked at. Recorded when something is new, and once a month.
pub(in crate::prodaccount) fn record_check(
    account: &Account,
    epoch: u32,
    found: (CheckVerdict, String, Signals),
    next: IntentId,
    context: &Context<'_>,
) -> Decision<Event> {
    let contacts = &account.contacts;
    let Some(standing) = contacts.standing(epoch) else { return Decision::events([]) };
    let (verdict, reason, signals) = found;
    let proof = standing.proof.as_ref();
    let consequence = proof.map_or(Consequence::Nothing, |proof| by_check(proof, verdict, &signals, context));
    let reason = bounded(reason);
    if consequence == Consequence::Nothing && is_old_news(standing, verdict, &reason, &signals, context) {
        return Decision::events([]);
    }
    let checked = ContactChecked { epoch, verdict, reason, signals, at: context.now, consequence };
    let is_first = matches!(consequence, Consequence::Degrades | Consequence::Ends { .. })
        && proof.is_some_and(is_undoubted);
    let is_newest = epoch == contacts.declared().epoch;
    let is_under_way = contacts.challenge.as_ref().is_some_and(|open| context.now < open.expires_at);
    let again = (is_first && is_newest && !is_under_way).then(|| prove::challenge(contacts, next, context));
    Decision::events([Event::ContactChecked(checked)].into_iter().chain(again))
}

/// Records that the proof of the contact customers see has ended.
pub(in crate::prodaccount) fn end_proof(contacts: &Contacts, context: &Context<'_>) -> Decision<Event> {
    let Some((shown, proof)) = contacts.shown() else { return Decision::events([]) };
    let (at, cause) = match shown.state(context.now, context.policy) {
        ContactState::Lapsed { since } => (since, EndCause::Lapsed),
        ContactState::Withdrawn { since } => (since, EndCause::Withdrawn),
        ContactState::Pending
        | ContactState::Proven { .. }
        | ContactState::DueSoon { .. }
        | ContactState::Degraded { .. } => return Decision::events([]),
    };
    if proof.end_recorded {
        return Decision::events([]);
    }
    let epoch = shown.contact.epoch;
    Decision::events([Event::ContactProofEnded(ContactProofEnded { epoch, at, cause })])
}

/// What one more piece of evidence does: the first puts the proof in doubt, another one ends it after the grace.
pub(super) fn against(proof: &Proof, context: &Context<'_>) -> Consequence {
    match &proof.trouble {
        None => Consequence::Degrades,
        Some(trouble) if trouble.ends_at.is_some() => Consequence::Nothing,
        Some(_) => Consequence::Ends { at: later(context.now, context.policy.contact_grace_days) },
    }
}

fn by_full_mailbox(proof: &Proof, context: &Context<'_>) -> Consequence {
    match &proof.trouble {
        Some(trouble) if trouble.mails + 1 < FULL_TIMES || context.now < trouble.since + FULL_FOR => {
            Consequence::Nothing
        }
        _ => against(proof, context),
    }
}

fn by_check(proof: &Proof, verdict: CheckVerdict, signals: &Signals, context: &Context<'_>) -> Consequence {
    let has_ended =
        proof.trouble.as_ref().and_then(|trouble| trouble.ends_at).is_some_and(|at| at <= context.now);
    if has_ended {
        return Consequence::Nothing;
    }
    if proof.signals.as_ref().is_some_and(|before| signals.changed_hands(before)) {
        // Whoever runs the domain now is not who gave the proof.
        return Consequence::Ends { at: context.now };
    }
    match verdict {
        CheckVerdict::Unreachable => against(proof, context),
        CheckVerdict::Doubtful if is_undoubted(proof) => Consequence::Degrades,
        CheckVerdict::Fine if proof.trouble.as_ref().is_some_and(|trouble| trouble.mails == 0) => {
            Consequence::Recovers
        }
        CheckVerdict::Doubtful | CheckVerdict::Fine | CheckVerdict::Unknown => Consequence::Nothing,
    }
}

fn is_old_news(
    standing: &Standing,
    verdict: CheckVerdict,
    reason: &str,
    signals: &Signals,
    context: &Context<'_>,
) -> bool {
    standing.checked.as_ref().is_some_and(|before| {
        let is_same = (before.verdict, before.reason.as_str(), &before.signals) == (verdict, reason, signals);
        is_same && context.now < before.at + CHECK_TOLD_EVERY
    })
}

fn is_undoubted(proof: &Proof) -> bool {
    proof.trouble.is_none()
}

/// What strangers say is cut to what a code of theirs can be.
fn bounded(word: String) -> String {
    let is_code = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    word.chars().filter(is_code).take(WORD_BYTES_MAX).collect()
}
