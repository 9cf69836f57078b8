use crate::bench::{Bench, Keyed as _};
use app::{AppError, outcome::Outcome};
use domain::{
    actor::Actor,
    ids::{CommandId, DeveloperId, SessionId},
};
use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

async fn outcome(bench: &Bench, command: CommandId, developer: DeveloperId) -> Outcome {
    let actor = Actor::Developer(developer, SessionId::from_uuid(bench.ids.v4()));
    bench.app.command_outcome(command, actor).await.unwrap()
}

#[tokio::test]
async fn what_became_of_a_command_is_told_to_its_own_actor_only() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let (ada, bob) = (ada.developer, bob.developer);
    let done = bench.app.create_group(bench.by(ada), ada, "Rocket".to_owned()).await.unwrap();
    assert_eq!(outcome(&bench, done.command, ada).await, Outcome::Applied(done.position));
    assert_eq!(outcome(&bench, done.command, bob).await, Outcome::Unknown);
    assert_eq!(outcome(&bench, CommandId::from_uuid(bench.ids.v4()), ada).await, Outcome::Unknown);
}

#[tokio::test]
async fn a_refused_key_may_succeed_later_and_is_then_applied() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.developer("ada@acme.com").await, bench.developer("bob@other.com").await);
    let (ada, bob) = (ada.developer, bob.developer);
    let group = bench.group(bob, "Rocket").await;
    let scope = format!("developer:{ada}");
    let command = bench.keys.command_id(&scope, "/test", "k");
    let create = || bench.app.create_group(bench.by(ada).key("k"), ada, "Rocket".to_owned());
    assert!(matches!(create().await, Err(AppError::NameTaken { .. })));
    assert_eq!(outcome(&bench, command, ada).await, Outcome::Rejected);
    assert_eq!(outcome(&bench, command, bob).await, Outcome::Unknown);
    bench.app.rename_group(bench.by(bob), bob, group, "Comet".to_owned()).await.unwrap();
    let done = create().await.unwrap();
    assert_eq!(done.command, command);
    assert_eq!(outcome(&bench, command, ada).await, Outcome::Applied(done.position));
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_command() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let mut head = bench.log.watch();
    let before = *head.borrow_and_update();
    {
        let mut caller = pin!(bench.app.create_group(bench.by(ada), ada, "Rocket".to_owned()));
        let asked = poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await;
        assert!(asked, "the caller hangs up before the answer");
    }
    assert_eq!(bench.log.head().position, before);
    let moved = tokio::time::timeout(Duration::from_secs(10), head.wait_for(|head| *head > before)).await;
    assert!(moved.is_ok());
    assert_eq!(bench.count("devgroup.created").await, 2);
}

#[tokio::test]
async fn after_the_last_command_none_begins() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    bench.app.finish().await;
    let outcome = bench.app.create_group(bench.by(ada), ada, "Rocket".to_owned()).await;
    assert!(matches!(outcome, Err(AppError::Closed)));
}
