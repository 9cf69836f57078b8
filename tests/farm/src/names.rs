//! The resolver of the farm: zones, and every way not to answer. It chases no aliases of its own, unless told to.

use crate::journal::Journal;
use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, MX, NS, SOA, TXT},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    future::pending,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
    time::timeout,
};

/// One line of a zone.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    /// None: every type.
    kind: Option<RecordType>,
    does: Does,
}

#[derive(Debug, Clone)]
enum Does {
    Have(RData),
    /// Answers with this code.
    Fail(ResponseCode),
    /// Does not answer.
    Silent,
    /// Answers with bytes that are no message.
    Garbage,
    /// Answers with another id.
    WrongId,
    /// Answers another question.
    WrongQuestion,
    /// Cuts the answer over UDP; over TCP it is whole.
    CutUdp,
    /// Cuts the answer over UDP, and is silent over TCP.
    CutBoth,
    /// Cuts the answer over UDP, and says a byte in a while over TCP.
    CutDrip,
    /// Cuts the answer over UDP, and closes in the middle of it over TCP.
    CutHalf,
    /// Cuts the answer over UDP, and answers another question over TCP.
    CutWrong,
    /// Answers nothing, and puts an address beside it.
    Beside(Ipv4Addr),
    /// Answers with an alias and what is behind it, at once.
    Chased,
    /// Has so many records.
    Many(u16),
    /// Gives these addresses in turn, one for each question.
    Turns(Vec<Ipv4Addr>),
}

impl Rule {
    /// Reads `NAME TYPE DATA` or `NAME TYPE ! BEHAVIOUR`; the type `*` is every one.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let name = words.next()?.trim_end_matches('.').to_ascii_lowercase();
        let kind = match words.next()? {
            "*" => None,
            kind => Some(kind.parse().ok()?),
        };
        let data: Vec<&str> = words.collect();
        let does = match data.as_slice() {
            ["!", behaviour @ ..] => behaviour_of(behaviour)?,
            data => Does::Have(record(kind?, data)?),
        };
        Some(Self { name, kind, does })
    }

    /// Every address the rule gives away.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match &self.does {
            Does::Have(RData::A(a)) => vec![IpAddr::V4(a.0)],
            Does::Have(RData::AAAA(aaaa)) => vec![IpAddr::V6(aaaa.0)],
            Does::Beside(address) => vec![IpAddr::V4(*address)],
            Does::Turns(addresses) => addresses.iter().copied().map(IpAddr::V4).collect(),
            _ => Vec::new(),
        }
    }

    /// The name of the host that has an address by this rule.
    pub(crate) fn host_at(&self, address: IpAddr) -> Option<&str> {
        self.addresses().contains(&address).then_some(&self.name)
    }
}

