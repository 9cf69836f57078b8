//! History as CSV (RFC 4180), one line for each part and step.

use super::shown::{Label, Names, rfc3339};
use app::quota::usage::{Count, History};

const HEAD: &str = "step_start_utc,part_kind,part,name,admitted,refused,aside,shadow_refused\r\n";

/// The document.
pub(super) fn document(history: &History, names: &Names) -> String {
    let mut csv = HEAD.to_owned();
    for series in &history.series {
        let label = Label::of(&series.part, names);
        let (kind, id) = (label.kind.word(), cell(label.id.as_deref().unwrap_or_default()));
        let name = cell(label.name.as_deref().unwrap_or_default());
        for (at, count) in history.steps.iter().zip(&series.counts) {
            let Count { admitted, refused, aside, shadow_refused } = *count;
            let numbers = [admitted, refused, aside, shadow_refused].map(|number| number.to_string());
            csv.push_str(&[rfc3339(*at).as_str(), kind, &id, &name, &numbers.join(",")].join(","));
            csv.push_str("\r\n");
        }
    }
    csv
}

/// A text that no spreadsheet takes for a formula: what could begin one gets an apostrophe before it.
fn cell(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let begins_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '|', '%', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let begins_formula = begins_formula || text.starts_with(['\t', '\r', '\n']);
    let guard = if begins_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::quota::usage::{Part, Series, Span};

    #[test]
    fn no_cell_is_a_formula_and_none_leaves_its_quotes() {
        for (text, expected) in [
            ("", ""),
            ("site-a", "\"site-a\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@x", "\"'@x\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("a,b\r\nc", "\"a,b\r\nc\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn every_step_of_every_part_is_a_line() {
        let count = |admitted| Count { admitted, refused: 2, aside: 0, shadow_refused: 3 };
        let history = History {
            span: Span::Day,
            steps: vec![0, 86_400_000],
            series: vec![Series { part: Part::Site("=a".into()), counts: vec![count(1), count(7)] }],
        };
        let expected = "step_start_utc,part_kind,part,name,admitted,refused,aside,shadow_refused\r\n\
                        1970-01-01T00:00:00Z,site,\"'=a\",,1,2,0,3\r\n\
                        1970-01-02T00:00:00Z,site,\"'=a\",,7,2,0,3\r\n";
        assert_eq!(document(&history, &Names::new()), expected);
    }
}
