//! Life after the proof: what comes back, what checks find, and what ends by time.

use super::super::*;
use crate::{
    address::MailboxClass,
    decider::Context,
    testing::{at, fingerprint, given, sealed, uuid},
};
use chrono::{DateTime, TimeDelta, Utc};

const OWNER: DeveloperId = DeveloperId::from_uuid(uuid::Uuid::from_u128(2));
const SUBJECT: SubjectId = SubjectId::from_uuid(uuid::Uuid::from_u128(4));
/// The code from the second sender.
const SECOND: u128 = 11;
/// Names the challenge that follows.
const NEXT: u128 = 99;

fn now() -> DateTime<Utc> {
    at("2026-11-22T12:00:00Z")
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

fn intent(number: u128) -> IntentId {
    IntentId::from_uuid(uuid(number))
}

fn asked(sender: Sender, number: u128, from: DateTime<Utc>) -> Event {
    let (intent, expires_at) = (intent(number), from + TimeDelta::hours(72));
    Event::ContactChallengeRequested(ContactChallengeRequested { intent, epoch: 1, expires_at, sender })
}

fn declared(epoch: u32) -> Event {
    let contact = ContactInput {
        address: sealed(SUBJECT, 1),
        fingerprint: fingerprint(u8::try_from(epoch).expect("few")),
        domain_fingerprint: None,
        class: MailboxClass::Role,
    };
    contact::declared(contact, epoch).expect("a role mailbox")
}

/// An account whose contact waits for its first code.
fn pending() -> Vec<Event> {
    let opened = Opened { vendor_name: "Acme".to_owned(), owner: OWNER, subject: SUBJECT, support_url: None };
    vec![Event::Opened(opened), declared(1), asked(Sender::Usual, 10, now())]
}

/// An account whose contact answered both codes.
fn proven() -> Vec<Event> {
    let proven = |number, sender| {
        Event::ContactProven(ContactProven { intent: intent(number), epoch: 1, proven_at: now(), sender })
    };
    let mut events = pending();
    events.extend([proven(10, Sender::Usual), asked(Sender::Rotated, SECOND, now())]);
    events.push(proven(SECOND, Sender::Rotated));
    events
}

fn bounce(number: u128, cause: BounceCause) -> Command {
    Command::RecordBounce { intent: intent(number), cause, status: "5.1.1".to_owned(), next: intent(NEXT) }
}

fn bounced(number: u128, at: DateTime<Utc>, consequence: Consequence) -> Event {
    let (cause, status) = (BounceCause::NoMailbox, "5.1.1".to_owned());
    let epoch = 1;
    Event::ContactBounced(ContactBounced { epoch, intent: intent(number), cause, status, at, consequence })
}

fn signals(hosts: u8, names: u8) -> Signals {
    Signals { mail_hosts: vec![fingerprint(hosts)], name_servers: vec![fingerprint(names)] }
}

fn check(verdict: CheckVerdict, signals: Signals) -> Command {
    Command::RecordCheck { epoch: 1, verdict, reason: "why".to_owned(), signals, next: intent(NEXT) }
}

fn checked(verdict: CheckVerdict, signals: Signals, at: DateTime<Utc>, consequence: Consequence) -> Event {
    let reason = "why".to_owned();
    Event::ContactChecked(ContactChecked { epoch: 1, verdict, reason, signals, at, consequence })
}

/// Asks at that instant, and adds what comes of it.
#[track_caller]
fn then(events: &mut Vec<Event>, command: Command, instant: DateTime<Utc>) -> Vec<Event> {
    let asked = given::<ProdAccount>(events).when(command, instant, &Policy::default());
    let new = asked.outcome.expect("accepted").events;
    events.extend(new.clone());
    new
}

fn state(events: &[Event], instant: DateTime<Utc>) -> ContactState {
    match given::<ProdAccount>(events).state {
        ProdAccount::Open(account) => account.contacts.newest.state(instant, &Policy::default()),
        other => panic!("the account is {}", other.phase()),
    }
}

mod a_bounce {
    use super::*;

    #[test]
    fn degrades_a_proven_contact_and_asks_it_again() {
        let mut events = proven();
        let bounced_at = now() + days(1);
        let new = then(&mut events, bounce(SECOND, BounceCause::NoMailbox), bounced_at);
        let degraded = bounced(SECOND, bounced_at, Consequence::Degrades);
        assert_eq!(new, [degraded, asked(Sender::Rotated, NEXT, bounced_at)]);
        let until = now() + days(180);
        assert_eq!(state(&events, bounced_at), ContactState::Degraded { since: bounced_at, until });
        assert!(state(&events, bounced_at).holds(), "one bounce never ends a proof");
        assert!(state(&events, until - TimeDelta::nanoseconds(1)).holds());
    }

    #[test]
    fn of_a_second_mail_ends_the_proof_after_the_grace() {
        let mut events = proven();
        then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now() + days(1));
        let again = now() + days(2);
        let ends_at = again + days(14);
        let new = then(&mut events, bounce(NEXT, BounceCause::NoMailbox), again);
        assert_eq!(new, [bounced(NEXT, again, Consequence::Ends { at: ends_at })]);
        let since = now() + days(1);
        assert_eq!(state(&events, again), ContactState::Degraded { since, until: ends_at });
        assert_eq!(state(&events, ends_at), ContactState::Withdrawn { since: ends_at });
    }

    #[test]
    fn told_twice_counts_once() {
        let mut events = proven();
        then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now() + days(1));
        assert_eq!(then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now() + days(2)), []);
    }

    #[test]
    fn of_a_contact_that_is_none_any_more_changes_nothing() {
        let mut events = pending();
        events.push(declared(2));
        assert_eq!(then(&mut events, bounce(10, BounceCause::NoMailbox), now()), []);
    }

    #[test]
    fn of_a_mail_never_sent_is_refused() {
        given::<ProdAccount>(&proven())
            .when(bounce(77, BounceCause::NoMailbox), now(), &Policy::default())
            .rejects(Rejection::NoSuchChallenge);
    }

    #[test]
    fn before_the_proof_is_told_and_does_nothing_else() {
        let mut events = pending();
        let new = then(&mut events, bounce(10, BounceCause::NoMailbox), now());
        assert_eq!(new, [bounced(10, now(), Consequence::Nothing)]);
        assert_eq!(state(&events, now()), ContactState::Pending);
    }

    #[test]
    fn of_a_full_mailbox_ends_nothing_before_a_week_of_them() {
        let mut events = proven();
        let mut ask = |number: u128, day: i64| {
            events.push(asked(Sender::Rotated, number, now() + days(day)));
            let new = then(&mut events, bounce(number, BounceCause::MailboxFull), now() + days(day));
            match &new[0] {
                Event::ContactBounced(bounced) => bounced.consequence,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(ask(20, 1), Consequence::Degrades);
        assert_eq!(ask(21, 3), Consequence::Nothing);
        assert_eq!(ask(22, 6), Consequence::Nothing);
        assert_eq!(ask(23, 8), Consequence::Ends { at: now() + days(22) });
    }

    #[test]
    fn is_made_good_by_a_new_proof() {
        let mut events = proven();
        then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now() + days(1));
        then(&mut events, bounce(NEXT, BounceCause::NoMailbox), now() + days(2));
        events.push(asked(Sender::Rotated, 30, now() + days(3)));
        let confirm = Command::ConfirmContact { by: None, intent: intent(30), next: intent(31) };
        assert_eq!(then(&mut events, confirm, now() + days(4)).len(), 1);
        assert_eq!(state(&events, now() + days(40)), ContactState::Proven { until: now() + days(184) });
    }

    #[test]
    fn says_no_more_than_a_code_can() {
        let command = Command::RecordBounce {
            intent: intent(SECOND),
            cause: BounceCause::Other,
            status: format!("5.0.0 <b>\r\n{}", "x".repeat(4_000)),
            next: intent(NEXT),
        };
        let new = then(&mut proven(), command, now());
        let Event::ContactBounced(bounced) = &new[0] else { panic!("{new:?}") };
        assert_eq!(bounced.status, format!("5.0.0b{}", "x".repeat(34)));
    }
}

