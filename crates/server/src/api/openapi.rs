//! The OpenAPI 3.1 document: successes and bodies from the handlers' annotations, everything that follows
//! from the table of routes (who may, which headers, which failures) from the table.

use super::{
    Endpoint, ROUTES, Shape, Who, accounts, allowances, commands, contacts, door, gateways, groups,
    integrations, lookup, mail, me, notices, oauth, policy, production_groups, promotions, proofs, quota,
    service, sessions, sign_ups, sites, usage,
};
use crate::problem::{MEDIA_TYPE, ProblemBody};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "devportal",
        description = "Registration backend of a developer portal. Failures are problem documents (RFC 9457).",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    paths(
        sign_ups::start::handle,
        sign_ups::prove::handle,
        proofs::show::handle,
        proofs::answer::handle,
        sessions::sign_in::handle,
        sessions::sign_out::handle,
        sessions::sign_in_staff::handle,
        me::get::handle,
        groups::list::handle,
        groups::create::handle,
        groups::get::handle,
        groups::rename::handle,
        quota::get::handle,
        usage::get::handle,
        notices::list::handle,
        groups::timeline::handle,
        allowances::get_shares::handle,
        allowances::declare_shares::handle,
        integrations::list::handle,
        integrations::register::handle,
        integrations::get::handle,
        integrations::declare::handle,
        integrations::issue_secret::handle,
        integrations::revoke_secret::handle,
        integrations::set_test_mode::handle,
        integrations::move_to::handle,
        accounts::list::handle,
        accounts::open::handle,
        accounts::get::handle,
        accounts::declare_contact::handle,
        accounts::request_challenge::handle,
        accounts::prove_contact::handle,
        accounts::request_check::handle,
        production_groups::list::handle,
        production_groups::draft::handle,
        production_groups::get::handle,
        production_groups::rename::handle,
        production_groups::ask_limits::handle,
        production_groups::checklist::handle,
        production_groups::submit::handle,
        production_groups::withdraw::handle,
        production_groups::timeline::handle,
        contacts::list::handle,
        mail::get::handle,
        mail::readmit::handle,
        promotions::list::handle,
        promotions::get::handle,
        promotions::start_review::handle,
        promotions::request_changes::handle,
        promotions::approve::handle,
        promotions::refuse::handle,
        allowances::get::handle,
        allowances::set_limits::handle,
        allowances::grant::handle,
        allowances::set_shadow::handle,
        allowances::end_shadow::handle,
        allowances::suspend::handle,
        allowances::resume::handle,
        gateways::list::handle,
        gateways::register::handle,
        gateways::get::handle,
        gateways::issue_credential::handle,
        gateways::revoke_credential::handle,
        gateways::retire::handle,
        sites::list::handle,
        sites::remove::handle,
        sites::register::handle,
        sites::release::handle,
        lookup::get::handle,
        commands::get::handle,
        policy::get::handle,
        door::authorize::handle,
        door::by_method::post::handle,
        door::by_method::put::handle,
        door::by_method::patch::handle,
        door::by_method::delete::handle,
        door::by_method::options::handle,
        door::auth_request::handle,
        oauth::token::handle,
        service::openapi::handle,
        service::livez::handle,
        service::readyz::handle,
    )
)]
struct Annotated;

/// What a status of failure means, whatever the operation.
const FAILURES: &[(u16, &str)] = &[
    (400, "The request is malformed, or has a field or parameter that is unknown or of the wrong type."),
    (401, "Signing in is needed, or failed."),
    (403, "Whoever asks may not do this."),
    (404, "There is no such thing, or none the caller may know of."),
    (406, "The answer is only available as application/json."),
    (409, "The present state does not allow it."),
    (412, "It has changed since the version in If-Match."),
    (413, "The body has more than 64 KiB."),
    (415, "The body must be sent as application/json."),
    (422, "Fields break rules; the problem says which."),
    (428, "The request must name the version it changes in If-Match."),
    (429, "Too many attempts; Retry-After says when to try again."),
    (500, "The server failed."),
    (503, "Something needed is busy or not there; Retry-After says when to try again."),
    (507, "The device is full; reading goes on."),
];

