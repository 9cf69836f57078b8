//! What the mail hosts of the bench do, and who is asked about.

use mail_farm::{Situation, script};
use reachability::Reason;
use std::net::IpAddr;

/// Domains of each case. In turn, so that no two checks at a time are about one.
const DOMAINS: usize = 100;

/// What tenths of seconds in scripts come from: `wait 1` is a tenth of a second.
pub(crate) const HURRY: u32 = 10;

/// What a host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// It takes the mailbox, and refuses the one nobody has.
    Taken,
    /// It refuses without a reason, and takes the postmaster.
    Refused,
    /// It takes the mailbox, under TLS.
    Encrypted,
    /// It takes the mailbox, and is in no hurry.
    Slow,
}

impl Case {
    pub(crate) const ALL: [Self; 4] = [Self::Taken, Self::Refused, Self::Encrypted, Self::Slow];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken, control refused",
            Self::Refused => "refused, postmaster taken",
            Self::Encrypted => "taken under TLS",
            Self::Slow => "taken, replies after 100 ms",
        }
    }

    /// What a check must find.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Refused => Reason::NoMailbox,
            Self::Taken | Self::Encrypted | Self::Slow => Reason::Taken,
        }
    }

    fn steps(self) -> String {
        match self {
            Self::Taken => String::new(),
            Self::Refused => "rcpt 550 no\n".to_owned(),
            Self::Encrypted => "starttls tls good\n".to_owned(),
            Self::Slow => [
                "greeting 220 farm ESMTP",
                "ehlo 250 farm",
                "mail 250 2.1.0 ok",
                "rcpt 250 2.1.5 ok",
                "control 550 5.1.1 no such user",
                "rset 250 2.0.0 ok",
                "quit 221 2.0.0 bye",
            ]
            .map(|step| format!("{} wait 1\n{step}\n", step.split(' ').next().unwrap()))
            .concat(),
        }
    }
}

/// Whom a check is about.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) case: Case,
    pub(crate) to: String,
    pub(crate) host: IpAddr,
}

impl Contact {
    pub(crate) fn domain(&self) -> &str {
        self.to.split_once('@').unwrap().1
    }
}

/// The world of the bench, and the contacts of each case in it.
pub(crate) struct Cases {
    pub(crate) situations: Vec<Situation>,
}

impl Cases {
    pub(crate) fn new() -> Self {
        let text = |case: Case| {
            let names = "dns {d} NS ns.{d}\ndns {d} MX 10 mx.{d}\ndns mx.{d} A {1}";
            let text = format!("= B {}\n{names}\n{}want ANY ANY\n", case.name(), case.steps());
            text.repeat(DOMAINS)
        };
        Self { situations: script::read(&Case::ALL.map(text).concat(), 0) }
    }

    pub(crate) fn of(&self, case: Case) -> Vec<Contact> {
        let of_case = self.situations.iter().filter(|situation| situation.title == case.name());
        let contact = |situation: &Situation| Contact {
            case,
            to: situation.to.clone(),
            host: *situation.hosts.keys().next().unwrap(),
        };
        of_case.map(contact).collect()
    }
}
