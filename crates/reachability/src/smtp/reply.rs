//! Replies, as bytes: a reply is what has three digits and a separator on each line (RFC 5321, 4.2), and whatever text
//! behind them, which need not be UTF-8 or even printable.

use crate::limits::Limits;

/// An enhanced code: class, subject and detail (RFC 3463).
type Enhanced = (u16, u16, u16);

/// A whole reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    /// 200 to 599.
    pub(crate) code: u16,
    /// The first one that fits the code.
    pub(crate) enhanced: Option<Enhanced>,
    /// The texts of its lines, without enhanced code at the front.
    pub(crate) lines: Vec<Vec<u8>>,
}

impl Reply {
    pub(crate) fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Its text in ASCII lower case, words joined by blanks, for looking for phrases. Addresses are left out: what a
    /// mailbox is called must not be taken for what is said about it.
    pub(crate) fn folded(&self) -> String {
        let text = String::from_utf8_lossy(&self.lines.join(&b' ')).to_ascii_lowercase();
        let words: Vec<&str> = text.split_whitespace().filter(|word| !word.contains('@')).collect();
        words.join(" ")
    }

    pub(crate) fn enhanced_text(&self) -> Option<String> {
        self.enhanced.map(|(class, subject, detail)| format!("{class}.{subject}.{detail}"))
    }

    /// Subject and detail; none when undefined, which says no more than the code does (RFC 3463, X.0.0).
    pub(crate) fn status(&self) -> Option<(u16, u16)> {
        self.enhanced.map(|(_, subject, detail)| (subject, detail)).filter(|status| *status != (0, 0))
    }
}

/// Not a reply of SMTP: no digits, another code in the middle, or too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoReply;

/// A reply while its lines come in.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    code: Option<u16>,
    enhanced: Option<Enhanced>,
    lines: Vec<Vec<u8>>,
}

impl Builder {
    /// Takes a line without its end; gives the reply when this was its last one (RFC 5321, 4.2.1).
    pub(crate) fn take(&mut self, line: &[u8], limits: &Limits) -> Result<Option<Reply>, NoReply> {
        let code = code_of(line).ok_or(NoReply)?;
        if self.lines.len() >= limits.reply_lines || *self.code.get_or_insert(code) != code {
            return Err(NoReply);
        }
        // A bare code without separator or text is a last line too.
        let (is_last, text) = match line.get(3) {
            None => (true, &line[3..]),
            Some(b' ') => (true, &line[4..]),
            Some(b'-') => (false, &line[4..]),
            Some(_) => return Err(NoReply),
        };
        let (enhanced, text) = match enhanced_of(text, code / 100) {
            Some((enhanced, rest)) => (Some(enhanced), rest),
            None => (None, text),
        };
        self.enhanced = self.enhanced.or(enhanced);
        self.lines.push(text.to_vec());
        let reply = || Reply { code, enhanced: self.enhanced, lines: std::mem::take(&mut self.lines) };
        Ok(is_last.then(reply))
    }
}

fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.first_chunk::<3>().filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    (200..600).contains(&code).then_some(code)
}

/// `5.1.1 ` at the front of a text, of the same class as the code (RFC 2034, 4).
fn enhanced_of(text: &[u8], class: u16) -> Option<(Enhanced, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
    if text.get(end).is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    let mut numbers = text[..end].split(|byte| *byte == b'.');
    let mut number = || {
        let digits = numbers.next().filter(|digits| (1..=3).contains(&digits.len()))?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
    };
    let found = (number()?, number()?, number()?);
    let rest = text[end..].strip_prefix(b" ").unwrap_or(&text[end..]);
    (numbers.next().is_none() && found.0 == class && matches!(class, 2 | 4 | 5)).then_some((found, rest))
}

#[cfg(test)]
#[path = "../../fuzz/properties/smtp_reply.rs"]
mod property;

#[cfg(test)]
mod tests {
    use super::*;
    use mail_farm::chance::Chance;
    use proptest::prelude::*;