/// The document.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Annotated::openapi()).unwrap_or_default();
    document["info"]["version"] = json!("1");
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "http", "scheme": "bearer", "description": "A session token, `dpt_…`." },
        "gateway": {
            "type": "apiKey", "in": "header", "name": "Portal-Gateway",
            "description": "The credential of a gateway, `dpg_…`."
        }
    });
    document["components"]["headers"] = headers();
    document["components"]["responses"] = FAILURES
        .iter()
        .map(|(status, meaning)| (format!("Problem{status}"), failure(*status, meaning)))
        .collect();
    for endpoint in ROUTES {
        let method = endpoint.method().as_str().to_ascii_lowercase();
        complete(endpoint, &mut document["paths"][endpoint.path()][method]);
    }
    widen(&mut document);
    document
}

/// Our numbers of 32 bits have no sign, which no format says; `int32` would promise to refuse the upper half.
fn widen(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("format").is_some_and(|format| format == "int32") {
                members.insert("format".to_owned(), json!("int64"));
                members.entry("maximum").or_insert(json!(u32::MAX));
            }
            members.values_mut().for_each(widen);
        }
        Value::Array(items) => items.iter_mut().for_each(widen),
        _ => {}
    }
}

/// The JSON Schema of the body that registers an integration.
pub fn manifest_schema() -> Value {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let mut schema = schemas["RegisterIntegration"].clone();
    let mut definitions = Map::new();
    let mut open = references(&schema);
    while let Some(name) = open.pop() {
        if !definitions.contains_key(&name) {
            open.extend(references(&schemas[&name]));
            definitions.insert(name.clone(), schemas[&name].clone());
        }
    }
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!("manifest.schema.json");
    schema["title"] = json!("Registration of an integration");
    schema["$defs"] = Value::Object(definitions);
    rewrite_references(&mut schema);
    schema
}

const COMPONENTS: &str = "#/components/schemas/";

/// Names of the components a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(|target| target.as_str()?.strip_prefix(COMPONENTS));
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn rewrite_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replace(COMPONENTS, "#/$defs/");
                    }
                    value => rewrite_references(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite_references),
        _ => {}
    }
}

/// Adds to an operation what follows from its row of the table.
fn complete(endpoint: &Endpoint, operation: &mut Value) {
    operation["security"] = match endpoint.who {
        Who::Public => json!([]),
        Who::Developer | Who::Staff | Who::Approver | Who::SignedIn => json!([{ "session": [] }]),
        Who::Gateway => json!([{ "gateway": [] }]),
    };
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.extend(header_parameters(endpoint));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        for (status, response) in responses.iter_mut() {
            add_headers(endpoint, status, response);
        }
        if endpoint.operation == "look_up" {
            responses.insert("304".to_owned(), not_modified());
        }
        for status in failures(endpoint) {
            responses.entry(status.to_string()).or_insert_with(|| failure_of(endpoint, status));
        }
    }
}

/// A failure of an operation. The door's carry no id of the request: it has none.
fn failure_of(endpoint: &Endpoint, status: u16) -> Value {
    let meaning = FAILURES.iter().find(|(known, _)| *known == status).map(|(_, meaning)| *meaning);
    match meaning {
        Some(meaning) if endpoint.shape == Shape::Door => {
            let mut response = failure(status, meaning);
            if let Some(headers) = response["headers"].as_object_mut() {
                headers.remove("X-Request-Id");
            }
            response
        }
        _ => json!({ "$ref": format!("#/components/responses/Problem{status}") }),
    }
}

/// Which failures an operation can answer.
fn failures(endpoint: &Endpoint) -> Vec<u16> {
    let mut statuses = vec![400, 406, 500, 503];
    if endpoint.who != Who::Public {
        statuses.extend([401, 403]);
    }
    if endpoint.path().contains('{') {
        statuses.push(404);
    }
    if endpoint.has_body() {
        statuses.extend([413, 415, 422]);
    }
    match endpoint.shape {
        Shape::Apart if endpoint.has_body() => statuses.extend([401, 429, 507]),
        Shape::Read if endpoint.takes_position() => statuses.push(409),
        Shape::Apart | Shape::Read => {}
        Shape::Door => statuses = door_failures(endpoint),
        Shape::Command => statuses.extend([404, 409, 507]),
        Shape::Change => statuses.extend([404, 409, 412, 428, 507]),
    }
    match endpoint.operation {
        "get_me" => statuses.push(404),
        "register_site" | "request_challenge" | "request_check" => statuses.push(429),
        _ => {}
    }
    statuses
}

