//! Facts as vendors' public guides print them, faults included.

use portal_tests::Portal;
use serde_json::{Value, json};

fn lti(field: &str, value: Value) -> Value {
    let mut body = json!({ "name": "Tool", "kinds": ["lti13"], "lti": {} });
    body["lti"][field] = value;
    body
}

#[tokio::test]
async fn faults_found_in_public_registrations_are_refused_at_the_field() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let rest_and = |kind: &str| json!({ "name": "Tool", "kinds": ["rest", kind] });
    let cases: &[(&str, Value, &str)] = &[
        (
            "a template's placeholder",
            lti("login_initiation_url", json!("{base}/lti/login")),
            "/lti/login_initiation_url/default",
        ),
        (
            "a placeholder in angle brackets",
            json!({ "name": "Tool", "kinds": ["lti13"], "hosts": ["<tenantshortcode>.vendor.example"] }),
            "/hosts/0",
        ),
        ("plain http", lti("jwks_uri", json!("http://tool.vendor.example/jwks")), "/lti/jwks_uri/default"),
        ("LTI 1.1", rest_and("lti11"), "/kinds/1"),
        ("LTI of no version", rest_and("lti"), "/kinds/1"),
        (
            "two addresses in one text",
            lti("redirect_uris", json!(["https://a.vendor.example/x, https://a.vendor.example/y"])),
            "/lti/redirect_uris/0",
        ),
        (
            "a role of the system's own",
            json!({ "name": "Tool", "kinds": ["rest"], "rest": { "suggested_role": "System Administrator" } }),
            "/rest/suggested_role",
        ),
    ];
    for (what, body, pointer) in cases {
        let refused = ada.api.post("/v1/integrations", body).send().await;
        assert!(matches!(refused.status, 400 | 422), "{what}: {:#}", refused.body);
        let pointers: Vec<_> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
        assert!(pointers.iter().any(|told| told == pointer), "{what}: {pointers:?}");
    }
}

#[tokio::test]
async fn harmless_spellings_are_put_right_and_noted() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let body = json!({
        "name": "Möbius  Reader",
        "kinds": ["lti13"],
        "hosts": ["https://lms.vendor.example/"],
        "lti": {
            "user_fields": ["Role in Course", "Name", "Email Address"],
            "placements": [{ "type": "Course tool", "name": "Reader" }]
        }
    });
    let registered = ada.register(&body).await;
    assert_eq!(registered.text("/name"), "Möbius Reader");
    assert_eq!(registered.body["hosts"], json!(["lms.vendor.example"]));
    assert_eq!(registered.body["lti"]["user_fields"], json!(["role", "name", "email"]));
    assert_eq!(registered.text("/lti/placements/0/type"), "course_tool");
    let noted: Vec<_> = registered.list("/notes").iter().map(|note| note["pointer"].clone()).collect();
    for pointer in ["/name", "/hosts/0", "/lti/user_fields/0", "/lti/placements/0/type"] {
        assert!(noted.contains(&json!(pointer)), "{pointer} is not noted: {noted:?}");
    }
}

#[tokio::test]
async fn a_record_with_a_name_and_a_kind_only_is_registered_as_incomplete() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let registered = ada.register(&json!({ "name": "Bare", "kinds": ["lti13"] })).await;
    assert_eq!(registered.body["complete"], false);
    let missing: Vec<_> = registered.list("/missing").iter().map(|one| one["pointer"].clone()).collect();
    assert!(missing.contains(&json!("/lti/login_initiation_url")), "{missing:?}");
}

#[tokio::test]
async fn endpoints_by_region_keep_one_id() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let mut body = portal_tests::complete_registration("Regional");
    body["lti"]["target_link_uri"] = json!({
        "default": "https://regional.vendor.example/launch", "eu": "https://eu.regional.vendor.example/launch"
    });
    let registered = ada.register(&body).await;
    assert_eq!(registered.text("/lti/target_link_uri/eu"), "https://eu.regional.vendor.example/launch");
    assert_eq!(registered.body["complete"], true);
}
