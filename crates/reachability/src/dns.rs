//! Questions to a resolver, counted. Aliases are followed here and not by the resolver's library, because there a
//! circle of aliases looks like a name without records, and what it asks on its own is in nobody's count.

pub(crate) mod answer;

use crate::limits::Limits;
use answer::Trail;
use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts},
    net::{
        DnsError, NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle as _, FirstAnswer as _},
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RData, RecordType},
    },
    system_conf,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The system's configuration cannot be read.
    #[error("cannot read which resolver the system uses")]
    System(#[source] NetError),
    /// The system names no resolver.
    #[error("the system names no resolver")]
    NoServer,
    /// The library refused its own options.
    #[error("the resolver's client cannot be set up")]
    Client(#[source] NetError),
}

/// A client of a recursive resolver that we run or trust. It validates DNSSEC, if anybody does: an answer that fails
/// there is SERVFAIL here, and we never ask with checking disabled.
#[derive(Clone)]
pub struct Resolver {
    pool: NameServerPool<TokioRuntimeProvider>,
}

impl Resolver {
    /// Asks one resolver, over UDP, and over TCP where an answer is cut.
    pub fn at(server: SocketAddr, limits: &Limits) -> Result<Self, ResolverError> {
        let on_port = |mut connection: ConnectionConfig| {
            connection.port = server.port();
            connection
        };
        let ways = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
        Self::of(vec![NameServerConfig::new(server.ip(), true, ways)], limits)
    }

    /// Asks the resolvers of the system's configuration (`/etc/resolv.conf`). Its search list and the file of hosts
    /// play no part.
    pub fn of_the_system(limits: &Limits) -> Result<Self, ResolverError> {
        let (config, _) = system_conf::read_system_conf().map_err(ResolverError::System)?;
        let (_, _, servers) = config.into_parts();
        if servers.is_empty() { Err(ResolverError::NoServer) } else { Self::of(servers, limits) }
    }

    fn of(servers: Vec<NameServerConfig>, limits: &Limits) -> Result<Self, ResolverError> {
        let mut options = ResolverOpts::default();
        options.timeout = limits.dns_query;
        let tls = TlsConfig::new().map_err(ResolverError::Client)?;
        let context = Arc::new(PoolContext::new(options, tls));
        Ok(Self { pool: NameServerPool::from_config(servers, context, TokioRuntimeProvider::default()) })
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// SERVFAIL and its like.
    Failed,
    Timeout,
    Refused,
    Malformed,
    /// Aliases in a circle, or too many.
    Loop,
    /// The check has used up its questions, bytes or time.
    TooMuch,
}

/// What a name has of a type.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// At least one record.
    Records { records: Vec<RData>, aliased: bool },
    /// The name exists, with other types.
    NoData,
    /// The name does not exist; its negative answer may be believed for so long.
    NoName { believed_for: Option<Duration> },
}

/// The questions of one check.
pub(crate) struct Questions<'a> {
    resolver: &'a Resolver,
    limits: &'a Limits,
    until: Instant,
    asked: u32,
    bytes: usize,
}

impl<'a> Questions<'a> {
    pub(crate) fn new(resolver: &'a Resolver, limits: &'a Limits) -> Self {
        Self { resolver, limits, until: Instant::now() + limits.dns, asked: 0, bytes: 0 }
    }

    /// Questions asked so far.
    pub(crate) fn asked(&self) -> u32 {
        self.asked
    }

    /// What `name` has of a type, through its aliases.
    pub(crate) async fn ask(&mut self, name: &Name, kind: RecordType) -> Result<Answer, Trouble> {
        let mut trail = Trail::new(name);
        loop {
            let response = self.ask_once(trail.at(), kind).await?;
            let (code, records) = match response {
                Asked::Answered(response) => {
                    (response.response_code, answer::records(response.into_message()))
                }
                Asked::Empty { code, believed_for } => {
                    return Ok(match code {
                        ResponseCode::NXDomain => Answer::NoName { believed_for },
                        _ => Answer::NoData,
                    });
                }
            };
            let before = trail.followed();
            let found = trail.read(records, kind, self.limits.aliases).map_err(|_| Trouble::Loop)?;
            if !found.is_empty() {
                return Ok(Answer::Records { records: found, aliased: trail.followed() > 0 });
            }
            if code == ResponseCode::NXDomain {
                return Ok(Answer::NoName { believed_for: None });
            }
            if trail.followed() == before {
                return Ok(Answer::NoData);
            }
        }
    }

    async fn ask_once(&mut self, name: &Name, kind: RecordType) -> Result<Asked, Trouble> {
        if self.asked >= self.limits.dns_queries || self.bytes >= self.limits.dns_bytes {
            return Err(Trouble::TooMuch);
        }
        if Instant::now() >= self.until {
            return Err(Trouble::Timeout);
        }
        self.asked += 1;
        let question = Query::query(name.clone(), kind);
        let lookup = self.resolver.pool.lookup(question.clone(), DnsRequestOptions::default());
        let until = self.until.min(Instant::now() + self.limits.dns_query);
        match timeout_at(until, lookup.first_answer()).await {
            // The library compares questions over UDP only; an answer to another one is nobody's word (RFC 5452, 9.1).
            Ok(Ok(response)) if !response.queries.iter().any(|about| is_same(about, &question)) => {
                Err(Trouble::Malformed)
            }
            Ok(Ok(response)) => {
                self.bytes = self.bytes.saturating_add(response.as_buffer().len());
                Ok(Asked::Answered(Box::new(response)))
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) if !is_same(&none.query, &question) => {
                Err(Trouble::Malformed)
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => Ok(Asked::Empty {
                code: none.response_code,
                believed_for: none.negative_ttl.map(|seconds| Duration::from_secs(seconds.into())),
            }),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(_) => Err(Trouble::Timeout),
        }
    }
}

enum Asked {
    Answered(Box<DnsResponse>),
    Empty { code: ResponseCode, believed_for: Option<Duration> },
}

/// Whether two questions are one; names are compared without regard to case, as the DNS does.
fn is_same(one: &Query, other: &Query) -> bool {
    one.name() == other.name() && one.query_type() == other.query_type()
}

fn trouble(error: &NetError) -> Trouble {
    match error {
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => Trouble::Refused,
        NetError::Dns(DnsError::ResponseCode(ResponseCode::FormErr)) | NetError::Proto(_) => {
            Trouble::Malformed
        }
        NetError::Dns(_) => Trouble::Failed,
        NetError::Truncated | NetError::ForeignClassRecord { .. } => Trouble::Malformed,
        // A connection that breaks or is refused is a resolver that is not there, as one that is silent.
        _ => Trouble::Timeout,
    }
}
