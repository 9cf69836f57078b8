use crate::bench::{Bench, Keyed as _, rest};
use app::AppError;
use domain::{actor::Actor, ids::SessionId};
use eventlog::{NewEvent, StreamName, StreamVersion};
use std::sync::Arc;

#[tokio::test]
async fn a_command_repeated_after_a_restart_gives_the_same_ids_and_adds_nothing() {
    let mut bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let first = bench.app.create_group(bench.by(ada).key("k1"), ada, "Rocket".to_owned()).await.unwrap();
    assert!(!first.replayed);
    bench.restart().await;
    let events = bench.records().await.len();
    let again = bench.app.create_group(bench.by(ada).key("k1"), ada, "Rocket".to_owned()).await.unwrap();
    assert!(again.replayed);
    assert_eq!(
        (again.value, again.position, again.version, again.command),
        (first.value, first.position, first.version, first.command)
    );
    assert_eq!(bench.records().await.len(), events);
}

#[tokio::test]
async fn a_change_repeated_after_others_answers_as_it_did_then() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let group = bench.group(ada, "Rocket").await;
    let rename = |key: &str, version, name: &str| {
        let meta = bench.by(ada).key(key).seen(StreamVersion(version));
        bench.app.rename_group(meta, ada, group, name.to_owned())
    };
    let first = rename("k1", 1, "Comet").await.unwrap();
    rename("k2", 2, "Meteor").await.unwrap();
    let again = rename("k1", 1, "Comet").await.unwrap();
    assert!(again.replayed);
    assert_eq!((again.position, again.version), (first.position, StreamVersion(2)));
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let meta = |body| bench.by(ada).key("k1").body(body);
    let group = bench.app.create_group(meta(1), ada, "Rocket".to_owned()).await.unwrap().value;
    let other_body = bench.app.create_group(meta(2), ada, "Comet".to_owned()).await;
    assert!(matches!(other_body, Err(AppError::IdempotencyReused)));
    let other_target = bench.group(ada, "Meteor").await;
    bench.app.rename_group(bench.by(ada).key("k2"), ada, group, "Nova".to_owned()).await.unwrap();
    let renamed = bench.app.rename_group(bench.by(ada).key("k2"), ada, other_target, "Nova".to_owned()).await;
    assert!(matches!(renamed, Err(AppError::IdempotencyReused)));
}

#[tokio::test]
async fn the_same_key_of_another_actor_is_another_command() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let create = |developer, name: &str| {
        bench.app.create_group(bench.by(developer).key("k1"), developer, name.to_owned())
    };
    let first = create(ada.developer, "Rocket").await.unwrap();
    let second = create(bob.developer, "Comet").await.unwrap();
    assert!(!second.replayed && second.value != first.value && second.command != first.command);
}

#[tokio::test]
async fn a_replay_never_shows_a_secret_again() {
    let mut bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let register = |bench: &Bench| {
        let (app, meta) = (bench.app.clone(), bench.by(ada).key("k1"));
        async move { app.register(meta, ada, None, rest("Quiz")).await.unwrap() }
    };
    let first = register(&bench).await.value.secret.unwrap();
    assert!(first.secret.is_some());
    bench.restart().await;
    let again = register(&bench).await;
    let lost = again.value.secret.unwrap();
    assert!(again.replayed && lost.secret.is_none());
    assert_eq!((lost.id, lost.key), (first.id, first.key));
    assert_eq!(bench.count("integration.secret_issued").await, 1);
}

#[tokio::test]
async fn sixty_four_racers_with_one_key_carry_the_command_out_once() {
    let bench = Arc::new(Bench::new().await);
    let ada = bench.developer("ada@acme.com").await.developer;
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let racers: Vec<_> = (0..64)
        .map(|_| {
            let (bench, start) = (bench.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                bench.app.create_group(bench.by(ada).key("k1"), ada, "Rocket".to_owned()).await
            })
        })
        .collect();
    let mut groups = std::collections::HashSet::new();
    for racer in racers {
        match racer.await.unwrap() {
            Ok(done) => _ = groups.insert(done.value),
            Err(AppError::InFlight) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(groups.len(), 1);
    assert_eq!(bench.count("devgroup.created").await, 2, "the personal one, and this one");
}

#[tokio::test]
async fn contention_ends_in_as_many_groups_as_were_acknowledged() {
    let bench = Arc::new(Bench::new().await);
    let ada = bench.developer("ada@acme.com").await.developer;
    let start = Arc::new(tokio::sync::Barrier::new(20));
    let racers: Vec<_> = (0..20)
        .map(|number| {
            let (bench, start) = (bench.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                bench.app.create_group(bench.by(ada), ada, format!("Rocket number {number}")).await
            })
        })
        .collect();
    let mut made = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => made += 1,
            Err(AppError::Contended) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!(made >= 1);
    assert_eq!(bench.count("devgroup.created").await, made + 1);
    assert_eq!(bench.count("developer.group_joined").await, made + 1);
}

#[tokio::test]
async fn a_corrupt_stream_is_named_with_the_first_event_that_does_not_fit() {
    let mut bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let group = bench.group(ada, "Rocket").await;
    let stream = StreamName::parse(&format!("devgroup-{}", group.uuid().hyphenated())).unwrap();
    let created = bench.log.read_stream(&stream, StreamVersion(0), 1).await.unwrap().remove(0);
    let event = NewEvent {
        event_type: created.event_type,
        schema: created.schema,
        payload: created.payload,
        subjects: Vec::new(),
    };
    bench.slip_in(&stream, StreamVersion(1), event).await;
    bench.restart().await;
    let error = bench.app.rename_group(bench.by(ada), ada, group, "Comet".to_owned()).await.unwrap_err();
    let AppError::Corrupt(source) = error else { panic!("{error}") };
    assert_eq!(source.to_string(), format!("stream {stream} is corrupt at version 2"));
}

#[tokio::test]
async fn what_was_decided_says_who_by_which_right_and_under_which_policy() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let session = SessionId::from_uuid(bench.ids.v4());
    let meta = bench.meta(Actor::Developer(ada, session));
    let request = meta.request_id;
    bench.app.create_group(meta, ada, "Rocket".to_owned()).await.unwrap();
    let record = bench.records().await.pop().unwrap();
    assert_eq!(record.actor.kind, "developer");
    assert_eq!(record.actor.id, ada.to_string());
    assert_eq!(record.actor.authority, "owner");
    assert_eq!(record.actor.session, session.to_string());
    assert_eq!(record.request_id, Some(request));
    assert_eq!(record.policy_version, bench.policy().version);
}
