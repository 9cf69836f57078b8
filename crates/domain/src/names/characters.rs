//! Characters no name may hold, because a reader can't see them or they change what is read around them.

/// Control, format (Cf), default-ignorable, private-use and noncharacter code points, line and paragraph
/// separators, and the blank Braille pattern. Letters and marks of every script pass; directional *controls*
/// don't, so a right-to-left name reads the same wherever it is shown.
pub(super) fn is_forbidden(c: char) -> bool {
    c.is_control() || FORBIDDEN.iter().any(|&(first, last)| (first..=last).contains(&c)) || is_noncharacter(c)
}

/// The last two code points of each plane and U+FDD0 to U+FDEF.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// Ranges in ascending order (Unicode 18: general category Cf, Co, Zl, Zp and Default_Ignorable_Code_Point).
const FORBIDDEN: &[(char, char)] = &[
    ('\u{00AD}', '\u{00AD}'),    // soft hyphen
    ('\u{034F}', '\u{034F}'),    // combining grapheme joiner
    ('\u{0600}', '\u{0605}'),    // Arabic number signs
    ('\u{061C}', '\u{061C}'),    // Arabic letter mark
    ('\u{06DD}', '\u{06DD}'),    // Arabic end of ayah
    ('\u{070F}', '\u{070F}'),    // Syriac abbreviation mark
    ('\u{0890}', '\u{0891}'),    // Arabic currency marks above
    ('\u{08E2}', '\u{08E2}'),    // Arabic disputed end of ayah
    ('\u{115F}', '\u{1160}'),    // Hangul fillers
    ('\u{17B4}', '\u{17B5}'),    // Khmer inherent vowels
    ('\u{180B}', '\u{180F}'),    // Mongolian selectors and vowel separator
    ('\u{200B}', '\u{200F}'),    // zero width, directional marks
    ('\u{2028}', '\u{202E}'),    // line and paragraph separators, directional embeddings
    ('\u{2060}', '\u{206F}'),    // word joiner, isolates, deprecated format characters
    ('\u{2800}', '\u{2800}'),    // blank Braille pattern
    ('\u{3164}', '\u{3164}'),    // Hangul filler
    ('\u{E000}', '\u{F8FF}'),    // private use
    ('\u{FE00}', '\u{FE0F}'),    // variation selectors
    ('\u{FEFF}', '\u{FEFF}'),    // byte order mark
    ('\u{FFA0}', '\u{FFA0}'),    // half-width Hangul filler
    ('\u{FFF0}', '\u{FFFD}'),    // interlinear annotation, object replacement, replacement of broken text
    ('\u{110BD}', '\u{110BD}'),  // Kaithi number sign
    ('\u{110CD}', '\u{110CD}'),  // Kaithi number sign above
    ('\u{13430}', '\u{1343F}'),  // hieroglyph format controls
    ('\u{1BCA0}', '\u{1BCA3}'),  // shorthand format controls
    ('\u{1D173}', '\u{1D17A}'),  // musical format controls
    ('\u{E0000}', '\u{E0FFF}'),  // tags, variation selectors supplement
    ('\u{F0000}', '\u{10FFFD}'), // private use planes
];
