//! Submission to the operator's relay with lettre: pooled connections, one message in MIME.

use super::{
    Senders,
    mailer::{Mail, MailerError, SendError},
    senders::From,
};
use crate::secret::Secret;
use domain::prodaccount::Sender;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    address::Envelope,
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
    senders: Senders,
}

impl SmtpMailer {
    pub(super) fn new(url: &Secret<String>, senders: Senders) -> Result<Self, MailerError> {
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal()).map_err(|_| MailerError::Url)?;
        let pool = PoolConfig::new().max_size(CONNECTIONS_MAX);
        Ok(Self { transport: builder.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build(), senders })
    }

    pub(super) fn domain(&self, sender: Sender) -> &str {
        self.senders.domain(sender)
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let from = self.senders.of(mail.sender, mail.intent, &mail.message_id);
        let message = from.and_then(|from| message(mail, from)).ok_or(SendError::Permanent { code: None })?;
        match tokio::time::timeout(MAIL_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(class(&error)),
            Err(_) => Err(SendError::Transient { code: None }),
        }
    }
}

/// `None` when the recipient is no address: then no relay will ever take it.
fn message(mail: &Mail, from: From) -> Option<Message> {
    let to: Address = mail.to.reveal().parse().ok()?;
    let envelope = Envelope::new(Some(from.return_path), vec![to.clone()]).ok()?;
    let part = |kind, body: &Secret<String>| SinglePart::builder().header(kind).body(body.reveal().clone());
    let body = MultiPart::alternative()
        .boundary(format!("part-{}", mail.message_id.replace('@', "-")))
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html));
    let head = Message::builder().envelope(envelope).from(from.mailbox).to(Mailbox::new(None, to));
    let head = match from.reply_to {
        Some(usual) => head.reply_to(usual),
        None => head,
    };
    head.subject(mail.subject)
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
    use domain::ids::IntentId;
    use reachability::dsn::ReturnPaths;
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    fn mail(to: &str, sender: Sender) -> Mail {
        Mail {
            intent: IntentId::from_uuid(uuid::Uuid::from_u128(7)),
            sender,
            message_id: "0123456789abcdef0123@portal.example.org".to_owned(),
            to: Secret::new(to.to_owned()),
            subject: "Your code",
            text: Secret::new("Words\n\n    ABCD-EF27\n\n.\n..dots\n".to_owned()),
            html: Secret::new("<p>Zürich</p>".to_owned()),
            date: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        }
    }

    /// What a relay was told.
    #[derive(Default)]
    struct Told {
        /// The line that names the envelope's sender.
        sender: String,
        message: Vec<String>,
    }

    /// Serves one connection and answers RCPT as told.
    async fn relay(listener: TcpListener, rcpt: &'static str) -> Told {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        write.write_all(b"220 relay\r\n").await.unwrap();
        let mut lines = BufReader::new(read).lines();
        let mut told = Told::default();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "RCPT" => rcpt,
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.unwrap();
                    while let Some(line) = lines.next_line().await.unwrap().filter(|line| line != ".") {
                        told.message.push(line);
                    }
                    "250 taken\r\n"
                }
                "MAIL" => {
                    told.sender = line;
                    "250 fine\r\n"
                }
                "QUIT" => return told,
                _ => "250 fine\r\n",
            };
            write.write_all(answer.as_bytes()).await.unwrap();
            if !told.message.is_empty() {
                return told;
            }
        }
        told
    }

    fn senders() -> Senders {
        Senders::new("Developer Portal <no-reply@portal.example.org>").ok().unwrap()
    }

    async fn send(senders: Senders, rcpt: &'static str, mail: Mail) -> (Result<(), SendError>, Told) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
        let mailer = SmtpMailer::new(&url, senders).ok().unwrap();
        let served = tokio::spawn(relay(listener, rcpt));
        let outcome = mailer.send(&mail).await;
        drop(mailer);
        (outcome, served.await.unwrap())
    }

    #[tokio::test]
    async fn a_relay_gets_one_message_with_fixed_headers() {
        let (outcome, told) = send(senders(), "250 fine\r\n", mail("ada@example.com", Sender::Usual)).await;
        outcome.unwrap();
        assert!(told.sender.starts_with("MAIL FROM:<no-reply@portal.example.org>"), "{}", told.sender);
        let lines = told.message;
        for header in [
            "From: \"Developer Portal\" <no-reply@portal.example.org>",
            "To: ada@example.com",
            "Subject: Your code",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "Message-ID: <0123456789abcdef0123@portal.example.org>",
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
        let sent = |rcpt| send(senders(), rcpt, mail("ada@example.com", Sender::Usual));
        assert_eq!(sent("550 no such mailbox\r\n").await.0, Err(permanent));
        for (answer, code) in
            [("451 later\r\n", 451), ("530 authenticate first\r\n", 530), ("421 closing\r\n", 421)]
        {
            let transient = SendError::Transient { code: Some(code) };
            assert_eq!(sent(answer).await.0, Err(transient));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
        drop(listener);
        let nobody_there = SmtpMailer::new(&url, senders()).ok().unwrap();
        let outcome = nobody_there.send(&mail("ada@example.com", Sender::Usual)).await;
        assert_eq!(outcome, Err(SendError::Transient { code: None }));
        let outcome = nobody_there.send(&mail("no address", Sender::Usual)).await;
        assert_eq!(outcome, Err(SendError::Permanent { code: None }));
    }

    #[tokio::test]
    async fn a_rotated_sender_shares_nothing_with_the_usual_one_and_both_return_to_their_own_paths() {
        let paths = ReturnPaths::new(zeroize::Zeroizing::new([7; 32]), "bounces.portal.example.org");
        let paths = paths.and_then(|paths| paths.with_second("second.example.net")).unwrap();
        let rotating = senders().rotating_at("second.example.net").ok().unwrap().returning_to(paths.clone());
        let intent = mail("", Sender::Usual).intent;
        let usual = send(rotating.clone(), "250 fine\r\n", mail("ada@example.com", Sender::Usual)).await.1;
        assert!(usual.sender.starts_with(&format!("MAIL FROM:<{}>", paths.mint(intent))), "{}", usual.sender);
        let rotated = send(rotating, "250 fine\r\n", mail("ada@example.com", Sender::Rotated)).await.1;
        let path = paths.mint_rotated(intent);
        assert!(path.ends_with("@second.example.net"));
        assert!(rotated.sender.starts_with(&format!("MAIL FROM:<{path}>")), "{}", rotated.sender);
        for header in [
            "From: \"Developer Portal\" <contact-0123456789abcde@second.example.net>",
            "Reply-To: \"Developer Portal\" <no-reply@portal.example.org>",
        ] {
            assert!(rotated.message.iter().any(|line| line == header), "{header}: {:#?}", rotated.message);
        }
    }

    #[test]
    fn a_wrong_url_or_sender_is_told_without_quoting_it() {
        let url = Secret::new("gopher://portal:hunter2@relay".to_owned());
        assert_eq!(SmtpMailer::new(&url, senders()).err(), Some(MailerError::Url));
        assert_eq!(Senders::new("nobody").err(), Some(MailerError::From));
        assert_eq!(senders().rotating_at("no domain").err(), Some(MailerError::From));
    }
}
