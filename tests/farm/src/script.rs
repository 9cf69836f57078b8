//! Situations as text. A line is a word and the rest; `#` begins a remark.
//!
//! ```text
//! = V36 the mailbox is unknown                 begins a situation: number in the list of situations, and what it is
//! to ada@{d}                                   what is asked; this is the default
//! dns {d} MX 10 mx.{d}                         records; without any, these two are the default
//! dns mx.{d} A {1}
//! dns {d} A ! servfail                         how the name server misbehaves instead
//! at 1                                         the lines below are the script of the host at {1}
//! rcpt 550 5.1.1 no such user                  what is said, or done, at a step
//! rcpt#2 250 ok                                … from the second conversation on
//! want UNREACHABLE NO_MAILBOX                  verdict, reason and flags; the next such line is for the next check
//! ```
//!
//! `{d}` is a domain of the situation's own, `{1}` to `{9}` are IPv4 addresses of its own, `{a}` to `{f}` IPv6 ones.
//! Further words: `closed N`, `silent N`, `absent ADDRESS` (nobody listens there; nobody answers; there
//! is no way to it), `untouched N` and `at-most N M` (a host that
//! must not be dialled, or not more than so often), `utf8` (the host offers SMTPUTF8), `says TEXT` (evidence that must be there),
//! `run-by MX … / NS …` (signals that must be found), `egress down` (the host known
//! to be there does not answer either), `elsewhere WHO` (the situation belongs to another layer).

use crate::{names::Rule, stage::Step};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

/// A host that takes connections and says nothing wrong, so that one can tell a dead network from dead hosts.
pub const CANARY: IpAddr = IpAddr::V4(Ipv4Addr::new(44, 8, 0, 1));

/// An address where no answer ever comes from.
pub const DEAD_CANARY: IpAddr = IpAddr::V4(Ipv4Addr::new(44, 8, 0, 2));

/// One situation: who is asked about, the world they live in, and what must come out.
#[derive(Debug, Clone, Default)]
pub struct Situation {
    /// As in the list of situations, such as `V36`.
    pub number: String,
    /// What it is.
    pub title: String,
    /// The address asked about.
    pub to: String,
    /// What the name servers do.
    pub rules: Vec<Rule>,
    /// What hosts do.
    pub hosts: BTreeMap<IpAddr, Host>,
    /// What successive checks must find.
    pub wants: Vec<Want>,
    /// Must stand in the evidence.
    pub says: Option<String>,
    /// Who must be found to run the domain: its mail hosts, a slash, its name servers.
    pub run_by: Option<String>,
    /// Whether the host that is known to be there answers.
    pub egress_works: bool,
    /// Who deals with it, if not the check.
    pub elsewhere: Option<String>,
}

/// What a check must find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Name of the verdict.
    pub verdict: String,
    /// Name of the reason.
    pub reason: String,
    /// Names of the flags, in order.
    pub flags: Vec<String>,
}

/// A host's part.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Whether it listens at all.
    pub presence: Presence,
    /// Conversations it may have at most in all checks together; 0 where dialling it is a mistake.
    pub at_most: Option<usize>,
    /// Whether it offers SMTPUTF8.
    pub utf8: bool,
    /// Steps by name and the conversation they begin to count in.
    pub steps: BTreeMap<(String, usize), Vec<Step>>,
}

/// Whether a host can be connected to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// It listens.
    #[default]
    Listening,
    /// Connections are refused.
    Closed,
    /// Connections are neither taken nor refused.
    Silent,
    /// There is no way to it.
    Absent,
}

/// Reads situations; `first` numbers their domains and addresses on from there. Panics where a text is wrong, with the
/// line, because a table that is half read is worse than none.
pub fn read(text: &str, first: usize) -> Vec<Situation> {
    let mut situations: Vec<Reader> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "=" {
            situations.push(Reader::begin(first + situations.len(), rest));
        } else {
            let reader = situations.last_mut().unwrap_or_else(|| panic!("line {}: before `=`", number + 1));
            reader.take(word, rest.trim()).unwrap_or_else(|| panic!("line {}: {line}", number + 1));
        }
    }
    situations.into_iter().map(Reader::end).collect()
}

