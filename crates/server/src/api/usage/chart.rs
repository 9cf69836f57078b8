//! History as a chart: one SVG document without script, readable in light and dark, with all its numbers in words.

use super::shown::{Label, Names, RangeName, instant};
use app::quota::usage::{Calendar, Count, History, Outcome, Part, Series, Span};
use data_encoding::BASE64;
use domain::group::GroupRef;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Parts with a colour of their own; the rest is one more.
const COLOURS: usize = 6;
/// Characters of a label.
const LABEL_CHARS: usize = 40;

const WIDTH: f64 = 860.0;
/// Where the plot lies.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 844.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 304.0;
/// Where the table begins, and how high its rows are.
const TABLE_TOP: f64 = 356.0;
const ROW: f64 = 22.0;

/// Colours after Okabe and Ito, which people with other colour vision tell apart.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:16px;font-weight:600}\
.faint{fill:#59636e}\
.num{text-anchor:end;font-variant-numeric:tabular-nums}\
.head{fill:#59636e;font-size:12px}\
.paper{fill:#fff}\
.grid{stroke:#d1d9e0}\
.axis{stroke:#59636e}\
.c0{fill:#0072b2}.c1{fill:#e69f00}.c2{fill:#009e73}.c3{fill:#cc79a7}.c4{fill:#56b4e9}.c5{fill:#d55e00}.c6{fill:#8c959f}\
.refused{fill:#b3261e}\
@media(prefers-color-scheme:dark){\
text{fill:#e6edf3}.faint,.head{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#9198a1}\
.c0{fill:#3178c6}.c6{fill:#6e7681}.refused{fill:#f47067}}";

/// A band of the stack.
struct Band {
    label: String,
    class: String,
    counts: Vec<u64>,
    sum: Count,
}

/// Lets the one style of the chart apply, and nothing else.
pub(super) fn security_policy() -> String {
    let hash = BASE64.encode(&Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'")
}

/// The document.
pub(super) fn document(group: GroupRef, range: RangeName, history: &History, names: &Names) -> String {
    let bands = bands(history, names);
    let top = nice_top(tallest(&bands));
    let rows = history.series.len().max(1);
    let height = TABLE_TOP + ROW * f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) + 20.0;
    let title = format!("API calls of the last {}", range.words());
    let mut svg = Svg::default();
    svg.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title\" aria-describedby=\"desc\" lang=\"en\">"
    ));
    svg.line(format_args!("<title id=\"title\">{title}, group {group}</title>"));
    svg.line(format_args!("<desc id=\"desc\">{}</desc>", escape(&description(history, names))));
    svg.line(format_args!("<style>{STYLE}</style>"));
    svg.line(format_args!(
        "<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#fff\"/>"
    ));
    svg.text(20.0, 28.0, "title", &title);
    svg.text(20.0, 47.0, "faint", &subtitle(history));
    grid(&mut svg, top);
    for (band, below) in bands.iter().zip(stacked(&bands)) {
        bars(&mut svg, band, &below, top);
    }
    time_axis(&mut svg, history);
    table(&mut svg, history, names);
    svg.line(format_args!("</svg>"));
    svg.0
}

/// Text that is written by whole lines.
#[derive(Default)]
struct Svg(String);

impl Svg {
    #[expect(clippy::expect_used, reason = "writing into a String has no way to fail")]
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a String takes every write");
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escape(text);
        self.line(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{text}</text>"));
    }
}

/// What is stacked: parts in colour, or for the whole what passed and what was refused.
fn bands(history: &History, names: &Names) -> Vec<Band> {
    if let [whole] = &history.series[..]
        && whole.part == Part::Whole
    {
        let of = |label: &str, class: &str, count: fn(&Count) -> u64| Band {
            label: label.to_owned(),
            class: class.to_owned(),
            counts: whole.counts.iter().map(count).collect(),
            sum: whole.sum(),
        };
        return vec![
            of("admitted", "c0", |count| count.admitted),
            of("refused", "refused", |count| count.refused),
        ];
    }
    let mut bands: Vec<Band> = Vec::new();
    for (place, series) in history.series.iter().enumerate() {
        let counts: Vec<u64> = series.counts.iter().map(Count::total).collect();
        match bands.last_mut() {
            Some(rest) if place > COLOURS => {
                rest.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                rest.sum.add(series.sum());
            }
            Some(_) | None => bands.push(Band {
                label: if place == COLOURS && history.series.len() > COLOURS + 1 {
                    "other".to_owned()
                } else {
                    label(&series.part, names)
                },
                class: class(place),
                counts,
                sum: series.sum(),
            }),
        }
    }
    bands
}

fn class(place: usize) -> String {
    format!("c{}", place.min(COLOURS))
}

fn label(part: &Part, names: &Names) -> String {
    let words = Label::of(part, names).words();
    let mut shown: String = words.chars().take(LABEL_CHARS).collect();
    if words.chars().nth(LABEL_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// For each band, what lies below it in each step.
fn stacked(bands: &[Band]) -> Vec<Vec<u64>> {
    let mut below = vec![0; bands.first().map_or(0, |band| band.counts.len())];
    let mut all = Vec::with_capacity(bands.len());
    for band in bands {
        all.push(below.clone());
        below.iter_mut().zip(&band.counts).for_each(|(sum, count)| *sum += count);
    }
    all
}

fn tallest(bands: &[Band]) -> u64 {
    let steps = bands.first().map_or(0, |band| band.counts.len());
    let height = |step: usize| bands.iter().map(|band| band.counts[step]).sum::<u64>();
    (0..steps).map(height).max().unwrap_or(0)
}

/// The next of 4, 8, 12, 16, 20, 40, 80, … so that quarters are whole numbers.
fn nice_top(tallest: u64) -> u64 {
    let mut scale = 1_u64;
    loop {
        for step in [4, 8, 12, 16, 20] {
            let top = scale.saturating_mul(step);
            if top >= tallest {
                return top;
            }
        }
        scale = scale.saturating_mul(10);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser than any number of calls is exact")]
fn y(calls: u64, top: u64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * (calls as f64) / (top as f64)
}

fn x(place: usize, of: usize) -> f64 {
    let number = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    LEFT + (RIGHT - LEFT) * number(place) / number(of.max(1))
}

fn grid(svg: &mut Svg, top: u64) {
    for quarter in 0..=4 {
        let calls = top / 4 * quarter;
        let y = y(calls, top);
        let class = if quarter == 0 { "axis" } else { "grid" };
        svg.line(format_args!("<path class=\"{class}\" stroke=\"#8c959f\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>"));
        svg.line(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"faint num\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 4.5,
            short(calls)
        ));
    }
}

/// One path for all bars of a band.
fn bars(svg: &mut Svg, band: &Band, below: &[u64], top: u64) {
    let steps = band.counts.len();
    let gap = if steps > 100 { 0.3 } else { 3.0 };
    let places = band.counts.iter().zip(below).enumerate().filter(|(_, (count, _))| **count > 0);
    let bar = |(step, (count, below)): (usize, (&u64, &u64))| {
        let (left, right) = (x(step, steps) + gap / 2.0, x(step + 1, steps) - gap / 2.0);
        let (low, high) = (y(*below, top), y(below + count, top));
        format!("M{left:.1} {low:.2}V{high:.2}H{right:.1}V{low:.2}Z")
    };
    let path = places.map(bar).collect::<Vec<_>>().concat();
    if !path.is_empty() {
        let (class, title) = (&band.class, escape(&band.label));
        let total = grouped(band.counts.iter().sum());
        svg.line(format_args!("<path class=\"{class}\" d=\"{path}\"><title>{title}: {total}</title></path>"));
    }
}

fn time_axis(svg: &mut Svg, history: &History) {
    let steps = history.steps.len();
    for (place, at) in history.steps.iter().enumerate() {
        let at_instant = instant(*at);
        let (is_marked, format) = match history.span {
            Span::Step => (at % 10_800_000 == 0, "%H:%M"),
            Span::Day => (place % 5 == 4, "%b %-d"),
            // The year where it begins.
            Span::Month => (true, if place == 0 || Calendar::of(*at).month == 0 { "%b %Y" } else { "%b" }),
        };
        if !is_marked {
            continue;
        }
        let centre = match history.span {
            Span::Step => x(place, steps),
            Span::Day | Span::Month => f64::midpoint(x(place, steps), x(place + 1, steps)),
        };
        svg.line(format_args!(
            "<path class=\"axis\" stroke=\"#8c959f\" d=\"M{centre:.1} {BOTTOM}v5\"/>\
             <text x=\"{centre:.1}\" y=\"{:.1}\" class=\"faint\" text-anchor=\"middle\">{}</text>",
            BOTTOM + 20.0,
            at_instant.format(format)
        ));
    }
}

/// The numbers behind the bars, and which colour is which.
fn table(svg: &mut Svg, history: &History, names: &Names) {
    let columns = [(560.0, "admitted"), (680.0, "refused"), (RIGHT, "neither")];
    let head = TABLE_TOP - 12.0;
    for (x, name) in columns {
        svg.line(format_args!(
            "<text x=\"{x:.1}\" y=\"{head:.1}\" class=\"head num\" text-anchor=\"end\">{name}</text>"
        ));
    }
    let is_whole = history.series.iter().any(|series| series.part == Part::Whole);
    if is_whole {
        swatch(svg, "c0", 487.0, head);
        swatch(svg, "refused", 615.0, head);
    }
    for (place, series) in history.series.iter().enumerate() {
        let y = TABLE_TOP + ROW * f64::from(u32::try_from(place).unwrap_or(u32::MAX)) + 6.0;
        if !is_whole {
            swatch(svg, &class(place), 20.0, y);
        }
        svg.text(if is_whole { 20.0 } else { 40.0 }, y, "", &label(&series.part, names));
        for ((x, _), number) in columns.into_iter().zip(numbers(series)) {
            svg.line(format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"num\" text-anchor=\"end\">{}</text>",
                grouped(number)
            ));
        }
    }
    if history.series.is_empty() {
        svg.text(20.0, TABLE_TOP + 6.0, "faint", "No calls.");
    }
}

/// Calls admitted, refused, and neither. Those that an observed limit would have refused were admitted, and count
/// among the admitted of every other part.
fn numbers(series: &Series) -> [u64; 3] {
    let sum = series.sum();
    match series.part {
        Part::Outcome(Outcome::ShadowRefused) => [sum.shadow_refused, 0, 0],
        _ => [sum.admitted, sum.refused, sum.aside],
    }
}

/// A square in a band's colour before a text at this height.
fn swatch(svg: &mut Svg, class: &str, x: f64, y: f64) {
    let top = y - 11.0;
    svg.line(format_args!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"12\" height=\"12\" rx=\"2\"/>"
    ));
}

fn subtitle(history: &History) -> String {
    let step = match history.span {
        Span::Step => "5 minutes",
        Span::Day => "day",
        Span::Month => "month",
    };
    let until = history.steps.last().map(|at| instant(*at).format("%Y-%m-%d %H:%M").to_string());
    format!("calls per {step}; the last bar begins at {} UTC and is running", until.unwrap_or_default())
}

/// Everything the picture shows, for those who don't see it.
fn description(history: &History, names: &Names) -> String {
    let mut sum = Count::default();
    history.series.iter().for_each(|series| sum.add(series.sum()));
    let mut sentences = vec![
        format!("{}.", subtitle(history)),
        format!(
            "In all {} calls admitted, {} refused, {} neither.",
            grouped(sum.admitted),
            grouped(sum.refused),
            grouped(sum.aside)
        ),
    ];
    if sum.shadow_refused > 0 {
        let calls = grouped(sum.shadow_refused);
        sentences.push(format!("A limit that is only observed would have refused {calls} of the admitted."));
    }
    let busiest = (0..history.steps.len())
        .map(|step| (history.series.iter().map(|series| series.counts[step].total()).sum::<u64>(), step))
        .max_by_key(|(calls, step)| (*calls, std::cmp::Reverse(*step)));
    if let Some((calls, step)) = busiest.filter(|(calls, _)| *calls > 0) {
        let at = instant(history.steps[step]).format("%Y-%m-%d %H:%M UTC");
        sentences.push(format!("Most in the step that began at {at}: {}.", grouped(calls)));
    }
    for series in history.series.iter().filter(|series| series.part != Part::Whole) {
        let ([admitted, refused, _], name) = (numbers(series).map(grouped), label(&series.part, names));
        sentences.push(format!("{name}: {admitted} admitted, {refused} refused."));
    }
    sentences.push("All numbers as a table: the same address with format=csv.".to_owned());
    sentences.join(" ")
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As short as an axis needs it; quarters of the scale have no more digits than this shows.
fn short(number: u64) -> String {
    match number {
        1_000_000.. if number.is_multiple_of(100_000) => decimal(number / 100_000, "M"),
        10_000.. if number.is_multiple_of(100) => decimal(number / 100, "k"),
        _ => grouped(number),
    }
}

/// Tenths with a unit.
fn decimal(tenths: u64, unit: &str) -> String {
    let whole = grouped(tenths / 10);
    if tenths.is_multiple_of(10) {
        format!("{whole}{unit}")
    } else {
        format!("{whole}.{}{unit}", tenths % 10)
    }
}

/// Text of XML; control characters, which XML has no place for, are blanks.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
