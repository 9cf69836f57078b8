//! What the picture holds.

use super::*;
use domain::ids::DevGroupId;
use uuid::Uuid;

fn group() -> GroupRef {
    GroupRef::Development(DevGroupId::from_uuid(Uuid::nil()))
}

fn history(parts: &[(Part, u64)]) -> History {
    let steps: Vec<i64> = (0..288).map(|step| 1_795_046_400_000 + step * 300_000).collect();
    let counts = |scale: u64| -> Vec<Count> {
        let busy = |step: u64| if (90..220).contains(&step) { 3 } else { 1 };
        let of = |step: u64| scale * (60 + (step * 37) % 40) * busy(step) / 100;
        (0..288).map(|step| Count { admitted: of(step), refused: of(step) / 7, ..Count::default() }).collect()
    };
    let series = parts.iter().map(|(part, scale)| Series { part: part.clone(), counts: counts(*scale) });
    History { span: Span::Step, steps, series: series.collect() }
}

fn draw(history: &History) -> String {
    document(group(), RangeName::Day, history, &Names::new())
}

fn sites(number: u64) -> Vec<(Part, u64)> {
    let site = |site: u64| (Part::Site(format!("site-{site}.school.example")), 900 - 80 * site.min(10));
    (0..number).map(site).collect()
}

#[test]
fn a_picture_tells_its_numbers_in_words_and_runs_nothing() {
    let svg = draw(&history(&[(Part::Whole, 1_000)]));
    let needed = ["<title id=\"title\">API calls of the last 24 hours", "<desc id=\"desc\">", "role=\"img\""];
    for needed in needed {
        assert!(svg.contains(needed), "{needed}");
    }
    assert!(!svg.contains("<script") && !svg.contains("href") && !svg.contains("onload"));
    assert!(svg.len() < 40_000, "{}", svg.len());
}

#[test]
fn the_style_is_the_one_that_is_allowed() {
    let svg = draw(&history(&[(Part::Whole, 5)]));
    let (_, rest) = svg.split_once("<style>").expect("a style");
    let (style, _) = rest.split_once("</style>").expect("its end");
    let hash = BASE64.encode(&Sha256::digest(style));
    assert!(security_policy().contains(&hash));
    assert_eq!(svg.matches("style").count(), 2, "no style besides");
}

#[test]
fn names_of_others_are_text_and_nothing_else() {
    let evil = "<script>alert(1)</script>\"'&\u{1b}";
    let svg = draw(&history(&[(Part::Site(evil.to_owned()), 10)]));
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}'));
    assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn many_parts_are_six_colours_and_a_rest_and_the_table_has_them_all() {
    let svg = draw(&history(&sites(21)));
    assert_eq!(svg.matches("<path class=\"c").count(), 7);
    assert_eq!(svg.matches(".school.example</text>").count(), 21);
    assert!(svg.len() < 200_000, "{}", svg.len());
}

#[test]
fn calls_an_observed_limit_would_have_refused_are_admitted_ones() {
    let count = |admitted, aside, shadow_refused| Count { admitted, refused: 0, aside, shadow_refused };
    let series = |part, count| Series { part, counts: vec![count; 288] };
    let site = series(Part::Site("school.example".to_owned()), count(20, 1, 10));
    assert_eq!(numbers(&site), [5_760, 0, 288]);
    let outcome = series(Part::Outcome(Outcome::ShadowRefused), count(0, 0, 10));
    assert_eq!(numbers(&outcome), [2_880, 0, 0]);
}

#[test]
fn no_calls_are_a_picture_too() {
    let svg = draw(&history(&[]));
    assert!(svg.contains("No calls."));
    let svg = draw(&history(&[(Part::Whole, 0)]));
    assert!(!svg.contains("<path class=\"c0\""));
}

#[test]
fn an_axis_ends_above_the_tallest_bar_and_its_quarters_are_whole() {
    for (tallest, top) in [(0, 4), (4, 4), (5, 8), (9, 12), (17, 20), (21, 40), (81, 120), (2_001, 4_000)] {
        assert_eq!(nice_top(tallest), top);
    }
    assert_eq!(nice_top(u64::MAX), u64::MAX);
    assert_eq!([0, 2_500, 10_000, 12_500, 1_500_000].map(short), ["0", "2,500", "10k", "12.5k", "1.5M"]);
    assert_eq!(grouped(1_234_567), "1,234,567");
}
