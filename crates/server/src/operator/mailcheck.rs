//! `devportal mailcheck`

use crate::{config::disposable, exit::Failure, prober};
use app::{clock::Clock, ids::Ids};
use domain::policy::Policy;
use reachability::{Contact, Evidence, Finding, Identity, Occasion, Verdict};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Exit codes of this command mean the general ones: 0 a server takes mail for the address (no proof that anybody
/// reads it), 3 it takes none or may not be used, 7 that can't be told now, 2 something is wrong with the options.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The address.
    address: String,
    /// Tell as JSON, one object on one line.
    #[arg(long)]
    json: bool,
    /// Look its mail hosts up and talk to none.
    #[arg(long)]
    names_only: bool,
    /// Resolver to ask; else the one of the system. It should validate DNSSEC.
    #[arg(long, value_name = "IP:PORT")]
    resolver: Option<SocketAddr>,
    /// Full host name to greet mail servers with; else this host's. It should lead to the address we come from, and
    /// that address back to it.
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// Sender named to mail servers; else postmaster at the name above. It should really take bounces.
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// A host whose port 25 is known to answer, to tell a blocked port from dead hosts; may be repeated.
    #[arg(long = "canary", value_name = "IP")]
    canaries: Vec<IpAddr>,
    /// An address of our own that nobody's mail may lead to; may be repeated.
    #[arg(long = "own", value_name = "IP")]
    own: Vec<IpAddr>,
    /// File of further domains that no contact may be at, as `mail.disposable_deny`.
    #[arg(long, value_name = "FILE")]
    disposable_deny: Option<String>,
    /// File of domains that contacts may be at though they are listed, as `mail.disposable_allow`.
    #[arg(long, value_name = "FILE")]
    disposable_allow: Option<String>,
}

/// What was found, and how the command ends.
pub(crate) struct Checked {
    pub(crate) told: String,
    pub(crate) outcome: Result<(), Failure>,
}

/// Checks one address from here.
pub(crate) async fn run(options: &Options) -> Result<Checked, Failure> {
    let policy = policy(options)?;
    let mut checker = prober::checker(options.resolver, identity(options, &policy)?, policy)?;
    checker.canaries.clone_from(&options.canaries);
    checker.own.clone_from(&options.own);
    checker.asks_hosts = !options.names_only;
    let finding = checker.check(&options.address, &occasion()).await;
    let contact = Contact::parse(&options.address, &checker.policy).ok();
    let meant = domain::address::domain_meant(&options.address);
    let told = if options.json {
        in_json(&finding, contact.as_ref(), meant.as_deref())
    } else {
        in_words(&finding, meant.as_deref())
    };
    Ok(Checked { told, outcome: outcome(&finding) })
}

fn policy(options: &Options) -> Result<Policy, Failure> {
    let mut complaints = Vec::new();
    let file_of = |name: &str| match name {
        "mail.disposable_deny" => options.disposable_deny.as_deref(),
        "mail.disposable_allow" => options.disposable_allow.as_deref(),
        _ => None,
    };
    let disposable_domains = disposable::from_files(file_of, &mut complaints);
    if !complaints.is_empty() {
        return Err(Failure::Usage(complaints.join("; ")));
    }
    Ok(Policy { disposable_domains, ..Policy::default() })
}

fn identity(options: &Options, policy: &Policy) -> Result<Identity, Failure> {
    let of_this_host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    let helo = options.helo.clone().unwrap_or_else(of_this_host);
    let sender = options.sender.clone().unwrap_or_else(|| format!("postmaster@{helo}"));
    Identity::new(&helo, &sender, policy)
        .map_err(|error| Failure::Usage(format!("{error}; see --helo and --sender")))
}

fn occasion() -> Occasion {
    let since_epoch = Clock::System.now().timestamp();
    Occasion {
        lot: Ids::Os.v4().as_u128(),
        now: Duration::from_secs(u64::try_from(since_epoch).unwrap_or_default()),
    }
}

fn outcome(finding: &Finding) -> Result<(), Failure> {
    let reason = finding.reason.code();
    match finding.verdict() {
        Verdict::Accepted | Verdict::Confirmed => Ok(()),
        Verdict::Unreachable | Verdict::RejectedInput | Verdict::UnsafeTarget | Verdict::Degraded => {
            Err(Failure::Refused(format!("the address is no contact to rely on ({reason})")))
        }
        Verdict::TempFail | Verdict::Indeterminate | Verdict::PolicyRefused => Err(Failure::Unavailable(
            format!("it can't be told now whether the address takes mail ({reason})"),
        )),
    }
}

fn in_words(finding: &Finding, meant: Option<&str>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let mut line = |what: &str, is: &str| writeln!(text, "{what:<9} {is}").unwrap_or_default();
    line("verdict", &format!("{} ({})", finding.verdict().code(), finding.reason.code()));
    line("", finding.reason.words());
    if let Some(meant) = meant {
        line("note", &format!("did you mean {meant}?"));
    }
    for flag in &finding.flags {
        line("note", &format!("{}: {}", flag.code(), flag.words()));
    }
    for evidence in &finding.evidence {
        line("asked", &told_by(evidence));
    }
    text
}

