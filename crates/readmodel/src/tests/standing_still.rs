//! The file is locked by another, which passes; and what is shown meanwhile from the log alone.

use super::history::Portal;
use crate::{Page, excerpt};
use domain::{
    Decider, devgroup::DevGroup, group::GroupRef, integration::Integration, prodaccount::ProdAccount,
};
use eventlog::Record;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_locked_file_is_tried_again_and_goes_on_when_the_lock_goes() {
    let mut portal = Portal::new();
    let developer = portal.sign_up().await;
    let running = portal.project().await;
    let options = SqliteConnectOptions::new().filename(portal.folder("live").join("readmodel.sqlite"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let before = portal.log.head().position;
    let group = portal.group(developer, "Waits").await;
    let mut status = running.model.status.clone();
    let stalled = tokio::time::timeout(PATIENCE, status.wait_for(|status| status.is_stalled)).await;
    let stalled = stalled.unwrap().unwrap().clone();
    assert_eq!((stalled.position, stalled.serving, stalled.failed), (before, true, None));
    assert!(!running.model.is_soon_at(portal.log.head().position, PATIENCE).await, "not waited for");
    assert!(running.model.group(group, developer).await.unwrap().is_none(), "queries see what was before");

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    running.reach(portal.log.head().position).await;
    assert!(running.model.group(group, developer).await.unwrap().is_some());
    assert!(running.model.is_soon_at(portal.log.head().position, PATIENCE).await);
    let settled = tokio::time::timeout(PATIENCE, status.wait_for(|status| !status.is_stalled)).await;
    assert!(settled.unwrap().is_ok());
    running.stop().await;
}

fn of<D: Decider>(records: &[Record], id: uuid::Uuid) -> Vec<Record> {
    let stream = D::stream(id);
    records.iter().filter(|record| record.stream.as_str() == stream).cloned().collect()
}

#[tokio::test]
async fn an_excerpt_shows_what_the_file_shows() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let running = portal.project().await;
    let records = portal.records().await;
    let mut seen = 0;
    for developer in portal.developers.clone() {
        for (integration, group) in portal.integrations.clone() {
            let mut streams = of::<Integration>(&records, integration.uuid());
            match group {
                GroupRef::Development(group) => streams.extend(of::<DevGroup>(&records, group.uuid())),
                GroupRef::Production(_) => streams.clone_from(&records),
            }
            let shown = excerpt(streams).await.unwrap().integration(integration, developer).await.unwrap();
            assert_eq!(shown, running.model.integration(integration, developer).await.unwrap());
            seen += usize::from(shown.is_some());
        }
        for account in portal.accounts.clone() {
            let mut streams = of::<ProdAccount>(&records, account.uuid());
            streams.extend(records.iter().filter(|record| record.stream.category() == "mail").cloned());
            streams.reverse();
            let shown = excerpt(streams).await.unwrap().account(account, developer).await.unwrap();
            assert_eq!(shown, running.model.account(account, developer).await.unwrap());
            seen += usize::from(shown.is_some());
        }
        let whole = excerpt(records.clone()).await.unwrap();
        let page = Page { after: 0, limit: 100 };
        assert_eq!(
            whole.prod_groups_of(developer, page).await.unwrap(),
            running.model.prod_groups_of(developer, page).await.unwrap()
        );
    }
    assert!(seen >= 2, "somebody sees something");
    running.stop().await;
}
