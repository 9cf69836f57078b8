use crate::bench::Bench;
use chrono::TimeDelta;

#[tokio::test]
async fn a_sign_up_that_ran_out_is_deleted_without_any_mail_worker() {
    let bench = Bench::new().await;
    let started = bench.now();
    let waiting = bench.start_sign_up("ada@acme.com").await;
    bench.pass(TimeDelta::minutes(14));
    bench.app.keep_house(async {}).await;
    assert!(bench.side.sign_up(waiting.id, started).await.unwrap().is_some());
    bench.pass(TimeDelta::minutes(1));
    bench.app.keep_house(async {}).await;
    assert!(bench.side.sign_up(waiting.id, started).await.unwrap().is_none());
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 0);
}
