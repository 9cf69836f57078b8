use super::{
    super::{Handler, NotTaken},
    *,
};
use crate::dsn::{DsnError, MAIL_BYTES_MAX, Report, TokenError};
use domain::ids::IntentId;
use proptest::prelude::*;
use std::sync::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Builder,
    time::Instant,
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Remembers what came, and can be full.
#[derive(Default)]
struct Desk {
    is_full: bool,
    never_answers: bool,
    reports: Mutex<Vec<Report>>,
    ignored: Mutex<Vec<DsnError>>,
}

impl Handler for Desk {
    async fn take(&self, report: Report) -> Result<(), NotTaken> {
        if self.never_answers {
            std::future::pending::<()>().await;
        }
        if self.is_full {
            return Err(NotTaken);
        }
        self.reports.lock().unwrap().push(report);
        Ok(())
    }

    fn ignored(&self, why: DsnError) {
        self.ignored.lock().unwrap().push(why);
    }
}

impl Desk {
    fn came(&self) -> (usize, Vec<DsnError>) {
        (self.reports.lock().unwrap().len(), self.ignored.lock().unwrap().clone())
    }
}

fn paths() -> ReturnPaths {
    ReturnPaths::new(Zeroizing::new([7; 32]), "bounces.portal-mail.org").unwrap()
}

fn path() -> String {
    paths().mint(IntentId::from_uuid(Uuid::from_u128(42)))
}

fn report() -> String {
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
     --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\n\
     Final-Recipient: rfc822; ada@vendor.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        .to_owned()
}

fn envelope() -> String {
    format!("EHLO relay\r\nMAIL FROM:<>\r\nRCPT TO:<{}>\r\nDATA\r\n", path())
}

/// What a client hears who says all this at once and hangs up only at the end, and what came to the desk.
fn heard(desk: Desk, said: &[u8]) -> (String, Arc<Desk>) {
    let desk = Arc::new(desk);
    let door = Door::new("in.portal-mail.org", paths(), Arc::clone(&desk)).unwrap();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let told = runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(16 << 20);
        let (mut hears, mut says) = tokio::io::split(theirs);
        says.write_all(said).await.unwrap();
        let began = Instant::now();
        session::hold(ours, &door).await;
        assert!(began.elapsed() <= SESSION_TIME + Duration::from_secs(3), "sessions end in time");
        let mut told = Vec::new();
        hears.read_to_end(&mut told).await.ok();
        told
    });
    (String::from_utf8(told).unwrap(), desk)
}

/// The codes of the replies, the last line of each.
fn codes(told: &str) -> Vec<&str> {
    let last = told.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
    last.map(|line| &line[..3]).collect()
}

#[test]
fn a_report_to_a_return_path_is_taken_in_one_pipelined_group() {
    let said = format!("{}{}.\r\nQUIT\r\n", envelope(), report());
    let (told, desk) = heard(Desk::default(), said.as_bytes());
    assert_eq!(codes(&told), ["220", "250", "250", "250", "354", "250", "221"]);
    assert_eq!(desk.came(), (1, vec![]));
    let reports = desk.reports.lock().unwrap();
    assert_eq!(reports[0].intent, IntentId::from_uuid(Uuid::from_u128(42)));
    assert!(reports[0].about("ada@vendor.org").is_some());
}

#[test]
fn a_mail_the_handler_cannot_take_is_not_said_to_be_taken() {
    let said = format!("{}{}.\r\nQUIT\r\n", envelope(), report());
    let (told, desk) = heard(Desk { is_full: true, ..Desk::default() }, said.as_bytes());
    assert!(told.contains("451 4.3.0"), "{told}");
    assert_eq!(codes(&told)[5..], ["451", "221"]);
    assert_eq!(desk.came(), (0, vec![]));
}

#[test]
fn a_handler_without_an_answer_ends_with_the_session_and_without_250() {
    let said = format!("{}{}.\r\nQUIT\r\n", envelope(), report());
    let (told, desk) = heard(Desk { never_answers: true, ..Desk::default() }, said.as_bytes());
    assert_eq!(codes(&told)[4..], ["354", "421"], "{told}");
    assert_eq!(desk.came(), (0, vec![]));
}

#[test]
fn a_client_that_falls_silent_is_left_after_its_time() {
    let (told, _) = heard(Desk::default(), b"EHLO relay\r\n");
    assert_eq!(codes(&told), ["220", "250", "421"]);
}

