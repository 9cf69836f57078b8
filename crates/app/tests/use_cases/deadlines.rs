use crate::bench::Bench;
use app::mail::Mail;
use chrono::TimeDelta;
use domain::{
    prodgroup,
    prodgroup::{SubmissionExpired, checklist::CheckCode},
};
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

/// Records what time has brought; what it brought is in the read model afterwards.
async fn deadlines(bench: &Bench) -> u32 {
    let recorded = bench.app.record_deadlines().await.unwrap();
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    recorded
}

#[tokio::test]
async fn a_contact_is_asked_anew_before_its_proof_ends_and_its_owners_hear_of_it() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    assert_eq!(deadlines(&bench).await, 0);
    bench.pass(TimeDelta::days(150));
    assert_eq!((deadlines(&bench).await, deadlines(&bench).await), (1, 0));
    let mails = bench.mails(2).await;
    let told = |mail: &&Mail| mail.to.reveal() == "owner@acme.com";
    let (to_owner, to_contact): (Vec<_>, Vec<_>) = mails.iter().partition(told);
    assert_eq!(to_owner[0].subject, "Your contact mailbox is due to be confirmed again");
    assert!(
        to_owner[0].text.reveal().contains("The proof ends: 2027-07-14"),
        "{}",
        to_owner[0].text.reveal()
    );
    assert_eq!(to_contact[0].to.reveal(), "support@acme.com");
    assert!(bench.open_challenge(ready.account).await.is_some());

    bench.pass(TimeDelta::days(30));
    assert_eq!((deadlines(&bench).await, deadlines(&bench).await), (1, 0));
    let record = bench.records().await.pop().unwrap();
    assert_eq!(
        (record.event_type.as_str(), record.actor.kind.as_str()),
        ("prodaccount.contact_proof_ended", "system")
    );
    assert_eq!(bench.mails(1).await[0].subject, "Your contact mailbox is no longer proven");
    let checklist = bench.app.checklist(ready.developer, ready.group).await.unwrap().checklist;
    let red: Vec<_> = checklist.blocking().map(|check| check.code).collect();
    assert_eq!(red, [CheckCode::ContactProven], "and it would be red without anything recorded");
}
