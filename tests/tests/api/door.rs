//! What gateways are answered about calls, over HTTP.

use domain::policy::Policy;
use hmac::{Hmac, KeyInit, Mac as _};
use portal_tests::{Answer, Api, Portal, Vendor, all};
use serde_json::json;
use sha2::Sha256;

const CALLS: u32 = 20;

/// A portal with few calls in development, a gateway at its door, and a vendor with a REST application.
struct Door<'p> {
    portal: &'p Portal,
    ada: Vendor<'p>,
    gateway: String,
    integration: String,
    key: String,
    secret: String,
}

fn few_calls() -> Policy {
    let mut policy = Policy::default();
    policy.development.calls = CALLS;
    policy
}

impl<'p> Door<'p> {
    async fn of(portal: &'p Portal) -> Self {
        let staff = portal.staff("approver").await;
        let gateway = staff.register_gateway("Frankfurt").await.text("/issued/credential");
        let ada = portal.vendor("ada").await;
        let made = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
        let [integration, key, secret] =
            ["/id", "/credentials/key", "/credentials/secret"].map(|pointer| made.text(pointer));
        Self { portal, ada, gateway, integration, key, secret }
    }

    /// A call with these headers, as the gateway asks for it.
    async fn ask(&self, headers: &[(&str, &str)]) -> Answer {
        ask(&self.portal.api(), "/gateway/authorize", &self.gateway, headers).await
    }

    /// A call with the secret.
    async fn call(&self) -> Answer {
        self.ask(&[("Authorization", &format!("Bearer {}", self.secret))]).await
    }

    /// Units left, by what an allowed call is told.
    async fn left(&self) -> u32 {
        let answer = self.call().await;
        answer.must_be(200);
        number(&answer, "x-rate-limit-remaining")
    }
}

async fn ask(api: &Api, path: &str, gateway: &str, headers: &[(&str, &str)]) -> Answer {
    let request = api.get(path).header("Portal-Gateway", gateway);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await
}

fn number(answer: &Answer, header: &str) -> u32 {
    answer.header(header).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{header}: {answer:?}"))
}

#[tokio::test]
async fn exactly_as_many_calls_pass_as_the_limit_says_whoever_comes_first() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let answers = all((0..3 * CALLS).map(|_| door.call())).await;
    let (passed, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(passed.len(), CALLS as usize);
    for answer in passed {
        let left = number(answer, "x-rate-limit-remaining");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"group\";q=20;w=86400"));
        assert_eq!(answer.header("ratelimit"), Some(format!("\"group\";r={left};t=86400").as_str()));
        assert_eq!(answer.header("x-rate-limit-limit"), Some("20"));
        assert_eq!(answer.header("portal-integration"), Some(door.integration.as_str()));
        assert_eq!(answer.header("portal-group"), Some(door.ada.personal_group.as_str()));
        assert!(answer.body.is_null());
    }
    for answer in refused {
        answer.must_be(429);
        let wait = number(answer, "retry-after");
        assert!((86_400..=86_460).contains(&wait), "{answer:?}");
        assert_eq!(answer.header("ratelimit"), Some(format!("\"group\";r=0;t={wait}").as_str()));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"group\";q=20;w=86400"));
        assert_eq!(answer.header("x-rate-limit-remaining"), Some("0"));
        assert_eq!(answer.header("portal-reason"), Some("quota-exceeded"));
        assert_eq!(answer.code(), "gateway.quota_exceeded");
        assert_eq!(answer.body["violated-policies"], json!(["group"]));
        assert_eq!((&answer.body["limit"], &answer.body["window_s"]), (&json!(20), &json!(86_400)));
        assert!(answer.text("/next_free_at") > portal.now().to_rfc3339());
    }
    portal.advance_minutes(24 * 60 + 1);
    door.call().await.must_be(200);
}

