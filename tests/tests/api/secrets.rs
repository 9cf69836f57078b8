//! Secrets of REST integrations after they were issued: revoked, and in test mode.

use portal_tests::{Answer, Portal, Vendor};
use serde_json::json;

async fn registered(vendor: &Vendor<'_>) -> (String, String) {
    let made = vendor.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let path = format!("/v1/integrations/{}", made.text("/id"));
    (path, made.text("/credentials/key_id"))
}

async fn revoke(vendor: &Vendor<'_>, integration: &str, secret: &str) -> Answer {
    let seen = vendor.api.get(integration).expect(200).await;
    let path = format!("{integration}/secrets/{secret}");
    vendor.api.request("DELETE", &path).if_unchanged(&seen).send().await
}

#[tokio::test]
async fn a_revoked_secret_is_gone_and_makes_room_for_another() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let (integration, secret) = registered(&ada).await;
    let secrets = format!("{integration}/secrets");
    for _ in 0..4 {
        ada.api.post(&secrets, &json!({})).expect(201).await;
    }
    ada.api.post(&secrets, &json!({})).refused(409, "integration.too_many_secrets").await;
    let revoked = revoke(&ada, &integration, &secret).await;
    revoked.must_be(200);
    assert_eq!(revoked.list("/secrets").len(), 4);
    let again = revoke(&ada, &integration, &secret).await;
    assert_eq!((again.status, again.code().as_str()), (404, "integration.no_such_secret"));
    ada.api.post(&secrets, &json!({})).expect(201).await;
}

#[tokio::test]
async fn the_next_call_with_a_revoked_secret_is_refused_at_the_door() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let gateway = staff.register_gateway("Frankfurt").await.text("/issued/credential");
    let made = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let bearer = format!("Bearer {}", made.text("/credentials/secret"));
    let call = async || {
        let api = portal.api();
        let request = api.get("/gateway/authorize").header("Portal-Gateway", &gateway);
        request.header("Authorization", &bearer).send().await
    };
    call().await.must_be(200);
    let path = format!("/v1/integrations/{}", made.text("/id"));
    revoke(&ada, &path, &made.text("/credentials/key_id")).await.must_be(200);
    let refused = call().await;
    refused.must_be(401);
    assert_eq!(refused.header("portal-reason"), Some("credential-unknown"));
}

#[tokio::test]
async fn test_mode_is_shown_with_the_secret_and_ends_where_customers_begin() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let release = ada.ready_release("Alpha").await;
    let (integration, secret) = registered(&ada).await;
    let path = format!("{integration}/secrets/{secret}/test-mode");
    let seen = ada.api.get(&integration).expect(200).await;
    assert_eq!(seen.text("/secrets/0/test_mode"), "off");
    let near = json!({ "mode": "near" });
    ada.api.put(&path, &near).refused(428, "precondition.required").await;
    eve.api.put(&path, &near).if_unchanged(&seen).refused(404, "resource.not_found").await;
    ada.api.put(&path, &json!({ "mode": "far" })).if_unchanged(&seen).refused(400, "body.does_not_fit").await;
    let set = ada.api.put(&path, &near).if_unchanged(&seen).expect(200).await;
    assert_eq!(set.text("/secrets/0/test_mode"), "near");

    let to = json!({ "group": release.group });
    let moved = ada.api.post(&format!("{integration}/move"), &to).expect(200).await;
    assert_eq!(moved.text("/secrets/0/test_mode"), "off");
    let refused = ada.api.put(&path, &near).if_unchanged(&moved);
    refused.refused(409, "integration.test_mode_in_production").await;
}
