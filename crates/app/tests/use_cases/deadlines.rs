use crate::bench::Bench;
use chrono::TimeDelta;
use domain::{prodgroup, prodgroup::SubmissionExpired};
use std::time::Duration;

#[tokio::test]
async fn a_submission_nobody_looked_at_is_recorded_as_expired_once() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    bench.app.submit(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
    let life = TimeDelta::days(i64::from(bench.policy().submission_life_days));
    bench.pass(life - TimeDelta::seconds(1));
    let at_end = bench.app.head().position;
    bench.app.read().wait_for(at_end, Duration::from_secs(10)).await.unwrap();
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 0);
    bench.pass(TimeDelta::seconds(1));
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 1);
    let record = bench.records().await.pop().unwrap();
    assert_eq!(
        (record.event_type.as_str(), record.actor.kind.as_str()),
        ("prodgroup.submission_expired", "system")
    );
    let fact: SubmissionExpired = serde_json::from_slice(&record.payload).unwrap();
    let submitted =
        bench.records().await.into_iter().find(|record| record.event_type == "prodgroup.submitted");
    let submitted: prodgroup::Submitted = serde_json::from_slice(&submitted.unwrap().payload).unwrap();
    assert_eq!(fact.submission, submitted.submission);
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 0);
}
