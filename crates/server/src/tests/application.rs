//! The whole server on a port of its own.

use super::config;
use crate::{exit::Failure, operator::keys, startup::Application};
use app::{clock::Clock, ids::Ids, keyring::Keyring};
use std::process::ExitCode;
use tempfile::TempDir;
use tokio::sync::oneshot;

fn dir_with_keyring() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    Keyring::generate(&Ids::Os).write_new(&config(&dir, &[]).keyring).expect("a keyring");
    dir
}

async fn build(dir: &TempDir) -> Result<Application, Failure> {
    Application::build(config(dir, &[("http.workers", "1")]), Clock::System, Ids::Os).await
}

#[tokio::test]
async fn a_server_answers_until_it_is_stopped_and_can_be_started_again() {
    let dir = dir_with_keyring();
    for _ in 0..2 {
        let server = build(&dir).await.expect("built");
        let uri = format!("http://{}/livez", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run_until(async { drop(stopped.await) }));
        assert_eq!(reqwest::get(&uri).await.expect("an answer").status(), 200);
        drop(stop);
        running.await.expect("no panic").expect("a clean end");
        assert!(reqwest::get(&uri).await.is_err());
    }
}

#[tokio::test]
async fn a_data_directory_in_use_is_unavailable_and_names_its_holder() {
    let dir = dir_with_keyring();
    let _holder = build(&dir).await.expect("built");
    let failure = build(&dir).await.err().expect("refused");
    assert!(failure.to_string().contains(&format!("process {}", std::process::id())), "{failure}");
    assert_eq!(failure.code(), ExitCode::from(7));
}

#[tokio::test]
async fn without_a_keyring_nothing_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let failure = build(&dir).await.err().expect("refused");
    assert!(failure.to_string().contains("devportal init"), "{failure}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn another_keyring_than_the_one_the_data_was_made_with_is_refused() {
    let dir = dir_with_keyring();
    let stopped = build(&dir).await.expect("built").run_until(async {});
    stopped.await.expect("a clean end");
    keys::check(&config(&dir, &[])).await.expect("the keyring of this portal");
    let keyring = config(&dir, &[]).keyring;
    std::fs::remove_file(&keyring).expect("removed");
    keys::check(&config(&dir, &[])).await.expect_err("no keyring");
    Keyring::generate(&Ids::Os).write_new(&keyring).expect("another keyring");
    let failure = keys::check(&config(&dir, &[])).await.expect_err("another one");
    assert_eq!(failure.code(), ExitCode::from(3), "{failure}");
    let failure = build(&dir).await.err().expect("refused");
    assert_eq!(failure.code(), ExitCode::from(3), "{failure}");
    assert!(failure.to_string().contains("keyring"), "{failure}");
}

#[tokio::test]
async fn a_port_in_use_is_unavailable() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let dir = dir_with_keyring();
    let config = config(&dir, &[("http.listen", &address)]);
    let failure = Application::build(config, Clock::System, Ids::Os).await.err().expect("refused");
    assert_eq!(failure.code(), ExitCode::from(7), "{failure}");
}
