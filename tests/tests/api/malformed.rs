use portal_tests::{Portal, complete_registration};
use serde_json::{Value, json};

const BODY_BYTES_MAX: usize = 64 * 1024;

fn nested(depth: usize) -> String {
    format!("{{\"name\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn many_members() -> String {
    let parameters: Vec<_> = (0..1_001).map(|n| format!("\"p{n}\":\"v\"")).collect();
    format!(
        "{{\"name\":\"N\",\"kinds\":[\"lti13\"],\"lti\":{{\"custom_parameters\":{{{}}}}}}}",
        parameters.join(",")
    )
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_with_the_reason_and_registers_nothing() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("nothing", b"".to_vec(), "body.not_json"),
        ("half an object", b"{\"name\":".to_vec(), "body.not_json"),
        ("two values", b"{} {}".to_vec(), "body.not_json"),
        ("a comment", b"{/*x*/}".to_vec(), "body.not_json"),
        ("half a surrogate", b"{\"name\":\"\\ud800\",\"kinds\":[\"rest\"]}".to_vec(), "body.not_json"),
        (
            "a name twice",
            b"{\"name\":\"a\",\"name\":\"b\",\"kinds\":[\"rest\"]}".to_vec(),
            "body.duplicate_member",
        ),
        ("an escaped name twice", b"{\"name\":\"a\",\"n\\u0061me\":\"b\"}".to_vec(), "body.duplicate_member"),
        ("Latin-1", b"{\"name\":\"M\xf6bius\",\"kinds\":[\"rest\"]}".to_vec(), "body.not_utf8"),
        ("33 levels", nested(32).into_bytes(), "body.too_deep"),
        ("100,000 levels", "[".repeat(60_000).into_bytes(), "body.too_deep"),
        ("1,001 members", many_members().into_bytes(), "body.too_many_members"),
        ("a null byte", b"{\"name\":\"a\\u0000b\",\"kinds\":[\"rest\"]}".to_vec(), "body.control_character"),
        ("an escape", b"{\"name\":\"a\\u001b[31m\",\"kinds\":[\"rest\"]}".to_vec(), "body.control_character"),
    ];
    for (what, bytes, code) in cases {
        let request = ada.api.request("POST", "/v1/integrations").bytes("application/json", bytes.clone());
        let answer = request.send().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, *code), "{what}");
    }
    assert!(ada.api.get("/v1/integrations").expect(200).await.list("/items").is_empty());
}

#[tokio::test]
async fn a_field_of_the_wrong_type_an_unknown_and_an_absent_one_are_pointed_at() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let cases: &[(Value, &str)] = &[
        (json!({ "name": 7, "kinds": ["rest"] }), "/name"),
        (json!({ "name": null, "kinds": ["rest"] }), "/name"),
        (json!({ "name": "N", "kinds": "rest" }), "/kinds"),
        (json!({ "name": "N", "kinds": [1] }), "/kinds/0"),
        (json!({ "name": "N", "kinds": ["rest"], "hosts": {} }), "/hosts"),
        (json!({ "name": "N", "kinds": ["rest"], "colour": "red" }), "/colour"),
        (json!({ "name": "N", "kinds": ["lti13"], "lti": { "jwks": "x" } }), "/lti/jwks"),
        (json!({ "name": "N", "kinds": ["lti13"], "lti": { "grade_service": "yes" } }), "/lti/grade_service"),
        (json!({ "kinds": ["rest"] }), "/name"),
        (json!([]), ""),
        (json!("text"), ""),
    ];
    for (body, pointer) in cases {
        let answer = ada.api.post("/v1/integrations", body).refused(400, "body.does_not_fit").await;
        let pointers: Vec<_> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, [*pointer], "{body}");
    }
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_byte_more_is_refused() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let mut body = complete_registration("Full Measure").to_string();
    body += &" ".repeat(BODY_BYTES_MAX - body.len());
    ada.api.request("POST", "/v1/integrations").bytes("application/json", body.clone()).expect(201).await;
    body.push(' ');
    let request = ada.api.request("POST", "/v1/integrations").bytes("application/json", body);
    request.refused(413, "body.too_large").await;
}

#[tokio::test]
async fn several_broken_fields_are_all_told_at_once_with_a_fix() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let body = json!({
        "name": "N", "kinds": ["lti13", "lti11"], "hosts": ["{tenant}.vendor.example", "com"],
        "lti": {
            "jwks_uri": "http://vendor.example/jwks",
            "redirect_uris": ["https://vendor.example/a, https://vendor.example/b"],
            "placements": [{ "type": "course_tol" }]
        },
        "support_url": "ftp://vendor.example"
    });
    let answer = ada.api.post("/v1/integrations", &body).refused(422, "fields.invalid").await;
    let pointers: Vec<_> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
    for pointer in [
        "/kinds/1",
        "/hosts/0",
        "/hosts/1",
        "/lti/jwks_uri/default",
        "/lti/redirect_uris/0",
        "/lti/placements/0/type",
        "/support_url",
    ] {
        assert!(pointers.iter().any(|told| told == pointer), "{pointer} is not among {pointers:?}");
    }
}

#[tokio::test]
async fn an_address_that_could_smuggle_something_into_a_mail_is_refused_and_nothing_is_sent() {
    let portal = Portal::start().await;
    let api = portal.api();
    let long = format!("{}@vendor.example", "a".repeat(250));
    let addresses = [
        "ada@vendor.example\r\nBcc: eve@evil.example",
        "ada@vendor.example\nRCPT TO:<eve@evil.example>",
        "ada@vendor.example, eve@evil.example",
        "<ada@vendor.example>",
        "\"ada\"@vendor.example",
        "ada@[127.0.0.1]",
        "ada@localhost",
        "ada",
        "@vendor.example",
        "ada@",
        "",
        long.as_str(),
    ];
    for address in addresses {
        let body = json!({
            "email": address, "password": "a long enough passphrase", "name": "Ada",
            "terms_version": portal.terms_version()
        });
        let answer = api.post("/v1/sign-ups", &body).refused(422, "fields.invalid").await;
        assert_eq!(answer.faults()[0].0, "/email", "{address:?}");
    }
    assert!(portal.mails().mails().is_empty());
}

#[tokio::test]
async fn every_broken_field_of_a_sign_up_is_told() {
    let portal = Portal::start().await;
    let body = json!({ "email": "x", "password": "short", "name": " ", "terms_version": "1999-01" });
    let answer = portal.api().post("/v1/sign-ups", &body).refused(422, "fields.invalid").await;
    let pointers: Vec<_> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/email", "/password", "/name", "/terms_version"]);
}

#[tokio::test]
async fn a_malformed_id_query_or_header_is_refused_without_a_server_error() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    for path in
        ["/v1/groups/grp_x", "/v1/groups/prd_aaaaaaaaaaaaaaaaaaaaaaaaaa", "/v1/groups/%00", "/v1/groups/%ff"]
    {
        let answer = ada.api.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for query in ["limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=zzz", "colour=red"] {
        ada.api.get(&format!("/v1/groups?{query}")).refused(400, "query.invalid").await;
    }
    for position in ["x", "", "00000000.-1", "00000000.1.1"] {
        let request = ada.api.get("/v1/groups").header("Portal-Min-Position", position);
        request.refused(400, "header.invalid").await;
    }
    let too_long = "k".repeat(129);
    for key in ["", "two words", &too_long] {
        let request = ada.api.post("/v1/groups", &json!({ "name": "Header Group" })).once(key);
        let answer = request.send().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "header.invalid"), "{key:?}");
    }
}
