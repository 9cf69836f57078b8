//! The programs: names by NSD, mail by Postfix, greylisting by Postgrey.

use crate::{
    mailbox::Mailbox,
    network::{BEHIND, RELAY, RESOLVER, VENDOR, run},
};
use portal_tests::until;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Where Postgrey is asked.
const POSTGREY: &str = "127.0.0.1:10023";
/// What the portal's mail server says of itself.
pub(crate) const RELAY_NAME: &str = "relay.portal-mail.org";
/// Domains of return paths.
pub(crate) const BOUNCE_DOMAINS: [&str; 2] = ["bounces.portal-mail.org", "second-mail.net"];

/// A Postfix of its own; stopped when dropped.
pub(crate) struct Postfix(PathBuf);

/// A program in the foreground; killed when dropped.
pub(crate) struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).map(drop).unwrap_or_default();
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let stopped = Command::new("postfix").arg("-c").arg(&self.0).arg("stop").output();
        assert!(stopped.is_ok(), "it was started");
    }
}

/// Answers for all domains there are.
pub(crate) async fn names(folder: &Path) -> Program {
    let zone = |name: &str, records: &str| {
        let file = folder.join(format!("{name}.zone"));
        let text = format!(
            "$ORIGIN {name}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A {VENDOR}\n{records}"
        );
        fs::write(&file, text).expect("a file");
        format!("zone:\n  name: {name}\n  zonefile: {}\n", file.display())
    };
    let vendors = |name| zone(name, "@ MX 10 mx.acme-vendor.org.\n");
    let zones = [
        zone(
            "portal-mail.org",
            &format!("relay A {RELAY}\n@ MX 10 relay\nbounces MX 10 relay\nprobe A {RELAY}\n"),
        ),
        zone("second-mail.net", "@ MX 10 relay.portal-mail.org.\n"),
        zone("acme-vendor.org", &format!("@ MX 10 mx\nmx A {VENDOR}\n")),
        vendors("late-vendor.org"),
        vendors("grey-vendor.org"),
        zone("10.45.in-addr.arpa", "1.0 PTR relay.portal-mail.org.\n2.0 PTR mx.acme-vendor.org.\n"),
    ];
    let conf = folder.join("nsd.conf");
    let server = format!(
        "server:\n  ip-address: {RESOLVER}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"\"\n  database: \"\"\n  \
         pidfile: \"{0}/nsd.pid\"\n  zonelistfile: \"{0}/zone.list\"\n  xfrdfile: \"\"\n  xfrdir: \"{0}\"\nremote-control:\n  \
         control-enable: no\n",
        folder.display()
    );
    fs::write(&conf, server + zones.concat().as_str()).expect("a file");
    let child =
        Command::new("nsd").args(["-d", "-c"]).arg(&conf).stdin(Stdio::null()).spawn().expect("it starts");
    listening(format!("{RESOLVER}:53").parse().expect("an address")).await;
    Program(child)
}

/// Refuses who comes for the first time; two seconds later they are welcome.
pub(crate) async fn greylisting(folder: &Path) -> Program {
    let state = folder.join("postgrey");
    fs::create_dir(&state).expect("a folder");
    owned_by("postgrey", &state);
    let mut command = Command::new("postgrey");
    command.args(["--delay=2", &format!("--inet={POSTGREY}")]).arg(format!("--dbdir={}", state.display()));
    let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    listening(POSTGREY.parse().expect("an address")).await;
    Program(child)
}

/// The portal's mail server, by the shipped file with its values in place and shorter waits.
pub(crate) async fn relay(folder: &Path, inbound: SocketAddr) -> Postfix {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/mail/postfix-main.cf");
    let shipped = fs::read_to_string(shipped).expect("it is shipped");
    let port = inbound.port().to_string();
    let values = [
        ("relay.example.org", RELAY_NAME),
        ("bounces.example.org", BOUNCE_DOMAINS[0]),
        ("second.example.net", BOUNCE_DOMAINS[1]),
        ("2525", &port),
        ("inet_interfaces = all", &format!("inet_interfaces = {RELAY}, 127.0.0.1")),
        ("5m", "1s"),
        ("= 4h", "= 2s"),
    ];
    let text = values.iter().fold(shipped, |text, (mark, value)| {
        assert!(text.contains(mark), "{mark} stands nowhere");
        text.replace(mark, value)
    });
    Postfix::start(folder, "relay", &format!("{text}queue_run_delay = 1s\nsmtp_bind_address = {RELAY}\n"))
        .await
}

