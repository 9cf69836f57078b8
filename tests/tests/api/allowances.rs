//! What staff and vendors set for groups, over HTTP.

use portal_tests::{Answer, Portal, Vendor};
use serde_json::{Value, json};

fn types(timeline: &Answer) -> Vec<String> {
    let items = timeline.list("/items");
    items.iter().map(|item| item["type"].as_str().expect("a type").to_owned()).collect()
}

async fn shares(vendor: &Vendor<'_>, group: &str, body: &Value) -> Answer {
    let path = format!("/v1/groups/{group}/shares");
    let seen = vendor.api.get(&path).expect(200).await;
    vendor.api.put(&path, body).if_unchanged(&seen).send().await
}

#[tokio::test]
async fn staff_raise_a_limit_and_the_vendor_sees_it_at_the_group_whose_version_stands() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let group = ada.create_group("Vendor - First").await;
    let (id, path) = (group.text("/id"), format!("/v1/groups/{}", group.text("/id")));
    let untouched = staff.allowance(&id).await;
    assert!(untouched.etag().ends_with(".0\""), "{}", untouched.etag());
    assert_eq!(untouched.body["set_by_staff"], false);

    let body = json!({ "calls": 20_000, "sites": 12, "reason": "contract", "note": "As agreed." });
    let done = staff.set_limits(&id, &body).await;
    done.must_be(200);
    assert!(done.etag().ends_with(".1\""), "{}", done.etag());
    assert_eq!(
        done.body["limits"],
        json!({
            "calls": 20_000, "window_s": 86_400, "window": "rolling", "sites": 12, "partition": "group"
        })
    );
    assert_eq!(done.body["base"]["calls"], 10_000);
    assert_eq!(done.body["limits_set"]["by"], json!([staff.id]));
    assert_eq!(done.text("/limits_set/note"), "As agreed.");

    let seen = ada.api.get(&path).expect(200).await;
    assert_eq!((&seen.body["limits"]["calls"], seen.etag()), (&json!(20_000), group.etag()));
    let lowered = staff.set_limits(&id, &json!({ "calls": 5, "reason": "abuse" })).await;
    lowered.must_be(200);
    assert_eq!(ada.api.get(&path).expect(200).await.body["limits"]["calls"], 5);
    assert_eq!(lowered.body["limits"]["sites"], 12, "what is left out stays as it is");
}

#[tokio::test]
async fn numbers_that_are_no_limits_are_pointed_at_and_change_nothing() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let group = &ada.personal_group;
    for number in [json!(0), json!(-1), json!(4_294_967_296_u64), json!(i64::MAX)] {
        for (method, step, mut body) in [
            ("PUT", "limits", json!({ "reason": "other" })),
            ("POST", "grants", json!({ "reason": "other", "until": "2026-12-01T00:00:00Z" })),
            ("PUT", "shadow", json!({})),
        ] {
            body["calls"] = number.clone();
            let refused = staff.decide(group, method, step, &body).await;
            refused.must_be(422);
            assert_eq!(refused.code(), "fields.invalid");
            assert_eq!(
                refused.faults(),
                [("/calls".to_owned(), "limits.number_out_of_range".to_owned())],
                "{body}"
            );
        }
    }
    let body = json!({ "calls": 1, "window_s": 59, "sites": 0, "note": " ", "reason": "other" });
    let refused = staff.set_limits(group, &body).await;
    refused.must_be(422);
    let pointers: Vec<String> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/note", "/window_s", "/sites"]);
    for (body, pointer) in [
        (json!({ "calls": "many", "reason": "other" }), "/calls"),
        (json!({ "calls": 1.5, "reason": "other" }), "/calls"),
        (json!({ "calls": 1, "reason": "whim" }), "/reason"),
        (json!({ "calls": 1 }), "/reason"),
        (json!({ "calls": 1, "reason": "other", "window": "global" }), "/window"),
        (json!({ "calls": 1, "reason": "other", "forever": true }), "/forever"),
    ] {
        let refused = staff.set_limits(group, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "body.does_not_fit"), "{body}");
        assert_eq!(refused.faults()[0].0, pointer, "{body}");
    }
    assert!(staff.allowance(group).await.etag().ends_with(".0\""), "nothing was recorded");
}

#[tokio::test]
async fn above_the_large_tier_two_approvers_ask_for_the_same() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let (first, second) = (portal.staff("approver").await, portal.staff("approver").await);
    let group = &ada.personal_group;
    let body = json!({ "calls": 500_001, "reason": "contract" });
    let proposed = first.set_limits(group, &body).await;
    proposed.must_be(200);
    assert_eq!(proposed.body["limits"]["calls"], 10_000, "not in force");
    assert_eq!(proposed.body["limits_proposed"]["limits"]["calls"], 500_001);
    assert_eq!(proposed.body["limits_proposed"]["by"], json!([first.id]));
    let again = first.set_limits(group, &body).await;
    assert_eq!((again.status, again.code().as_str()), (409, "allowance.same_approver"));
    let agreed = second.set_limits(group, &body).await;
    agreed.must_be(200);
    assert_eq!(agreed.body["limits"]["calls"], 500_001);
    assert_eq!(agreed.body["limits_set"]["by"], json!([first.id, second.id]));
    assert!(agreed.body.get("limits_proposed").is_none());
}

