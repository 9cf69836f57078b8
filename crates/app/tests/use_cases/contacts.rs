use crate::bench::{Bench, Keyed as _};
use app::{AppError, codes::Challenge};
use chrono::TimeDelta;
use domain::{
    ids::{DeveloperId, IntentId, ProdAccountId},
    prodaccount,
};

const CONTACT: &str = "support@acme.com";
const WRONG: &str = "AAAA-AAAA";

async fn opened(bench: &Bench) -> (DeveloperId, ProdAccountId, IntentId, String) {
    let ada = bench.developer("ada@acme.com").await.developer;
    let account = bench.account(ada, "Acme", CONTACT).await;
    let asked = bench.app.request_contact_challenge(bench.by(ada), ada, account).await.unwrap().value;
    assert_eq!(asked.expires_at, bench.now() + TimeDelta::hours(72));
    (ada, account, asked.intent, code(bench, account, asked.intent, CONTACT))
}

fn code(bench: &Bench, account: ProdAccountId, intent: IntentId, address: &str) -> String {
    Challenge::contact(intent, account, bench.fingerprint(address), 1).code(&bench.keys).reveal().clone()
}

#[tokio::test]
async fn the_code_of_a_contact_proves_it_once() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let confirm = || bench.app.confirm_contact(bench.by(ada), ada, account, intent, code.clone());
    confirm().await.unwrap();
    let again = confirm().await.unwrap_err();
    assert!(matches!(again, AppError::ProdAccount(prodaccount::Rejection::NoSuchChallenge)), "{again}");
    assert_eq!(bench.count("prodaccount.contact_proven").await, 1);
}

#[tokio::test]
async fn wrong_codes_of_a_contact_count_down_until_it_is_dead() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    for left in (0..10).rev() {
        let error = bench
            .app
            .confirm_contact(bench.by(ada), ada, account, intent, WRONG.to_owned())
            .await
            .unwrap_err();
        assert!(matches!(error, AppError::CodeWrong { tries_left } if tries_left == left), "{error}");
    }
    let dead = bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await;
    assert!(matches!(dead, Err(AppError::CodeExpired)));
}

#[tokio::test]
async fn a_stranger_can_not_use_up_the_tries() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let bob = bench.developer("bob@other.com").await.developer;
    for _ in 0..12 {
        let outcome = bench.app.confirm_contact(bench.by(bob), bob, account, intent, WRONG.to_owned()).await;
        assert!(matches!(outcome, Err(AppError::ProdAccount(prodaccount::Rejection::NotYours))));
    }
    bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await.unwrap();
}

#[tokio::test]
async fn the_code_of_an_older_declaration_proves_nothing() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let other = bench.address("help@acme.com");
    bench.app.declare_contact(bench.by(ada), ada, account, other).await.unwrap();
    let error = bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await.unwrap_err();
    assert!(matches!(error, AppError::ProdAccount(prodaccount::Rejection::NoSuchChallenge)), "{error}");
}

#[tokio::test]
async fn a_code_is_dead_after_seventy_two_hours() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    bench.pass(TimeDelta::hours(72));
    let error = bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await.unwrap_err();
    assert!(matches!(error, AppError::ProdAccount(prodaccount::Rejection::ChallengeExpired)), "{error}");
}

#[tokio::test]
async fn a_confirmation_repeated_under_its_key_answers_as_before() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let confirm = || bench.app.confirm_contact(bench.by(ada).key("k"), ada, account, intent, code.clone());
    let first = confirm().await.unwrap();
    let again = confirm().await.unwrap();
    assert!(again.replayed && again.position == first.position);
}

#[tokio::test]
async fn a_code_spent_on_a_refused_confirmation_is_good_again() {
    let bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let version = bench.app.confirm_contact(
        bench.by(ada).seen(eventlog::StreamVersion(1)),
        ada,
        account,
        intent,
        code.clone(),
    );
    assert!(matches!(version.await, Err(AppError::PreconditionFailed { .. })));
    bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await.unwrap();
}

#[tokio::test]
async fn a_code_spent_by_a_confirmation_that_died_with_its_process_is_good_still() {
    let mut bench = Bench::new().await;
    let (ada, account, intent, code) = opened(&bench).await;
    let challenge = Challenge::contact(intent, account, bench.fingerprint(CONTACT), 1);
    let died = domain::ids::CommandId::from_uuid(bench.ids.v4());
    let expires_at = bench.now() + TimeDelta::hours(72);
    bench.side.try_code(&challenge, true, died, bench.now(), expires_at).await.unwrap();
    bench.restart().await;
    bench.app.confirm_contact(bench.by(ada), ada, account, intent, code).await.unwrap();
    assert_eq!(bench.count("prodaccount.contact_proven").await, 1);
}

#[tokio::test]
async fn a_developer_reaches_ten_unproven_mailboxes_a_day_over_all_its_accounts() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let accounts =
        [bench.account(ada, "Acme", CONTACT).await, bench.account(ada, "Umbra", "help@umbra.com").await];
    let ask = |n: usize| bench.app.request_contact_challenge(bench.by(ada), ada, accounts[n % 2]);
    for n in 0..10 {
        ask(n).await.unwrap();
    }
    let refused = ask(0).await.unwrap_err();
    let AppError::TooManyChallenges { retry_after_s } = refused else { panic!("{refused}") };
    assert_eq!(retry_after_s, 86_400);
    assert_eq!(bench.count("prodaccount.contact_challenge_requested").await, 10);
    let bob = bench.developer("bob@other.com").await.developer;
    let other = bench.account(bob, "Other", "help@other.com").await;
    bench.app.request_contact_challenge(bench.by(bob), bob, other).await.unwrap();
    bench.pass(TimeDelta::hours(24));
    ask(0).await.unwrap();
}

#[tokio::test]
async fn a_challenge_repeated_under_its_key_counts_once() {
    let bench = Bench::new().await;
    let (ada, account, ..) = opened(&bench).await;
    for _ in 0..20 {
        bench.app.request_contact_challenge(bench.by(ada).key("k"), ada, account).await.unwrap();
    }
    assert_eq!(bench.count("prodaccount.contact_challenge_requested").await, 2);
}
