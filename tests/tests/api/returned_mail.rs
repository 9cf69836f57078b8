//! What comes back of codes that could not be delivered, and what it does to the contact.

use portal_tests::{
    Portal, StaffMember, Vendor,
    bounce::{Report, bring},
    until,
};
use serde_json::{Value, json};

const CONTACT: &str = "support@acme.example";
const DAY: i64 = 24 * 60;

fn failed(status: &str) -> Report<'_> {
    Report { action: "failed", status, recipient: CONTACT }
}

async fn account(vendor: &Vendor<'_>) -> String {
    let body = json!({ "vendor_name": "Acme", "contact_email": CONTACT });
    let account = vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
    format!("/v1/production-accounts/{account}")
}

async fn contact(vendor: &Vendor<'_>, path: &str) -> Value {
    vendor.api.get(path).expect(200).await.body["contact"].clone()
}

/// Asks for a code and waits until it was sent; its return path.
async fn asked(portal: &Portal, vendor: &Vendor<'_>, path: &str, nth: usize) -> String {
    vendor.api.post(&format!("{path}/contact/challenges"), &json!({})).expect(202).await;
    sent(portal, vendor, path, nth).await
}

async fn sent(portal: &Portal, vendor: &Vendor<'_>, path: &str, nth: usize) -> String {
    let mail = portal.mail_for(CONTACT, nth).await;
    until("it is recorded", async || contact(vendor, path).await["challenge"]["mail"] == "sent").await;
    mail.from
}

async fn answered(portal: &Portal, vendor: &Vendor<'_>, path: &str, nth: usize) {
    let code = portal.code_for(CONTACT, nth).await;
    let challenge = contact(vendor, path).await["challenge"]["id"].as_str().expect("an id").to_owned();
    let proof = format!("{path}/contact/challenges/{challenge}/proof");
    vendor.api.post(&proof, &json!({ "code": code })).expect(200).await;
}

/// How many reports became what.
async fn count(staff: &StaffMember, outcome: &str) -> u64 {
    let room = staff.api.get("/v1/staff/mail").expect(200).await;
    let returned = room.body["returned"].as_array().expect("a list").clone();
    let found = returned.iter().find(|returned| returned["outcome"] == outcome);
    found.map_or(0, |returned| returned["count"].as_u64().expect("a count"))
}

#[tokio::test]
async fn a_first_code_that_comes_back_shows_why_and_a_second_one_may_still_prove() {
    let portal = Portal::start().await;
    let vendor = portal.vendor("ada").await;
    let path = account(&vendor).await;
    let return_path = asked(&portal, &vendor, &path, 1).await;
    let reply = bring(portal.inbound_address(), &return_path, &failed("5.1.1").mail(&return_path)).await;
    assert!(reply.starts_with("250"), "{reply}");
    let shown = contact(&vendor, &path).await;
    assert_eq!((&shown["state"], &shown["bounced"]["cause"]), (&json!("unreachable"), &json!("no_mailbox")));
    assert_eq!(shown["bounced"]["status"], "5.1.1");
    assert!(!shown.to_string().contains("script"), "words of a stranger");
    asked(&portal, &vendor, &path, 2).await;
    answered(&portal, &vendor, &path, 2).await;
    let shown = contact(&vendor, &path).await;
    assert_eq!((&shown["state"], &shown["bounced"]), (&json!("proven"), &Value::Null));
}

#[tokio::test]
async fn the_second_code_comes_from_a_sender_that_shares_nothing_with_the_first() {
    let portal = Portal::start().await;
    let vendor = portal.vendor("ada").await;
    let path = account(&vendor).await;
    let first = asked(&portal, &vendor, &path, 1).await;
    answered(&portal, &vendor, &path, 1).await;
    let second = sent(&portal, &vendor, &path, 2).await;
    assert!(first.starts_with("bounce+") && first.ends_with("@bounces.portal.example"), "{first}");
    assert!(second.starts_with("bounce+") && second.ends_with("@second.example"), "{second}");
    let mail = portal.mail_for(CONTACT, 2).await;
    let from = mail.header("From").expect("a sender");
    assert!(from.contains("<contact-") && from.ends_with("@second.example>"), "{from}");
    assert!(mail.header("Message-ID").expect("an id").ends_with("@second.example>"));
    assert_eq!(contact(&vendor, &path).await["open_to_strangers"], false);
    answered(&portal, &vendor, &path, 2).await;
    assert_eq!(contact(&vendor, &path).await["open_to_strangers"], true);
}

/// Proves the contact with both codes; gives the return path of the second.
async fn proven(portal: &Portal, vendor: &Vendor<'_>, path: &str) -> String {
    asked(portal, vendor, path, 1).await;
    answered(portal, vendor, path, 1).await;
    let return_path = sent(portal, vendor, path, 2).await;
    answered(portal, vendor, path, 2).await;
    return_path
}

