use super::{Desk, path, paths, report};
use reachability::inbound::smtp::{Door, SESSIONS_MAX};
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Listener {
    desk: Arc<Desk>,
    at: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listener {
    async fn start() -> Self {
        let desk = Arc::new(Desk::default());
        let door = Door::new("in.portal-mail.org", paths(), Arc::clone(&desk)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move { door.serve(listener, async { drop(stopped.await) }).await });
        Self { desk, at, stop, serving }
    }

    async fn connect(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(self.at).await.unwrap()))
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    /// Code of the next reply; 0 when there is none.
    async fn hears(&mut self) -> u16 {
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return 0;
            }
            if line.as_bytes().get(3) == Some(&b' ') {
                return line[..3].parse().unwrap();
            }
        }
    }

    async fn asks(&mut self, line: &str) -> u16 {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.hears().await
    }

    /// Brings a report; gives the reply to it.
    async fn brings_a_report(&mut self) -> u16 {
        assert_eq!(self.asks("EHLO relay").await, 250);
        assert_eq!(self.asks("MAIL FROM:<>").await, 250);
        assert_eq!(self.asks(&format!("RCPT TO:<{}>", path())).await, 250);
        assert_eq!(self.asks("DATA").await, 354);
        self.asks(&format!("{}.", report().replace('\n', "\r\n"))).await
    }
}

#[tokio::test]
async fn mails_come_over_a_socket_and_are_taken_when_the_handler_has_them() {
    let listener = Listener::start().await;
    let mut client = listener.connect().await;
    assert_eq!(client.hears().await, 220);
    listener.desk.is_full.store(true, Ordering::SeqCst);
    assert_eq!(client.brings_a_report().await, 451);
    assert_eq!(listener.desk.reports(), 0);
    listener.desk.is_full.store(false, Ordering::SeqCst);
    assert_eq!(client.brings_a_report().await, 250);
    assert_eq!(client.brings_a_report().await, 250);
    assert_eq!(listener.desk.reports(), 2);
    assert_eq!(client.asks("QUIT").await, 221);
    assert_eq!(client.hears().await, 0);
}

#[tokio::test]
async fn sessions_are_bounded_and_a_place_that_is_left_is_taken_again() {
    let listener = Listener::start().await;
    let mut clients = Vec::new();
    for _ in 0..SESSIONS_MAX {
        let mut client = listener.connect().await;
        assert_eq!(client.hears().await, 220);
        clients.push(client);
    }
    let mut next = listener.connect().await;
    assert_eq!((next.hears().await, next.hears().await), (421, 0));
    assert_eq!(clients.pop().unwrap().asks("QUIT").await, 221);
    // The place is free once the session's end is noticed, shortly after its last word.
    let mut tries = 0;
    while listener.connect().await.hears().await != 220 {
        tries += 1;
        assert!(tries < 1_000, "no place was freed");
    }
}

#[tokio::test]
async fn stopping_hangs_up_on_sessions_and_ends() {
    let listener = Listener::start().await;
    let mut client = listener.connect().await;
    assert_eq!(client.hears().await, 220);
    listener.stop.send(()).unwrap();
    listener.serving.await.unwrap();
    assert_eq!(client.hears().await, 0);
    assert!(TcpStream::connect(listener.at).await.is_err());
}
