//! Mail that could not be delivered: reports as mail servers write them (RFC 3464), and a server that brings them.

use std::net::SocketAddr;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// What a mail server says became of a mail.
#[derive(Debug, Clone, Copy)]
pub struct Report<'r> {
    /// Such as `failed` or `delayed`.
    pub action: &'r str,
    /// Such as `5.1.1`.
    pub status: &'r str,
    /// Whom it could not be delivered to.
    pub recipient: &'r str,
}

impl Report<'_> {
    /// The mail, as it is sent back to `return_path`; a server that delivers into folders writes that on top.
    pub fn mail(&self, return_path: &str) -> String {
        let Self { action, status, recipient } = self;
        let lines = [
            &format!("Delivered-To: {return_path}"),
            "From: Mail Delivery System <mailer-daemon@mx.vendor.example>",
            &format!("To: {return_path}"),
            "Subject: Undelivered mail",
            "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=part",
            "",
            "--part",
            "Content-Type: text/plain",
            "",
            "It could not be delivered.",
            "--part",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.vendor.example",
            "",
            &format!("Final-Recipient: rfc822; {recipient}"),
            &format!("Action: {action}"),
            &format!("Status: {status}"),
            &format!("Diagnostic-Code: smtp; 550 {status} <script>alert(1)</script>"),
            "",
            "--part--",
            "",
        ];
        lines.join("\r\n")
    }
}

/// Brings a mail by SMTP, as a mail server does. Gives the reply to the recipient, or to the mail if that was taken.
pub async fn bring(server: SocketAddr, to: &str, mail: &str) -> String {
    let stream = TcpStream::connect(server).await.expect("it listens");
    let (read, mut write) = stream.into_split();
    let mut replies = BufReader::new(read).lines();
    let body = format!("{mail}\r\n.\r\n");
    let commands = [
        "",
        "EHLO mx.vendor.example\r\n",
        "MAIL FROM:<>\r\n",
        &format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n",
        &body,
    ];
    let mut reply = String::new();
    for command in commands {
        write.write_all(command.as_bytes()).await.expect("it reads");
        loop {
            reply = replies.next_line().await.expect("it answers").expect("it answers");
            if reply.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        if !reply.starts_with(['2', '3']) {
            break;
        }
    }
    reply
}