#[tokio::test]
async fn one_mail_that_comes_back_asks_a_proven_contact_anew_and_another_ends_its_proof_after_the_grace() {
    let portal = Portal::start().await;
    let vendor = portal.vendor("ada").await;
    let path = account(&vendor).await;
    let return_path = proven(&portal, &vendor, &path).await;
    let report = failed("5.1.1").mail(&return_path);
    for _ in 0..2 {
        assert!(bring(portal.inbound_address(), &return_path, &report).await.starts_with("250"));
    }
    let shown = contact(&vendor, &path).await;
    assert_eq!((&shown["state"], &shown["bounced"]["cause"]), (&json!("degraded"), &json!("no_mailbox")));
    let third = sent(&portal, &vendor, &path, 3).await;
    assert!(third.ends_with("@second.example"), "it is asked anew by a sender of its own: {third}");
    assert!(bring(portal.inbound_address(), &third, &failed("5.1.1").mail(&third)).await.starts_with("250"));
    let shown = contact(&vendor, &path).await;
    assert_eq!(shown["state"], "degraded");
    let ends_at = portal.now() + chrono::TimeDelta::days(14);
    assert_eq!(shown["proven_until"], json!(ends_at));
    portal.advance_minutes(14 * DAY);
    let vendor = portal.signs_in_again(vendor).await;
    assert_eq!(contact(&vendor, &path).await["state"], "unreachable");
    let staff = portal.staff("reader").await;
    let troubled = staff.api.get("/v1/staff/contacts").expect(200).await;
    assert_eq!(troubled.body["items"][0]["trouble"], "ended");
}

#[tokio::test]
async fn what_is_delayed_forged_about_others_or_no_report_at_all_changes_nothing_and_is_counted() {
    let portal = Portal::start().await;
    let (vendor, staff) = (portal.vendor("ada").await, portal.staff("reader").await);
    let path = account(&vendor).await;
    let return_path = proven(&portal, &vendor, &path).await;
    let before = contact(&vendor, &path).await;
    for action in ["delayed", "relayed", "expanded", "delivered"] {
        let report = Report { action, ..failed("4.4.1") };
        assert!(
            bring(portal.inbound_address(), &return_path, &report.mail(&return_path))
                .await
                .starts_with("250")
        );
    }
    let of_another = Report { recipient: "sales@acme.example", ..failed("5.1.1") };
    let answers = [
        (return_path.clone(), of_another.mail(&return_path), "250"),
        (return_path.clone(), failed("5.7.26").mail(&return_path), "250"),
        (
            return_path.clone(),
            "Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nAway.".to_owned(),
            "250",
        ),
        (forged(&return_path), failed("5.1.1").mail(&return_path), "550 5.1.1"),
        ("bounce+me@bounces.portal.example".to_owned(), String::new(), "550 5.1.1"),
        ("postmaster@portal.example".to_owned(), String::new(), "550 5.1.1"),
    ];
    for (to, mail, answer) in answers {
        let reply = bring(portal.inbound_address(), &to, &mail).await;
        assert!(reply.starts_with(answer), "{reply} to {mail}");
    }
    assert_eq!(contact(&vendor, &path).await, before);
    let outcomes = [
        ("unfinished", 4),
        ("other_recipient", 1),
        ("sender_not_trusted", 1),
        ("automatic_answer", 1),
        ("forged_token", 1),
        ("malformed_token", 1),
        ("not_ours", 1),
    ];
    for (outcome, expected) in outcomes {
        assert_eq!(count(&staff, outcome).await, expected, "{outcome}");
    }
}

/// The same with another token.
fn forged(return_path: &str) -> String {
    let (local, domain) = return_path.split_once('@').expect("an address");
    let last = if local.ends_with('a') { 'b' } else { 'a' };
    format!("{}{last}@{domain}", &local[..local.len() - 1])
}

#[tokio::test]
async fn a_mail_server_may_deliver_into_a_folder_instead() {
    let portal = Portal::start().await;
    let (vendor, staff) = (portal.vendor("ada").await, portal.staff("reader").await);
    let path = account(&vendor).await;
    let return_path = asked(&portal, &vendor, &path, 1).await;
    let folder = portal.inbound_maildir();
    for (name, mail) in [("1.a", failed("5.2.2").mail(&return_path)), ("2.b", "no header".to_owned())] {
        std::fs::write(folder.join("tmp").join(name), mail).expect("a file");
        std::fs::rename(folder.join("tmp").join(name), folder.join("new").join(name)).expect("it moves");
    }
    until("it is taken", async || contact(&vendor, &path).await["bounced"].is_object()).await;
    assert_eq!(contact(&vendor, &path).await["bounced"]["cause"], "mailbox_full");
    until("both are dealt with", async || std::fs::read_dir(folder.join("new")).expect("it").count() == 0)
        .await;
    assert_eq!(std::fs::read_dir(folder.join("cur")).expect("a folder").count(), 2, "nothing is thrown away");
    assert_eq!((count(&staff, "recorded").await, count(&staff, "not_ours").await), (1, 1));
}

#[tokio::test]
async fn what_comes_back_of_other_mails_is_counted_and_changes_nothing() {
    let portal = Portal::start().await;
    let (vendor, staff) = (portal.vendor("ada").await, portal.staff("reader").await);
    let of_sign_up = portal.mail_for(&vendor.email, 1).await.from;
    let report = Report { recipient: &vendor.email, ..failed("5.1.1") }.mail(&of_sign_up);
    assert!(bring(portal.inbound_address(), &of_sign_up, &report).await.starts_with("250"));
    assert_eq!(count(&staff, "unknown_mail").await, 1);
    vendor.api.get("/v1/me").expect(200).await;
}
