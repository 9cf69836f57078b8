//! Mail out and mail back, put together from the configuration.

use crate::{
    config::{Inbound, Smtp},
    exit::Failure,
    startup::until,
};
use anyhow::Context as _;
use app::{
    App,
    mail::{Mailer, MailerError, ReturnedMail, Senders},
    secret::Secret,
};
use reachability::{
    dsn::ReturnPaths,
    inbound::{
        maildir::{Maildir, MaildirError},
        smtp::Door,
    },
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// How often the Maildir is looked into.
const MAILDIR_EVERY: Duration = Duration::from_secs(1);
/// When it could not be.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// Sends mails by the relay.
pub(crate) fn mailer(app: &App, smtp: &Smtp) -> Result<Mailer, Failure> {
    let made = || {
        let mut senders = Senders::new(&smtp.from)?;
        if let Some(domain) = &smtp.second_domain {
            senders = senders.rotating_at(domain)?;
        }
        if let Some(inbound) = &smtp.inbound {
            let paths = paths(app, inbound, smtp.second_domain.as_deref());
            senders = senders.returning_to(paths.map_err(|_| MailerError::From)?);
        }
        Mailer::smtp(&Secret::new(smtp.url.clone()), senders)
    };
    made().map_err(|error| Failure::Usage(format!("smtp.url, smtp.from or mail.second_domain: {error}")))
}

fn paths(app: &App, inbound: &Inbound, second_domain: Option<&str>) -> Result<ReturnPaths, Failure> {
    let paths = app.return_paths(&inbound.bounce_domain);
    let paths = paths.and_then(|paths| match second_domain {
        Some(second) => paths.with_second(second),
        None => Ok(paths),
    });
    paths.map_err(|error| Failure::Usage(format!("mail.bounce_domain or mail.second_domain: {error}")))
}

/// Takes mail that came back.
pub(crate) struct Returning {
    handler: Arc<ReturnedMail>,
    maildir: Option<Maildir>,
    door: Option<(Door<ReturnedMail>, TcpListener, SocketAddr)>,
}

impl Returning {
    /// Opens the folder and binds the port; none where mail does not come back to the portal.
    pub(crate) fn open(app: &App, smtp: &Smtp) -> Result<Option<Self>, Failure> {
        let Some(inbound) = &smtp.inbound else { return Ok(None) };
        let paths = paths(app, inbound, smtp.second_domain.as_deref())?;
        let handler = Arc::new(app.returned_mail());
        let maildir = inbound.maildir.clone().map(|folder| Maildir::open(folder, paths.clone()));
        let maildir = maildir.transpose().map_err(|error| unusable(&error))?;
        let door = inbound.listen.map(|address| bind(address, &inbound.bounce_domain, paths, &handler));
        Ok(Some(Self { handler, maildir, door: door.transpose()? }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.door.as_ref().map(|(.., address)| *address)
    }

    /// Takes what comes until told to stop.
    pub(crate) async fn take(self, stopped: watch::Receiver<bool>) {
        let Self { handler, maildir, door } = self;
        let by_folder = async {
            if let Some(maildir) = maildir {
                look_into(maildir, &handler, until(stopped.clone())).await;
            }
        };
        let by_smtp = async {
            if let Some((door, listener, address)) = door {
                tracing::info!(%address, "listening for mail that comes back");
                door.serve(listener, until(stopped.clone())).await;
            }
        };
        tokio::join!(by_folder, by_smtp);
    }
}

fn unusable(error: &MaildirError) -> Failure {
    Failure::Unavailable(format!(
        "inbound.maildir: {error}; make it with: maildirmake, or mkdir -p …/new …/cur …/tmp"
    ))
}

fn bind(
    address: SocketAddr,
    host: &str,
    paths: ReturnPaths,
    handler: &Arc<ReturnedMail>,
) -> Result<(Door<ReturnedMail>, TcpListener, SocketAddr), Failure> {
    let unavailable =
        |error| Failure::Unavailable(format!("cannot listen on {address} (inbound.listen): {error}"));
    let listener = std::net::TcpListener::bind(address).map_err(unavailable)?;
    listener.set_nonblocking(true).map_err(unavailable)?;
    let listener = TcpListener::from_std(listener).map_err(unavailable)?;
    let address = listener.local_addr().context("the port has no address")?;
    let door = Door::new(host, paths, Arc::clone(handler)).context("the bounce domain is no host name")?;
    Ok((door, listener, address))
}

async fn look_into(mut maildir: Maildir, handler: &ReturnedMail, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let wait = match maildir.turn(handler).await {
            Ok(turn) if turn.has_more => Duration::ZERO,
            Ok(_) => MAILDIR_EVERY,
            Err(error) => {
                tracing::warn!(%error, "mail that came back is looked for later");
                AFTER_TROUBLE
            }
        };
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}
