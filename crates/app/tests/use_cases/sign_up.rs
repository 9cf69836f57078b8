use crate::bench::{Bench, Keyed as _};
use app::{AppError, mail::Mail, secret::Secret, sign_up::SignUp};
use chrono::TimeDelta;
use domain::actor::Actor;

const EMAIL: &str = "ada@acme.com";
const WRONG: &str = "AAAA-AAAA";

#[tokio::test]
async fn a_code_that_comes_back_makes_an_account_with_a_personal_group() {
    let bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    assert_eq!(started.expires_at, bench.now() + TimeDelta::minutes(15));
    assert!(bench.records().await.is_empty(), "nothing is a fact before the proof");
    let code = bench.sign_up_code(started.id, EMAIL);
    let done = bench.prove(started.id, &code).await.unwrap();
    let records = bench.records().await;
    let types: Vec<&str> = records.iter().map(|record| record.event_type.as_str()).collect();
    assert_eq!(types, ["developer.registered", "developer.group_joined", "devgroup.created", "claim.taken"]);
    assert!(
        records.iter().all(|record| record.command_id == done.command.uuid() && record.batch_length == 4)
    );
    assert_eq!(done.position, records[3].position);
    for record in &records {
        let text = String::from_utf8_lossy(&record.payload).to_lowercase();
        // Words that no id, hash or ciphertext can spell by chance.
        for personal in ["ada@", "acme.com", "lovelace"] {
            assert!(!text.contains(personal), "personal data in clear: {text}");
        }
    }
}

#[tokio::test]
async fn the_code_in_the_mail_proves_the_address() {
    let bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    let mails = bench.mails(1).await;
    assert_eq!(mails[0].to.reveal(), EMAIL);
    let code = code_line(&mails[0]).unwrap();
    bench.prove(started.id, &code).await.unwrap();
}

#[tokio::test]
async fn a_known_address_gets_another_mail_and_the_same_answer() {
    let bench = Bench::new().await;
    bench.developer(EMAIL).await;
    let known = bench.start_sign_up(EMAIL).await;
    let unknown = bench.start_sign_up("bob@acme.com").await;
    assert_eq!(known.expires_at, unknown.expires_at);
    let mails = bench.mails(2).await;
    let to = |address: &str| mails.iter().find(|mail| mail.to.reveal() == address).unwrap();
    assert!(code_line(to(EMAIL)).is_none() && code_line(to("bob@acme.com")).is_some());
    assert_ne!(to(EMAIL).subject, to("bob@acme.com").subject);
    let code = bench.sign_up_code(known.id, EMAIL);
    for (id, code) in [(known.id, code.as_str()), (unknown.id, WRONG)] {
        let error = bench.prove(id, code).await.unwrap_err();
        assert!(matches!(error, AppError::CodeWrong { tries_left: 9 }), "{error}");
    }
    assert_eq!(bench.count("developer.registered").await, 1);
}

/// The code stands on a line of its own, four blanks from the left.
fn code_line(mail: &Mail) -> Option<String> {
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
    mail.text.reveal().lines().filter_map(|line| line.strip_prefix("    ")).find(is_code).map(str::to_owned)
}

#[tokio::test]
async fn wrong_codes_count_down_and_the_right_one_is_dead_after_ten() {
    let bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    for left in (0..10).rev() {
        let error = bench.prove(started.id, WRONG).await.unwrap_err();
        assert!(matches!(error, AppError::CodeWrong { tries_left } if tries_left == left), "{error}");
    }
    let code = bench.sign_up_code(started.id, EMAIL);
    assert!(matches!(bench.prove(started.id, &code).await, Err(AppError::CodeExpired)));
    assert!(bench.records().await.is_empty());
}

#[tokio::test]
async fn a_code_is_dead_after_fifteen_minutes() {
    let bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    let code = bench.sign_up_code(started.id, EMAIL);
    bench.pass(TimeDelta::minutes(15));
    assert!(matches!(bench.prove(started.id, &code).await, Err(AppError::CodeExpired)));
}

#[tokio::test]
async fn a_code_works_once() {
    let bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    let code = bench.sign_up_code(started.id, EMAIL);
    bench.prove(started.id, &code).await.unwrap();
    assert!(matches!(bench.prove(started.id, &code).await, Err(AppError::CodeUsed)));
}

#[tokio::test]
async fn sixty_four_racing_proofs_give_one_account() {
    let bench = std::sync::Arc::new(Bench::new().await);
    let started = bench.start_sign_up(EMAIL).await;
    let code = bench.sign_up_code(started.id, EMAIL);
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(64));
    let proofs: Vec<_> = (0..64)
        .map(|_| {
            let (bench, start, code) = (bench.clone(), start.clone(), code.clone());
            tokio::spawn(async move {
                start.wait().await;
                bench.prove(started.id, &code).await
            })
        })
        .collect();
    let mut proven = 0;
    for proof in proofs {
        match proof.await.unwrap() {
            Ok(_) => proven += 1,
            Err(AppError::CodeUsed) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(proven, 1);
    assert_eq!(bench.count("developer.registered").await, 1);
}

#[tokio::test]
async fn of_two_sign_ups_with_one_address_the_second_proof_proves_nothing() {
    let bench = Bench::new().await;
    let (one, other) = (bench.start_sign_up(EMAIL).await, bench.start_sign_up("ADA@acme.com").await);
    let code = bench.sign_up_code(one.id, EMAIL);
    bench.prove(one.id, &code).await.unwrap();
    let code = bench.sign_up_code(other.id, EMAIL);
    let error = bench.prove(other.id, &code).await.unwrap_err();
    assert!(matches!(error, AppError::CodeWrong { tries_left: 9 }), "{error}");
    assert_eq!(bench.count("developer.registered").await, 1);
}

#[tokio::test]
async fn racing_proofs_of_two_sign_ups_with_one_address_give_one_account() {
    let bench = Bench::new().await;
    let (one, other) = (bench.start_sign_up(EMAIL).await, bench.start_sign_up(EMAIL).await);
    let (code_one, code_other) = (bench.sign_up_code(one.id, EMAIL), bench.sign_up_code(other.id, EMAIL));
    let (first, second) = tokio::join!(bench.prove(one.id, &code_one), bench.prove(other.id, &code_other));
    let outcomes = [first, second];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(AppError::CodeWrong { .. }))));
    assert_eq!(bench.count("developer.registered").await, 1);
}