#[tokio::test]
async fn nobody_decides_about_a_group_of_their_colleagues() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let colleague = portal.staff_at("grace@vendor.example", "approver").await;
    let refused = colleague.suspend(&ada.personal_group, "other", "Why not.").await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "allowance.reviewer_not_independent"));
}

#[tokio::test]
async fn a_grant_ends_by_itself_and_other_limits_end_it() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let group = &ada.personal_group;
    for (until, code) in [
        ("2026-11-22T12:00:00Z", "allowance.grant_over"),
        ("2027-02-20T12:00:01Z", "allowance.grant_too_long"),
    ] {
        let body = json!({ "calls": 40_000, "until": until, "reason": "peak" });
        let refused = staff.grant(group, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code));
        assert_eq!(refused.faults()[0].0, "/until");
    }
    let body = json!({ "calls": 40_000, "until": "2026-11-22T13:30:00+01:00", "reason": "peak" });
    let granted = staff.grant(group, &body).await;
    granted.must_be(200);
    let until = granted.text("/limits_until");
    assert_eq!(until, "2026-11-22T12:30:00Z");
    let path = format!("/v1/groups/{group}");
    let seen = ada.api.get(&path).expect(200).await;
    assert_eq!((&seen.body["limits"]["calls"], seen.text("/limits_until")), (&json!(40_000), until));
    portal.advance_minutes(30);
    let over = ada.api.get(&path).expect(200).await;
    assert_eq!(over.body["limits"]["calls"], 10_000);
    assert!(over.body.get("limits_until").is_none());
    let timeline = format!("{path}/timeline");
    portal_tests::until("the end of the grant is in the timeline", async || {
        types(&ada.api.get(&timeline).expect(200).await).contains(&"allowance.grant_ended".to_owned())
    })
    .await;
    let body = json!({ "calls": 40_000, "until": "2026-11-23T13:00:00Z", "reason": "peak" });
    staff.grant(group, &body).await.must_be(200);
    let set = staff.set_limits(group, &json!({ "calls": 100, "reason": "abuse" })).await;
    assert_eq!((&set.body["limits"]["calls"], set.body.get("grant")), (&json!(100), None));
}

#[tokio::test]
async fn a_suspended_group_says_since_when_to_vendor_and_customers_until_it_is_resumed() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let release = ada.ready_release("Alpha").await;
    let suspended = staff.suspend(&release.group, "abuse", "Ten thousand a minute.").await;
    suspended.must_be(200);
    let since = suspended.text("/suspension/since");
    assert_eq!(suspended.text("/suspension/note"), "Ten thousand a minute.");
    let again = staff.suspend(&release.group, "abuse", "Still.").await;
    assert_eq!((again.status, again.code().as_str()), (409, "allowance.already_suspended"));

    assert_eq!(ada.production_group(&release).await.text("/suspended_since"), since);
    let card = portal.customer().look_up(&release.integration).await;
    assert_eq!(card.text("/suspended_since"), since);
    let submitted = ada.submit(&release).await;
    assert_eq!((submitted.status, submitted.code().as_str()), (422, "prodgroup.checklist_red"));
    assert_eq!(submitted.faults(), [(String::new(), "not_suspended".to_owned())]);

    staff.resume(&release.group).await.must_be(200);
    let twice = staff.resume(&release.group).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "allowance.not_suspended"));
    assert!(portal.customer().look_up(&release.integration).await.body.get("suspended_since").is_none());
    ada.submit(&release).await.must_be(200);
}

#[tokio::test]
async fn a_card_shows_the_limits_that_staff_set_after_the_release() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let release = ada.ready_release("Alpha").await;
    staff.set_limits(&release.group, &json!({ "calls": 20_000, "reason": "requested" })).await.must_be(200);
    ada.submit(&release).await.must_be(200);
    staff.review(&release).await.must_be(200);
    staff.approve(&release).await.must_be(200);
    let card = portal.until_released(&release.integration).await;
    assert_eq!(card.body["limits"]["calls"], 150_000, "the release is the later word");
    assert_eq!(card.text("/tier"), "standard");
    let allowance =
        staff.set_limits(&release.group, &json!({ "calls": 160_000, "reason": "requested" })).await;
    assert_eq!(
        (&allowance.body["base"]["calls"], allowance.text("/tier")),
        (&json!(150_000), "standard".to_owned())
    );
    let card = portal.customer().look_up(&release.integration).await;
    assert_eq!((&card.body["limits"]["calls"], card.text("/tier")), (&json!(160_000), "custom".to_owned()));
}

