//! Principals as types: what a person can do is a method of what they are, one a gesture. Builders act
//! through the public API only.

use crate::api::{Answer, Api};
use domain::policy::Policy;
use serde_json::{Value, json};
use server::demo::{mail::Mail, smtp_sink::SmtpSink};
use std::time::Duration;

/// How long a mail may take.
const MAIL_PATIENCE: Duration = Duration::from_secs(30);

/// Password of every test developer.
pub const PASSWORD: &str = "a long enough passphrase";

/// The terms a developer accepts.
pub fn terms_version() -> String {
    Policy::default().terms_version
}

/// An address's `nth` mail, counted from 1.
pub async fn mail_for(mails: &SmtpSink, address: &str, nth: usize) -> Mail {
    mails.wait_for(address, nth, MAIL_PATIENCE).await.unwrap_or_else(|none| panic!("{address}: {none}"))
}

/// The code in an address's `nth` mail, counted from 1.
pub async fn code_for(mails: &SmtpSink, address: &str, nth: usize) -> String {
    let mail = mail_for(mails, address, nth).await;
    mail.code().unwrap_or_else(|| panic!("no code in: {}", mail.text()))
}

/// A code that is certainly another.
pub fn wrong_code(code: &str) -> String {
    let first = if code.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &code[1..])
}

/// Somebody not signed in.
pub struct Anonymous<'p> {
    /// The client.
    pub api: Api,
    mails: &'p SmtpSink,
}

/// A developer, signed in.
pub struct Vendor<'p> {
    /// The client.
    pub api: Api,
    /// Sign-in address.
    pub email: String,
    /// Own id.
    pub id: String,
    /// The group made with the account.
    pub personal_group: String,
    pub(crate) mails: &'p SmtpSink,
}

/// A member of staff, signed in.
pub struct StaffMember {
    /// The client.
    pub api: Api,
    /// Own id.
    pub id: String,
}

/// A gateway in front of the platform.
pub struct Gateway {
    /// The client.
    pub api: Api,
    /// Own id.
    pub id: String,
}

/// Somebody who was handed an integration ID.
pub struct Customer {
    /// The client.
    pub api: Api,
}

/// A production account with a proven contact, its group, and the integration in it.
#[derive(Debug, Clone)]
pub struct Release {
    /// `pac_…`
    pub account: String,
    /// `prd_…`
    pub group: String,
    /// Integration ID.
    pub integration: String,
    /// Address of the contact.
    pub contact: String,
}

impl<'p> Anonymous<'p> {
    /// At the door of a portal whose mails arrive in `mails`.
    pub fn new(api: Api, mails: &'p SmtpSink) -> Self {
        Self { api, mails }
    }

    /// Asks for an account.
    pub async fn sign_up(&self, email: &str) -> Answer {
        let body = json!({
            "email": email, "password": PASSWORD, "name": "Test Person", "terms_version": terms_version()
        });
        self.api.post("/v1/sign-ups", &body).expect(202).await
    }

    /// Types a code.
    pub async fn prove(&self, sign_up: &Answer, code: &str) -> Answer {
        let path = format!("/v1/sign-ups/{}/proof", sign_up.text("/id"));
        self.api.post(&path, &json!({ "code": code })).send().await
    }

    /// Signs in as a developer.
    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.api.post("/v1/sessions", &json!({ "email": email, "password": password })).send().await
    }

    /// Sign-up, proof with the mailed code, sign-in.
    pub async fn becomes_vendor(self, email: &str) -> Vendor<'p> {
        let sign_up = self.sign_up(email).await;
        let code = code_for(self.mails, email, 1).await;
        let proven = self.prove(&sign_up, &code).await;
        proven.must_be(201);
        let session = self.sign_in(email, PASSWORD).await;
        session.must_be(201);
        Vendor {
            api: self.api.with_token(&session.text("/token")),
            email: email.to_owned(),
            id: proven.text("/developer"),
            personal_group: proven.text("/default_group"),
            mails: self.mails,
        }
    }
}

/// A registration with everything a release needs. Hosts are derived from the name, so two names never
/// share one.
pub fn complete_registration(name: &str) -> Value {
    let host: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let url = |path: &str| format!("https://{host}.vendor.example/{path}");
    json!({
        "name": name,
        "kinds": ["lti13", "rest"],
        "description": "Registered by a test.",
        "hosts": [format!("{host}.vendor.example")],
        "support_url": url("help"),
        "lti": {
            "login_initiation_url": url("login"),
            "redirect_uris": [url("launch")],
            "jwks_uri": url("jwks"),
            "target_link_uri": url("launch"),
            "messages": ["LtiResourceLinkRequest"],
            "placements": [{ "type": "course_tool", "name": "Tool" }]
        },
        "rest": { "entitlements": ["system.course.VIEW"], "suggested_user": "Tool User", "suggested_role": "Tool Role" }
    })
}