/// Headers, status, reason.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn refused_calls_and_those_of_nobody_cost_nothing() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let other = portal.vendor("bob").await.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let own = format!("Bearer {}", door.secret);
    let crossed = data_encoding::BASE64
        .encode(format!("{}:{}", other.text("/credentials/key"), door.secret).as_bytes());
    let (crossed, garbled) = (format!("Basic {crossed}"), format!("{own}x"));
    let cases: &[Case<'_>] = &[
        (&[], 401, "credential-missing"),
        (&[("Authorization", "Bearer")], 401, "credential-unknown"),
        (&[("Authorization", &garbled)], 401, "credential-unknown"),
        (&[("Authorization", &crossed)], 401, "credential-unknown"),
        (&[("Authorization", &format!("Bearer {}", door.key))], 401, "credential-unknown"),
        (
            &[("Authorization", &format!("Bearer {}", door.ada.api.token().unwrap()))],
            401,
            "credential-unknown",
        ),
        (&[("Portal-Integration-Key", &door.key)], 401, "credential-missing"),
        (&[("Authorization", &own), ("Portal-Cost", "0")], 400, "cost-malformed"),
        (&[("Authorization", &own), ("Portal-Cost", "-1")], 400, "cost-malformed"),
        (&[("Authorization", &own), ("Portal-Cost", "4294967296")], 400, "cost-malformed"),
        (&[("Authorization", &own), ("Portal-Cost", "one")], 400, "cost-malformed"),
        (&[("Authorization", &own), ("Portal-Cost", "10001")], 403, "cost-never-admissible"),
        (&[("Authorization", &own), ("Portal-Cost", "4294967295")], 403, "cost-never-admissible"),
        (&[("Authorization", &own), ("Portal-Site", "")], 400, "header-malformed"),
    ];
    for (headers, status, reason) in cases {
        let answer = door.ask(headers).await;
        assert_eq!((answer.status, answer.header("portal-reason")), (*status, Some(*reason)), "{headers:?}");
    }
    for gateway in ["", "dpg_nobody", &door.secret] {
        let answer = ask(&portal.api(), "/gateway/authorize", gateway, &[("Authorization", &own)]).await;
        assert_eq!((answer.status, answer.code()), (401, "gateway.unknown".to_owned()));
    }
    assert_eq!(door.left().await, 9_999);
    assert_eq!(door.ask(&[("Authorization", &own), ("Portal-Cost", "9999")]).await.status, 200);
    assert_eq!(door.call().await.status, 429);
}

