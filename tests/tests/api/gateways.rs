use portal_tests::Portal;
use serde_json::{Value, json};

const GATEWAYS: &str = "/v1/staff/gateways";

#[tokio::test]
async fn a_gateway_is_let_in_given_another_credential_relieved_of_the_first_and_dismissed() {
    let portal = Portal::start().await;
    let staff = portal.staff("approver").await;
    let body = json!({ "name": "Gateway Frankfurt", "signed": true, "calls_per_second_max": 500 });
    let made = staff.api.post(GATEWAYS, &body).expect(201).await;
    let place = format!("{GATEWAYS}/{}", made.text("/id"));
    assert_eq!(made.header("location"), Some(place.as_str()));
    assert!(made.text("/issued/credential").starts_with("dpg_"));

    let seen = staff.api.get(&place).expect(200).await;
    assert_eq!((seen.etag(), seen.body["issued"].clone()), (made.etag(), Value::Null));
    assert_eq!((&seen.body["signed"], &seen.body["calls_per_second_max"]), (&json!(true), &json!(500)));
    assert_eq!(seen.text("/credentials/0/id"), made.text("/issued/id"));
    let body_of_the_credential = &made.text("/issued/credential")[52..56];
    assert_eq!(seen.text("/credentials/0/last_four"), body_of_the_credential);

    let second = staff.api.post(&format!("{place}/credentials"), &json!({})).expect(201).await;
    staff
        .api
        .post(&format!("{place}/credentials"), &json!({}))
        .refused(409, "gateway.too_many_credentials")
        .await;
    let first = format!("{place}/credentials/{}", made.text("/issued/id"));
    staff.api.request("DELETE", &first).refused(428, "precondition.required").await;
    staff.api.request("DELETE", &first).if_unchanged(&made).refused(412, "precondition.failed").await;
    let left = staff.api.request("DELETE", &first).if_unchanged(&second).expect(200).await;
    let ids: Vec<_> = left.list("/credentials").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(second.text("/id"))]);
    staff.api.request("DELETE", &first).if_unchanged(&left).refused(404, "gateway.no_such_credential").await;

    let retired =
        staff.api.post(&format!("{place}/retirement"), &json!({})).if_unchanged(&left).expect(200).await;
    assert!(retired.body["retired_at"].is_string() && retired.list("/credentials").is_empty());
    staff.api.post(&format!("{place}/credentials"), &json!({})).refused(409, "gateway.is_retired").await;
    assert_eq!(staff.api.get(GATEWAYS).expect(200).await.list("/items").len(), 1);
}

#[tokio::test]
async fn a_repeated_registration_makes_one_gateway_and_shows_its_credential_once() {
    let portal = Portal::start().await;
    let staff = portal.staff("approver").await;
    let register = || staff.api.post(GATEWAYS, &json!({ "name": "Frankfurt" })).once("key").expect(201);
    let (first, again) = (register().await, register().await);
    assert!(again.is_replay() && first.text("/id") == again.text("/id"));
    assert_eq!(again.body["issued"]["credential"], Value::Null);
    assert_eq!(again.body["issued"]["credential_lost"], true);
    assert_eq!(staff.api.get(GATEWAYS).expect(200).await.list("/items").len(), 1);
}

#[tokio::test]
async fn what_a_gateway_cannot_be_is_told_by_field() {
    let portal = Portal::start().await;
    let staff = portal.staff("approver").await;
    let nameless = json!({ "name": " ", "calls_per_second_max": 1 });
    assert_eq!(
        staff.api.post(GATEWAYS, &nameless).refused(422, "name.empty").await.faults(),
        [("/name".to_owned(), "name.empty".to_owned())]
    );
    let still = json!({ "name": "Frankfurt", "calls_per_second_max": 0 });
    let answer = staff.api.post(GATEWAYS, &still).refused(422, "fields.invalid").await;
    assert_eq!(answer.faults()[0].0, "/calls_per_second_max");
    let more = json!({ "name": "Frankfurt", "calls_per_second_max": 4_294_967_296_u64 });
    staff.api.post(GATEWAYS, &more).refused(400, "body.does_not_fit").await;
    staff
        .api
        .get(&format!("{GATEWAYS}/gtw_aaaaaaaaaaaaaaaaaaaaaaaaaa"))
        .refused(404, "resource.not_found")
        .await;
}
