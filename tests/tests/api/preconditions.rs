use portal_tests::Portal;
use serde_json::json;

#[tokio::test]
async fn an_update_needs_the_version_it_changes() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let group = ada.create_group("Vendor - First").await;
    let path = format!("/v1/groups/{}", group.text("/id"));
    let renamed = json!({ "name": "Vendor - Second" });
    ada.api.patch(&path, &renamed).refused(428, "precondition.required").await;
    let done = ada.api.patch(&path, &renamed).if_unchanged(&group).expect(200).await;
    assert_ne!(done.etag(), group.etag());
    ada.api
        .patch(&path, &json!({ "name": "Vendor - Third" }))
        .if_unchanged(&group)
        .refused(412, "precondition.failed")
        .await;
    assert_eq!(ada.api.get(&path).expect(200).await.text("/name"), "Vendor - Second");
}

#[tokio::test]
async fn a_version_or_position_of_another_log_is_told_from_a_stale_one() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let group = ada.create_group("Vendor - First").await;
    let path = format!("/v1/groups/{}", group.text("/id"));
    let foreign = |token: &str| {
        let flipped = if token.contains('0') {
            token.replacen('0', "1", 1)
        } else {
            token.replacen(|c: char| c.is_ascii_hexdigit(), "0", 1)
        };
        assert_ne!(flipped, token);
        flipped
    };
    let (tag, rest) = group
        .position()
        .split_once('.')
        .map(|(tag, rest)| (tag.to_owned(), rest.to_owned()))
        .expect("a token");
    let token = format!("{}.{rest}", foreign(&tag));
    ada.api.get("/v1/groups").header("Portal-Min-Position", &token).refused(409, "position.other_log").await;
    let etag = group.etag().replace(&tag, &foreign(&tag));
    let renamed = json!({ "name": "Vendor - Second" });
    ada.api.patch(&path, &renamed).header("If-Match", &etag).refused(409, "position.other_log").await;
    for nonsense in ["x", "\"x\"", "W/\"1\""] {
        ada.api.patch(&path, &renamed).header("If-Match", nonsense).refused(400, "header.invalid").await;
    }
}

#[tokio::test]
async fn a_read_follows_the_write_whose_position_it_names() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    for n in 0..20 {
        let group = ada.create_group(&format!("Vendor - Number {n}")).await;
        let path = format!("/v1/groups/{}", group.text("/id"));
        ada.api.get(&path).header("Portal-Min-Position", &group.position()).expect(200).await;
    }
}

#[tokio::test]
async fn a_position_that_never_comes_is_waited_for_two_seconds_only() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let here = ada.create_group("Vendor - Here").await.position();
    let tag = here.split('.').next().expect("a token");
    let begun = std::time::Instant::now();
    let far = format!("{tag}.999999");
    let answer =
        ada.api.get("/v1/groups").header("Portal-Min-Position", &far).refused(503, "position.behind").await;
    assert!(answer.header("retry-after").is_some());
    assert!(begun.elapsed().as_secs_f64() < 10.0, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn of_many_updates_of_one_version_exactly_one_is_done() {
    let portal = Portal::start().await;
    let ada = portal.vendor("ada").await;
    let group = ada.create_group("Vendor - Zero").await;
    let path = format!("/v1/groups/{}", group.text("/id"));
    let updates = (1..=8).map(|n| {
        let body = json!({ "name": format!("Vendor - Name {n}") });
        let request = ada.api.patch(&path, &body).if_unchanged(&group);
        request.send()
    });
    let mut statuses: Vec<_> =
        portal_tests::all(updates).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}
