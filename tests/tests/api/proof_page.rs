//! The page that mails with a code link to, as mail scanners, readers and guessers use it.

use futures_util::future::join_all;
use portal_tests::{Answer, Portal, Vendor, until, wrong_code};
use serde_json::{Value, json};

const CONTACT: &str = "support@acme.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// A vendor whose contact was mailed its first code.
struct Scene<'p> {
    portal: &'p Portal,
    vendor: Vendor<'p>,
    account: String,
}

impl<'p> Scene<'p> {
    async fn new(portal: &'p Portal) -> Self {
        let vendor = portal.vendor("ada").await;
        let account = open(&vendor, "Acme", CONTACT).await;
        let scene = Self { portal, vendor, account };
        scene.ask(202).await;
        scene
    }

    async fn ask(&self, expected: u16) -> Answer {
        let path = format!("{}/contact/challenges", self.account);
        self.vendor.api.post(&path, &json!({})).expect(expected).await
    }

    async fn contact(&self) -> Value {
        self.vendor.api.get(&self.account).expect(200).await.body["contact"].clone()
    }

    /// Where the link in the `nth` mail leads, and the code in it.
    async fn link(&self, nth: usize) -> (String, String) {
        let mail = self.portal.mail_for(CONTACT, nth).await;
        link(&mail.text())
    }

    async fn gives(&self, page: &str, code: &str, answer: &str) -> Answer {
        gives(self.portal, page, code, answer).await
    }
}

async fn open(vendor: &Vendor<'_>, name: &str, contact: &str) -> String {
    let body = json!({ "vendor_name": name, "contact_email": contact });
    let account = vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
    format!("/v1/production-accounts/{account}")
}

fn link(text: &str) -> (String, String) {
    let line = text.lines().find(|line| line.contains("/proofs/")).expect("the mail has a link");
    let (page, code) = line.split_once('#').expect("the code is in the fragment");
    (page[page.find("/proofs/").expect("a path")..].to_owned(), code.to_owned())
}

async fn gives(portal: &Portal, page: &str, code: &str, answer: &str) -> Answer {
    let form = format!("code={code}&answer={answer}");
    portal.api().request("POST", page).bytes(FORM, form).header("Sec-Fetch-Site", "same-origin").send().await
}

#[tokio::test]
async fn a_thousand_fetches_by_scanners_change_nothing_and_the_code_works_after_them() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    until("it is recorded", async || scene.contact().await["challenge"]["mail"] == "sent").await;
    let before = scene.contact().await;
    let position = scene.vendor.api.get("/v1/me").expect(200).await;
    let api = portal.api();
    for _ in 0..20 {
        let fetches = (0..50).map(|n| api.request(if n % 5 == 0 { "HEAD" } else { "GET" }, &page).send());
        for answer in join_all(fetches).await {
            assert_eq!(answer.status, 200);
        }
    }
    assert_eq!(scene.contact().await, before);
    assert_eq!(scene.vendor.api.get("/v1/me").expect(200).await.body, position.body);
    let confirmed = scene.gives(&page, &code, "yes").await;
    assert_eq!((confirmed.status, confirmed.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(confirmed.page().contains("One more code is on its way"), "{}", confirmed.page());
    let (page, code) = scene.link(2).await;
    assert!(scene.gives(&page, &code, "yes").await.page().contains("The mailbox is confirmed"));
    assert_eq!(scene.contact().await["open_to_strangers"], true);
}

#[tokio::test]
async fn the_page_loads_nothing_is_kept_nowhere_and_says_the_same_of_every_id() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, _) = scene.link(1).await;
    let known = portal.api().get(&page).expect(200).await;
    let unknown = portal.api().get("/proofs/itt_aaaqeayeaudaocajbifqydiob4").expect(200).await;
    assert_eq!(known.page(), unknown.page());
    let policy = known.header("content-security-policy").expect("a policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(known.header("cache-control"), Some("no-store"));
    assert_eq!(known.header("referrer-policy"), Some("no-referrer"));
    assert!(!known.page().contains("http"), "nothing of another place: {}", known.page());
}

#[tokio::test]
async fn sixty_four_redemptions_by_page_and_interface_give_one_success() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    let challenge = page.rsplit('/').next().expect("an id");
    let proof = format!("{}/contact/challenges/{challenge}/proof", scene.account);
    let by_page = join_all((0..32).map(|_| scene.gives(&page, &code, "yes")));
    let by_vendor = join_all((0..32).map(|_| scene.vendor.api.post(&proof, &json!({ "code": code })).send()));
    let (by_page, by_vendor) = futures_util::join!(by_page, by_vendor);
    let wins = by_page.iter().chain(&by_vendor).filter(|answer| answer.status == 200).count();
    assert_eq!(wins, 1);
    assert!(by_page.iter().all(|answer| [200, 422].contains(&answer.status)));
    let timeline = scene.contact().await;
    assert_eq!(timeline["state"], "proven");
}

#[tokio::test]
async fn a_wrong_code_an_unknown_id_a_dead_code_and_no_id_at_all_are_alike() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    let wrong = scene.gives(&page, &wrong_code(&code), "yes").await;
    assert_eq!(wrong.status, 422);
    for (page, code) in [
        ("/proofs/itt_aaaqeayeaudaocajbifqydiob4", &*code),
        ("/proofs/itt_none", &code),
        (&page, "ABCD-EF"),
        (&page, "%00%ff"),
    ] {
        for answer in ["yes", "no"] {
            let other = scene.gives(page, code, answer).await;
            assert_eq!((other.status, other.page()), (422, wrong.page()), "{page} {code} {answer}");
        }
    }
    for form in ["", "code=", "answer=yes", "code=ABCD-EFGH&answer=perhaps", &"x".repeat(2_000)] {
        let other = portal.api().request("POST", &page).bytes(FORM, form).send().await;
        assert_eq!((other.status, other.page()), (422, wrong.page()), "{form}");
    }
    scene.ask(202).await;
    let replaced = scene.gives(&page, &code, "yes").await;
    assert_eq!((replaced.status, replaced.page()), (422, wrong.page()));
}

