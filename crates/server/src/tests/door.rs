//! The door, matched before the router and behind it.

use super::{Answer, World, bearer};
use crate::{gateway, middleware::edge, startup::wire};
use actix_web::{
    App,
    http::Method,
    middleware::from_fn,
    test::{self, TestRequest},
};
use app::gateways::TIME_AHEAD_MAX;
use data_encoding::HEXLOWER;
use domain::staff::StaffRole;
use hmac::{Hmac, KeyInit, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// Headers that only the layers around the router add.
const AROUND: [&str; 5] =
    ["x-request-id", "x-content-type-options", "referrer-policy", "content-security-policy", "cache-control"];

struct Door {
    world: World,
    gateway: String,
    /// Id and key of what it signs with.
    signer: [String; 2],
    key: String,
    secret: String,
}

impl Door {
    async fn new() -> Self {
        Self::of(World::new().await, &json!({ "name": "Frankfurt" })).await
    }

    async fn of(world: World, gateway: &Value) -> Self {
        let staff = world.staff("approver@portal.test", StaffRole::Approver).await;
        let request = TestRequest::post().uri("/v1/staff/gateways").set_json(gateway);
        let made = world.send(bearer(request, &staff)).await;
        let gateway = text(&made.body, "/issued/credential");
        let signer = [text(&made.body, "/issued/id"), text(&made.body, "/issued/signing_key")];
        let ada = world.developer("ada@acme.test").await;
        let body = json!({ "name": "Quiz", "kinds": ["rest"], "rest": {} });
        let made = world.send(bearer(TestRequest::post().uri("/v1/integrations").set_json(body), &ada)).await;
        let (key, secret) = (text(&made.body, "/credentials/key"), text(&made.body, "/credentials/secret"));
        Self { world, gateway, signer, key, secret }
    }

    /// The same question, answered before the router and by the table.
    async fn both(&self, path: &str, headers: &[(&str, &str)]) -> [Answer; 2] {
        self.asked(Method::GET, path, headers).await
    }

    async fn asked(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> [Answer; 2] {
        let question = || {
            let request = TestRequest::default().method(method.clone()).uri(path);
            headers.iter().fold(request, |request, header| request.append_header(*header))
        };
        let portal = self.world.portal.clone();
        let app = App::new()
            .wrap(from_fn(edge::wrap))
            .wrap(from_fn(gateway::first))
            .configure(|config| wire(config, portal));
        let response = test::call_service(&test::init_service(app).await, question().to_request()).await;
        [super::read(response).await, self.world.send(question()).await]
    }
}

fn text(body: &Value, pointer: &str) -> String {
    let text = body.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer}: {body:#}")).to_owned()
}

/// What is told apart from numbers that move on from call to call.
fn told(answer: &Answer) -> (u16, Vec<String>, Value) {
    let names = answer.headers.keys().map(|name| name.as_str().to_owned());
    let mut names: Vec<_> = names.filter(|name| !AROUND.contains(&name.as_str())).collect();
    names.sort();
    (answer.status, names, answer.body["code"].clone())
}

/// Headers, status of each dialect, code.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, u16, &'a str);

#[actix_web::test]
async fn the_door_answers_alike_before_the_router_and_behind_it() {
    let door = Door::new().await;
    let (gateway, key) = (door.gateway.as_str(), door.key.as_str());
    let looked = format!("{gateway};caller=key");
    let bearer = format!("Bearer {}", door.secret);
    let ours = ("portal-gateway", gateway);
    let caller = ("authorization", bearer.as_str());
    let cases: [Case<'_>; 12] = [
        (&[ours, caller], 200, 204, ""),
        (&[ours, caller, ("portal-cost", "2"), ("accept", "text/html"), ("x-own", "1")], 200, 204, ""),
        (&[("portal-gateway", &looked), ("portal-integration-key", key)], 200, 204, ""),
        (&[ours, ("portal-integration-key", key)], 401, 401, "gateway.credential_missing"),
        (&[ours, ("authorization", "Bearer nonsense")], 401, 401, "gateway.credential_unknown"),
        (&[ours, ("authorization", "Basic nonsense")], 401, 401, "gateway.credential_unknown"),
        (&[caller], 401, 401, "gateway.unknown"),
        (&[("portal-gateway", "dpg_x"), caller], 401, 401, "gateway.unknown"),
        (&[ours, caller, ("portal-cost", "0")], 400, 403, "gateway.cost"),
        (&[ours, caller, ("portal-cost", "1"), ("portal-cost", "1")], 400, 403, "header.invalid"),
        (&[ours, caller, ("portal-site", "a b")], 400, 403, "header.invalid"),
        (&[ours, caller, ("portal-cost", "20000")], 403, 403, "gateway.cost_never_admissible"),
    ];
    for (headers, full, bare, code) in cases {
        let [first, behind] = door.both("/gateway/authorize", headers).await;
        assert_eq!(told(&first), told(&behind), "{headers:?}");
        assert_eq!((first.status, first.code()), (full, if code.is_empty() { "(none)" } else { code }));
        assert_eq!(first.header("portal-reason") == "(none)", code.is_empty(), "{headers:?}");
        let [first, behind] = door.both("/gateway/auth-request", headers).await;
        assert_eq!(told(&first), told(&behind), "{headers:?}");
        assert_eq!((first.status, &first.body), (bare, &Value::Null), "{headers:?}");
        let told = if code.is_empty() { "(none)".to_owned() } else { full.to_string() };
        assert_eq!(first.header("portal-status"), told, "{headers:?}");
    }
}

#[actix_web::test]
async fn what_only_looks_like_the_door_is_routed() {
    let door = Door::new().await;
    for path in ["/gateway", "/gateway/", "/gateway/authorizer", "/gateway/auth-request/", "/gateway/auth"] {
        let [first, _] = door.both(path, &[]).await;
        assert_eq!((first.status, first.code()), (404, "route.not_found"), "{path}");
    }
    let [first, _] = door.both("/gateway/authorize/v1/courses?page=2", &[]).await;
    assert_eq!(first.code(), "gateway.unknown", "Envoy appends the path of the call");
}

#[actix_web::test]
async fn a_call_is_asked_about_with_any_method_it_may_have_and_no_other_method_costs_anything() {
    let door = Door::new().await;
    let bearer = format!("Bearer {}", door.secret);
    let headers = [("portal-gateway", door.gateway.as_str()), ("authorization", &bearer)];
    let mut left = 10_000;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let method: Method = method.parse().unwrap();
        let [first, behind] = door.asked(method.clone(), "/gateway/authorize", &headers).await;
        left -= 2;
        assert_eq!((first.status, behind.status), (200, 200), "{method}");
        assert_eq!(behind.header("x-rate-limit-remaining"), left.to_string(), "{method}");
    }
    let [full, bare] = ["DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "GET, HEAD"];
    for (path, method, allow) in [
        ("/gateway/authorize", "TRACE", full),
        ("/gateway/authorize", "PURGE", full),
        ("/gateway/auth-request", "POST", bare),
        ("/gateway/auth-request", "DELETE", bare),
    ] {
        for answer in door.asked(method.parse().unwrap(), path, &headers).await {
            assert_eq!((answer.status, answer.code()), (405, "route.method_not_allowed"), "{method} {path}");
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
        }
    }
    let [first, _] = door.both("/gateway/authorize", &headers).await;
    assert_eq!(first.header("x-rate-limit-remaining"), (left - 1).to_string());
}

#[actix_web::test]
async fn what_is_signed_for_another_node_is_refused() {
    let world = World::with(|portal| portal.audience = Some("node-1".to_owned())).await;
    let door = Door::of(world, &json!({ "name": "Paris", "signed": true })).await;
    let [id, key] = &door.signer;
    let bearer = format!("Bearer {}", door.secret);
    let time = (door.world.portal.clock.now() + TIME_AHEAD_MAX).timestamp_millis().to_string();
    for (nonce, audience, status, code) in [
        ("nonce-0123456789a", vec!["node-2"], 401, "gateway.signature"),
        ("nonce-0123456789b", vec![], 401, "gateway.signature"),
        ("nonce-0123456789c", vec!["node-1"], 200, "(none)"),
    ] {
        let asked = ["GET", "/gateway/authorize", id, &bearer, "", "", "", &time, nonce];
        let lines: Vec<&str> = audience.into_iter().chain(asked).collect();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(lines.join("\n").as_bytes());
        let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
        let headers = [
            ("portal-gateway", id.as_str()),
            ("authorization", &bearer),
            ("portal-time", &time),
            ("portal-nonce", nonce),
            ("portal-signature", &signature),
        ];
        let [first, _] = door.both("/gateway/authorize", &headers).await;
        assert_eq!((first.status, first.code()), (status, code), "{nonce}");
    }
}