mod a_check {
    use super::*;

    #[test]
    fn is_told_when_it_says_something_new_and_once_a_month() {
        let mut events = proven();
        let fine = || check(CheckVerdict::Fine, signals(1, 2));
        assert_eq!(then(&mut events, fine(), now()).len(), 1);
        for day in [1, 7, 29] {
            assert_eq!(then(&mut events, fine(), now() + days(day)), []);
        }
        assert_eq!(then(&mut events, fine(), now() + days(30)).len(), 1);
        assert_eq!(then(&mut events, check(CheckVerdict::Fine, signals(3, 2)), now() + days(31)).len(), 1);
    }

    #[test]
    fn that_finds_no_mail_degrades_and_a_better_one_makes_good() {
        let mut events = proven();
        then(&mut events, check(CheckVerdict::Fine, signals(1, 2)), now());
        let (doubted, fine) = (now() + days(1), now() + days(2));
        let new = then(&mut events, check(CheckVerdict::Doubtful, Signals::default()), doubted);
        let degraded = checked(CheckVerdict::Doubtful, Signals::default(), doubted, Consequence::Degrades);
        assert_eq!(new, [degraded, asked(Sender::Rotated, NEXT, doubted)]);
        assert!(matches!(state(&events, doubted), ContactState::Degraded { .. }));
        let new = then(&mut events, check(CheckVerdict::Fine, signals(1, 2)), fine);
        assert_eq!(new, [checked(CheckVerdict::Fine, signals(1, 2), fine, Consequence::Recovers)]);
        assert_eq!(state(&events, fine), ContactState::Proven { until: now() + days(180) });
    }

