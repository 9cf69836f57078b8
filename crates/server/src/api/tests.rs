use super::{ROUTES, Shape, Who, openapi};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

#[test]
fn the_committed_openapi_document_is_fresh() {
    crate::spec::assert_fresh("openapi.json", &pretty(&openapi::document()));
}

#[test]
fn the_committed_manifest_schema_is_fresh() {
    crate::spec::assert_fresh("manifest.schema.json", &pretty(&openapi::manifest_schema()));
}

#[test]
fn the_table_and_the_document_have_the_same_operations() {
    let document = openapi::document();
    let mut documented = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let route = format!("{} {path}", method.to_ascii_uppercase());
            let id = operation["operationId"].as_str().unwrap_or("(none)");
            documented.insert(route, id.to_owned());
        }
    }
    let table: BTreeMap<_, _> =
        ROUTES.iter().map(|row| (row.route.to_owned(), row.operation.to_owned())).collect();
    assert_eq!(table, documented);
    assert_eq!(table.len(), ROUTES.len(), "a route stands twice");
    assert_eq!(table.values().collect::<BTreeSet<_>>().len(), ROUTES.len(), "an operation id stands twice");
}

#[test]
fn every_path_parameter_is_documented() {
    let document = openapi::document();
    for row in ROUTES {
        let operation = &document["paths"][row.path()][row.method().as_str().to_ascii_lowercase()];
        let documented: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let named: BTreeSet<&str> =
            row.path().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named, documented, "{}", row.route);
        assert_eq!(operation["requestBody"].is_object(), row.has_body(), "{}", row.route);
    }
}

#[test]
fn objects_of_the_document_take_no_unknown_members() {
    let document = openapi::document();
    let mut open = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        if schema["properties"].is_object() && schema["additionalProperties"] != Value::Bool(false) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "these schemas take unknown members: {open:?}");
}

#[test]
fn what_changes_state_is_guarded() {
    for row in ROUTES {
        let changes = matches!(row.shape, Shape::Command | Shape::Change);
        let is_get = row.route.starts_with("GET ");
        assert!(!(changes && is_get), "{} changes state", row.route);
        let is_sign_up = row.path().starts_with("/v1/sign-ups");
        assert!(!changes || row.who != Who::Public || is_sign_up, "{} is open to all", row.route);
        let is_staff = row.path().starts_with("/v1/staff/") && row.path() != "/v1/staff/sessions";
        assert_eq!(is_staff, matches!(row.who, Who::Staff | Who::Approver), "{}", row.route);
        assert_eq!(row.path().starts_with("/gateway/"), row.who == Who::Gateway, "{}", row.route);
        let updates = row.route.starts_with("PUT ") || row.route.starts_with("PATCH ");
        // At the door the method is that of the call that is asked about.
        let is_asked = row.shape == Shape::Door;
        assert!(!updates || row.shape == Shape::Change || is_asked, "{} needs no version", row.route);
    }
}