#[test]
fn only_return_paths_that_were_made_here_are_recipients() {
    let stranger = ReturnPaths::new(Zeroizing::new([8; 32]), "bounces.portal-mail.org").unwrap();
    let forged = stranger.mint(IntentId::from_uuid(Uuid::from_u128(42)));
    let said = format!(
        "EHLO a\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<{forged}>\r\nRCPT TO:<victim@elsewhere.org>\r\n\
         RCPT TO:<@bounces.portal-mail.org:victim@elsewhere.org>\r\nRCPT TO:<bounce+x@bounces.portal-mail.org>\r\n\
         RCPT TO:<postmaster>\r\nDATA\r\nQUIT\r\n"
    );
    let (told, desk) = heard(Desk::default(), said.as_bytes());
    assert_eq!(codes(&told), ["220", "250", "250", "550", "550", "550", "550", "550", "503", "221"]);
    assert_eq!(told.matches("550 5.1.1").count(), 5);
    let unmatched = |why| DsnError::Unmatched(why);
    assert_eq!(
        desk.came().1,
        [
            unmatched(TokenError::Forged),
            unmatched(TokenError::NotOurs),
            unmatched(TokenError::NotOurs),
            unmatched(TokenError::Malformed),
            unmatched(TokenError::NotOurs),
        ]
    );
}

#[test]
fn automatic_answers_and_other_mails_are_taken_and_ignored() {
    let said = format!("{}Auto-Submitted: auto-replied\r\n\r\nAway.\r\n.\r\nQUIT\r\n", envelope());
    let (told, desk) = heard(Desk::default(), said.as_bytes());
    assert_eq!(codes(&told)[5..], ["250", "221"]);
    assert_eq!(desk.came(), (0, vec![DsnError::AutomaticAnswer]));
}

#[test]
fn commands_out_of_turn_are_refused_and_a_mail_has_one_recipient() {
    let path = path();
    for (said, codes_expected) in [
        ("MAIL FROM:<>\r\n".to_owned(), vec!["503"]),
        ("EHLO a\r\nDATA\r\n".to_owned(), vec!["250", "503"]),
        (format!("EHLO a\r\nRCPT TO:<{path}>\r\n"), vec!["250", "503"]),
        ("EHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n".to_owned(), vec!["250", "250", "503"]),
        (
            format!("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<{path}>\r\nRCPT TO:<{path}>\r\n"),
            vec!["250", "250", "250", "452"],
        ),
        (
            format!("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<{path}>\r\nRSET\r\nDATA\r\n"),
            vec!["250", "250", "250", "250", "503"],
        ),
        (format!("EHLO a\r\nMAIL FROM:<> SIZE={}\r\n", MAIL_BYTES_MAX + 1), vec!["250", "552"]),
        ("EHLO a\r\nMAIL FROM:<> RET=HDRS\r\n".to_owned(), vec!["250", "555"]),
        ("EHLO a\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n".to_owned(), vec!["250", "502", "502"]),
        ("GET / HTTP/1.1\r\n".to_owned(), vec!["500"]),
        ("HELO a\r\nVRFY ada\r\nNOOP\r\n".to_owned(), vec!["250", "252", "250"]),
    ] {
        let (told, desk) = heard(Desk::default(), format!("{said}QUIT\r\n").as_bytes());
        let codes = codes(&told);
        assert_eq!(codes[1..codes.len() - 1], codes_expected, "{said}");
        assert_eq!(desk.came(), (0, vec![]));
    }
}

/// What two servers could take for the end of a mail: only one sequence is one, and the command behind it is no command.
#[test]
fn nothing_but_crlf_dot_crlf_ends_a_mail() {
    let smuggled = format!("MAIL FROM:<admin@portal-mail.org>\r\nRCPT TO:<{}>\r\nDATA\r\n", path());
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n. \r\n",
        "\r\n..\r\n",
    ] {
        let said = format!("{}one{end}{smuggled}two\r\n.\r\nQUIT\r\n", envelope());
        let (told, desk) = heard(Desk::default(), said.as_bytes());
        let has_bare_newline = said.replace("\r\n", "").contains('\n');
        let expected: &[&str] = if has_bare_newline { &["354", "550"] } else { &["354", "250", "221"] };
        assert_eq!(codes(&told)[4..], *expected, "{}", end.escape_debug());
        assert_eq!(desk.came().1.len(), usize::from(!has_bare_newline), "one mail at most");
    }
}

