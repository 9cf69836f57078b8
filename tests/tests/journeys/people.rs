use portal_tests::{Portal, complete_registration};
use serde_json::json;

#[tokio::test]
async fn a_vendor_goes_from_nothing_to_a_submitted_request() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let groups = ada.api.get("/v1/groups").expect(200).await.list("/items");
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["personal"], true);
    assert_eq!((&groups[0]["limits"]["calls"], &groups[0]["limits"]["sites"]), (&json!(10_000), &json!(6)));
    let integration = ada.register(&complete_registration("Alpha Reader")).await;
    assert_eq!(integration.body["complete"], true);
    assert!(integration.text("/credentials/secret").starts_with("dps_"));
    let shown = ada.api.get(&format!("/v1/integrations/{}", integration.text("/id"))).expect(200).await;
    assert!(!shown.body.to_string().contains(&integration.text("/credentials/secret")));
    let release = ada.ready_release("Alpha").await;
    let path = format!("/v1/production-groups/{}/checklist", release.group);
    assert_eq!(ada.api.get(&path).expect(200).await.body["green"], true);
    ada.submit(&release).await.must_be(200);
    assert_eq!(ada.production_group(&release).await.text("/state"), "submitted");
}

#[tokio::test]
async fn a_badly_named_production_group_is_refused_with_a_name_that_passes() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let account = ada.proven_account("Alpha", "support@alpha.example").await.text("/id");
    let named = |name: &str| json!({ "account": account, "name": name });
    let post = |name: &str| ada.api.post("/v1/production-groups", &named(name)).send();
    for (name, code) in [
        ("Alpha Test", "name.banned_word"),
        ("Alpha - Prod2", "name.banned_word"),
        ("Alpha - One - Two", "name.too_many_parts"),
        ("Somebody Else", "name.no_known_part"),
    ] {
        let refused = post(name).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{name}");
        assert_eq!(refused.faults()[0].0, "/name");
    }
    let proposal = post("Alpha REST").await.text("/errors/0/fix");
    post(&proposal).await.must_be(201);
}

#[tokio::test]
async fn staff_send_a_request_back_with_a_reason_and_grant_it_when_it_returns() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let grace = portal.staff("approver").await;
    let release = ada.ready_release("Alpha").await;
    ada.submit(&release).await.must_be(200);
    let queue = grace.api.get("/v1/staff/promotions?state=submitted").expect(200).await.list("/items");
    assert_eq!(queue.len(), 1);
    assert_eq!((&queue[0]["id"], &queue[0]["vendor_name"]), (&json!(release.group), &json!("Alpha")));
    assert!(!queue[0]["evidence"].is_null());
    grace.review(&release).await.must_be(200);
    grace.request_changes(&release, "limits", "How many customers?").await.must_be(200);
    let back = ada.production_group(&release).await;
    assert_eq!(back.text("/changes_requested/reason"), "limits");
    assert_eq!(back.text("/changes_requested/note"), "How many customers?");
    let mail = portal.mail_for(&ada.email, 2).await;
    assert!(!mail.subject().contains("Alpha"), "no words of others in a subject: {}", mail.subject());
    ada.submit(&release).await.must_be(200);
    grace.review(&release).await.must_be(200);
    grace.approve(&release).await.must_be(200);
    let granted = ada.production_group(&release).await;
    assert_eq!(
        (granted.text("/state"), granted.text("/tier")),
        ("approved".to_owned(), "standard".to_owned())
    );
    assert_eq!(granted.body["limits"]["calls"], 150_000);
    let timeline = format!("/v1/production-groups/{}/timeline?limit=100", release.group);
    let types: Vec<_> = ada
        .api
        .get(&timeline)
        .expect(200)
        .await
        .list("/items")
        .iter()
        .map(|item| item["type"].as_str().unwrap_or_default().to_owned())
        .collect();
    for step in ["submitted", "changes_requested", "production_approved"] {
        assert!(types.iter().any(|told| told.ends_with(step)), "{step} is not in {types:?}");
    }
}

#[tokio::test]
async fn a_customer_is_warned_before_the_release_and_told_who_is_behind_it_after() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let grace = portal.staff("approver").await;
    let customer = portal.customer();
    let release = ada.ready_release("Alpha").await;
    let before = customer.look_up(&release.integration.to_uppercase()).await;
    before.must_be(200);
    assert_eq!(before.body["released"], false);
    assert!(!before.text("/warning").is_empty());
    for secret in [release.contact.as_str(), "vendor\"", ada.email.as_str(), "Test Person"] {
        assert!(!before.body.to_string().contains(secret), "{secret} is told before the release");
    }
    ada.submit(&release).await.must_be(200);
    grace.review(&release).await.must_be(200);
    grace.approve(&release).await.must_be(200);
    let card = portal.until_released(&release.integration).await;
    assert_eq!((card.text("/vendor_name"), card.text("/tier")), ("Alpha".to_owned(), "standard".to_owned()));
    assert_eq!(card.text("/contact/email"), release.contact);
    assert!(!card.text("/contact/proven_at").is_empty());
    assert!(!card.body["lti"].is_null() && !card.body["rest"].is_null());
    assert!(!card.body.to_string().contains(&ada.email), "the developer's own address is nobody's business");
    let unknown = customer.look_up("00000000-0000-4000-8000-000000000000").await;
    assert_eq!(unknown.status, 404);
}
