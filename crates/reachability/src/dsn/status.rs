//! Enhanced status codes (RFC 3463), what a remote server replied, and what both say about a mailbox.

use domain::prodaccount::BounceCause;

/// What a reporting server did with one recipient (RFC 3464, section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Given up.
    Failed,
    /// Still being tried.
    Delayed,
    /// In the mailbox.
    Delivered,
    /// Passed on to a server that does not report.
    Relayed,
    /// Passed on to several recipients.
    Expanded,
}

/// First digit of a status (RFC 3463, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 2.
    Success,
    /// 4: the same mail may pass later.
    Transient,
    /// 5: the same mail never will.
    Permanent,
}

/// An enhanced status code: class, subject (at most 999) and detail (at most 999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// Success, transient or permanent.
    pub class: Class,
    /// Second number: what it is about.
    pub subject: u16,
    /// Third number.
    pub detail: u16,
}

/// What the remote server replied, from a `Diagnostic-Code` of type smtp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    class: Class,
    status: Option<Status>,
}

/// What a report says about a mailbox; [`Meaning::cause`] is what the domain makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Delayed, delivered, relayed or expanded: nothing changed (situation V46).
    Unfinished,
    /// Failed for good: no such mailbox, disabled, or no such domain (5.1.x, 5.2.1, 5.4.4).
    NoMailbox,
    /// Failed for good, for another reason or for none that was given.
    HardBounce,
    /// Given up, but by a status that is not permanent (4.x.x), after trying for long (x.4.7), or without a status that
    /// can be read: the mail is lost, the next one may pass.
    SoftBounce,
    /// The mailbox exists and is full (x.2.2, also when a server tried until the mail expired).
    MailboxFull,
    /// A list or group that takes no mail from outsiders (5.7.2, and codes of Exchange Online for the same).
    ClosedToOutsiders,
    /// Refused by policy (5.7.x): about sender or content, not about the mailbox.
    RefusedByPolicy,
    /// Our sender is not acceptable: SPF, DKIM, DMARC, reverse DNS or return path (5.7.20 to 5.7.29, 5.1.7, 5.1.8;
    /// RFC 7372). The operator's to mend (situation V41).
    SenderNotTrusted,
    /// This mail was not acceptable, another may be: size, content or protocol (5.2.3, 5.3.4, 5.5.x, 5.6.x).
    MailNotAcceptable,
}

impl Meaning {
    /// The cause to record of a contact; `None` when nothing is to be recorded of it, because the mail has not failed or
    /// because it is our sender that was refused.
    ///
    /// A mail that was given up after days of trying is a cause like any other: it never came. One of them only puts a
    /// proof in doubt.
    pub fn cause(self) -> Option<BounceCause> {
        match self {
            Self::Unfinished | Self::SenderNotTrusted => None,
            Self::NoMailbox => Some(BounceCause::NoMailbox),
            Self::MailboxFull => Some(BounceCause::MailboxFull),
            Self::ClosedToOutsiders => Some(BounceCause::MembersOnly),
            Self::RefusedByPolicy => Some(BounceCause::Refused),
            Self::HardBounce | Self::SoftBounce | Self::MailNotAcceptable => Some(BounceCause::Other),
        }
    }
}

impl Action {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Some servers put a comment behind it: `failed (bad destination)`.
        let word = text.split([' ', '\t', '(', ';']).find(|word| !word.is_empty())?;
        [
            ("failed", Self::Failed),
            ("delayed", Self::Delayed),
            ("delivered", Self::Delivered),
            ("relayed", Self::Relayed),
            ("expanded", Self::Expanded),
        ]
        .into_iter()
        .find_map(|(name, action)| word.eq_ignore_ascii_case(name).then_some(action))
    }
}

impl Class {
    fn of_digit(digit: u8) -> Option<Self> {
        match digit {
            b'2' => Some(Self::Success),
            b'4' => Some(Self::Transient),
            b'5' => Some(Self::Permanent),
            _ => None,
        }
    }
}

