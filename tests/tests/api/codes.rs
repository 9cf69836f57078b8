use portal_tests::{Portal, wrong_code};
use serde_json::json;

#[tokio::test]
async fn a_wrong_code_is_refused_and_the_right_one_still_taken_in_any_spelling() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    let sign_up = stranger.sign_up("ada@vendor.example").await;
    let code = portal.code_for("ada@vendor.example", 1).await;
    let refused = stranger.prove(&sign_up, &wrong_code(&code)).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "code.wrong"));
    let spelt = format!(" {} ", code.replace('-', "").to_lowercase());
    stranger.prove(&sign_up, &spelt).await.must_be(201);
}

#[tokio::test]
async fn a_code_is_good_for_one_use() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    let sign_up = stranger.sign_up("ada@vendor.example").await;
    let code = portal.code_for("ada@vendor.example", 1).await;
    stranger.prove(&sign_up, &code).await.must_be(201);
    let again = stranger.prove(&sign_up, &code).await;
    assert!(matches!(again.status, 404 | 409), "{:#}", again.body);
    let me = portal.anonymous().sign_in("ada@vendor.example", portal_tests::PASSWORD).await;
    me.must_be(201);
}

#[tokio::test]
async fn after_ten_wrong_tries_the_right_code_is_refused_too() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    let sign_up = stranger.sign_up("ada@vendor.example").await;
    let code = portal.code_for("ada@vendor.example", 1).await;
    for _ in 0..10 {
        assert_eq!(stranger.prove(&sign_up, &wrong_code(&code)).await.status, 422);
    }
    let late = stranger.prove(&sign_up, &code).await;
    assert_eq!((late.status, late.code().as_str()), (409, "code.expired"));
    assert_eq!(stranger.sign_in("ada@vendor.example", portal_tests::PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_sign_up_code_lives_a_quarter_of_an_hour() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    let sign_up = stranger.sign_up("ada@vendor.example").await;
    let code = portal.code_for("ada@vendor.example", 1).await;
    portal.advance_minutes(15);
    let late = stranger.prove(&sign_up, &code).await;
    assert_eq!((late.status, late.code().as_str()), (409, "code.expired"));
}

#[tokio::test]
async fn a_code_proves_only_the_sign_up_it_was_mailed_for() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    stranger.sign_up("eve@vendor.example").await;
    let of_eve = portal.code_for("eve@vendor.example", 1).await;
    let of_ada = stranger.sign_up("ada@vendor.example").await;
    let answer = stranger.prove(&of_ada, &of_eve).await;
    assert_eq!((answer.status, answer.code().as_str()), (422, "code.wrong"));
}

#[tokio::test]
async fn a_contact_code_is_wrong_for_another_account_and_gone_after_72_hours() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let mut challenges = Vec::new();
    for (vendor, name, contact) in
        [(&ada, "Alpha", "support@alpha.example"), (&eve, "Omega", "support@omega.example")]
    {
        let body = json!({ "vendor_name": name, "contact_email": contact });
        let account = vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
        let path = format!("/v1/production-accounts/{account}/contact/challenges");
        let challenge = vendor.api.post(&path, &json!({})).expect(202).await.text("/id");
        challenges.push((format!("{path}/{challenge}/proof"), portal.code_for(contact, 1).await));
    }
    let foreign = json!({ "code": challenges[0].1 });
    eve.api.post(&challenges[1].0, &foreign).refused(422, "code.wrong").await;
    eve.api.post(&challenges[0].0, &foreign).refused(404, "resource.not_found").await;
    portal.advance_minutes(72 * 60);
    let ada = portal.signs_in_again(ada).await;
    ada.api
        .post(&challenges[0].0, &json!({ "code": challenges[0].1 }))
        .refused(409, "prodaccount.challenge_expired")
        .await;
}

#[tokio::test]
async fn an_address_gets_three_mails_a_day_for_what_strangers_can_trigger() {
    let portal = Portal::start().await;
    let stranger = portal.anonymous();
    for _ in 0..5 {
        stranger.sign_up("ada@vendor.example").await;
    }
    // Mails leave in order: the one of a later sign-up shows that those before it are gone.
    stranger.sign_up("bob@vendor.example").await;
    portal.code_for("bob@vendor.example", 1).await;
    assert_eq!(portal.mails().mails_to("ada@vendor.example").len(), 3);
}