#[tokio::test]
async fn nginx_is_told_everything_in_status_and_headers() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let own = format!("Bearer {}", door.secret);
    let bare = async |gateway: &str, cost: &str| {
        let headers = [("Authorization", own.as_str()), ("Portal-Cost", cost)];
        ask(&portal.api(), "/gateway/auth-request", gateway, &headers).await
    };
    let allowed = bare(&door.gateway, "20").await;
    assert_eq!((allowed.status, allowed.header("x-rate-limit-remaining")), (204, Some("0")));
    let refused = bare(&door.gateway, "1").await;
    assert_eq!((refused.status, refused.header("portal-status")), (403, Some("429")));
    assert_eq!(refused.header("portal-reason"), Some("quota-exceeded"));
    let wait = number(&refused, "retry-after");
    assert_eq!(refused.header("ratelimit"), Some(format!("\"group\";r=0;t={wait}").as_str()));
    let malformed = bare(&door.gateway, "0").await;
    assert_eq!((malformed.status, malformed.header("portal-status")), (403, Some("400")));
    let unknown = bare("dpg_nobody", "1").await;
    assert_eq!((unknown.status, unknown.header("portal-reason")), (401, Some("gateway-unknown")));
    for answer in [allowed, refused, malformed, unknown] {
        assert!(answer.body.is_null(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_has_looked_at_the_caller_itself_says_so() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let looked = format!("{};caller=key", door.gateway);
    let key = [("Portal-Integration-Key", door.key.as_str())];
    let answer = ask(&portal.api(), "/gateway/authorize", &looked, &key).await;
    assert_eq!((answer.status, answer.header("portal-integration")), (200, Some(door.integration.as_str())));
    let own = format!("Bearer {}", door.secret);
    let none = ask(&portal.api(), "/gateway/authorize", &looked, &[("Authorization", &own)]).await;
    assert_eq!(none.code(), "gateway.credential_missing");
}

#[tokio::test]
async fn a_token_is_given_for_key_and_secret_and_opens_the_door_for_an_hour() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let form = "application/x-www-form-urlencoded";
    let api = portal.api();
    let ask_for = async |body: String| api.post("/oauth2/token", &json!({})).bytes(form, body).send().await;
    let whole = format!("grant_type=client_credentials&client_id={}&client_secret={}", door.key, door.secret);
    let given = ask_for(whole.clone()).await;
    given.must_be(200);
    assert_eq!((given.text("/token_type"), &given.body["expires_in"]), ("Bearer".to_owned(), &json!(3_600)));
    assert_eq!(given.header("cache-control"), Some("no-store"));
    let token = format!("Bearer {}", given.text("/access_token"));
    door.ask(&[("Authorization", &token)]).await.must_be(200);

    let basic = data_encoding::BASE64.encode(format!("{}:{}", door.key, door.secret).as_bytes());
    let request = api.post("/oauth2/token", &json!({})).bytes(form, "grant_type=client_credentials");
    request.header("Authorization", &format!("Basic {basic}")).expect(200).await;

    for (body, status, error) in [
        (whole.replace("client_credentials", "password"), 400, "unsupported_grant_type"),
        (whole.replace("grant_type", "type"), 400, "invalid_request"),
        (format!("{whole}&client_id=again"), 400, "invalid_request"),
        (format!("{whole}&scope=all"), 400, "invalid_scope"),
        (whole.replace(&door.key, "nobody"), 401, "invalid_client"),
        (whole.replace(&door.secret, &door.key), 401, "invalid_client"),
        ("grant_type=client_credentials".to_owned(), 401, "invalid_client"),
    ] {
        let refused = ask_for(body).await;
        assert_eq!((refused.status, refused.text("/error").as_str()), (status, error));
    }
    portal.advance_minutes(60);
    assert_eq!(door.ask(&[("Authorization", &token)]).await.code(), "gateway.credential_unknown");
}

#[tokio::test]
async fn an_approval_is_in_force_in_the_very_next_answer() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let staff = portal.staff("approver").await;
    let release = door.ada.ready_release("Acme").await;
    let path = format!("/v1/integrations/{}/secrets", release.integration);
    let secret = door.ada.api.post(&path, &json!({})).expect(201).await.text("/secret");
    let own = format!("Bearer {secret}");
    let call = async |cost: &str| door.ask(&[("Authorization", &own), ("Portal-Cost", cost)]).await;
    call("20").await.must_be(200);
    call("1").await.must_be(429);
    door.ada.submit(&release).await.must_be(200);
    staff.review(&release).await.must_be(200);
    staff.approve(&release).await.must_be(200);
    let answer = call("1").await;
    assert_eq!((answer.status, answer.header("x-rate-limit-limit")), (200, Some("150000")));
    assert_eq!(answer.header("x-rate-limit-remaining"), Some("149979"));
}

