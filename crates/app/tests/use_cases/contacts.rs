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
    Challenge::contact(intent, account, bench.fingerprint(address)).code(&bench.keys).reveal().clone()
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
