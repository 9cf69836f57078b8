//! Any text is an address or none; one that is reads as itself again, and fits a command of SMTP.

use domain::policy::Policy;
use reachability::Contact;

/// Whether the bytes are an address. Panics where something is not as it should be.
pub(crate) fn holds(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Ok(contact) = Contact::parse(&text, &Policy::default()) else { return false };
    let sent = contact.reveal();
    assert!(sent.len() <= 254, "RFC 5321, 4.5.3.1.3 with its brackets");
    assert!(!sent.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>')));
    assert!(contact.domain().is_ascii() && !contact.domain().bytes().any(|byte| byte.is_ascii_uppercase()));
    assert_eq!(contact.needs_smtputf8(), !sent.is_ascii());
    assert_eq!(Contact::parse(&sent, &Policy::default()), Ok(contact), "reads as itself");
    true
}
