//! How good a contact an address makes, with reasons. For people who choose one; it decides nothing.

use super::{Address, MailboxClass, typo};
use crate::policy::Policy;

/// What an address scores about which nothing is known.
const SCORE_AT_FIRST: i8 = 50;

/// How good a contact an address makes, before any mail was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// From 0, cannot be a contact, to 100, what customers hope for.
    pub score: u8,
    /// What it is made of, what weighs most first.
    pub reasons: Vec<Reason>,
    /// The domain that was probably meant.
    pub did_you_mean: Option<String>,
}

/// What speaks for an address as a contact, or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A name of RFC 2142 or one that vendors use, such as support@.
    SharedMailbox,
    /// Called as the vendor or one of its integrations.
    NamedAfterYou,
    /// At a domain that is somebody's own.
    OwnDomain,
    /// Looks like a person.
    LooksPersonal,
    /// Anybody gets a mailbox there.
    FreeMail,
    /// Nearly the name of a provider that many use.
    LikelyTypo,
    /// A throw-away provider; refused.
    Disposable,
    /// Takes no answers; refused.
    NoReply,
}

impl Reason {
    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::SharedMailbox => "shared_mailbox",
            Self::NamedAfterYou => "named_after_you",
            Self::OwnDomain => "own_domain",
            Self::LooksPersonal => "looks_personal",
            Self::FreeMail => "free_mail",
            Self::LikelyTypo => "likely_typo",
            Self::Disposable => "disposable",
            Self::NoReply => "no_reply",
        }
    }

    /// What it adds to the score, or takes off.
    pub fn points(self) -> i8 {
        match self {
            Self::SharedMailbox | Self::NamedAfterYou => 30,
            Self::OwnDomain => 20,
            Self::LooksPersonal => -20,
            Self::FreeMail => -30,
            Self::LikelyTypo => -40,
            Self::Disposable | Self::NoReply => -100,
        }
    }

    /// What it means and what to do, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::SharedMailbox => {
                "A mailbox by a role, such as support@, is what customers look for, and it outlives the people behind it."
            }
            Self::NamedAfterYou => {
                "A mailbox called after you or your integration tells customers that they are right, and several people \
                 can read it."
            }
            Self::OwnDomain => "A mailbox at a domain of your own tells customers who they write to.",
            Self::LooksPersonal => {
                "It looks like one person's mailbox: when that person leaves, customers are left alone. Name a role or a \
                 list, such as support@ or business@ your domain."
            }
            Self::FreeMail => {
                "Anybody gets a mailbox at this provider, so it tells customers nothing about you. Name a mailbox at a \
                 domain of your own."
            }
            Self::LikelyTypo => {
                "The domain is nearly that of a well-known provider. See whether it is a slip of the pen."
            }
            Self::Disposable => {
                "At a throw-away provider the mailbox is somebody else's tomorrow, so it cannot be a contact. Name a \
                 mailbox that you keep, best at a domain of your own."
            }
            Self::NoReply => {
                "A mailbox that takes no answers cannot be a contact. Name one that people read, such as support@."
            }
        }
    }
}

impl Advice {
    /// About an address whose class is known; it may be called after names that are not known any more.
    pub fn of(address: &Address, class: MailboxClass, policy: &Policy) -> Self {
        let did_you_mean = typo::domain_meant(&address.domain);
        let by_class = match class {
            MailboxClass::Role if address.class(&[], policy) == MailboxClass::Role => Reason::SharedMailbox,
            MailboxClass::Role => Reason::NamedAfterYou,
            MailboxClass::Personal => Reason::LooksPersonal,
            MailboxClass::FreeMail => Reason::FreeMail,
            MailboxClass::Disposable => Reason::Disposable,
            MailboxClass::NoReply => Reason::NoReply,
        };
        let is_own = address.organisation_domain(policy).is_some();
        let by_domain = match (&did_you_mean, is_own) {
            (Some(_), _) => Some(Reason::LikelyTypo),
            (None, true) => Some(Reason::OwnDomain),
            (None, false) => None,
        };
        let mut reasons: Vec<Reason> = [by_class].into_iter().chain(by_domain).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.points().unsigned_abs()));
        let points =
            reasons.iter().fold(SCORE_AT_FIRST, |score, reason| score.saturating_add(reason.points()));
        Self { score: u8::try_from(points).unwrap_or(0).min(100), reasons, did_you_mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(typed: &str) -> Advice {
        let policy = Policy::default();
        let address = Address::parse(typed, &policy).expect(typed);
        let class = address.class(&["Acme Learning"], &policy);
        Advice::of(&address, class, &policy)
    }

    #[test]
    fn a_shared_mailbox_at_a_domain_of_ones_own_is_the_best() {
        let best = advice("support@acme-learning.com");
        assert_eq!((best.score, best.reasons), (100, vec![Reason::SharedMailbox, Reason::OwnDomain]));
        let named = advice("acme-learning@acme-learning.com");
        assert_eq!((named.score, named.reasons), (100, vec![Reason::NamedAfterYou, Reason::OwnDomain]));
    }

    #[test]
    fn a_personal_and_a_free_mailbox_score_less_and_say_what_to_do() {
        let personal = advice("ada.lovelace@acme-learning.com");
        assert_eq!((personal.score, personal.reasons[0]), (50, Reason::LooksPersonal));
        let free = advice("support@gmail.com");
        assert_eq!((free.score, free.reasons), (20, vec![Reason::FreeMail]));
    }

    #[test]
    fn what_cannot_be_a_contact_scores_nothing() {
        assert_eq!(advice("noreply@acme-learning.com").score, 0);
        assert_eq!(advice("support@mailinator.com").score, 0);
    }

    #[test]
    fn a_slip_of_the_pen_is_asked_about() {
        let slip = advice("support@gamil.com");
        assert_eq!(slip.did_you_mean.as_deref(), Some("gmail.com"));
        assert_eq!((slip.score, slip.reasons[0]), (40, Reason::LikelyTypo));
    }

    #[test]
    fn all_reasons_are_told_in_whole_sentences() {
        for reason in [
            Reason::SharedMailbox,
            Reason::NamedAfterYou,
            Reason::OwnDomain,
            Reason::LooksPersonal,
            Reason::FreeMail,
            Reason::LikelyTypo,
            Reason::Disposable,
            Reason::NoReply,
        ] {
            assert!(reason.words().ends_with('.') && !reason.words().contains("  "), "{reason:?}");
        }
    }
}