fn told_by(evidence: &Evidence) -> String {
    let Evidence { host, address, reason, stage, code, enhanced, text, tls } = evidence;
    let under = if *tls { " under TLS" } else { "" };
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    let enhanced = enhanced.as_ref().map(|enhanced| format!(" {enhanced}")).unwrap_or_default();
    let text = if text.is_empty() { String::new() } else { format!(" {text}") };
    format!("{host} at {address}{under}: {} at {}:{code}{enhanced}{text}", reason.code(), stage.code())
}

fn in_json(finding: &Finding, contact: Option<&Contact>, meant: Option<&str>) -> String {
    let evidence: Vec<Value> = finding.evidence.iter().map(evidence_in_json).collect();
    let flags: Vec<Value> =
        finding.flags.iter().map(|flag| json!({ "code": flag.code(), "advice": flag.words() })).collect();
    let told = json!({
        "verdict": finding.verdict().code(),
        "reason": finding.reason.code(),
        "advice": finding.reason.words(),
        "domain": contact.map(Contact::domain),
        "domain_as_read": contact.map(Contact::domain_as_read),
        "did_you_mean": meant,
        "flags": flags,
        "evidence": evidence,
        "believed_for_seconds": finding.believed_for.map(|time| time.as_secs()),
        "mail_hosts": finding.signals.mail_hosts,
        "name_servers": finding.signals.name_servers,
        "dns_questions": finding.queries,
    });
    format!("{told}\n")
}

fn evidence_in_json(evidence: &Evidence) -> Value {
    json!({
        "host": evidence.host,
        "address": evidence.address,
        "reason": evidence.reason.code(),
        "stage": evidence.stage.code(),
        "code": evidence.code,
        "enhanced_code": evidence.enhanced,
        "text": evidence.text,
        "tls": evidence.tls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    async fn checked(arguments: &[&str]) -> Result<Checked, Failure> {
        let helo = if arguments.contains(&"--helo") { &[][..] } else { &["--helo", "probe.portal-mail.org"] };
        let line = ["mailcheck", "--resolver", "127.0.0.1:1"];
        let line = Line::parse_from(line.iter().chain(helo).chain(arguments));
        run(&line.options).await
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_told_in_words_without_repeating_it() {
        let checked = checked(&["ada@vendor.test"]).await.expect("checked");
        assert!(
            checked.told.starts_with("verdict   REJECTED_INPUT (NO_PUBLIC_DOMAIN)\n"),
            "{}",
            checked.told
        );
        assert!(!checked.told.contains("ada"), "{}", checked.told);
        let failure = checked.outcome.expect_err("no contact");
        assert!(matches!(&failure, Failure::Refused(text) if !text.contains("ada")), "{failure}");
    }

    #[tokio::test]
    async fn json_is_one_object_on_one_line() {
        let checked = checked(&["--json", "ada@[192.0.2.1]"]).await.expect("checked");
        let told: Value = serde_json::from_str(checked.told.trim_end()).expect("JSON");
        assert_eq!(
            (told["verdict"].as_str(), told["reason"].as_str()),
            (Some("REJECTED_INPUT"), Some("ADDRESS_LITERAL"))
        );
        assert_eq!(checked.told.matches('\n').count(), 1);
    }

    #[tokio::test]
    async fn a_slip_of_the_pen_is_asked_about() {
        let told = checked(&["ada@gmial.com"]).await.expect("checked").told;
        assert!(told.contains("note      did you mean gmail.com?\n"), "{told}");
        let told = checked(&["--json", "ada@vendor.con"]).await.expect("checked").told;
        let told: Value = serde_json::from_str(told.trim_end()).expect("JSON");
        assert_eq!(
            (told["verdict"].as_str(), told["did_you_mean"].as_str()),
            (Some("REJECTED_INPUT"), Some("vendor.com"))
        );
    }

    #[tokio::test]
    async fn the_operators_exceptions_from_the_list_of_throw_away_providers_count_here_too() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "vendor.org\nmailinator.com\n").expect("written");
        let list = file.path().to_str().expect("a path");
        let denied = checked(&["--disposable-deny", list, "ada@vendor.org"]).await.expect("checked");
        assert!(denied.told.contains("DISPOSABLE"), "{}", denied.told);
        let allowed = checked(&["--disposable-allow", list, "ada@mailinator.com"]).await.expect("checked");
        assert!(!allowed.told.contains("DISPOSABLE"), "{}", allowed.told);
        let missing = checked(&["--disposable-allow", "/nowhere/list", "ada@vendor.org"]).await;
        assert!(
            matches!(missing, Err(Failure::Usage(text)) if text.contains("mail.disposable_allow (/nowhere/list)"))
        );
    }

    #[tokio::test]
    async fn a_resolver_that_is_not_there_says_nothing_about_the_address() {
        let checked = checked(&["ada@vendor.org"]).await.expect("checked");
        assert!(checked.told.contains("TEMPFAIL (DNS_TIMEOUT)"), "{}", checked.told);
        assert!(matches!(checked.outcome, Err(Failure::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_name_to_greet_with_is_a_full_public_one() {
        for helo in ["vm", "localhost", "probe.test", "192.0.2.1"] {
            let refused = checked(&["--helo", helo, "ada@vendor.org"]).await;
            assert!(matches!(refused, Err(Failure::Usage(_))), "{helo}");
        }
    }
}
