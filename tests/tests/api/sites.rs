//! Customer sites, over HTTP: gateways register them for institutions, vendors see them.

use data_encoding::{BASE64, HEXLOWER};
use domain::policy::Policy;
use hmac::{Hmac, KeyInit, Mac as _};
use portal_tests::{Answer, Gateway, Portal, Release, Vendor, all, complete_registration};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const HOUR: i64 = 60;

async fn integration(vendor: &Vendor<'_>, name: &str) -> String {
    vendor.register(&complete_registration(name)).await.text("/id")
}

async fn sites(vendor: &Vendor<'_>, group: &str) -> Answer {
    vendor.api.get(&format!("/v1/groups/{group}/sites")).expect(200).await
}

fn numbers(sites: &Answer) -> [Value; 3] {
    ["limit", "used", "cooling"].map(|number| sites.body["places"][number].clone())
}

async fn move_to(vendor: &Vendor<'_>, integration: &str, group: &str) -> Answer {
    vendor.api.post(&format!("/v1/integrations/{integration}/move"), &json!({ "group": group })).send().await
}

#[tokio::test]
async fn of_64_registrations_at_once_for_one_free_place_one_succeeds_and_63_are_told_why() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let quiz = integration(&ada, "Quiz").await;
    for number in 0..5 {
        gateway.register(&quiz, &format!("before-{number}")).await.must_be(201);
    }
    let names: Vec<_> = (0..64).map(|number| format!("site-{number}")).collect();
    let answers = all(names.iter().map(|site| gateway.register(&quiz, site))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 63));
    for answer in refused {
        assert_eq!((answer.status, answer.code().as_str()), (409, "roster.full"));
        assert!(answer.text("/detail").contains("all 6 places"), "{}", answer.text("/detail"));
    }
    assert_eq!(numbers(&sites(&ada, &ada.personal_group).await), [json!(6), json!(6), json!(0)]);
    let mail = portal.mail_for(&ada.email, 2).await;
    assert!(mail.text().contains("5 of 6"), "{}", mail.text());
    let mail = portal.mail_for(&ada.email, 3).await;
    assert!(mail.text().contains("was refused"), "{}", mail.text());
}

#[tokio::test]
async fn a_repeat_takes_no_second_place() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let quiz = integration(&ada, "Quiz").await;
    let uuid = "9E7E2C0B-39E0-4955-AD6E-CBD5750E3F5F";
    let body = json!({ "integration": quiz, "site": uuid, "url": "https://Learn.Uni.example" });
    let register = || gateway.api.post("/gateway/sites", &body).once("key");
    let first = register().expect(201).await;
    let again = register().expect(201).await;
    assert!(again.is_replay() && first.position() == again.position());
    let spelt = gateway.register(&quiz, &uuid.to_lowercase()).await;
    spelt.must_be(200);
    assert_eq!(spelt.text("/site"), uuid.to_lowercase());
    let other = json!({ "integration": quiz, "site": "another" });
    gateway.api.post("/gateway/sites", &other).once("key").refused(422, "idempotency.key_reused").await;
    let seen = sites(&ada, &ada.personal_group).await;
    assert_eq!(numbers(&seen), [json!(6), json!(1), json!(0)]);
    assert_eq!(seen.text("/sites/items/0/url"), "https://learn.uni.example/");
}

#[tokio::test]
async fn installing_and_removing_never_serves_more_sites_than_there_are_places() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let quiz = integration(&ada, "Quiz").await;
    let mut served = 0;
    for number in 0..20 {
        let site = format!("site-{number}");
        if gateway.register(&quiz, &site).await.status == 201 {
            served += 1;
            let released = gateway.release(&quiz, &site).await;
            released.must_be(200);
            assert!(released.body["frees_at"].is_string());
        }
        portal.advance_minutes(HOUR);
    }
    assert_eq!(served, 6, "in twenty hours");
    let ada = portal.signs_in_again(ada).await;
    assert_eq!(numbers(&sites(&ada, &ada.personal_group).await), [json!(6), json!(6), json!(6)]);
    portal.advance_minutes(5 * HOUR);
    gateway.register(&quiz, "late").await.must_be(201);
}