struct Reader {
    index: usize,
    host: IpAddr,
    situation: Situation,
}

impl Reader {
    fn begin(index: usize, heading: &str) -> Self {
        let (number, title) = heading.split_once(' ').unwrap_or((heading, ""));
        let (number, title) = (number.to_owned(), title.to_owned());
        let situation = Situation { number, title, egress_works: true, ..Situation::default() };
        let mut reader = Self { index, host: IpAddr::from([0, 0, 0, 0]), situation };
        reader.situation.to = reader.filled("ada@{d}");
        reader.host = reader.address("1");
        reader
    }

    /// Addresses and names in place of their marks.
    fn filled(&self, text: &str) -> String {
        let mut filled = text.replace("{d}", &format!("s{:03}-post.org", self.index));
        for mark in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"] {
            filled = filled.replace(&format!("{{{mark}}}"), &self.address(mark).to_string());
        }
        filled
    }

    fn address(&self, mark: &str) -> IpAddr {
        match mark.parse::<u8>() {
            Ok(host) => {
                let [high, low] = u16::try_from(self.index).expect("few situations").to_be_bytes();
                IpAddr::from([44, 16 + high, low, host])
            }
            Err(_) => format!("2a0e:97c0:{:x}::{mark}", self.index).parse().expect("an address"),
        }
    }

    fn take(&mut self, word: &str, rest: &str) -> Option<()> {
        let rest = self.filled(rest);
        let of_mark = |mark: &str| self.address(mark);
        match word {
            "to" => self.situation.to = crate::stage::unescaped_text(&rest),
            "dns" => self.situation.rules.push(Rule::read(&rest)?),
            "at" => self.host = of_mark(&rest),
            "closed" => self.host_at(of_mark(&rest)).presence = Presence::Closed,
            "silent" => self.host_at(of_mark(&rest)).presence = Presence::Silent,
            "absent" => self.host_at(rest.parse().ok()?).presence = Presence::Absent,
            "untouched" => self.host_at(of_mark(&rest)).at_most = Some(0),
            "at-most" => {
                let (mark, number) = rest.split_once(' ')?;
                self.host_at(of_mark(mark)).at_most = Some(number.parse().ok()?);
            }
            "utf8" => self.host_at(self.host).utf8 = true,
            "says" => self.situation.says = Some(rest),
            "run-by" => self.situation.run_by = Some(rest),
            "egress" => self.situation.egress_works = rest != "down",
            "elsewhere" => self.situation.elsewhere = Some(rest),
            "want" => {
                let mut words = rest.split_whitespace().map(str::to_owned);
                let want = Want { verdict: words.next()?, reason: words.next()?, flags: words.collect() };
                self.situation.wants.push(want);
            }
            step => {
                let (name, from) = step.split_once('#').unwrap_or((step, "1"));
                let key = (crate::stage::known(name)?.to_owned(), from.parse().ok()?);
                let step = Step::read(&rest)?;
                self.host_at(self.host).steps.entry(key).or_default().push(step);
            }
        }
        Some(())
    }

    fn host_at(&mut self, address: IpAddr) -> &mut Host {
        self.situation.hosts.entry(address).or_default()
    }

    /// What goes without saying: a mail host, and a server at every address of the situation's own.
    fn end(mut self) -> Situation {
        if self.situation.rules.is_empty() {
            for rule in ["{d} MX 10 mx.{d}", "mx.{d} A {1}"] {
                self.situation.rules.push(Rule::read(&self.filled(rule)).expect("a rule"));
            }
        }
        let ours = |address: &IpAddr| match address {
            IpAddr::V4(v4) => v4.octets()[0] == 44,
            IpAddr::V6(v6) => v6.segments()[..2] == [0x2a0e, 0x97c0],
        };
        let named: Vec<IpAddr> = self.situation.rules.iter().flat_map(Rule::addresses).filter(ours).collect();
        for address in named {
            self.situation.hosts.entry(address).or_default();
        }
        let settled = self.situation.elsewhere.is_some() || !self.situation.wants.is_empty();
        assert!(settled, "{} {}: nothing is wanted", self.situation.number, self.situation.title);
        self.situation
    }
}
