//! Reasons: each has a name, a verdict and plain words, and stands here once.

use crate::verdict::Verdict;

/// Declares the reasons, so that none can lack a name, a verdict or words.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $verdict:ident, $words:literal;)*) => {
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

            /// What was found and what helps, for people who look after a mailbox and need not know SMTP.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

reasons! {
    /// 250 to the recipient.
    Taken = "RECIPIENT_TAKEN", Accepted,
        "A mail server takes mail for this address. That is no proof that anybody reads it; a code sent \
         there is.";
    /// 251: will be forwarded; the new path is not followed (RFC 5321, 3.4).
    Forwarded = "FORWARDED", Accepted,
        "The server takes the mail and forwards it. A code sent there shows whether it arrives.";
    /// 252: cannot verify but will try (RFC 5321, 3.5.3).
    Unverified = "UNVERIFIED", Accepted,
        "The server takes the mail without saying whether the mailbox exists. A code sent there shows it.";

    /// No `name@domain`.
    Syntax = "SYNTAX", RejectedInput,
        "This is not a mail address. It has the form name@domain.";
    /// Longer than RFC 5321 (4.5.3.1) allows.
    TooLong = "TOO_LONG", RejectedInput,
        "A mail address has at most 254 bytes, 64 of them before the @.";
    /// Control characters, or ones that hide or reorder text.
    ControlCharacter = "CONTROL_CHARACTER", RejectedInput,
        "The address holds invisible characters. Type it anew instead of pasting it.";
    /// A quoted local part (RFC 5321, 4.1.2): mail, but no contact to rely on.
    QuotedName = "QUOTED_NAME", RejectedInput,
        "A name in quotation marks is allowed in mail, but many programs cannot write to it. Use a \
         mailbox with a plain name.";
    /// An address literal (RFC 5321, 4.1.3).
    AddressLiteral = "ADDRESS_LITERAL", RejectedInput,
        "An IP address in place of a domain is no lasting contact. Use a domain name.";
    /// Not a domain of the public DNS: special use (RFC 6761), one label, no known suffix, or no valid name.
    NoPublicDomain = "NO_PUBLIC_DOMAIN", RejectedInput,
        "The part behind the @ is not a domain of the public internet.";

    /// Every mail host lies outside the public internet.
    NonGlobal = "NON_GLOBAL", UnsafeTarget,
        "The domain's mail servers have addresses that exist only inside a network. Point its MX records \
         at hosts with public addresses.";

    /// The domain says it takes no mail (RFC 7505).
    NullMx = "NULL_MX", Unreachable,
        "The domain declares that it takes no mail (a null MX record). Use another domain.";
    /// The domain does not exist. To be asked once more when the negative answer has run out.
    NoDomain = "NO_DOMAIN", Unreachable,
        "The domain does not exist. Look for a slip of the pen, or whether it has lapsed.";
    /// The domain has neither mail hosts nor addresses.
    NoMailHost = "NO_MAIL_HOST", Unreachable,
        "The domain exists but has no mail server. Add an MX record, or use another domain.";
    /// There are mail hosts, and none of them exists (RFC 5321, 5.1: the domain's own address must not be used).
    NoUsableHost = "NO_USABLE_HOST", Unreachable,
        "The domain names mail servers that do not exist. Correct its MX records: each names a host with \
         an address.";
    /// 521: the host never takes mail (RFC 7504, 3).
    HostTakesNoMail = "HOST_TAKES_NO_MAIL", Unreachable,
        "The host the domain names for mail never takes any. Correct its MX records.";
    /// The server knows no such mailbox.
    NoMailbox = "NO_MAILBOX", Unreachable,
        "The mail server knows no such mailbox. Look for a slip of the pen, or create it.";
    /// The server takes no mail for this domain (556, X.1.2, X.1.10).
    BadDestination = "BAD_DESTINATION", Unreachable,
        "The server named for this domain takes no mail for it. Add the domain there, or correct the MX \
         records.";
    /// Moved, the new place is not followed (551, X.1.6).
    Moved = "MOVED", Unreachable,
        "The mailbox has moved. Give the new address.";
    /// Disabled (X.2.1).
    Disabled = "DISABLED", Unreachable,
        "The mailbox exists but is switched off. Switch it on, or use another.";
    /// A list or group that takes no mail from outside (X.7.2 and what products say instead).
    NotPublic = "NOT_PUBLIC", Unreachable,
        "This is a list or group that takes mail from its members only, so customers cannot write to it. \
         Let it accept messages from people outside your organisation, or use another mailbox.";
    /// A name beyond ASCII at a server that takes none (RFC 6531, 3.2).
    NeedsSmtpUtf8 = "NEEDS_SMTPUTF8", Unreachable,
        "The name has letters beyond a to z, and its own server does not take such names. Give the \
         mailbox a plain name.";

    /// Refused for what we are taken for: a deny-list, a reputation, a rule (X.7.1).
    Policy = "POLICY", PolicyRefused,
        "The server refuses mail from us before it looks at the mailbox. That says nothing about the \
         address. If the server is yours, allow our sender; else the operator of this portal has to see \
         to it.";
    /// Refused for what is wrong with us: sender domain, SPF, DKIM, reverse DNS (X.1.8, RFC 7372).
    Ours = "OURS", PolicyRefused,
        "The server refuses us because something is wrong with our own set-up (sender domain, SPF, DKIM \
         or reverse DNS). The operator of this portal has to correct it; the address may be fine.";

    /// The resolver or a name server failed (SERVFAIL; bogus DNSSEC too, RFC 4035, 5.5).
    DnsFailed = "DNS_FAILED", TempFail,
        "The domain's name servers do not answer as they should. It is tried again; if that goes on, let \
         whoever runs the domain look at its name servers and at DNSSEC.";
    /// No answer from the DNS in time.
    DnsTimeout = "DNS_TIMEOUT", TempFail,
        "The domain's name servers do not answer as they should. It is tried again; if that goes on, let \
         whoever runs the domain look at its name servers and at DNSSEC.";
    /// The resolver refused the question.
    DnsRefused = "DNS_REFUSED", TempFail,
        "The domain's name servers do not answer as they should. It is tried again; if that goes on, let \
         whoever runs the domain look at its name servers and at DNSSEC.";
    /// Answers that cannot be read.
    DnsMalformed = "DNS_MALFORMED", TempFail,
        "The domain's name servers do not answer as they should. It is tried again; if that goes on, let \
         whoever runs the domain look at its name servers and at DNSSEC.";
    /// An alias leads in a circle, or too far.
    AliasLoop = "ALIAS_LOOP", TempFail,
        "The domain's records lead in a circle. Correct its CNAME records.";
    /// More questions or bytes needed than a check may use.
    DnsTooMuch = "DNS_TOO_MUCH", TempFail,
        "The domain's records are more than a sender looks at. Reduce the number of its aliases.";
    /// No host could be connected to.
    NoConnection = "NO_CONNECTION", TempFail,
        "None of the domain's mail servers can be connected to. It is tried again; meanwhile see whether \
         they run and whether a firewall keeps strangers out.";
    /// A server took longer than we wait.
    Timeout = "TIMEOUT", TempFail,
        "The mail server takes too long to answer. It is tried again.";
    /// The connection broke.
    Dropped = "DROPPED", TempFail,
        "The mail server ends the conversation in the middle. It is tried again.";
    /// 421, or a greeting that says later.
    Busy = "BUSY", TempFail,
        "The mail server is busy. It is tried again.";
    /// Greylisting (RFC 6647): the same sender is let in later.
    Greylisted = "GREYLISTED", TempFail,
        "The server lets unknown senders in at the second try (greylisting). It is tried again.";
    /// Too much mail at a time (X.2.1 with 4).
    RateLimited = "RATE_LIMITED", TempFail,
        "The mailbox gets too much mail at the moment. It is tried again.";
    /// The server's own trouble (X.3).
    LocalError = "LOCAL_ERROR", TempFail,
        "The mail server has trouble of its own. It is tried again.";
    /// Too many recipients, or another sin of our conversation (X.5.3).
    OurSession = "OUR_SESSION", TempFail,
        "The server found fault with how we asked. It is tried again.";
    /// The mailbox exists and is full (X.2.2, whether said with 4 or 5).
    MailboxFull = "MAILBOX_FULL", TempFail,
        "The mailbox exists and is full. Make room in it.";
    /// Talks only over TLS, and TLS was not to be had (RFC 3207, 4).
    TlsRequired = "TLS_REQUIRED", TempFail,
        "The server talks under TLS only, and its TLS does not work. Correct its certificate and \
         STARTTLS.";
    /// Another 4yz.
    TryLater = "TRY_LATER", TempFail,
        "The mail server asks to try later. It is tried again.";

    /// There are mail hosts, and we were told not to talk to them.
    NotAsked = "NOT_ASKED", Indeterminate,
        "The domain has mail servers; they were not asked about the mailbox.";
    /// We reach nobody's port 25, so it is us.
    Egress = "EGRESS", Indeterminate,
        "We reach no mail server at all, so this says nothing about the address. Port 25 to the outside \
         is probably blocked; the operator of this portal has to see to it.";
    /// The host has IPv6 only, and we have none.
    EgressV6 = "EGRESS_V6", Indeterminate,
        "The domain's mail servers have IPv6 addresses only, and we have no IPv6. Many senders haven't: \
         add an IPv4 address.";
    /// What the server says is no SMTP.
    Protocol = "PROTOCOL", Indeterminate,
        "What answers there does not speak SMTP. See whether the MX records name the right host.";
    /// Refused without saying why, and the control did not tell either.
    Ambiguous = "AMBIGUOUS", Indeterminate,
        "The server refuses without saying why, so it cannot be told whether the mailbox exists.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_a_name_of_its_own_and_whole_sentences() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let words = reason.words();
            assert!(words.ends_with('.') && !words.contains("  "), "{reason:?}: {words}");
        }
    }

    #[test]
    fn no_check_confirms_or_degrades() {
        for reason in Reason::ALL {
            assert!(!matches!(reason.verdict(), Verdict::Confirmed | Verdict::Degraded), "{reason:?}");
        }
    }
}
