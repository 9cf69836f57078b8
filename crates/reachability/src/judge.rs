//! What replies mean. Pure; the situations behind each line are in the table of the tests.

use crate::{reason::Reason, smtp::reply::Reply};

/// What the reply to RCPT says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    Is(Reason),
    /// A refusal that says neither whom nor why.
    Bare,
}

/// None: the server talks to us.
pub(crate) fn greeting(reply: &Reply) -> Option<Reason> {
    match reply.code {
        220 => None,
        421 => Some(Reason::Busy),
        400..500 => Some(later(reply, Reason::Busy)),
        500..600 => Some(refused_early(reply)),
        _ => Some(Reason::Protocol),
    }
}

/// Whether HELO is worth a try: the command is unknown, or refused for what is not about us.
pub(crate) fn knows_no_ehlo(reply: &Reply) -> bool {
    matches!(reply.code, 500..=504 | 550 | 554) && reply.status().is_none_or(|(subject, _)| subject == 5)
}

/// A refusal of EHLO or HELO.
pub(crate) fn hello(reply: &Reply) -> Reason {
    match reply.code {
        421 => Reason::Busy,
        400..500 => later(reply, Reason::TryLater),
        500..600 => refused_early(reply),
        _ => Reason::Protocol,
    }
}

/// None: the sender is taken.
pub(crate) fn sender(reply: &Reply) -> Option<Reason> {
    match reply.code {
        200..300 => None,
        421 => Some(Reason::Busy),
        400..500 => Some(later(reply, Reason::TryLater)),
        552 => Some(Reason::LocalError),
        500..600 => Some(refused_early(reply)),
        _ => Some(Reason::Protocol),
    }
}

/// The answer to the question.
pub(crate) fn recipient(reply: &Reply) -> Judged {
    Judged::Is(match reply.code {
        251 => Reason::Forwarded,
        252 => Reason::Unverified,
        200..300 => Reason::Taken,
        421 => Reason::Busy,
        400..500 => later(reply, Reason::TryLater),
        500..600 => return refused(reply),
        _ => Reason::Protocol,
    })
}

/// 5yz before any recipient was named, so it is about the host or about us.
fn refused_early(reply: &Reply) -> Reason {
    match (reply.code, reply.status()) {
        (521, _) | (_, Some((3, 2))) => Reason::HostTakesNoMail,
        (556, _) | (_, Some((1, 10))) => Reason::BadDestination,
        (530 | 523, _) | (_, Some((7, 10))) => Reason::TlsRequired,
        (_, Some(status)) if is_ours(status) => Reason::Ours,
        (500..=504 | 555, None | Some((5, _))) => Reason::Protocol,
        _ => Reason::Policy,
    }
}

/// 4yz: never permanent, whatever it says.
fn later(reply: &Reply, otherwise: Reason) -> Reason {
    let text = reply.folded();
    if ["greylist", "graylist", "grey-list", "gray-list", "greylisted"].iter().any(|word| text.contains(word))
    {
        return Reason::Greylisted;
    }
    match (reply.code, reply.status()) {
        (_, Some((2, 2))) => Reason::MailboxFull,
        (_, Some((2, 1) | (7, 28))) => Reason::RateLimited,
        (452, None) | (_, Some((3 | 4, _))) => Reason::LocalError,
        (_, Some((5, 3))) => Reason::OurSession,
        // Said of the host's name it is no greylisting, though as transient.
        (450 | 451, Some((7, 1))) if !text.contains("hostname") => Reason::Greylisted,
        (454 | 530, Some((7, 0 | 10))) => Reason::TlsRequired,
        _ => otherwise,
    }
}

/// 5yz to the recipient: the enhanced code counts more than the code, and a code without one needs a control.
fn refused(reply: &Reply) -> Judged {
    Judged::Is(match (reply.code, reply.status()) {
        (521, _) => Reason::HostTakesNoMail,
        (556, _) | (_, Some((1, 2 | 10))) => Reason::BadDestination,
        (530, None | Some((7, _))) => Reason::TlsRequired,
        (_, Some((1, 1 | 3 | 4))) => Reason::NoMailbox,
        (551, _) | (_, Some((1, 6))) => Reason::Moved,
        (_, Some((2, 1) | (7, 13))) => Reason::Disabled,
        (552, None) | (_, Some((2, 2))) => Reason::MailboxFull,
        (_, Some((2, 4))) => Reason::NotPublic,
        (_, Some((3, 2))) => Reason::HostTakesNoMail,
        (_, Some((5, 3))) => Reason::OurSession,
        (_, Some((6, 7))) => Reason::NeedsSmtpUtf8,
        (_, Some((7, 10))) => Reason::TlsRequired,
        (_, Some(status)) if is_ours(status) => Reason::Ours,
        (_, Some(status)) if is_for_members(status) => Reason::NotPublic,
        (_, Some((7, _))) if speaks_of_members(reply) => Reason::NotPublic,
        (_, Some((7, _))) => Reason::Policy,
        (500..=504 | 555, None) | (_, Some((5 | 6, _))) => Reason::Protocol,
        _ if speaks_of_members(reply) => Reason::NotPublic,
        _ if speaks_of_a_list_of_offenders(reply) => Reason::Policy,
        _ => return Judged::Bare,
    })
}

/// Our sender's domain or mailbox (RFC 3463, X.1.7, X.1.8), DKIM, SPF, reverse DNS, authentication (RFC 7372), or a
/// sender that takes no mail (RFC 7505, X.7.27).
fn is_ours(status: (u16, u16)) -> bool {
    matches!(status, (1, 7 | 8) | (7, 20..=27))
}

/// Lists and groups that take no mail from outside: RFC 3463, X.7.2, and the codes of Exchange for groups whose
/// senders are restricted.
fn is_for_members(status: (u16, u16)) -> bool {
    matches!(status, (7, 2 | 12 | 123 | 124 | 129 | 133..=136))
}

/// What list and group products say when the sender is no member.
fn speaks_of_members(reply: &Reply) -> bool {
    let text = reply.folded();
    [
        "authrequired",
        "may not have permission to post",
        "not allowed to post",
        "not authorized to post",
        "not authorised to post",
        "not permitted to post",
        "only members",
        "members only",
        "members-only",
        "only subscribers",
        "subscribers only",
        "only accepts messages from people in",
        "only accepts mail from members",
        "does not accept mail from outside",
        "restricted to internal",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// What servers say when a list of offenders, and not the recipient, is why.
fn speaks_of_a_list_of_offenders(reply: &Reply) -> bool {
    const WORDS: [&str; 11] = [
        "spamhaus",
        "spamcop",
        "barracuda",
        "sorbs",
        "dnsbl",
        "rbl",
        "blacklist",
        "blacklisted",
        "blocklist",
        "denylist",
        "blocked",
    ];
    let text = reply.folded();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| WORDS.contains(&word))
        || ["block list", "poor reputation", "reverse dns", "ptr record", "dynamic ip", "banned sending"]
            .iter()
            .any(|phrase| text.contains(phrase))
}
