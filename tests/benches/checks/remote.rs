//! The farm in a process of its own, so that its time on the processor is not counted as anybody's.

use crate::case::{Cases, HURRY};
use mail_farm::{Farm, World};
use std::{
    collections::HashMap,
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, SocketAddr},
    process::{Child, Command, Stdio},
};

/// The word by which this program knows that it is the farm.
pub(crate) const FARM: &str = "--farm";

/// Where everything is.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) resolver: SocketAddr,
    pub(crate) doors: HashMap<IpAddr, SocketAddr>,
}

impl Places {
    pub(crate) fn of(farm: &Farm, cases: &Cases) -> Self {
        let hosts = cases.situations.iter().flat_map(|situation| situation.hosts.keys());
        let doors = hosts.map(|host| (*host, farm.door(*host).unwrap())).collect();
        Self { resolver: farm.resolver(), doors }
    }

    fn tell(&self) -> String {
        let doors = self.doors.iter().map(|(host, door)| format!(" {host} {door}"));
        format!("{}{}\n", self.resolver, doors.collect::<String>())
    }

    fn told(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let resolver = words.next().unwrap().parse().unwrap();
        let words: Vec<&str> = words.collect();
        let door = |pair: &[&str]| (pair[0].parse().unwrap(), pair[1].parse().unwrap());
        Self { resolver, doors: words.chunks(2).map(door).collect() }
    }
}

/// Plays the farm until nobody needs it any more.
pub(crate) async fn serve(world: World) {
    let cases = Cases::new();
    let farm = Farm::start(world, &cases.situations, HURRY).await.unwrap();
    io::stdout().write_all(Places::of(&farm, &cases).tell().as_bytes()).unwrap();
    let until_closed = || io::stdin().read_to_end(&mut Vec::new()).unwrap();
    tokio::task::spawn_blocking(until_closed).await.unwrap();
    assert_eq!(farm.journal().complaints(), Vec::<String>::new());
    farm.stop().await;
}

/// The process.
pub(crate) struct Remote {
    process: Child,
    pub(crate) places: Places,
}

impl Remote {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(env::args_os().skip(1)).arg(FARM).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, places: Places::told(&line) }
    }

    /// Fails where a server was treated as none may be.
    pub(crate) fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}