#[tokio::test]
async fn a_moved_integration_takes_its_sites_along_and_finds_room_or_stays() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let Release { group, integration: tool, .. } = ada.ready_release("Alpha").await;
    let quiz = integration(&ada, "Quiz").await;
    for number in 0..4 {
        gateway.register(&quiz, &format!("quiz-{number}")).await.must_be(201);
        gateway.register(&tool, &format!("tool-{number}")).await.must_be(201);
    }
    let refused = move_to(&ada, &quiz, &group).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "roster.no_room"));
    assert!(refused.text("/detail").starts_with("4 customer sites"), "{}", refused.text("/detail"));
    assert_eq!(numbers(&sites(&ada, &ada.personal_group).await)[1], 4, "nothing has moved");
    for number in 0..2 {
        gateway.release(&tool, &format!("tool-{number}")).await.must_be(200);
    }
    portal.advance_minutes(24 * HOUR);
    let ada = portal.signs_in_again(ada).await;
    move_to(&ada, &quiz, &group).await.must_be(200);
    assert_eq!(numbers(&sites(&ada, &group).await), [json!(6), json!(6), json!(0)]);
    assert_eq!(numbers(&sites(&ada, &ada.personal_group).await), [json!(6), json!(0), json!(0)]);
    let there = gateway.register(&quiz, "quiz-0").await;
    assert_eq!((there.status, there.text("/group")), (200, group));
}

#[tokio::test]
async fn a_site_is_served_from_the_answer_that_installs_the_integration_to_the_one_that_removes_it() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let made = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let (quiz, secret) = (made.text("/id"), made.text("/credentials/secret"));
    let call = async |site: &str| {
        let request = gateway.api.get("/gateway/authorize").header("Portal-Site", site);
        let answer = request.header("Authorization", &format!("Bearer {secret}")).send().await;
        (answer.status, answer.header("portal-reason").unwrap_or_default().to_owned())
    };
    let served = (200, String::new());
    let refused = (403, "site-not-registered".to_owned());
    let uuid = "6ad1e9b0-6f63-4f0a-9a53-5f5b8f6f5d0c";
    assert_eq!(call(uuid).await, refused);
    gateway.register(&quiz, uuid).await.must_be(201);
    gateway.register(&quiz, "site-b").await.must_be(201);
    assert_eq!(call(uuid).await, served);
    assert_eq!(call(&uuid.to_uppercase()).await, served, "a UUID is one however it is spelt");
    assert_eq!(call("site-B").await, refused);
    gateway.release(&quiz, uuid).await.must_be(200);
    assert_eq!(call(uuid).await, refused, "a place that cools down serves nobody");

    let Release { group, .. } = ada.ready_release("Alpha").await;
    move_to(&ada, &quiz, &group).await.must_be(200);
    assert_eq!(call("site-b").await, served, "a move takes sites along");
    let path = format!("/v1/groups/{group}/sites/site-b");
    ada.api.request("DELETE", &path).expect(200).await;
    assert_eq!(call("site-b").await, refused, "the vendor took it off");
    let left = gateway.api.get("/gateway/authorize").header("Authorization", &format!("Bearer {secret}"));
    assert_eq!(left.send().await.header("x-rate-limit-remaining"), Some("9998"), "refusals cost nothing");
}

#[tokio::test]
async fn a_refused_customer_is_told_the_vendor_its_contact_the_limit_and_what_to_do() {
    let mut policy = Policy::default();
    policy.standard.sites = 1;
    let portal = Portal::with(policy).await;
    let (ada, gateway, staff) =
        (portal.vendor("ada").await, portal.gateway().await, portal.staff("approver").await);
    let release = ada.ready_release("Alpha").await;
    ada.submit(&release).await.must_be(200);
    staff.review(&release).await.must_be(200);
    staff.approve(&release).await.must_be(200);
    portal.until_released(&release.integration).await;
    gateway.register(&release.integration, "first").await.must_be(201);
    let refused = gateway.register(&release.integration, "second").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "roster.full"));
    let detail = refused.text("/detail");
    for told in ["Alpha", &release.contact, "All 1 places", "raised"] {
        assert!(detail.contains(told), "{told} is not in: {detail}");
    }
    let timeline =
        ada.api.get(&format!("/v1/production-groups/{}/timeline", release.group)).expect(200).await;
    let types: Vec<_> = timeline.list("/items").iter().map(|item| item["type"].clone()).collect();
    for event in ["roster.site_registered", "roster.nearly_full", "roster.refused"] {
        assert!(types.contains(&json!(event)), "{event} is not among {types:?}");
    }
}

