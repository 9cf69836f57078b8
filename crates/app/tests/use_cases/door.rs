//! What calls are answered, by the exact number.

use crate::bench::{Bench, rest};
use app::{
    quota::{Caller, Exceeded, Question, Refusal, Verdict, Violated},
    tokens::{Token, TokenKind},
};
use chrono::TimeDelta;
use domain::{
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
};

struct Quiz {
    developer: DeveloperId,
    integration: IntegrationId,
    key: String,
    secret: String,
}

async fn quiz(bench: &Bench, email: &str) -> Quiz {
    let developer = bench.developer(email).await.developer;
    let done = bench.app.register(bench.by(developer), developer, None, rest("Quiz")).await.unwrap().value;
    let pair = done.secret.unwrap();
    let secret = pair.secret.unwrap().reveal().clone();
    Quiz { developer, integration: done.integration, key: pair.key, secret }
}

async fn ask(bench: &Bench, caller: Caller<'_>, cost: u32) -> Verdict {
    bench.app.authorise(Question { caller, site: None, cost }).await.unwrap()
}

fn exceeded(verdict: &Verdict) -> Exceeded {
    let Verdict::Refused(Refusal::Exceeded(exceeded)) = verdict else { panic!("{verdict:?}") };
    *exceeded
}

#[tokio::test]
async fn a_secret_opens_the_door_in_every_form_from_the_moment_it_is_shown() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    let token = bench.app.give_access_token(&quiz.key, &quiz.secret).await.unwrap().unwrap().token;
    let (key, secret) = (quiz.key.as_str(), quiz.secret.as_str());
    let forms = [
        Caller::Bearer(secret),
        Caller::Bearer(token.reveal()),
        Caller::Pair { key, secret },
        Caller::Pair { key, secret: token.reveal() },
        Caller::Key(key),
    ];
    for (used, caller) in forms.into_iter().enumerate() {
        let Verdict::Allowed(allowed) = ask(&bench, caller, 1).await else { panic!("form {used}") };
        assert_eq!(allowed.integration, quiz.integration);
        assert_eq!((allowed.limit, allowed.window_s), (10_000, 86_400));
        assert_eq!(allowed.left as usize, 9_999 - used);
    }
}

#[tokio::test]
async fn exactly_the_limit_passes_and_the_next_call_is_told_when_to_come_back() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    for left in (0..10_000).rev() {
        let Verdict::Allowed(allowed) = ask(&bench, Caller::Key(&quiz.key), 1).await else {
            panic!("{left}")
        };
        assert_eq!(allowed.left, left);
    }
    let refused = exceeded(&ask(&bench, Caller::Key(&quiz.key), 1).await);
    assert_eq!((refused.violated, refused.would.left), (Violated::Pool, 0));
    assert!((86_400..86_470).contains(&refused.retry_after_s), "{refused:?}");
    bench.pass(TimeDelta::seconds(i64::from(refused.retry_after_s)));
    assert!(matches!(ask(&bench, Caller::Key(&quiz.key), 1).await, Verdict::Allowed(_)));
}

#[tokio::test]
async fn who_is_nobody_is_refused_and_nothing_is_counted() {
    let bench = Bench::new().await;
    let (quiz, other) = (quiz(&bench, "ada@acme.com").await, quiz(&bench, "bob@other.com").await);
    let changed = format!("{}b", &quiz.secret[..quiz.secret.len() - 1]);
    let unknown = [
        Caller::Bearer(""),
        Caller::Bearer(&changed),
        Caller::Bearer(&quiz.key),
        Caller::Pair { key: &other.key, secret: &quiz.secret },
        Caller::Pair { key: "", secret: &quiz.secret },
        Caller::Key(""),
        Caller::Key(&quiz.secret),
        Caller::Key("abcdefghijklmnopqrstuvwxyz234567"),
    ];
    for caller in unknown {
        assert_eq!(ask(&bench, caller, 1).await, Verdict::Refused(Refusal::CredentialUnknown));
    }
    assert_eq!(ask(&bench, Caller::Nobody, 1).await, Verdict::Refused(Refusal::CredentialMissing));
    let Verdict::Allowed(allowed) = ask(&bench, Caller::Key(&quiz.key), 1).await else { panic!() };
    assert_eq!(allowed.left, 9_999);
}