fn behaviour_of(words: &[&str]) -> Option<Does> {
    Some(match words {
        ["servfail"] => Does::Fail(ResponseCode::ServFail),
        ["refused"] => Does::Fail(ResponseCode::Refused),
        ["formerr"] => Does::Fail(ResponseCode::FormErr),
        ["notimp"] => Does::Fail(ResponseCode::NotImp),
        ["nxdomain"] => Does::Fail(ResponseCode::NXDomain),
        ["nodata"] => Does::Fail(ResponseCode::NoError),
        ["silent"] => Does::Silent,
        ["garbage"] => Does::Garbage,
        ["wrong-id"] => Does::WrongId,
        ["wrong-question"] => Does::WrongQuestion,
        ["cut"] => Does::CutUdp,
        ["cut-both"] => Does::CutBoth,
        ["cut-drip"] => Does::CutDrip,
        ["cut-wrong"] => Does::CutWrong,
        ["cut-half"] => Does::CutHalf,
        ["beside", address] => Does::Beside(address.parse().ok()?),
        ["chased"] => Does::Chased,
        ["many", number] => Does::Many(number.parse().ok()?),
        ["turns", addresses @ ..] => {
            Does::Turns(addresses.iter().map(|address| address.parse().ok()).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn record(kind: RecordType, data: &[&str]) -> Option<RData> {
    let name = |text: &str| {
        let mut name = Name::from_ascii(text).ok()?;
        name.set_fqdn(true);
        Some(name)
    };
    Some(match (kind, data) {
        (RecordType::A, [address]) => RData::A(A(address.parse().ok()?)),
        (RecordType::AAAA, [address]) => RData::AAAA(AAAA(address.parse().ok()?)),
        (RecordType::MX, [preference, host]) => RData::MX(MX::new(preference.parse().ok()?, name(host)?)),
        (RecordType::NS, [server]) => RData::NS(NS(name(server)?)),
        (RecordType::CNAME, [target]) => RData::CNAME(CNAME(name(target)?)),
        (RecordType::TXT, words) => RData::TXT(TXT::new(vec![words.join(" ")])),
        _ => return None,
    })
}

/// What the name servers know.
pub(crate) struct Zones {
    rules: HashMap<String, Vec<Rule>>,
    /// Questions so far, for rules that take turns.
    turns: Mutex<BTreeMap<String, usize>>,
    journal: Arc<Journal>,
}

/// What goes back.
enum Reply {
    Message(Box<Message>),
    Bytes(Vec<u8>),
    /// Over TCP, these as the beginning of a message of 64 KiB, with so much time before each; then the end.
    Piecemeal(Duration, Vec<u8>),
    Nothing,
}

/// How a question came.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Udp,
    Tcp,
}

/// Longest answer over UDP (RFC 9715).
const UDP_BYTES_MAX: usize = 1_232;

impl Zones {
    pub(crate) fn new(all: impl Iterator<Item = Rule>, journal: Arc<Journal>) -> Self {
        let mut rules: HashMap<String, Vec<Rule>> = HashMap::new();
        for rule in all {
            rules.entry(rule.name.clone()).or_default().push(rule);
        }
        Self { rules, turns: Mutex::default(), journal }
    }

    fn reply(&self, request: &[u8], way: Way) -> Reply {
        self.journal.hear(request.get(2..).unwrap_or_default());
        let Ok(request) = Message::from_vec(request) else { return Reply::Nothing };
        let Some(query) = request.queries.first().cloned() else { return Reply::Nothing };
        let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let kind = query.query_type();
        self.journal.asked(&name, &kind.to_string());
        let mut message = Message::response(request.id, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.recursion_available = true;
        message.add_query(query.clone());
        let Some(rules) = self.rules.get(&name) else {
            message.metadata.response_code = ResponseCode::NXDomain;
            say_how_long(&mut message);
            return Reply::Message(Box::new(message));
        };
        let fitting = |rule: &&Rule| rule.kind.is_none_or(|of| of == kind || of == RecordType::CNAME);
        for rule in rules.iter().filter(fitting) {
            match &rule.does {
                Does::Have(data) => {
                    message.add_answer(Record::from_rdata(query.name().clone(), 300, data.clone()));
                }
                Does::Fail(code) => {
                    message.metadata.response_code = *code;
                    say_how_long(&mut message);
                }
                Does::Silent => return Reply::Nothing,
                Does::Garbage => {
                    // The id fits, and then a name that points to itself.
                    let mut bytes = request.id.to_be_bytes().to_vec();
                    bytes.extend([0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0, 0x0c, 0xc0, 0x0c, 0xff, 0xff]);
                    return Reply::Bytes(bytes);
                }
                Does::WrongId => message.metadata.id = request.id.wrapping_add(1),
                Does::WrongQuestion => change_question(&mut message),
                Does::CutWrong if way == Way::Tcp => change_question(&mut message),
                Does::CutUdp if way == Way::Tcp => {}
                Does::CutBoth if way == Way::Tcp => return Reply::Nothing,
                Does::CutDrip if way == Way::Tcp => {
                    return Reply::Piecemeal(Duration::from_millis(50), vec![0; 1_000]);
                }
                Does::CutHalf if way == Way::Tcp => return Reply::Piecemeal(Duration::ZERO, vec![0; 10]),
                Does::CutUdp | Does::CutBoth | Does::CutDrip | Does::CutHalf | Does::CutWrong => {
                    message.metadata.truncation = true;
                    message.answers.clear();
                    break;
                }
                Does::Beside(address) => {
                    message.add_additional(Record::from_rdata(
                        query.name().clone(),
                        300,
                        RData::A(A(*address)),
                    ));
                }
                Does::Chased => self.chase(&mut message, kind),
                Does::Many(number) => message.insert_answers(many(query.name(), kind, *number)),
                Does::Turns(addresses) => {
                    let mut turns = self.turns.lock().expect("no panic under it");
                    let turn = turns.entry(name.clone()).or_default();
                    let data = RData::A(A(addresses[*turn % addresses.len()]));
                    *turn += 1;
                    message.add_answer(Record::from_rdata(query.name().clone(), 0, data));
                }
            }
        }
        if message.answers.is_empty() {
            say_how_long(&mut message);
        }
        Reply::Message(Box::new(message))
    }

    /// Adds what is behind the aliases of an answer, as resolvers do.
    fn chase(&self, message: &mut Message, kind: RecordType) {
        for _ in 0..20 {
            let Some(RData::CNAME(target)) = message.answers.last().map(|record| &record.data) else {
                return;
            };
            let target = target.0.clone();
            let name = target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
            for rule in self.rules.get(&name).into_iter().flatten() {
                if let (Some(of), Does::Have(data)) = (rule.kind, &rule.does)
                    && (of == kind || of == RecordType::CNAME)
                {
                    message.add_answer(Record::from_rdata(target.clone(), 300, data.clone()));
                }
            }
        }
    }

    /// Answers over UDP and TCP, for ever.
    pub(crate) async fn serve(self: Arc<Self>, udp: UdpSocket, tcp: TcpListener) -> io::Result<()> {
        let mut connections = JoinSet::new();
        let mut datagram = vec![0; 4_096];
        loop {
            tokio::select! {
                received = udp.recv_from(&mut datagram) => {
                    let (length, from) = received?;
                    self.answer(&udp, &datagram[..length], from).await?;
                }
                accepted = tcp.accept() => {
                    let zones = self.clone();
                    connections.spawn(async move { zones.converse(accepted?.0).await });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn answer(&self, udp: &UdpSocket, request: &[u8], from: SocketAddr) -> io::Result<()> {
        let bytes = match self.reply(request, Way::Udp) {
            Reply::Nothing | Reply::Piecemeal(..) => return Ok(()),
            Reply::Bytes(bytes) => bytes,
            Reply::Message(message) => match message.to_vec() {
                Ok(bytes) if bytes.len() <= UDP_BYTES_MAX => bytes,
                _ => message.truncate().to_vec().map_err(io::Error::other)?,
            },
        };
        udp.send_to(&bytes, from).await.map(drop)
    }

    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let length = stream.read_u16().await?;
            let mut request = vec![0; usize::from(length)];
            stream.read_exact(&mut request).await?;
            let bytes = match self.reply(&request, Way::Tcp) {
                // Other questions wait on the same connection, so silence is all that one may cause.
                Reply::Nothing => continue,
                Reply::Piecemeal(wait, bytes) => {
                    stream.write_u16(u16::MAX).await?;
                    for byte in bytes {
                        timeout(wait, pending::<()>()).await.ok();
                        stream.write_u8(byte).await?;
                    }
                    return Ok(());
                }
                Reply::Bytes(bytes) => bytes,
                Reply::Message(message) => message.to_vec().map_err(io::Error::other)?,
            };
            stream.write_u16(u16::try_from(bytes.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&bytes).await?;
        }
    }
}

fn change_question(message: &mut Message) {
    message.queries[0].set_name(Name::from_ascii("other.org.").expect("a name"));
}

/// How long a negative answer may be believed (RFC 2308): ten minutes here.
fn say_how_long(message: &mut Message) {
    let zone = Name::from_ascii("org.").expect("a name");
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 3_600, 600, 86_400, 600);
    message.authorities.clear();
    message.add_authority(Record::from_rdata(zone, 600, RData::SOA(soa)));
}

/// Hosts `h0`, `h1`, … below the name, or addresses that are nobody's.
fn many(name: &Name, kind: RecordType, number: u16) -> Vec<Record> {
    let data = |at: u16| {
        let [high, low] = at.to_be_bytes();
        match kind {
            RecordType::MX => {
                let host = name.prepend_label(format!("h{at}").as_str()).expect("a name");
                RData::MX(MX::new(at, host))
            }
            _ => RData::A(A(Ipv4Addr::new(44, 255, high, low))),
        }
    };
    (0..number).map(|at| Record::from_rdata(name.clone(), 0, data(at))).collect()
}
