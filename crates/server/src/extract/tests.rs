use super::json::{self, Body, Json};
use crate::problem::Problem;
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    #[serde(default)]
    size: Option<u32>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    password: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Item {
    kind: Word,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Word {
    #[serde(rename = "rest")]
    Rest,
}

impl Body for Sample {
    const SECRET: &'static [&'static str] = &["password"];
}

fn parse(text: &str) -> Result<Json<Sample>, Problem> {
    json::parse("/v1/samples", text.as_bytes())
}

fn refused(text: &str) -> (&'static str, String, &'static str) {
    let problem = parse(text).expect_err("refused");
    assert_eq!(problem.kind.status, 400, "{text}");
    let field = problem.errors.first();
    (problem.kind.code, field.map(|f| f.pointer.clone()).unwrap_or_default(), field.map_or("", |f| f.code))
}

#[test]
fn a_body_that_fits_is_taken() {
    let parsed = parse(r#"{"name":"a","items":[{"kind":"rest"}]}"#).expect("fits");
    assert_eq!(parsed.body.name, "a");
    assert_eq!(parsed.body.items, [Item { kind: Word::Rest }]);
}

#[test]
fn misfits_are_told_at_their_place() {
    let place = |text| {
        let (code, pointer, field) = refused(text);
        assert_eq!(code, "body.does_not_fit");
        (pointer, field)
    };
    assert_eq!(place(r#"{"name":1}"#), ("/name".into(), "body.wrong_type"));
    assert_eq!(place(r#"{"name":"a","size":-1}"#), ("/size".into(), "body.wrong_type"));
    assert_eq!(place(r#"{"name":"a","size":1e300}"#), ("/size".into(), "body.wrong_type"));
    assert_eq!(place("{}"), ("/name".into(), "body.missing_field"));
    assert_eq!(place(r#"{"name":"a","role":"staff"}"#), ("/role".into(), "body.unknown_field"));
    assert_eq!(
        place(r#"{"name":"a","items":[{"kind":"rest"},{"kind":"lti"}]}"#),
        ("/items/1/kind".into(), "body.unknown_word")
    );
    assert_eq!(
        place(r#"{"name":"a","items":[{"kind":"rest","a/b":1}]}"#),
        ("/items/0/a~1b".into(), "body.unknown_field")
    );
    assert_eq!(place("[]"), (String::new(), "body.wrong_type"));
    assert_eq!(place("null"), (String::new(), "body.wrong_type"));
}

#[test]
fn a_misfit_never_repeats_the_value() {
    let problem = parse(r#"{"name":"a","size":"hunter2 expected hunter3"}"#).expect_err("refused");
    assert!(!format!("{problem:?}").contains("hunter"), "{problem:?}");
    let problem = parse(r#"{"name":"a","items":[{"kind":"hunter2"}]}"#).expect_err("refused");
    assert!(!format!("{problem:?}").contains("hunter"), "{problem:?}");
}

#[test]
fn a_member_named_twice_is_refused_at_any_depth() {
    assert_eq!(refused(r#"{"name":"a","name":"b"}"#).0, "body.duplicate_member");
    let (code, pointer, _) = refused(r#"{"name":"a","items":[{"kind":"rest","kind":"rest"}]}"#);
    assert_eq!((code, pointer.as_str()), ("body.duplicate_member", "/items/0/kind"));
}

#[test]
fn two_hundred_levels_are_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(refused(&deep).0, "body.too_deep");
}

#[test]
fn ten_thousand_members_are_refused() {
    let many = format!("{{\"items\":[{}0]}}", "0,".repeat(10_000));
    assert_eq!(refused(&many).0, "body.too_many_members");
}

#[test]
fn control_characters_are_refused_raw_and_escaped() {
    assert_eq!(refused("{\"name\":\"a\u{0}b\"}").0, "body.not_json");
    let (code, pointer, _) = refused(r#"{"name":"a\u0000b"}"#);
    assert_eq!((code, pointer.as_str()), ("body.control_character", "/name"));
    assert_eq!(refused(r#"{"na\u001bme":"a"}"#).0, "body.control_character");
    parse(r#"{"name":"a\tb\nc"}"#).expect("tab and line break are taken");
}

#[test]
fn what_is_not_one_json_value_in_utf8_is_refused() {
    for text in [
        "",
        "{",
        "{\"name\":\"a\"} x",
        "{'name':'a'}",
        r#"{"name":"\ud800"}"#,
        "{\"name\":NaN}",
        "{\"size\":1e999}",
    ] {
        assert_eq!(refused(text).0, "body.not_json", "{text}");
    }
    let problem = json::parse::<Sample>("/", b"{\"name\":\"\xff\"}").expect_err("refused");
    assert_eq!(problem.kind.code, "body.not_utf8");
}

#[test]
fn equal_requests_have_equal_digests_and_secrets_are_left_out() {
    let digest = |text| parse(text).expect("fits").digest;
    let one = digest(r#"{"name":"a","size":1}"#);
    assert_eq!(one, digest(r#" { "size" : 1, "name" : "a" } "#));
    assert_eq!(one, digest(r#"{"name":"a","size":1,"password":"x"}"#));
    assert_ne!(one, digest(r#"{"name":"a","size":2}"#));
    let elsewhere = json::parse::<Sample>("/v1/other", br#"{"name":"a","size":1}"#).expect("fits").digest;
    assert_ne!(one, elsewhere);
}