#[tokio::test]
async fn a_secret_that_nobody_issued_costs_no_look_at_a_disk_and_one_issued_a_moment_ago_opens() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    let strange = Token::mint(TokenKind::ApiSecret, &bench.ids).text().reveal().clone();
    let unknown = Verdict::Refused(Refusal::CredentialUnknown);
    assert_eq!(ask(&bench, Caller::Bearer(&strange), 1).await, unknown);
    let (developer, integration) = (quiz.developer, quiz.integration);
    let issue = async || {
        let issued = bench.app.issue_secret(bench.by(developer), developer, integration).await.unwrap().value;
        (issued.id, issued.secret.unwrap().reveal().clone())
    };
    let (revoked, opened_once) = issue().await;
    bench.app.revoke_secret(bench.by(developer), developer, integration, revoked).await.unwrap();
    let (_, new) = issue().await;
    bench.side.close().await;
    assert!(matches!(ask(&bench, Caller::Bearer(&new), 1).await, Verdict::Allowed(_)));
    assert_eq!(ask(&bench, Caller::Bearer(&opened_once), 1).await, unknown);
    assert_eq!(ask(&bench, Caller::Bearer(&strange), 1).await, unknown);
}

#[tokio::test]
async fn a_call_that_can_never_pass_is_told_so_and_costs_nothing() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    for cost in [10_001, u32::MAX] {
        let refused = ask(&bench, Caller::Key(&quiz.key), cost).await;
        assert_eq!(refused, Verdict::Refused(Refusal::NeverAdmissible { largest: 10_000 }));
    }
    let Verdict::Allowed(allowed) = ask(&bench, Caller::Key(&quiz.key), 10_000).await else { panic!() };
    assert_eq!(allowed.left, 0);
}

#[tokio::test]
async fn many_groups_of_one_owner_buy_no_calls() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    let Verdict::Allowed(_) = ask(&bench, Caller::Key(&quiz.key), 10_000).await else { panic!() };
    let group = GroupRef::Development(bench.group(quiz.developer, "Rocket").await);
    let (developer, integration) = (quiz.developer, quiz.integration);
    bench.app.move_integration(bench.by(developer), developer, integration, group).await.unwrap();
    let refused = exceeded(&ask(&bench, Caller::Key(&quiz.key), 1).await);
    assert_eq!((refused.violated, refused.would.group), (Violated::Owner, group));
    assert_eq!(refused.violated_units, 10_000);
}

#[tokio::test]
async fn a_token_runs_out_by_itself() {
    let bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    let given = bench.app.give_access_token(&quiz.key, &quiz.secret).await.unwrap().unwrap();
    bench.pass(TimeDelta::minutes(59));
    assert!(matches!(ask(&bench, Caller::Bearer(given.token.reveal()), 1).await, Verdict::Allowed(_)));
    bench.pass(TimeDelta::minutes(1));
    let refused = ask(&bench, Caller::Bearer(given.token.reveal()), 1).await;
    assert_eq!(refused, Verdict::Refused(Refusal::CredentialUnknown));
    let again = bench.app.give_access_token(&quiz.key, given.token.reveal()).await.unwrap();
    assert!(again.is_none(), "a token gives no other");
}

#[tokio::test]
async fn a_restarted_door_knows_everybody_again() {
    let mut bench = Bench::new().await;
    let quiz = quiz(&bench, "ada@acme.com").await;
    assert!(matches!(ask(&bench, Caller::Bearer(&quiz.secret), 1).await, Verdict::Allowed(_)));
    bench.restart().await;
    let Verdict::Allowed(allowed) = ask(&bench, Caller::Bearer(&quiz.secret), 1).await else { panic!() };
    assert_eq!(allowed.left, 9_998);
}
