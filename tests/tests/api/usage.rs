//! What people are told of their calls, over HTTP.

use domain::policy::Policy;
use portal_tests::{Answer, Portal, Vendor};
use serde_json::{Value, json};

const CALLS: u32 = 20;

/// A portal with few calls in development, a gateway at its door, and a vendor with a REST application.
struct Door<'p> {
    portal: &'p Portal,
    ada: Vendor<'p>,
    gateway: String,
    secret: String,
    integration: String,
}

/// Customer sites that have the integration installed.
const SITES: [&str; 3] = ["site-a", "site-b", "=1+1"];

fn few_calls() -> Policy {
    let mut policy = Policy::default();
    policy.development.calls = CALLS;
    policy
}

impl<'p> Door<'p> {
    async fn of(portal: &'p Portal) -> Self {
        let staff = portal.staff("approver").await;
        let gateway = staff.register_gateway("Frankfurt").await.text("/issued/credential");
        let ada = portal.vendor("ada").await;
        let made = ada.register(&json!({ "name": "=Quiz <1>", "kinds": ["rest"] })).await;
        let [integration, secret] = ["/id", "/credentials/secret"].map(|pointer| made.text(pointer));
        for site in SITES {
            let body = json!({ "integration": integration, "site": site });
            portal.api().as_gateway(&gateway).post("/gateway/sites", &body).expect(201).await;
        }
        Self { portal, ada, gateway, secret, integration }
    }

    async fn call(&self, site: &str) -> u16 {
        let api = self.portal.api();
        let request = api.get("/gateway/authorize").header("Portal-Gateway", &self.gateway);
        let request =
            request.header("Authorization", &format!("Bearer {}", self.secret)).header("Portal-Site", site);
        request.send().await.status
    }

    async fn calls(&self, number: u32, site: &str) {
        for _ in 0..number {
            self.call(site).await;
        }
        self.portal.write_usage().await;
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/groups/{}/{what}", self.ada.personal_group)
    }

    async fn get(&self, what: &str) -> Answer {
        self.ada.api.get(&self.path(what)).expect(200).await
    }
}

#[tokio::test]
async fn a_quota_shows_limit_use_rest_and_the_instant_at_which_calls_become_free() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let fresh = door.get("quota").await.body;
    assert_eq!(
        (&fresh["limit"], &fresh["window_s"], &fresh["window"]),
        (&json!(20), &json!(86_400), &json!("rolling"))
    );
    assert_eq!(
        (&fresh["used"], &fresh["remaining"], &fresh["next_free"]),
        (&json!(0), &json!(20), &Value::Null)
    );
    assert_eq!(fresh["forecast"]["text"], "No calls in the last hour.");
    door.calls(15, "site-a").await;
    let used = door.get("quota").await.body;
    assert_eq!((&used["used"], &used["remaining"]), (&json!(15), &json!(5)));
    assert_eq!(door.get("quota").await.body["remaining"], 5, "looking costs nothing");
    assert_eq!((&used["next_free"]["calls"], &used["next_free"]["limit"]), (&json!(15), &json!("group")));
    assert_eq!(
        used["next_free"]["why"],
        "The oldest calls that count leave the rolling window of 24 hours then."
    );
    let freed =
        used["next_free"]["at"].as_str().and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let waits = freed.expect("an instant") - portal.now();
    assert!((24 * 60..=24 * 60 + 2).contains(&waits.num_minutes()), "{waits}");
    assert!(
        used["forecast"]["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("At this pace, empty at 2026-11-22 "))
    );
    portal.advance_minutes(24 * 60 + 2);
    let path = door.path("quota");
    let ada = portal.signs_in_again(door.ada).await;
    assert_eq!(ada.api.get(&path).expect(200).await.body["remaining"], 20);
}

#[tokio::test]
async fn usage_is_told_as_json_by_site_integration_and_outcome() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let empty = door.get("usage").await;
    assert_eq!(empty.list("/steps").len(), 288);
    assert_eq!(empty.body["total"], json!({ "admitted": 0, "refused": 0, "aside": 0, "shadow_refused": 0 }));
    assert_eq!(empty.list("/series").len(), 1);
    door.calls(15, "site-a").await;
    door.calls(8, "site-b").await;
    for (range, steps) in [("24h", 288), ("30d", 30), ("1y", 12)] {
        let whole = door.get(&format!("usage?range={range}")).await;
        assert_eq!(
            whole.body["total"],
            json!({ "admitted": 20, "refused": 3, "aside": 0, "shadow_refused": 0 }),
            "{range}"
        );
        assert_eq!(whole.list("/steps").len(), steps);
        assert_eq!(whole.list("/series/0/admitted").last(), Some(&json!(20)));
    }
    assert_eq!(empty.list("/steps").last(), Some(&json!("2026-11-22T12:00:00Z")));
    let sites = door.get("usage?by=site").await;
    let told: Vec<_> = sites
        .list("/series")
        .iter()
        .map(|one| (one["id"].clone(), one["total"]["admitted"].clone()))
        .collect();
    assert_eq!(told, [(json!("site-a"), json!(15)), (json!("site-b"), json!(5))]);
    let integrations = door.get("usage?by=integration").await;
    assert_eq!(integrations.text("/series/0/id"), door.integration);
    assert_eq!(integrations.text("/series/0/name"), "=Quiz <1>");
    let outcomes = door.get("usage?by=outcome").await;
    let told: Vec<_> = outcomes.list("/series").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(told, ["admitted", "quota_refused"]);
}

