//! Every key of the configuration: one table that drives defaults, checks, `config show` and the file that
//! `init` writes.

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text without control characters.
    Text,
    /// Texts: an array in the file, parted by commas elsewhere.
    List,
    /// A whole number within bounds, both included.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.name`, or `name` at the top level.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is when nobody says anything; none means absent.
    pub default: Option<&'static str>,
    /// Never shown; can also be given as the path of a file that holds it.
    pub secret: bool,
    /// What it is for, with units.
    pub doc: &'static str,
}

impl Key {
    /// The section, empty at the top level.
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The name within the section.
    pub fn leaf(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// The environment variable: `PORTAL_SECTION__KEY`.
    pub fn variable(&self) -> String {
        format!("PORTAL_{}", self.name.replace('.', "__").to_ascii_uppercase())
    }
}

const fn text(name: &'static str, default: Option<&'static str>, doc: &'static str) -> Key {
    Key { name, kind: Kind::Text, default, secret: false, doc }
}

const fn list(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind: Kind::List, default: Some(default), secret: false, doc }
}

const fn integer(name: &'static str, default: &'static str, min: u64, max: u64, doc: &'static str) -> Key {
    Key { name, kind: Kind::Integer { min, max }, default: Some(default), secret: false, doc }
}

const fn choice(
    name: &'static str,
    default: &'static str,
    words: &'static [&'static str],
    doc: &'static str,
) -> Key {
    Key { name, kind: Kind::Choice(words), default: Some(default), secret: false, doc }
}

const WINDOWS: &[&str] = &["rolling", "anchored"];
const PARTITIONS: &[&str] = &["group", "group_site", "integration"];

const CALLS_MAX: u64 = 1_000_000_000;
const SITES_MAX: u64 = 1_000_000;

