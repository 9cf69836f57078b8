//! What a vendor is told of an address before any mail: how good a contact it makes, and what to do.

use portal_tests::{Answer, Portal, Vendor, bounce, until};
use serde_json::{Value, json};

async fn opened(vendor: &Vendor<'_>, name: &str, contact: &str) -> Answer {
    let body = json!({ "vendor_name": name, "contact_email": contact });
    vendor.api.post("/v1/production-accounts", &body).send().await
}

async fn advice(vendor: &Vendor<'_>, name: &str, contact: &str) -> Value {
    let account = opened(vendor, name, contact).await;
    account.must_be(201);
    let path = format!("/v1/production-accounts/{}", account.text("/id"));
    vendor.api.get(&path).expect(200).await.body["contact"]["advice"].clone()
}

fn codes(advice: &Value) -> Vec<&str> {
    let reasons = advice["reasons"].as_array().expect("reasons").iter();
    reasons.map(|reason| reason["code"].as_str().expect("a code")).collect()
}

#[tokio::test]
async fn a_role_at_a_domain_of_ones_own_scores_highest_with_the_reasons() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let role = advice(&ada, "Acme", "support@acme.example").await;
    assert_eq!((role["score"].as_u64(), codes(&role)), (Some(100), vec!["shared_mailbox", "own_domain"]));
    let named = advice(&ada, "Quiz Lab", "quiz-lab@acme.example").await;
    assert_eq!((named["score"].as_u64(), codes(&named)), (Some(100), vec!["named_after_you", "own_domain"]));
    let points: i64 = role["reasons"].as_array().unwrap().iter().map(|r| r["points"].as_i64().unwrap()).sum();
    assert_eq!(points, 50, "what it scores above the middle");
}

#[tokio::test]
async fn a_personal_or_free_mailbox_is_taken_with_a_warning_that_says_what_to_name_instead() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let personal = advice(&ada, "Acme", "ada.lovelace@acme.example").await;
    assert_eq!((personal["score"].as_u64(), codes(&personal)[0]), (Some(50), "looks_personal"));
    assert!(personal["reasons"][0]["words"].as_str().unwrap().contains("such as support@"));
    let free = advice(&ada, "Quiz Lab", "quizlab@gmail.com").await;
    assert_eq!((free["score"].as_u64(), codes(&free)), (Some(20), vec!["free_mail"]));
}

#[tokio::test]
async fn a_contact_that_cannot_be_one_is_refused_with_the_way_out_and_nothing_is_made() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    for (contact, status, code, way_out) in [
        ("no-reply@acme.example", 422, "prodaccount.contact_takes_no_answers", "such as support@"),
        ("support@mailinator.com", 422, "prodaccount.contact_disposable", "name one that you keep"),
        ("support@eu.mailinator.com", 422, "prodaccount.contact_disposable", "name one that you keep"),
        ("support@gmial.com", 422, "prodaccount.contact_disposable", "did you mean gmail.com?"),
        ("\"ada l\"@acme.example", 422, "fields.invalid", "a plain name"),
        ("support@acme.con", 422, "fields.invalid", "did you mean acme.com?"),
    ] {
        let refused = opened(&ada, "Acme", contact).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{contact}");
        assert!(refused.body.to_string().contains(way_out), "{contact}: {}", refused.body);
    }
    let accounts = ada.api.get("/v1/production-accounts").expect(200).await;
    assert_eq!(accounts.list("/items").len(), 0);
}

#[tokio::test]
async fn a_slip_of_the_pen_is_asked_about_at_once_and_never_corrected_unasked() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let slip = advice(&ada, "Acme", "acme@gamil.com").await;
    assert_eq!((slip["did_you_mean"].as_str(), codes(&slip)[0]), (Some("gmail.com"), "likely_typo"));
    let body = json!({
        "email": "bob@hotmial.com", "password": "a long enough passphrase", "name": "Bob",
        "terms_version": "2026-11",
    });
    let started = portal.customer().api.post("/v1/sign-ups", &body).expect(202).await;
    assert_eq!(started.body["did_you_mean"], "hotmail.com");
}

#[tokio::test]
async fn an_operator_allows_and_denies_domains_by_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, list: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, list).expect("written");
        path
    };
    let (deny, allow) = (file("deny", "# ours\nthrow.example\n"), file("allow", "mailinator.com\n"));
    let sources = server::config::Sources {
        flags: vec![
            ("mode".to_owned(), "development".to_owned()),
            ("mail.disposable_deny".to_owned(), deny.display().to_string()),
            ("mail.disposable_allow".to_owned(), allow.display().to_string()),
        ],
        ..server::config::Sources::default()
    };
    let domains = server::config::Config::load(&sources).expect("valid").policy.disposable_domains;
    let portal = Portal::configured(|config| config.policy.disposable_domains = domains).await;
    let ada = portal.vendor("ada").await;
    let refused = opened(&ada, "Acme", "support@eu.throw.example").await;
    assert_eq!(refused.code(), "prodaccount.contact_disposable");
    opened(&ada, "Acme", "support@mailinator.com").await.must_be(201);
}

#[tokio::test]
async fn a_list_that_refuses_outsiders_is_explained_in_plain_words() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let path =
        format!("/v1/production-accounts/{}", opened(&ada, "Acme", "lti@acme.example").await.text("/id"));
    ada.api.post(&format!("{path}/contact/challenges"), &json!({})).expect(202).await;
    let return_path = portal.mail_for("lti@acme.example", 1).await.from;
    let contact = async || ada.api.get(&path).expect(200).await.body["contact"].clone();
    until("it is recorded", async || contact().await["challenge"]["mail"] == "sent").await;
    let report = bounce::Report { action: "failed", status: "5.7.2", recipient: "lti@acme.example" };
    bounce::bring(portal.inbound_address(), &return_path, &report.mail(&return_path)).await;
    let bounced = contact().await["bounced"].clone();
    assert_eq!(bounced["cause"], "members_only");
    let words = bounced["advice"].as_str().expect("advice");
    assert!(words.contains("members only") && words.contains("outside your organisation"), "{words}");
}
