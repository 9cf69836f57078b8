use app::contact_checks::Look;
use futures_util::future::join_all;
use portal_tests::{Answer, Portal, Vendor, until};
use reachability::{Finding, Flag, Occasion, Reason, Signals};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Mail hosts that say what a test wants, whatever they are asked.
struct Hosts {
    says: Mutex<Finding>,
    looks: AtomicUsize,
}

impl Hosts {
    fn that_say(reason: Reason) -> Arc<Self> {
        Arc::new(Self { says: Mutex::new(found(reason)), looks: AtomicUsize::new(0) })
    }

    fn say(&self, finding: Finding) {
        *self.says.lock().expect("not poisoned") = finding;
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Look for Hosts {
    fn look<'a>(&'a self, _: &'a str, _: &'a Occasion) -> Pin<Box<dyn Future<Output = Finding> + Send + 'a>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let finding = self.says.lock().expect("not poisoned").clone();
        Box::pin(async move { finding })
    }
}

fn found(reason: Reason) -> Finding {
    let (flags, evidence, signals) = (BTreeSet::new(), Vec::new(), Signals::default());
    Finding { reason, flags, evidence, believed_for: None, signals, queries: 1 }
}

async fn account(vendor: &Vendor<'_>, name: &str) -> String {
    let contact = format!("support@{}.example", name.to_lowercase());
    let body = json!({ "vendor_name": name, "contact_email": contact });
    vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id")
}

fn path(account: &str) -> String {
    format!("/v1/production-accounts/{account}")
}

async fn ask(vendor: &Vendor<'_>, account: &str) -> Answer {
    vendor.api.post(&format!("{}/contact/checks", path(account)), &json!({})).send().await
}

/// The account, once a look at its contact has found this.
async fn until_found(vendor: &Vendor<'_>, account: &str, reason: &str) -> Answer {
    until("the look is recorded", async || {
        let shown = vendor.api.get(&path(account)).expect(200).await;
        shown.body["contact"]["checked"]["reason"] == reason
    })
    .await;
    vendor.api.get(&path(account)).expect(200).await
}