#[tokio::test]
async fn a_vendor_parts_the_calls_of_a_group_and_is_told_what_does_not_fit() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let group = ada.personal_group.clone();
    let quiz = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await.text("/id");
    let polls = ada.register(&json!({ "name": "Polls", "kinds": ["rest"] })).await.text("/id");
    let foreign = eve.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await.text("/id");
    let body = json!({ "shares": [
        { "integration": quiz, "at_most": 8_000, "reserved": 2_000 }, { "integration": polls, "reserved": 8_000 }
    ] });
    let done = shares(&ada, &group, &body).await;
    done.must_be(200);
    assert_eq!(done.body["shares"], body["shares"]);
    assert_eq!(ada.api.get(&format!("/v1/groups/{group}/shares")).expect(200).await.etag(), done.etag());

    let body = json!({ "shares": [
        { "integration": quiz, "reserved": 8_000 }, { "integration": polls, "reserved": 8_000, "at_most": 10_001 },
        { "integration": foreign, "at_most": 1 }
    ] });
    let refused = shares(&ada, &group, &body).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "allowance.shares_do_not_fit"));
    let faults = refused.faults();
    let codes: Vec<_> = faults.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(
        codes,
        [
            ("/shares/1/at_most", "shares.above_limit"),
            ("/shares/2/integration", "shares.not_in_group"),
            ("/shares", "shares.reserves_above_limit"),
        ]
    );
    let twice = json!({ "shares": [
        { "integration": quiz, "reserved": 0 }, { "integration": quiz.to_uppercase() }
    ] });
    let refused = shares(&ada, &group, &twice).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "fields.invalid"));
    let pointers: Vec<String> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/shares/0/reserved", "/shares/1/integration", "/shares/1"]);

    let path = format!("/v1/groups/{group}/shares");
    let seen = ada.api.get(&path).expect(200).await;
    ada.api.put(&path, &json!({ "shares": [] })).refused(428, "precondition.required").await;
    eve.api.put(&path, &json!({ "shares": [] })).if_unchanged(&seen).refused(404, "resource.not_found").await;
    ada.api.put(&path, &json!({ "shares": [] })).if_unchanged(&seen).expect(200).await;
    ada.api.put(&path, &body).if_unchanged(&seen).refused(412, "precondition.failed").await;
}

#[tokio::test]
async fn the_timeline_of_either_kind_of_group_tells_what_was_set_and_never_who_of_staff() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let release = ada.ready_release("Alpha").await;
    for group in [&ada.personal_group, &release.group] {
        staff.set_limits(group, &json!({ "calls": 20_000, "reason": "peak" })).await.must_be(200);
        staff.decide(group, "PUT", "shadow", &json!({ "calls": 5_000 })).await.must_be(200);
        staff.decide(group, "DELETE", "shadow", &json!({})).await.must_be(200);
        staff.suspend(group, "incident", "A key leaked.").await.must_be(200);
        let path = format!("/v1/groups/{group}/timeline");
        let seen = ada.api.get(&path).expect(200).await;
        let told = types(&seen);
        for fact in ["limits_set", "shadow_set", "shadow_ended", "suspended"] {
            assert!(told.contains(&format!("allowance.{fact}")), "{told:?}");
        }
        assert!(!seen.body.to_string().contains("stf_"), "{}", seen.body);
        let noted = seen.list("/items").into_iter().find(|item| item["type"] == "allowance.suspended");
        assert_eq!(noted.expect("it is there")["note"], "A key leaked.");
        let by_staff = staff.api.get(&path).expect(200).await;
        assert!(by_staff.body.to_string().contains(&staff.id));
        assert_eq!(types(&by_staff), told);
    }
    let whole = format!("/v1/production-groups/{}/timeline", release.group);
    assert!(types(&ada.api.get(&whole).expect(200).await).contains(&"allowance.suspended".to_owned()));
    let personal =
        types(&ada.api.get(&format!("/v1/groups/{}/timeline", ada.personal_group)).expect(200).await);
    assert_eq!(personal[0], "devgroup.created");
}

#[tokio::test]
async fn a_suspension_sent_twice_is_one_and_unknown_groups_are_not_found() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let seen = staff.allowance(&ada.personal_group).await;
    let path = format!("/v1/staff/groups/{}/suspension", ada.personal_group);
    let send = || staff.api.post(&path, &json!({ "reason": "abuse" })).if_unchanged(&seen).once("stop");
    let (first, again) = (send().expect(200).await, send().expect(200).await);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(first.etag(), again.etag());
    let nobodys = "/v1/staff/groups/grp_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    staff.api.get(nobodys).refused(404, "resource.not_found").await;
    let request = staff.api.post(&format!("{nobodys}/suspension"), &json!({ "reason": "abuse" }));
    request.if_unchanged(&seen).refused(404, "resource.not_found").await;
    for nonsense in ["pac_aaaaaaaaaaaaaaaaaaaaaaaaaa", "grp_AAAA", "x"] {
        let answer = staff.api.get(&format!("/v1/staff/groups/{nonsense}")).send().await;
        answer.must_be(404);
    }
}
