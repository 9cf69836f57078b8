//! Mails as Postfix, Exim, Exchange, Gmail, Sendmail, Amazon SES and people's programs send them back, and what is read
//! out of them.

#![cfg(test)]

use domain::{ids::IntentId, prodaccount::BounceCause};
use reachability::dsn::{self, DsnError, Meaning, ReturnPaths, TokenError};
use std::{fs, path::Path};
use uuid::Uuid;
use zeroize::Zeroizing;

const ADA: &str = "ada@vendor.org";

/// File, address, meaning, deciding status.
const REPORTS: &[(&str, &str, Meaning, &str)] = &[
    ("exchange-2013-restricted-base64", ADA, Meaning::RefusedByPolicy, "5.7.1"),
    ("exchange-online-expired", ADA, Meaning::SoftBounce, "5.4.300"),
    ("exchange-online-group-closed", ADA, Meaning::ClosedToOutsiders, "5.7.133"),
    ("exchange-online-recipient-not-found", ADA, Meaning::NoMailbox, "5.1.10"),
    ("exim-retry-timeout", ADA, Meaning::SoftBounce, "4.7.1"),
    ("exim-unknown-user", ADA, Meaning::NoMailbox, "5.1.1"),
    ("exim-unrouteable", ADA, Meaning::HardBounce, "5.0.0"),
    ("gmail-delay", ADA, Meaning::Unfinished, "4.4.1"),
    ("gmail-group-closed", ADA, Meaning::RefusedByPolicy, "5.7.1"),
    ("gmail-over-quota", ADA, Meaning::MailboxFull, "5.2.2"),
    ("gmail-unknown-user", ADA, Meaning::NoMailbox, "5.1.1"),
    ("mailman-members-only", ADA, Meaning::ClosedToOutsiders, "5.7.2"),
    ("ours-dmarc-failed", ADA, Meaning::SenderNotTrusted, "5.7.26"),
    ("postfix-delayed", ADA, Meaning::Unfinished, "4.4.1"),
    ("postfix-delivered", ADA, Meaning::Unfinished, "2.0.0"),
    ("postfix-expired", ADA, Meaning::SoftBounce, "4.4.1"),
    ("postfix-full-expired", ADA, Meaning::MailboxFull, "4.2.2"),
    ("postfix-no-domain", ADA, Meaning::NoMailbox, "5.4.4"),
    ("postfix-smtputf8", "josé@xn--bcher-kva.example", Meaning::MailNotAcceptable, "5.6.7"),
    ("postfix-unknown-user", ADA, Meaning::NoMailbox, "5.1.1"),
    ("sendmail-relayed-expanded", ADA, Meaning::Unfinished, "2.0.0"),
    ("sendmail-unknown-user", ADA, Meaning::NoMailbox, "5.1.1"),
    ("ses-content-rejected", ADA, Meaning::MailNotAcceptable, "5.6.0"),
    ("ses-permanent", ADA, Meaning::NoMailbox, "5.1.1"),
    // Of two groups about one address, the one that failed.
    ("two-recipients", ADA, Meaning::NoMailbox, "5.2.1"),
    ("forwarded-elsewhere", "grace@elsewhere.org", Meaning::NoMailbox, "5.1.1"),
];

/// Mails that are no reports, and why.
const OTHERS: &[(&str, DsnError)] = &[
    ("challenge-response", DsnError::AutomaticAnswer),
    ("complaint", DsnError::NotAReport),
    ("out-of-office-exchange", DsnError::AutomaticAnswer),
    ("person", DsnError::NotAReport),
    ("qmail-unstructured", DsnError::NotAReport),
    ("read-receipt", DsnError::AutomaticAnswer),
    ("report-without-recipient", DsnError::NoRecipient),
    ("vacation", DsnError::AutomaticAnswer),
];

fn paths() -> ReturnPaths {
    ReturnPaths::new(Zeroizing::new([7; 32]), "bounces.portal-mail.org").unwrap()
}

fn intent() -> IntentId {
    IntentId::from_uuid(Uuid::from_u128(42))
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dsn/mails")
}

fn mail(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.eml"))).unwrap()
}