#[tokio::test]
async fn a_vendor_sees_its_sites_page_by_page_and_takes_them_off_and_nobody_else_does() {
    let portal = Portal::start().await;
    let (ada, eve, gateway) =
        (portal.vendor("ada").await, portal.vendor("eve").await, portal.gateway().await);
    let (quiz, exam) = (integration(&ada, "Quiz").await, integration(&ada, "Exam").await);
    let odd = "learn/site?%23#1";
    for (integration, site) in [(&quiz, odd), (&exam, odd), (&quiz, "plain")] {
        gateway.register(integration, site).await.must_be(201);
    }
    let path = format!("/v1/groups/{}/sites", ada.personal_group);
    let first = ada.api.get(&format!("{path}?limit=1")).expect(200).await;
    assert_eq!(first.text("/sites/items/0/site"), odd);
    assert_eq!(first.list("/sites/items/0/integrations").len(), 2);
    let next = first.text("/sites/next");
    let rest = ada.api.get(&format!("{path}?limit=1&cursor={next}")).expect(200).await;
    assert_eq!(
        (rest.text("/sites/items/0/site").as_str(), &rest.body["sites"]["next"]),
        ("plain", &Value::Null)
    );

    let encoded = format!("{path}/learn%2Fsite%3F%2523%231");
    eve.api.get(&path).refused(404, "resource.not_found").await;
    eve.api.request("DELETE", &encoded).refused(404, "resource.not_found").await;
    ada.api.request("DELETE", &format!("{path}/unknown")).refused(404, "resource.not_found").await;
    let removed = ada.api.request("DELETE", &encoded).expect(200).await;
    assert_eq!((removed.text("/site").as_str(), &removed.body["places"]["cooling"]), (odd, &json!(1)));
    let seen = sites(&ada, &ada.personal_group).await;
    assert!(seen.list("/sites/items/0/integrations").is_empty());
    assert_eq!(seen.body["sites"]["items"][0]["frees_at"], removed.body["frees_at"]);
    let gone = gateway.release(&quiz, "learn%2Fsite%3F%2523%231").await;
    assert_eq!((gone.status, gone.code().as_str()), (404, "resource.not_found"));
}

#[tokio::test]
async fn what_names_no_site_or_integration_is_refused_by_field() {
    let portal = Portal::start().await;
    let (ada, gateway) = (portal.vendor("ada").await, portal.gateway().await);
    let quiz = integration(&ada, "Quiz").await;
    for site in ["", " ", "a b", "Möbius", &"s".repeat(65)] {
        let body = json!({ "integration": quiz, "site": site, "url": "http://learn.uni.example" });
        let answer = gateway.api.post("/gateway/sites", &body).refused(422, "fields.invalid").await;
        let faults: Vec<_> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(faults, ["/site", "/url"], "{site:?}");
    }
    let body = json!({ "integration": "quiz", "site": "site" });
    gateway.api.post("/gateway/sites", &body).refused(400, "body.does_not_fit").await;
    let nothing = gateway.register("00000000-0000-4000-8000-000000000000", "site").await;
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "resource.not_found"));
    let stranger = Gateway { api: portal.api(), id: String::new() };
    let refused = stranger.register(&quiz, "site").await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "gateway.unknown"));
    assert_eq!(refused.header("www-authenticate"), Some("Portal-Gateway"));
}

/// A gateway that signs its requests.
struct Signer<'p> {
    portal: &'p Portal,
    credential: String,
    key: String,
}

impl Signer<'_> {
    /// One registration: `signed` is what the signature goes over, `sent` what is sent.
    async fn register(&self, nonce: &str, signed: &Value, sent: &Value) -> Answer {
        let digest = format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(signed.to_string())));
        let time = self.portal.now().timestamp_millis().to_string();
        let lines = ["POST", "/gateway/sites", &self.credential, "", &digest, &time, nonce].join("\n");
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).expect("any length is a key");
        mac.update(lines.as_bytes());
        let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
        let api = self.portal.api().as_gateway(&self.credential);
        let request = api.post("/gateway/sites", sent).header("Content-Digest", &digest);
        let request = request.header("Portal-Time", &time).header("Portal-Nonce", nonce);
        request.header("Portal-Signature", &signature).send().await
    }
}

#[tokio::test]
async fn a_gateway_that_signs_is_known_by_a_signature_over_what_it_sends_once() {
    let portal = Portal::start().await;
    let (ada, staff) = (portal.vendor("ada").await, portal.staff("approver").await);
    let quiz = integration(&ada, "Quiz").await;
    let body = json!({ "name": "Paris", "signed": true });
    let made = staff.api.post("/v1/staff/gateways", &body).expect(201).await;
    let [credential, key, text] =
        ["/issued/id", "/issued/signing_key", "/issued/credential"].map(|pointer| made.text(pointer));
    let signer = Signer { portal: &portal, credential, key };
    portal.advance_minutes(1);
    let register = |site: &str| json!({ "integration": quiz, "site": site });
    signer.register("nonce-0123456789a", &register("site"), &register("site")).await.must_be(201);
    let again = signer.register("nonce-0123456789a", &register("site"), &register("site")).await;
    assert_eq!((again.status, again.code().as_str()), (401, "gateway.replayed"));
    let other = signer.register("nonce-0123456789b", &register("site"), &register("other")).await;
    assert_eq!((other.status, other.code().as_str()), (400, "body.other_digest"));
    let unsigned = portal.api().as_gateway(&text);
    let unsigned = unsigned.post("/gateway/sites", &register("other"));
    unsigned.refused(401, "gateway.signature").await;
    assert_eq!(numbers(&sites(&ada, &ada.personal_group).await)[1], 1);
}