impl Vendor<'_> {
    /// Registers what a file says.
    pub async fn register(&self, facts: &Value) -> Answer {
        self.api.post("/v1/integrations", facts).expect(201).await
    }

    /// Makes a development group.
    pub async fn create_group(&self, name: &str) -> Answer {
        self.api.post("/v1/groups", &json!({ "name": name })).expect(201).await
    }

    /// Opens a production account and proves its contact with the mailed code.
    pub async fn proven_account(&self, vendor_name: &str, contact: &str) -> Answer {
        let body = json!({
            "vendor_name": vendor_name, "contact_email": contact, "support_url": "https://vendor.example/support"
        });
        let account = self.api.post("/v1/production-accounts", &body).expect(201).await;
        let challenges = format!("/v1/production-accounts/{}/contact/challenges", account.text("/id"));
        let challenge = self.api.post(&challenges, &json!({})).expect(202).await;
        let code = code_for(self.mails, contact, 1).await;
        let proof = format!("{challenges}/{}/proof", challenge.text("/id"));
        let proven = self.api.post(&proof, &json!({ "code": code })).expect(200).await;
        let second = format!("{challenges}/{}/proof", proven.text("/contact/challenge/id"));
        let code = code_for(self.mails, contact, 2).await;
        self.api.post(&second, &json!({ "code": code })).expect(200).await
    }

    /// Account, contact, group, integration, limits: everything before the submission.
    pub async fn ready_release(&self, vendor_name: &str) -> Release {
        let contact = format!("support@{}.example", vendor_name.to_lowercase());
        let account = self.proven_account(vendor_name, &contact).await.text("/id");
        let integration =
            self.register(&complete_registration(&format!("{vendor_name} Tool"))).await.text("/id");
        let body = json!({ "account": account, "name": vendor_name });
        let group = self.api.post("/v1/production-groups", &body).expect(201).await.text("/id");
        let path = format!("/v1/integrations/{integration}/move");
        self.api.post(&path, &json!({ "group": group })).expect(200).await;
        let release = Release { account, group, integration, contact };
        self.ask_limits(&release, &json!({ "tier": "standard", "justification": "Twelve universities." }))
            .await;
        release
    }

    /// The production group as it is now.
    pub async fn production_group(&self, release: &Release) -> Answer {
        self.api.get(&format!("/v1/production-groups/{}", release.group)).expect(200).await
    }

    /// Asks for limits.
    pub async fn ask_limits(&self, release: &Release, asked: &Value) -> Answer {
        let seen = self.production_group(release).await;
        let path = format!("/v1/production-groups/{}/limits-request", release.group);
        self.api.put(&path, asked).if_unchanged(&seen).expect(200).await
    }

    /// Hands the group in.
    pub async fn submit(&self, release: &Release) -> Answer {
        let seen = self.production_group(release).await;
        let path = format!("/v1/production-groups/{}/submission", release.group);
        self.api.post(&path, &json!({})).if_unchanged(&seen).send().await
    }

    /// Takes the submission back.
    pub async fn withdraw(&self, release: &Release) -> Answer {
        let seen = self.production_group(release).await;
        let path = format!("/v1/production-groups/{}/withdrawal", release.group);
        self.api.post(&path, &json!({})).if_unchanged(&seen).send().await
    }
}

impl StaffMember {
    /// One request with its evidence.
    pub async fn promotion(&self, release: &Release) -> Answer {
        self.api.get(&format!("/v1/staff/promotions/{}", release.group)).expect(200).await
    }

    /// Begins a review.
    pub async fn review(&self, release: &Release) -> Answer {
        self.transition(release, "review", &json!({})).await
    }

    /// Sends it back.
    pub async fn request_changes(&self, release: &Release, reason: &str, note: &str) -> Answer {
        self.transition(release, "changes-request", &json!({ "reason": reason, "note": note })).await
    }

    /// Grants it.
    pub async fn approve(&self, release: &Release) -> Answer {
        self.transition(release, "approval", &json!({})).await
    }

    /// Refuses it.
    pub async fn refuse(&self, release: &Release, reason: &str) -> Answer {
        self.transition(release, "refusal", &json!({ "reason": reason })).await
    }

    /// What a group of either kind may use.
    pub async fn allowance(&self, group: &str) -> Answer {
        self.api.get(&format!("/v1/staff/groups/{group}")).expect(200).await
    }

    /// Gives a group limits of its own.
    pub async fn set_limits(&self, group: &str, body: &Value) -> Answer {
        self.decide(group, "PUT", "limits", body).await
    }

    /// Gives a group other calls for some time.
    pub async fn grant(&self, group: &str, body: &Value) -> Answer {
        self.decide(group, "POST", "grants", body).await
    }

    /// Has every call of a group refused.
    pub async fn suspend(&self, group: &str, reason: &str, note: &str) -> Answer {
        self.decide(group, "POST", "suspension", &json!({ "reason": reason, "note": note })).await
    }

    /// Lets a group's calls pass again.
    pub async fn resume(&self, group: &str) -> Answer {
        self.decide(group, "POST", "resumption", &json!({ "reason": "resolved" })).await
    }

    /// Decides about a group as it is now.
    pub async fn decide(&self, group: &str, method: &str, step: &str, body: &Value) -> Answer {
        let seen = self.allowance(group).await;
        let path = format!("/v1/staff/groups/{group}/{step}");
        let request = self.api.request(method, &path).if_unchanged(&seen);
        if method == "DELETE" { request.send().await } else { request.json(body).send().await }
    }

    /// Lets a gateway in.
    pub async fn register_gateway(&self, name: &str) -> Answer {
        self.api.post("/v1/staff/gateways", &json!({ "name": name })).expect(201).await
    }

    async fn transition(&self, release: &Release, step: &str, body: &Value) -> Answer {
        let seen = self.promotion(release).await;
        let path = format!("/v1/staff/promotions/{}/{step}", release.group);
        self.api.post(&path, body).if_unchanged(&seen).send().await
    }
}

impl Gateway {
    /// An institution installs an integration at a site.
    pub async fn register(&self, integration: &str, site: &str) -> Answer {
        let body = json!({ "integration": integration, "site": site });
        self.api.post("/gateway/sites", &body).send().await
    }

    /// An institution removes an integration from a site.
    pub async fn release(&self, integration: &str, site: &str) -> Answer {
        self.api.request("DELETE", &format!("/gateway/sites/{integration}/{site}")).send().await
    }
}

impl Customer {
    /// Looks an integration ID up.
    pub async fn look_up(&self, integration: &str) -> Answer {
        self.api.get(&format!("/v1/lookup/{integration}")).send().await
    }
}
