use portal_tests::Portal;
use serde_json::json;

#[tokio::test]
async fn a_submission_is_refused_while_the_checklist_is_red_and_says_what_to_do() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let account = ada.proven_account("Alpha", "support@alpha.example").await.text("/id");
    let body = json!({ "account": account, "name": "Alpha" });
    let group = ada.api.post("/v1/production-groups", &body).expect(201).await;
    let path = format!("/v1/production-groups/{}", group.text("/id"));
    let checklist = ada.api.get(&format!("{path}/checklist")).expect(200).await;
    assert_eq!(checklist.body["green"], false);
    let request = ada.api.post(&format!("{path}/submission"), &json!({})).if_unchanged(&group);
    let refused = request.send().await;
    assert_eq!(refused.status, 422, "{:#}", refused.body);
    let codes: Vec<_> = refused.faults().into_iter().map(|(_, code)| code).collect();
    assert!(codes.iter().any(|code| code.ends_with("has_integration")), "{codes:?}");
}

#[tokio::test]
async fn every_step_out_of_order_is_a_conflict_and_changes_nothing() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let grace = portal.staff("approver").await;
    let release = ada.ready_release("Alpha").await;
    let illegal = "prodgroup.illegal_transition";
    assert_eq!(ada.withdraw(&release).await.code(), illegal);
    ada.submit(&release).await.must_be(200);
    for step in ["approval", "changes-request", "refusal"] {
        let seen = grace.promotion(&release).await;
        let path = format!("/v1/staff/promotions/{}/{step}", release.group);
        let body = if step == "approval" { json!({}) } else { json!({ "reason": "naming" }) };
        grace.api.post(&path, &body).if_unchanged(&seen).refused(409, illegal).await;
    }
    let twice = ada.submit(&release).await;
    assert_eq!(twice.status, 409, "{:#}", twice.body);
    let group = ada.production_group(&release).await;
    let path = format!("/v1/production-groups/{}", release.group);
    let request = ada.api.patch(&path, &json!({ "name": "Alpha Tool" })).if_unchanged(&group);
    request.refused(409, "prodgroup.under_review").await;
    grace.review(&release).await.must_be(200);
    grace.approve(&release).await.must_be(200);
    assert_eq!(grace.approve(&release).await.code(), illegal);
    assert_eq!(ada.withdraw(&release).await.code(), illegal);
    assert_eq!(ada.production_group(&release).await.text("/state"), "approved");
}

#[tokio::test]
async fn what_was_withdrawn_or_refused_can_be_handed_in_again() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let grace = portal.staff("approver").await;
    let release = ada.ready_release("Alpha").await;
    ada.submit(&release).await.must_be(200);
    ada.withdraw(&release).await.must_be(200);
    ada.submit(&release).await.must_be(200);
    grace.review(&release).await.must_be(200);
    grace.refuse(&release, "terms").await.must_be(200);
    ada.submit(&release).await.must_be(200);
    assert_eq!(ada.production_group(&release).await.text("/state"), "submitted");
}

#[tokio::test]
async fn a_grant_above_large_needs_two_different_staff() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let release = ada.ready_release("Alpha").await;
    let asked = json!({ "tier": "custom", "calls": 900_000, "sites": 90, "justification": "A whole state." });
    ada.ask_limits(&release, &asked).await;
    ada.submit(&release).await.must_be(200);
    let (grace, heidi) = (portal.staff("approver").await, portal.staff("approver").await);
    grace.review(&release).await.must_be(200);
    let first = grace.approve(&release).await;
    first.must_be(200);
    assert_ne!(ada.production_group(&release).await.text("/state"), "approved");
    assert_eq!(grace.approve(&release).await.code(), "prodgroup.same_approver");
    heidi.approve(&release).await.must_be(200);
    let granted = ada.production_group(&release).await;
    assert_eq!(granted.text("/state"), "approved");
    assert_eq!(granted.body["limits"]["calls"], 900_000);
}

#[tokio::test]
async fn a_reviewer_who_shares_the_vendors_mail_domain_cannot_decide() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let release = ada.ready_release("Alpha").await;
    ada.submit(&release).await.must_be(200);
    let insider = portal.staff_at("insider@vendor.example", "approver").await;
    let answer = insider.review(&release).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "prodgroup.reviewer_not_independent"));
}

#[tokio::test]
async fn the_id_stays_and_the_card_changes_with_the_release() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let grace = portal.staff("approver").await;
    let customer = portal.customer();
    let release = ada.ready_release("Alpha").await;
    let before = customer.look_up(&release.integration).await;
    assert_eq!(before.body["released"], false);
    assert!(!before.body.to_string().contains(&release.contact));
    ada.submit(&release).await.must_be(200);
    grace.review(&release).await.must_be(200);
    grace.approve(&release).await.must_be(200);
    let after = portal.until_released(&release.integration).await;
    assert_eq!(after.text("/vendor_name"), "Alpha");
    assert_eq!(after.text("/contact/email"), release.contact);
    assert_ne!(before.etag(), after.etag());
}