    #[test]
    fn that_keeps_finding_no_mail_ends_the_proof_after_the_grace() {
        let mut events = proven();
        then(&mut events, check(CheckVerdict::Doubtful, Signals::default()), now() + days(1));
        then(&mut events, check(CheckVerdict::Unreachable, Signals::default()), now() + days(2));
        let ends_at = now() + days(16);
        assert_eq!(state(&events, ends_at), ContactState::Withdrawn { since: ends_at });
        then(&mut events, check(CheckVerdict::Fine, signals(1, 2)), ends_at);
        assert!(!state(&events, ends_at).holds(), "what has ended is proven anew, not looked at again");
    }

    #[test]
    fn that_finds_nothing_wrong_does_not_outweigh_a_mail_that_came_back() {
        let mut events = proven();
        then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now() + days(1));
        then(&mut events, check(CheckVerdict::Fine, signals(1, 2)), now() + days(2));
        assert!(matches!(state(&events, now() + days(2)), ContactState::Degraded { .. }));
    }

    #[test]
    fn that_can_not_tell_changes_nothing() {
        let mut events = proven();
        then(&mut events, check(CheckVerdict::Unknown, Signals::default()), now() + days(1));
        assert_eq!(state(&events, now() + days(1)), ContactState::Proven { until: now() + days(180) });
    }

    #[test]
    fn that_finds_the_domain_in_other_hands_ends_the_proof_at_once() {
        let mut events = proven();
        then(&mut events, check(CheckVerdict::Fine, signals(1, 2)), now());
        for other in [signals(3, 2), signals(1, 3), Signals { name_servers: vec![], ..signals(3, 3) }] {
            then(&mut events, check(CheckVerdict::Fine, other), now() + days(1));
            assert!(state(&events, now() + days(1)).holds(), "one of both may move");
        }
        let sold = now() + days(2);
        let new = then(&mut events, check(CheckVerdict::Fine, signals(3, 4)), sold);
        let ends = checked(CheckVerdict::Fine, signals(3, 4), sold, Consequence::Ends { at: sold });
        assert_eq!(new, [ends, asked(Sender::Rotated, NEXT, sold)]);
        assert_eq!(state(&events, sold), ContactState::Withdrawn { since: sold });
    }

    #[test]
    fn of_an_unproven_contact_is_told_and_does_nothing_else() {
        let mut events = pending();
        let new = then(&mut events, check(CheckVerdict::Unreachable, signals(1, 2)), now());
        assert_eq!(new, [checked(CheckVerdict::Unreachable, signals(1, 2), now(), Consequence::Nothing)]);
    }
}

mod the_reader {
    use super::*;

    fn disown(number: u128) -> Command {
        Command::DisownContact { intent: intent(number) }
    }

    #[test]
    fn who_says_no_is_asked_no_more() {
        let mut events = pending();
        then(&mut events, disown(10), now());
        let policy = Policy::default();
        let confirm = Command::ConfirmContact { by: None, intent: intent(10), next: intent(NEXT) };
        given::<ProdAccount>(&events).when(confirm, now(), &policy).rejects(Rejection::NoSuchChallenge);
    }

