//! Any bytes are a mail or none, and a report is within its bounds and about the mail the return path names.

use domain::ids::IntentId;
use reachability::dsn::{self, ReturnPaths};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Whether the bytes are a report. Panics where something is not as it should be.
pub(crate) fn holds(bytes: &[u8]) -> bool {
    let Ok(paths) = ReturnPaths::new(Zeroizing::new([7; 32]), "bounces.portal-mail.org") else {
        panic!("a host name");
    };
    let intent = IntentId::from_uuid(Uuid::from_u128(42));
    assert!(dsn::envelope_recipient(bytes, &paths).is_err(), "nobody guesses a token");
    let Ok(report) = dsn::read(bytes, &paths, &paths.mint(intent)) else { return false };
    assert_eq!(report.intent, intent);
    assert!((1..=dsn::RECIPIENTS_MAX).contains(&report.recipients.len()));
    for recipient in &report.recipients {
        let quoted = recipient.diagnostic.as_ref().map_or("", |text| text.reveal());
        assert!(quoted.len() <= 500 && !quoted.contains(char::is_control));
        assert!(recipient.meaning.cause().is_none() || recipient.action == dsn::Action::Failed);
    }
    true
}