#[tokio::test]
async fn usage_is_told_as_csv_without_formulas_and_as_a_picture_without_script() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    door.calls(3, "=1+1").await;
    let by_accept = door.ada.api.get(&door.path("usage?range=30d&by=site")).header("Accept", "text/csv");
    let csv = by_accept.expect(200).await;
    assert!(csv.header("content-type").is_some_and(|media| media.starts_with("text/csv")));
    assert!(
        csv.header("content-disposition")
            .is_some_and(|text| text.starts_with("attachment; filename=\"usage-grp_"))
    );
    let text = csv.body.as_str().expect("text").to_owned();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "step_start_utc,part_kind,part,name,admitted,refused,aside,shadow_refused");
    assert_eq!((lines.len(), lines[30]), (31, "2026-11-22T00:00:00Z,site,\"'=1+1\",,3,0,0,0"));
    let by_format = door.get("usage?range=30d&by=site&format=csv").await;
    assert_eq!(by_format.body, csv.body);
    let svg = door.get("usage?by=integration&format=svg").await;
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert!(
        svg.header("content-security-policy").is_some_and(|policy| policy.contains("style-src 'sha256-"))
    );
    let picture = svg.body.as_str().expect("text");
    assert!(picture.starts_with("<svg ") && picture.contains("=Quiz &lt;1&gt;"), "{picture}");
    assert!(!picture.contains("<script"));
}

#[tokio::test]
async fn only_usage_has_other_forms_and_unknown_words_are_refused() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let of = |what: &str| format!("/v1/groups/{}/{what}", ada.personal_group);
    ada.api.get(&of("quota")).header("Accept", "text/csv").refused(406, "route.not_acceptable").await;
    ada.api.get(&of("usage")).header("Accept", "text/html").refused(406, "route.not_acceptable").await;
    ada.api.get(&of("usage")).header("Accept", "image/*").expect(200).await;
    for query in ["range=25h", "by=colour", "format=pdf", "limit=3", "range=24h&range=30d"] {
        ada.api.get(&of(&format!("usage?{query}"))).refused(400, "query.invalid").await;
    }
    ada.api.get(&of("quota?range=24h")).refused(400, "query.invalid").await;
    ada.api.get("/v1/groups/grp_short/quota").refused(404, "resource.not_found").await;
}

#[tokio::test]
async fn staff_see_every_groups_quota_and_others_see_none() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let release = ada.ready_release("Alpha").await;
    let staff = portal.staff("reader").await;
    for group in [&ada.personal_group, &release.group] {
        for what in ["quota", "usage", "usage?format=csv"] {
            let path = format!("/v1/groups/{group}/{what}");
            ada.api.get(&path).expect(200).await;
            staff.api.get(&path).expect(200).await;
            eve.api.get(&path).refused(404, "resource.not_found").await;
        }
    }
    for nobodys in ["grp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "prd_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        staff.api.get(&format!("/v1/groups/{nobodys}/quota")).refused(404, "resource.not_found").await;
        staff.api.get(&format!("/v1/groups/{nobodys}/usage")).refused(404, "resource.not_found").await;
    }
}

#[tokio::test]
async fn the_owner_hears_once_of_each_threshold_in_the_feed_and_by_mail_of_those_from_80_percent_on() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let mails = || portal.mails().mails_to(&door.ada.email);
    let before = mails().len();
    for (number, percent, told) in [(10, 50, 0), (6, 80, 1), (2, 90, 2), (2, 100, 3)] {
        door.calls(number, "site-a").await;
        portal_tests::until("the feed tells", async || {
            door.ada.api.get("/v1/notices").expect(200).await.body["items"][0]["data"]["percent"] == percent
        })
        .await;
        portal_tests::until("the mail is there", async || mails().len() == before + told).await;
    }
    door.calls(5, "site-a").await;
    let feed = door.ada.api.get("/v1/notices").expect(200).await;
    assert_eq!(feed.list("/items").len(), 4, "{:#}", feed.body);
    assert_eq!(feed.text("/items/0/group"), door.ada.personal_group);
    let told = mails().split_off(before);
    let subjects: Vec<_> = told.iter().map(server::demo::mail::Mail::subject).collect();
    let most = "A group of yours has used most of its API calls";
    assert_eq!(subjects, [most, most, "A group of yours has used all its API calls"]);
    let text = told[0].text();
    assert!(text.contains("has used 80 % of the API calls it has in 24 h"), "{text}");
    assert!(text.contains(&format!("Group: Personal group ({})", door.ada.personal_group)), "{text}");
    let stranger = portal.vendor("eve").await;
    assert!(stranger.api.get("/v1/notices").expect(200).await.list("/items").is_empty());
    let page = door.ada.api.get("/v1/notices?limit=3").expect(200).await;
    let rest =
        door.ada.api.get(&format!("/v1/notices?limit=3&cursor={}", page.text("/next"))).expect(200).await;
    assert_eq!(rest.list("/items")[0]["data"]["percent"], 50);
    assert!(rest.body["next"].is_null());
}

#[tokio::test]
async fn what_an_observed_limit_would_have_refused_has_a_column_of_its_own() {
    let portal = Portal::with(few_calls()).await;
    let door = Door::of(&portal).await;
    let staff = portal.staff("approver").await;
    staff.decide(&door.ada.personal_group, "PUT", "shadow", &json!({ "calls": 5 })).await.must_be(200);
    door.calls(8, "site-a").await;
    let whole = door.get("usage?range=30d").await;
    let total = json!({ "admitted": 8, "refused": 0, "aside": 0, "shadow_refused": 3 });
    assert_eq!(whole.body["total"], total);
    assert_eq!(whole.list("/series/0/shadow_refused").last(), Some(&json!(3)));
    let csv = door.get("usage?range=30d&by=outcome&format=csv").await;
    let text = csv.body.as_str().expect("text");
    assert!(text.contains("2026-11-22T00:00:00Z,outcome,\"shadow_refused\",,0,0,0,3\r\n"), "{text}");
}