/// As mails go over the wire.
fn on_the_wire(mail: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

#[test]
fn reports_of_all_kinds_of_servers_are_read_with_either_line_end() {
    for (name, address, meaning, status) in REPORTS {
        for mail in [mail(name), on_the_wire(&mail(name))] {
            let report = dsn::read(&mail, &paths(), &paths().mint(intent()))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(report.intent, intent(), "{name}");
            let about = report.about(address).unwrap_or_else(|| panic!("{name}: not about the address"));
            assert_eq!(about.meaning, *meaning, "{name}");
            assert_eq!(about.status.map(|status| status.to_string()).as_deref(), Some(*status), "{name}");
        }
    }
}

#[test]
fn mails_that_are_no_reports_say_nothing_whatever_stands_in_them() {
    for (name, error) in OTHERS {
        for mail in [mail(name), on_the_wire(&mail(name))] {
            let read = dsn::read(&mail, &paths(), &paths().mint(intent()));
            assert_eq!(read.err(), Some(*error), "{name}");
        }
    }
}

#[test]
fn every_mail_of_the_folder_is_in_one_of_the_tables() {
    let known = REPORTS.iter().map(|(name, ..)| *name).chain(OTHERS.iter().map(|(name, _)| *name));
    let mut known: Vec<String> = known.map(|name| format!("{name}.eml")).collect();
    let entries = fs::read_dir(folder()).unwrap();
    let mut there: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    known.sort();
    there.sort();
    assert_eq!(known, there);
}

#[test]
fn a_report_is_about_its_recipients_only_and_never_about_what_the_text_or_the_original_mail_says() {
    let report = |name| dsn::read(&mail(name), &paths(), &paths().mint(intent())).unwrap();
    assert_eq!(report("forwarded-elsewhere").about(ADA), None);
    assert_eq!(report("postfix-unknown-user").about("grace@vendor.org"), None);
    assert_eq!(report("postfix-unknown-user").about("Ada@vendor.org"), None);
    assert!(report("postfix-unknown-user").about("ada@VENDOR.org").is_some());
}

/// Threat T48: a thousand forged reports, and no contact hears of one.
#[test]
fn a_thousand_forged_reports_are_all_unmatched() {
    let stranger = ReturnPaths::new(Zeroizing::new([8; 32]), "bounces.portal-mail.org").unwrap();
    let mut forged = 0;
    for (name, ..) in REPORTS {
        for number in 0..40 {
            let path = stranger.mint(IntentId::from_uuid(Uuid::from_u128(number)));
            let read = dsn::read(&mail(name), &paths(), &path);
            assert_eq!(read.err(), Some(DsnError::Unmatched(TokenError::Forged)));
            forged += 1;
        }
        let read = dsn::read(&mail(name), &paths(), "bounce+x@bounces.portal-mail.org");
        assert_eq!(read.err(), Some(DsnError::Unmatched(TokenError::Malformed)));
    }
    assert!(forged >= 1_000);
}

#[test]
fn causes_are_those_of_the_domain() {
    let cause = |name| {
        let report = dsn::read(&mail(name), &paths(), &paths().mint(intent())).unwrap();
        report.about(ADA).unwrap().meaning.cause()
    };
    assert_eq!(cause("gmail-unknown-user"), Some(BounceCause::NoMailbox));
    assert_eq!(cause("gmail-over-quota"), Some(BounceCause::MailboxFull));
    assert_eq!(cause("postfix-full-expired"), Some(BounceCause::MailboxFull));
    assert_eq!(cause("exchange-online-group-closed"), Some(BounceCause::MembersOnly));
    assert_eq!(cause("postfix-expired"), Some(BounceCause::Other));
    assert_eq!(cause("postfix-delayed"), None);
    assert_eq!(cause("ours-dmarc-failed"), None);
}

#[test]
fn what_a_report_quotes_is_bounded_and_its_debug_shows_nobody() {
    let long = format!("smtp; 550 5.1.1 {}", "word ".repeat(900));
    let text = String::from_utf8(mail("ses-permanent")).unwrap();
    let text =
        text.replace("smtp; 550 5.1.1 <ada@vendor.org>: Recipient address rejected: User unknown", &long);
    let report = dsn::read(text.as_bytes(), &paths(), &paths().mint(intent())).unwrap();
    let quoted = report.about(ADA).unwrap().diagnostic.as_ref().unwrap();
    assert!((400..=500).contains(&quoted.reveal().len()));
    assert!(!format!("{report:?}").contains("ada"));
}

#[test]
fn a_mail_a_report_and_its_recipients_have_limits() {
    let of = |recipients: usize| {
        let group = "Final-Recipient: rfc822; ada@vendor.org\nAction: failed\nStatus: 5.1.1\n\n";
        let mail = format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n{}--b--\n",
            group.repeat(recipients)
        );
        dsn::read(mail.as_bytes(), &paths(), &paths().mint(intent()))
    };
    assert_eq!(of(dsn::RECIPIENTS_MAX).unwrap().recipients.len(), dsn::RECIPIENTS_MAX);
    assert_eq!(of(dsn::RECIPIENTS_MAX + 1).err(), Some(DsnError::TooManyRecipients));
    assert_eq!(of(10_000).err(), Some(DsnError::TooManyRecipients));
    let mut big = mail("ses-permanent");
    big.resize(dsn::MAIL_BYTES_MAX, b' ');
    assert!(dsn::read(&big, &paths(), &paths().mint(intent())).is_ok());
    big.push(b' ');
    assert_eq!(dsn::read(&big, &paths(), &paths().mint(intent())).err(), Some(DsnError::TooBig));
}

#[test]
fn the_envelope_recipient_is_found_on_top_of_a_mail() {
    let path = paths().mint(intent());
    let found = |header: &str| dsn::envelope_recipient(format!("{header}\n\nbody").as_bytes(), &paths());
    assert_eq!(found(&format!("Delivered-To: {path}")), Ok(path.clone()));
    assert_eq!(found(&format!("x-original-to: <{path}>\nDelivered-To: portal@localhost")), Ok(path.clone()));
    assert_eq!(found(&format!("Envelope-To: {path}")), Ok(path.clone()));
    let forged = "bounce+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bounces.portal-mail.org";
    assert_eq!(found(&format!("Delivered-To: {forged}")), Err(TokenError::Forged));
    assert_eq!(found(&format!("Delivered-To: {forged}\nDelivered-To: {path}")), Ok(path.clone()));
    assert_eq!(found(&format!("To: {path}\nSubject: x\n\nDelivered-To: {path}")), Err(TokenError::NotOurs));
}
