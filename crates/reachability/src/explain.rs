//! Reasons in plain words: what was found, and what to do about it. For people who look after a mailbox, not for those
//! who know SMTP.

use crate::verdict::{Flag, Reason};

/// What a reason means and what helps.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Taken => {
            "A mail server takes mail for this address. That is no proof that anybody reads it; a code sent there is."
        }
        Reason::Forwarded => {
            "The server takes the mail and forwards it. A code sent there shows whether it arrives."
        }
        Reason::Unverified => {
            "The server takes the mail without saying whether the mailbox exists. A code sent there shows it."
        }
        Reason::Syntax => "This is not a mail address. It has the form name@domain.",
        Reason::TooLong => "A mail address has at most 254 bytes, 64 of them before the @.",
        Reason::ControlCharacter => {
            "The address holds invisible characters. Type it anew instead of pasting it."
        }
        Reason::QuotedName => {
            "A name in quotation marks is allowed in mail, but many programs cannot write to it. Use a mailbox with a \
             plain name."
        }
        Reason::AddressLiteral => {
            "An IP address in place of a domain is no lasting contact. Use a domain name."
        }
        Reason::NoPublicDomain => "The part behind the @ is not a domain of the public internet.",
        Reason::NonGlobal => {
            "The domain's mail servers have addresses that exist only inside a network. Point its MX records at hosts \
             with public addresses."
        }
        Reason::NullMx => "The domain declares that it takes no mail (a null MX record). Use another domain.",
        Reason::NoDomain => {
            "The domain does not exist. Look for a slip of the pen, or whether it has lapsed."
        }
        Reason::NoMailHost => {
            "The domain exists but has no mail server. Add an MX record, or use another domain."
        }
        Reason::NoUsableHost => {
            "The domain names mail servers that do not exist. Correct its MX records: each names a host with an \
             address."
        }
        Reason::HostTakesNoMail => {
            "The host the domain names for mail never takes any. Correct its MX records."
        }
        Reason::NoMailbox => {
            "The mail server knows no such mailbox. Look for a slip of the pen, or create it."
        }
        Reason::BadDestination => {
            "The server named for this domain takes no mail for it. Add the domain there, or correct the MX records."
        }
        Reason::Moved => "The mailbox has moved. Give the new address.",
        Reason::Disabled => "The mailbox exists but is switched off. Switch it on, or use another.",
        Reason::NotPublic => {
            "This is a list or group that takes mail from its members only, so customers cannot write to it. Let it \
             accept messages from people outside your organisation, or use another mailbox."
        }
        Reason::NeedsSmtpUtf8 => {
            "The name has letters beyond a to z, and its own server does not take such names. Give the mailbox a plain \
             name."
        }
        Reason::Policy => {
            "The server refuses mail from us before it looks at the mailbox. That says nothing about the address. If \
             the server is yours, allow our sender; else the operator of this portal has to see to it."
        }
        Reason::Ours => {
            "The server refuses us because something is wrong with our own set-up (sender domain, SPF, DKIM or reverse \
             DNS). The operator of this portal has to correct it; the address may be fine."
        }
        Reason::DnsFailed | Reason::DnsTimeout | Reason::DnsRefused | Reason::DnsMalformed => {
            "The domain's name servers do not answer as they should. It is tried again; if that goes on, let whoever \
             runs the domain look at its name servers and at DNSSEC."
        }
        Reason::AliasLoop => "The domain's records lead in a circle. Correct its CNAME records.",
        Reason::DnsTooMuch => {
            "The domain's records are more than a sender looks at. Reduce the number of its aliases."
        }
        Reason::NoConnection => {
            "None of the domain's mail servers can be connected to. It is tried again; meanwhile see whether they run \
             and whether a firewall keeps strangers out."
        }
        Reason::Timeout => "The mail server takes too long to answer. It is tried again.",
        Reason::Dropped => "The mail server ends the conversation in the middle. It is tried again.",
        Reason::Busy => "The mail server is busy. It is tried again.",
        Reason::Greylisted => {
            "The server lets unknown senders in at the second try (greylisting). It is tried again."
        }
        Reason::RateLimited => "The mailbox gets too much mail at the moment. It is tried again.",
        Reason::LocalError => "The mail server has trouble of its own. It is tried again.",
        Reason::OurSession => "The server found fault with how we asked. It is tried again.",
        Reason::MailboxFull => "The mailbox exists and is full. Make room in it.",
        Reason::TlsRequired => {
            "The server talks under TLS only, and its TLS does not work. Correct its certificate and STARTTLS."
        }
        Reason::TryLater => "The mail server asks to try later. It is tried again.",
        Reason::Egress => {
            "We reach no mail server at all, so this says nothing about the address. Port 25 to the outside is \
             probably blocked; the operator of this portal has to see to it."
        }
        Reason::EgressV6 => {
            "The domain's mail servers have IPv6 addresses only, and we have no IPv6. Many senders haven't: add an \
             IPv4 address."
        }
        Reason::Protocol => {
            "What answers there does not speak SMTP. See whether the MX records name the right host."
        }
        Reason::Ambiguous => {
            "The server refuses without saying why, so it cannot be told whether the mailbox exists."
        }
    }
}

/// What a flag means.
pub fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::CatchAll => "The domain takes mail for any name, so taking it for this one says nothing.",
        Flag::Disposable => "A throw-away provider: tomorrow the mailbox may be somebody else's.",
        Flag::FreeMail => {
            "A provider where anybody gets a mailbox; a mailbox under your own domain is more convincing."
        }
        Flag::Role => "A mailbox several people read: a good contact.",
        Flag::NoReply => "A mailbox that takes no answers cannot be a contact.",
        Flag::NeedsSmtpUtf8 => "Not every sender can write to names with letters beyond a to z.",
        Flag::MixedTargets => {
            "Some of the domain's mail servers have addresses that exist only inside a network."
        }
        Flag::BrokenTls => {
            "The server offers TLS that does not hold: its certificate or its handshake is broken."
        }
        Flag::ImplicitMx => {
            "The domain has no MX record; mail goes to its own address. An MX record is safer."
        }
        Flag::AliasedHost => "An MX record names an alias, which is not allowed; name the host itself.",
        Flag::MalformedNullMx => "The domain has a null MX beside others; remove one or the other.",
        Flag::HostsDisagree => "The domain's mail servers disagree about whether the mailbox exists.",
        Flag::EgressUntested => "Whether we reach mail servers at all was not tested.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_told_in_whole_sentences() {
        for reason in Reason::ALL {
            let text = super::reason(*reason);
            assert!(text.ends_with('.') && !text.contains("  "), "{reason:?}: {text}");
        }
    }
}