/// The vendor's mail server: mailboxes, no such mailbox, greylisting, a host behind it that refuses what was taken for
/// it, and a certificate that ended long ago.
pub(crate) async fn vendor(folder: &Path) -> (Postfix, Postfix, Mailbox) {
    let boxes = folder.join("boxes");
    fs::create_dir(&boxes).expect("a folder");
    owned_by("nobody", &boxes);
    let lapsed = folder.join("lapsed.pem");
    fs::write(&lapsed, lapsed_certificate()).expect("a file");
    let nobody = run("id", &["-u", "nobody"]);
    let nobody = nobody.trim();
    let vendor = format!(
        "compatibility_level = 3.6\nmyhostname = mx.acme-vendor.org\ninet_interfaces = {VENDOR}\nmydestination =\n\
         mynetworks = 127.0.0.0/8\nalias_maps =\nlocal_transport = error:none\n\
         virtual_mailbox_domains = acme-vendor.org grey-vendor.org\n\
         virtual_mailbox_base = {boxes}\nvirtual_uid_maps = static:{nobody}\nvirtual_gid_maps = static:{nobody}\n\
         virtual_mailbox_maps = inline:{{ support@acme-vendor.org=support/, ada@acme-vendor.org=ada/, \
         support@grey-vendor.org=grey/ }}\n\
         relay_domains = late-vendor.org\ntransport_maps = inline:{{ late-vendor.org=smtp:[{BEHIND}] }}\n\
         smtpd_relay_restrictions = reject_unauth_destination\n\
         smtpd_recipient_restrictions = check_recipient_access inline:{{ grey-vendor.org=grey }}\n\
         smtpd_restriction_classes = grey\ngrey = check_policy_service inet:{POSTGREY}\n\
         smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {lapsed}\nqueue_run_delay = 1s\n\
         minimal_backoff_time = 1s\nsmtp_bind_address = {VENDOR}\n",
        boxes = boxes.display(),
        lapsed = lapsed.display(),
    );
    let behind = format!(
        "compatibility_level = 3.6\nmyhostname = store.late-vendor.org\ninet_interfaces = {BEHIND}\nmydestination =\n\
         alias_maps =\nlocal_transport = error:none\nvirtual_mailbox_domains = late-vendor.org\n\
         virtual_mailbox_maps = inline:{{ nobody@late-vendor.org=x }}\nsmtpd_relay_restrictions = \
         reject_unauth_destination\n"
    );
    let vendor = Postfix::start(folder, "vendor", &vendor).await;
    let behind = Postfix::start(folder, "behind", &behind).await;
    (vendor, behind, Mailbox(boxes))
}

impl Postfix {
    async fn start(folder: &Path, name: &str, main: &str) -> Self {
        let own = folder.join(name);
        fs::create_dir(&own).expect("a folder");
        let (conf, spool, data) = (own.join("conf"), own.join("spool"), own.join("data"));
        for folder in [&conf, &spool, &data] {
            fs::create_dir(folder).expect("a folder");
        }
        owned_by("postfix", &data);
        let places = format!(
            "queue_directory = {}\ndata_directory = {}\nmaillog_file = {}\nmaillog_file_prefixes = {}\n",
            spool.display(),
            data.display(),
            own.join("log").display(),
            own.display()
        );
        fs::write(conf.join("main.cf"), format!("{main}{places}")).expect("a file");
        fs::write(conf.join("master.cf"), MASTER).expect("a file");
        run("postfix", &["-c", conf.to_str().expect("a plain path"), "start"]);
        let first = main.lines().find_map(|line| line.strip_prefix("inet_interfaces = "));
        let first = first.and_then(|list| list.split(',').next()).expect("an address");
        listening(format!("{first}:25").parse().expect("an address")).await;
        Self(conf)
    }
}

/// Debian's, without cages: what is looked up in files is nothing of the machine's.
const MASTER: &str = "\
smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

async fn listening(address: SocketAddr) {
    until("it listens", async || TcpStream::connect(address).is_ok()).await;
}

fn owned_by(user: &str, path: &Path) {
    let number = |option| run("id", &[option, user]).trim().parse().ok();
    chown(path, number("-u"), number("-g")).expect("root may");
}

/// In one file: the key, then the certificate.
fn lapsed_certificate() -> String {
    let key = KeyPair::generate().expect("a key");
    let mut parameters = CertificateParams::new(vec!["another.example".to_owned()]).expect("a name");
    parameters.not_before = date_time_ymd(2019, 1, 1);
    parameters.not_after = date_time_ymd(2020, 1, 1);
    let certificate = parameters.self_signed(&key).expect("a certificate");
    key.serialize_pem() + certificate.pem().as_str()
}