    #[test]
    fn says_no_once() {
        let mut events = pending();
        assert_eq!(then(&mut events, disown(10), now()).len(), 1);
        assert_eq!(then(&mut events, disown(10), now()), []);
    }

    #[test]
    fn who_says_no_is_asked_no_more_by_the_portal_itself() {
        let mut events = proven();
        events.push(asked(Sender::Rotated, 12, now() + days(100)));
        then(&mut events, disown(12), now() + days(100));
        let renew = Command::RenewContact { intent: intent(NEXT) };
        assert_eq!(then(&mut events, renew, now() + days(110)), []);
    }

    #[test]
    fn of_a_proven_contact_who_says_no_degrades_it() {
        let mut events = proven();
        events.push(asked(Sender::Rotated, 12, now() + days(170)));
        then(&mut events, disown(12), now() + days(170));
        let (since, until) = (now() + days(170), now() + days(180));
        assert_eq!(state(&events, since), ContactState::Degraded { since, until });
    }

    #[test]
    fn says_no_to_any_challenge_it_was_mailed_and_to_no_other() {
        let policy = Policy::default();
        given::<ProdAccount>(&pending()).when(disown(77), now(), &policy).rejects(Rejection::NoSuchChallenge);
        assert_eq!(then(&mut pending(), disown(10), now() + days(30)).len(), 1);
        let replaced: Vec<_> = pending().into_iter().chain([declared(2)]).collect();
        given::<ProdAccount>(&replaced).when(disown(10), now(), &policy).rejects(Rejection::NoSuchChallenge);
    }
}

mod time {
    use super::*;

    fn renew() -> Command {
        Command::RenewContact { intent: intent(NEXT) }
    }

    fn due(reminder: u8) -> Event {
        Event::ContactProofDue(ContactProofDue { epoch: 1, ends_at: now() + days(180), reminder })
    }

    #[test]
    fn brings_a_reminder_and_a_code_a_month_and_a_week_before_the_end() {
        let mut events = proven();
        let mut at_day = |day: i64| then(&mut events, renew(), now() + days(day));
        assert_eq!(at_day(149), []);
        assert_eq!(at_day(150), [due(1), asked(Sender::Rotated, NEXT, now() + days(150))]);
        assert_eq!(at_day(151), []);
        assert_eq!(at_day(173), [due(2), asked(Sender::Rotated, NEXT, now() + days(173))]);
        for day in [174, 179, 180, 400] {
            assert_eq!(at_day(day), []);
        }
    }

    #[test]
    fn brings_codes_to_a_contact_in_doubt_one_after_the_other_and_a_bounded_number() {
        let mut events = proven();
        then(&mut events, bounce(SECOND, BounceCause::NoMailbox), now());
        assert_eq!(then(&mut events, renew(), now() + days(1)), [], "one is under way");
        let codes: usize = (3..100).map(|day| then(&mut events, renew(), now() + days(day)).len()).sum();
        assert_eq!(codes, 4, "with the one that followed the bounce they are five");
    }

    #[test]
    fn ends_a_proof_and_tells_it_once() {
        let mut events = proven();
        assert_eq!(then(&mut events, Command::EndProof, now() + days(179)), []);
        let at = now() + days(180);
        let ended = ContactProofEnded { epoch: 1, at, cause: EndCause::Lapsed };
        let new = then(&mut events, Command::EndProof, at + days(2));
        assert_eq!(new, [Event::ContactProofEnded(ended)]);
        assert_eq!(then(&mut events, Command::EndProof, at + days(3)), []);
    }

    #[test]
    fn forgets_the_oldest_challenges() {
        let mut events = proven();
        for number in 100..140 {
            events.push(asked(Sender::Rotated, number, now()));
        }
        let policy = Policy::default();
        let context = Context { now: now(), policy: &policy };
        let account = given::<ProdAccount>(&events).state;
        let newest = account.decide(bounce(139, BounceCause::NoMailbox), &context);
        assert!(newest.is_ok());
        let oldest = account.decide(bounce(100, BounceCause::NoMailbox), &context);
        assert_eq!(oldest, Err(Rejection::NoSuchChallenge));
    }
}
