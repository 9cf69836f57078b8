use super::*;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{MultiPart, header::ContentType},
};

const PATIENCE: Duration = Duration::from_secs(10);

fn transport(sink: &SmtpSink) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(sink.address().port()).build()
}

fn message(to: &str, text: &str) -> Message {
    Message::builder()
        .from("portal@portal.example".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("A code")
        .multipart(MultiPart::alternative_plain_html(text.to_owned(), "<p>html</p>".to_owned()))
        .unwrap()
}

#[tokio::test]
async fn what_lettre_sends_is_received_with_its_code() {
    let sink = SmtpSink::start().await.unwrap();
    let text = "Grüße,\n\n.a line that begins with a dot\n\n    ABCD-EF27\n";
    transport(&sink).send(message("Ada@demo.example", text)).await.unwrap();
    let mail = sink.wait_for("ada@DEMO.example", 1, PATIENCE).await.unwrap();
    assert_eq!(mail.from, "portal@portal.example");
    assert_eq!(mail.code().as_deref(), Some("ABCD-EF27"));
    assert!(mail.text().contains("Grüße"), "{}", mail.text());
    assert!(mail.text().contains("\n.a line"), "{}", mail.text());
}

#[tokio::test]
async fn many_mails_travel_over_pooled_connections_at_once() {
    let sink = SmtpSink::start().await.unwrap();
    let transport = transport(&sink);
    let sending = (0..40).map(|n| {
        let transport = transport.clone();
        async move { transport.send(message(&format!("u{}@demo.example", n % 4), "x")).await.unwrap() }
    });
    futures_util::future::join_all(sending).await;
    sink.wait_for("u3@demo.example", 10, PATIENCE).await.unwrap();
    assert_eq!(sink.mails().len(), 40);
}

#[tokio::test]
async fn a_plain_text_mail_without_parts_is_read() {
    let sink = SmtpSink::start().await.unwrap();
    let plain = Message::builder()
        .from("p@portal.example".parse().unwrap())
        .to("b@demo.example".parse().unwrap())
        .subject("s")
        .header(ContentType::TEXT_PLAIN)
        .body("    ZZZZ-2345\r\n".to_owned())
        .unwrap();
    transport(&sink).send(plain).await.unwrap();
    assert_eq!(sink.wait_for("b@demo.example", 1, PATIENCE).await.unwrap().code().unwrap(), "ZZZZ-2345");
}

#[tokio::test]
async fn waiting_for_a_mail_that_never_comes_ends() {
    let sink = SmtpSink::start().await.unwrap();
    let none = sink.wait_for("nobody@demo.example", 1, Duration::from_millis(20)).await;
    assert_eq!(none, Err(NoMail { waited_ms: 20, kept: 0 }));
}

/// Sends lines and gives the first line of each reply.
async fn dialogue(sink: &SmtpSink, lines: &[&[u8]]) -> Vec<String> {
    let stream = TcpStream::connect(sink.address()).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut replies = BufReader::new(reader).lines();
    let mut heard = vec![replies.next_line().await.unwrap().unwrap()];
    for line in lines {
        writer.write_all(line).await.unwrap();
        loop {
            let Some(reply) = replies.next_line().await.unwrap() else { return heard };
            if reply.as_bytes().get(3) == Some(&b' ') {
                heard.push(reply);
                break;
            }
        }
    }
    heard
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_the_session_goes_on() {
    let sink = SmtpSink::start().await.unwrap();
    let heard = dialogue(
        &sink,
        &[
            b"MAIL FROM:<a@b.example>\r\n",
            b"EHLO me\r\n",
            b"DATA\r\n",
            b"RCPT TO:<c@d.example>\r\n",
            b"mail from:<a@b.example> SIZE=99999999\r\n",
            b"mail from:<a@b.example> SIZE=10\r\n",
            b"MAIL FROM:<a@b.example>\r\n",
            b"RCPT TO:<>\r\n",
            b"RCPT TO:<c@d.example>\r\n",
            b"RSET\r\n",
            b"DATA\r\n",
            b"NOOP\r\n",
            b"VRFY c\r\n",
            b"WAT\r\n",
            b"QUIT\r\n",
        ],
    )
    .await;
    let codes: Vec<_> = heard.iter().map(|reply| &reply[..3]).collect();
    assert_eq!(
        codes,
        [
            "220", "503", "250", "503", "503", "552", "250", "503", "501", "250", "250", "503", "250", "252",
            "500", "221"
        ]
    );
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_bare_line_feed_cannot_smuggle_a_second_mail_in() {
    let sink = SmtpSink::start().await.unwrap();
    let body = b"one\n.\nMAIL FROM:<evil@b.example>\r\n.\r\n";
    let heard = dialogue(
        &sink,
        &[b"EHLO me\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n", b"DATA\r\n", body],
    )
    .await;
    assert!(heard.last().unwrap().starts_with("250"), "{heard:?}");
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(sink.mails()[0].raw, b"one\n.\nMAIL FROM:<evil@b.example>\r\n");
}

#[tokio::test]
async fn an_endless_line_ends_the_session() {
    let sink = SmtpSink::start().await.unwrap();
    let endless = [b'x'; COMMAND_BYTES_MAX + 1];
    let heard = dialogue(&sink, &[&endless]).await;
    assert!(heard.last().unwrap().starts_with("500"), "{heard:?}");
}
