//! Lists in pages.

use super::{facts::facts, history::Portal};
use crate::Page;
use std::collections::BTreeSet;

#[tokio::test]
async fn pages_hold_every_row_once_while_rows_are_added() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = portal.groups[0];
    let mut expected = BTreeSet::new();
    for number in 0..7 {
        expected.insert(portal.register(owner, group, facts(&format!("Tool {number}"))).await);
    }
    let running = portal.project().await;
    let mut seen = Vec::new();
    let mut after = Some(0);
    while let Some(key) = after {
        let page = running.model.integrations_of(owner, Page { after: key, limit: 3 }).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.iter().map(|row| row.id));
        after = page.next;
        if after.is_some() {
            expected.insert(portal.register(owner, group, facts("Added meanwhile")).await);
            running.reach(portal.log.head().position).await;
        }
    }
    assert_eq!(seen.len(), expected.len(), "no row twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected, "no row missing");
    running.stop().await;
}

#[tokio::test]
async fn a_page_that_ends_the_list_says_so() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    portal.group(owner, "Second").await;
    let running = portal.project().await;
    let page = |after, limit| Page { after, limit };
    let exact = running.model.groups_of(owner, page(0, 2)).await.unwrap();
    assert_eq!((exact.items.len(), exact.next), (2, None));
    let first = running.model.groups_of(owner, page(0, 0)).await.unwrap();
    assert_eq!(first.items.len(), 1, "a limit of 0 is brought to 1");
    let rest = running.model.groups_of(owner, page(first.next.unwrap(), u32::MAX)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let beyond = running.model.groups_of(owner, page(u64::MAX, 10)).await.unwrap();
    assert_eq!((beyond.items.len(), beyond.next), (0, None));
    running.stop().await;
}

#[tokio::test]
async fn a_page_holds_at_most_a_hundred_rows() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    for number in 0..101 {
        portal.register(owner, portal.groups[0], facts(&format!("Tool {number}"))).await;
    }
    let running = portal.project().await;
    let page = running.model.integrations_of(owner, Page { after: 0, limit: 1_000 }).await.unwrap();
    assert_eq!(page.items.len(), 100);
    assert!(page.next.is_some());
    let group = running.model.group(portal.groups[0], owner).await.unwrap().unwrap();
    assert_eq!(group.integrations.len(), 100);
    running.stop().await;
}
