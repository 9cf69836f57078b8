//! Commands over HTTP: what they answer, repeat, guard and show to the next read.

use super::{Answer, World, bearer};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

async fn create(world: &World, token: &str, name: &str, key: Option<&str>) -> Answer {
    let mut request = bearer(TestRequest::post().uri("/v1/groups").set_json(json!({"name": name})), token);
    if let Some(key) = key {
        request = request.insert_header(("idempotency-key", key));
    }
    world.send(request).await
}

async fn get(world: &World, token: &str, uri: &str) -> Answer {
    world.send(bearer(TestRequest::get().uri(uri), token)).await
}

#[actix_web::test]
async fn what_was_made_is_read_at_once_at_its_place_and_version() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let made = create(&world, &token, "Acme - Attendance", None).await;
    assert_eq!(made.status, 201, "{made:?}");
    let read = get(&world, &token, made.header("location")).await;
    assert_eq!((read.status, &read.body), (200, &made.body));
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(read.header("cache-control"), "no-store");
    let outcome = get(&world, &token, &format!("/v1/commands/{}", made.header("portal-command"))).await;
    assert_eq!(outcome.body["outcome"], "applied");
    assert_eq!(outcome.body["position"], made.header("portal-position"));
}

#[actix_web::test]
async fn a_repeated_request_makes_nothing_new_and_says_so() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let first = create(&world, &token, "Acme", Some("key-1")).await;
    let again = create(&world, &token, "Acme", Some("\"key-1\"")).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("portal-command"), again.header("portal-command"));
    assert_eq!((first.header("idempotent-replay"), again.header("idempotent-replay")), ("(none)", "true"));
    let other = create(&world, &token, "Acme Two", Some("key-1")).await;
    assert_eq!((other.status, other.code()), (422, "idempotency.key_reused"));
}

#[actix_web::test]
async fn one_key_means_another_command_to_another_person() {
    let world = World::new().await;
    let (ada, eve) = (world.developer("ada@acme.test").await, world.developer("eve@acme.test").await);
    let first = create(&world, &ada, "Acme", Some("key-1")).await;
    let other = create(&world, &eve, "Evil", Some("key-1")).await;
    assert_eq!((other.status, other.header("idempotent-replay")), (201, "(none)"));
    assert_ne!(first.body["id"], other.body["id"]);
}

#[actix_web::test]
async fn a_repeated_registration_never_shows_its_secret_again() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let register = || {
        let body = json!({"name": "Attendance", "kinds": ["rest"]});
        let request = TestRequest::post().uri("/v1/integrations").set_json(body);
        bearer(request, &token).insert_header(("idempotency-key", "one"))
    };
    let first = world.send(register()).await;
    let again = world.send(register()).await;
    assert_eq!((first.status, again.status), (201, 201), "{first:?}");
    assert!(first.body["credentials"]["secret"].as_str().is_some_and(|secret| secret.starts_with("dps_")));
    assert_eq!(again.body["credentials"]["secret"], Value::Null);
    assert_eq!(again.body["credentials"]["secret_lost"], json!(true));
    assert_eq!(first.body["id"], again.body["id"]);
    let shown = get(&world, &token, first.header("location")).await;
    assert!(!shown.body.to_string().contains("dps_"));
}

#[actix_web::test]
async fn a_change_needs_the_version_it_changes() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let made = create(&world, &token, "Acme", None).await;
    let uri = made.header("location").to_owned();
    let rename = |name: &str, tag: Option<&str>| {
        let request = bearer(TestRequest::patch().uri(&uri).set_json(json!({"name": name})), &token);
        match tag {
            Some(tag) => request.insert_header(("if-match", tag.to_owned())),
            None => request,
        }
    };
    let unguarded = world.send(rename("Acme Two", None)).await;
    assert_eq!((unguarded.status, unguarded.code()), (428, "precondition.required"));
    let renamed = world.send(rename("Acme Two", Some(made.header("etag")))).await;
    assert_eq!((renamed.status, &renamed.body["name"]), (200, &json!("Acme Two")));
    assert_ne!(renamed.header("etag"), made.header("etag"));
    let stale = world.send(rename("Acme Three", Some(made.header("etag")))).await;
    assert_eq!((stale.status, stale.code()), (412, "precondition.failed"));
    for (tag, status) in [("*", 400), ("W/\"00000000.1\"", 400), ("\"ffffffff.1\"", 409)] {
        assert_eq!(world.send(rename("Acme Three", Some(tag))).await.status, status, "{tag}");
    }
}

#[actix_web::test]
async fn all_fields_that_break_rules_are_told_at_once() {
    let world = World::new().await;
    let body = json!({"email": "nobody", "password": "short", "name": " ", "terms_version": "1999"});
    let answer = world.send(TestRequest::post().uri("/v1/sign-ups").set_json(body)).await;
    assert_eq!((answer.status, answer.code()), (422, "fields.invalid"));
    let pointers: Vec<&str> = answer.body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|e| e["pointer"].as_str())
        .collect();
    assert_eq!(pointers, ["/email", "/password", "/name", "/terms_version"]);
}

#[actix_web::test]
async fn a_taken_name_comes_with_a_proposal_at_its_own_field() {
    let world = World::new().await;
    let (ada, eve) = (world.developer("ada@acme.test").await, world.developer("eve@acme.test").await);
    assert_eq!(create(&world, &ada, "Acme", None).await.status, 201);
    let taken = create(&world, &eve, "ACME", None).await;
    assert_eq!((taken.status, taken.code()), (422, "name.taken"));
    assert_eq!(taken.body["errors"][0]["pointer"], "/name");
    assert_eq!(taken.body["errors"][0]["fix"], "ACME 2");
}

#[actix_web::test]
async fn unknown_integrations_look_alike_and_a_known_card_is_cached() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let body = json!({"name": "Attendance", "kinds": ["rest"]});
    let made = world.send(bearer(TestRequest::post().uri("/v1/integrations").set_json(body), &token)).await;
    let uri = format!("/v1/lookup/{}", made.body["id"].as_str().expect("an id"));
    let card = world.send(TestRequest::get().uri(&uri)).await;
    assert_eq!((card.status, &card.body["released"]), (200, &json!(false)));
    assert_eq!(card.header("cache-control"), "public, max-age=60");
    assert_eq!(card.header("portal-position"), "(none)");
    let again = TestRequest::get().uri(&uri).insert_header(("if-none-match", card.header("etag")));
    let again = world.send(again).await;
    assert_eq!((again.status, &again.body), (304, &Value::Null));
    let other = TestRequest::get().uri(&uri).insert_header(("if-none-match", "\"other\""));
    assert_eq!(world.send(other).await.status, 200);
    let unknown = world.send(TestRequest::get().uri("/v1/lookup/9e7e2c0b-39e0-4955-ad6e-cbd5750e3f5f")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "resource.not_found"));
}

#[actix_web::test]
async fn lists_go_on_at_their_cursor() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    for name in ["One", "Two"] {
        assert_eq!(create(&world, &token, name, None).await.status, 201);
    }
    let mut names = Vec::new();
    let mut uri = "/v1/groups?limit=2".to_owned();
    loop {
        let page = get(&world, &token, &uri).await;
        names.extend(page.body["items"].as_array().expect("items").iter().map(|item| item["name"].clone()));
        match page.body["next"].as_str() {
            Some(next) => uri = format!("/v1/groups?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["Personal group", "One", "Two"]);
}
