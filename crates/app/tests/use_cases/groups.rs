use crate::bench::{Bench, Keyed as _};
use app::AppError;
use domain::{developer, devgroup};
use eventlog::StreamVersion;

#[tokio::test]
async fn of_two_developers_racing_for_one_name_exactly_one_gets_it() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let create = |developer| bench.app.create_group(bench.by(developer), developer, "Rocket".to_owned());
    let (first, second) = tokio::join!(create(ada.developer), create(bob.developer));
    let outcomes = [first, second];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.into_iter().find_map(Result::err).unwrap();
    assert!(
        matches!(&refused, AppError::NameTaken { proposal: Some(name) } if name == "Rocket 2"),
        "{refused:?}"
    );
    assert_eq!(bench.count("devgroup.created").await, 3);
}

#[tokio::test]
async fn a_name_that_only_looks_different_is_taken() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    bench.group(ada, "Rocket").await;
    for lookalike in ["ROCKET", "  rocket ", "R\u{43e}cket"] {
        let outcome = bench.app.create_group(bench.by(ada), ada, lookalike.to_owned()).await;
        assert!(matches!(outcome, Err(AppError::NameTaken { .. })), "{lookalike}");
    }
}

#[tokio::test]
async fn a_name_given_up_is_free_for_others() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let group = bench.group(ada.developer, "Rocket").await;
    let by_ada = || bench.by(ada.developer);
    bench.app.rename_group(by_ada(), ada.developer, group, "Comet".to_owned()).await.unwrap();
    bench.group(bob.developer, "Rocket").await;
    let back = bench.app.rename_group(by_ada(), ada.developer, group, "Rocket".to_owned()).await;
    assert!(matches!(back, Err(AppError::NameTaken { .. })));
}

#[tokio::test]
async fn a_stale_version_is_refused_with_the_current_one() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let group = bench.group(ada, "Rocket").await;
    let rename = |version, name: &str| {
        let meta = bench.by(ada).seen(StreamVersion(version));
        bench.app.rename_group(meta, ada, group, name.to_owned())
    };
    assert_eq!(rename(1, "Comet").await.unwrap().version, StreamVersion(2));
    let stale = rename(1, "Meteor").await.unwrap_err();
    assert!(matches!(stale, AppError::PreconditionFailed { actual: StreamVersion(2) }), "{stale}");
}

#[tokio::test]
async fn a_stale_version_tells_a_stranger_nothing() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let group = bench.group(ada.developer, "Rocket").await;
    for version in [1, 7] {
        let meta = bench.by(bob.developer).seen(StreamVersion(version));
        let outcome = bench.app.rename_group(meta, bob.developer, group, "Mine".to_owned()).await;
        assert!(matches!(outcome, Err(AppError::DevGroup(devgroup::Rejection::NotYours))), "{outcome:?}");
    }
}

#[tokio::test]
async fn groups_beyond_the_limit_are_refused() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let limit = bench.policy().dev_groups_per_owner;
    for number in 1..limit {
        bench.group(ada, &format!("Rocket number {number}")).await;
    }
    let outcome = bench.app.create_group(bench.by(ada), ada, "One more".to_owned()).await;
    let expected = developer::Rejection::TooManyGroups { limit };
    assert!(matches!(outcome, Err(AppError::Developer(rejection)) if rejection == expected));
}
