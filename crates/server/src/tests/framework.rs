//! What the framework would answer in its own way is a problem document like everything else.

use super::{World, bearer};
use crate::{
    api::{Endpoint, ROUTES, Shape, Who},
    extract::json::BODY_BYTES_MAX,
    middleware::{edge, gate},
    portal::Fatal,
    problem::{Problem, kinds},
};
use actix_web::{
    App, HttpResponse, Route,
    http::Method,
    middleware::from_fn,
    test::{self, TestRequest},
    web,
};
use serde_json::{Value, json};

#[actix_web::test]
async fn what_is_not_there_is_a_problem() {
    let world = World::new().await;
    for path in ["/", "/v1", "/v1/groups/", "/v2/groups", "/v1/%00", "/v1/sign-ups/x/proof/y"] {
        let answer = world.send(TestRequest::get().uri(path)).await;
        assert_eq!((answer.status, answer.code()), (404, "route.not_found"), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["instance"], answer.header("x-request-id"));
    }
}

#[actix_web::test]
async fn another_method_is_told_which_there_are() {
    let world = World::new().await;
    let answer = world.send(TestRequest::default().method(Method::PATCH).uri("/v1/groups")).await;
    assert_eq!((answer.status, answer.code()), (405, "route.method_not_allowed"));
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    assert_eq!(answer.body["instance"], answer.header("x-request-id"));
}

#[actix_web::test]
async fn every_answer_carries_our_request_id_and_the_security_headers() {
    let world = World::new().await;
    let request = TestRequest::get().uri("/livez").insert_header(("x-request-id", "chosen-by-the-client"));
    let answer = world.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-request-id").len(), 36);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[actix_web::test]
async fn a_client_that_takes_no_json_is_told_so() {
    let world = World::new().await;
    for (accept, status) in [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("text/html, application/json;q=0.5", 200),
        ("*/*", 200),
        ("application/*", 200),
    ] {
        let answer = world.send(TestRequest::get().uri("/v1/policy").insert_header(("accept", accept))).await;
        assert_eq!(answer.status, status, "{accept}");
    }
}

#[actix_web::test]
async fn bodies_are_bounded_typed_and_strict() {
    let world = World::new().await;
    let post = || TestRequest::post().uri("/v1/sessions");
    let with_type = |media: &'static str| post().insert_header(("content-type", media));
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(BODY_BYTES_MAX));
    let exact = format!("{{\"email\":\"{}\"}}", "a".repeat(BODY_BYTES_MAX - 12));
    assert_eq!(exact.len(), BODY_BYTES_MAX);
    let cases = [
        (with_type("application/json").set_payload(large), 413, "body.too_large"),
        (with_type("application/json").set_payload(exact), 400, "body.does_not_fit"),
        (post().set_payload("{}"), 415, "body.unsupported_type"),
        (with_type("text/plain").set_payload("{}"), 415, "body.unsupported_type"),
        (with_type("application/json; charset=latin1").set_payload("{}"), 415, "body.unsupported_type"),
        (
            with_type("application/json").insert_header(("content-encoding", "gzip")).set_payload("{}"),
            415,
            "body.unsupported_type",
        ),
        (with_type("application/json").set_payload(""), 400, "body.not_json"),
        (with_type("application/json; charset=UTF-8").set_payload("{}"), 400, "body.does_not_fit"),
        (with_type("application/json").set_payload(&b"{\"email\":\"\xff\"}"[..]), 400, "body.not_utf8"),
        (
            with_type("application/json").set_payload("{\"email\":\"a\",\"email\":\"b\"}"),
            400,
            "body.duplicate_member",
        ),
    ];
    for (request, status, code) in cases {
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code()), (status, code));
    }
}

#[actix_web::test]
async fn paths_queries_and_headers_are_strict() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let get = |uri: &str| bearer(TestRequest::get().uri(uri), &token);
    let post = || bearer(TestRequest::post().uri("/v1/groups").set_json(json!({"name": "Acme"})), &token);
    let min = |token: &'static str| get("/v1/groups").insert_header(("portal-min-position", token));
    let cases = [
        (get("/v1/groups/grp_x"), 404, "resource.not_found"),
        (get("/v1/groups/dev_aaaqeayeaudaocajbifqydiob4"), 404, "resource.not_found"),
        (get("/v1/integrations/9e7e2c0b39e04955ad6ecbd5750e3f5f"), 404, "resource.not_found"),
        (get("/v1/groups?limit=0"), 400, "query.invalid"),
        (get("/v1/groups?limit=101"), 400, "query.invalid"),
        (get("/v1/groups?limit=x"), 400, "query.invalid"),
        (get("/v1/groups?cursor=x"), 400, "query.invalid"),
        (get("/v1/groups?sort=name"), 400, "query.invalid"),
        (get("/v1/groups?limit=1&limit=2"), 400, "query.invalid"),
        (get("/v1/me?verbose=1"), 400, "query.invalid"),
        (min("nonsense"), 400, "header.invalid"),
        (min("ffffffff.1"), 409, "position.other_log"),
        (post().insert_header(("idempotency-key", "")), 400, "header.invalid"),
        (post().insert_header(("idempotency-key", "a".repeat(129))), 400, "header.invalid"),
        (post().insert_header(("idempotency-key", "a b")), 400, "header.invalid"),
        (
            post().append_header(("idempotency-key", "a")).append_header(("idempotency-key", "b")),
            400,
            "header.invalid",
        ),
    ];
    for (request, status, code) in cases {
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    }
}

