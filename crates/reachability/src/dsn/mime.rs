//! The parts of a mail, taken apart here rather than by the MIME library: only its reading of header fields and of
//! transfer encodings is used, so that nesting can't cost more than the limits below, and an original mail inside a
//! report is never looked into.

use super::DsnError;
use mail_parser::{
    Message, MessageParser, MimeHeaders as _,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};
use std::borrow::Cow;

/// Parts of one mail, those inside parts included.
const PARTS_MAX: usize = 16;
/// Multiparts inside multiparts.
const DEPTH_MAX: usize = 4;
/// Bytes read of the header of a mail or part.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// A mail or a part of one: its header, and its body as it was sent.
pub(super) struct Part<'x> {
    header: Option<Message<'x>>,
    body: &'x [u8],
}

impl<'x> Part<'x> {
    pub(super) fn new(raw: &'x [u8]) -> Self {
        let (header, body) = split_header(raw);
        let header = &header[..header.len().min(HEADER_BYTES_MAX)];
        Self { header: MessageParser::default().parse_headers(header), body }
    }

    /// Text of a header field as it stands; `None` when it is missing or not UTF-8.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next()
    }

    /// Texts of all header fields of a name, in any letter case, the topmost first.
    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        let all = self.header.iter().flat_map(Message::headers_raw);
        all.filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, text)| text.trim())
    }

    /// Whether its type is one of these, `type/subtype` in lower case.
    pub(super) fn is(&self, types: &[&str]) -> bool {
        self.header.as_ref().and_then(|header| header.content_type()).is_some_and(|given| {
            types.iter().any(|wanted| {
                wanted.split_once('/').is_some_and(|(kind, subtype)| {
                    given.ctype().eq_ignore_ascii_case(kind)
                        && given.subtype().is_some_and(|given| given.eq_ignore_ascii_case(subtype))
                })
            })
        })
    }

    /// A parameter of its type, such as `report-type`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.content_type()?.attribute(name)
    }

    /// The body without its transfer encoding; as it was sent when the encoding is broken.
    pub(super) fn content(&self) -> Cow<'x, [u8]> {
        let encoding = self.header.as_ref().and_then(|header| header.content_transfer_encoding());
        let decoded = match encoding {
            Some(encoding) if encoding.eq_ignore_ascii_case("base64") => base64_decode(self.body),
            Some(encoding) if encoding.eq_ignore_ascii_case("quoted-printable") => {
                quoted_printable_decode(self.body)
            }
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    fn boundary(&self) -> Option<&str> {
        let kind = self.header.as_ref()?.content_type()?;
        kind.ctype().eq_ignore_ascii_case("multipart").then(|| kind.attribute("boundary")).flatten()
    }
}

/// The mail itself and every part of it, in order; parts of parts follow their parent.
pub(super) fn parts(raw: &[u8]) -> Result<Vec<Part<'_>>, DsnError> {
    let mut found = Vec::new();
    let mut waiting = vec![(Part::new(raw), 0)];
    while let Some((part, depth)) = waiting.pop() {
        if let Some(boundary) = part.boundary().filter(|boundary| !boundary.is_empty()) {
            let inner = split_body(part.body, boundary.as_bytes());
            if depth == DEPTH_MAX || found.len() + waiting.len() + inner.len() >= PARTS_MAX {
                return Err(DsnError::TooManyParts);
            }
            waiting.extend(inner.into_iter().rev().map(|raw| (Part::new(raw), depth + 1)));
        }
        found.push(part);
    }
    Ok(found)
}

/// Header and body, parted at the first empty line.
fn split_header(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let next = end + line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return (&raw[..next], &raw[next..]);
        }
        end = next;
    }
    (raw, &[])
}

/// What stands between the delimiter lines (RFC 2046, section 5.1.1), at most one more than a mail may have.
fn split_body<'x>(body: &'x [u8], boundary: &[u8]) -> Vec<&'x [u8]> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let delimiter = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(rest) = delimiter.map(<[u8]>::trim_ascii)
            && matches!(rest, b"" | b"--")
        {
            parts.extend(begin.map(|begin| &body[begin..at]));
            begin = Some(at + line.len());
            if rest == b"--" || parts.len() > PARTS_MAX {
                return parts;
            }
        }
        at += line.len();
    }
    // A mail that was cut off has no last delimiter.
    parts.extend(begin.map(|begin| &body[begin..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(raw: &str) -> Vec<String> {
        let parts = parts(raw.as_bytes()).unwrap();
        parts.iter().map(|part| String::from_utf8(part.content().into_owned()).unwrap()).collect()
    }

    #[test]
    fn a_mail_is_taken_apart_at_its_delimiters() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\nprologue\n--b\n\none\n--bb\n--b \r\n\
                   Content-Transfer-Encoding: base64\n\ndHdv\n--b--\nepilogue\n--b\n\nthree\n";
        assert_eq!(bodies(raw)[1..], ["one\n--bb\n", "two"]);
    }

    #[test]
    fn a_mail_that_was_cut_off_keeps_its_last_part() {
        assert_eq!(bodies("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none")[1..], ["one"]);
    }

    #[test]
    fn parts_and_nesting_have_a_limit() {
        let flat = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(99));
        assert_eq!(parts(flat.as_bytes()).err(), Some(DsnError::TooManyParts));
        let level = |depth: u8| format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n");
        let deep = (0..9).map(level).collect::<Vec<_>>().concat();
        assert_eq!(parts(deep.as_bytes()).err(), Some(DsnError::TooManyParts));
    }
}
