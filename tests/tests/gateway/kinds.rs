//! The gateways: which file each has, which values are marked in it, and how it is started.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

/// A gateway with one of the shipped files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    HaProxy,
    Envoy,
    EnvoyRateLimit,
    Traefik,
    Caddy,
}

/// What a person who sets a gateway up knows.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    /// The portal.
    pub(crate) portal: SocketAddr,
    /// The API behind it.
    pub(crate) api: SocketAddr,
    /// Credential of the gateway.
    pub(crate) credential: String,
}

/// Ports for a gateway: where clients call, and one it may need for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) clients: u16,
    pub(crate) own: u16,
}

impl Kind {
    /// Its file in `deploy/gateways/`.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::HaProxy => "haproxy.cfg",
            Self::Envoy => "envoy-ext-authz.yaml",
            Self::EnvoyRateLimit => "envoy-rate-limit.yaml",
            Self::Traefik => "traefik.yaml",
            Self::Caddy => "Caddyfile",
        }
    }

    /// Whether it asks over gRPC.
    pub(crate) fn speaks_grpc(self) -> bool {
        self == Self::EnvoyRateLimit
    }

    /// Whether clients are told what is left with an answer of the API: forwardAuth can't.
    pub(crate) fn tells_what_is_left(self) -> bool {
        self != Self::Traefik
    }

    /// Whether a person can choose what an outage means, and say 503 with it.
    pub(crate) fn knows_outages(self) -> bool {
        self != Self::Traefik
    }

    /// What is marked to be changed, and what stands there afterwards.
    pub(crate) fn marks(self, values: &Values, ports: Ports, folder: &Path) -> Vec<(&'static str, String)> {
        let Values { portal, api, credential } = values;
        let clients = format!("127.0.0.1:{}", ports.clients);
        let plain = [
            ("dpg_REPLACE_ME", credential.clone()),
            ("127.0.0.1:8080", portal.to_string()),
            ("127.0.0.1:9000", api.to_string()),
        ];
        let port = |port: u16| format!("port_value: {port} ");
        let own = match self {
            Self::Nginx => vec![("127.0.0.1:8000", clients)],
            Self::HaProxy => vec![
                ("127.0.0.1:8000", clients),
                ("/etc/haproxy/haproxy.lua", folder.join("haproxy.lua").display().to_string()),
                ("abns@devportal", format!("abns@devportal-{}", ports.clients)),
            ],
            Self::Envoy | Self::EnvoyRateLimit => {
                let portal_mark = if self.speaks_grpc() { "port_value: 8081 " } else { "port_value: 8080 " };
                return vec![
                    ("dpg_REPLACE_ME", credential.clone()),
                    (portal_mark, port(portal.port())),
                    ("port_value: 9000 ", port(api.port())),
                    ("port_value: 8000 ", port(ports.clients)),
                ];
            }
            Self::Traefik => vec![("127.0.0.1:8001", format!("127.0.0.1:{}", ports.own))],
            Self::Caddy => vec![("http://:8000", format!("http://:{}", ports.clients))],
        };
        plain.into_iter().chain(own).collect()
    }

    /// The program with its file, which lies in `folder` beside whatever else it needs.
    pub(crate) fn command(self, folder: &Path, ports: Ports) -> Command {
        let file = folder.join(self.file());
        match self {
            Self::Nginx => {
                let main = written(folder, "main.conf", &nginx_main(folder, &file));
                let mut nginx = debian("nginx");
                nginx.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(main);
                nginx
            }
            Self::HaProxy => {
                fs::copy(shipped("haproxy.lua"), folder.join("haproxy.lua")).expect("it is shipped");
                let mut haproxy = debian("haproxy");
                haproxy.arg("-db").arg("-f").arg(file);
                haproxy
            }
            Self::Envoy | Self::EnvoyRateLimit => {
                let mut envoy = tool("envoy");
                envoy.args(["--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]);
                envoy.arg("-c").arg(file);
                envoy
            }
            Self::Traefik => {
                let mut traefik = tool("traefik");
                traefik.args(["--global.checknewversion=false", "--global.sendanonymoususage=false"]);
                traefik.arg(format!("--entrypoints.calls.address=127.0.0.1:{}", ports.clients));
                traefik.arg(format!("--entrypoints.devportal.address=127.0.0.1:{}", ports.own));
                traefik.arg(format!("--providers.file.filename={}", file.display()));
                traefik
            }
            Self::Caddy => {
                let main = format!("{{\n\tadmin off\n\tpersist_config off\n}}\nimport {}\n", file.display());
                let main = written(folder, "main", &main);
                let mut caddy = tool("caddy");
                caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(main).env("HOME", folder);
                caddy
            }
        }
    }
}

/// A file of `deploy/gateways/`.
pub(crate) fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/gateways").join(file)
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    path
}

/// What Debian's own `nginx.conf` is around a file in `conf.d`, in one process that ends when it is killed.
fn nginx_main(folder: &Path, file: &Path) -> String {
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/{what};", folder.display()))
        .join(" ");
    format!(
        "daemon off; master_process off; pid {0}/pid; events {{ worker_connections 512; }}\n\
         http {{ access_log off; {paths} include {1}; }}\n",
        folder.display(),
        file.display()
    )
}

fn debian(name: &str) -> Command {
    let program = Path::new("/usr/sbin").join(name);
    assert!(program.exists(), "{name} is not installed; run: apt-get install {name}");
    Command::new(program)
}

/// A program that `scripts/test` installs beside what is built.
fn tool(name: &str) -> Command {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder");
    let program = target.join("tools/gateways/bin").join(name);
    assert!(program.exists(), "{name} is not at {}; run: . scripts/lib.sh; gateways", program.display());
    Command::new(program)
}