#[tokio::test]
async fn owners_are_told_what_was_found_and_have_it_looked_at_again() {
    let hosts = Hosts::that_say(Reason::NoMailbox);
    let portal = Portal::looking(hosts.clone()).await;
    let ada = portal.vendor("ada").await;
    let alpha = account(&ada, "Alpha").await;
    let shown = until_found(&ada, &alpha, "no_mailbox").await;
    let checked = &shown.body["contact"]["checked"];
    assert_eq!(
        (&checked["verdict"], &checked["advice"]),
        (&json!("unreachable"), &json!(Reason::NoMailbox.words()))
    );
    hosts.say(found(Reason::Taken));
    let asked = ask(&ada, &alpha).await;
    asked.must_be(202);
    assert_eq!(asked.body["epoch"], 1);
    assert_eq!(asked.text("/due_at"), portal.now().format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let shown = until_found(&ada, &alpha, "recipient_taken").await;
    assert_eq!(shown.body["contact"]["state"], "pending", "a look proves nothing");
}

#[tokio::test]
async fn nobody_but_members_learns_what_was_found() {
    let hosts = Hosts::that_say(Reason::Taken);
    let portal = Portal::looking(hosts.clone()).await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let release = ada.ready_release("Alpha").await;
    let approver = portal.staff("approver").await;
    ada.submit(&release).await.must_be(200);
    approver.review(&release).await.must_be(200);
    approver.approve(&release).await.must_be(200);
    portal.until_released(&release.integration).await;
    until_found(&ada, &release.account, "recipient_taken").await;
    portal.advance_minutes(1);
    hosts.say(found(Reason::NoMailbox));
    ask(&ada, &release.account).await.must_be(202);
    let shown = until_found(&ada, &release.account, "no_mailbox").await;
    assert_eq!(shown.body["contact"]["state"], "degraded");
    let refused = ask(&eve, &release.account).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "resource.not_found"));
    eve.api.get(&path(&release.account)).refused(404, "resource.not_found").await;
    let card = portal.customer().look_up(&release.integration).await;
    let shown: Vec<_> = card.body["contact"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(shown, ["class", "degraded_since", "email", "means", "proven_at", "state"]);
    let listed = approver.api.get("/v1/staff/contacts").expect(200).await;
    for text in [card.body.to_string(), listed.body.to_string()] {
        for word in ["no_mailbox", "doubtful", "verdict"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    assert_eq!(listed.list("/items").len(), 1);
    assert_eq!(listed.body["items"][0]["trouble"], "degraded");
}

#[tokio::test]
async fn the_eleventh_wish_in_an_hour_is_refused_with_the_rule_and_when_it_may_be_had() {
    let hosts = Hosts::that_say(Reason::NoMailbox);
    let portal = Portal::looking(hosts.clone()).await;
    let ada = portal.vendor("ada").await;
    let alpha = account(&ada, "Alpha").await;
    until_found(&ada, &alpha, "no_mailbox").await;
    ask(&ada, &alpha).await.must_be(202);
    // Wishes while one is due are that one.
    until("ten were had", async || ask(&ada, &alpha).await.status == 429).await;
    until("all are made", async || hosts.looks() == 11).await;
    portal.advance_minutes(15);
    let refused = ask(&ada, &alpha).await;
    assert_eq!(refused.code(), "contact.too_many_checks");
    assert_eq!(refused.header("retry-after"), Some("2700"));
    assert_eq!(refused.text("/detail"), "one account asks for at most 10 looks an hour");
    let bob = portal.vendor("bob").await;
    let other = account(&bob, "Umbra").await;
    ask(&bob, &other).await.must_be(202);
}

#[tokio::test]
async fn sixty_four_wishes_at_once_are_all_granted_and_are_few_looks() {
    let hosts = Hosts::that_say(Reason::NoMailbox);
    let portal = Portal::looking(hosts.clone()).await;
    let ada = portal.vendor("ada").await;
    let alpha = account(&ada, "Alpha").await;
    until_found(&ada, &alpha, "no_mailbox").await;
    let asked = join_all((0..64).map(|_| ask(&ada, &alpha))).await;
    let refused: Vec<_> = asked.iter().filter(|answer| !matches!(answer.status, 202 | 429)).collect();
    assert!(refused.is_empty() && asked[0].status == 202, "{refused:?}");
    until("it is looked at", async || hosts.looks() > 1).await;
    assert!(hosts.looks() <= 11, "never more than the budget: {}", hosts.looks());
}

#[tokio::test]
async fn staff_see_contacts_in_trouble_the_oldest_first_page_by_page() {
    let portal = Portal::looking(Hosts::that_say(Reason::Taken)).await;
    let (ada, reader) = (portal.vendor("ada").await, portal.staff("reader").await);
    let mut accounts = Vec::new();
    for name in ["Alpha", "Beta", "Gamma"] {
        accounts.push(account(&ada, name).await);
        portal.advance_minutes(1);
    }
    ada.proven_account("Delta", "support@delta.example").await;
    let first = reader.api.get("/v1/staff/contacts?limit=2").expect(200).await;
    let rest = format!("/v1/staff/contacts?limit=2&cursor={}", first.text("/next"));
    let rest = reader.api.get(&rest).expect(200).await;
    let items: Vec<Value> = first.list("/items").into_iter().chain(rest.list("/items")).collect();
    let listed: Vec<_> = items.iter().map(|item| item["account"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, accounts, "and not the one that is proven");
    assert!(items.iter().all(|item| item["trouble"] == "awaiting"));
    assert_eq!(rest.body["next"], Value::Null);
}

#[tokio::test]
async fn a_blocked_port_shows_in_readiness_and_keeps_the_server_ready() {
    let hosts = Hosts::that_say(Reason::Taken);
    let portal = Portal::looking(hosts.clone()).await;
    let ada = portal.vendor("ada").await;
    assert_eq!(portal.api().get("/readyz").expect(200).await.body["contacts"]["ready"], true);
    let blocked = Finding { flags: [Flag::EgressUntested].into(), ..found(Reason::Egress) };
    hosts.say(blocked);
    account(&ada, "Alpha").await;
    until("it shows", async || {
        portal.api().get("/readyz").expect(200).await.body["contacts"]["ready"] == false
    })
    .await;
    let shown = portal.api().get("/readyz").expect(200).await;
    assert_eq!(
        shown.text("/contacts/reason"),
        "no mail server is reached: port 25 is probably blocked for us"
    );
}

#[tokio::test]
async fn a_portal_that_does_not_look_says_so_to_members_only() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let alpha = account(&ada, "Alpha").await;
    let refused = ask(&ada, &alpha).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "contact.not_looked_at"));
    assert_eq!(ask(&eve, &alpha).await.status, 404);
    assert!(portal.api().get("/readyz").expect(200).await.body.get("contacts").is_none());
}
