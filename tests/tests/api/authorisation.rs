//! The authorisation ratchet: every operation of the contract × every role, against a committed table.
//! An operation without a row fails, and so does a row without an operation.

use portal_tests::{Api, Contract, PASSWORD, Portal, Release, complete_registration};
use serde_json::{Value, json};
use std::{cmp::Reverse, collections::BTreeMap};

const ROLES: [&str; 7] = ["anonymous", "owner", "other", "reader", "approver", "auditor", "gateway"];
/// A site that uses an integration of each group of the owner.
const SITE: &str = "site-1";
const TABLE: &str = include_str!("../../authorisation.txt");

/// (method, path) → what each role is answered, in the order of [`ROLES`].
fn table() -> BTreeMap<(String, String), Vec<&'static str>> {
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = rows.map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let operation = (words.next().expect("a method"), words.next().expect("a path"));
        let mut cells: Vec<_> = line.split_whitespace().skip(2).collect();
        if cells.len() + 1 == ROLES.len() {
            cells.push(cells[0]);
        }
        assert_eq!(cells.len(), ROLES.len(), "{line}");
        assert!(cells.iter().all(|cell| ["yes", "400", "401", "403", "404"].contains(cell)), "{line}");
        (operation, cells)
    });
    rows.collect()
}

#[test]
fn every_operation_of_the_contract_has_a_row_and_every_row_an_operation() {
    let rows: Vec<_> = table().into_keys().collect();
    let mut operations = Contract::get().operations();
    operations.sort();
    assert_eq!(rows, operations);
}

struct World<'p> {
    portal: &'p Portal,
    clients: Vec<Api>,
    release: Release,
    personal_group: String,
    challenge: String,
    sign_up: String,
    command: String,
    gateway: String,
    credential: String,
    secret: String,
}

