//! A mailbox, read as a person reads it.

use portal_tests::until;
use server::demo::mail::Mail;
use std::{fs, path::PathBuf};

/// A Maildir that a mail server delivers to.
pub(crate) struct Mailbox(pub(crate) PathBuf);

impl Mailbox {
    /// Its mails in the order of their arrival.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let Ok(entries) = fs::read_dir(self.0.join("new")) else { return Vec::new() };
        let mut files: Vec<_> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                (path.metadata().and_then(|data| data.modified()).expect("a time"), path)
            })
            .collect();
        files.sort();
        let read = |(_, path)| {
            let text = fs::read_to_string(&path).expect("a mail is text").replace("\r\n", "\n");
            Mail { from: String::new(), to: Vec::new(), raw: text.replace('\n', "\r\n").into_bytes() }
        };
        files.into_iter().map(read).collect()
    }

    /// The `nth` mail, counted from 1, once it is there.
    pub(crate) async fn mail(&self, nth: usize) -> Mail {
        until("the mail is in the mailbox", async || self.mails().len() >= nth).await;
        self.mails().swap_remove(nth - 1)
    }

    /// The code in it.
    pub(crate) async fn code(&self, nth: usize) -> String {
        let mail = self.mail(nth).await;
        mail.code().unwrap_or_else(|| panic!("no code in: {}", mail.text()))
    }
}