impl Status {
    /// Parses the code at the beginning of a text; what follows it is a comment. `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim_start().split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut numbers = code.split('.');
        let class = match numbers.next()?.as_bytes() {
            [digit] => Class::of_digit(*digit)?,
            _ => return None,
        };
        let number = |text: &str| (1..=3).contains(&text.len()).then(|| text.parse().ok()).flatten();
        let (subject, detail) = (number(numbers.next()?)?, number(numbers.next()?)?);
        numbers.next().is_none().then_some(Self { class, subject, detail })
    }

    /// Without a reason: x.0.0.
    fn is_bare(self) -> bool {
        (self.subject, self.detail) == (0, 0)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let class = match self.class {
            Class::Success => 2,
            Class::Transient => 4,
            Class::Permanent => 5,
        };
        write!(f, "{class}.{}.{}", self.subject, self.detail)
    }
}

impl Reply {
    /// From `smtp; 550 5.1.1 words` or `smtp;550-5.1.1 words`; other types are not replies of SMTP.
    pub(super) fn parse(diagnostic: &str) -> Option<Self> {
        let (kind, text) = diagnostic.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("smtp") {
            return None;
        }
        let (code, words) = text.trim_start().split_at_checked(3)?;
        let class = Class::of_digit(*code.as_bytes().first()?)?;
        if !code.bytes().all(|byte| byte.is_ascii_digit()) || words.starts_with(|c: char| c.is_alphanumeric())
        {
            return None;
        }
        let words = words.trim_start_matches([' ', '-', '#']);
        Some(Self { class, status: Status::parse(words).filter(|status| status.class == class) })
    }
}

/// What action, status and reply say together, and the status that decided. The reply may only soften the status, or
/// give the reason that a bare status leaves out: some servers write 5.0.0 whatever the other side said.
pub(super) fn judge(
    action: Action,
    status: Option<Status>,
    reply: Option<Reply>,
) -> (Meaning, Option<Status>) {
    let told =
        reply.map(|reply| reply.status.unwrap_or(Status { class: reply.class, subject: 0, detail: 0 }));
    let decides = |status: Status, told: Status| {
        told.class == Class::Transient || (status.is_bare() && told.class == status.class)
    };
    let reason = status.map(|status| told.filter(|told| decides(status, *told)).unwrap_or(status));
    let meaning = match reason {
        _ if action != Action::Failed => Meaning::Unfinished,
        Some(reason) => of_failure(reason),
        None => Meaning::SoftBounce,
    };
    (meaning, reason)
}

