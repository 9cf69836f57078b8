//! A portal that is configured to look at contacts does so with the real prober: in a network namespace where port 25
//! and global addresses are to be had. Elsewhere only what the DNS alone tells is looked for.

use domain::policy::Policy;
use mail_farm::{Farm, Situation, World, table, world};
use portal_tests::Portal;
use reachability::Identity;
use serde_json::json;
use server::config::Reachability;
use std::process::ExitCode;

/// What owners are shown of each reason.
const SHOWN: [(&str, &str); 5] = [
    ("RECIPIENT_TAKEN", "fine"),
    ("GREYLISTED", "unknown"),
    ("NO_MAILBOX", "unreachable"),
    ("NULL_MX", "unreachable"),
    ("NON_GLOBAL", "unreachable"),
];

fn main() -> ExitCode {
    world::enter(|world| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        runtime.block_on(play(world))
    })
}

/// The first situation of the table that ends with this reason at the first look, at an address a vendor may name.
fn chosen(reason: &str) -> Situation {
    let policy = Policy::default();
    let fits = |situation: &Situation| {
        situation.elsewhere.is_none()
            && situation.wants.first().is_some_and(|want| want.reason == reason)
            && domain::address::Address::parse(&situation.to, &policy).is_ok()
    };
    table::situations().into_iter().find(fits).expect("the table has one")
}

async fn play(world: World) -> ExitCode {
    let is_told = |reason: &str| world == World::Namespace || reason == "NULL_MX";
    let shown: Vec<_> = SHOWN.into_iter().filter(|(reason, _)| is_told(reason)).collect();
    let situations: Vec<_> = shown.iter().map(|(reason, _)| chosen(reason)).collect();
    let farm = Farm::start(world, &situations, 1).await.expect("the farm starts");
    let identity = Identity::new("probe.portal-mail.org", "bounces@portal-mail.org", &Policy::default());
    let reachability = Reachability {
        identity: identity.expect("an identity"),
        resolver: Some(farm.resolver()),
        own: Vec::new(),
        egress_check: Vec::new(),
        checks_per_hour: 1_000,
    };
    let portal = Portal::configured(|config| config.reachability = Some(reachability)).await;
    let mut findings = Vec::new();
    for (number, (situation, (reason, verdict))) in situations.iter().zip(&shown).enumerate() {
        let vendor = portal.vendor(&format!("vendor{number}")).await;
        let body = json!({ "vendor_name": format!("Vendor {number}"), "contact_email": situation.to });
        let account = vendor.api.post("/v1/production-accounts", &body).expect(201).await.text("/id");
        let path = format!("/v1/production-accounts/{account}");
        portal_tests::until("it is looked at", async || {
            vendor.api.get(&path).expect(200).await.body["contact"]["checked"].is_object()
        })
        .await;
        let checked = vendor.api.get(&path).expect(200).await.body["contact"]["checked"].clone();
        if (&checked["reason"], &checked["verdict"]) != (&json!(reason.to_lowercase()), &json!(verdict)) {
            findings.push(format!("{} {}: {checked}", situation.number, situation.title));
        }
    }
    findings.extend(farm.journal().complaints());
    for finding in &findings {
        eprintln!("{finding}");
    }
    eprintln!(
        "{} contacts ({world:?}) looked at by the portal itself in {} conversations; {} differences",
        shown.len(),
        farm.journal().all_conversations(),
        findings.len()
    );
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
