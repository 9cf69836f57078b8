//! Any bytes are replies or none, and a reply is within its bounds.

use crate::{limits::Limits, smtp::reply::Builder};

/// Whether the lines hold a reply. Panics where something is not as it should be.
pub(crate) fn holds(bytes: &[u8]) -> bool {
    let limits = Limits::default();
    let mut builder = Builder::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match builder.take(line, &limits) {
            Err(_) => return false,
            Ok(None) => {}
            Ok(Some(reply)) => {
                assert!((200..600).contains(&reply.code));
                assert!((1..=limits.reply_lines).contains(&reply.lines.len()));
                assert!(reply.enhanced.is_none_or(|(class, ..)| class == reply.code / 100));
                assert!(!reply.folded().contains('@'), "addresses are no words");
                return true;
            }
        }
    }
    false
}
