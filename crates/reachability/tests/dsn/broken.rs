//! The mails of the folder, broken by chance that is the same in each run, and any bytes at all.

use super::{OTHERS, REPORTS, intent, mail, paths};
use proptest::prelude::*;
use reachability::dsn::{self, DsnError, Report};

const ROUNDS: usize = 20_000;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// A piece of a mail, at most 200 bytes.
    fn piece(&mut self, mail: &[u8]) -> Vec<u8> {
        let from = self.below(mail.len());
        mail[from..mail.len().min(from + self.below(200))].to_vec()
    }

    fn breaks(&mut self, mail: &mut Vec<u8>, other: &[u8]) {
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
        let at = self.below(mail.len() + 1);
        match self.below(6) {
            0 => mail.truncate(at),
            1 => mail.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << self.below(8)),
            2 => drop(mail.splice(at..at, self.piece(other))),
            3 => drop(mail.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
            4 => drop(mail.drain(at..mail.len().min(at + self.below(100)))),
            _ => {
                let piece = self.piece(mail);
                drop(mail.splice(at..at, piece.repeat(self.below(20))));
            }
        }
    }
}

fn holds(read: &Result<Report, DsnError>) {
    if let Ok(report) = read {
        assert_eq!(report.intent, intent());
        assert!((1..=dsn::RECIPIENTS_MAX).contains(&report.recipients.len()));
        for recipient in &report.recipients {
            assert!(recipient.diagnostic.as_ref().is_none_or(|text| text.reveal().len() <= 500));
        }
    }
}

#[test]
fn broken_mails_stay_within_bounds() {
    let names = REPORTS.iter().map(|(name, ..)| *name).chain(OTHERS.iter().map(|(name, _)| *name));
    let mails: Vec<Vec<u8>> = names.map(mail).collect();
    let (paths, recipient) = (paths(), paths().mint(intent()));
    let mut chance = Chance(1);
    let mut reports = 0;
    for _ in 0..ROUNDS {
        let mut broken = mails[chance.below(mails.len())].clone();
        for _ in 0..=chance.below(6) {
            let other = chance.below(mails.len());
            chance.breaks(&mut broken, &mails[other]);
        }
        let read = dsn::read(&broken, &paths, &recipient);
        holds(&read);
        reports += usize::from(read.is_ok());
        assert!(dsn::envelope_recipient(&broken, &paths).is_err());
    }
    // Chance left enough of them whole, and broke enough of them.
    assert!((ROUNDS / 10..ROUNDS * 9 / 10).contains(&reports), "{reports}");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, recipient in "\\PC{0,80}") {
        holds(&dsn::read(&bytes, &paths(), &paths().mint(intent())));
        prop_assert!(dsn::read(&bytes, &paths(), &recipient).is_err());
        prop_assert!(dsn::envelope_recipient(&bytes, &paths()).is_err());
    }

    #[test]
    fn no_report_text_panics(text in "(Final-Recipient: ?(rfc822|utf-8) ?;|Action: failed|Status: ?5|[ -~]|é|\\n|\\t){0,60}") {
        let mail = format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\n{text}"
        );
        holds(&dsn::read(mail.as_bytes(), &paths(), &paths().mint(intent())));
    }
}
