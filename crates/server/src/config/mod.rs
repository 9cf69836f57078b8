//! Configuration: flag over `PORTAL_SECTION__KEY` over TOML file over default. The one place that reads the
//! environment. What may be said stands in [`key::KEYS`]; what it means stands here.

pub(crate) mod disposable;
pub mod key;
mod layers;
mod mail;
mod reachability;
mod render;
#[cfg(test)]
mod tests;

pub use layers::{ConfigError, Origin, Setting, Settings, Sources, Value};
pub use mail::{Inbound, Smtp};
pub use reachability::Reachability;
pub use render::{commented_file, show};

use domain::{
    address::DisposableDomains,
    group::{Limits, Partition, WindowKind},
    policy::Policy,
};
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// How strict the server is about what it starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Needs a mail relay and real mail domains.
    Production,
    /// May run without a relay.
    Development,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// A checked configuration. No `Debug`: it holds the relay's password.
#[derive(Clone)]
pub struct Config {
    /// How strict.
    pub mode: Mode,
    /// Where everything lives.
    pub data_dir: PathBuf,
    /// Keyring file.
    pub keyring: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Origin people reach the portal at, without a trailing slash; none means the address listened on.
    pub base_url: Option<String>,
    /// Threads that answer requests; 0 means one per core.
    pub workers: usize,
    /// Mail relay and sender; none sends no mail.
    pub smtp: Option<Smtp>,
    /// Policy in force.
    pub policy: Policy,
    /// Database that calls are counted in; none counts in a file of this node's own.
    pub ledger: Option<String>,
    /// Where gateways ask besides the listener of everybody.
    pub gateway: Gateway,
    /// How contacts are looked at; none: this portal does not look.
    pub reachability: Option<Reachability>,
    /// Form of log lines.
    pub log_format: LogFormat,
    /// Least level logged.
    pub log_level: String,
    /// Bytes that must stay free on the device.
    pub free_space_floor_bytes: u64,
}

/// Listeners of their own for gateways.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// For the door over HTTP, which is nowhere else then.
    pub listen: Option<SocketAddr>,
    /// Files that make it TLS.
    pub tls: Option<Tls>,
    /// For Envoy's rate limit filter.
    pub grpc_listen: Option<SocketAddr>,
    /// This node's name in what gateways sign.
    pub audience: Option<String>,
}

/// PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Chain of our certificate.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Whose certificates gateways must show; none: nobody need show one.
    pub client_ca: Option<PathBuf>,
}

/// Whether the user asks programs for plain text (no-color.org).
pub fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

impl Config {
    /// Resolves the sources and checks what they say together.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::from_settings(&Settings::resolve(sources)?)
    }

    /// Checks settings together; tells everything that is wrong at once.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let mut complaints = Vec::new();
        let mode = match settings.text("mode") {
            Some("development") => Mode::Development,
            _ => Mode::Production,
        };
        let listen = socket(settings, "http.listen", &mut complaints)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let gateway = gateway(settings, &mut complaints);
        let base_url = base_url(settings, mode, &mut complaints);
        let smtp = mail::read(settings, mode, &mut complaints);
        let ledger = ledger(settings, &mut complaints);
        let policy = policy(settings, disposable::read(settings, &mut complaints));
        let reachability = reachability::read(settings, &policy, &mut complaints);
        if mode == Mode::Production && !policy.reserved_mail_domains.is_empty() {
            complaints.push(
                "mail.reserved_domains must be empty in production mode: remove it, or set mode = \"development\""
                    .to_owned(),
            );
        }
        let data_dir = PathBuf::from(settings.text("data_dir").unwrap_or_default());
        let keyring = settings.text("keys.file").map_or_else(|| data_dir.join("keyring.toml"), PathBuf::from);
        if !complaints.is_empty() {
            return Err(ConfigError(complaints));
        }
        Ok(Self {
            mode,
            data_dir,
            keyring,
            listen,
            base_url,
            workers: usize::try_from(settings.integer("http.workers")).unwrap_or_default(),
            smtp,
            policy,
            ledger,
            gateway,
            reachability,
            log_format: match settings.text("log.format") {
                Some("text") => LogFormat::Text,
                _ => LogFormat::Json,
            },
            log_level: settings.text("log.level").unwrap_or("info").to_owned(),
            free_space_floor_bytes: settings.integer("storage.free_space_floor_bytes"),
        })
    }
}

