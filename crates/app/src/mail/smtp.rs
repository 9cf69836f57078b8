//! Submission to the operator's relay with lettre: pooled connections, one message in MIME.

use super::mailer::{Mail, MailerError, SendError};
use crate::secret::Secret;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::{self, PoolConfig},
};
use std::time::{Duration, SystemTime};

/// Connections kept open; as many mails are sent at once.
const CONNECTIONS_MAX: u32 = 4;
/// One command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// One mail, connecting included.
const MAIL_TIMEOUT: Duration = Duration::from_mins(1);
/// The relay does not let us in, or is set up for something else: the operator's trouble, not the mail's.
/// (RFC 4954 section 6, RFC 5321 section 4.2.3.)
const RELAY_TROUBLE: [u16; 5] = [503, 530, 534, 535, 538];

/// A pool of connections to a relay. Cheap to clone.
#[derive(Clone)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    pub(super) fn new(url: &Secret<String>, from: &str) -> Result<Self, MailerError> {
        let from = from.parse().map_err(|_| MailerError::From)?;
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal()).map_err(|_| MailerError::Url)?;
        let pool = PoolConfig::new().max_size(CONNECTIONS_MAX);
        Ok(Self { transport: builder.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build(), from })
    }

    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message(mail, self.from.clone()).ok_or(SendError::Permanent { code: None })?;
        match tokio::time::timeout(MAIL_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(class(&error)),
            Err(_) => Err(SendError::Transient { code: None }),
        }
    }
}

/// `None` when the recipient is no address: then no relay will ever take it.
fn message(mail: &Mail, from: Mailbox) -> Option<Message> {
    let part = |kind, body: &Secret<String>| SinglePart::builder().header(kind).body(body.reveal().clone());
    let body = MultiPart::alternative()
        .boundary(format!("part-{}", mail.message_id.replace('@', "-")))
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html));
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, mail.to.reveal().parse().ok()?))
        .subject(mail.subject)
        .date(SystemTime::from(mail.date))
        .message_id(Some(format!("<{}>", mail.message_id)))
        .header(AutoSubmitted)
        .multipart(body)
        .ok()
}

fn class(error: &smtp::Error) -> SendError {
    let code = error.status().map(u16::from);
    match code {
        Some(trouble) if RELAY_TROUBLE.contains(&trouble) => SendError::Transient { code },
        _ if error.is_permanent() => SendError::Permanent { code },
        _ => SendError::Transient { code },
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): no vacation notice answers it.
#[derive(Clone)]
struct AutoSubmitted;

const AUTO_SUBMITTED: &str = "auto-generated";

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        if text == AUTO_SUBMITTED { Ok(Self) } else { Err("another value".into()) }
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), AUTO_SUBMITTED.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    fn mail(to: &str) -> Mail {
        Mail {
            message_id: "0123abcd@portal.example.org".to_owned(),
            to: Secret::new(to.to_owned()),
            subject: "Your code",
            text: Secret::new("Words\n\n    ABCD-EF27\n\n.\n..dots\n".to_owned()),
            html: Secret::new("<p>Zürich</p>".to_owned()),
            date: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        }
    }

    /// Serves one connection and answers RCPT as told; gives back the lines of the message.
    async fn relay(listener: TcpListener, rcpt: &'static str) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        write.write_all(b"220 relay\r\n").await.unwrap();
        let mut lines = BufReader::new(read).lines();
        let mut message = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "RCPT" => rcpt,
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.unwrap();
                    while let Some(line) = lines.next_line().await.unwrap().filter(|line| line != ".") {
                        message.push(line);
                    }
                    "250 taken\r\n"
                }
                "QUIT" => return message,
                _ => "250 fine\r\n",
            };
            write.write_all(answer.as_bytes()).await.unwrap();
            if !message.is_empty() {
                return message;
            }
        }
        message
    }

    async fn send(rcpt: &'static str, to: &str) -> (Result<(), SendError>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
        let mailer = SmtpMailer::new(&url, "Developer Portal <no-reply@portal.example.org>").ok().unwrap();
        let served = tokio::spawn(relay(listener, rcpt));
        let outcome = mailer.send(&mail(to)).await;
        drop(mailer);
        (outcome, served.await.unwrap())
    }

    #[tokio::test]
    async fn a_relay_gets_one_message_with_fixed_headers() {
        let (outcome, lines) = send("250 fine\r\n", "ada@example.com").await;
        outcome.unwrap();
        for header in [
            "From: \"Developer Portal\" <no-reply@portal.example.org>",
            "To: ada@example.com",
            "Subject: Your code",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "Message-ID: <0123abcd@portal.example.org>",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(lines.iter().any(|line| line == header), "{header} is not in {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| line.starts_with("To:")).count(), 1);
        assert!(lines.iter().any(|line| line == "    ABCD-EF27"));
        assert!(lines.iter().any(|line| line == ".."), "a lone dot is stuffed");
    }

    #[tokio::test]
    async fn a_refused_mailbox_is_permanent_and_everything_else_may_pass() {
        let permanent = SendError::Permanent { code: Some(550) };
        assert_eq!(send("550 no such mailbox\r\n", "ada@example.com").await.0, Err(permanent));
        for (answer, code) in
            [("451 later\r\n", 451), ("530 authenticate first\r\n", 530), ("421 closing\r\n", 421)]
        {
            let transient = SendError::Transient { code: Some(code) };
            assert_eq!(send(answer, "ada@example.com").await.0, Err(transient));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
        drop(listener);
        let nobody_there = SmtpMailer::new(&url, "no-reply@portal.example.org").ok().unwrap();
        let outcome = nobody_there.send(&mail("ada@example.com")).await;
        assert_eq!(outcome, Err(SendError::Transient { code: None }));
        let outcome = nobody_there.send(&mail("no address")).await;
        assert_eq!(outcome, Err(SendError::Permanent { code: None }));
    }

    #[test]
    fn a_wrong_url_or_sender_is_told_without_quoting_it() {
        let url = Secret::new("gopher://portal:hunter2@relay".to_owned());
        assert_eq!(SmtpMailer::new(&url, "a@example.org").err(), Some(MailerError::Url));
        let url = Secret::new("smtp://relay:25".to_owned());
        assert_eq!(SmtpMailer::new(&url, "nobody").err(), Some(MailerError::From));
    }
}
