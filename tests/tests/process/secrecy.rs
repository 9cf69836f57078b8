use crate::install;
use portal_tests::{Anonymous, code_for, process::files_holding, terms_version};
use serde_json::json;
use server::demo::smtp_sink::SmtpSink;

const EMAIL: &str = "canary-person-81f3@vendor.example";
const CONTACT: &str = "canary-support-5ac0@vendor.example";
const NAME: &str = "Canary Surname 3d77";
const PASSWORD: &str = "canary-passphrase-e2b9-long";
const JUSTIFICATION: &str = "canary-justification-77aa";

#[tokio::test(flavor = "multi_thread")]
async fn no_password_address_name_code_or_secret_stands_in_the_data_or_in_a_log() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let server = installation.serve().await;
    let stranger = Anonymous::new(server.api(), &sink);
    let body =
        json!({ "email": EMAIL, "password": PASSWORD, "name": NAME, "terms_version": terms_version() });
    let sign_up = stranger.api.post("/v1/sign-ups", &body).expect(202).await;
    let code = code_for(&sink, EMAIL, 1).await;
    assert_eq!(stranger.sign_in(EMAIL, "canary-wrong-passphrase").await.status, 401);
    stranger.prove(&sign_up, &code).await.must_be(201);
    let session = stranger.sign_in(EMAIL, PASSWORD).await;
    let token = session.text("/token");
    let api = stranger.api.with_token(&token);
    assert_eq!(api.get("/v1/me").expect(200).await.text("/name"), NAME);
    let tool = portal_tests::complete_registration("Canary Tool");
    let registered = api.post("/v1/integrations", &tool).expect(201).await;
    let secret = registered.text("/credentials/secret");
    let account = json!({ "vendor_name": "Canary Company", "contact_email": CONTACT });
    let account = api.post("/v1/production-accounts", &account).expect(201).await;
    let challenges = format!("/v1/production-accounts/{}/contact/challenges", account.text("/id"));
    let challenge = api.post(&challenges, &json!({})).expect(202).await.text("/id");
    let contact_code = code_for(&sink, CONTACT, 1).await;
    let proof = json!({ "code": contact_code });
    api.post(&format!("{challenges}/{challenge}/proof"), &proof).expect(200).await;
    let group = json!({ "account": account.text("/id"), "name": "Canary Company" });
    let group = api.post("/v1/production-groups", &group).expect(201).await;
    let asked = json!({ "tier": "standard", "justification": JUSTIFICATION });
    let path = format!("/v1/production-groups/{}/limits-request", group.text("/id"));
    api.put(&path, &asked).if_unchanged(&group).expect(200).await;
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
    assert!(log.contains("/v1/integrations"), "the log tells of requests");
    let canaries = [
        EMAIL,
        CONTACT,
        NAME,
        PASSWORD,
        "canary-wrong-passphrase",
        JUSTIFICATION,
        &code,
        &contact_code,
        &token,
        &secret,
    ];
    for canary in canaries {
        let files = files_holding(&installation.data_dir(), canary);
        assert!(files.is_empty(), "{canary} stands in {files:?}");
        assert!(!log.contains(canary), "{canary} stands in the log");
    }
    let kept = files_holding(&installation.data_dir(), "Canary Tool");
    assert!(!kept.is_empty(), "what is public is found, so the search works");
}
