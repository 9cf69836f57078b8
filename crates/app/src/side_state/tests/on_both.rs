//! What side state promises, wherever it is kept.

use super::*;
use eventlog::Position;

macro_rules! on_both {
    ($($behaviour:ident)*) => {
        mod in_file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::Kept::in_file()).await;
            })*
        }
        mod in_database {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(super::Kept::in_database()).await;
            })*
        }
    };
}

on_both! {
    side_state_of_another_log_is_refused
    another_keyring_than_the_first_is_refused
    a_newer_schema_is_refused
    of_64_racing_right_tries_one_is_accepted
    a_code_is_dead_after_ten_wrong_tries
    the_command_that_spent_a_code_may_come_again_and_may_give_it_back
    a_session_ends_when_idle_when_old_and_when_asked
    the_oldest_sessions_make_room_and_all_can_be_ended
    the_eleventh_sign_in_within_the_window_is_not_admitted
    a_step_of_the_second_factor_is_good_once
    a_sign_up_waits_until_it_expires_and_is_purged
    an_address_gets_three_mails_a_day_from_strangers
    mails_from_the_log_are_queued_once_with_the_checkpoint
    api_secrets_are_found_by_id_until_revoked
    a_code_is_taken_over_from_one_command_by_one_other
    a_log_with_sealed_fields_is_refused_beside_side_state_that_never_held_a_key
    looks_that_are_over_are_kept_for_a_month_and_those_to_come_until_they_are_made
    a_contact_is_looked_at_once_for_being_named_and_again_for_other_reasons
    a_look_counts_against_all_its_budgets_or_none
}

async fn side_state_of_another_log_is_refused(kept: Kept) {
    kept.open().await.close().await;
    kept.open().await.close().await;
    let other = SideState::open(kept.place(), Uuid::from_u128(2)).await;
    assert!(matches!(other.err(), Some(SideStateError::OtherLog)));
}

async fn another_keyring_than_the_first_is_refused(kept: Kept) {
    check_keyring(kept.place(), &Keyring::generate(&Ids::seeded(9))).await.unwrap();
    let side = kept.open().await;
    let (ids, log) = (Ids::seeded(1), LOG);
    let mut first = Keyring::generate(&ids);
    side.bind_keys(&first.bind(log)).await.unwrap();
    first.add_generation(&ids);
    side.bind_keys(&first.bind(log)).await.unwrap();
    let other = Keyring::generate(&ids);
    assert!(matches!(side.bind_keys(&other.bind(log)).await, Err(SideStateError::OtherKeyring)));
    side.bind_keys(&first.bind(log)).await.unwrap();
    check_keyring(kept.place(), &first).await.unwrap();
    assert!(matches!(check_keyring(kept.place(), &other).await, Err(SideStateError::OtherKeyring)));
}

async fn a_newer_schema_is_refused(kept: Kept) {
    let side = kept.open().await;
    let mut tx = side.begin().await.unwrap();
    query(sql::RECORD_MIGRATION).bind(99_i64).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    side.close().await;
    let again = SideState::open(kept.place(), LOG).await;
    assert!(matches!(again.err(), Some(SideStateError::NewerSchema { found: 99, .. })));
}