#[test]
fn dots_are_unstuffed() {
    let stuffed = report().replace("Reporting-MTA", "..\r\n...x: y\r\nReporting-MTA");
    let said = format!("{}{}.\r\nQUIT\r\n", envelope(), stuffed);
    assert_eq!(heard(Desk::default(), said.as_bytes()).1.came(), (1, vec![]));
    // A field whose name begins with the dot that stuffing adds.
    let said = format!("{}{}.\r\nQUIT\r\n", envelope(), report().replace("Action", ".Action"));
    assert_eq!(heard(Desk::default(), said.as_bytes()).1.came(), (1, vec![]));
}

#[test]
fn lines_end_with_crlf_and_are_bounded() {
    let (told, _) = heard(Desk::default(), b"EHLO relay\nQUIT\r\n");
    assert_eq!(codes(&told), ["220", "550"]);
    let fits = format!("NOOP {}\r\nQUIT\r\n", "x".repeat(LINE_BYTES_MAX - 7));
    assert_eq!(codes(&heard(Desk::default(), fits.as_bytes()).0), ["220", "250", "221"]);
    let long = format!("NOOP {}\r\nQUIT\r\n", "x".repeat(LINE_BYTES_MAX - 6));
    assert_eq!(codes(&heard(Desk::default(), long.as_bytes()).0), ["220", "500"]);
    let endless = "x".repeat(1 << 20);
    assert_eq!(codes(&heard(Desk::default(), endless.as_bytes()).0), ["220", "500"]);
}

#[test]
fn a_mail_that_is_too_big_is_read_to_its_end_and_refused_and_an_endless_one_is_cut() {
    let line = format!("{}\r\n", "x".repeat(998));
    let fits = line.repeat(MAIL_BYTES_MAX / 1_000);
    let said = format!("{}{fits}.\r\nQUIT\r\n", envelope());
    assert_eq!(codes(&heard(Desk::default(), said.as_bytes()).0)[4..], ["354", "250", "221"]);
    let said = format!("{}{fits}{line}.\r\nQUIT\r\n", envelope());
    let (told, desk) = heard(Desk::default(), said.as_bytes());
    assert_eq!(codes(&told)[4..], ["354", "552", "221"]);
    assert_eq!(desk.came(), (0, vec![DsnError::TooBig]));
    let said = format!("{}{}", envelope(), fits.repeat(9));
    let (told, desk) = heard(Desk::default(), said.as_bytes());
    assert_eq!(codes(&told)[4..], ["354", "552"]);
    assert_eq!(desk.came(), (0, vec![DsnError::TooBig]));
}

#[test]
fn commands_and_refusals_of_a_session_are_counted() {
    let (told, _) = heard(Desk::default(), "NOOP\r\n".repeat(COMMANDS_MAX + 50).as_bytes());
    assert_eq!(codes(&told).len(), 1 + COMMANDS_MAX + 1);
    assert_eq!(codes(&told).last(), Some(&"421"));
    let (told, _) = heard(Desk::default(), "RCPT TO:<a@b>\r\n".repeat(50).as_bytes());
    assert_eq!(codes(&told).len(), 1 + REFUSALS_MAX + 1);
}

#[test]
fn a_door_has_the_name_of_a_host() {
    for bad in ["", "in portal", "a\r\nb"] {
        assert!(Door::new(bad, paths(), Arc::new(Desk::default())).is_err());
    }
}

/// Lines a session may be made of, and what is none.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(envelope().into_bytes()),
        Just(report().into_bytes()),
        Just(b".\r\n".to_vec()),
        Just(b"\n.\r\n".to_vec()),
        Just(b"RSET\r\n".to_vec()),
        Just(b"MAIL FROM:<".to_vec()),
        Just(b"RCPT TO:<a@b>\r\n".to_vec()),
        Just(b"\r".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..300),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_a_client_says_the_session_ends_and_every_250_behind_a_mail_is_one_that_came(said in pieces()) {
        let (told, desk) = heard(Desk::default(), &said);
        prop_assert!(told.starts_with("220 in.portal-mail.org ESMTP\r\n"));
        prop_assert!(told.len() < 64 * 1_024);
        let (reports, ignored) = desk.came();
        let others = ignored.iter().filter(|why| !matches!(why, DsnError::Unmatched(_) | DsnError::TooBig));
        prop_assert_eq!(told.matches("250 2.0.0 Taken").count(), reports + others.count());
    }
}