    #[test]
    fn broken_replies_are_replies_within_bounds_or_none() {
        const REPLIES: [&[u8]; 6] = [
            b"220 mx.vendor.org ESMTP\r\n",
            b"250-mx.vendor.org\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n",
            b"550-5.1.1 <ada@vendor.org>: no such\r\n550 5.1.1 user\r\n",
            b"421 4.3.2 caf\xe9 is closed\n",
            b"250\r\n",
            b"452-4.2.2 over quota\r\n452 full",
        ];
        const WORDS: [&[u8]; 6] = [b"250-", b"\r\n", b"550 5.7.1 ", b"\0\xff", b"a@b", b"999.999.999"];
        let mut chance = Chance(3);
        let replies = (0..20_000).filter(|_| property::holds(&chance.broken(&REPLIES, &WORDS))).count();
        assert!((1_000..19_000).contains(&replies), "{replies}");
    }

    fn read(lines: &[&[u8]]) -> Result<Option<Reply>, NoReply> {
        let mut builder = Builder::default();
        let mut last = None;
        for line in lines {
            last = builder.take(line, &Limits::default())?;
        }
        Ok(last)
    }

    #[test]
    fn the_last_line_ends_a_reply_and_all_have_one_code() {
        let reply = read(&[b"550-5.1.1 no such user", b"550 5.1.1 really"]).expect("a reply").expect("whole");
        assert_eq!((reply.code, reply.enhanced), (550, Some((5, 1, 1))));
        assert_eq!(reply.folded(), "no such user really");
        assert_eq!(read(&[b"250-a", b"251 b"]), Err(NoReply));
        assert_eq!(read(&[b"250-a", b"250-b"]), Ok(None));
    }

    #[test]
    fn text_is_bytes() {
        let reply = read(&[b"220 caf\xe9 \0\x1b[31m \xff"]).expect("a reply").expect("whole");
        assert_eq!(reply.lines, [b"caf\xe9 \0\x1b[31m \xff".to_vec()]);
    }

    #[test]
    fn what_has_no_three_digits_and_separator_is_no_reply() {
        for line in
            [&b"hello"[..], b"", b"25", b"2x0 a", b"999 a", b"100 a", b"250_a", b"2500 a", b"\xff\xfe\xfd"]
        {
            assert_eq!(read(&[line]), Err(NoReply), "{line:?}");
        }
        assert!(read(&[b"250"]).expect("bare code").is_some());
    }

    #[test]
    fn an_enhanced_code_fits_its_code_or_is_text() {
        let enhanced = |line: &[u8]| read(&[line]).expect("a reply").expect("whole").enhanced;
        assert_eq!(enhanced(b"550 5.7.133 no"), Some((5, 7, 133)));
        assert_eq!(enhanced(b"550 5.1.1"), Some((5, 1, 1)));
        for line in [
            &b"550 4.1.1 no"[..],
            b"550 5.1 no",
            b"550 5.1.1.1 no",
            b"550 5.1234.1 no",
            b"550 5..1 no",
            b"550 5.1.1:no",
            b"354 3.0.0 go",
        ] {
            assert_eq!(enhanced(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_hundred_lines_are_a_reply_and_one_more_is_none() {
        let of = |lines: usize| {
            let mut all: Vec<&[u8]> = vec![b"250-x"; lines - 1];
            all.push(b"250 x");
            read(&all)
        };
        assert!(of(100).expect("a reply").is_some());
        assert_eq!(of(101), Err(NoReply));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(lines in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let mut builder = Builder::default();
            for line in &lines {
                builder.take(line, &Limits::default()).ok();
            }
        }

        #[test]
        fn replies_read_as_written(code in 200_u16..600, text in any::<Vec<u8>>()) {
            let mut line = format!("{code} ").into_bytes();
            line.extend(&text);
            let reply = Builder::default().take(&line, &Limits::default()).expect("a reply").expect("whole");
            prop_assert_eq!(reply.code, code);
        }
    }
}