async fn of_64_racing_right_tries_one_is_accepted(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let challenge = Challenge::sign_up(SignUpId::from_uuid(ids.v4()), Fingerprint([1; 32]));
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(64));
    let tries: Vec<_> = (0..64)
        .map(|_| {
            let (side, start) = (side.clone(), start.clone());
            let command = CommandId::from_uuid(ids.v4());
            tokio::spawn(async move {
                start.wait().await;
                side.try_code(&challenge, true, command, noon(), noon() + TimeDelta::hours(1)).await.unwrap()
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for one in tries {
        outcomes.push(one.await.unwrap());
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CodeTry::Accepted).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CodeTry::Used).count(), 63);
}

async fn a_code_is_dead_after_ten_wrong_tries(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let challenge = Challenge::contact(
        IntentId::from_uuid(ids.v4()),
        ProdAccountId::from_uuid(ids.v4()),
        Fingerprint([1; 32]),
        1,
    );
    let command = CommandId::from_uuid(ids.v4());
    let end = noon() + TimeDelta::hours(72);
    for left in (0..10).rev() {
        let outcome = side.try_code(&challenge, false, command, noon(), end).await.unwrap();
        assert_eq!(outcome, CodeTry::Wrong { tries_left: left });
    }
    assert_eq!(side.try_code(&challenge, true, command, noon(), end).await.unwrap(), CodeTry::Exhausted);
    assert_eq!(side.try_code(&challenge, false, command, noon(), end).await.unwrap(), CodeTry::Exhausted);
}

async fn the_command_that_spent_a_code_may_come_again_and_may_give_it_back(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let challenge = Challenge::sign_up(SignUpId::from_uuid(ids.v4()), Fingerprint([1; 32]));
    let (one, other) = (CommandId::from_uuid(ids.v4()), CommandId::from_uuid(ids.v4()));
    let end = noon() + TimeDelta::minutes(15);
    assert_eq!(side.try_code(&challenge, true, one, noon(), end).await.unwrap(), CodeTry::Accepted);
    assert_eq!(side.try_code(&challenge, true, one, noon(), end).await.unwrap(), CodeTry::Accepted);
    assert_eq!(side.try_code(&challenge, true, other, noon(), end).await.unwrap(), CodeTry::Used);
    assert_eq!(side.try_code(&challenge, false, one, noon(), end).await.unwrap(), CodeTry::Used);
    side.release_code(&challenge, other).await.unwrap();
    assert_eq!(side.try_code(&challenge, true, other, noon(), end).await.unwrap(), CodeTry::Used);
    side.release_code(&challenge, one).await.unwrap();
    assert_eq!(side.try_code(&challenge, true, other, noon(), end).await.unwrap(), CodeTry::Accepted);
}

async fn a_session_ends_when_idle_when_old_and_when_asked(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let session = StoredSession {
        session: SessionId::from_uuid(ids.v4()),
        owner: SessionOwner::Staff(StaffId::from_uuid(ids.v4())),
        expires_at: noon() + TimeDelta::hours(12),
    };
    let hash = [7; 32];
    side.insert_session(&hash, &session, noon()).await.unwrap();
    assert_eq!(side.session(&[8; 32], noon()).await.unwrap(), None);
    let mut now = noon();
    while now + TimeDelta::minutes(59) < session.expires_at {
        now += TimeDelta::minutes(59);
        assert_eq!(side.session(&hash, now).await.unwrap(), Some(session), "{now}");
    }
    assert_eq!(side.session(&hash, now + TimeDelta::minutes(60)).await.unwrap(), None);
    assert_eq!(side.session(&hash, session.expires_at).await.unwrap(), None);
    assert_eq!(side.session(&hash, now).await.unwrap(), Some(session));
    side.end_session(session.session).await.unwrap();
    assert_eq!(side.session(&hash, now).await.unwrap(), None);
}

async fn the_oldest_sessions_make_room_and_all_can_be_ended(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let owner = SessionOwner::Developer(DeveloperId::from_uuid(ids.v4()));
    let live = |number: u8| {
        let side = side.clone();
        async move { side.session(&[number; 32], noon() + TimeDelta::seconds(30)).await.unwrap().is_some() }
    };
    for number in 0..21_u8 {
        let session = StoredSession {
            session: SessionId::from_uuid(ids.v4()),
            owner,
            expires_at: noon() + TimeDelta::hours(12),
        };
        let at = noon() + TimeDelta::seconds(i64::from(number));
        side.insert_session(&[number; 32], &session, at).await.unwrap();
    }
    assert!(!live(0).await);
    assert!(live(1).await && live(20).await);
    side.end_sessions_of(owner).await.unwrap();
    assert!(!live(1).await && !live(20).await);
}

async fn the_eleventh_sign_in_within_the_window_is_not_admitted(kept: Kept) {
    let side = kept.open().await;
    let (one, other) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
    let admit = async |address, now| side.admit_sign_in(address, now).await.unwrap();
    for second in 0..10 {
        assert_eq!(admit(one, noon() + TimeDelta::seconds(second)).await, SignInAdmission::Admitted);
    }
    let until = SignInAdmission::RefusedUntil(noon() + SIGN_IN_WINDOW);
    assert_eq!(admit(one, noon() + TimeDelta::seconds(10)).await, until);
    assert_eq!(admit(other, noon()).await, SignInAdmission::Admitted);
    assert_eq!(admit(one, noon() + SIGN_IN_WINDOW).await, SignInAdmission::Admitted);
    side.clear_sign_in_failures(one).await.unwrap();
    assert_eq!(admit(one, noon()).await, SignInAdmission::Admitted);
}

async fn a_step_of_the_second_factor_is_good_once(kept: Kept) {
    let side = kept.open().await;
    let credential = CredentialId::from_uuid(Uuid::from_u128(5));
    let stored = StoredCredential { password_phc: Secret::new("phc".to_owned()), totp_sealed: Some(vec![9]) };
    side.insert_credential(credential, &stored).await.unwrap();
    assert!(side.advance_totp(credential, 100).await.unwrap());
    assert!(!side.advance_totp(credential, 100).await.unwrap());
    assert!(!side.advance_totp(credential, 99).await.unwrap());
    assert!(side.advance_totp(credential, 101).await.unwrap());
    side.set_password(credential, &Secret::new("newer".to_owned())).await.unwrap();
    let read = side.credential(credential).await.unwrap().unwrap();
    assert_eq!((read.password_phc.reveal().as_str(), read.totp_sealed), ("newer", Some(vec![9])));
    side.delete_credential(credential).await.unwrap();
    assert!(side.credential(credential).await.unwrap().is_none());
}

async fn a_sign_up_waits_until_it_expires_and_is_purged(kept: Kept) {
    let side = kept.open().await;
    let sign_up = SignUpId::from_uuid(Uuid::from_u128(5));
    let pending = PendingSignUp {
        address: Fingerprint([3; 32]),
        payload: vec![1],
        known: true,
        expires_at: noon() + TimeDelta::minutes(15),
    };
    let end = side.insert_sign_up(sign_up, &pending, noon()).await.unwrap();
    let later = PendingSignUp { expires_at: end + TimeDelta::minutes(5), ..pending };
    assert_eq!(side.insert_sign_up(sign_up, &later, noon()).await.unwrap(), end);
    let read = side.sign_up(sign_up, noon()).await.unwrap().unwrap();
    assert_eq!((read.address, read.payload, read.known), (pending.address, vec![1], true));
    assert!(side.sign_up(sign_up, pending.expires_at).await.unwrap().is_none());
    assert_eq!(side.purge(noon()).await.unwrap(), 0);
    assert_eq!(side.purge(pending.expires_at).await.unwrap(), 1);
}

async fn an_address_gets_three_mails_a_day_from_strangers(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let intents: Vec<_> = (0..5).map(|_| IntentId::from_uuid(ids.v4())).collect();
    let address = Fingerprint([4; 32]);
    for (intent, at) in intents.iter().zip([0, 1, 2]) {
        let now = noon() + TimeDelta::minutes(at);
        let room = side.enqueue_within_budget(&mail(*intent, now), address, Budget::Stranger, now).await;
        assert_eq!(room.unwrap(), BudgetRoom::Taken);
    }
    let later = noon() + TimeDelta::hours(3);
    let full = BudgetRoom::FullUntil(noon() + TimeDelta::hours(24));
    let fourth = mail(intents[3], later);
    let enqueue = |mail: QueuedMail, address, now| {
        let side = side.clone();
        async move { side.enqueue_within_budget(&mail, address, Budget::Stranger, now).await.unwrap() }
    };
    assert_eq!(enqueue(fourth.clone(), address, later).await, full);
    assert_eq!(side.mails_waiting().await.unwrap(), 3);
    // The same mail again is not another mail, sent or not; another address and another budget have room of their own.
    side.delete_mail(intents[0]).await.unwrap();
    assert_eq!(enqueue(mail(intents[0], noon()), address, later).await, BudgetRoom::Taken);
    assert_eq!(side.mails_waiting().await.unwrap(), 2);
    assert_eq!(enqueue(mail(intents[4], noon()), Fingerprint([5; 32]), later).await, BudgetRoom::Taken);
    let own = side.take_mail_budget(IntentId::from_uuid(ids.v4()), address, Budget::Own, later).await;
    assert_eq!(own.unwrap(), BudgetRoom::Taken);
    let day_later = noon() + TimeDelta::hours(24);
    assert_eq!(enqueue(fourth, address, day_later).await, BudgetRoom::Taken);
}

async fn mails_from_the_log_are_queued_once_with_the_checkpoint(kept: Kept) {
    let side = kept.open().await;
    let first = mail(IntentId::from_uuid(Uuid::from_u128(1)), noon());
    let second = mail(IntentId::from_uuid(Uuid::from_u128(2)), noon() + TimeDelta::seconds(5));
    assert_eq!(side.mail_checkpoint().await.unwrap(), Position(0));
    side.enqueue_from_log(std::slice::from_ref(&first), Position(7)).await.unwrap();
    side.postpone_mail(first.intent, 1, noon() + TimeDelta::seconds(9)).await.unwrap();
    side.enqueue_from_log(&[first.clone(), second.clone()], Position(9)).await.unwrap();
    assert_eq!(side.mail_checkpoint().await.unwrap(), Position(9));
    assert!(side.due_mails(noon(), 10).await.unwrap().is_empty());
    assert_eq!(side.next_mail_due().await.unwrap(), Some(second.due_at));
    let due = side.due_mails(noon() + TimeDelta::seconds(9), 10).await.unwrap();
    assert_eq!(
        due.iter().map(|mail| (mail.intent, mail.attempts)).collect::<Vec<_>>(),
        [(second.intent, 0), (first.intent, 1)]
    );
    side.mark_mail_sent(first.intent, 2).await.unwrap();
    side.delete_mail(second.intent).await.unwrap();
    let left = side.due_mails(noon() + TimeDelta::seconds(9), 10).await.unwrap();
    assert!(left.len() == 1 && left[0].is_sent && left[0].attempts == 2);
}

async fn api_secrets_are_found_by_id_until_revoked(kept: Kept) {
    let side = kept.open().await;
    let ids = Ids::seeded(1);
    let keys = Keyring::generate(&ids).bind(ids.v4());
    let secret = domain::ids::SecretId::from_uuid(ids.v4());
    side.insert_api_secret(secret, &keys.token_hash(&[1; 32])).await.unwrap();
    side.insert_api_secret(secret, &keys.token_hash(&[2; 32])).await.unwrap();
    assert_eq!(side.api_secret_hash(secret).await.unwrap(), Some(keys.token_hash(&[1; 32])));
    side.delete_api_secret(secret).await.unwrap();
    assert_eq!(side.api_secret_hash(secret).await.unwrap(), None);
}

async fn a_code_is_taken_over_from_one_command_by_one_other(kept: Kept) {
    let side = kept.open().await;
    let challenge = Challenge::sign_up(SignUpId::from_uuid(Uuid::from_u128(1)), Fingerprint([1; 32]));
    let [gone, one, other] = [2, 3, 4].map(|n| CommandId::from_uuid(Uuid::from_u128(n)));
    assert_eq!(side.code_spent_by(&challenge).await.unwrap(), None);
    side.try_code(&challenge, true, gone, noon(), noon() + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(side.code_spent_by(&challenge).await.unwrap(), Some(gone));
    assert!(side.take_over_code(&challenge, gone, one, noon()).await.unwrap());
    assert!(!side.take_over_code(&challenge, gone, other, noon()).await.unwrap());
    assert_eq!(side.code_spent_by(&challenge).await.unwrap(), Some(one));
}

async fn a_log_with_sealed_fields_is_refused_beside_side_state_that_never_held_a_key(kept: Kept) {
    let log = eventlog::EventLog::memory(std::sync::Arc::new(noon));
    let fresh = kept.open().await;
    fresh.check_keys_of(&log).await.unwrap();
    let subject = Uuid::from_u128(7);
    append_sealed(&log, subject).await;
    assert!(matches!(fresh.check_keys_of(&log).await, Err(SideStateError::NoKeys)));
    let key = StoredSubjectKey { generation: 1, wrapped: Some(vec![1]), wrapping_generation: 1 };
    let subject = domain::ids::SubjectId::from_uuid(subject);
    fresh.insert_subject_key(subject, &key).await.unwrap();
    fresh.check_keys_of(&log).await.unwrap();
    fresh.destroy_subject_keys(subject, noon()).await.unwrap();
    fresh.check_keys_of(&log).await.unwrap();
}

async fn looks_that_are_over_are_kept_for_a_month_and_those_to_come_until_they_are_made(kept: Kept) {
    let side = kept.open().await;
    let [over, due] = [1, 2].map(|n| ProdAccountId::from_uuid(Uuid::from_u128(n)));
    side.ensure_checks(&[(over, 1), (due, 1)], Occasion::Declared, noon, noon()).await.unwrap();
    let checks = side.due_checks(noon(), 10).await.unwrap();
    let seen = vec![reachability::history::Seen {
        at: std::time::Duration::from_hours(500_000),
        reason: reachability::Reason::NoMailbox,
        egress_works: true,
        believed_for: std::time::Duration::from_mins(1),
    }];
    let check = checks.into_iter().find(|check| check.account == over).unwrap();
    let looked = PlannedCheck { seen, ..check };
    side.settle_check(&looked, None, noon()).await.unwrap();
    side.purge(noon() + CHECK_KEPT - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(side.checks_watched().await.unwrap(), 2);
    assert_eq!(side.wish_check(over, 1, None, noon()).await.unwrap(), Wished::Planned(noon()));
    let again = side.due_checks(noon(), 10).await.unwrap();
    assert!(
        again.contains(&PlannedCheck { occasion: Occasion::Asked, ..looked.clone() }),
        "with its history"
    );
    side.settle_check(&looked, None, noon()).await.unwrap();
    side.purge(noon() + CHECK_KEPT).await.unwrap();
    assert_eq!(side.due_checks(noon(), 10).await.unwrap().len(), 1);
    assert_eq!(side.checks_watched().await.unwrap(), 1);
}

async fn a_contact_is_looked_at_once_for_being_named_and_again_for_other_reasons(kept: Kept) {
    let side = kept.open().await;
    let contact = [(ProdAccountId::from_uuid(Uuid::from_u128(1)), 1)];
    assert_eq!(side.ensure_checks(&contact, Occasion::Declared, noon, noon()).await.unwrap(), 1);
    let looked = side.due_checks(noon(), 10).await.unwrap().remove(0);
    side.settle_check(&looked, None, noon()).await.unwrap();
    assert_eq!(side.ensure_checks(&contact, Occasion::Declared, noon, noon()).await.unwrap(), 0);
    assert_eq!(side.ensure_checks(&contact, Occasion::Periodic, noon, noon()).await.unwrap(), 1);
}

async fn a_look_counts_against_all_its_budgets_or_none(kept: Kept) {
    let side = kept.open().await;
    let (domain, all) = (CheckBudget::Domain(Fingerprint([1; 32])), CheckBudget::All(1));
    let other = CheckBudget::Domain(Fingerprint([2; 32]));
    let take = |budgets: Vec<CheckBudget>, now| {
        let side = side.clone();
        async move { side.take_check_budgets(&budgets, now).await.unwrap() }
    };
    assert_eq!(take(vec![domain, all], noon()).await, CheckRoom::Taken);
    for _ in 0..30 {
        let full = CheckRoom::FullUntil(all, noon() + TimeDelta::hours(1));
        assert_eq!(take(vec![other, all], noon()).await, full);
    }
    for _ in 0..20 {
        assert_eq!(take(vec![other], noon()).await, CheckRoom::Taken);
    }
    let full = CheckRoom::FullUntil(other, noon() + BUDGET_WINDOW);
    assert_eq!(take(vec![other], noon()).await, full);
    assert_eq!(take(vec![other], noon() + BUDGET_WINDOW).await, CheckRoom::Taken);
}

/// A record without personal fields, and one with.
async fn append_sealed(log: &eventlog::EventLog, subject: Uuid) {
    let event =
        |subjects| eventlog::NewEvent { event_type: "a.b".to_owned(), schema: 1, payload: vec![], subjects };
    let envelope = eventlog::Envelope {
        command_id: Uuid::from_u128(1),
        fingerprint: None,
        causation_id: None,
        actor: eventlog::ActorEnvelope::default(),
        on_behalf_of: None,
        reason: None,
        request_id: None,
        policy_version: 1,
        privileged: false,
    };
    let streams = vec![eventlog::StreamAppend {
        stream: eventlog::StreamName::parse("a-1").unwrap(),
        expected: eventlog::Expected::NoStream,
        events: vec![event(vec![]), event(vec![subject])],
    }];
    log.append(eventlog::AppendBatch { envelope, streams }).await.unwrap();
}