#[actix_web::test]
async fn every_row_of_the_table_has_its_handler() {
    let world = World::new().await;
    for row in ROUTES {
        let path = row.path().replace(['{', '}'], "");
        let answer = world.send(TestRequest::default().method(row.method()).uri(&path)).await;
        match row.who {
            Who::Public => {
                assert!(!matches!(answer.code(), "route.not_found" | "auth.required"), "{}", row.route);
            }
            Who::Developer | Who::Staff | Who::Approver | Who::SignedIn => {
                assert_eq!((answer.status, answer.code()), (401, "auth.required"), "{}", row.route);
            }
            Who::Gateway if row.operation == "auth_request" => {
                assert_eq!(answer.header("portal-reason"), "gateway-unknown", "{}", row.route);
            }
            Who::Gateway => {
                assert_eq!((answer.status, answer.code()), (401, "gateway.unknown"), "{}", row.route);
            }
        }
    }
}

/// Answers of one handler behind gate and edge.
async fn behind_the_gate(world: &World, endpoint: &'static Endpoint) -> (u16, Value) {
    let route =
        (endpoint.bind)(web::get()).wrap(from_fn(move |request, next| gate::pass(endpoint, request, next)));
    let app = App::new().app_data(world.portal.clone()).wrap(from_fn(edge::wrap)).route("/probe", route);
    let request = TestRequest::get().uri("/probe").to_request();
    let response = test::call_service(&test::init_service(app).await, request).await;
    (response.status().as_u16(), test::read_body_json(response).await)
}

const fn probe(bind: fn(Route) -> Route) -> Endpoint {
    Endpoint { route: "GET /probe", operation: "probe", who: Who::Public, shape: Shape::Apart, bind }
}

#[actix_web::test]
async fn a_panic_is_an_internal_problem_and_the_worker_lives_on() {
    async fn panics() -> HttpResponse {
        panic!("on purpose")
    }
    static PANICS: Endpoint = probe(|route| route.to(panics));
    let world = World::new().await;
    for _ in 0..2 {
        let (status, body) = behind_the_gate(&world, &PANICS).await;
        assert_eq!((status, &body["code"]), (500, &json!("internal")));
        assert!(!body.to_string().contains("on purpose"));
    }
}

#[actix_web::test]
async fn what_only_a_new_process_can_mend_ends_this_one() {
    static IN_DOUBT: Endpoint =
        probe(|route| route.to(|| async { Err::<HttpResponse, _>(Problem::new(&kinds::IN_DOUBT)) }));
    let world = World::new().await;
    assert_eq!(behind_the_gate(&world, &IN_DOUBT).await.0, 503);
    assert_eq!(*world.portal.fatal().borrow(), Some(Fatal::NotDurable));
}

#[actix_web::test]
async fn a_draining_server_is_alive_but_not_ready() {
    let world = World::new().await;
    assert_eq!(world.send(TestRequest::get().uri("/readyz")).await.status, 200);
    world.portal.drain();
    let answer = world.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!((answer.status, &answer.body["draining"]), (503, &json!(true)));
    assert_eq!(answer.body["writing"]["ready"], json!(true));
    assert_eq!(world.send(TestRequest::get().uri("/livez")).await.status, 200);
}

#[actix_web::test]
async fn a_look_up_tells_a_stranger_nothing_about_the_log() {
    let world = World::new().await;
    let ada = world.developer("ada@acme.test").await;
    let register = TestRequest::post().uri("/v1/integrations");
    let register = register.set_json(json!({"name": "Quiz", "kinds": ["lti13"]}));
    let quiz = world.send(bearer(register, &ada)).await;
    let (log, _) = quiz.header("portal-position").split_once('.').expect("a position");
    let far = format!("{log}.1000000");
    let look_up = |id: &str| {
        TestRequest::get()
            .uri(&format!("/v1/lookup/{id}"))
            .insert_header(("portal-min-position", far.clone()))
    };
    let known = world.send(look_up(quiz.body["id"].as_str().expect("an id"))).await;
    let unknown = world.send(look_up("00000000-0000-4000-8000-000000000000")).await;
    assert_eq!(
        (known.status, unknown.status, unknown.code()),
        (200, 404, "resource.not_found"),
        "{known:?} {unknown:?}"
    );
    for answer in [known, unknown] {
        for header in ["portal-position", "portal-command"] {
            assert_eq!(answer.header(header), "(none)");
        }
    }
}
