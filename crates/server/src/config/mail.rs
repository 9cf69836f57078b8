//! Where mail goes, who it comes from, and how it comes back.

use super::{Mode, Settings, socket};
use std::{net::SocketAddr, path::PathBuf};
use url::{Host, Url};

/// Where mail goes.
#[derive(Clone)]
pub struct Smtp {
    /// Relay, perhaps with a password.
    pub url: String,
    /// Sender.
    pub from: String,
    /// Where second codes come from.
    pub second_domain: Option<String>,
    /// How mail comes back; none: the portal hears nothing of it.
    pub inbound: Option<Inbound>,
}

/// How mail that could not be delivered comes back.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The domain of return paths.
    pub bounce_domain: String,
    /// A folder that the operator's mail server delivers to.
    pub maildir: Option<PathBuf>,
    /// Where the portal takes it by SMTP.
    pub listen: Option<SocketAddr>,
}

pub(super) fn read(settings: &Settings, mode: Mode, complaints: &mut Vec<String>) -> Option<Smtp> {
    let second_domain = domain(settings, "mail.second_domain", complaints);
    let inbound = inbound(settings, complaints);
    match (settings.text("smtp.url"), settings.text("smtp.from")) {
        (Some(url), Some(from)) => {
            if !matches!(Url::parse(url), Ok(url) if matches!(url.scheme(), "smtp" | "smtps") && url.has_host())
            {
                complaints
                    .push("smtp.url must be of the form smtp://host:port or smtps://host:port".to_owned());
            }
            Some(Smtp { url: url.to_owned(), from: from.to_owned(), second_domain, inbound })
        }
        (Some(_), None) => {
            complaints.push("smtp.from is needed beside smtp.url: set it to the sender's address".to_owned());
            None
        }
        (None, _) => {
            if mode == Mode::Production {
                complaints.push(
                    "smtp.url is needed in production mode: set it to your mail relay, or set \
                     mode = \"development\" to run without mail"
                        .to_owned(),
                );
            }
            None
        }
    }
}

/// A return path that leads nowhere would lose what it is for, so both sides of it go together.
fn inbound(settings: &Settings, complaints: &mut Vec<String>) -> Option<Inbound> {
    let bounce_domain = domain(settings, "mail.bounce_domain", complaints);
    let maildir = settings.text("inbound.maildir").filter(|text| !text.is_empty()).map(PathBuf::from);
    let listen = socket(settings, "inbound.listen", complaints);
    match (bounce_domain, maildir.is_some() || listen.is_some()) {
        (Some(bounce_domain), true) => Some(Inbound { bounce_domain, maildir, listen }),
        (Some(_), false) => {
            complaints.push(
                "mail.bounce_domain needs inbound.maildir or inbound.listen: say how its mail comes to the portal"
                    .to_owned(),
            );
            None
        }
        (None, true) => {
            complaints.push(
                "inbound.maildir and inbound.listen need mail.bounce_domain: set it to the domain whose mail comes \
                 there"
                    .to_owned(),
            );
            None
        }
        (None, false) => None,
    }
}

/// A host name in ASCII; none when nothing is said.
fn domain(settings: &Settings, name: &str, complaints: &mut Vec<String>) -> Option<String> {
    let text = settings.text(name).filter(|text| !text.is_empty())?;
    let is_domain = text.is_ascii() && text.contains('.') && matches!(Host::parse(text), Ok(Host::Domain(_)));
    if !is_domain {
        complaints.push(format!("{name} must be a domain such as bounces.example.org"));
    }
    Some(text.to_ascii_lowercase())
}