#[tokio::test]
async fn a_form_sent_from_another_site_changes_nothing() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    let form = format!("code={code}&answer=no");
    for site in ["cross-site", "same-site"] {
        let api = portal.api();
        let post = api.request("POST", &page).bytes(FORM, form.clone());
        assert_eq!(post.header("Sec-Fetch-Site", site).send().await.status, 403);
    }
    assert_eq!(scene.contact().await["disowned_at"], Value::Null);
}

#[tokio::test]
async fn a_code_is_dead_after_ten_wrong_tries_on_the_page() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    for answer in ["yes", "no"].repeat(5) {
        assert_eq!(scene.gives(&page, &wrong_code(&code), answer).await.status, 422);
    }
    assert_eq!(scene.gives(&page, &code, "yes").await.status, 422);
    assert_eq!(scene.contact().await["state"], "pending");
}

#[tokio::test]
async fn who_says_that_it_is_not_theirs_gets_no_more_codes_of_any_vendor_until_staff_let_them_in_again() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    scene.ask(202).await;
    // The mail before the newest one will do, too.
    assert!(scene.gives(&page, &code, "no").await.page().contains("No more codes will come"));
    assert!(scene.contact().await["disowned_at"].is_string());
    assert_eq!(scene.ask(409).await.text("/code"), "prodaccount.contact_disowned");
    let bob = portal.vendor("bob").await;
    for contact in [CONTACT, "support+other@acme.example", "Support@ACME.example"] {
        let body = json!({ "vendor_name": "Umbra", "contact_email": contact });
        let refused = bob.api.post("/v1/production-accounts", &body).expect(409).await;
        assert_eq!(refused.text("/code"), "prodaccount.contact_disowned", "{contact}");
    }
    let readmit = json!({ "email": CONTACT });
    let readmissions = "/v1/staff/mailbox-readmissions";
    portal.staff("reader").await.api.post(readmissions, &readmit).expect(403).await;
    portal.staff("approver").await.api.post(readmissions, &readmit).expect(204).await;
    portal.advance_minutes(24 * 60);
    let vendor = portal.signs_in_again(scene.vendor).await;
    let scene = Scene { vendor, ..scene };
    scene.ask(202).await;
    let (page, code) = scene.link(3).await;
    assert_eq!(scene.gives(&page, &code, "yes").await.status, 200);
    assert_eq!(scene.contact().await["disowned_at"], Value::Null);
}

#[tokio::test]
async fn a_proof_that_somebody_else_gave_is_put_in_doubt_by_who_reads_the_mailbox() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    assert_eq!(scene.gives(&page, &code, "yes").await.status, 200);
    let (second, second_code) = scene.link(2).await;
    assert_eq!(scene.gives(&second, &second_code, "yes").await.status, 200);
    assert_eq!(scene.contact().await["state"], "proven");
    assert_eq!(scene.gives(&page, &code, "no").await.status, 200);
    assert_eq!(scene.contact().await["state"], "degraded");
    assert_eq!(scene.contact().await["challenge"], Value::Null, "it is not asked again");
}

#[tokio::test]
async fn a_code_of_an_earlier_declaration_of_the_same_address_is_dead() {
    let portal = Portal::start().await;
    let scene = Scene::new(&portal).await;
    let (page, code) = scene.link(1).await;
    for contact in ["help@acme.example", CONTACT] {
        let seen = scene.vendor.api.get(&scene.account).expect(200).await;
        let declare =
            scene.vendor.api.put(&format!("{}/contact", scene.account), &json!({ "email": contact }));
        declare.if_unchanged(&seen).expect(200).await;
    }
    scene.ask(202).await;
    let (newer, newer_code) = scene.link(2).await;
    for (page, code) in [(&page, &code), (&newer, &code)] {
        for answer in ["yes", "no"] {
            assert_eq!(scene.gives(page, code, answer).await.status, 422);
        }
    }
    assert_eq!(scene.gives(&newer, &newer_code, "yes").await.status, 200);
}

#[tokio::test]
async fn a_sign_up_is_proven_or_ended_on_the_page() {
    let portal = Portal::start().await;
    for (email, answer, says) in [
        ("ada@acme.example", "yes", "Your address is proven"),
        ("eve@acme.example", "no", "The sign-up has been ended"),
    ] {
        portal.anonymous().sign_up(email).await;
        let (page, code) = link(&portal.mail_for(email, 1).await.text());
        assert_eq!(gives(&portal, &page, &wrong_code(&code), answer).await.status, 422);
        let done = gives(&portal, &page, &code, answer).await;
        assert!(done.page().contains(says), "{}", done.page());
        let again = gives(&portal, &page, &code, "yes").await;
        assert_eq!(again.status, 422);
    }
    portal.anonymous().sign_in("ada@acme.example", portal_tests::PASSWORD).await.must_be(201);
    portal.anonymous().sign_in("eve@acme.example", portal_tests::PASSWORD).await.must_be(401);
}
