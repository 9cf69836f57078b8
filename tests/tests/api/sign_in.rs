use portal_tests::{PASSWORD, Portal};
use serde_json::json;

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let portal = Portal::start().await;
    portal.vendor("ada").await;
    let wrong = portal.anonymous().sign_in("ada@vendor.example", "not the passphrase").await;
    let unknown = portal.anonymous().sign_in("nobody@vendor.example", "not the passphrase").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "auth.bad_credentials"));
    let without_instance = |answer: &portal_tests::Answer| {
        let mut body = answer.body.clone();
        body["instance"].take();
        (answer.status, body)
    };
    assert_eq!(without_instance(&wrong), without_instance(&unknown));
}

#[tokio::test]
async fn a_sign_up_for_a_taken_address_is_answered_alike_and_its_owner_is_told_without_a_code() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let again = portal.anonymous().sign_up(&ada.email).await;
    let fresh = portal.anonymous().sign_up("bob@vendor.example").await;
    let shape = |answer: &portal_tests::Answer| {
        answer.body.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(shape(&again), shape(&fresh));
    let mail = portal.mail_for(&ada.email, 2).await;
    assert_eq!(mail.code(), None, "{}", mail.text());
    assert!(!mail.text().contains("Test Person"), "what a stranger typed is not mailed");
}

#[tokio::test]
async fn the_password_of_a_second_sign_up_does_not_count_until_its_own_proof() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let body = json!({
        "email": ada.email, "password": "the passphrase of an intruder", "name": "Eve",
        "terms_version": portal.terms_version()
    });
    portal.api().post("/v1/sign-ups", &body).expect(202).await;
    let stranger = portal.anonymous();
    assert_eq!(stranger.sign_in(&ada.email, "the passphrase of an intruder").await.status, 401);
    stranger.sign_in(&ada.email, PASSWORD).await.must_be(201);
}

#[tokio::test]
async fn a_session_ends_when_told_after_an_hour_of_silence_and_after_half_a_day() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let other = portal.anonymous().sign_in(&ada.email, PASSWORD).await;
    let other = portal.api().with_token(&other.text("/token"));
    other.request("DELETE", "/v1/sessions/current").expect(204).await;
    other.get("/v1/me").refused(401, "auth.required").await;
    for _ in 0..14 {
        ada.api.get("/v1/me").expect(200).await;
        portal.advance_minutes(50);
    }
    ada.api.get("/v1/me").expect(200).await;
    portal.advance_minutes(50);
    ada.api.get("/v1/me").refused(401, "auth.required").await;
    let ada = portal.signs_in_again(ada).await;
    portal.advance_minutes(61);
    ada.api.get("/v1/me").refused(401, "auth.required").await;
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_refused_whatever_it_looks_like() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let token = ada.api.token().expect("signed in").to_owned();
    let mut swapped = token.clone().into_bytes();
    let last = swapped.len() - 1;
    swapped[last] = if swapped[last] == b'a' { b'b' } else { b'a' };
    let swapped = String::from_utf8(swapped).expect("still text");
    for token in ["", "x", "dpt_", &swapped, &token.to_uppercase(), &token[1..], &"a".repeat(4_000)] {
        portal.api().with_token(token).get("/v1/me").refused(401, "auth.required").await;
    }
    let basic = portal.api();
    basic.get("/v1/me").header("Authorization", "Basic YTpi").refused(401, "auth.required").await;
}

#[tokio::test]
async fn staff_need_their_second_factor_and_cannot_sign_in_as_developers() {
    let portal = Portal::start().await;
    let enrolled = portal.enrol("approver").await;
    let api = portal.api();
    let with = |totp: &str| json!({ "email": enrolled.email, "password": enrolled.password, "totp": totp });
    let code = enrolled.totp(portal.now());
    let wrong = if code == "000000" { "111111" } else { "000000" };
    api.post("/v1/staff/sessions", &with(wrong)).refused(401, "auth.bad_credentials").await;
    api.post("/v1/staff/sessions", &with(&code)).expect(201).await;
    api.post("/v1/staff/sessions", &with(&code)).refused(401, "auth.bad_credentials").await;
    let body = json!({ "email": enrolled.email, "password": enrolled.password });
    api.post("/v1/sessions", &body).refused(401, "auth.bad_credentials").await;
}

#[tokio::test]
async fn after_ten_failures_an_address_is_shut_for_a_quarter_of_an_hour_others_are_not() {
    let portal = Portal::start().await;
    let (ada, bob) = (portal.vendor("ada").await, portal.vendor("bob").await);
    let stranger = portal.anonymous();
    for _ in 0..10 {
        assert_eq!(stranger.sign_in(&ada.email, "not the passphrase").await.status, 401);
    }
    let shut = stranger.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(shut.status, 429);
    assert!(shut.header("retry-after").is_some());
    stranger.sign_in(&bob.email, PASSWORD).await.must_be(201);
    portal.advance_minutes(15);
    stranger.sign_in(&ada.email, PASSWORD).await.must_be(201);
}