/// All keys, in the order they are written and shown.
pub static KEYS: &[Key] = &[
    choice(
        "mode",
        "production",
        &["production", "development"],
        "production refuses to start without a mail relay; development may run without one",
    ),
    text("data_dir", Some("/var/lib/devportal"), "where log, side state and read model live"),
    text("http.listen", Some("127.0.0.1:8080"), "address and port to listen on; port 0 takes a free one"),
    text(
        "http.base_url",
        None,
        "the origin people reach the portal at, such as https://portal.example.org; links in mails start with it",
    ),
    integer("http.workers", "0", 0, 256, "threads that answer requests; 0 means one per core"),
    Key {
        name: "smtp.url",
        kind: Kind::Text,
        default: None,
        secret: true,
        doc: "mail relay: smtp://host:25, smtp://user:password@host:587?tls=required or smtps://…",
    },
    text("smtp.from", None, "sender of the portal's mails, such as portal@example.org"),
    text("keys.file", None, "keyring file (mode 0600); data_dir/keyring.toml when absent"),
    list(
        "mail.reserved_domains",
        "",
        "mail domains such as demo.test accepted all the same; refused in production",
    ),
    text(
        "mail.disposable_list",
        None,
        "file of domains of throw-away providers, one a line, in place of the list that comes with the portal",
    ),
    text("mail.disposable_deny", None, "file of further domains that no contact may be at"),
    text("mail.disposable_allow", None, "file of domains that contacts may be at though they are listed"),
    text(
        "mail.bounce_domain",
        None,
        "domain such as bounces.example.org whose mail comes to the portal; what cannot be delivered comes back there, \
         and contacts whose mail does are asked anew",
    ),
    text(
        "mail.second_domain",
        None,
        "another domain of yours that second codes come from, so that letting one sender through is not enough; its \
         mail comes to the portal, too; the domain of smtp.from when absent",
    ),
    text(
        "inbound.maildir",
        None,
        "Maildir folder that your mail server delivers the mail of the bounce domain to",
    ),
    text(
        "inbound.listen",
        None,
        "address and port at which the portal takes the mail of the bounce domain by SMTP from your mail server",
    ),
    Key {
        name: "quota.ledger",
        kind: Kind::Text,
        default: None,
        secret: true,
        doc: "where calls are counted: postgres://user:password@host/database to share one count among nodes; \
              data_dir/quota/quota.sqlite when absent",
    },
    text(
        "gateway.listen",
        None,
        "address and port of a listener for gateways only; when it is set, the door is there and not at http.listen",
    ),
    text("gateway.tls_cert", None, "certificate chain of that listener (PEM file); without TLS when absent"),
    text("gateway.tls_key", None, "its private key (PEM file)"),
    text(
        "gateway.client_ca",
        None,
        "certificate authorities (PEM file); when set, gateways must show a certificate of one of them",
    ),
    text(
        "gateway.grpc_listen",
        None,
        "address and port of the door for Envoy's rate limit filter (gRPC, without TLS); off when absent",
    ),
    text(
        "gateway.audience",
        None,
        "this node's own name, such as node-1.example.org; when set, it is the first line of what gateways sign, so that what is signed for one node is refused at any other",
    ),
    choice(
        "reachability.enabled",
        "auto",
        &["auto", "on", "off"],
        "whether the portal looks at the mail hosts of contacts by itself; auto: when reachability.helo is set",
    ),
    text(
        "reachability.helo",
        None,
        "full host name to greet mail servers with; it leads to the address we come from, and that address back to it",
    ),
    text(
        "reachability.sender",
        None,
        "sender named to mail servers, which should take bounces; postmaster at that name when absent",
    ),
    text(
        "reachability.resolver",
        None,
        "IP address and port of the resolver to ask, which should validate DNSSEC; the system's when absent",
    ),
    list("reachability.own", "", "IP addresses of our own that nobody's mail may lead to"),
    list(
        "reachability.egress_check",
        "",
        "IP addresses whose port 25 is known to answer; dialled when nobody else's does, to tell a blocked port from \
         dead hosts",
    ),
    integer(
        "reachability.checks_per_hour",
        "1000",
        1,
        100_000,
        "looks at contacts in an hour, of all vendors together",
    ),
    choice("log.format", "json", &["json", "text"], "form of the log lines on standard error"),
    choice("log.level", "info", &["error", "warn", "info", "debug", "trace"], "least level that is logged"),
    integer(
        "storage.free_space_floor_bytes",
        "268435456",
        1_048_576,
        1 << 50,
        "below this many free bytes writes are refused with 507",
    ),
    integer(
        "policy.version",
        "1",
        1,
        u32::MAX as u64,
        "recorded with each decision; raise it when a number changes",
    ),
    integer("policy.development_calls", "10000", 1, CALLS_MAX, "calls per 24 h of a development group"),
    integer("policy.development_sites", "6", 1, SITES_MAX, "customer sites of a development group"),
    choice(
        "policy.development_window",
        "rolling",
        WINDOWS,
        "how the 24 h of a development group are counted",
    ),
    choice("policy.development_partition", "group", PARTITIONS, "what has a development group's calls"),
    integer(
        "policy.standard_calls",
        "150000",
        1,
        CALLS_MAX,
        "calls per 24 h of the standard production tier",
    ),
    integer("policy.standard_sites", "25", 1, SITES_MAX, "customer sites of the standard production tier"),
    choice("policy.standard_window", "rolling", WINDOWS, "how the 24 h of the standard tier are counted"),
    choice("policy.standard_partition", "group", PARTITIONS, "what has the standard tier's calls"),
    integer(
        "policy.large_calls",
        "500000",
        1,
        CALLS_MAX,
        "calls per 24 h of the large tier; above it two staff",
    ),
    integer("policy.large_sites", "50", 1, SITES_MAX, "customer sites of the large tier; above it two staff"),
    choice("policy.large_window", "rolling", WINDOWS, "how the 24 h of the large tier are counted"),
    choice("policy.large_partition", "group", PARTITIONS, "what has the large tier's calls"),
    integer(
        "policy.owner_development_calls",
        "10000",
        1,
        CALLS_MAX,
        "calls per 24 h of all development groups of one owner together",
    ),
    integer(
        "policy.owner_development_sites",
        "6",
        1,
        SITES_MAX,
        "customer sites of all development groups of one owner together",
    ),
    integer(
        "policy.organisation_development_calls",
        "50000",
        1,
        CALLS_MAX,
        "calls per 24 h of all development groups of one organisation together",
    ),
    integer(
        "policy.organisation_development_sites",
        "30",
        1,
        SITES_MAX,
        "customer sites of all development groups of one organisation together",
    ),
    integer("policy.site_cooling_hours", "24", 0, 8_760, "hours a released site goes on taking its place"),
    integer(
        "policy.ledger_grace_seconds",
        "60",
        0,
        60,
        "seconds production groups go on while the ledger of calls does not answer",
    ),
    integer(
        "policy.ledger_grace_per_mille",
        "10",
        0,
        1_000,
        "thousandths of its limit a production group may use meanwhile",
    ),
    integer("policy.dev_groups_per_owner", "25", 1, 1_000, "development groups one developer may own"),
    integer("policy.accounts_per_owner", "5", 1, 1_000, "production accounts one developer may own"),
    integer("policy.integrations_per_group", "200", 1, 10_000, "integrations one development group may hold"),
    integer("policy.contact_proof_days", "180", 1, 3_650, "days a proof of a contact stands"),
    integer(
        "policy.contact_grace_days",
        "14",
        1,
        90,
        "days to prove a contact anew when mail to it keeps coming back",
    ),
    integer("policy.contact_check_days", "7", 1, 90, "days between looks at a proven contact's mail hosts"),
    integer("policy.contact_challenge_hours", "72", 1, 720, "hours a contact's code can be answered"),
    integer(
        "policy.submission_life_days",
        "60",
        1,
        3_650,
        "days after which an untouched submission expires",
    ),
    text(
        "policy.terms_version",
        Some("2026-11"),
        "terms a developer must have accepted to submit for production",
    ),
    list(
        "policy.banned_name_tokens",
        "rest,api,blackboard,anthology,test,stage,staging,prod,production,dev",
        "whole words refused in production group names",
    ),
];

/// The key of that name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The known name nearest to a mistyped one.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|name| distance(typed, name))
}

/// Levenshtein distance, in bytes.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
