//! A received mail, read as far as a person's mail program would: subject, plain text, the code in it.

use data_encoding::BASE64_MIME_PERMISSIVE;

/// One mail as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed.
    pub raw: Vec<u8>,
}

impl Mail {
    /// Whether an address is among the recipients; letter case does not count.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    /// A header's unfolded value.
    pub fn header(&self, name: &str) -> Option<String> {
        Part::of(&self.raw).header(name)
    }

    /// The subject.
    pub fn subject(&self) -> String {
        self.header("Subject").unwrap_or_default()
    }

    /// The plain text, transfer encoding undone (RFC 2045 §6). Empty when there is none.
    pub fn text(&self) -> String {
        Part::of(&self.raw).plain_text(0).unwrap_or_default()
    }

    /// The code that stands on a line of its own, as `ABCD-EFGH`.
    pub fn code(&self) -> Option<String> {
        self.text().lines().map(str::trim).find(|line| is_code(line)).map(str::to_owned)
    }
}

fn is_code(line: &str) -> bool {
    line.len() == 9
        && line.bytes().enumerate().all(|(place, byte)| match place {
            4 => byte == b'-',
            _ => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
        })
}

/// Parts within parts that are followed; a mail of ours has one level.
const DEPTH_MAX: usize = 4;

struct Part<'m> {
    headers: &'m [u8],
    body: &'m [u8],
}

impl<'m> Part<'m> {
    fn of(raw: &'m [u8]) -> Self {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
        match end {
            Some(end) => Self { headers: &raw[..end], body: &raw[end + 4..] },
            None => Self { headers: raw, body: &[] },
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        let headers = String::from_utf8_lossy(self.headers).replace("\r\n ", " ").replace("\r\n\t", " ");
        headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    fn plain_text(&self, depth: usize) -> Option<String> {
        let kind = self.header("Content-Type").unwrap_or_else(|| "text/plain".to_owned());
        if kind.to_ascii_lowercase().starts_with("multipart/") && depth < DEPTH_MAX {
            let boundary = boundary(&kind)?;
            let body = String::from_utf8_lossy(self.body).into_owned();
            return body
                .split(&format!("--{boundary}"))
                .skip(1)
                .find_map(|part| Part::of(part.trim_start_matches("\r\n").as_bytes()).plain_text(depth + 1));
        }
        if !kind.to_ascii_lowercase().starts_with("text/plain") {
            return None;
        }
        let encoding = self.header("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        let bytes = match encoding.as_str() {
            "base64" => BASE64_MIME_PERMISSIVE.decode(self.body).ok()?,
            "quoted-printable" => unquote(self.body),
            _ => self.body.to_vec(),
        };
        Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")?;
    let value = &content_type[at + "boundary=".len()..];
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().map(str::to_owned),
        None => value.split(';').next().map(|value| value.trim().to_owned()),
    }
}

/// Quoted-printable (RFC 2045 §6.7): `=XX` is a byte, `=` at a line's end joins it with the next.
fn unquote(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'=' {
            bytes.push(first);
        } else if let Some(joined) = tail.strip_prefix(b"\r\n") {
            rest = joined;
        } else if let Some(byte) = tail.get(..2).and_then(hex) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
        }
    }
    bytes
}

fn hex(two: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(raw: &str) -> Mail {
        Mail { from: String::new(), to: vec![], raw: raw.replace('\n', "\r\n").into_bytes() }
    }

    #[test]
    fn the_plain_part_of_an_alternative_is_read_and_its_code_found() {
        let mail = mail(
            "Subject: Your code\n here\nContent-Type: multipart/alternative;\n boundary=\"b\"\n\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nHej d=C3=A5, a long li=\nne\n\n    ABCD-EF27\n--b\nContent-Type: text/html\n\n<p>WXYZ-WXYZ</p>\n--b--\n",
        );
        assert_eq!(mail.subject(), "Your code here");
        assert!(mail.text().starts_with("Hej då, a long line"), "{}", mail.text());
        assert_eq!(mail.code().as_deref(), Some("ABCD-EF27"));
    }

    #[test]
    fn base64_text_is_decoded() {
        let mail = mail("Content-Transfer-Encoding: base64\n\nICAgIEFCQ0QtRUYy\nNw==\n");
        assert_eq!(mail.code().as_deref(), Some("ABCD-EF27"));
    }

    #[test]
    fn a_word_of_nine_letters_is_no_code() {
        assert_eq!(mail("\nABCDEFGHI\nABCD-EFG1\nabcd-efgh\n").code(), None);
    }
}
