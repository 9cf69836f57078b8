//! What the door is measured beside: a handler that does nothing, and one that counts in Redis.

use actix_web::{App, HttpResponse, HttpServer, web};
use std::{
    cell::RefCell,
    collections::VecDeque,
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    rc::Rc,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::oneshot,
};

/// A peer's process; killed when dropped.
pub(crate) struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    pub(crate) fn hello() -> Self {
        Self::start(&["hello"])
    }

    pub(crate) fn counter(redis: &str) -> Self {
        Self::start(&["counter", redis])
    }

    fn start(args: &[&str]) -> Self {
        let mut peer = Command::new(env::current_exe().unwrap());
        let mut child = peer.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }
}

/// Redis as Debian ships it, without a file: the fastest it can be.
pub(crate) struct Redis {
    child: Child,
    folder: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("redis.sock");
        let mut redis = Command::new("redis-server");
        redis.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        let child = redis.stdout(Stdio::null()).spawn();
        let child = child.expect("redis is not installed; run: apt-get install redis-server");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::yield_now();
        }
        Self { child, folder }
    }

    pub(crate) fn address(&self) -> String {
        self.folder.path().join("redis.sock").to_str().unwrap().to_owned()
    }

    /// Requests a second of its own benchmark.
    pub(crate) fn benchmark(&self) -> f64 {
        let mut benchmark = Command::new("redis-benchmark");
        benchmark.args(["-t", "incr", "-c", "64", "-n", "300000", "-r", "100000", "--csv", "-s"]);
        let told = benchmark.arg(self.address()).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let line = told.lines().find(|line| line.starts_with("\"INCR\"")).unwrap();
        line.split(',').nth(1).unwrap().trim_matches('"').parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }
}

/// The process that answers and does nothing else.
pub(crate) fn hello() {
    serve(|config| {
        config
            .route("/empty", web::get().to(|| async { HttpResponse::NoContent().finish() }))
            .route("/hello", web::get().to(|| async { HttpResponse::Ok().json("hello, world") }));
    });
}

/// The process that asks Redis for each request, over one connection that requests share.
pub(crate) fn counter(socket: &str) {
    let socket = socket.to_owned();
    serve(move |config| {
        let socket = socket.clone();
        let count = move || {
            let socket = socket.clone();
            async move {
                increment(&socket).await;
                HttpResponse::NoContent().finish()
            }
        };
        config.route("/count", web::get().to(count));
    });
}

#[expect(clippy::print_stdout, reason = "the starting process reads the port there")]
fn serve(configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || App::new().configure(configure.clone()));
        let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
        println!("{}", server.addrs()[0].port());
        server.run().await.unwrap();
    });
}

thread_local! {
    static REDIS: RefCell<Option<Rc<Pipeline>>> = const { RefCell::new(None) };
}

/// Commands on one connection: what is asked while one is on its way is sent with the next.
struct Pipeline {
    ask: tokio::sync::mpsc::UnboundedSender<oneshot::Sender<()>>,
}

async fn increment(socket: &str) {
    let known = REDIS.with_borrow(Clone::clone);
    let pipeline = if let Some(pipeline) = known {
        pipeline
    } else {
        let made = Rc::new(Pipeline::connect(socket).await);
        REDIS.with_borrow_mut(|redis| redis.get_or_insert(made).clone())
    };
    let (reply, counted) = oneshot::channel();
    pipeline.ask.send(reply).unwrap();
    counted.await.unwrap();
}

impl Pipeline {
    async fn connect(socket: &str) -> Self {
        let (read, mut write) = UnixStream::connect(socket).await.unwrap().into_split();
        let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<oneshot::Sender<()>>();
        let waiting = Rc::new(RefCell::new(VecDeque::new()));
        let answered = waiting.clone();
        actix_web::rt::spawn(async move {
            let mut batch = Vec::new();
            while asked.recv_many(&mut batch, 64).await > 0 {
                let commands = "INCR calls\r\n".repeat(batch.len());
                waiting.borrow_mut().extend(batch.drain(..));
                write.write_all(commands.as_bytes()).await.unwrap();
            }
        });
        actix_web::rt::spawn(async move {
            let mut lines = tokio::io::BufReader::new(read).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                assert!(line.starts_with(':'), "{line}");
                let reply: Option<oneshot::Sender<()>> = answered.borrow_mut().pop_front();
                reply.unwrap().send(()).unwrap_or_default();
            }
        });
        Self { ask }
    }
}
