use crate::bench::{Bench, complete, rest};
use app::{
    AppError,
    tokens::{Token, TokenKind},
};
use domain::{developer::Role, devgroup, group::GroupRef, ids::DevGroupId, integration};

#[tokio::test]
async fn name_and_kind_suffice_and_the_personal_group_takes_it_in() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let done = bench.app.register(bench.by(ada.developer), ada.developer, None, rest("Quiz")).await.unwrap();
    let moved = GroupRef::Development(ada.default_group);
    let back =
        bench.app.move_integration(bench.by(ada.developer), ada.developer, done.value.integration, moved);
    let error = back.await.unwrap_err();
    assert!(matches!(error, AppError::Integration(integration::Rejection::AlreadyInGroup)), "{error}");
}

#[tokio::test]
async fn a_rest_secret_is_shown_once_and_kept_as_a_keyed_hash() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let done = bench.app.register(bench.by(ada), ada, None, rest("Quiz")).await.unwrap();
    let first = done.value.secret.unwrap();
    let issued = bench.app.issue_secret(bench.by(ada), ada, done.value.integration).await.unwrap().value;
    for pair in [&first, &issued] {
        let text = pair.secret.as_ref().unwrap().reveal().clone();
        let token = Token::parse(TokenKind::ApiSecret, &text).ok().unwrap();
        let stored = bench.side.api_secret_hash(pair.id).await.unwrap().unwrap();
        assert!(token.has_hash(&bench.keys, &stored));
        for record in bench.records().await {
            assert!(!String::from_utf8_lossy(&record.payload).contains(&text));
        }
    }
    assert_ne!(first.key, issued.key);
}

#[tokio::test]
async fn an_integration_without_rest_has_no_secrets() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let done = bench.app.register(bench.by(ada), ada, None, complete("Quiz")).await.unwrap();
    assert!(done.value.secret.is_none());
    let refused = bench.app.issue_secret(bench.by(ada), ada, done.value.integration).await.err().unwrap();
    assert!(matches!(refused, AppError::Integration(integration::Rejection::NotRest)), "{refused}");
}

#[tokio::test]
async fn a_move_keeps_the_id_and_writes_all_three_streams_in_one_batch() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let integration = bench.integration(ada, complete("Quiz")).await;
    let to = bench.group(ada, "Rocket").await;
    let before = bench.records().await.len();
    let to = GroupRef::Development(to);
    let done = bench.app.move_integration(bench.by(ada), ada, integration, to).await.unwrap();
    let records = bench.records().await.split_off(before);
    let mut types: Vec<&str> = records.iter().map(|record| record.event_type.as_str()).collect();
    types.sort_unstable();
    assert_eq!(
        types,
        ["devgroup.integration_admitted", "devgroup.integration_released", "integration.moved"]
    );
    assert!(records.iter().all(|record| record.command_id == done.command.uuid()));
    let moved = records.iter().find(|record| record.event_type == "integration.moved").unwrap();
    assert_eq!(moved.stream.id(), integration.to_string());
}

#[tokio::test]
async fn a_move_into_a_strangers_group_changes_nothing() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let integration = bench.integration(ada.developer, complete("Quiz")).await;
    let before = bench.records().await.len();
    for to in [bob.default_group, DevGroupId::from_uuid(bench.ids.v4())] {
        let to = GroupRef::Development(to);
        let outcome =
            bench.app.move_integration(bench.by(ada.developer), ada.developer, integration, to).await;
        assert!(matches!(outcome, Err(AppError::DevGroup(devgroup::Rejection::NotYours))));
    }
    assert_eq!(bench.records().await.len(), before);
}

#[tokio::test]
async fn a_strangers_integration_is_not_found_by_any_change() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let integration = bench.integration(ada.developer, rest("Quiz")).await;
    let (app, bob_id) = (&bench.app, bob.developer);
    let to = GroupRef::Development(bob.default_group);
    let outcomes = [
        app.declare_facts(bench.by(bob_id), bob_id, integration, rest("Mine")).await.err().unwrap(),
        app.issue_secret(bench.by(bob_id), bob_id, integration).await.err().unwrap(),
        app.move_integration(bench.by(bob_id), bob_id, integration, to).await.err().unwrap(),
    ];
    for error in outcomes {
        assert!(matches!(error, AppError::Integration(integration::Rejection::NotYours)), "{error:?}");
    }
}

#[tokio::test]
async fn two_integrations_of_one_owner_have_two_names_and_those_of_two_owners_need_not() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    bench.integration(ada.developer, complete("Quiz")).await;
    bench.integration(bob.developer, complete("Quiz")).await;
    let again = bench.app.register(bench.by(ada.developer), ada.developer, None, complete("QUIZ"));
    let error = again.await.err().unwrap();
    assert!(matches!(&error, AppError::NameTaken { proposal: Some(name) } if name == "QUIZ 2"), "{error:?}");
}

#[tokio::test]
async fn a_replaced_name_is_free_again() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let first = bench.integration(ada, complete("Quiz")).await;
    bench.app.declare_facts(bench.by(ada), ada, first, complete("Exam")).await.unwrap();
    bench.integration(ada, complete("Quiz")).await;
    let taken = bench.app.declare_facts(bench.by(ada), ada, first, complete("Quiz")).await;
    assert!(matches!(taken, Err(AppError::NameTaken { .. })));
}

#[tokio::test]
async fn a_developer_is_the_owner_of_the_personal_group() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let joined =
        bench.records().await.into_iter().find(|record| record.event_type == "developer.group_joined");
    let joined: domain::developer::GroupJoined = serde_json::from_slice(&joined.unwrap().payload).unwrap();
    assert_eq!((joined.group, joined.role), (GroupRef::Development(ada.default_group), Role::Owner));
}

#[tokio::test]
async fn facts_that_fill_more_than_an_event_are_refused_as_too_much() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let mut facts = complete("Quiz");
    facts.hosts = (0..2_000).map(|number| format!("host-{number}.acme.com")).collect();
    let error = bench.app.register(bench.by(ada), ada, None, facts).await.err().unwrap();
    let AppError::Fields(fields) = error else { panic!("{error}") };
    assert_eq!(fields[0].code, "body.too_much");
}
