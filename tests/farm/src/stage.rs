//! What a mail server does at a step of a conversation.

use crate::certificates::Kind;

/// The steps of a conversation, by the names scripts have for them.
const STEPS: [&str; 10] =
    ["greeting", "ehlo", "helo", "starttls", "mail", "rcpt", "control", "postmaster", "rset", "quit"];

/// One thing a server does. Numbers are seconds before the farm hurries them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Says these bytes.
    Say(Vec<u8>),
    /// Says these bytes one by one, with so many seconds before each.
    Drip(u64, Vec<u8>),
    /// Says this over and over, as long as somebody listens.
    Flood(Vec<u8>),
    /// Says so many bytes of no sense.
    Noise(usize),
    /// Waits so many seconds.
    Wait(u64),
    /// Waits until the other side goes.
    Hang,
    /// Hears nothing more, and lets nobody notice.
    Deaf,
    /// Says nothing more, and lets everybody notice.
    HalfClose,
    /// Closes the connection.
    Drop,
    /// Resets the connection.
    Reset,
    /// Says 220 and goes on under TLS with such a certificate.
    Tls(Kind),
    /// Goes on under TLS without a word.
    Handshake(Kind),
}

/// The name of a step, if there is such a step.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    STEPS.into_iter().find(|known| *known == name)
}

impl Step {
    /// Reads `550 no`, `raw …`, `times 9 …`, `drip 10 …`, `flood …`, `noise 100`, `wait 5`, `hang`, `deaf`,
    /// `half-close`, `drop`, `reset`, `tls good`, `handshake good`.
    /// Text knows `\r`, `\n`, `\0`, `\\` and `\xff`; what begins with a digit is a line.
    pub fn read(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match word {
            "raw" => Self::Say(unescaped(rest)),
            "drip" => {
                let (seconds, text) = rest.split_once(' ')?;
                Self::Drip(seconds.parse().ok()?, unescaped(text))
            }
            "flood" => Self::Flood(unescaped(rest)),
            "noise" => Self::Noise(rest.parse().ok()?),
            "wait" => Self::Wait(rest.parse().ok()?),
            "hang" => Self::Hang,
            "deaf" => Self::Deaf,
            "half-close" => Self::HalfClose,
            "drop" => Self::Drop,
            "reset" => Self::Reset,
            "tls" => Self::Tls(Kind::read(rest)?),
            "handshake" => Self::Handshake(Kind::read(rest)?),
            "times" => {
                let (number, text) = rest.split_once(' ')?;
                Self::Say(unescaped(text).repeat(number.parse().ok()?))
            }
            _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
                let mut line = unescaped(text);
                line.extend(b"\r\n");
                Self::Say(line)
            }
            _ => return None,
        })
    }
}

/// Text with its escapes resolved, where it is UTF-8.
pub(crate) fn unescaped_text(text: &str) -> String {
    String::from_utf8(unescaped(text)).expect("an address is text")
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let mut chars = after.chars();
        match chars.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('0') => bytes.push(0),
            Some('s') => bytes.push(b' '),
            Some('x') => {
                bytes.push(u8::from_str_radix(&after[1..3], 16).expect("two digits behind \\x"));
                chars = after[3..].chars();
            }
            Some(other) => bytes.extend(other.to_string().as_bytes()),
            None => {}
        }
        rest = chars.as_str();
    }
    bytes.extend(rest.as_bytes());
    bytes
}
