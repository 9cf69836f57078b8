//! The address that is asked about: syntax, policy and IDN, by the rules of [`domain::address`], and names beyond
//! ASCII on top (RFC 6531).

use crate::{flag::Flag, reason::Reason};
use domain::{
    address::{ADDRESS_BYTES_MAX, Address, InvalidAddress, MailboxClass},
    policy::Policy,
};

/// Longest part before the @ in bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// A contact address in the form it is sent in. No `Display`, no telling `Debug`: it must not slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    local: String,
    domain: String,
    class: Option<MailboxClass>,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(…)")
    }
}

impl Contact {
    /// Parses as typed. The local part is kept byte for byte, because only its host may say what equals what
    /// (RFC 5321, 2.3.11); the domain becomes its A-labels (UTS 46). Errors are reasons whose verdict is
    /// [`crate::Verdict::RejectedInput`].
    pub fn parse(typed: &str, policy: &Policy) -> Result<Self, Reason> {
        match Address::parse(typed, policy) {
            Ok(address) => {
                let sent = address.reveal();
                let (local, domain) = sent.rsplit_once('@').ok_or(Reason::Syntax)?;
                let class = Some(address.class(&[], policy));
                Ok(Self { local: local.to_owned(), domain: domain.to_owned(), class })
            }
            Err(InvalidAddress::Syntax) => Self::international(typed.trim(), policy),
            Err(InvalidAddress::Exotic) if typed.trim_start().starts_with('"') => Err(Reason::QuotedName),
            Err(InvalidAddress::Exotic) => Err(Reason::AddressLiteral),
            Err(InvalidAddress::TooLong) => Err(Reason::TooLong),
            Err(InvalidAddress::ControlCharacter) => Err(Reason::ControlCharacter),
            Err(InvalidAddress::Domain) => Err(Reason::NoPublicDomain),
        }
    }

    /// A local part beyond ASCII: atoms as ever, with letters of the world in them.
    fn international(typed: &str, policy: &Policy) -> Result<Self, Reason> {
        let (local, domain) = typed.rsplit_once('@').ok_or(Reason::Syntax)?;
        if local.is_ascii() {
            return Err(Reason::Syntax);
        }
        if local.chars().any(hides_or_reorders) {
            return Err(Reason::ControlCharacter);
        }
        // Each letter of the world stands for one of ASCII here, so that the rest is judged by the one grammar.
        let plain: String = local.chars().map(|c| if c.is_ascii() { c } else { 'x' }).collect();
        let stand_in = Self::parse(&format!("{plain}@{domain}"), policy)?;
        if local.len() > LOCAL_BYTES_MAX || local.len() + 1 + stand_in.domain.len() > ADDRESS_BYTES_MAX {
            return Err(Reason::TooLong);
        }
        Ok(Self { local: local.to_owned(), domain: stand_in.domain, class: None })
    }

    /// The domain in ASCII, lower case, without a final dot.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The domain as people read it.
    pub fn domain_as_read(&self) -> String {
        idna::domain_to_unicode(&self.domain).0
    }

    /// The address as it is sent.
    pub fn reveal(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Whether only servers with SMTPUTF8 can take it (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// What the address says about itself before anybody is asked.
    pub(crate) fn flags(&self) -> impl Iterator<Item = Flag> {
        let of_class = self.class.and_then(|class| match class {
            MailboxClass::Role => Some(Flag::Role),
            MailboxClass::FreeMail => Some(Flag::FreeMail),
            MailboxClass::Disposable => Some(Flag::Disposable),
            MailboxClass::NoReply => Some(Flag::NoReply),
            MailboxClass::Personal => None,
        });
        of_class.into_iter().chain(self.needs_smtputf8().then_some(Flag::NeedsSmtpUtf8))
    }
}

/// Blanks, line and paragraph separators, marks of direction, invisible joiners and tags.
fn hides_or_reorders(c: char) -> bool {
    c.is_control()
        || (!c.is_ascii() && c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(typed: &str) -> Result<String, Reason> {
        Contact::parse(typed, &Policy::default()).map(|contact| contact.reveal())
    }

    #[test]
    fn an_address_is_kept_as_typed_before_the_at() {
        assert_eq!(parsed(" Ada.L+lti@Vendor.COM ").as_deref(), Ok("Ada.L+lti@vendor.com"));
        assert_eq!(parsed("Ünal@vendor.com").as_deref(), Ok("Ünal@vendor.com"));
        assert_eq!(parsed("用户@例え.jp").as_deref(), Ok("用户@xn--r8jz45g.jp"));
    }

    #[test]
    fn an_international_domain_is_shown_as_people_read_it() {
        let contact = Contact::parse("lti@Bücher.de", &Policy::default()).expect("valid");
        assert_eq!((contact.domain(), contact.domain_as_read().as_str()), ("xn--bcher-kva.de", "bücher.de"));
    }

    #[test]
    fn what_hides_or_reorders_text_is_refused() {
        for c in ['\u{202e}', '\u{200b}', '\u{2028}', '\u{feff}', '\u{a0}', '\u{85}', '\u{e0041}', '\r', '\0']
        {
            assert_eq!(parsed(&format!("ü{c}a@vendor.com")), Err(Reason::ControlCharacter), "{c:?}");
        }
    }

    #[test]
    fn the_grammar_is_one_for_ascii_and_beyond() {
        for typed in
            ["ü..a@vendor.com", ".ü@vendor.com", "ü a@vendor.com", "ü@b@vendor.com", "ü,a@vendor.com"]
        {
            assert_eq!(parsed(typed), Err(Reason::Syntax), "{typed}");
        }
        assert_eq!(parsed(&format!("{}@vendor.com", "ü".repeat(33))), Err(Reason::TooLong));
        assert_eq!(parsed("ü@vendor.test"), Err(Reason::NoPublicDomain));
        assert_eq!(parsed("ü@[192.0.2.1]"), Err(Reason::AddressLiteral));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_smuggles_a_line(typed in any::<String>()) {
            if let Ok(sent) = parsed(&typed) {
                prop_assert!(!sent.chars().any(|c| c.is_control() || c == ' ' || c == '<' || c == '>'));
            }
        }
    }
}
