//! The projector stands still: another process holds the lock on its file.

use portal_tests::{Portal, Vendor, complete_registration};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::{Duration, Instant};

/// A read would have waited longer.
const AT_ONCE: Duration = Duration::from_secs(2);

async fn lock(portal: &Portal) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(portal.read_model_file());
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("the lock");
    connection
}

async fn unlock(mut connection: SqliteConnection) {
    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.expect("unlocked");
    connection.close().await.expect("closed");
}

/// Everything a vendor writes on the way to a release, each with its full answer and none slow.
async fn writes(ada: &Vendor<'_>) -> (String, String) {
    let at_once = |begun: Instant| assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let registered = ada.register(&complete_registration("Tool")).await;
    at_once(begun);
    assert!(registered.body["credentials"]["secret"].is_string(), "{:#}", registered.body);
    let integration = registered.text("/id");
    assert_eq!(registered.header("location"), Some(format!("/v1/integrations/{integration}").as_str()));
    let begun = Instant::now();
    let secrets = format!("/v1/integrations/{integration}/secrets");
    let issued = ada.api.post(&secrets, &json!({})).expect(201).await;
    at_once(begun);
    assert!(issued.body["secret"].is_string());
    let begun = Instant::now();
    let group = ada.create_group("Vendor - First").await;
    let path = format!("/v1/groups/{}", group.text("/id"));
    let renamed = json!({ "name": "Vendor - Second" });
    let renamed = ada.api.patch(&path, &renamed).if_unchanged(&group).expect(200).await;
    assert_eq!(renamed.text("/name"), "Vendor - Second");
    at_once(begun);
    let begun = Instant::now();
    let account = json!({ "vendor_name": "Acme", "contact_email": "support@acme.example" });
    let account = ada.api.post("/v1/production-accounts", &account).expect(201).await;
    assert_eq!(account.body["contact"]["email"], "support@acme.example");
    let draft = json!({ "account": account.text("/id"), "name": "Acme" });
    let draft = ada.api.post("/v1/production-groups", &draft).expect(201).await;
    let move_it = format!("/v1/integrations/{integration}/move");
    let moved = ada.api.post(&move_it, &json!({ "group": draft.text("/id") })).expect(200).await;
    at_once(begun);
    assert_eq!(moved.text("/group"), draft.text("/id"));
    assert_eq!(moved.list("/secrets").len(), 2);
    (format!("/v1/production-groups/{}", draft.text("/id")), integration)
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_answer_in_full_while_the_read_model_is_locked_and_reads_say_they_are_behind() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let lock = lock(&portal).await;
    let (group, integration) = writes(&ada).await;
    let behind = ada.api.get(&group).refused(503, "position.behind").await;
    assert!(behind.header("retry-after").is_some());
    portal_tests::until("readiness tells", async || {
        let readiness = portal.api().get("/readyz").send().await;
        readiness.status == 503 && readiness.body["reading"]["ready"] == false
    })
    .await;
    assert_eq!(portal.api().get("/readyz").expect(503).await.body["writing"]["ready"], true);

    unlock(lock).await;
    portal_tests::until("it goes on", async || portal.api().get("/readyz").send().await.status == 200).await;
    portal_tests::until("it has caught up", async || ada.api.get(&group).send().await.status == 200).await;
    assert_eq!(ada.api.get(&group).expect(200).await.list("/integrations"), [json!(integration)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_may_use_is_answered_in_full_while_the_read_model_is_locked() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let release = ada.ready_release("Alpha").await;
    let group = ada.create_group("Vendor - First").await;
    let path = format!("/v1/groups/{}", group.text("/id"));
    let (seen, shares) =
        (staff.allowance(&group.text("/id")).await, format!("/v1/groups/{}/shares", release.group));
    let parted = ada.api.get(&shares).expect(200).await;
    let lock = lock(&portal).await;

    let limits = format!("/v1/staff/groups/{}/limits", group.text("/id"));
    let body = json!({ "calls": 20_000, "reason": "peak", "note": "Term begins." });
    let set = staff.api.put(&limits, &body).if_unchanged(&seen).expect(200).await;
    assert_eq!(
        (&set.body["limits"]["calls"], set.text("/limits_set/note")),
        (&json!(20_000), "Term begins.".to_owned())
    );
    let renamed = json!({ "name": "Vendor - Second" });
    let renamed = ada.api.patch(&path, &renamed).if_unchanged(&group).expect(200).await;
    assert_eq!(renamed.body["limits"]["calls"], 20_000);
    let body = json!({ "shares": [{ "integration": release.integration, "reserved": 2_000 }] });
    let parted = ada.api.put(&shares, &body).if_unchanged(&parted).expect(200).await;
    assert_eq!(parted.body["shares"], body["shares"]);
    unlock(lock).await;
}
