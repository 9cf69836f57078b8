//! The two ways in which mail comes back to the portal: a folder that the operator's mail server delivers to
//! ([`maildir`]), and a small SMTP listener for a mail server that passes bounces on ([`smtp`]).
//!
//! Whichever way, a mail is read here ([`crate::dsn`]) and thrown away or kept where it lay; what the portal gets to see
//! is a [`Report`] on a mail of its own, by a [`Handler`], or a reason to count. Nothing is logged.

pub mod maildir;
pub mod smtp;

use crate::dsn::{self, DsnError, Report, ReturnPaths};
use std::future::Future;

/// The report could not be taken now: the mail stays with who brought it, and comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the report could not be taken now")]
pub struct NotTaken;

/// What the portal does with what came back.
pub trait Handler: Send + Sync + 'static {
    /// Takes a report. `Ok` means that it is durable, or that there is nothing to record: the mail is done with.
    ///
    /// The same report may come again, since a crash, a broken connection or a session's end may come between this and
    /// the word that says so, and the future may be dropped wherever it waits. It is for the caller to ask
    /// [`Report::about`] for the address the mail was sent to.
    fn take(&self, report: Report) -> impl Future<Output = Result<(), NotTaken>> + Send;

    /// A mail, or over SMTP an attempt at one, that is no report on a mail of ours. For counting
    /// ([`DsnError::name`]), so it must return at once.
    fn ignored(&self, why: DsnError);
}

/// Reads a mail and hands on what it is. An error is the handler's.
async fn hand_on(
    mail: &[u8],
    envelope_recipient: &str,
    paths: &ReturnPaths,
    handler: &impl Handler,
) -> Result<Came, NotTaken> {
    match dsn::read(mail, paths, envelope_recipient) {
        Ok(report) => handler.take(report).await.map(|()| Came::Report),
        Err(why) => {
            handler.ignored(why);
            Ok(Came::Other)
        }
    }
}

/// What a mail was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Report,
    Other,
}
