use portal_tests::Portal;
use serde_json::json;

#[tokio::test]
async fn an_unknown_route_is_a_problem_too() {
    let portal = Portal::start().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/groups", "/v1/groups/", "/.env"] {
        portal.api().get(path).refused(404, "route.not_found").await;
    }
}

#[tokio::test]
async fn a_method_a_path_does_not_take_is_named_with_those_it_takes() {
    let portal = Portal::start().await;
    for (method, path, takes) in
        [("DELETE", "/v1/groups", "GET, POST"), ("PUT", "/v1/sessions", "POST"), ("POST", "/v1/me", "GET")]
    {
        let answer = portal.api().request(method, path).refused(405, "route.method_not_allowed").await;
        for method in takes.split(", ") {
            let allow = answer.header("allow").unwrap_or_default();
            assert!(allow.split(", ").any(|allowed| allowed == method), "{path}: {allow}");
        }
    }
}

#[tokio::test]
async fn only_json_is_read_and_only_json_is_answered() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let body = json!({ "name": "Media Group" });
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"] {
        let request = ada.api.request("POST", "/v1/groups").bytes(media_type, body.to_string());
        request.refused(415, "body.unsupported_type").await;
    }
    for media_type in ["application/json; charset=utf-8", "APPLICATION/JSON"] {
        let body = json!({ "name": format!("Group {}", media_type.len()) });
        ada.api.request("POST", "/v1/groups").bytes(media_type, body.to_string()).expect(201).await;
    }
    ada.api.get("/v1/groups").header("Accept", "text/html").refused(406, "route.not_acceptable").await;
    for accept in ["*/*", "application/*", "text/html, application/json;q=0.5"] {
        ada.api.get("/v1/groups").header("Accept", accept).expect(200).await;
    }
}

#[tokio::test]
async fn answers_are_not_kept_by_caches_but_lookups_are() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let me = ada.api.get("/v1/me").expect(200).await;
    assert_eq!(me.header("cache-control"), Some("no-store"));
    let id = ada.register(&portal_tests::complete_registration("Cached Tool")).await.text("/id");
    let customer = portal.customer();
    let card = customer.look_up(&id).await;
    assert_eq!(card.header("cache-control"), Some("public, max-age=60"));
    assert!(card.header("portal-position").is_none(), "a stranger learns no position");
    let again = customer.api.get(&format!("/v1/lookup/{id}")).header("If-None-Match", &card.etag());
    again.expect(304).await;
}

#[tokio::test]
async fn a_request_id_is_always_our_own() {
    let portal = Portal::start().await;
    let answer = portal.api().get("/v1/policy").header("X-Request-Id", "chosen-by-client").expect(200).await;
    assert_ne!(answer.header("x-request-id"), Some("chosen-by-client"));
}

#[tokio::test]
async fn health_is_told_to_anybody() {
    let portal = Portal::start().await;
    portal.api().get("/livez").expect(200).await;
    portal_tests::until("it is ready", async || portal.api().get("/readyz").send().await.status == 200).await;
    portal.api().get("/openapi.json").expect(200).await;
}
