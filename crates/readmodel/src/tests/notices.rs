//! What members of groups are told without asking.

use super::{
    facts::{allowances, contact_watched, promotion, reached},
    history::Portal,
};
use crate::Page;
use domain::{
    group::GroupRef,
    ids::IntegrationId,
    usagewatch::{LimitOf, Reached},
};
use uuid::Uuid;

const ALL: Page = Page { after: 0, limit: 100 };

#[tokio::test]
async fn members_hear_of_thresholds_and_of_what_staff_set_newest_first() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = GroupRef::Development(portal.group(owner, "Quiz lab").await);
    assert!(portal.watch(group, 50).await);
    for event in allowances(group, owner, portal.now()) {
        assert!(portal.allow(group, event).await);
    }
    assert!(portal.watch(group, 80).await);
    let account = portal.account(owner, "Acme").await;
    let released = portal.draft(owner, account, "Acme - Quiz").await;
    for event in promotion(released, owner, portal.now()) {
        assert!(portal.promote(released, event).await);
    }
    let running = portal.project().await;
    let told = running.model.notices_of(owner, ALL).await.unwrap();
    let types: Vec<_> = told.items.iter().map(|row| row.event_type.as_str()).collect();
    assert_eq!(
        types,
        [
            "prodgroup.production_approved",
            "usagewatch.threshold_reached",
            "allowance.resumed",
            "allowance.suspended",
            "allowance.grant_ended",
            "allowance.granted",
            "allowance.limits_set",
            "usagewatch.threshold_reached",
        ]
    );
    assert_eq!((told.items[0].group, told.items[1].group), (GroupRef::Production(released), group));
    assert_eq!((&told.items[1].data["percent"], &told.items[1].data["mailed"]), (&80.into(), &true.into()));
    assert_eq!(told.next, None);
    running.stop().await;
}

#[tokio::test]
async fn a_page_goes_on_with_older_ones_and_strangers_hear_nothing() {
    let mut portal = Portal::new();
    let (owner, stranger) = (portal.sign_up().await, portal.sign_up().await);
    let group = GroupRef::Development(portal.group(owner, "Quiz lab").await);
    for percent in [50, 80, 90, 100] {
        assert!(portal.watch(group, percent).await);
    }
    let running = portal.project().await;
    let mut percents = Vec::new();
    let mut after = 0;
    loop {
        let page = running.model.notices_of(owner, Page { after, limit: 3 }).await.unwrap();
        percents.extend(page.items.iter().map(|row| row.data["percent"].as_u64().unwrap()));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(percents, [100, 90, 80, 50]);
    assert!(running.model.notices_of(stranger, ALL).await.unwrap().items.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_threshold_says_which_limit_it_is_one_of() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = GroupRef::Development(portal.group(owner, "Quiz lab").await);
    assert!(portal.watch(group, 80).await);
    let plain = reached(group, 80, portal.now());
    let ceiling = Reached { limit_of: LimitOf::Owner, ..plain.clone() };
    assert!(portal.watched(owner.uuid(), ceiling).await);
    let part = Uuid::from_u128(7);
    let share = Reached { limit_of: LimitOf::Share, part: Some(part), ..plain };
    assert!(portal.watched(Uuid::from_u128(8), share).await);
    let running = portal.project().await;
    let told = running.model.notices_of(owner, ALL).await.unwrap();
    let limits: Vec<_> = told.items.iter().map(|row| row.data["limit_of"].clone()).collect();
    assert_eq!(limits, ["share", "owner", "group"]);
    let integration = IntegrationId::from_uuid(part).to_string();
    assert_eq!(told.items[0].data["integration"], integration);
    assert!(told.items[1..].iter().all(|row| row.data["integration"].is_null()));
    running.stop().await;
}

#[tokio::test]
async fn members_of_the_production_group_hear_of_what_becomes_of_the_contact() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let account = portal.account(owner, "Acme").await;
    assert!(portal.prove_contact(account).await);
    let group = GroupRef::Production(portal.draft(owner, account, "Acme - Quiz").await);
    for event in contact_watched(portal.now()) {
        assert!(portal.watch_contact(account, event).await);
    }
    let running = portal.project().await;
    let told = running.model.notices_of(owner, ALL).await.unwrap().items;
    let types: Vec<_> = told.iter().map(|row| row.event_type.as_str()).collect();
    assert_eq!(
        types,
        [
            "prodaccount.contact_proof_ended",
            "prodaccount.contact_disowned",
            "prodaccount.contact_bounced",
            "prodaccount.contact_checked",
            "prodaccount.contact_proof_due",
        ]
    );
    assert!(told.iter().all(|row| row.group == group));
    assert_eq!((&told[2].data["cause"], &told[2].data["status"]), (&"no_mailbox".into(), &"5.1.1".into()));
    running.stop().await;
}