fn of_failure(reason: Status) -> Meaning {
    match (reason.class, reason.subject, reason.detail) {
        (Class::Transient | Class::Permanent, 2, 2) => Meaning::MailboxFull,
        // x.4.7 is expired in a queue; 300 and 316 are Exchange Online's for the same.
        (Class::Transient | Class::Success, _, _) | (_, 4, 7 | 300 | 316) => Meaning::SoftBounce,
        // Exchange Online: sender not authenticated for the group, mailbox or public folder, or not on its list.
        (_, 7, 2 | 124 | 133..=136 | 193) => Meaning::ClosedToOutsiders,
        (_, 7, 20..=29) | (_, 1, 7 | 8) => Meaning::SenderNotTrusted,
        (_, 7, _) => Meaning::RefusedByPolicy,
        // 310 is Exchange Online's for a domain that does not exist.
        (_, 1, _) | (_, 2, 1) | (_, 4, 4 | 310) => Meaning::NoMailbox,
        (_, 2, 3) | (_, 3, 4) | (_, 5 | 6, _) => Meaning::MailNotAcceptable,
        _ => Meaning::HardBounce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: &str, diagnostic: &str) -> Meaning {
        judge(Action::Failed, Status::parse(status), Reply::parse(diagnostic)).0
    }

    #[test]
    fn a_status_is_three_numbers_and_perhaps_a_comment() {
        let shown = |text| Status::parse(text).map(|status| status.to_string());
        assert_eq!(shown("5.1.1").as_deref(), Some("5.1.1"));
        assert_eq!(shown(" 4.2.2 (mailbox full)").as_deref(), Some("4.2.2"));
        assert_eq!(shown("5.7.133").as_deref(), Some("5.7.133"));
        for bad in
            ["", "5", "5.1", "5.1.", "5..1", "3.1.1", "55.1.1", "5.1.1.1", "5.1000.1", "x5.1.1", "٥.1.1"]
        {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_a_failure_with_a_permanent_status_is_hard() {
        assert_eq!(said("5.1.1", ""), Meaning::NoMailbox);
        assert_eq!(said("5.0.0", ""), Meaning::HardBounce);
        assert_eq!(said("5.4.4", ""), Meaning::NoMailbox);
        assert_eq!(said("2.1.5", ""), Meaning::SoftBounce);
        assert_eq!(said("4.4.7", ""), Meaning::SoftBounce);
        assert_eq!(said("", "smtp; 550 5.1.1 unknown"), Meaning::SoftBounce);
        for action in [Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded] {
            assert_eq!(judge(action, Status::parse("5.1.1"), None).0, Meaning::Unfinished);
        }
    }

    #[test]
    fn refusals_that_say_nothing_of_the_mailbox_are_told_apart() {
        assert_eq!(said("5.2.2", ""), Meaning::MailboxFull);
        assert_eq!(said("4.2.2", ""), Meaning::MailboxFull);
        assert_eq!(said("5.7.2", ""), Meaning::ClosedToOutsiders);
        assert_eq!(said("5.7.133", ""), Meaning::ClosedToOutsiders);
        assert_eq!(said("5.7.1", ""), Meaning::RefusedByPolicy);
        assert_eq!(said("5.7.26", ""), Meaning::SenderNotTrusted);
        assert_eq!(said("5.3.4", ""), Meaning::MailNotAcceptable);
        assert_eq!(said("5.4.7", ""), Meaning::SoftBounce);
    }

    #[test]
    fn a_reply_softens_a_status_or_gives_its_reason_and_never_hardens_it() {
        assert_eq!(said("5.0.0", "smtp; 451 4.3.0 later"), Meaning::SoftBounce);
        assert_eq!(said("5.1.1", "smtp; 451 later"), Meaning::SoftBounce);
        assert_eq!(said("5.0.0", "smtp; 452 4.2.2 full"), Meaning::MailboxFull);
        assert_eq!(said("5.0.0", "smtp; 550 5.7.1 policy"), Meaning::RefusedByPolicy);
        assert_eq!(said("5.0.0", "smtp;552-5.2.2 full"), Meaning::MailboxFull);
        assert_eq!(said("5.0.0", "X-Postfix; 452 4.2.2 full"), Meaning::HardBounce);
        assert_eq!(said("5.1.1", "smtp; 550 5.7.1 policy"), Meaning::NoMailbox);
        assert_eq!(said("4.0.0", "smtp; 550 5.1.1 unknown"), Meaning::SoftBounce);
    }

    #[test]
    fn the_status_that_decided_is_told() {
        let decided = |status: &str, diagnostic: &str| {
            let (_, status) = judge(Action::Failed, Status::parse(status), Reply::parse(diagnostic));
            status.map(|status| status.to_string())
        };
        assert_eq!(decided("5.0.0", "smtp; 550 5.1.1 unknown").as_deref(), Some("5.1.1"));
        assert_eq!(decided("5.1.1", "smtp; 451 later").as_deref(), Some("4.0.0"));
        assert_eq!(decided("5.2.1", "smtp; 550 5.1.1 unknown").as_deref(), Some("5.2.1"));
        assert_eq!(decided("", "smtp; 550 5.1.1 unknown"), None);
    }

    #[test]
    fn what_does_not_speak_against_a_mailbox_has_no_cause() {
        assert_eq!(Meaning::Unfinished.cause(), None);
        assert_eq!(Meaning::SenderNotTrusted.cause(), None);
        assert_eq!(Meaning::ClosedToOutsiders.cause(), Some(BounceCause::MembersOnly));
        assert_eq!(Meaning::RefusedByPolicy.cause(), Some(BounceCause::Refused));
        assert_eq!(Meaning::SoftBounce.cause(), Some(BounceCause::Other));
    }
}
