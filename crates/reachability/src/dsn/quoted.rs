//! Text that strangers wrote.

/// A bounded piece of text from a report, on one line and without control or direction characters. It may hold
/// addresses, so `Debug` shows its length alone; use [`Quoted::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// Cleans and cuts; `None` when nothing is left.
    pub(super) fn new(text: &str, bytes_max: usize) -> Option<Self> {
        let mut clean = String::new();
        for word in text.split(is_gap).filter(|word| !word.is_empty()) {
            if clean.len() >= bytes_max {
                break;
            }
            if !clean.is_empty() {
                clean.push(' ');
            }
            clean.push_str(word);
        }
        clean.truncate(clean.floor_char_boundary(bytes_max));
        (!clean.is_empty()).then_some(Self(clean))
    }

    /// The text. Not for logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Quoted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Quoted({} bytes)", self.0.len())
    }
}

/// Blanks, controls, and what changes the direction of the text around it.
fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_text_is_one_short_line() {
        let shown = |text, max| Quoted::new(text, max).map(|quoted| quoted.reveal().to_owned());
        assert_eq!(shown(" a\r\n\tb\u{202e}c\0d ", 99).as_deref(), Some("a b c d"));
        assert_eq!(shown("aé", 2).as_deref(), Some("a"));
        assert_eq!(shown("abc def", 5).as_deref(), Some("abc d"));
        assert_eq!(shown("\u{7f}\n ", 9), None);
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Quoted::new("ada@example.com", 99)), "Some(Quoted(15 bytes))");
    }
}
