//! Who may call what: the table, asked over HTTP with every role.

use super::{World, bearer};
use crate::api::{ROUTES, Who};
use actix_web::test::TestRequest;
use domain::staff::StaffRole;

#[actix_web::test]
async fn every_operation_lets_in_exactly_the_roles_of_its_row() {
    let world = World::new().await;
    let callers = [
        ("developer", world.developer("ada@acme.test").await),
        ("reader", world.staff("reader@portal.test", StaffRole::Reader).await),
        ("auditor", world.staff("auditor@portal.test", StaffRole::Auditor).await),
        ("approver", world.staff("approver@portal.test", StaffRole::Approver).await),
    ];
    for row in ROUTES.iter().filter(|row| row.operation != "sign_out" && row.who != Who::Gateway) {
        for (role, token) in &callers {
            let may = match row.who {
                Who::Public | Who::SignedIn => true,
                Who::Developer => *role == "developer",
                Who::Staff => *role != "developer",
                Who::Approver => *role == "approver",
                Who::Gateway => false,
            };
            let path = row.path().replace(['{', '}'], "");
            let request = TestRequest::default().method(row.method()).uri(&path);
            let answer = world.send(bearer(request, token)).await;
            assert_eq!(answer.code() != "auth.forbidden", may, "{role} at {}: {}", row.route, answer.status);
            assert_ne!(answer.code(), "auth.required", "{role} at {}", row.route);
        }
    }
}

#[actix_web::test]
async fn a_token_that_is_none_and_a_session_that_ended_are_alike() {
    let world = World::new().await;
    let token = world.developer("ada@acme.test").await;
    let me = |authorization: String| {
        TestRequest::get().uri("/v1/me").insert_header(("authorization", authorization))
    };
    assert_eq!(world.send(me(format!("bearer {token}"))).await.status, 200);
    let ended = world.send(bearer(TestRequest::delete().uri("/v1/sessions/current"), &token)).await;
    assert_eq!(ended.status, 204);
    for authorization in [
        format!("Bearer {token}"),
        "Bearer x".into(),
        token.clone(),
        format!("Basic {token}"),
        "Bearer".into(),
    ] {
        let answer = world.send(me(authorization.clone())).await;
        assert_eq!((answer.status, answer.code()), (401, "auth.required"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}
