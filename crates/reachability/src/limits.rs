//! How much one check may take. Every loop, buffer and wait of this crate ends at one of these.

use std::time::Duration;

/// Limits of a check. The defaults are what production runs with; tests hurry them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for all DNS questions of a check.
    pub dns: Duration,
    /// Time for one DNS question, its repetitions and TCP included.
    pub dns_query: Duration,
    /// Questions a check may ask.
    pub dns_queries: u32,
    /// Bytes of answers a check may read.
    pub dns_bytes: usize,
    /// Aliases followed from one name (CNAME, RFC 1034, 3.6.2).
    pub aliases: u32,
    /// Mail hosts looked at, the most preferred first.
    pub hosts: usize,
    /// Addresses dialled in a check.
    pub addresses: usize,
    /// Addresses dialled for one mail host, so that a host with many leaves room for the next.
    pub addresses_per_host: usize,
    /// Time to connect.
    pub connect: Duration,
    /// Time for one whole reply. RFC 5321 (4.5.3.2) lets servers take minutes; running out gives "later", never "no".
    pub reply: Duration,
    /// Time of one conversation, TLS and farewell included.
    pub session: Duration,
    /// Time for the farewell, when the verdict stands already.
    pub farewell: Duration,
    /// Time for all conversations of a check.
    pub conversations: Duration,
    /// Lines of one reply.
    pub reply_lines: usize,
    /// Bytes of one line, its end included; RFC 5321 (4.5.3.1.5) has 512.
    pub line_bytes: usize,
    /// Bytes a server may say in one conversation.
    pub session_bytes: usize,
    /// Checks that run at a time, each with at most one connection to a mail host.
    pub checks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(10),
            dns_query: Duration::from_secs(3),
            dns_queries: 25,
            dns_bytes: 1 << 20,
            aliases: 8,
            hosts: 10,
            addresses: 4,
            addresses_per_host: 2,
            connect: Duration::from_secs(10),
            reply: Duration::from_secs(30),
            session: Duration::from_secs(90),
            farewell: Duration::from_secs(5),
            conversations: Duration::from_mins(3),
            reply_lines: 100,
            line_bytes: 2_048,
            session_bytes: 64 * 1_024,
            checks: 32,
        }
    }
}

impl Limits {
    /// The same with every time divided: for peers that are slow on purpose, in tests that are not.
    #[must_use]
    pub fn hurried(self, by: u32) -> Self {
        Self {
            dns: self.dns / by,
            dns_query: self.dns_query / by,
            connect: self.connect / by,
            reply: self.reply / by,
            session: self.session / by,
            farewell: self.farewell / by,
            conversations: self.conversations / by,
            ..self
        }
    }
}
