//! Which files are kept and which are thrown away. A planted name shows which: a file that is built anew has
//! lost it.

use super::history::Portal;
use crate::Page;
use eventlog::Position;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::fs;

const PLANTED: &str = "planted";

/// A folded file, closed, with a planted name.
async fn folded() -> Portal {
    let mut portal = Portal::new();
    portal.play_everything().await;
    portal.project().await.stop().await;
    tamper(&portal, "UPDATE dev_group SET name = 'planted'").await;
    portal
}

async fn tamper(portal: &Portal, sql: &'static str) {
    let file = portal.folder("live").join("readmodel.sqlite");
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn name_shown(portal: &Portal) -> String {
    let running = portal.project().await;
    let page = Page { after: 0, limit: 1 };
    let groups = running.model.groups_of(portal.developers[0], page).await.unwrap();
    running.stop().await;
    groups.items[0].name.clone()
}

#[tokio::test]
async fn a_file_of_this_log_and_version_is_kept() {
    assert_eq!(name_shown(&folded().await).await, PLANTED);
}

#[tokio::test]
async fn a_file_of_another_version_is_built_anew() {
    let portal = folded().await;
    tamper(&portal, "UPDATE checkpoint SET readmodel_version = readmodel_version + 1").await;
    assert_eq!(name_shown(&portal).await, "Personal group");
}

#[tokio::test]
async fn a_file_of_another_schema_is_built_anew() {
    let portal = folded().await;
    tamper(&portal, "UPDATE checkpoint SET schema_hash = 'other'").await;
    assert_eq!(name_shown(&portal).await, "Personal group");
}

#[tokio::test]
async fn a_file_beyond_the_head_is_built_anew() {
    let portal = folded().await;
    tamper(&portal, "UPDATE checkpoint SET position = position + 1").await;
    assert_eq!(name_shown(&portal).await, "Personal group");
}

#[tokio::test]
async fn a_file_of_another_history_is_built_anew() {
    let portal = folded().await;
    tamper(&portal, "UPDATE checkpoint SET position = position - 1").await;
    assert_eq!(name_shown(&portal).await, "Personal group", "the hash there is not the one in the file");
}

#[tokio::test]
async fn a_file_of_another_log_is_built_anew() {
    let other = folded().await;
    let mut portal = Portal::new();
    let mine = portal.sign_up().await;
    let running = portal.project_in(&other.folder("live")).await;
    assert_eq!(running.model.status().position, portal.log.head().position);
    assert!(running.model.developer(mine).await.unwrap().is_some());
    assert!(running.model.integration(other.integrations[0].0, mine).await.unwrap().is_none());
    let rebuilt = running.model.digest().await.unwrap();
    let fresh = portal.project_in(&portal.folder("fresh")).await;
    assert_eq!(fresh.model.digest().await.unwrap(), rebuilt);
    fresh.stop().await;
    running.stop().await;
}

#[tokio::test]
async fn a_garbled_file_is_built_anew_unasked() {
    let portal = folded().await;
    let file = portal.folder("live").join("readmodel.sqlite");
    for garbage in [b"no database at all".to_vec(), Vec::new()] {
        fs::write(&file, garbage).unwrap();
        assert_eq!(name_shown(&portal).await, "Personal group");
    }
}

#[tokio::test]
async fn a_file_garbled_in_one_page_is_built_anew_unasked() {
    let portal = folded().await;
    let file = portal.folder("live").join("readmodel.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let last_page = bytes.len() - 4_096;
    bytes[last_page..].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    assert_eq!(name_shown(&portal).await, "Personal group");
}

#[tokio::test]
async fn a_file_of_another_log_that_was_empty_is_built_anew() {
    let (empty, mut portal) = (Portal::new(), Portal::new());
    empty.project().await.stop().await;
    portal.sign_up().await;
    portal.project_in(&empty.folder("live")).await.stop().await;
}

#[tokio::test]
async fn the_write_ahead_log_of_a_lost_file_is_not_replayed_into_the_new_one() {
    let (mut other, mut portal) = (Portal::new(), Portal::new());
    let running = other.project().await;
    other.play_everything().await;
    running.reach(other.log.head().position).await;
    let left_behind = fs::read(other.folder("live").join("readmodel.sqlite-wal")).unwrap();
    running.stop().await;
    assert!(left_behind.len() > 4_096);

    portal.sign_up().await;
    fs::create_dir(portal.folder("live")).unwrap();
    fs::write(portal.folder("live").join("readmodel.sqlite-wal"), left_behind).unwrap();
    let running = portal.project().await;
    let fresh = portal.project_in(&portal.folder("fresh")).await;
    assert_eq!(running.model.digest().await.unwrap(), fresh.model.digest().await.unwrap());
    fresh.stop().await;
    running.stop().await;
}

#[tokio::test]
async fn what_an_interrupted_rebuild_left_is_no_obstacle() {
    let portal = folded().await;
    let folder = portal.folder("live");
    fs::remove_file(folder.join("readmodel.sqlite")).unwrap();
    for left in ["rebuild.sqlite", "rebuild.sqlite-journal", "readmodel.sqlite-wal", "readmodel.sqlite-shm"] {
        fs::write(folder.join(left), b"left behind").unwrap();
    }
    assert_eq!(name_shown(&portal).await, "Personal group");
    assert!(!folder.join("rebuild.sqlite").exists());
}

#[tokio::test]
async fn an_empty_log_gives_an_empty_read_model() {
    let portal = Portal::new();
    let running = portal.project().await;
    let status = running.model.status();
    assert_eq!((status.position, status.head_seen, status.serving), (Position(0), Position(0), true));
    running.stop().await;
}
