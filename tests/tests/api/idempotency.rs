use portal_tests::{Portal, complete_registration};
use serde_json::{Value, json};

#[tokio::test]
async fn a_repeat_with_the_same_key_is_done_once_and_shows_no_secret_again() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let facts = complete_registration("Once Only");
    let first = ada.api.post("/v1/integrations", &facts).once("key-1").expect(201).await;
    let again = ada.api.post("/v1/integrations", &facts).once("key-1").expect(201).await;
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(first.text("/id"), again.text("/id"));
    assert_eq!(first.position(), again.position());
    assert!(first.text("/credentials/secret").starts_with("dps_"));
    assert_eq!(again.body["credentials"]["secret"], Value::Null);
    assert_eq!(again.body["credentials"]["secret_lost"], true);
    assert_eq!(ada.api.get("/v1/integrations").expect(200).await.list("/items").len(), 1);
}

#[tokio::test]
async fn a_key_used_again_with_another_body_is_refused() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let create = |name: &str| ada.api.post("/v1/groups", &json!({ "name": name })).once("key-1");
    create("Vendor - First").expect(201).await;
    create("Vendor - Second").refused(422, "idempotency.key_reused").await;
    assert_eq!(
        ada.api.get("/v1/groups").expect(200).await.list("/items").len(),
        2,
        "the personal group and one"
    );
}

#[tokio::test]
async fn keys_of_two_people_and_of_two_routes_do_not_meet() {
    let portal = Portal::start().await;
    let (ada, bob) = (portal.vendor("ada").await, portal.vendor("bob").await);
    let of_ada = ada.api.post("/v1/groups", &json!({ "name": "Ada Company" })).once("same").expect(201).await;
    let of_bob = bob.api.post("/v1/groups", &json!({ "name": "Bob Company" })).once("same").expect(201).await;
    assert_ne!(of_ada.text("/id"), of_bob.text("/id"));
    assert!(!of_bob.is_replay());
    ada.api.post("/v1/integrations", &complete_registration("Other Route")).once("same").expect(201).await;
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_thing() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let body = json!({ "name": "Vendor - Hurry" });
    let requests = (0..12).map(|_| ada.api.post("/v1/groups", &body).once("hurry").send());
    let answers = portal_tests::all(requests).await;
    let mut made = std::collections::BTreeSet::new();
    for answer in &answers {
        match answer.status {
            201 => {
                made.insert(answer.text("/id"));
            }
            409 => assert_eq!(answer.code(), "idempotency.in_flight"),
            other => panic!("{other}: {:#}", answer.body),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(ada.api.get("/v1/groups").expect(200).await.list("/items").len(), 2);
}

#[tokio::test]
async fn what_became_of_a_command_can_be_asked() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let group = ada.create_group("Vendor - Asked").await;
    let command = group.header("portal-command").expect("a command id").to_owned();
    let told = ada.api.get(&format!("/v1/commands/{command}")).expect(200).await;
    assert_eq!(told.text("/outcome"), "applied");
    let nobody = "cmd_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let told = ada.api.get(&format!("/v1/commands/{nobody}")).expect(200).await;
    assert_eq!(told.text("/outcome"), "unknown");
    let bob = portal.vendor("bob").await;
    let told = bob.api.get(&format!("/v1/commands/{command}")).expect(200).await;
    assert_eq!(told.text("/outcome"), "unknown", "another's command is not told");
}
