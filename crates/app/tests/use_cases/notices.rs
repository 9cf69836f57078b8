//! Thresholds on their way from the engine to people.

use crate::bench::{Bench, rest};
use app::quota::{Caller, Question};
use chrono::TimeDelta;
use domain::{
    decider::StoredEvent as _,
    group::GroupRef,
    ids::DevGroupId,
    usagewatch::{Event, Reached},
};
use eventlog::Record;

const REACHED: &str = "usagewatch.threshold_reached";

async fn quiz(bench: &Bench) -> (GroupRef, String) {
    let developer = bench.developer("ada@acme.com").await.developer;
    let group = GroupRef::Development(bench.group(developer, "Quiz lab").await);
    let done = bench.app.register(bench.by(developer), developer, Some(group), rest("Quiz")).await;
    (group, done.unwrap().value.secret.unwrap().key)
}

async fn call(bench: &Bench, key: &str, cost: u32) {
    bench.app.authorise(Question { caller: Caller::Key(key), site: None, cost }).await.unwrap();
}

/// What was recorded of thresholds, once there is that much.
async fn reached(bench: &Bench, count: usize) -> Vec<(Record, Reached)> {
    let mut head = bench.log.watch();
    while bench.count(REACHED).await < count {
        head.changed().await.unwrap();
    }
    let records = bench.records().await.into_iter().filter(|record| record.event_type == REACHED);
    let read = |record: Record| {
        let Event::Reached(reached) = Event::decode(REACHED, record.schema, &record.payload).unwrap();
        (record, reached)
    };
    records.map(read).collect()
}

#[tokio::test]
async fn each_threshold_is_recorded_once_a_window_in_a_stream_of_its_own() {
    let bench = Bench::new().await;
    let (group, key) = quiz(&bench).await;
    for cost in [4_999, 1, 3_000, 1_000, 999, 1, 1, 1] {
        call(&bench, &key, cost).await;
    }
    let told = reached(&bench, 4).await;
    let percents: Vec<_> = told.iter().map(|(_, reached)| (reached.percent, reached.mailed)).collect();
    assert_eq!(percents, [(50, false), (80, true), (90, true), (100, true)]);
    for (record, reached) in &told {
        assert_eq!((reached.group, reached.limit, reached.part), (group, 10_000, None));
        assert_eq!((reached.since, record.actor.kind.as_str()), (bench.now(), "system"));
        assert!(record.stream.as_str().starts_with("usagewatch-"));
    }
    bench.pass(TimeDelta::hours(24) + TimeDelta::minutes(2));
    call(&bench, &key, 5_000).await;
    let again = reached(&bench, 5).await;
    assert_eq!(again[4].1.percent, 50);
    assert_eq!(bench.count(REACHED).await, 5);
}

#[tokio::test]
async fn an_occasion_that_is_told_twice_is_recorded_once() {
    let bench = Bench::new().await;
    let (group, key) = quiz(&bench).await;
    call(&bench, &key, 5_000).await;
    let told = reached(&bench, 1).await;
    let crossed = quota::account::Crossed {
        violated: quota::Violated::Pool,
        percent: 50,
        since: told[0].1.since.timestamp_millis(),
    };
    let GroupRef::Development(id) = group else { panic!("a development group") };
    let limit = quota::Limit { units: 10_000, window: quota::Window::rolling(86_400_000) };
    let pool = quota::PoolKey::whole(id.uuid().as_u128());
    let notice =
        |key| quota::Notice { key, chain: std::sync::Arc::new(quota::Chain::new(key, limit)), crossed };
    let nobody = quota::PoolKey::whole(DevGroupId::from_uuid(bench.ids.v4()).uuid().as_u128());
    let (tell, notices) = tokio::sync::mpsc::channel(8);
    for key in [pool, nobody, pool] {
        tell.send(notice(key)).await.unwrap();
    }
    drop(tell);
    bench.app.tell_thresholds(notices, std::future::pending()).await;
    assert_eq!(bench.count(REACHED).await, 1);
}
