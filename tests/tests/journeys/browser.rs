//! The page that mails with a code link to, in a real browser.

use fantoccini::Locator;
use portal_tests::{Portal, Vendor, browser::Browser, until};
use serde_json::json;

const CONTACT: &str = "support@acme.example";

async fn open(vendor: &Vendor<'_>) -> String {
    let body = json!({ "vendor_name": "Acme", "contact_email": CONTACT });
    let account = vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
    let path = format!("/v1/production-accounts/{account}");
    vendor.api.post(&format!("{path}/contact/challenges"), &json!({})).expect(202).await;
    path
}

/// The link in the `nth` mail as this portal is reached here, and the code in it.
async fn link(portal: &Portal, nth: usize) -> (String, String) {
    let text = portal.mail_for(CONTACT, nth).await.text();
    let line = text.lines().find(|line| line.contains("/proofs/")).expect("the mail has a link").to_owned();
    let (page, code) = line.split_once('#').expect("the code is in the fragment");
    let path = &page[page.find("/proofs/").expect("a path")..];
    (format!("{}{path}", portal.base()), code.to_owned())
}

/// Waits until the page has this heading: a press of a button returns before the next page is there.
async fn shows(browser: &Browser, heading: &str) {
    until(heading, async || {
        let Ok(found) = browser.page().find(Locator::Css("h1")).await else { return false };
        found.text().await.is_ok_and(|text| text == heading)
    })
    .await;
}

async fn press(browser: &Browser, label: &str) {
    let button = format!("//button[normalize-space()='{label}']");
    browser.page().find(Locator::XPath(&button)).await.expect(label).click().await.expect("it is pressed");
}

async fn typed(browser: &Browser) -> String {
    let field = browser.page().find(Locator::Id("code")).await.expect("a field");
    field.prop("value").await.expect("readable").unwrap_or_default()
}

#[tokio::test]
async fn the_link_in_the_mail_brings_its_code_along_and_two_presses_confirm_the_mailbox() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let account = open(&ada).await;
    let browser = Browser::start().await;
    for (nth, outcome) in [(1, "One more code is on its way"), (2, "The mailbox is confirmed")] {
        let (page, code) = link(&portal, nth).await;
        browser.page().goto(&format!("{page}#{code}")).await.expect("it opens");
        shows(&browser, "Does this mailbox receive mail?").await;
        assert_eq!(typed(&browser).await, code, "the script fills the code in");
        let shown = browser.page().current_url().await.expect("an address");
        assert_eq!(shown.fragment(), None, "the code stays in no history");
        press(&browser, "Confirm").await;
        shows(&browser, outcome).await;
    }
    assert_eq!(ada.api.get(&account).expect(200).await.body["contact"]["open_to_strangers"], true);
    browser.close().await;
}

#[tokio::test]
async fn without_script_the_code_is_typed_and_a_wrong_one_is_told_beside_the_field() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    open(&ada).await;
    let browser = Browser::without_script().await;
    let (page, code) = link(&portal, 1).await;
    browser.page().goto(&format!("{page}#{code}")).await.expect("it opens");
    assert_eq!(typed(&browser).await, "", "nothing fills the field in");
    let field = browser.page().find(Locator::Id("code")).await.expect("a field");
    field.send_keys("AAAA-AAAA").await.expect("typed");
    press(&browser, "Confirm").await;
    until("what is wrong is said", async || {
        let Ok(alert) = browser.page().find(Locator::Css("[role=alert]")).await else { return false };
        alert.text().await.is_ok_and(|text| text.contains("does not work here"))
    })
    .await;
    let field = browser.page().find(Locator::Id("code")).await.expect("the field again");
    field.send_keys(&code.to_lowercase()).await.expect("typed");
    press(&browser, "Confirm").await;
    shows(&browser, "One more code is on its way").await;
    browser.close().await;
}

#[tokio::test]
async fn whoever_was_asked_by_mistake_ends_it_with_one_press() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let account = open(&ada).await;
    let browser = Browser::start().await;
    let (page, code) = link(&portal, 1).await;
    browser.page().goto(&format!("{page}#{code}")).await.expect("it opens");
    press(&browser, "This is not the vendor\u{2019}s mailbox").await;
    shows(&browser, "No more codes will come").await;
    until("the vendor is told", async || {
        ada.api.get(&account).expect(200).await.body["contact"]["disowned_at"].is_string()
    })
    .await;
    browser.close().await;
}