/// The dialect of nginx has no other failures than those it documents itself.
fn door_failures(endpoint: &Endpoint) -> Vec<u16> {
    if endpoint.operation == "auth_request" { Vec::new() } else { vec![400, 401, 403, 404, 429, 500, 503] }
}

/// Headers that a gateway asks with.
const DOOR_PARAMETERS: &[(&str, &str, &str)] = &[
    (
        "Authorization",
        "^.*$",
        "What the caller shows: `Bearer` with a secret or token, or `Basic` with key and secret.",
    ),
    (
        "Portal-Integration-Key",
        "^.*$",
        "The caller's public key; counts only beside `;caller=key` in `Portal-Gateway`.",
    ),
    ("Portal-Site", "^[!-~]{1,64}$", "The customer site that the call is for."),
    (
        "Portal-Time",
        "^[0-9]{1,15}$",
        "When it was signed: milliseconds since 1970, UTC, at most 30 s behind our time and 5 s ahead of it.",
    ),
    ("Portal-Nonce", "^[!-~]{16,64}$", "Used once; signed requests only."),
    (
        "Portal-Signature",
        "^[0-9a-f]{64}$",
        "HMAC-SHA-256 under the text of the signing key over nine lines, joined by line feeds: method, path, \
         `Portal-Gateway` (the credential's id), `Authorization`, `Portal-Integration-Key`, `Portal-Site`, \
         `Portal-Cost`, `Portal-Time`, `Portal-Nonce`; each as sent, an absent one empty. Where the node has a \
         `gateway.audience`, that is a line before them.",
    ),
    ("Portal-Cost", "^[1-9][0-9]{0,9}$", "Units that the call takes; 1 when absent."),
];

/// Headers that a gateway signs other requests with.
const SIGNED_PARAMETERS: &[(&str, &str, &str)] = &[
    (
        "Portal-Time",
        "^[0-9]{1,15}$",
        "When it was signed: milliseconds since 1970, UTC, at most 30 s behind our time and 5 s ahead of it.",
    ),
    ("Portal-Nonce", "^[!-~]{16,64}$", "Used once; signed requests only."),
    (
        "Portal-Signature",
        "^[0-9a-f]{64}$",
        "HMAC-SHA-256 under the text of the signing key over seven lines, joined by line feeds: method, path, \
         `Portal-Gateway` (the credential's id), `Idempotency-Key`, `Content-Digest`, `Portal-Time`, \
         `Portal-Nonce`; each as sent, an absent one empty. Where the node has a `gateway.audience`, that is a \
         line before them.",
    ),
    (
        "Content-Digest",
        "^sha-256=:[A-Za-z0-9+/]{43}=:$",
        "Of the body (RFC 9530); needed where it is signed.",
    ),
];

