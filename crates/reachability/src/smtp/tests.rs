use super::*;
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Builder,
};

const QUESTION: Question<'static> = Question {
    helo: "probe.portal-mail.org",
    sender: "bounces@portal-mail.org",
    recipient: "ada@vendor.org",
    utf8: false,
    domain: "vendor.org",
    nobody: "0123456789abcdef",
    tls: None,
    host: "mx.vendor.org",
};

/// What comes of a conversation with who says `said` at once and then nothing more, and what was said to them.
fn conversation(said: Vec<u8>) -> (Heard, Vec<u8>) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let limits = Limits::default();
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(&said).await.expect("room for it");
        let heard = converse(ours, &QUESTION, Instant::now() + limits.session, &limits).await;
        let mut told = Vec::new();
        theirs.read_to_end(&mut told).await.expect("all that was said");
        (heard, told)
    })
}

/// Every line may be said, and no other.
fn is_line_of_ours(line: &[u8]) -> bool {
    let exact: [&[u8]; 2] = [b"RSET", b"QUIT"];
    let begun: [&[u8]; 4] = [b"EHLO probe.", b"HELO probe.", b"MAIL FROM:<bounces@", b"RCPT TO:<"];
    exact.contains(&line) || begun.iter().any(|beginning| line.starts_with(beginning))
}

/// Replies that a conversation may be made of, and what is none.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"220 hello\r\n".to_vec()),
        Just(b"250-a\r\n".to_vec()),
        Just(b"250 a\n".to_vec()),
        Just(b"550 5.1.1 no\r\n".to_vec()),
        Just(b"421 bye\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..300),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_a_server_says_the_conversation_ends_with_a_reason_and_sends_no_mail(said in pieces()) {
        let (heard, told) = conversation(said);
        prop_assert!(heard.stage <= Stage::Recipient);
        let told = told.strip_suffix(b"\r\n").unwrap_or(&told);
        for line in told.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            prop_assert!(is_line_of_ours(line), "{}", line.escape_ascii());
        }
    }
}

#[test]
fn a_server_that_says_all_its_replies_beforehand_is_not_believed() {
    let (heard, _) = conversation(b"220 a\r\n250 a\r\n250 a\r\n250 a\r\n".to_vec());
    assert_eq!(heard.reason, Reason::Protocol);
}

#[test]
fn a_server_that_falls_silent_is_left_after_its_time_and_gives_no_answer() {
    let (heard, told) = conversation(b"220 a\r\n".to_vec());
    assert_eq!((heard.reason, heard.stage), (Reason::Timeout, Stage::Hello));
    assert_eq!(told, b"EHLO probe.portal-mail.org\r\n");
}
