//! From data to words: plain text and HTML of one mail.

use super::{
    catalogue,
    content::{Content, Locale, Proof},
};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use domain::{group::Limits, ids::IntegrationId, usagewatch::LimitOf};
use std::fmt::Write as _;
use uuid::Uuid;

/// Words of others are cut here; no field of the portal is longer.
const WORDS_CHARS_MAX: usize = 2_000;

/// A mail in words.
pub(super) struct Rendered {
    pub(super) subject: &'static str,
    pub(super) text: Secret<String>,
    pub(super) html: Secret<String>,
}

/// What a `{name}` stands for.
enum Value {
    Words(String),
    Code(Secret<String>),
    Link(Secret<String>),
}

type Data = Vec<(&'static str, Value)>;

/// A paragraph with its data filled in.
enum Block {
    Words(String),
    Code(Secret<String>),
    Link(Secret<String>),
}

/// Renders a mail.
pub(super) fn render(content: &Content, locale: Locale) -> Rendered {
    let words = catalogue::text(content.kind(), locale);
    let data = data_of(content, locale);
    let blocks: Vec<Block> = words.paragraphs.iter().filter_map(|one| fill(one, &data)).collect();
    Rendered { subject: words.subject, text: plain(&blocks), html: html(&blocks, words.subject, locale) }
}

fn data_of(content: &Content, locale: Locale) -> Data {
    match content {
        Content::SignUpCode { proof } => proof_data(proof),
        Content::AddressAlreadyKnown => Vec::new(),
        Content::ContactCode { proof, vendor_name } => {
            let mut data = proof_data(proof);
            data.extend(vendor_name.as_deref().map(|name| ("vendor", words(name))));
            data
        }
        Content::ChangesRequested { group_name, reason, note, expires_at } => {
            let mut data = notice_data(group_name, catalogue::reason(*reason, locale), note.as_deref());
            data.push(("expires_at", instant(*expires_at)));
            data
        }
        Content::ProductionApproved { group_name, limits } => limits_data(group_name, limits),
        Content::ProductionRefused { group_name, reason, note } => {
            notice_data(group_name, catalogue::reason(*reason, locale), note.as_deref())
        }
        Content::SitesNearlyFull { group_name, scope, used, limit } => {
            let mut data = places_data(group_name, *limit, catalogue::places(*scope, locale));
            data.push(("used", Value::Words(used.to_string())));
            data
        }
        Content::SiteRefused { group_name, site, integration, scope, limit } => {
            let mut data = places_data(group_name, *limit, catalogue::places(*scope, locale));
            data.push(("site", words(site.as_str())));
            data.push(("integration", Value::Words(integration.to_string())));
            data
        }
        Content::ThresholdReached {
            group_name,
            group,
            limit_of,
            part,
            integration,
            percent,
            limit,
            window_s,
            since,
        } => {
            let mut data = vec![
                ("counted", Value::Words(catalogue::counted(*limit_of, locale).to_owned())),
                ("group", words(group_name)),
                ("id", Value::Words(group.to_string())),
                ("percent", Value::Words(percent.to_string())),
                ("calls", Value::Words(limit.to_string())),
                ("window", Value::Words(length(*window_s))),
                ("since", instant(*since)),
            ];
            data.extend(part.map(|part| ("part", Value::Words(part_name(*limit_of, part)))));
            data.extend(integration.as_deref().map(|name| ("integration", words(name))));
            data
        }
        Content::ContactNews { news: _, vendor_name, found, ends_at } => {
            let mut data = vec![("vendor", words(vendor_name)), ("ends_at", instant(*ends_at))];
            let found = found.map(|found| catalogue::found(found, locale).to_owned());
            data.extend(found.map(|found| ("found", Value::Words(found))));
            data
        }
    }
}

fn places_data(group_name: &str, limit: u32, places: &str) -> Data {
    vec![
        ("group", words(group_name)),
        ("limit", Value::Words(limit.to_string())),
        ("places", Value::Words(places.to_owned())),
    ]
}

fn proof_data(proof: &Proof) -> Data {
    vec![
        ("code", Value::Code(proof.code.clone())),
        ("link", Value::Link(proof.link.clone())),
        ("expires_at", instant(proof.expires_at)),
    ]
}

fn notice_data(group_name: &str, reason: &str, note: Option<&str>) -> Data {
    let mut data = vec![("group", words(group_name)), ("reason", words(reason))];
    data.extend(note.map(|note| ("note", words(note))));
    data
}

fn limits_data(group_name: &str, limits: &Limits) -> Data {
    vec![
        ("group", words(group_name)),
        ("calls", Value::Words(limits.calls.to_string())),
        ("window", Value::Words(length(limits.window_s))),
        ("sites", Value::Words(limits.sites.to_string())),
    ]
}

/// A share is that of an integration; what another part is depends on how the group is divided.
fn part_name(limit_of: LimitOf, part: Uuid) -> String {
    match limit_of {
        LimitOf::Share => IntegrationId::from_uuid(part).to_string(),
        LimitOf::Group | LimitOf::Owner | LimitOf::Organisation => part.to_string(),
    }
}

/// A length of time in the largest unit that tells it exactly.
fn length(seconds: u32) -> String {
    match seconds {
        seconds if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Words that came from outside: one line, nothing invisible, bounded.
fn words(raw: &str) -> Value {
    let visible = raw.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c });
    let mut text: String = visible.take(WORDS_CHARS_MAX).collect();
    if raw.chars().nth(WORDS_CHARS_MAX).is_some() {
        text.push('…');
    }
    Value::Words(text)
}

/// Line and paragraph separators, marks and overrides of direction, zero-width characters: they change how
/// the words around them read.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn instant(at: DateTime<Utc>) -> Value {
    Value::Words(at.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// `None` when a name in the paragraph has no value.
fn fill(paragraph: &str, data: &Data) -> Option<Block> {
    let value = |name: &str| data.iter().find(|(of, _)| *of == name).map(|(_, value)| value);
    let mut filled = String::new();
    let mut rest = paragraph;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        match value(name)? {
            Value::Words(words) => filled.push_str(words),
            Value::Code(code) => return Some(Block::Code(code.clone())),
            Value::Link(link) => return Some(Block::Link(link.clone())),
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(Block::Words(filled))
}

fn plain(blocks: &[Block]) -> Secret<String> {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Words(words) => text.push_str(words),
            // Four blanks and nothing else on the line: easy to see, and to find.
            Block::Code(code) => {
                text.push_str("    ");
                text.push_str(code.reveal());
            }
            Block::Link(link) => text.push_str(link.reveal()),
        }
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len() + 1);
    Secret::new(text)
}

#[expect(clippy::expect_used, reason = "writing into a String has no way to fail")]
fn html(blocks: &[Block], subject: &str, locale: Locale) -> Secret<String> {
    let mut html = String::new();
    let mut push =
        |line: std::fmt::Arguments<'_>| writeln!(html, "{line}").expect("a String takes every write");
    push(format_args!("<!DOCTYPE html>\n<html lang=\"{}\">", locale.tag()));
    push(format_args!("<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>", escape(subject)));
    for block in blocks {
        match block {
            Block::Words(words) => push(format_args!("<p>{}</p>", escape(words))),
            Block::Code(code) => push(format_args!(
                "<p style=\"font: bold 1.5em monospace; letter-spacing: 0.1em\">{}</p>",
                escape(code.reveal())
            )),
            Block::Link(link) => {
                let link = escape(link.reveal());
                push(format_args!("<p><a href=\"{link}\">{link}</a></p>"));
            }
        }
    }
    push(format_args!("</body>\n</html>"));
    Secret::new(html)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{ContactNews, MailKind, content::Found};
    use domain::{
        group::{GroupRef, Partition, WindowKind},
        ids::DevGroupId,
        prodaccount::BounceCause,
        prodgroup::ReasonCode,
        roster::Scope,
    };

    const CANARY: &str = "<b>Evil & \"Co\"</b>\u{202e}\r\nBcc: x";

    fn samples() -> Vec<Content> {
        let expires_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let proof = || {
            let code = Secret::new("ABCD-EF27".to_owned());
            Proof::new(code, "https://portal.example.org/", "itt_abc", expires_at)
        };
        let name = || CANARY.to_owned();
        let limits = Limits {
            calls: 150_000,
            window_s: 86_400,
            window: WindowKind::Rolling,
            sites: 25,
            partition: Partition::Group,
        };
        vec![
            Content::SignUpCode { proof: proof() },
            Content::AddressAlreadyKnown,
            Content::ContactCode { proof: proof(), vendor_name: Some(name()) },
            Content::ChangesRequested {
                group_name: name(),
                reason: ReasonCode::Naming,
                note: Some(name()),
                expires_at,
            },
            Content::ProductionApproved { group_name: name(), limits },
            Content::ProductionRefused { group_name: name(), reason: ReasonCode::Other, note: None },
            Content::SitesNearlyFull { group_name: name(), scope: Scope::Owner, used: 5, limit: 6 },
            Content::SiteRefused {
                group_name: name(),
                site: "<b>site".parse().unwrap(),
                integration: IntegrationId::from_uuid(uuid::Uuid::from_u128(1)),
                scope: Scope::Group,
                limit: 25,
            },
            threshold(LimitOf::Group, 80, Some(uuid::Uuid::nil())),
            threshold(LimitOf::Group, 100, None),
            threshold(LimitOf::Owner, 90, None),
            threshold(LimitOf::Organisation, 100, None),
            threshold(LimitOf::Share, 80, Some(uuid::Uuid::nil())),
            threshold(LimitOf::Share, 100, Some(uuid::Uuid::nil())),
            news(ContactNews::ProofDue, None),
            news(ContactNews::InDoubt, Some(Found::Bounce(BounceCause::Refused))),
            news(ContactNews::InDoubt, Some(Found::Bounce(BounceCause::MembersOnly))),
            news(ContactNews::ProofEnds, Some(Found::OtherHands)),
            news(ContactNews::ProofEnded, Some(Found::Disowned)),
        ]
    }

    fn news(news: ContactNews, found: Option<Found>) -> Content {
        let ends_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Content::ContactNews { news, vendor_name: CANARY.to_owned(), found, ends_at }
    }

    fn threshold(limit_of: LimitOf, percent: u8, part: Option<uuid::Uuid>) -> Content {
        let group = GroupRef::Development(DevGroupId::from_uuid(uuid::Uuid::nil()));
        let since = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (limit, window_s) = (10_000, 5_400);
        Content::ThresholdReached {
            group_name: CANARY.to_owned(),
            group,
            limit_of,
            part,
            integration: (limit_of == LimitOf::Share).then(|| CANARY.to_owned()),
            percent,
            limit,
            window_s,
            since,
        }
    }

    #[test]
    fn a_threshold_says_in_words_which_limit_it_is_one_of() {
        let text = |limit_of, part| render(&threshold(limit_of, 90, part), Locale::En).text.reveal().clone();
        let owner = text(LimitOf::Owner, None);
        assert!(owner.contains("10000 calls in 90 min for all development groups of your account together"));
        let organisation = text(LimitOf::Organisation, None);
        assert!(organisation.contains("for all development groups of your organisation together"));
        let share = text(LimitOf::Share, Some(uuid::Uuid::nil()));
        let integration = IntegrationId::from_uuid(uuid::Uuid::nil());
        assert!(
            share.contains("for the share of one integration") && share.contains(&integration.to_string())
        );
    }

    #[test]
    fn every_kind_of_mail_renders_in_every_language_with_all_its_data() {
        let mut kinds: Vec<_> = samples().iter().map(Content::kind).collect();
        // One kind has several samples, for the causes that it words differently.
        kinds.dedup();
        assert_eq!(kinds, MailKind::ALL);
        for (content, locale) in samples().iter().flat_map(|one| Locale::ALL.map(|locale| (one, locale))) {
            let mail = render(content, locale);
            for text in [mail.text.reveal(), mail.html.reveal()] {
                assert!(!text.contains('{') && !text.contains('}'), "{text}");
            }
            let told = catalogue::text(content.kind(), locale).paragraphs;
            let without_note = matches!(
                content,
                Content::ProductionRefused { .. }
                    | Content::ThresholdReached { limit_of: LimitOf::Group, part: None, .. }
            );
            let paragraphs = mail.text.reveal().trim_end().split("\n\n").count();
            assert_eq!(paragraphs, told.len() - usize::from(without_note));
        }
    }

    #[test]
    fn words_of_others_stand_in_neither_subject_nor_first_line_and_are_escaped() {
        for content in samples() {
            let mail = render(&content, Locale::En);
            let text = mail.text.reveal();
            assert!(!mail.subject.contains("Evil") && !text.lines().next().unwrap().contains("Evil"));
            assert!(!text.contains('\u{202e}') && !text.contains('\r'), "{text}");
            assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
            assert!(!mail.html.reveal().contains("<b>"));
            if text.contains("Evil") {
                assert!(mail.html.reveal().contains("&lt;b&gt;Evil &amp; &quot;Co&quot;&lt;/b&gt;"));
            }
        }
    }

    #[test]
    fn a_code_stands_on_a_line_of_its_own_beside_the_only_link() {
        for content in samples() {
            let has_code = matches!(content, Content::SignUpCode { .. } | Content::ContactCode { .. });
            let mail = render(&content, Locale::En);
            let text = mail.text.reveal();
            assert_eq!(text.lines().filter(|line| *line == "    ABCD-EF27").count(), usize::from(has_code));
            let link = "https://portal.example.org/proofs/itt_abc#ABCD-EF27";
            assert_eq!(text.lines().filter(|line| *line == link).count(), usize::from(has_code));
            for words in [text, mail.html.reveal()] {
                assert_eq!(words.matches("http").count(), words.matches(link).count());
            }
            assert_eq!(mail.html.reveal().matches("href").count(), usize::from(has_code));
        }
    }

    #[test]
    fn an_unknown_language_reads_english() {
        assert_eq!([Locale::of("en-GB"), Locale::of("de-CH"), Locale::of("")], [Locale::En; 3]);
    }

    #[test]
    fn words_of_others_are_bounded() {
        let Value::Words(cut) = words(&"x".repeat(3_000)) else { panic!("words are words") };
        assert_eq!(cut.chars().count(), WORDS_CHARS_MAX + 1);
    }
}