#[tokio::test]
async fn every_broken_field_is_told_at_once() {
    let bench = Bench::new().await;
    let sign_up = SignUp {
        password: Secret::new("short".to_owned()),
        name: " ".to_owned(),
        locale: "english please".to_owned(),
        terms_version: "1999".to_owned(),
        ..bench.sign_up(EMAIL)
    };
    let error = bench.app.start_sign_up(bench.meta(Actor::Anonymous), sign_up).await.unwrap_err();
    let AppError::Fields(fields) = error else { panic!("{error}") };
    let pointers: Vec<&str> = fields.iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/password", "/name", "/locale", "/terms_version"]);
}

#[tokio::test]
async fn strangers_with_the_same_key_do_not_meet() {
    let bench = Bench::new().await;
    let anonymous = || bench.meta(Actor::Anonymous).key("1");
    let ada = bench.app.start_sign_up(anonymous(), bench.sign_up(EMAIL)).await.unwrap();
    let again = bench.app.start_sign_up(anonymous(), bench.sign_up(EMAIL)).await.unwrap();
    let bob = bench.app.start_sign_up(anonymous(), bench.sign_up("bob@acme.com")).await.unwrap();
    assert_eq!(ada.id, again.id);
    assert_ne!(ada.id, bob.id);
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 2);
    let code = bench.sign_up_code(ada.id, EMAIL);
    let proven = bench.app.prove_sign_up(anonymous(), ada.id, code.clone()).await.unwrap();
    let replay = bench.app.prove_sign_up(anonymous(), ada.id, code).await.unwrap();
    assert!(replay.replayed && replay.value == proven.value && replay.position == proven.position);
    let code = bench.sign_up_code(bob.id, "bob@acme.com");
    let other = bench.app.prove_sign_up(anonymous(), bob.id, code).await.unwrap();
    assert_ne!(other.value.developer, proven.value.developer);
}

#[tokio::test]
async fn a_sign_up_asked_for_again_with_its_key_is_mailed_once() {
    let bench = Bench::new().await;
    let start = || bench.app.start_sign_up(bench.meta(Actor::Anonymous).key("1"), bench.sign_up(EMAIL));
    let first = start().await.unwrap();
    assert_eq!(bench.mails(1).await.len(), 1);
    bench.pass(TimeDelta::minutes(5));
    assert_eq!(start().await.unwrap(), first);
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn a_throw_away_address_may_sign_up_but_is_no_contact() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@mailinator.com").await.developer;
    let open = bench.open_account("Acme", "support@mailinator.com");
    let refused = bench.app.open_account(bench.by(ada), ada, open).await;
    let expected = domain::prodaccount::Rejection::ContactDisposable;
    assert!(matches!(refused, Err(AppError::ProdAccount(rejection)) if rejection == expected));
}

#[tokio::test]
async fn an_address_gets_three_mails_a_day_and_no_other_answer() {
    let bench = Bench::new().await;
    for _ in 0..5 {
        bench.start_sign_up(EMAIL).await;
    }
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 3);
}

#[tokio::test]
async fn a_code_spent_by_a_command_that_died_with_its_process_proves_still() {
    let mut bench = Bench::new().await;
    let started = bench.start_sign_up(EMAIL).await;
    let challenge = app::codes::Challenge::sign_up(started.id, bench.fingerprint(EMAIL));
    let died = domain::ids::CommandId::from_uuid(bench.ids.v4());
    bench.side.try_code(&challenge, true, died, bench.now(), started.expires_at).await.unwrap();
    bench.restart().await;
    let code = bench.sign_up_code(started.id, EMAIL);
    assert!(matches!(bench.prove(started.id, "AAAA-AAAA").await, Err(AppError::CodeUsed)));
    bench.prove(started.id, &code).await.unwrap();
    assert!(matches!(bench.prove(started.id, &code).await, Err(AppError::CodeUsed)));
    assert_eq!(bench.count("developer.registered").await, 1);
}

#[tokio::test]
async fn racing_proofs_after_a_crash_give_one_account() {
    let bench = std::sync::Arc::new(Bench::new().await);
    let started = bench.start_sign_up(EMAIL).await;
    let challenge = app::codes::Challenge::sign_up(started.id, bench.fingerprint(EMAIL));
    let died = domain::ids::CommandId::from_uuid(bench.ids.v4());
    bench.side.try_code(&challenge, true, died, bench.now(), started.expires_at).await.unwrap();
    let code = bench.sign_up_code(started.id, EMAIL);
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(64));
    let proofs = (0..64).map(|_| {
        let (bench, start, code) = (bench.clone(), start.clone(), code.clone());
        tokio::spawn(async move {
            start.wait().await;
            bench.prove(started.id, &code).await
        })
    });
    let mut proven = 0;
    for proof in proofs.collect::<Vec<_>>() {
        match proof.await.unwrap() {
            Ok(_) => proven += 1,
            Err(AppError::CodeUsed) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((proven, bench.count("developer.registered").await), (1, 1));
}
