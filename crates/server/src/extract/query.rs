//! Query parameters.

use crate::problem::{Problem, kinds};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Query};
use data_encoding::BASE64URL_NOPAD;
use domain::fields::FieldError;
use readmodel::{PAGE_MAX, Page};
use serde::Deserialize;
use std::future::{Ready, ready};
use utoipa::IntoParams;

/// Items of a page when nothing else is asked for.
const PAGE_DEFAULT: u32 = 50;
/// First byte of a cursor; another one means another meaning of what follows.
const CURSOR_VERSION: u8 = 1;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(min_length = 12, max_length = 12, pattern = "^[A-Za-z0-9_-]{12}$")]
    cursor: Option<String>,
}

impl Paging {
    /// From the parameters of a query that has others too.
    pub fn new(limit: Option<u32>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// As the read model takes it; all mistakes at once.
    pub fn page(&self) -> Result<Page, Problem> {
        let mut errors = Vec::new();
        let limit = self.limit.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&limit) {
            errors.push(FieldError::new("?limit", "query.limit", "limit is a whole number from 1 to 100"));
        }
        let after = self.cursor.as_deref().map_or(Some(0), read_cursor);
        if after.is_none() {
            errors.push(FieldError::new(
                "?cursor",
                "query.cursor",
                "cursor is the `next` of a page of this list",
            ));
        }
        match after {
            Some(after) if errors.is_empty() => Ok(Page { after, limit }),
            _ => Err(Problem::new(&kinds::BAD_QUERY).fields(errors)),
        }
    }
}

/// The cursor that goes on after a key.
pub(crate) fn cursor(key: u64) -> String {
    let mut bytes = [CURSOR_VERSION; 9];
    bytes[1..].copy_from_slice(&key.to_be_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

fn read_cursor(text: &str) -> Option<u64> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (version, key) = bytes.split_first()?;
    let key = key.try_into().ok().map(u64::from_be_bytes)?;
    (*version == CURSOR_VERSION).then_some(key)
}

/// No query at all; anything in it is refused.
#[derive(Debug)]
pub struct NoQuery;

impl FromRequest for NoQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let empty = request.query_string().is_empty();
        ready(if empty {
            Ok(Self)
        } else {
            Err(Problem::new(&kinds::BAD_QUERY).detail("this path takes no query"))
        })
    }
}

/// What a misfit of a query becomes. Serde's words may quote what was sent, so ours say less.
pub(crate) fn refuse(_: &actix_web::error::QueryPayloadError) -> Problem {
    Problem::new(&kinds::BAD_QUERY).detail("a query parameter is unknown, malformed or given twice")
}

/// Shorthand for handlers.
pub type PageQuery = Query<Paging>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_refused() {
        let paging = |cursor: &str| Paging { limit: Some(3), cursor: Some(cursor.to_owned()) };
        assert_eq!(paging(&cursor(77)).page().expect("valid"), Page { after: 77, limit: 3 });
        for text in ["", "77", "AAAAAAAAAAAA", "!!!!!!!!!!!!"] {
            assert_eq!(paging(text).page().expect_err(text).kind, &kinds::BAD_QUERY);
        }
    }

    #[test]
    fn limits_outside_1_to_100_are_refused() {
        for limit in [0, 101] {
            assert!(Paging { limit: Some(limit), cursor: None }.page().is_err());
        }
        assert_eq!(Paging::default().page().expect("valid").limit, PAGE_DEFAULT);
    }
}
