//! Position tokens and entity tags: both begin with the tag of the log they belong to.

use crate::problem::{Problem, kinds};
use eventlog::{Position, StreamVersion};

/// `<tag>.<position>` of this log.
pub(crate) fn position(text: &str, log_tag: &str) -> Result<Position, Problem> {
    numbered(text, log_tag, "Portal-Min-Position").map(Position)
}

/// `"<tag>.<version>"` of this log. Weak tags and lists of tags are refused.
pub(crate) fn version(text: &str, log_tag: &str) -> Result<StreamVersion, Problem> {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or_else(|| malformed("If-Match"))?;
    numbered(inner, log_tag, "If-Match").map(StreamVersion)
}

fn numbered(text: &str, log_tag: &str, header: &str) -> Result<u64, Problem> {
    let (tag, number) = text.split_once('.').ok_or_else(|| malformed(header))?;
    let is_tag = tag.len() == 8 && tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_tag && digits).ok_or_else(|| malformed(header))?;
    if tag == log_tag { Ok(number) } else { Err(Problem::new(&kinds::OTHER_LOG)) }
}

fn malformed(header: &str) -> Problem {
    Problem::new(&kinds::BAD_HEADER).detail(format!("{header} is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_this_log_are_read() {
        assert_eq!(position("0a1b2c3d.17", "0a1b2c3d").expect("valid"), Position(17));
        assert_eq!(version("\"0a1b2c3d.3\"", "0a1b2c3d").expect("valid"), StreamVersion(3));
    }

    #[test]
    fn tokens_of_another_log_are_a_conflict_not_a_mistake() {
        assert_eq!(position("ffffffff.17", "0a1b2c3d").expect_err("refused").kind, &kinds::OTHER_LOG);
    }

    #[test]
    fn anything_else_is_a_mistake() {
        for text in [
            "",
            "17",
            ".",
            "0a1b2c3d.",
            "0a1b2c3d.+1",
            "0a1b2c3d.-1",
            "0A1B2C3D.1",
            "0a1b2c3d.99999999999999999999",
            "0a1b.1",
        ] {
            assert_eq!(position(text, "0a1b2c3d").expect_err(text).kind, &kinds::BAD_HEADER, "{text}");
        }
        for text in ["*", "0a1b2c3d.1", "W/\"0a1b2c3d.1\"", "\"0a1b2c3d.1\", \"0a1b2c3d.2\"", "\""] {
            assert_eq!(version(text, "0a1b2c3d").expect_err(text).kind, &kinds::BAD_HEADER, "{text}");
        }
    }
}
