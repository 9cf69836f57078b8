//! The published contract, `api-spec/openapi.json`: every answer the tests see is held against it.

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

/// One request and its answer, as far as the contract speaks of them.
#[derive(Debug)]
pub struct Exchange<'e> {
    /// Method in capitals.
    pub method: &'e str,
    /// Path as sent, query included.
    pub path: &'e str,
    /// JSON body sent; none when there was none or it was no JSON.
    pub sent: Option<&'e Value>,
    /// Status answered.
    pub status: u16,
    /// Media type answered, parameters cut off.
    pub media_type: &'e str,
    /// Body answered; null when empty.
    pub body: &'e Value,
}

/// The document with its compiled schemas.
pub struct Contract {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The committed document.
    pub fn get() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api-spec/openapi.json");
            let text = std::fs::read_to_string(path).expect("api-spec/openapi.json is there");
            let document = serde_json::from_str(&text).expect("api-spec/openapi.json is JSON");
            Self { document, compiled: Mutex::default() }
        })
    }

    /// Every operation: (method in capitals, path template).
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.document["paths"].as_object().expect("the contract has paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flat_map(Map::keys);
            methods
                .filter(|method| {
                    matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete" | "options")
                })
                .map(move |method| (method.to_uppercase(), path.clone()))
        });
        operations.collect()
    }

    /// The operation's description.
    pub fn operation(&self, method: &str, template: &str) -> Option<&Value> {
        self.document["paths"].get(template)?.get(method.to_lowercase())
    }

    /// Fails when the answer is not one the contract promises.
    #[track_caller]
    pub fn check(&self, exchange: &Exchange<'_>) {
        // Readiness has a form of its own, and so have the protocols of others.
        let has_own_form = ["/readyz", "/gateway/auth-request", "/oauth2/token"].contains(&exchange.path)
            || exchange.media_type == "text/html";
        if exchange.status >= 400 && !has_own_form {
            self.check_problem(exchange);
        }
        let Some(template) = self.template(exchange.path) else {
            assert_eq!(exchange.status, 404, "a path outside the contract is not found: {exchange:?}");
            return;
        };
        let Some(operation) = self.operation(exchange.method, &template) else {
            assert_eq!(exchange.status, 405, "a method outside the contract is not allowed: {exchange:?}");
            return;
        };
        let Some(answer) = operation["responses"].get(exchange.status.to_string()) else {
            panic!("{} {template} does not document {}: {exchange:?}", exchange.method, exchange.status);
        };
        let place = format!("{} {template} {} {}", exchange.method, exchange.status, exchange.media_type);
        let answer = self.resolved(answer);
        match answer.get("content").and_then(|content| content.get(exchange.media_type)) {
            Some(content) => self.fits(&place, &content["schema"], exchange.body),
            None => assert!(
                exchange.body.is_null(),
                "{place} documents no {:?} body: {exchange:?}",
                exchange.media_type
            ),
        }
        let taken = (200..300).contains(&exchange.status);
        if let (true, Some(sent)) = (taken, exchange.sent) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            self.fits(&format!("{} {template} body", exchange.method), schema, sent);
        }
    }

    fn check_problem(&self, exchange: &Exchange<'_>) {
        assert_eq!(exchange.media_type, "application/problem+json", "{exchange:?}");
        self.fits("problem", &json!({ "$ref": "#/components/schemas/Problem" }), exchange.body);
        assert_eq!(exchange.body["status"], exchange.status, "{exchange:?}");
        let code = exchange.body["code"].as_str().expect("a problem has a code");
        let expected = match code {
            "gateway.quota_exceeded" => {
                "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
            }
            code => format!("/problems/{code}"),
        };
        assert_eq!(exchange.body["type"], expected, "{exchange:?}");
    }

    /// The template a path belongs to: the one with the fewest parameters.
    pub fn template(&self, path: &str) -> Option<String> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let segments: Vec<_> = path.split('/').collect();
        let matches = |template: &&String| {
            let parts: Vec<_> = template.split('/').collect();
            parts.len() == segments.len()
                && parts.iter().zip(&segments).all(|(part, segment)| part.starts_with('{') || part == segment)
        };
        let paths = self.document["paths"].as_object()?;
        paths.keys().filter(matches).min_by_key(|template| template.matches('{').count()).cloned()
    }

    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.document.pointer(pointer).expect("a reference leads somewhere"),
            None => value,
        }
    }

    #[track_caller]
    fn fits(&self, place: &str, schema: &Value, body: &Value) {
        let validator = self.compiled(place, schema);
        let faults: Vec<_> =
            validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{place} does not fit its schema: {faults:#?}\n{body:#}");
    }

    fn compiled(&self, place: &str, schema: &Value) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().expect("no test panics while it compiles");
        let entry = compiled.entry(place.to_owned());
        entry
            .or_insert_with(|| {
                let whole = json!({ "allOf": [schema], "components": self.document["components"] });
                let validator =
                    jsonschema::draft202012::options().should_validate_formats(true).build(&whole);
                Arc::new(validator.unwrap_or_else(|fault| panic!("{place} has no valid schema: {fault}")))
            })
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange<'e>(path: &'e str, status: u16, body: &'e Value) -> Exchange<'e> {
        Exchange { method: "GET", path, sent: None, status, media_type: "application/json", body }
    }

    #[test]
    fn a_path_belongs_to_the_template_with_the_fewest_parameters() {
        let template = |path| Contract::get().template(path);
        assert_eq!(template("/v1/groups?limit=1").as_deref(), Some("/v1/groups"));
        assert_eq!(template("/v1/groups/grp_x").as_deref(), Some("/v1/groups/{group}"));
        assert_eq!(template("/v1/groups/grp_x/y"), None);
    }

    fn complaint(exchange: &Exchange<'_>) -> String {
        let checked = std::panic::catch_unwind(|| Contract::get().check(exchange));
        *checked.expect_err("the contract does not promise this").downcast().expect("a text")
    }

    #[test]
    fn a_body_or_a_status_the_contract_does_not_promise_fails() {
        let page = json!({ "items": [], "next": 7 });
        assert!(complaint(&exchange("/v1/groups", 200, &page)).contains("does not fit its schema"));
        let problem = json!({
            "type": "/problems/x", "title": "X", "status": 418, "code": "x", "detail": "x",
            "instance": "00000000-0000-4000-8000-000000000000"
        });
        let teapot =
            Exchange { media_type: "application/problem+json", ..exchange("/v1/groups", 418, &problem) };
        assert!(complaint(&teapot).contains("does not document 418"));
    }
}