fn gateway(settings: &Settings, complaints: &mut Vec<String>) -> Gateway {
    let listen = socket(settings, "gateway.listen", complaints);
    let grpc_listen = socket(settings, "gateway.grpc_listen", complaints);
    let file = |name: &str| settings.text(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let client_ca = file("gateway.client_ca");
    let tls = match (file("gateway.tls_cert"), file("gateway.tls_key")) {
        (Some(cert), Some(key)) => Some(Tls { cert, key, client_ca }),
        (None, None) if client_ca.is_none() => None,
        _ => {
            complaints.push(
                "gateway.tls_cert and gateway.tls_key go together, and gateway.client_ca needs both"
                    .to_owned(),
            );
            None
        }
    };
    if tls.is_some() && listen.is_none() {
        complaints.push("gateway.tls_cert needs gateway.listen: TLS is for that listener".to_owned());
    }
    let audience = settings.text("gateway.audience").filter(|text| !text.is_empty()).map(str::to_owned);
    Gateway { listen, tls, grpc_listen, audience }
}

/// An address to listen on; none when nothing is said.
fn socket(settings: &Settings, name: &str, complaints: &mut Vec<String>) -> Option<SocketAddr> {
    let parsed = settings.text(name).filter(|text| !text.is_empty())?.parse();
    if parsed.is_err() {
        complaints.push(format!("{name} must be an IP address and a port, such as 127.0.0.1:8080"));
    }
    parsed.ok()
}

fn base_url(settings: &Settings, mode: Mode, complaints: &mut Vec<String>) -> Option<String> {
    let Some(text) = settings.text("http.base_url") else {
        if mode == Mode::Production {
            complaints.push(
                "http.base_url is needed in production mode: set it to the origin people reach the portal at, \
                 such as https://portal.example.org"
                    .to_owned(),
            );
        }
        return None;
    };
    let origin = Url::parse(text).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && mode == Mode::Development);
        bare && scheme && url.has_host() && url.username().is_empty() && url.password().is_none()
    });
    if origin.is_none() {
        complaints.push(
            "http.base_url must be an origin without path, such as https://portal.example.org; http only in \
             development mode"
                .to_owned(),
        );
    }
    origin.map(|url| url.as_str().trim_end_matches('/').to_owned())
}

fn ledger(settings: &Settings, complaints: &mut Vec<String>) -> Option<String> {
    let text = settings.text("quota.ledger").filter(|text| !text.is_empty())?;
    let is_database =
        matches!(Url::parse(text), Ok(url) if matches!(url.scheme(), "postgres" | "postgresql"));
    if !is_database {
        complaints.push(
            "quota.ledger must be of the form postgres://user:password@host/database, or absent to count in a \
             file below data_dir"
                .to_owned(),
        );
    }
    Some(text.to_owned())
}

fn policy(settings: &Settings, disposable_domains: DisposableDomains) -> Policy {
    let number = |name: &str| u32::try_from(settings.integer(name)).unwrap_or(u32::MAX);
    let limits = |tier: &str| Limits {
        calls: number(&format!("policy.{tier}_calls")),
        window_s: 86_400,
        window: match settings.text(&format!("policy.{tier}_window")) {
            Some("anchored") => WindowKind::Anchored,
            _ => WindowKind::Rolling,
        },
        sites: number(&format!("policy.{tier}_sites")),
        partition: match settings.text(&format!("policy.{tier}_partition")) {
            Some("group_site") => Partition::GroupSite,
            Some("integration") => Partition::Integration,
            _ => Partition::Group,
        },
    };
    Policy {
        version: number("policy.version"),
        development: limits("development"),
        standard: limits("standard"),
        large: limits("large"),
        dev_groups_per_owner: number("policy.dev_groups_per_owner"),
        accounts_per_owner: number("policy.accounts_per_owner"),
        integrations_per_group: number("policy.integrations_per_group"),
        owner_development_calls: number("policy.owner_development_calls"),
        owner_development_sites: number("policy.owner_development_sites"),
        organisation_development_calls: number("policy.organisation_development_calls"),
        organisation_development_sites: number("policy.organisation_development_sites"),
        site_cooling_hours: number("policy.site_cooling_hours"),
        ledger_grace_seconds: number("policy.ledger_grace_seconds"),
        ledger_grace_per_mille: number("policy.ledger_grace_per_mille"),
        contact_proof_days: number("policy.contact_proof_days"),
        contact_grace_days: number("policy.contact_grace_days"),
        contact_check_days: number("policy.contact_check_days"),
        contact_challenge_hours: number("policy.contact_challenge_hours"),
        submission_life_days: number("policy.submission_life_days"),
        terms_version: settings.text("policy.terms_version").unwrap_or_default().to_owned(),
        banned_name_tokens: settings.list("policy.banned_name_tokens"),
        disposable_domains,
        reserved_mail_domains: settings.list("mail.reserved_domains"),
    }
}