/// Headers of the door's answers.
const DOOR_HEADERS: [&str; 4] =
    ["RateLimit-Policy", "RateLimit", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining"];

fn header_parameters(endpoint: &Endpoint) -> Vec<Value> {
    let parameter = |name: &str, required: bool, description: &str, schema: Value| json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema });
    let mut parameters = Vec::new();
    if endpoint.takes_key() {
        let schema = json!({ "type": "string", "pattern": "^[!-~]{1,128}$" });
        parameters.push(parameter("Idempotency-Key", false, "The same key makes the same command.", schema));
    }
    if endpoint.shape == Shape::Change {
        let schema = json!({ "type": "string", "pattern": "^\"[0-9a-f]{8}\\.[0-9]{1,19}\"$" });
        parameters.push(parameter(
            "If-Match",
            true,
            "The `ETag` of the version to change; a list or `*` is refused with 400.",
            schema,
        ));
    }
    if endpoint.takes_position() {
        let schema = json!({ "type": "string", "pattern": "^[0-9a-f]{8}\\.[0-9]{1,19}$" });
        let description = "The `Portal-Position` the answer must have seen.";
        parameters.push(parameter("Portal-Min-Position", false, description, schema));
    }
    if endpoint.shape == Shape::Door {
        for (name, pattern, description) in DOOR_PARAMETERS {
            parameters.push(parameter(
                name,
                false,
                description,
                json!({ "type": "string", "pattern": pattern }),
            ));
        }
    }
    if endpoint.who == Who::Gateway && endpoint.shape != Shape::Door {
        for (name, pattern, description) in SIGNED_PARAMETERS {
            let schema = json!({ "type": "string", "pattern": pattern });
            parameters.push(parameter(name, false, description, schema));
        }
    }
    if endpoint.operation == "look_up" {
        let schema = json!({ "type": "string" });
        parameters.push(parameter("If-None-Match", false, "The `ETag` of the card at hand.", schema));
    }
    parameters
}

/// Headers of successful answers.
fn add_headers(endpoint: &Endpoint, status: &str, response: &mut Value) {
    let mut names = vec!["X-Request-Id"];
    if endpoint.shape == Shape::Door {
        names = if matches!(status, "200" | "204") { DOOR_HEADERS.to_vec() } else { Vec::new() };
    }
    let is_command = matches!(endpoint.shape, Shape::Command | Shape::Change);
    let makes_account_later = endpoint.operation == "start_sign_up";
    if is_command && !makes_account_later {
        names.extend(["Portal-Position", "Portal-Command"]);
    }
    if endpoint.takes_key() && !makes_account_later {
        names.push("Idempotent-Replay");
    }
    if is_command && status == "201" {
        names.push("Location");
    }
    let shows_version = match endpoint.shape {
        Shape::Read => !endpoint.operation.starts_with("list_") && endpoint.path().ends_with('}'),
        Shape::Command | Shape::Change => {
            status != "202" && !["prove_sign_up", "readmit_mailbox"].contains(&endpoint.operation)
        }
        Shape::Apart | Shape::Door => false,
    };
    if (shows_version && endpoint.operation != "get_command") || endpoint.operation == "get_me" {
        names.push("ETag");
    }
    for name in names {
        response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
    }
}

fn not_modified() -> Value {
    json!({
        "description": "The card at hand is current.",
        "headers": {
            "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" },
            "ETag": { "$ref": "#/components/headers/ETag" },
        }
    })
}

fn headers() -> Value {
    let header = |description: &str, pattern: &str| json!({ "description": description, "required": true, "schema": { "type": "string", "pattern": pattern } });
    let mut headers = json!({
        "X-Request-Id": header("The portal's id of the request.", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        "Portal-Position": header("A read with this as `Portal-Min-Position` sees the change.", "^[0-9a-f]{8}\\.[0-9]+$"),
        "Portal-Command": header("Id of the command, to ask what became of it.", "^cmd_[a-z2-7]{26}$"),
        "Idempotent-Replay": header("The command had been carried out before; nothing happened now.", "^true$"),
        "Location": header("Where the thing that was made is.", "^/"),
        "ETag": header("Version of what is shown.", "^\"[0-9a-f.]+\"$"),
        "RateLimit-Policy": header("The limits in force, by name: units `q` in `w` seconds.", "^\"group\";q="),
        "RateLimit": header("What is left, `r`; all of it is free again after `t` seconds at the latest.", "^\"[a-z]+\";r=[0-9]+;t=[0-9]+$"),
        "X-Rate-Limit-Limit": header("Units of the group's limit.", "^[0-9]+$"),
        "X-Rate-Limit-Remaining": header("Units left.", "^[0-9]+$"),
        "Retry-After": header("Seconds until trying again makes sense.", "^[0-9]+$"),
    });
    headers["Idempotent-Replay"]["required"] = json!(false);
    headers
}

fn failure(status: u16, meaning: &str) -> Value {
    let mut response = json!({
        "description": meaning,
        "headers": { "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } },
        "content": { MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    if matches!(status, 429 | 503) {
        response["headers"]["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
    }
    response
}
