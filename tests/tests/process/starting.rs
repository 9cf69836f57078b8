use crate::{PROGRAM, install};
use portal_tests::process::command;
use server::demo::smtp_sink::SmtpSink;
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_over_the_same_data_names_the_holder_and_leaves_it_alone() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let server = installation.serve().await;
    let second = installation.run(&["serve"]);
    assert_eq!(second.status.code(), Some(7));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains(&server.id().to_string()), "the process that holds it is not named: {told}");
    server.api().get("/readyz").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_with_several_faults_is_refused_with_all_of_them() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let refused = installation
        .command(&["serve"])
        .args(["--set", "mode=production", "--set", "http.base_url=http://portal.example/path"])
        .output()
        .expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    for fault in ["http.base_url", "mail.reserved_domains"] {
        assert!(told.contains(fault), "{fault} is not told: {told}");
    }
}

#[test]
fn an_unknown_subcommand_is_refused_with_the_usage() {
    let refused = command(PROGRAM, ["dance"]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Usage"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let file = installation.data_dir().join("in-the-way");
    std::fs::write(&file, "a file where a folder should be").expect("written");
    let refused = installation
        .command(&["serve"])
        .arg("--set")
        .arg(format!("data_dir={}", file.display()))
        .output()
        .expect("it runs");
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("in-the-way"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_others_can_read_is_refused() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let keyring = installation.data_dir().join("keyring.toml");
    std::fs::set_permissions(&keyring, std::fs::Permissions::from_mode(0o644)).expect("changed");
    let refused = installation.run(&["serve"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("keyring.toml"));
}
