//! The promise behind everything else: however a file came to its position, it holds the same.

use super::{history::Portal, running::Running};
use crate::{
    ApplyError, ProjectionError, PromotionState, open,
    writer::{Checkpoint, Writer},
};
use domain::ids::DevGroupId;
use eventlog::Position;
use proptest::{prelude::*, test_runner::Config};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

async fn rebuilt(portal: &Portal) -> String {
    let running = portal.project_in(&portal.folder("rebuilt")).await;
    let digest = running.model.digest().await.unwrap();
    running.stop().await;
    digest
}

/// Plays a history while one projector follows it and another is stopped in the middle and started again.
async fn folds_agree(steps: &[(u8, u8)], stop_after: usize) -> [String; 3] {
    let mut portal = Portal::new();
    let following = portal.project_in(&portal.folder("following")).await;
    let (before, after) = steps.split_at(stop_after.min(steps.len()));
    for (what, which) in before {
        portal.step(*what, *which).await;
        following.reach(portal.log.head().position).await;
    }
    portal.project_in(&portal.folder("interrupted")).await.stop().await;
    for (what, which) in after {
        portal.step(*what, *which).await;
        following.reach(portal.log.head().position).await;
    }
    let interrupted = portal.project_in(&portal.folder("interrupted")).await;
    let digests = [
        rebuilt(&portal).await,
        following.model.digest().await.unwrap(),
        interrupted.model.digest().await.unwrap(),
    ];
    following.stop().await;
    interrupted.stop().await;
    digests
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn rebuilding_following_and_restarting_in_the_middle_give_the_same_file(
        steps in prop::collection::vec(any::<(u8, u8)>(), 1..80),
        stop_after in 0_usize..80,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let [rebuilt, following, interrupted] = runtime.block_on(folds_agree(&steps, stop_after));
        prop_assert_eq!(&rebuilt, &following);
        prop_assert_eq!(&rebuilt, &interrupted);
    }
}

#[tokio::test]
async fn the_digest_tells_two_histories_apart() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let running = portal.project().await;
    let before = running.model.digest().await.unwrap();
    let group = portal.groups[0];
    assert!(portal.rename(group, "Another name").await);
    running.reach(portal.log.head().position).await;
    assert_ne!(running.model.digest().await.unwrap(), before);
    running.stop().await;
}

fn stream(group: DevGroupId) -> String {
    format!("devgroup-{}", group.uuid())
}

#[tokio::test]
async fn an_unknown_event_stops_the_projector_and_the_status_tells_where() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    let running = portal.project().await;
    let good = portal.log.head().position;
    portal.poison(&stream(portal.groups[0]), "devgroup.painted").await;
    let poisoned = portal.log.head().position;
    portal.sign_up().await;
    let behind =
        running.model.wait_for(portal.log.head().position, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(behind.reached, good);
    let failed = running.model.status().failed.unwrap();
    assert_eq!((failed.position, failed.event_type.as_str()), (poisoned, "devgroup.painted"));
    assert_eq!(running.model.status().position, good, "nothing behind it was folded");
    let error = running.failure().await.to_string();
    assert_eq!(error, format!("event devgroup.painted at position {} cannot be folded", poisoned.0));
}

#[tokio::test]
async fn an_unknown_event_also_stops_a_rebuild_and_nothing_is_served() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    portal.poison(&stream(portal.groups[0]), "devgroup.painted").await;
    let (model, projector) = open(&portal.folder("live"), portal.log.clone()).await.unwrap();
    let running = Running::start(model.clone(), projector);
    assert!(model.wait_for(Position(1), Duration::from_secs(20)).await.is_err());
    let status = model.status();
    assert!(!status.serving);
    assert_eq!(status.failed.unwrap().event_type, "devgroup.painted");
    assert!(model.digest().await.is_err());
    running.failure().await;
}

#[tokio::test]
async fn an_unknown_aggregate_stops_the_projector_too() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    let running = portal.project().await;
    portal.poison("spaceship-1", "spaceship.launched").await;
    let error = running.failure().await;
    assert!(matches!(error, ProjectionError::Event { source: ApplyError::UnknownCategory, .. }), "{error:?}");
}

#[tokio::test]
async fn a_record_that_does_not_follow_what_was_folded_is_not_folded() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    let other = Checkpoint { position: Position(1), hash: [9; 32] };
    let mut writer = Writer::resume(empty_file().await, other);
    let error = writer.step(&portal.log).await.unwrap_err();
    assert!(matches!(error, ProjectionError::OtherHistory { position: Position(2) }), "{error:?}");
    assert_eq!(writer.checkpoint(), other);
}

async fn empty_file() -> SqliteConnection {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(crate::sql::SCHEMA).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn a_transaction_never_ends_inside_a_batch() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    let group = portal.groups[0];
    while portal.log.head().position < Position(499) {
        assert!(portal.rename(group, "Personal group").await);
    }
    let developer = portal.sign_up().await;
    assert!(portal.log.head().position > Position(500), "the batch lies across the limit of one transaction");
    let mut writer = Writer::begin(empty_file().await, portal.log.head().log_id).await.unwrap();
    assert!(writer.step(&portal.log).await.unwrap());
    assert_eq!(writer.checkpoint().position, Position(499));
    assert!(writer.step(&portal.log).await.unwrap());
    assert_eq!(writer.checkpoint().position, portal.log.head().position);
    assert!(!writer.step(&portal.log).await.unwrap());
    assert!(portal.developers.contains(&developer));
}

#[tokio::test]
async fn waiting_for_a_position_ends_when_it_is_visible_or_time_runs_out() {
    let mut portal = Portal::new();
    portal.sign_up().await;
    let running = portal.project().await;
    let head = portal.log.head().position;
    running.model.wait_for(head, Duration::ZERO).await.unwrap();
    let next = Position(head.0 + 1);
    let behind = running.model.wait_for(next, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!((behind.wanted, behind.reached), (next, head));
    let waiting = {
        let model = running.model.clone();
        tokio::spawn(async move { model.wait_for(next, Duration::from_secs(20)).await })
    };
    portal.group(portal.developers[0], "Quiz lab").await;
    waiting.await.unwrap().unwrap();
    running.stop().await;
}

#[test]
fn the_states_of_a_promotion_have_the_words_of_the_domain() {
    for state in PromotionState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert!("approved ".parse::<PromotionState>().is_err());
}
