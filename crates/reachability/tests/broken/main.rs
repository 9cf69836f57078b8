//! What strangers send, broken by chance that is the same in each run, and any bytes at all. The properties are those of
//! the fuzz targets in `fuzz/`, which look further and need a nightly compiler; replies and DNS answers are broken beside
//! what reads them.

#![cfg(test)]

#[path = "../../fuzz/properties/address.rs"]
mod address;
#[path = "../../fuzz/properties/dsn.rs"]
mod dsn;

use mail_farm::chance::Chance;
use proptest::prelude::*;
use std::{fs, path::Path};

const ROUNDS: usize = 20_000;

#[test]
fn broken_mails_are_reports_within_bounds_or_none() {
    const WORDS: [&[u8]; 8] = [
        b"\n\n",
        b"\r\n--",
        b"Content-Type: multipart/mixed; boundary=\"\"\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Final-Recipient: rfc822; a@b\nAction: failed\n\n",
        b"\xff\xfe\0",
        b"Content-Type: message/delivery-status\n\n",
        b"=?utf-8?q?=FF?=",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dsn/mails");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mails: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut chance = Chance(1);
    let reports = (0..ROUNDS).filter(|_| dsn::holds(&chance.broken(&mails, &WORDS))).count();
    assert!(is_fair_share(reports), "{reports}");
}

#[test]
fn broken_addresses_are_addresses_or_none() {
    const ADDRESSES: [&str; 10] = [
        "ada@vendor.org",
        "Ada.L+lti@Vendor.COM",
        "Ünal@vendor.com",
        "用户@例え.jp",
        "support@xn--bcher-kva.de",
        "\"ada lovelace\"@vendor.org",
        "ada@[192.0.2.1]",
        "a!#$%&'*+-/=?^_`{|}~b@sub.vendor.co.uk",
        "jose\u{301}@vendor.org",
        " ada@vendor.org. ",
    ];
    const WORDS: [&[u8]; 8] =
        [b"@", b"..", "\u{202e}".as_bytes(), b"xn--", "ß".as_bytes(), b"<>", b"\r\n", "。".as_bytes()];
    let mut chance = Chance(2);
    let addresses = (0..ROUNDS).filter(|_| address::holds(&chance.broken(&ADDRESSES, &WORDS))).count();
    assert!(is_fair_share(addresses), "{addresses}");
}

/// Chance left enough of them whole, and broke enough of them.
fn is_fair_share(whole: usize) -> bool {
    (ROUNDS / 20..ROUNDS * 19 / 20).contains(&whole)
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(!dsn::holds(&bytes));
        address::holds(&bytes);
    }

    #[test]
    fn no_report_text_panics(
        text in "(Final-Recipient: ?(rfc822|utf-8) ?;|Action: failed|Status: ?5|[ -~]|é|\\n|\\t){0,60}"
    ) {
        let mail = format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\n{text}"
        );
        dsn::holds(mail.as_bytes());
    }
}
