//! The farm: a resolver, and a server at every address.

use crate::{
    certificates::Authority,
    journal::Journal,
    names::{Rule, Zones},
    play::Server,
    script::{CANARY, DEAD_CANARY, Host, Presence, Situation},
    world::{self, World},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket},
    task::JoinSet,
};

/// Where mail servers listen in a namespace.
const SMTP: u16 = 25;

/// Servers that run as long as this lives.
pub struct Farm {
    world: World,
    resolver: SocketAddr,
    doors: HashMap<IpAddr, SocketAddr>,
    authority: Arc<Authority>,
    journal: Arc<Journal>,
    /// Connections that fill the queues of silent hosts.
    _fillers: Vec<TcpStream>,
    servers: JoinSet<()>,
}

impl Farm {
    /// Starts every server of these situations. Seconds in scripts are divided by `hurry`.
    pub async fn start(world: World, situations: &[Situation], hurry: u32) -> io::Result<Self> {
        let authority = Arc::new(Authority::new());
        let journal = Arc::new(Journal::default());
        let mut builder =
            Builder { world, hurry, authority, journal, doors: HashMap::new(), servers: JoinSet::new() };
        if world == World::Namespace {
            let present =
                |(address, host): (IpAddr, Host)| (host.presence != Presence::Absent).then_some(address);
            world::add(situations.iter().flat_map(hosts).filter_map(present));
        }
        let resolver = builder.resolver(situations).await?;
        let mut fillers = Vec::new();
        for situation in situations {
            for (address, host) in hosts(situation) {
                match host.presence {
                    Presence::Listening => builder.listen(situation, address, host)?,
                    Presence::Closed | Presence::Absent => {}
                    Presence::Silent => fillers.extend(builder.silent(address).await?),
                }
            }
        }
        builder.listen(&Situation::default(), CANARY, Host::default())?;
        fillers.extend(builder.silent(DEAD_CANARY).await?);
        let Builder { authority, journal, doors, servers, .. } = builder;
        Ok(Self { world, resolver, doors, authority, journal, _fillers: fillers, servers })
    }

    /// Ends every server, so that another farm can have its places.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
    }

    /// Where the resolver listens.
    pub fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// Where a host's port 25 is; none for hosts that are not there.
    pub fn door(&self, address: IpAddr) -> Option<SocketAddr> {
        match self.world {
            World::Namespace => Some(SocketAddr::new(address, SMTP)),
            World::Loopback => self.doors.get(&address).copied(),
        }
    }

    /// Who signs the good certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What happened so far.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// All addresses a situation leads to, whosever they are.
fn addresses(situation: &Situation) -> impl Iterator<Item = IpAddr> {
    let named = situation.rules.iter().flat_map(Rule::addresses);
    let all: BTreeSet<IpAddr> = named.chain(situation.hosts.keys().copied()).collect();
    all.into_iter()
}

/// The situation's hosts, and one that must not be touched at each address of somebody else's.
fn hosts(situation: &Situation) -> BTreeMap<IpAddr, Host> {
    let stray = || Host { at_most: Some(0), ..Host::default() };
    addresses(situation)
        .map(|address| (address, situation.hosts.get(&address).cloned().unwrap_or_else(stray)))
        .collect()
}

struct Builder {
    world: World,
    hurry: u32,
    authority: Arc<Authority>,
    journal: Arc<Journal>,
    doors: HashMap<IpAddr, SocketAddr>,
    servers: JoinSet<()>,
}

impl Builder {
    async fn resolver(&mut self, situations: &[Situation]) -> io::Result<SocketAddr> {
        let port = if self.world == World::Namespace { 53 } else { 0 };
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let at = tcp.local_addr()?;
        let udp = UdpSocket::bind(at).await?;
        let dead = [
            "dead-canary.org MX 10 mx.dead-canary.org".to_owned(),
            format!("mx.dead-canary.org A {DEAD_CANARY}"),
        ];
        let dead = dead.into_iter().filter_map(|rule| Rule::read(&rule));
        let rules = situations.iter().flat_map(|situation| situation.rules.iter().cloned()).chain(dead);
        let zones = Arc::new(Zones::new(rules, self.journal.clone()));
        self.servers.spawn(async move {
            if let Err(error) = zones.serve(udp, tcp).await {
                panic!("the resolver ended: {error}");
            }
        });
        Ok(at)
    }

    fn listen(&mut self, situation: &Situation, address: IpAddr, script: Host) -> io::Result<()> {
        let listener = match self.socket(address).and_then(|socket| socket.listen(128)) {
            Ok(listener) => listener,
            // Addresses nobody can have, such as those for multicast, can't be dialled either.
            Err(_) if script.at_most == Some(0) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.doors.insert(address, listener.local_addr()?);
        let name =
            situation.rules.iter().find_map(|rule| rule.host_at(address)).unwrap_or("farm.org").to_owned();
        let server = Arc::new(Server {
            address,
            name,
            recipient: situation.to.clone(),
            script,
            authority: self.authority.clone(),
            journal: self.journal.clone(),
            hurry: self.hurry,
            acceptors: Mutex::default(),
        });
        self.servers.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, _)) = listener.accept() => {
                        let server = server.clone();
                        conversations.spawn(async move { server.play(stream).await });
                    }
                    Some(_) = conversations.join_next() => {}
                }
            }
        });
        Ok(())
    }

    /// A queue for one connection, and connections that fill it: what comes after is neither taken nor refused.
    async fn silent(&mut self, address: IpAddr) -> io::Result<Vec<TcpStream>> {
        let listener = self.socket(address)?.listen(0)?;
        let at = listener.local_addr()?;
        self.doors.insert(address, at);
        let filler = TcpStream::connect(at).await?;
        self.servers.spawn(async move {
            std::future::pending::<()>().await;
            drop(listener);
        });
        Ok(vec![filler])
    }

    fn socket(&self, address: IpAddr) -> io::Result<TcpSocket> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        let at = match (self.world, address) {
            (World::Namespace, address) => SocketAddr::new(address, SMTP),
            (World::Loopback, IpAddr::V4(_)) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            (World::Loopback, IpAddr::V6(_)) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0)),
        };
        socket.bind(at)?;
        Ok(socket)
    }
}
