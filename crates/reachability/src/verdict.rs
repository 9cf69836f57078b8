//! What a check found: one reason, which has one verdict, with flags and evidence.

use crate::{flag::Flag, reason::Reason};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

/// Longest text of a server that is kept, in bytes after escaping.
pub const TEXT_BYTES_MAX: usize = 500;

/// How an address stands, the best first. Stored verdicts are these; the first and the last are never the outcome of
/// a check, because no conversation with a server proves or disproves what a person has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A code sent there came back.
    Confirmed,
    /// A server takes mail for it; unproven.
    Accepted,
    /// Trouble that may pass; ask again later.
    TempFail,
    /// Cannot be known from here.
    Indeterminate,
    /// They refuse us, which says nothing about the mailbox.
    PolicyRefused,
    /// Takes no mail, and says so.
    Unreachable,
    /// No address to ask about; no packet was sent.
    RejectedInput,
    /// Leads to addresses outside the public internet; nobody was dialled.
    UnsafeTarget,
    /// Was confirmed, and evidence now speaks against it.
    Degraded,
}

impl Verdict {
    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED",
            Self::Accepted => "ACCEPTED",
            Self::TempFail => "TEMPFAIL",
            Self::Indeterminate => "INDETERMINATE",
            Self::PolicyRefused => "POLICY_REFUSED",
            Self::Unreachable => "UNREACHABLE",
            Self::RejectedInput => "REJECTED_INPUT",
            Self::UnsafeTarget => "UNSAFE_TARGET",
            Self::Degraded => "DEGRADED",
        }
    }
}

/// Where in a conversation something was said, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before anything was said.
    Connect,
    /// The server's first words.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// MAIL.
    Sender,
    /// RCPT.
    Recipient,
}

impl Stage {
    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Hello => "hello",
            Self::StartTls => "starttls",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
        }
    }
}

/// What one host said, or that it said nothing. May hold what a person typed: never log it.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Name of the mail host.
    pub host: String,
    /// The address dialled.
    pub address: IpAddr,
    /// What it means.
    pub reason: Reason,
    /// How far the conversation came.
    pub stage: Stage,
    /// Reply code, when there was a reply.
    pub code: Option<u16>,
    /// Enhanced code such as `5.1.1` (RFC 3463).
    pub enhanced: Option<String>,
    /// The server's words, escaped to printable ASCII, at most [`TEXT_BYTES_MAX`] bytes.
    pub text: String,
    /// Whether it was said under TLS.
    pub tls: bool,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({:?} at {:?}, {:?})", self.reason, self.stage, self.code)
    }
}

/// Who runs a domain, as far as the DNS tells: a change of both is how a domain that changed hands looks. An empty set
/// is "not known", and no change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signals {
    /// Names of its mail hosts, the ten most preferred.
    pub mail_hosts: BTreeSet<String>,
    /// Names of ten of the name servers of the registered domain.
    pub name_servers: BTreeSet<String>,
}

impl Signals {
    /// Whether none of what is known stayed.
    pub fn changed_hands(&self, since: &Self) -> bool {
        let replaced = |now: &BTreeSet<String>, then: &BTreeSet<String>| {
            !now.is_empty() && !then.is_empty() && now.is_disjoint(then)
        };
        replaced(&self.mail_hosts, &since.mail_hosts) && replaced(&self.name_servers, &since.name_servers)
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Why; gives the verdict.
    pub reason: Reason,
    /// What else is worth knowing.
    pub flags: BTreeSet<Flag>,
    /// What hosts said, in the order they were asked.
    pub evidence: Vec<Evidence>,
    /// For [`Reason::NoDomain`]: how long the answer may be believed before it is asked again (RFC 2308).
    pub believed_for: Option<Duration>,
    /// Who runs the domain.
    pub signals: Signals,
    /// DNS questions asked.
    pub queries: u32,
}

impl Finding {
    /// Nothing but a reason.
    pub(crate) fn of(reason: Reason) -> Self {
        Self {
            reason,
            flags: BTreeSet::new(),
            evidence: Vec::new(),
            believed_for: None,
            signals: Signals::default(),
            queries: 0,
        }
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

/// Bytes of strangers as printable ASCII, cut to what is kept.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let shown = byte.escape_ascii();
        if text.len() + shown.len() > TEXT_BYTES_MAX {
            break;
        }
        text.extend(shown.map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_is_kept_as_printable_ascii_of_bounded_length() {
        assert_eq!(escaped(b"no such user \xfcber\x1b[2J\0\r\n"), r"no such user \xfcber\x1b[2J\x00\r\n");
        for byte in 0..=255_u8 {
            let text = escaped(&[byte; 2_000]);
            assert!(text.len() <= TEXT_BYTES_MAX && text.len() > TEXT_BYTES_MAX - 4, "{byte}");
            assert!(text.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{byte}");
        }
    }

    #[test]
    fn a_domain_changed_hands_when_mail_hosts_and_name_servers_are_all_others() {
        let signals = |mail_hosts: &[&str], name_servers: &[&str]| Signals {
            mail_hosts: mail_hosts.iter().map(ToString::to_string).collect(),
            name_servers: name_servers.iter().map(ToString::to_string).collect(),
        };
        let before = signals(&["mx.a.org", "my.a.org"], &["ns.a.org"]);
        assert!(signals(&["mx.b.org"], &["ns.b.org"]).changed_hands(&before));
        for now in [
            signals(&["mx.b.org"], &["ns.a.org", "ns.b.org"]),
            signals(&["my.a.org"], &["ns.b.org"]),
            signals(&["mx.b.org"], &[]),
            signals(&[], &["ns.b.org"]),
            before.clone(),
        ] {
            assert!(!now.changed_hands(&before), "{now:?}");
        }
    }
}
