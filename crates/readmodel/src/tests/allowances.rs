//! What groups may use, as it is shown.

use super::{
    facts::{allowances, facts, granted, sealed, submission},
    history::Portal,
};
use crate::{Page, card::Card};
use chrono::TimeDelta;
use domain::{
    Decider,
    allowance::{Allowance, Event},
    group::{GroupRef, Limits},
    integration::TestMode,
    policy::Tier,
};
use eventlog::{StreamName, StreamVersion};
use uuid::Uuid;

const ALL: Page = Page { after: 0, limit: 100 };

#[tokio::test]
async fn what_was_set_is_shown_as_the_aggregate_folds_it() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = GroupRef::Development(portal.groups[0]);
    let running = portal.project().await;
    let mut folded = Allowance::default();
    let shown = running.model.group_allowance(group).await.unwrap().unwrap();
    assert_eq!((shown.allowed.version, shown.allowed.allowance), (StreamVersion(0), folded.clone()));
    for (count, event) in (1..).zip(allowances(group, owner, portal.now())) {
        folded = folded.evolve(&event).unwrap();
        assert!(portal.allow(group, event).await);
        running.reach(portal.log.head().position).await;
        for row in [
            running.model.group_allowance(group).await.unwrap().unwrap(),
            running.model.group_allowance_of(group, owner).await.unwrap().unwrap(),
        ] {
            assert_eq!((row.allowed.version, &row.allowed.allowance), (StreamVersion(count), &folded));
            assert_eq!((row.group, row.account, row.tier), (group, None, None));
        }
        let row = running.model.group(portal.groups[0], owner).await.unwrap().unwrap();
        assert_eq!((row.allowed.allowance, row.version), (folded.clone(), StreamVersion(1)));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_grant_is_overdue_from_its_end_until_that_is_recorded() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = GroupRef::Development(portal.groups[0]);
    for event in &allowances(group, owner, portal.now())[..4] {
        assert!(portal.allow(group, event.clone()).await);
    }
    let running = portal.project().await;
    let row = running.model.group_allowance(group).await.unwrap().unwrap();
    let until = row.allowed.at(portal.now()).until.unwrap();
    assert_eq!(row.allowed.at(until).limits.calls, 20_000, "the end needs no record");
    assert!(running.model.overdue_grants(until - TimeDelta::milliseconds(1)).await.unwrap().is_empty());
    assert_eq!(running.model.overdue_grants(until).await.unwrap(), [group]);
    let ended = domain::allowance::GrantEnded { group, at: until };
    assert!(portal.allow(group, Event::GrantEnded(ended)).await);
    running.reach(portal.log.head().position).await;
    assert!(running.model.overdue_grants(until).await.unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_card_tells_of_a_suspension_and_shows_limits_as_they_are_now() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let quiz = portal.register(owner, portal.groups[0], facts("Quiz")).await;
    let account = portal.account(owner, "Acme").await;
    let released = portal.draft(owner, account, "Acme - Quiz").await;
    let group = GroupRef::Production(released);
    assert!(portal.move_to(quiz, group).await);
    let suspended =
        allowances(group, owner, portal.now()).into_iter().find(|e| matches!(e, Event::Suspended(_)));
    let Some(Event::Suspended(suspended)) = suspended else { panic!("a suspension") };
    assert!(portal.allow(group, Event::Suspended(suspended.clone())).await);
    let running = portal.project().await;
    let Some(Card::Development(card)) = running.model.card(quiz, portal.now()).await.unwrap() else {
        panic!("a card of a development integration");
    };
    assert_eq!(card.suspended_since.unwrap().timestamp_millis(), suspended.since.timestamp_millis());

    assert!(portal.submit(released, owner).await);
    assert!(portal.review(released).await);
    assert!(portal.approve(released).await);
    running.reach(portal.log.head().position).await;
    let card = async |portal: &Portal| match running.model.card(quiz, portal.now()).await.unwrap() {
        Some(Card::Released(card)) => card,
        _ => panic!("a card of a released integration"),
    };
    let approved = card(&portal).await;
    assert!(approved.suspended_since.is_some());
    assert_eq!((approved.tier, approved.limits), (Tier::Standard, granted()));

    let set = allowances(group, owner, portal.now()).remove(1);
    let Event::LimitsSet(before) = set else { panic!("limits") };
    assert!(portal.allow(group, Event::LimitsSet(before.clone())).await);
    running.reach(portal.log.head().position).await;
    assert_eq!(card(&portal).await.limits, granted(), "set with an older approval in mind");
    let approval = Some(submission(released));
    let limits = Limits { calls: 77, ..granted() };
    assert!(
        portal
            .allow(group, Event::LimitsSet(domain::allowance::LimitsSet { approval, limits, ..before }))
            .await
    );
    running.reach(portal.log.head().position).await;
    let set = card(&portal).await;
    assert_eq!((set.tier, set.limits.calls), (Tier::Custom, 77));
    let row = running.model.prod_group(released, owner).await.unwrap().unwrap();
    assert_eq!(row.allowed.at(portal.now()).limits.calls, 77);
    running.stop().await;
}

#[tokio::test]
async fn the_timeline_of_a_development_group_shows_its_facts_and_what_was_set() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let running = portal.project().await;
    let group = portal.groups[1].uuid();
    let streams: Vec<StreamName> = ["devgroup", "allowance"]
        .map(|category| StreamName::parse(&format!("{category}-{group}")).unwrap())
        .to_vec();
    let listed = running.model.timeline(&streams, ALL).await.unwrap();
    let types: Vec<&str> = listed.items.iter().map(|row| row.event_type.as_str()).collect();
    assert_eq!(types[..2], ["devgroup.created", "devgroup.renamed"]);
    assert!(types.contains(&"allowance.limits_set") && types.contains(&"allowance.resumed"));
    let noted: Vec<_> = listed.items.iter().filter_map(|row| row.note.as_ref()).collect();
    assert_eq!(noted, [&sealed(Uuid::from_u128(78), 10); 6]);
    for row in &listed.items {
        let data = serde_json::to_string(&row.data).unwrap();
        assert!(!data.contains("ciphertext") && !data.contains("stf_"), "{data}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_secret_shows_its_test_mode_until_the_integration_goes_into_production() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let quiz = portal.register(owner, portal.groups[0], facts("Quiz")).await;
    assert!(portal.issue_secret(quiz).await);
    assert!(portal.try_secret_out(quiz).await);
    let running = portal.project().await;
    let secrets = running.model.integration(quiz, owner).await.unwrap().unwrap().secrets;
    assert_eq!(secrets.len(), 1, "the other one was revoked");
    assert_eq!(secrets[0].test_mode, TestMode::Off);
    assert!(portal.test_mode(quiz, secrets[0].id).await);
    running.reach(portal.log.head().position).await;
    let secrets = running.model.integration(quiz, owner).await.unwrap().unwrap().secrets;
    assert_eq!(secrets[0].test_mode, TestMode::Near);
    let account = portal.account(owner, "Acme").await;
    let release = portal.draft(owner, account, "Acme").await;
    assert!(portal.move_to(quiz, GroupRef::Production(release)).await);
    running.reach(portal.log.head().position).await;
    let secrets = running.model.integration(quiz, owner).await.unwrap().unwrap().secrets;
    assert_eq!(secrets[0].test_mode, TestMode::Off);
    running.stop().await;
}
