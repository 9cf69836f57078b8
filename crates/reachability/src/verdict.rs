//! What a check found: one reason, which has one verdict, with flags and evidence.

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

/// Declares the reasons, each with its stable name and its verdict, so that none can lack one.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $verdict:ident;)*) => {
        /// Why a verdict is what it is. Each reason has exactly one verdict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The verdict it gives.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }
        }
    };
}

reasons! {
    /// 250 to the recipient.
    Taken = "RECIPIENT_TAKEN", Accepted;
    /// 251: will be forwarded; the new path is not followed (RFC 5321, 3.4).
    Forwarded = "FORWARDED", Accepted;
    /// 252: cannot verify but will try (RFC 5321, 3.5.3).
    Unverified = "UNVERIFIED", Accepted;

    /// No `name@domain`.
    Syntax = "SYNTAX", RejectedInput;
    /// Longer than RFC 5321 (4.5.3.1) allows.
    TooLong = "TOO_LONG", RejectedInput;
    /// Control characters, or ones that hide or reorder text.
    ControlCharacter = "CONTROL_CHARACTER", RejectedInput;
    /// A quoted local part (RFC 5321, 4.1.2): mail, but no contact to rely on.
    QuotedName = "QUOTED_NAME", RejectedInput;
    /// An address literal (RFC 5321, 4.1.3).
    AddressLiteral = "ADDRESS_LITERAL", RejectedInput;
    /// Not a domain of the public DNS: special use (RFC 6761), one label, no known suffix, or no valid name.
    NoPublicDomain = "NO_PUBLIC_DOMAIN", RejectedInput;

    /// Every mail host lies outside the public internet.
    NonGlobal = "NON_GLOBAL", UnsafeTarget;

    /// The domain says it takes no mail (RFC 7505).
    NullMx = "NULL_MX", Unreachable;
    /// The domain does not exist. To be asked once more when the negative answer has run out.
    NoDomain = "NO_DOMAIN", Unreachable;
    /// The domain has neither mail hosts nor addresses.
    NoMailHost = "NO_MAIL_HOST", Unreachable;
    /// There are mail hosts, and none of them exists (RFC 5321, 5.1: the domain's own address must not be used).
    NoUsableHost = "NO_USABLE_HOST", Unreachable;
    /// 521: the host never takes mail (RFC 7504, 3).
    HostTakesNoMail = "HOST_TAKES_NO_MAIL", Unreachable;
    /// The server knows no such mailbox.
    NoMailbox = "NO_MAILBOX", Unreachable;
    /// The server takes no mail for this domain (556, X.1.2, X.1.10).
    BadDestination = "BAD_DESTINATION", Unreachable;
    /// Moved, the new place is not followed (551, X.1.6).
    Moved = "MOVED", Unreachable;
    /// Disabled (X.2.1).
    Disabled = "DISABLED", Unreachable;
    /// A list or group that takes no mail from outside (X.7.2 and what products say instead).
    NotPublic = "NOT_PUBLIC", Unreachable;
    /// A name beyond ASCII at a server that takes none (RFC 6531, 3.2).
    NeedsSmtpUtf8 = "NEEDS_SMTPUTF8", Unreachable;

    /// Refused for what we are taken for: a deny-list, a reputation, a rule (X.7.1).
    Policy = "POLICY", PolicyRefused;
    /// Refused for what is wrong with us: sender domain, SPF, DKIM, reverse DNS (X.1.8, RFC 7372).
    Ours = "OURS", PolicyRefused;

    /// The resolver or a name server failed (SERVFAIL; bogus DNSSEC too, RFC 4035, 5.5).
    DnsFailed = "DNS_FAILED", TempFail;
    /// No answer from the DNS in time.
    DnsTimeout = "DNS_TIMEOUT", TempFail;
    /// The resolver refused the question.
    DnsRefused = "DNS_REFUSED", TempFail;
    /// Answers that cannot be read.
    DnsMalformed = "DNS_MALFORMED", TempFail;
    /// An alias leads in a circle, or too far.
    AliasLoop = "ALIAS_LOOP", TempFail;
    /// More questions or bytes needed than a check may use.
    DnsTooMuch = "DNS_TOO_MUCH", TempFail;
    /// No host could be connected to.
    NoConnection = "NO_CONNECTION", TempFail;
    /// A server took longer than we wait.
    Timeout = "TIMEOUT", TempFail;
    /// The connection broke.
    Dropped = "DROPPED", TempFail;
    /// 421, or a greeting that says later.
    Busy = "BUSY", TempFail;
    /// Greylisting (RFC 6647): the same sender is let in later.
    Greylisted = "GREYLISTED", TempFail;
    /// Too much mail at a time (X.2.1 with 4).
    RateLimited = "RATE_LIMITED", TempFail;
    /// The server's own trouble (X.3).
    LocalError = "LOCAL_ERROR", TempFail;
    /// Too many recipients, or another sin of our conversation (X.5.3).
    OurSession = "OUR_SESSION", TempFail;
    /// The mailbox exists and is full (X.2.2, whether said with 4 or 5).
    MailboxFull = "MAILBOX_FULL", TempFail;
    /// Talks only over TLS, and TLS was not to be had (RFC 3207, 4).
    TlsRequired = "TLS_REQUIRED", TempFail;
    /// Another 4yz.
    TryLater = "TRY_LATER", TempFail;

    /// We reach nobody's port 25, so it is us.
    Egress = "EGRESS", Indeterminate;
    /// The host has IPv6 only, and we have none.
    EgressV6 = "EGRESS_V6", Indeterminate;
    /// What the server says is no SMTP.
    Protocol = "PROTOCOL", Indeterminate;
    /// Refused without saying why, and the control did not tell either.
    Ambiguous = "AMBIGUOUS", Indeterminate;
}

