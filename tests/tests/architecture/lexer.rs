//! Just enough of Rust's surface to tell code from comments and literals.

/// Blanks out parts of a source; every byte keeps its place and every line its number.
pub(crate) fn blanked(text: &str, keep_literals: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (end, keep) = match span(bytes, at) {
            Span::Comment(end) => (end, false),
            Span::Literal(end) => (end, keep_literals),
            Span::Code(end) => (end, true),
        };
        if !keep {
            out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The index behind the item that begins at or after `at`: behind its closing brace, or its semicolon. Works
/// on blanked text.
pub(crate) fn item_end(code: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.as_bytes()[at..].iter().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' if depth <= 1 => return at + offset + 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return at + offset + 1,
            _ => {}
        }
    }
    code.len()
}

/// Identifiers and other words of a text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

enum Span {
    Comment(usize),
    Literal(usize),
    Code(usize),
}

fn span(bytes: &[u8], at: usize) -> Span {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Span::Comment(find(bytes, at, b"\n").unwrap_or(bytes.len()));
    }
    if rest.starts_with(b"/*") {
        return Span::Comment(block_comment_end(bytes, at));
    }
    if let Some(end) = raw_string_end(bytes, at) {
        return Span::Literal(end);
    }
    match rest[0] {
        b'"' => Span::Literal(quoted_end(bytes, at)),
        b'\'' => match rest {
            [_, b'\\', ..] => Span::Literal(quoted_end(bytes, at)),
            // A lifetime has no closing quote behind its first character.
            _ => match (1..=4).find(|length| rest.get(length + 1) == Some(&b'\'')) {
                Some(length) if is_one_char(&rest[1..=length]) => Span::Literal(at + length + 2),
                _ => Span::Code(at + 1),
            },
        },
        _ => Span::Code(at + 1),
    }
}

fn is_one_char(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
}

fn quoted_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut next = at + 1;
    while next < bytes.len() {
        match bytes[next] {
            b'\\' => next += 2,
            byte if byte == quote => return next + 1,
            _ => next += 1,
        }
    }
    bytes.len()
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let part_of_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let rest = &bytes[at..];
    let prefix = if rest.starts_with(b"br") { 2 } else { usize::from(rest.starts_with(b"r")) };
    if part_of_word || prefix == 0 {
        return None;
    }
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let content = at + prefix + hashes + 1;
    Some(find(bytes, content, &close).map_or(bytes.len(), |found| found + close.len()))
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut next) = (0_usize, at);
    while next < bytes.len() {
        match &bytes[next..] {
            [b'/', b'*', ..] => (depth, next) = (depth + 1, next + 2),
            [b'*', b'/', ..] if depth == 1 => return next + 2,
            [b'*', b'/', ..] => (depth, next) = (depth - 1, next + 2),
            _ => next += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|offset| from + offset)
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let source = "let a = \"b // c\"; // d\nlet e: &'f str = r#\"g\"h\"#; /* i /* j */ k */ '\\'' 'l' '}'";
    let code = blanked(source, false);
    assert_eq!(words(&code).collect::<Vec<_>>(), ["let", "a", "let", "e", "f", "str"]);
    assert!(!code.contains('}') && code.len() == source.len());
    let kept = blanked(source, true);
    assert!(kept.contains("b // c") && kept.contains("g\"h") && !kept.contains('d') && !kept.contains('k'));
}

#[test]
fn an_item_ends_behind_its_own_brace_or_semicolon() {
    let code = "mod a; mod b { fn c() { [1; 2] } } fn d() {}";
    assert_eq!(item_end(code, 0), "mod a;".len());
    let b = code.find("mod b").unwrap();
    assert!(code[b..item_end(code, b)].ends_with("} }"));
}
