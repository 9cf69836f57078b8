use super::*;
use crate::{
    address::MailboxClass,
    claim::ClaimChange,
    names::NameRule,
    testing::{at, fingerprint, given, sealed, uuid},
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

const ACCOUNT: ProdAccountId = ProdAccountId::from_uuid(uuid::Uuid::from_u128(1));
const OWNER: DeveloperId = DeveloperId::from_uuid(uuid::Uuid::from_u128(2));
const STRANGER: DeveloperId = DeveloperId::from_uuid(uuid::Uuid::from_u128(3));
const SUBJECT: SubjectId = SubjectId::from_uuid(uuid::Uuid::from_u128(4));

/// Names the challenge that follows one.
const NEXT: u128 = 99;

fn now() -> DateTime<Utc> {
    at("2026-11-22T12:00:00Z")
}

fn intent(number: u128) -> IntentId {
    IntentId::from_uuid(uuid(number))
}

fn group(number: u128) -> ProdGroupId {
    ProdGroupId::from_uuid(uuid(number))
}

/// Mailboxes that never are contacts, and why.
fn unfit() -> [(MailboxClass, Rejection); 2] {
    [
        (MailboxClass::NoReply, Rejection::ContactTakesNoAnswers),
        (MailboxClass::Disposable, Rejection::ContactDisposable),
    ]
}

fn mailbox(content: u8) -> ContactInput {
    ContactInput {
        address: sealed(SUBJECT, content),
        fingerprint: fingerprint(content),
        domain_fingerprint: Some(fingerprint(200)),
        class: MailboxClass::Role,
    }
}

fn open(vendor_name: &str, support_url: Option<&str>) -> Open {
    Open {
        account: ACCOUNT,
        owner: OWNER,
        vendor_name: vendor_name.to_owned(),
        subject: SUBJECT,
        contact: mailbox(1),
        support_url: support_url.map(str::to_owned),
    }
}

fn opened() -> Event {
    Event::Opened(Opened {
        vendor_name: "Acme".to_owned(),
        owner: OWNER,
        subject: SUBJECT,
        support_url: None,
    })
}

fn declared(epoch: u32, content: u8) -> Event {
    super::contact::declared(mailbox(content), epoch).expect("a role mailbox")
}

fn requested(number: u128, epoch: u32, expires_at: DateTime<Utc>) -> Event {
    requested_from(Sender::Usual, number, epoch, expires_at)
}

fn requested_from(sender: Sender, number: u128, epoch: u32, expires_at: DateTime<Utc>) -> Event {
    let intent = intent(number);
    Event::ContactChallengeRequested(ContactChallengeRequested { intent, epoch, expires_at, sender })
}

fn proven(number: u128, epoch: u32, proven_at: DateTime<Utc>) -> Event {
    proven_from(Sender::Usual, number, epoch, proven_at)
}

fn proven_from(sender: Sender, number: u128, epoch: u32, proven_at: DateTime<Utc>) -> Event {
    Event::ContactProven(ContactProven { intent: intent(number), epoch, proven_at, sender })
}

fn confirm(by: Option<DeveloperId>, number: u128) -> Command {
    Command::ConfirmContact { by, intent: intent(number), next: intent(NEXT) }
}

/// An account whose first contact answered both codes at that instant.
fn proven_at(instant: DateTime<Utc>) -> Vec<Event> {
    let mut events = half_proven_at(instant);
    events.push(proven_from(Sender::Rotated, 9, 1, instant));
    events
}

/// An account whose first contact answered the first code at that instant, and was sent the second.
fn half_proven_at(instant: DateTime<Utc>) -> Vec<Event> {
    let expires_at = instant + TimeDelta::hours(72);
    let first = [opened(), declared(1, 1), requested(10, 1, expires_at), proven(10, 1, instant)];
    first.into_iter().chain([requested_from(Sender::Rotated, 9, 1, expires_at)]).collect()
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

/// Which declaration customers see, and when it was proven.
fn shown(account: &Account) -> Option<(u32, DateTime<Utc>)> {
    account.contacts.shown().map(|(shown, proof)| (shown.contact.epoch, proof.proven_at))
}

fn account_of(events: &[Event]) -> Account {
    match given::<ProdAccount>(events).state {
        ProdAccount::Open(account) => account,
        other => panic!("the account is {}", other.phase()),
    }
}

mod opening {
    use super::*;

    #[test]
    fn declares_the_contact_and_claims_the_vendor_name() {
        let opened = Event::Opened(Opened {
            vendor_name: "Illy Labs".to_owned(),
            owner: OWNER,
            subject: SUBJECT,
            support_url: Some("https://vendor.com/help".to_owned()),
        });
        let keys = names::claim_keys("Illy Labs");
        assert_eq!(keys.len(), 2);
        let holder = "prodaccount-00000000-0000-0000-0000-000000000001";
        let take =
            |key: &String| ClaimChange::Take { key: ClaimKey::Name(key.clone()), holder: holder.to_owned() };
        given::<ProdAccount>(&[])
            .when(
                Command::Open(open("  Illy  Labs ", Some(" https://vendor.com/help "))),
                now(),
                &Policy::default(),
            )
            .then(&[opened, declared(1, 1)])
            .claims(&keys.iter().map(take).collect::<Vec<_>>());
    }

    #[test]
    fn makes_the_owner_the_first_member() {
        let account = account_of(&[opened(), declared(1, 1)]);
        assert_eq!(account.members, BTreeMap::from([(OWNER, Role::Owner)]));
        assert_eq!(account.ever_members, [OWNER]);
    }

    #[test]
    fn happens_once() {
        given::<ProdAccount>(&[opened(), declared(1, 1)])
            .when(Command::Open(open("Acme", None)), now(), &Policy::default())
            .rejects(Rejection::AlreadyExists);
    }

    #[test]
    fn takes_a_vendor_name_with_words_banned_in_group_names() {
        given::<ProdAccount>(&[])
            .when(Command::Open(open("REST Test API", None)), now(), &Policy::default())
            .accepted();
    }

    #[test]
    fn refuses_a_name_nobody_could_read() {
        given::<ProdAccount>(&[])
            .when(Command::Open(open("\u{200b}", None)), now(), &Policy::default())
            .rejects(Rejection::Name(NameProblem { rule: NameRule::ForbiddenCharacter, proposal: None }));
    }

    #[test]
    fn refuses_a_contact_that_takes_no_answers_or_is_thrown_away() {
        for (class, rejection) in unfit() {
            let contact = ContactInput { class, ..mailbox(1) };
            given::<ProdAccount>(&[])
                .when(Command::Open(Open { contact, ..open("Acme", None) }), now(), &Policy::default())
                .rejects(rejection);
        }
    }

    #[test]
    fn refuses_a_support_url_customers_cannot_open() {
        let longest = format!("https://vendor.com/{}", "h".repeat(SUPPORT_URL_BYTES_MAX - 19));
        for url in [
            "http://vendor.com/help",
            "vendor.com/help",
            "mailto:help@vendor.com",
            "https://localhost/help",
            "https://192.0.2.1/help",
            "https://[2001:db8::1]/",
            "https://com/",
            "https://vendor.test/",
            "https://user:secret@vendor.com/",
            "https://user@vendor.com/",
            &format!("{longest}h"),
            "",
        ] {
            given::<ProdAccount>(&[])
                .when(Command::Open(open("Acme", Some(url))), now(), &Policy::default())
                .rejects(Rejection::SupportUrl);
        }
        given::<ProdAccount>(&[])
            .when(Command::Open(open("Acme", Some(&longest))), now(), &Policy::default())
            .accepted();
    }

    #[test]
    fn takes_a_reserved_host_where_policy_lists_it() {
        let policy = Policy { reserved_mail_domains: vec!["test".to_owned()], ..Policy::default() };
        given::<ProdAccount>(&[])
            .when(Command::Open(open("Acme", Some("https://acme.test/"))), now(), &policy)
            .accepted();
    }
}

mod members {
    use super::*;

    fn commands(by: DeveloperId) -> [Command; 4] {
        [
            Command::DeclareContact { by, contact: mailbox(2) },
            Command::RequestContactChallenge { by, intent: intent(10) },
            confirm(Some(by), 10),
            Command::OpenGroup { by, group: group(20) },
        ]
    }

    #[test]
    fn alone_know_that_the_account_exists() {
        for command in commands(STRANGER) {
            given::<ProdAccount>(&[opened(), declared(1, 1)])
                .when(command, now(), &Policy::default())
                .rejects(Rejection::NotYours);
        }
        for command in commands(OWNER) {
            given::<ProdAccount>(&[]).when(command, now(), &Policy::default()).rejects(Rejection::NotYours);
        }
    }

    #[test]
    fn change_nothing_without_being_owner_or_admin() {
        let with_role = |role| {
            let mut account = account_of(&[opened(), declared(1, 1), requested(10, 1, now() + days(3))]);
            account.members.insert(STRANGER, role);
            ProdAccount::Open(account)
        };
        let policy = Policy::default();
        let context = Context { now: now(), policy: &policy };
        for command in commands(STRANGER) {
            assert_eq!(with_role(Role::Member).decide(command.clone(), &context), Err(Rejection::NotAllowed));
            assert!(with_role(Role::Admin).decide(command, &context).is_ok());
        }
    }
}

mod declaring_a_contact {
    use super::*;

    #[test]
    fn counts_declarations_and_closes_the_open_challenge() {
        let declare = Command::DeclareContact { by: OWNER, contact: mailbox(2) };
        let after = given::<ProdAccount>(&[opened(), declared(1, 1), requested(10, 1, now() + days(3))])
            .when(declare, now(), &Policy::default())
            .then(&[declared(2, 2)])
            .claims(&[])
            .after;
        let confirm = confirm(Some(OWNER), 10);
        let policy = Policy::default();
        let context = Context { now: now(), policy: &policy };
        assert_eq!(after.decide(confirm, &context), Err(Rejection::NoSuchChallenge));
    }

    #[test]
    fn refuses_the_mailbox_that_is_declared() {
        given::<ProdAccount>(&[opened(), declared(1, 1)])
            .when(Command::DeclareContact { by: OWNER, contact: mailbox(1) }, now(), &Policy::default())
            .rejects(Rejection::SameContact);
    }

    #[test]
    fn refuses_a_mailbox_that_takes_no_answers_or_is_thrown_away() {
        for (class, rejection) in unfit() {
            let contact = ContactInput { class, ..mailbox(2) };
            given::<ProdAccount>(&[opened(), declared(1, 1)])
                .when(Command::DeclareContact { by: OWNER, contact }, now(), &Policy::default())
                .rejects(rejection);
        }
    }

    #[test]
    fn keeps_the_proven_contact_shown_until_the_new_one_is_proven() {
        let mut events = proven_at(now() - days(5));
        events.push(declared(2, 2));
        let waiting = account_of(&events);
        assert_eq!(shown(&waiting), Some((1, now() - days(5))));
        assert_eq!(waiting.contacts.declared().epoch, 2);

        // What strangers reach is replaced only by what strangers reach.
        events.extend([requested(11, 2, now() + days(3)), proven(11, 2, now())]);
        assert_eq!(shown(&account_of(&events)), Some((1, now() - days(5))));
        events.push(proven_from(Sender::Rotated, 12, 2, now()));
        assert_eq!(shown(&account_of(&events)), Some((2, now())));
    }

    #[test]
    fn replaces_a_half_proven_contact_by_another_half_proven_one() {
        let mut events = half_proven_at(now() - days(5));
        events.extend([declared(2, 2), requested(11, 2, now() + days(3)), proven(11, 2, now())]);
        assert_eq!(shown(&account_of(&events)), Some((2, now())));
    }
}

mod a_challenge {
    use super::*;

    fn request(number: u128) -> Command {
        Command::RequestContactChallenge { by: OWNER, intent: intent(number) }
    }

    #[test]
    fn lives_as_long_as_policy_says() {
        let policy = Policy { contact_challenge_hours: 5, ..Policy::default() };
        given::<ProdAccount>(&[opened(), declared(1, 1)])
            .when(request(10), now(), &policy)
            .then(&[requested(10, 1, now() + TimeDelta::hours(5))]);
    }

    #[test]
    fn proves_the_contact_until_but_not_at_its_expiry() {
        let expires_at = now() + TimeDelta::hours(72);
        let asked = [opened(), declared(1, 1), requested(10, 1, expires_at)];
        let last_instant = expires_at - TimeDelta::nanoseconds(1);
        let second = requested_from(Sender::Rotated, NEXT, 1, last_instant + TimeDelta::hours(72));
        given::<ProdAccount>(&asked)
            .when(confirm(Some(OWNER), 10), last_instant, &Policy::default())
            .then(&[proven(10, 1, last_instant), second]);
        given::<ProdAccount>(&asked)
            .when(confirm(Some(OWNER), 10), expires_at, &Policy::default())
            .rejects(Rejection::ChallengeExpired);
    }

    #[test]
    fn is_replaced_by_the_next_request() {
        let asked =
            [opened(), declared(1, 1), requested(10, 1, now() + days(3)), requested(11, 1, now() + days(3))];
        given::<ProdAccount>(&asked)
            .when(confirm(Some(OWNER), 10), now(), &Policy::default())
            .rejects(Rejection::NoSuchChallenge);
        let second = requested_from(Sender::Rotated, NEXT, 1, now() + TimeDelta::hours(72));
        given::<ProdAccount>(&asked)
            .when(confirm(Some(OWNER), 11), now(), &Policy::default())
            .then(&[proven(11, 1, now()), second]);
    }

    #[test]
    fn is_answered_once() {
        given::<ProdAccount>(&proven_at(now()))
            .when(confirm(Some(OWNER), 10), now(), &Policy::default())
            .rejects(Rejection::NoSuchChallenge);
    }

    #[test]
    fn is_not_opened_before_the_renewal_is_due() {
        let until = now() + days(180);
        let due = until - days(30);
        given::<ProdAccount>(&proven_at(now()))
            .when(request(11), due - TimeDelta::nanoseconds(1), &Policy::default())
            .rejects(Rejection::ContactAlreadyProven);
        for instant in [due, until, until + days(400)] {
            given::<ProdAccount>(&proven_at(now()))
                .when(request(11), instant, &Policy::default())
                .then(&[requested_from(Sender::Rotated, 11, 1, instant + TimeDelta::hours(72))]);
        }
    }

    #[test]
    fn is_opened_anew_while_the_second_code_is_missing() {
        let again = requested_from(Sender::Rotated, 11, 1, now() + TimeDelta::hours(72));
        given::<ProdAccount>(&half_proven_at(now()))
            .when(request(11), now(), &Policy::default())
            .then(&[again]);
    }

    #[test]
    fn answered_from_the_second_sender_asks_for_no_more() {
        given::<ProdAccount>(&half_proven_at(now()))
            .when(confirm(Some(OWNER), 9), now(), &Policy::default())
            .then(&[proven_from(Sender::Rotated, 9, 1, now())]);
    }

    #[test]
    fn is_answered_by_whoever_reads_the_mailbox() {
        let asked = [opened(), declared(1, 1), requested(10, 1, now() + days(3))];
        given::<ProdAccount>(&asked).when(confirm(None, 10), now(), &Policy::default()).accepted();
        given::<ProdAccount>(&[])
            .when(confirm(None, 10), now(), &Policy::default())
            .rejects(Rejection::NotYours);
    }

    #[test]
    fn is_opened_at_once_for_a_newly_declared_contact() {
        let mut events = proven_at(now());
        events.push(declared(2, 2));
        given::<ProdAccount>(&events).when(request(11), now(), &Policy::default()).then(&[requested(
            11,
            2,
            now() + TimeDelta::hours(72),
        )]);
    }

    #[test]
    fn answered_again_extends_the_proof() {
        let mut events = proven_at(now());
        events.push(proven_from(Sender::Rotated, 11, 1, now() + days(170)));
        let state = account_of(&events).contacts.newest.state(now() + days(200), &Policy::default());
        assert_eq!(state, ContactState::Proven { until: now() + days(350) });
    }
}

mod the_state_of_a_contact {
    use super::*;

    #[test]
    fn follows_the_proof_and_the_calendar() {
        let policy = Policy::default();
        let nanosecond = TimeDelta::nanoseconds(1);
        let until = now() + days(180);
        let state = |instant| ContactState::of(Some(&Proof::of(now(), true)), instant, &policy);
        assert_eq!(ContactState::of(None, now(), &policy), ContactState::Pending);
        assert_eq!(state(now()), ContactState::Proven { until });
        assert_eq!(state(until - days(30) - nanosecond), ContactState::Proven { until });
        assert_eq!(state(until - days(30)), ContactState::DueSoon { until });
        assert_eq!(state(until - nanosecond), ContactState::DueSoon { until });
        assert_eq!(state(until), ContactState::Lapsed { since: until });
    }

    #[test]
    fn holds_while_proven_and_no_longer() {
        let policy = Policy::default();
        for (passed, holds) in [(0, true), (150, true), (179, true), (180, false), (1_000, false)] {
            assert_eq!(
                ContactState::of(Some(&Proof::of(now(), true)), now() + days(passed), &policy).holds(),
                holds,
                "{passed} days"
            );
        }
        assert!(!ContactState::Pending.holds());
    }

    #[test]
    fn is_that_of_the_newest_declaration() {
        let mut events = proven_at(now());
        let policy = Policy::default();
        assert!(account_of(&events).contacts.newest.state(now(), &policy).holds());
        events.push(declared(2, 2));
        assert_eq!(account_of(&events).contacts.newest.state(now(), &policy), ContactState::Pending);
    }

    #[test]
    fn is_always_due_where_proofs_are_shorter_than_the_renewal() {
        let policy = Policy { contact_proof_days: 10, ..Policy::default() };
        assert_eq!(
            ContactState::of(Some(&Proof::of(now(), true)), now(), &policy),
            ContactState::DueSoon { until: now() + days(10) }
        );
    }

    #[test]
    fn survives_the_end_of_the_calendar() {
        let policy = Policy { contact_proof_days: u32::MAX, ..Policy::default() };
        assert!(ContactState::of(Some(&Proof::of(now(), true)), now(), &policy).holds());
    }
}

mod the_group {
    use super::*;

    #[test]
    fn is_opened_once_per_account() {
        let opened_group = Event::GroupOpened(GroupOpened { group: group(20) });
        let first = given::<ProdAccount>(&[opened(), declared(1, 1)])
            .when(Command::OpenGroup { by: OWNER, group: group(20) }, now(), &Policy::default())
            .then(std::slice::from_ref(&opened_group));
        assert_eq!(first.outcome.map(|decision| decision.claims), Ok(vec![]));
        given::<ProdAccount>(&[opened(), declared(1, 1), opened_group])
            .when(Command::OpenGroup { by: OWNER, group: group(21) }, now(), &Policy::default())
            .rejects(Rejection::HasGroup { group: group(20) });
    }
}

mod folding {
    use super::*;

    #[test]
    fn refuses_facts_that_cannot_follow() {
        let unexpected =
            |before: &[Event], event: &Event| given::<ProdAccount>(before).state.evolve(event).err();
        let absent = |event| Some(Unexpected { event, phase: "absent" });
        assert_eq!(unexpected(&[], &declared(1, 1)), absent("prodaccount.contact_declared"));
        assert_eq!(unexpected(&[], &proven(1, 1, now())), absent("prodaccount.contact_proven"));
        let opening = Unexpected { event: "prodaccount.contact_proven", phase: "opening" };
        assert_eq!(unexpected(&[opened()], &proven(1, 1, now())), Some(opening));
        let open = Unexpected { event: "prodaccount.opened", phase: "open" };
        assert_eq!(unexpected(&[opened(), declared(1, 1)], &opened()), Some(open));
    }

    /// What a member may ask for, with the hours that passed since the last request.
    fn asked() -> impl Strategy<Value = (Command, i64)> {
        let by = OWNER;
        let command = prop_oneof![
            (1..5_u8).prop_map(move |content| Command::DeclareContact { by, contact: mailbox(content) }),
            (1..6_u128)
                .prop_map(move |number| Command::RequestContactChallenge { by, intent: intent(number) }),
            (1..9_u128, 6..9_u128).prop_map(move |(number, next)| Command::ConfirmContact {
                by: Some(by),
                intent: intent(number),
                next: intent(next),
            }),
            (1..3_u128).prop_map(move |number| Command::OpenGroup { by, group: group(number) }),
        ];
        (command, prop_oneof![0..80_i64, Just(151 * 24), Just(200 * 24)])
    }

    proptest! {
        #[test]
        fn accepted_requests_always_fold_and_only_proven_contacts_are_shown(
            requests in prop::collection::vec(asked(), 0..40),
        ) {
            let policy = Policy::default();
            let mut instant = now();
            let mut history = vec![opened(), declared(1, 1)];
            for (command, hours) in requests {
                instant += TimeDelta::hours(hours);
                let asked = given::<ProdAccount>(&history).when(command, instant, &policy);
                history.extend(asked.outcome.into_iter().flat_map(|decision| decision.events));
            }
            let account = account_of(&history);
            let proofs: Vec<(u32, Sender)> = history.iter().filter_map(|event| match event {
                Event::ContactProven(proven) => Some((proven.epoch, proven.sender)),
                _ => None,
            }).collect();
            let newest_of = |sender| proofs.iter().rev().find(|proof| proof.1 == sender).map(|proof| proof.0);
            let expected = newest_of(Sender::Rotated).or(newest_of(Sender::Usual));
            prop_assert_eq!(shown(&account).map(|shown| shown.0), expected);
            prop_assert!(history.iter().filter(|event| matches!(event, Event::GroupOpened(_))).count() <= 1);
        }
    }
}
