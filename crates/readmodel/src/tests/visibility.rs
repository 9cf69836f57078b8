//! Nobody sees what is not theirs.

use super::{facts::facts, history::Portal};
use crate::Page;
use domain::{group::GroupRef, ids::CommandId};

const ALL: Page = Page { after: 0, limit: 100 };

#[tokio::test]
async fn a_stranger_finds_nothing_of_another_developer() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let stranger = portal.sign_up().await;
    let running = portal.project().await;
    let model = &running.model;
    assert_eq!(model.groups_of(stranger, ALL).await.unwrap().items.len(), 1, "their personal group");
    assert!(model.integrations_of(stranger, ALL).await.unwrap().items.is_empty());
    assert!(model.accounts_of(stranger, ALL).await.unwrap().items.is_empty());
    assert!(model.prod_groups_of(stranger, ALL).await.unwrap().items.is_empty());
    for group in &portal.groups[..portal.groups.len() - 1] {
        assert!(model.group(*group, stranger).await.unwrap().is_none());
    }
    for (integration, _) in &portal.integrations {
        assert!(model.integration(*integration, stranger).await.unwrap().is_none());
    }
    assert!(model.account(portal.accounts[0], stranger).await.unwrap().is_none());
    let theirs = [GroupRef::Development(portal.groups[1]), GroupRef::Production(portal.prod_groups[0])];
    for group in theirs {
        assert!(model.group_allowance_of(group, stranger).await.unwrap().is_none());
        assert!(model.group_allowance_of(group, portal.developers[0]).await.unwrap().is_some());
        assert!(model.group_allowance(group).await.unwrap().is_some(), "for staff");
    }
    assert!(model.prod_group(portal.prod_groups[0], stranger).await.unwrap().is_none());
    running.stop().await;
}

#[tokio::test]
async fn the_owner_finds_the_same_things() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let owner = portal.developers[0];
    let running = portal.project().await;
    let model = &running.model;
    assert_eq!(model.groups_of(owner, ALL).await.unwrap().items.len(), 2);
    assert_eq!(model.integrations_of(owner, ALL).await.unwrap().items.len(), 1);
    assert_eq!(model.accounts_of(owner, ALL).await.unwrap().items.len(), 1);
    assert_eq!(model.prod_groups_of(owner, ALL).await.unwrap().items.len(), 1);
    assert!(model.integration(portal.integrations[0].0, owner).await.unwrap().is_some());
    assert!(model.account(portal.accounts[0], owner).await.unwrap().is_some());
    assert!(model.prod_group(portal.prod_groups[0], owner).await.unwrap().is_some());
    running.stop().await;
}

#[tokio::test]
async fn an_integration_is_visible_where_it_lives_and_nowhere_else() {
    let mut portal = Portal::new();
    let (maker, vendor) = (portal.sign_up().await, portal.sign_up().await);
    let group = portal.groups[0];
    let quiz = portal.register(maker, group, facts("Quiz")).await;
    let account = portal.account(vendor, "Acme").await;
    let release = portal.draft(vendor, account, "Acme").await;
    let running = portal.project().await;
    assert!(running.model.integration(quiz, maker).await.unwrap().is_some());
    assert!(running.model.integration(quiz, vendor).await.unwrap().is_none());
    assert!(portal.move_to(quiz, GroupRef::Production(release)).await);
    running.reach(portal.log.head().position).await;
    assert!(running.model.integration(quiz, maker).await.unwrap().is_none());
    let seen = running.model.integration(quiz, vendor).await.unwrap().unwrap();
    assert_eq!(seen.group, GroupRef::Production(release));
    running.stop().await;
}

#[tokio::test]
async fn a_command_is_known_only_to_who_gave_it() {
    let mut portal = Portal::new();
    let (owner, other) = (portal.sign_up().await, portal.sign_up().await);
    portal.group(owner, "Quiz lab").await;
    let running = portal.project().await;
    let record = portal.records().await.pop().unwrap();
    let command = CommandId::from_uuid(record.command_id);
    let mine = running.model.command(command, "developer", &owner.to_string()).await.unwrap().unwrap();
    assert_eq!((mine.last, mine.at), (record.position, record.recorded_at));
    assert_eq!(mine.first.0, record.position.0 - u64::from(record.batch_index));
    assert!(running.model.command(command, "developer", &other.to_string()).await.unwrap().is_none());
    assert!(running.model.command(command, "staff", &owner.to_string()).await.unwrap().is_none());
    running.stop().await;
}
