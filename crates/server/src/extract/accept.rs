//! Which media type an answer is to have.

use actix_web::http::header::{self, HeaderMap};

/// Ranges of one request that are looked at.
const RANGES_MAX: usize = 64;

/// The place, among the types offered, of the one that a client prefers; the first of those it likes as much.
/// None when it takes none of them.
pub(crate) fn preferred(headers: &HeaderMap, offered: &[&str]) -> Option<usize> {
    let named: Vec<&str> = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    if named.is_empty() && !headers.contains_key(header::ACCEPT) {
        return Some(0);
    }
    let ranges: Vec<Range<'_>> =
        named.iter().flat_map(|value| value.split(',')).take(RANGES_MAX).map(Range::parse).collect();
    let liked = offered.iter().enumerate().filter_map(|(place, media)| {
        let fitting = ranges.iter().filter_map(|range| Some((range.fits(media)?, range.per_mille)));
        let (_, per_mille) = fitting.max()?;
        (per_mille > 0).then_some((per_mille, place))
    });
    liked.max_by_key(|(per_mille, place)| (*per_mille, std::cmp::Reverse(*place))).map(|(_, place)| place)
}

struct Range<'a> {
    media: &'a str,
    per_mille: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Self { media, per_mille: weight.map_or(1_000, per_mille) }
    }

    /// How exactly the range names a type, if it does.
    fn fits(&self, media: &str) -> Option<u8> {
        let kind = media.split_once('/').map_or(media, |(kind, _)| kind);
        let any_of_kind = self.media.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(kind));
        match self.media {
            range if range.eq_ignore_ascii_case(media) => Some(2),
            _ if any_of_kind => Some(1),
            "*/*" => Some(0),
            _ => None,
        }
    }
}

/// A weight from 0 to 1 with up to three digits; what is none counts as 1.
fn per_mille(text: &str) -> u32 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if whole == "0" && rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{rest:0<3}").parse().unwrap_or(1_000);
    }
    1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn choice(accept: &[&str]) -> Option<usize> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_str(value).expect("a header"));
        }
        preferred(&headers, &["application/json", "text/csv", "image/svg+xml"])
    }

    #[test]
    fn the_type_a_client_likes_best_is_chosen_and_json_where_it_does_not_care() {
        for (accept, chosen) in [
            (&[][..], Some(0)),
            (&["*/*"], Some(0)),
            (&["text/csv"], Some(1)),
            (&["TEXT/CSV; charset=utf-8"], Some(1)),
            (&["image/*"], Some(2)),
            (&["text/html", "image/svg+xml;q=0.5"], Some(2)),
            (&["text/csv;q=0.8, application/json;q=0.9"], Some(0)),
            (&["*/*, application/json;q=0"], Some(1)),
            (&["*/*;q=0.001"], Some(0)),
            (&["text/html"], None),
            (&[""], None),
            (&["*/*;q=0"], None),
            (&["application/json;q=0.000"], None),
        ] {
            assert_eq!(choice(accept), chosen, "{accept:?}");
        }
    }
}
