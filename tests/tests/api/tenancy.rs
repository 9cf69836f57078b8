use portal_tests::{Portal, Release};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything one developer owns, as paths another might try.
fn paths(release: &Release, personal_group: &str) -> Vec<String> {
    let Release { account, group, integration, .. } = release;
    vec![
        format!("/v1/groups/{personal_group}"),
        format!("/v1/groups/{personal_group}/quota"),
        format!("/v1/groups/{group}/quota"),
        format!("/v1/groups/{group}/usage"),
        format!("/v1/groups/{personal_group}/shares"),
        format!("/v1/groups/{personal_group}/timeline"),
        format!("/v1/groups/{group}/shares"),
        format!("/v1/groups/{group}/timeline"),
        format!("/v1/integrations/{integration}"),
        format!("/v1/production-accounts/{account}"),
        format!("/v1/production-groups/{group}"),
        format!("/v1/production-groups/{group}/checklist"),
        format!("/v1/production-groups/{group}/timeline"),
    ]
}

#[tokio::test]
async fn anothers_things_are_not_told_from_things_that_do_not_exist() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let release = ada.ready_release("Alpha").await;
    let nobodys = Release {
        account: "pac_aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        group: "prd_aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        integration: "00000000-0000-4000-8000-000000000000".to_owned(),
        contact: String::new(),
    };
    let theirs = paths(&release, &ada.personal_group);
    for (theirs, nobodys) in theirs.iter().zip(paths(&nobodys, "grp_aaaaaaaaaaaaaaaaaaaaaaaaaa")) {
        let foreign = eve.api.get(theirs).refused(404, "resource.not_found").await;
        let unknown = eve.api.get(&nobodys).refused(404, "resource.not_found").await;
        let alike = |body: &Value| {
            let mut body = body.clone();
            body["instance"].take();
            body
        };
        assert_eq!(alike(&foreign.body), alike(&unknown.body), "{theirs}");
        let names = |answer: &portal_tests::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>()
        };
        assert_eq!(names(&foreign), names(&unknown), "{theirs}");
    }
}

#[tokio::test]
async fn another_cannot_change_move_or_submit_what_is_not_theirs() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let release = ada.ready_release("Alpha").await;
    let seen = ada.production_group(&release).await;
    let integration = format!("/v1/integrations/{}", release.integration);
    let group = format!("/v1/production-groups/{}", release.group);
    let into_own = json!({ "group": eve.personal_group });
    eve.api.post(&format!("{integration}/move"), &into_own).refused(404, "resource.not_found").await;
    eve.api.post(&format!("{integration}/secrets"), &json!({})).refused(404, "resource.not_found").await;
    for path in ["submission", "withdrawal"] {
        let request = eve.api.post(&format!("{group}/{path}"), &json!({})).if_unchanged(&seen);
        request.refused(404, "resource.not_found").await;
    }
    let mut facts = portal_tests::complete_registration("Stolen");
    facts["group"] = ada.personal_group.clone().into();
    eve.api.post("/v1/integrations", &facts).refused(404, "resource.not_found").await;
    let own = eve.register(&portal_tests::complete_registration("Own Tool")).await.text("/id");
    let into_theirs = json!({ "group": release.group });
    eve.api
        .post(&format!("/v1/integrations/{own}/move"), &into_theirs)
        .refused(404, "resource.not_found")
        .await;
    assert_eq!(ada.production_group(&release).await.etag(), seen.etag(), "nothing has changed");
}

#[tokio::test]
async fn lists_hold_ones_own_only_and_page_without_gap_or_repeat() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    for n in 0..7 {
        ada.create_group(&format!("Alpha - {n}")).await;
        eve.create_group(&format!("Omega - {n}")).await;
    }
    let mut names = Vec::new();
    let mut path = "/v1/groups?limit=3".to_owned();
    loop {
        let page = ada.api.get(&path).expect(200).await;
        let items = page.list("/items");
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()));
        match page.body["next"].as_str() {
            Some(cursor) => path = format!("/v1/groups?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    names.sort();
    let mut expected: Vec<_> = (0..7).map(|n| format!("Alpha - {n}")).collect();
    expected.push("Personal group".to_owned());
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_vendor_name_is_unique_even_when_it_only_looks_alike() {
    let portal = Portal::start().await;
    let (ada, eve) = (portal.vendor("ada").await, portal.vendor("eve").await);
    let open = |name: &str| json!({ "vendor_name": name, "contact_email": "support@vendor.example" });
    ada.api.post("/v1/production-accounts", &open("Paypal Learning")).expect(201).await;
    for look_alike in ["paypal learning", "Paypal  Learning", "Pаypаl Learning", "PAYPAL LEARNING"] {
        let answer = eve.api.post("/v1/production-accounts", &open(look_alike)).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "name.taken"), "{look_alike}");
    }
}
