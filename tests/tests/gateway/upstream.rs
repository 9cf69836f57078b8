//! What gateways protect: an API that answers everything and remembers what reached it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What it answers with, in a header that no gateway knows.
pub(crate) const MARK: (&str, &str) = ("x-from-the-api", "yes");

/// A trivial HTTP server. `/status/418` is answered with 418, anything else with 200, unless it says one thing only.
pub(crate) struct Upstream {
    address: SocketAddr,
    reached: Arc<Mutex<Vec<Reached>>>,
    serving: JoinHandle<()>,
}

/// A request that reached it.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reached {
    /// Values of a header, by its name in lower case.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        Self::run(None).await
    }

    /// One that answers whatever it is asked with this status line, and headers if there are any behind it.
    pub(crate) async fn saying(head: &'static str) -> Self {
        Self::run(Some(head)).await
    }

    async fn run(says: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let reached = Arc::<Mutex<Vec<Reached>>>::default();
        let seen = reached.clone();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, seen.clone(), says));
            }
        });
        Self { address, reached, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What reached it since this was asked last.
    pub(crate) fn take(&self) -> Vec<Reached> {
        std::mem::take(&mut *self.reached.lock().expect("nobody panics"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(client: TcpStream, seen: Arc<Mutex<Vec<Reached>>>, says: Option<&'static str>) {
    let mut client = BufReader::new(client);
    while let Some(request) = read(&mut client).await {
        let status = request.target.strip_prefix("/status/").map_or("200", |rest| &rest[..3]);
        let says = says.map_or(format!("{status} Said"), str::to_owned);
        seen.lock().expect("nobody panics").push(request);
        let (name, value) = MARK;
        let head = format!("HTTP/1.1 {says}\r\n{name}: {value}\r\nContent-Length: 6\r\n\r\nhello\n");
        if client.write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// None when the gateway has hung up.
async fn read(client: &mut BufReader<TcpStream>) -> Option<Reached> {
    let first = line(client).await?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let line = line(client).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().expect("a length"));
    let mut body = vec![0; length];
    client.read_exact(&mut body).await.ok()?;
    Some(Reached { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

async fn line(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = client.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
