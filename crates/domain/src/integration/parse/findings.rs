//! What a draft's reading turns up: every broken field and every spelling that was normalised.

use crate::fields::{FieldError, Note};
use std::net::Ipv6Addr;

/// Longest list in a draft.
pub(super) const LIST_MAX: usize = 50;

/// Collects while a draft is read; nothing stops at the first problem.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<FieldError>,
    pub(super) notes: Vec<Note>,
}

/// Whether a text may hold line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    One,
    Many,
}

impl Findings {
    pub(super) fn refuse(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    pub(super) fn note(&mut self, pointer: &str, detail: impl Into<String>) {
        self.notes.push(Note { pointer: pointer.to_owned(), detail: detail.into() });
    }

    /// Drops blanks around, with a note.
    pub(super) fn trimmed<'a>(&mut self, pointer: &str, typed: &'a str) -> &'a str {
        let trimmed = typed.trim();
        if trimmed.len() != typed.len() {
            self.note(pointer, "blanks around it were dropped");
        }
        trimmed
    }

    /// A text for people: at most `chars_max` characters, none of them invisible. Blank counts as absent.
    pub(super) fn text(
        &mut self,
        pointer: &str,
        typed: Option<String>,
        chars_max: usize,
        lines: Lines,
    ) -> Option<String> {
        self.text_or_empty(pointer, typed?, chars_max, lines).filter(|text| !text.is_empty())
    }

    /// The same, where blank is a value too.
    pub(super) fn text_or_empty(
        &mut self,
        pointer: &str,
        typed: String,
        chars_max: usize,
        lines: Lines,
    ) -> Option<String> {
        let text = self.trimmed(pointer, &typed).replace("\r\n", "\n");
        if text.chars().any(|c| is_invisible(c) && !(c == '\n' && lines == Lines::Many)) {
            self.refuse(
                FieldError::new(
                    pointer,
                    "text.control_character",
                    "it holds control or text direction characters",
                )
                .fix("leave them out"),
            );
            return None;
        }
        self.at_most(pointer, &text, chars_max).then_some(text)
    }

    /// Whether a text keeps to its length; refused otherwise.
    pub(super) fn at_most(&mut self, pointer: &str, text: &str, chars_max: usize) -> bool {
        let chars = text.chars().count();
        if chars > chars_max {
            let detail = format!("it has {chars} characters; at most {chars_max} are allowed");
            self.refuse(
                FieldError::new(pointer, "text.too_long", detail).fix(format!("shorten it to {chars_max}")),
            );
        }
        chars <= chars_max
    }

    /// Reads each item of a list by its own pointer, and keeps what is good, without repeats.
    pub(super) fn list<T, U: PartialEq>(
        &mut self,
        pointer: &str,
        items: Vec<T>,
        mut read: impl FnMut(&mut Self, &str, T) -> Option<U>,
    ) -> Vec<U> {
        if !self.fits(pointer, items.len()) {
            return Vec::new();
        }
        let mut kept = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            match read(self, &pointer, item) {
                Some(item) if kept.contains(&item) => {
                    self.note(&pointer, "it is in the list already and was dropped");
                }
                Some(item) => kept.push(item),
                None => {}
            }
        }
        kept
    }

    /// Whether a list or map keeps to its length; refused otherwise.
    pub(super) fn fits(&mut self, pointer: &str, items: usize) -> bool {
        if items > LIST_MAX {
            let detail = format!("it has {items} entries; at most {LIST_MAX} are allowed");
            self.refuse(FieldError::new(pointer, "list.too_long", detail));
        }
        items <= LIST_MAX
    }
}

/// Control characters, and those that turn the direction of the text around them.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A map's key as part of a JSON pointer (RFC 6901, section 3).
pub(super) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Source texts leave gaps for the reader to fill; such a text is a template, not a value.
pub(super) fn has_placeholder(text: &str) -> bool {
    let gap = |open: &str, close: &str, is_gap: fn(&str) -> bool| {
        text.split(open).skip(1).any(|rest| rest.split_once(close).is_some_and(|(inner, _)| is_gap(inner)))
    };
    let any = |inner: &str| !inner.is_empty();
    gap("{", "}", any)
        || gap("<", ">", any)
        || gap("%(", ")s", any)
        || gap("[", "]", |inner| !inner.is_empty() && inner.parse::<Ipv6Addr>().is_err())
        || text.contains("example placeholder")
}