/// HMAC-SHA-256 as a gateway computes it.
fn sign(key: &str, lines: &[&str]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(lines.join("\n").as_bytes());
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_signed_request_is_good_once_and_for_what_it_says() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let staff = portal.staff("approver").await;
    let body = json!({ "name": "Paris", "signed": true });
    let made = staff.api.post("/v1/staff/gateways", &body).expect(201).await;
    let [id, credential, key] =
        ["/issued/id", "/issued/credential", "/issued/signing_key"].map(|pointer| made.text(pointer));
    let own = format!("Bearer {}", door.secret);
    let ask = async |time: i64, nonce: &str, signed_cost: &str, sent_cost: &str| {
        let time = time.to_string();
        let path = "/gateway/authorize";
        let signature = sign(&key, &["GET", path, &id, &own, "", "", signed_cost, &time, nonce]);
        let headers = [
            ("Authorization", own.as_str()),
            ("Portal-Cost", sent_cost),
            ("Portal-Time", &time),
            ("Portal-Nonce", nonce),
            ("Portal-Signature", &signature),
        ];
        ask(&portal.api(), path, &id, &headers).await
    };
    portal.advance_minutes(1);
    let now = portal.now().timestamp_millis();
    let first = ask(now, "nonce-0123456789a", "5", "5").await;
    assert_eq!((first.status, first.header("x-rate-limit-remaining")), (200, Some("9995")));
    for (answer, code) in [
        (ask(now, "nonce-0123456789a", "5", "5").await, "gateway.replayed"),
        (ask(now, "nonce-0123456789b", "5", "1").await, "gateway.signature"),
        (ask(now, "short", "5", "5").await, "gateway.signature"),
        (ask(now - 30_001, "nonce-0123456789c", "5", "5").await, "gateway.untimely"),
        (ask(now + 5_001, "nonce-0123456789d", "5", "5").await, "gateway.untimely"),
        (door.ask(&[("Portal-Gateway", &credential), ("Authorization", &own)]).await, "gateway.signature"),
        (door.ask(&[("Portal-Gateway", &id), ("Authorization", &own)]).await, "gateway.unknown"),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (401, code));
    }
    assert_eq!(door.left().await, 9_994, "what was refused is not counted");
}

#[tokio::test]
async fn a_gateway_out_of_order_is_held_back_by_itself() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let staff = portal.staff("approver").await;
    let body = json!({ "name": "Paris", "calls_per_second_max": 2 });
    let made = staff.api.post("/v1/staff/gateways", &body).expect(201).await;
    let credential = made.text("/issued/credential");
    let own = format!("Bearer {}", door.secret);
    let ask = async || door.ask(&[("Portal-Gateway", &credential), ("Authorization", &own)]).await;
    for status in [200, 200, 429] {
        ask().await.must_be(status);
    }
    let refused = ask().await;
    assert_eq!((refused.code(), refused.header("retry-after")), ("gateway.too_fast".to_owned(), Some("1")));
    assert_eq!(door.left().await, 9_997, "another gateway goes on");
    portal.advance_minutes(1);
    ask().await.must_be(200);
}

#[tokio::test]
async fn a_signed_call_refused_for_its_pace_fills_no_memory_of_nonces() {
    let portal = Portal::start().await;
    let door = Door::of(&portal).await;
    let staff = portal.staff("approver").await;
    let body = json!({ "name": "Paris", "signed": true, "calls_per_second_max": 1 });
    let made = staff.api.post("/v1/staff/gateways", &body).expect(201).await;
    let [id, key] = ["/issued/id", "/issued/signing_key"].map(|pointer| made.text(pointer));
    let own = format!("Bearer {}", door.secret);
    let path = "/gateway/authorize";
    let ask = async |nonce: &str| {
        let time = portal.now().timestamp_millis().to_string();
        let signature = sign(&key, &["GET", path, &id, &own, "", "", "", &time, nonce]);
        let headers = [
            ("Authorization", own.as_str()),
            ("Portal-Time", &time),
            ("Portal-Nonce", nonce),
            ("Portal-Signature", &signature),
        ];
        ask(&portal.api(), path, &id, &headers).await
    };
    portal.advance_minutes(1);
    ask("nonce-0123456789a").await.must_be(200);
    assert_eq!(ask("nonce-0123456789b").await.code(), "gateway.too_fast");
    portal.advance_minutes(1);
    ask("nonce-0123456789b").await.must_be(200);
}