/// What is worth knowing beside the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// A mailbox that cannot exist was taken as well, so 250 says nothing.
    CatchAll,
    /// A throw-away provider.
    Disposable,
    /// A provider where anybody gets a mailbox.
    FreeMail,
    /// A mailbox several people read.
    Role,
    /// Takes no answers.
    NoReply,
    /// The name goes beyond ASCII; not every sender can write to it.
    NeedsSmtpUtf8,
    /// Some mail hosts lie outside the public internet; they were not dialled.
    MixedTargets,
    /// TLS was offered with a certificate that does not hold, or broke down.
    BrokenTls,
    /// No MX record: the domain's own address was used (RFC 5321, 5.1).
    ImplicitMx,
    /// A mail host is an alias (forbidden by RFC 2181, 10.3).
    AliasedHost,
    /// A null MX beside others (RFC 7505, 3: must be alone).
    MalformedNullMx,
    /// Hosts of equal preference disagree about the mailbox.
    HostsDisagree,
    /// No connection, and no host known to be there was given to tell whose trouble that is.
    EgressUntested,
}

impl Flag {
    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::CatchAll => "CATCH_ALL",
            Self::Disposable => "DISPOSABLE",
            Self::FreeMail => "FREE_MAIL",
            Self::Role => "ROLE",
            Self::NoReply => "NOREPLY",
            Self::NeedsSmtpUtf8 => "NEEDS_SMTPUTF8",
            Self::MixedTargets => "MIXED_TARGETS",
            Self::BrokenTls => "BROKEN_TLS",
            Self::ImplicitMx => "IMPLICIT_MX",
            Self::AliasedHost => "ALIASED_HOST",
            Self::MalformedNullMx => "MALFORMED_NULL_MX",
            Self::HostsDisagree => "HOSTS_DISAGREE",
            Self::EgressUntested => "EGRESS_UNTESTED",
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
    /// DNS questions asked.
    pub queries: u32,
}

impl Finding {
    /// Nothing but a reason.
    pub(crate) fn of(reason: Reason) -> Self {
        Self { reason, flags: BTreeSet::new(), evidence: Vec::new(), believed_for: None, queries: 0 }
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
    fn every_reason_and_flag_has_a_name_of_its_own() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
    }

    #[test]
    fn no_check_confirms_or_degrades() {
        for reason in Reason::ALL {
            assert!(!matches!(reason.verdict(), Verdict::Confirmed | Verdict::Degraded), "{reason:?}");
        }
    }
}