#[tokio::test]
async fn every_role_is_answered_as_the_table_says() {
    let portal = Portal::start().await;
    let world = World::new(&portal).await;
    let mut surprises = Vec::new();
    // Parts before wholes, which may replace them; signing out comes last, for it ends the sessions.
    let mut rows: Vec<_> = table().into_iter().collect();
    rows.sort_by_key(|((_, path), _)| {
        (path.ends_with("/sessions/current"), Reverse(path.matches('/').count()))
    });
    for ((method, path), cells) in rows {
        // Those who may not go first: they must find the world as it was made.
        let mut order: Vec<_> = (0..ROLES.len()).collect();
        order.sort_by_key(|&role| cells[role] == "yes");
        for role in order {
            let status = world.ask(role, &method, &path).await;
            let held = match cells[role] {
                "yes" => status < 500 && !matches!(status, 400 | 401 | 403 | 404),
                other => status.to_string() == other,
            };
            if !held {
                surprises.push(format!("{method} {path} as {}: {status}, not {}", ROLES[role], cells[role]));
            }
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

impl<'p> World<'p> {
    async fn new(portal: &'p Portal) -> Self {
        let (owner, other) = (portal.vendor("owner").await, portal.vendor("other").await);
        let release = owner.ready_release("Alpha").await;
        owner.submit(&release).await.must_be(200);
        let command = owner.create_group("Alpha - Team").await;
        let mut clients = vec![portal.api(), owner.api.clone(), other.api.clone()];
        for role in ["reader", "approver", "auditor"] {
            clients.push(portal.staff(role).await.api);
        }
        let integration = owner.api.get(&format!("/v1/integrations/{}", release.integration));
        let secret = integration.expect(200).await.text("/secrets/0/id");
        let sign_up = portal.anonymous().sign_up("waiting@vendor.example").await.text("/id");
        let body = json!({ "vendor_name": "Second Company", "contact_email": "support@second.example" });
        let account = owner.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
        let path = format!("/v1/production-accounts/{account}/contact/challenges");
        let challenge = owner.api.post(&path, &json!({})).expect(202).await.text("/id");
        let gateway =
            clients[4].post("/v1/staff/gateways", &json!({ "name": "Frankfurt" })).expect(201).await;
        let machine = portal.gateway().await;
        let beta = owner.register(&complete_registration("Beta Tool")).await.text("/id");
        for integration in [&beta, &release.integration] {
            machine.register(integration, SITE).await.must_be(201);
        }
        clients.push(machine.api);
        Self {
            portal,
            clients,
            gateway: gateway.text("/id"),
            credential: gateway.text("/issued/id"),
            secret,
            release: Release { account, ..release },
            personal_group: owner.personal_group.clone(),
            challenge,
            sign_up,
            command: command.header("portal-command").expect("a command id").to_owned(),
        }
    }

    async fn ask(&self, role: usize, method: &str, template: &str) -> u16 {
        let client = &self.clients[role];
        let path = self.path(template);
        let mut request = client.request(method, &path);
        if method != "GET" && method != "DELETE" {
            request = request.json(&self.body(method, template).await);
        }
        if let Some(seen) = self.version_of(template).await {
            request = request.header("If-Match", &seen);
        }
        request.send().await.status
    }

    /// Fills the parameters: which id stands where is told by the segment before it.
    fn path(&self, template: &str) -> String {
        let mut before = "";
        let mut segments = Vec::new();
        for segment in template.split('/') {
            segments.push(match (segment.starts_with('{'), before) {
                (false, _) => segment,
                (true, _) if segment == "{integration}" => &self.release.integration,
                (true, _) if segment == "{site}" => SITE,
                (true, "groups") => &self.personal_group,
                (true, "production-accounts") => &self.release.account,
                (true, "production-groups" | "promotions") => &self.release.group,
                (true, "challenges" | "proofs") => &self.challenge,
                (true, "sign-ups") => &self.sign_up,
                (true, "gateways") => &self.gateway,
                (true, "credentials") => &self.credential,
                (true, "secrets") => &self.secret,
                (true, "commands") => &self.command,
                (true, _) => panic!("which id stands in {template}?"),
            });
            before = segment;
        }
        segments.join("/")
    }

    /// The version an update of this thing would name, seen by one who may.
    async fn version_of(&self, template: &str) -> Option<String> {
        let (_, rest) = template.split_once("/v1/")?;
        let rest = rest.strip_prefix("staff/").unwrap_or(rest);
        let noun = rest.split('/').next()?;
        let (client, path) = match noun {
            _ if !template.contains('{') || template.contains("/sites") => return None,
            "groups" if template.starts_with("/v1/staff/") => {
                (4, format!("/v1/staff/groups/{}", self.personal_group))
            }
            "groups" if template.ends_with("/shares") => {
                (1, format!("/v1/groups/{}/shares", self.personal_group))
            }
            "groups" => (1, format!("/v1/groups/{}", self.personal_group)),
            "integrations" => (1, format!("/v1/integrations/{}", self.release.integration)),
            "production-accounts" => (1, format!("/v1/production-accounts/{}", self.release.account)),
            "production-groups" | "promotions" => {
                (1, format!("/v1/production-groups/{}", self.release.group))
            }
            "gateways" => (4, format!("/v1/staff/gateways/{}", self.gateway)),
            _ => return None,
        };
        Some(self.clients[client].get(&path).expect(200).await.etag())
    }

    async fn body(&self, method: &str, template: &str) -> Value {
        let last = template.rsplit('/').find(|segment| !segment.starts_with('{')).unwrap_or_default();
        match (method, template, last) {
            (_, "/v1/sign-ups", _) => json!({
                "email": "new@vendor.example", "password": PASSWORD, "name": "New Person",
                "terms_version": self.portal.terms_version()
            }),
            (_, "/v1/sessions", _) => json!({ "email": "owner@vendor.example", "password": PASSWORD }),
            (_, "/v1/staff/sessions", _) => self.portal.fresh_staff_credentials().await,
            (_, "/gateway/sites", _) => json!({ "integration": self.release.integration, "site": "site-2" }),
            (_, "/v1/staff/gateways", _) => json!({ "name": "Dublin" }),
            (_, _, "proof") => json!({ "code": "AAAA-AAAA" }),
            (_, "/v1/groups", _) => json!({ "name": "Alpha - Other Team" }),
            (_, "/v1/groups/{group}", _) => json!({ "name": "Alpha - Renamed" }),
            (_, "/v1/integrations", _) => complete_registration("Gamma Tool"),
            ("PUT", _, "integrations") => complete_registration("Alpha Tool"),
            (_, _, "move") => json!({ "group": self.personal_group }),
            (_, "/v1/production-accounts", _) => {
                json!({ "vendor_name": "Third Company", "contact_email": "support@third.example" })
            }
            (_, _, "contact") => json!({ "email": "help@second.example" }),
            (_, "/v1/production-groups", _) => {
                json!({ "account": self.release.account, "name": "Second Company" })
            }
            (_, _, "production-groups") => json!({ "name": "Alpha Tool" }),
            (_, _, "limits-request") => json!({ "tier": "large", "justification": "More universities." }),
            (_, _, "shares") => json!({ "shares": [] }),
            (_, _, "test-mode") => json!({ "mode": "near" }),
            (_, _, "limits") => json!({ "calls": 20_000, "reason": "requested" }),
            (_, _, "grants") => json!({
                "calls": 40_000, "until": "2026-12-24T00:00:00Z", "reason": "peak"
            }),
            (_, _, "shadow") => json!({ "calls": 5_000 }),
            (_, _, "mailbox-readmissions") => json!({ "email": "support@third.example" }),
            (_, _, "suspension" | "resumption") => json!({ "reason": "other" }),
            (_, _, "changes-request" | "refusal") => json!({ "reason": "naming" }),
            _ => json!({}),
        }
    }
}
