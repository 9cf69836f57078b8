use super::{Desk, path, paths, report};
use reachability::{
    dsn::MAIL_BYTES_MAX,
    inbound::maildir::{MAILS_PER_TURN, Maildir, MaildirError, Turn},
};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::atomic::Ordering,
};
use tempfile::TempDir;

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    folder
}

fn maildir(folder: &TempDir) -> Maildir {
    Maildir::open(folder.path().to_owned(), paths()).unwrap()
}

fn deliver(folder: &TempDir, name: &str, mail: &str) {
    fs::write(folder.path().join("new").join(name), mail).unwrap();
}

fn delivered_report() -> String {
    format!("Return-Path: <>\nDelivered-To: {}\n{}", path(), report())
}

/// Names and contents of a folder; links and folders have none.
fn held(folder: &TempDir, name: &str) -> BTreeMap<String, Option<String>> {
    let entries = fs::read_dir(folder.path().join(name)).unwrap();
    let held = entries.map(|entry| {
        let entry = entry.unwrap();
        let is_file = entry.file_type().unwrap().is_file();
        let content = is_file.then(|| String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned());
        (entry.file_name().into_string().unwrap(), content)
    });
    held.collect()
}

fn names(folder: &TempDir, name: &str) -> Vec<String> {
    held(folder, name).into_keys().collect()
}

#[tokio::test]
async fn a_report_is_handed_on_and_lies_in_cur_as_seen() {
    let (folder, desk) = (folder(), Desk::default());
    deliver(&folder, "1773134073.1.host", &delivered_report());
    let turn = maildir(&folder).turn(&desk).await.unwrap();
    assert_eq!(turn, Turn { reports: 1, ..Turn::default() });
    assert_eq!(desk.reports(), 1);
    assert_eq!(names(&folder, "new"), Vec::<String>::new());
    let cur = held(&folder, "cur");
    assert_eq!(cur["1773134073.1.host:2,S"].as_deref(), Some(delivered_report().as_str()));
}

#[tokio::test]
async fn what_is_no_report_of_ours_is_counted_and_kept() {
    let (folder, desk) = (folder(), Desk::default());
    deliver(&folder, "1", &report());
    deliver(&folder, "2", &format!("Delivered-To: {}\n{}", path().replace("bounce+", "bounce+a"), report()));
    deliver(&folder, "3", &format!("Delivered-To: {}\nAuto-Submitted: auto-replied\n\nAway.\n", path()));
    deliver(&folder, "4", "");
    let turn = maildir(&folder).turn(&desk).await.unwrap();
    assert_eq!(turn, Turn { ignored: 4, ..Turn::default() });
    assert_eq!(desk.ignored_names(), ["not_ours", "malformed_token", "automatic_answer", "not_ours"]);
    assert_eq!(names(&folder, "cur"), ["1:2,S", "2:2,S", "3:2,S", "4:2,S"]);
    assert_eq!(desk.reports(), 0);
}

#[tokio::test]
async fn a_mail_the_handler_cannot_take_stays_and_comes_again() {
    let (folder, desk) = (folder(), Desk::default());
    deliver(&folder, "1", &delivered_report());
    deliver(&folder, "2", &delivered_report());
    desk.is_full.store(true, Ordering::SeqCst);
    let mut maildir = maildir(&folder);
    // The second is not even tried.
    assert_eq!(maildir.turn(&desk).await.unwrap(), Turn { kept: 1, ..Turn::default() });
    assert_eq!(names(&folder, "new"), ["1", "2"]);
    desk.is_full.store(false, Ordering::SeqCst);
    assert_eq!(maildir.turn(&desk).await.unwrap().reports, 2);
    assert_eq!(maildir.turn(&desk).await.unwrap(), Turn::default());
}

#[tokio::test]
async fn links_folders_pipes_and_big_files_are_put_aside_unread() {
    let (folder, desk) = (folder(), Desk::default());
    let outside = folder.path().join("tmp/outside");
    fs::write(&outside, delivered_report()).unwrap();
    let new = folder.path().join("new");
    symlink(&outside, new.join("1-link")).unwrap();
    symlink("/nowhere", new.join("2-dangling")).unwrap();
    fs::create_dir(new.join("3-folder")).unwrap();
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, new.join("4-pipe"), fifo, 0o600.into(), 0).unwrap();
    let big = format!("{}{}", delivered_report(), "x".repeat(MAIL_BYTES_MAX));
    deliver(&folder, "5-big", &big);
    deliver(&folder, "6", &delivered_report());
    let turn = maildir(&folder).turn(&desk).await.unwrap();
    assert_eq!(turn, Turn { reports: 1, aside: 5, ..Turn::default() });
    assert_eq!(names(&folder, "aside"), ["1-link", "2-dangling", "3-folder", "4-pipe", "5-big"]);
    assert_eq!(desk.ignored_names(), ["too_big"]);
    assert!(outside.exists());
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_put_aside() {
    let (folder, desk) = (folder(), Desk::default());
    deliver(&folder, "1", &delivered_report());
    let file = folder.path().join("new/1");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let may_read_all = fs::read(&file).is_ok();
    let turn = maildir(&folder).turn(&desk).await.unwrap();
    // Root reads everything.
    let expected = if may_read_all {
        Turn { reports: 1, ..Turn::default() }
    } else {
        Turn { aside: 1, ..Turn::default() }
    };
    assert_eq!(turn, expected);
}

#[tokio::test]
async fn nothing_is_written_over() {
    let (folder, desk) = (folder(), Desk::default());
    fs::write(folder.path().join("cur/1:2,S"), "older").unwrap();
    deliver(&folder, "1:2,", &delivered_report());
    deliver(&folder, ".hidden", "not a mail");
    assert_eq!(maildir(&folder).turn(&desk).await.unwrap().reports, 1);
    let cur = held(&folder, "cur");
    assert_eq!(cur["1:2,S"].as_deref(), Some("older"));
    assert_eq!(cur["1.1:2,S"].as_deref(), Some(delivered_report().as_str()));
    assert_eq!(names(&folder, "new"), [".hidden"]);
}

#[tokio::test]
async fn a_turn_is_bounded_and_the_next_begins_where_it_ended() {
    let (folder, desk) = (folder(), Desk::default());
    for number in 0..MAILS_PER_TURN * 2 {
        deliver(&folder, &format!("{number:04}"), "Subject: x\n\n");
    }
    let mut maildir = maildir(&folder);
    let turn = maildir.turn(&desk).await.unwrap();
    assert_eq!(turn, Turn { ignored: MAILS_PER_TURN, has_more: true, ..Turn::default() });
    // One that sorts before the others waits for its turn.
    deliver(&folder, "!", "Subject: x\n\n");
    let turn = maildir.turn(&desk).await.unwrap();
    assert_eq!((turn.ignored, turn.has_more), (MAILS_PER_TURN, true));
    assert_eq!(names(&folder, "new"), ["!"]);
    assert_eq!(maildir.turn(&desk).await.unwrap(), Turn { ignored: 1, ..Turn::default() });
}

#[test]
fn what_is_no_maildir_is_not_opened() {
    let open = |path: &Path| Maildir::open(path.to_owned(), paths()).err();
    let plain = TempDir::new().unwrap();
    assert!(matches!(open(plain.path()), Some(MaildirError::NoFolder("new"))));
    let linked = TempDir::new().unwrap();
    symlink("/tmp", linked.path().join("new")).unwrap();
    fs::create_dir(linked.path().join("cur")).unwrap();
    assert!(matches!(open(linked.path()), Some(MaildirError::NoFolder("new"))));
}
