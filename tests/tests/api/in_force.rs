//! What staff and vendors set holds at the door in the very next answer.

use domain::policy::Policy;
use portal_tests::{Answer, Portal, StaffMember, Vendor};
use serde_json::{Value, json};

/// A gateway, a vendor with few calls, and what decides about them.
struct Scene<'p> {
    portal: &'p Portal,
    ada: Vendor<'p>,
    staff: StaffMember,
    gateway: String,
}

/// A REST application.
struct Tool {
    path: String,
    id: String,
    secret_id: String,
    secret: String,
}

fn few_calls() -> Policy {
    let mut policy = Policy::default();
    policy.development.calls = 5;
    policy
}

impl<'p> Scene<'p> {
    async fn of(portal: &'p Portal) -> Self {
        let staff = portal.staff("approver").await;
        let gateway = staff.register_gateway("Frankfurt").await.text("/issued/credential");
        Self { portal, ada: portal.vendor("ada").await, staff, gateway }
    }

    async fn tool(&self, name: &str) -> Tool {
        let made = self.ada.register(&json!({ "name": name, "kinds": ["rest"] })).await;
        let [id, secret_id, secret] =
            ["/id", "/credentials/key_id", "/credentials/secret"].map(|pointer| made.text(pointer));
        Tool { path: format!("/v1/integrations/{id}"), id, secret_id, secret }
    }

    async fn call(&self, tool: &Tool) -> Answer {
        let api = self.portal.api();
        let request = api.get("/gateway/authorize").header("Portal-Gateway", &self.gateway);
        request.header("Authorization", &format!("Bearer {}", tool.secret)).send().await
    }

    /// How many calls pass until the first is refused, which is given as well.
    async fn until_refused(&self, tool: &Tool) -> (usize, Answer) {
        for passed in 0..100 {
            let answer = self.call(tool).await;
            if answer.status != 200 {
                return (passed, answer);
            }
        }
        panic!("nothing is refused");
    }

    async fn test_mode(&self, tool: &Tool, mode: &str) {
        let seen = self.ada.api.get(&tool.path).expect(200).await;
        let path = format!("{}/secrets/{}/test-mode", tool.path, tool.secret_id);
        self.ada.api.put(&path, &json!({ "mode": mode })).if_unchanged(&seen).expect(200).await;
    }

    async fn shares(&self, shares: Value) {
        let path = format!("/v1/groups/{}/shares", self.ada.personal_group);
        let seen = self.ada.api.get(&path).expect(200).await;
        self.ada.api.put(&path, &json!({ "shares": shares })).if_unchanged(&seen).expect(200).await;
    }
}

fn reason(answer: &Answer) -> &str {
    answer.header("portal-reason").unwrap_or_default()
}

#[tokio::test]
async fn raised_lowered_granted_and_ended_limits_hold_at_once() {
    let portal = Portal::with(few_calls()).await;
    let scene = Scene::of(&portal).await;
    let (quiz, group) = (scene.tool("Quiz").await, scene.ada.personal_group.clone());
    assert_eq!(scene.until_refused(&quiz).await.0, 5);
    scene.staff.set_limits(&group, &json!({ "calls": 8, "reason": "requested" })).await.must_be(200);
    assert_eq!(scene.until_refused(&quiz).await.0, 3);
    let grant = json!({ "calls": 12, "until": "2026-11-22T12:30:00Z", "reason": "peak" });
    scene.staff.grant(&group, &grant).await.must_be(200);
    let (passed, refused) = scene.until_refused(&quiz).await;
    assert_eq!((passed, refused.status, reason(&refused)), (4, 429, "quota-exceeded"));
    scene.staff.set_limits(&group, &json!({ "calls": 20_000, "reason": "contract" })).await.must_be(200);
    let answer = scene.call(&quiz).await;
    answer.must_be(200);
    assert_eq!(answer.header("x-rate-limit-limit"), Some("20000"), "outside the ceilings of its owner");
    scene.staff.set_limits(&group, &json!({ "calls": 2, "reason": "abuse" })).await.must_be(200);
    scene.call(&quiz).await.must_be(429);
}

#[tokio::test]
async fn a_suspended_group_is_refused_at_once_and_passes_when_it_is_resumed() {
    let portal = Portal::start().await;
    let scene = Scene::of(&portal).await;
    let (quiz, group) = (scene.tool("Quiz").await, scene.ada.personal_group.clone());
    scene.call(&quiz).await.must_be(200);
    scene.staff.suspend(&group, "abuse", "Ten thousand a minute.").await.must_be(200);
    let refused = scene.call(&quiz).await;
    assert_eq!((refused.status, reason(&refused)), (403, "group-suspended"));
    scene.staff.resume(&group).await.must_be(200);
    scene.call(&quiz).await.must_be(200);
}

#[tokio::test]
async fn a_secret_in_test_mode_meets_the_limit_and_the_others_do_not() {
    let portal = Portal::start().await;
    let scene = Scene::of(&portal).await;
    let (quiz, polls) = (scene.tool("Quiz").await, scene.tool("Polls").await);
    scene.test_mode(&quiz, "over").await;
    assert_eq!(scene.call(&quiz).await.status, 429);
    scene.call(&polls).await.must_be(200);
    scene.test_mode(&quiz, "near").await;
    let near = scene.call(&quiz).await;
    near.must_be(200);
    let left: u32 =
        near.header("x-rate-limit-remaining").and_then(|left| left.parse().ok()).expect("a number");
    assert!(left < 1_000, "{left} of 10000");
    scene.test_mode(&quiz, "off").await;
    let left = scene.call(&quiz).await;
    assert_eq!(left.header("x-rate-limit-remaining"), Some("9997"), "a call over the limit costs nothing");
}

#[tokio::test]
async fn a_share_bounds_one_integration_and_a_reserve_is_left_to_another() {
    let portal = Portal::with(few_calls()).await;
    let scene = Scene::of(&portal).await;
    let (quiz, polls) = (scene.tool("Quiz").await, scene.tool("Polls").await);
    scene
        .shares(json!([
            { "integration": quiz.id, "at_most": 1 }, { "integration": polls.id, "reserved": 3 }
        ]))
        .await;
    let (passed, refused) = scene.until_refused(&quiz).await;
    assert_eq!((passed, refused.status, &refused.body["violated-policies"]), (1, 429, &json!(["share"])));
    scene.shares(json!([{ "integration": polls.id, "reserved": 3 }])).await;
    let (passed, refused) = scene.until_refused(&quiz).await;
    assert_eq!((passed, refused.status, &refused.body["violated-policies"]), (1, 429, &json!(["reserve"])));
    assert_eq!(scene.until_refused(&polls).await.0, 3);
}
