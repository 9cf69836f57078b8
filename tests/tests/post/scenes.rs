//! What is played: each scene is one vendor whose contact lives with a mail server of its own kind.

use crate::{
    mailbox::Mailbox,
    network::{RELAY, RESOLVER},
    parts::{self, BOUNCE_DOMAINS, RELAY_NAME},
};
use domain::policy::Policy;
use portal_tests::{Api, PASSWORD, Portal, until};
use reachability::Identity;
use serde_json::{Value, json};
use server::config::{Config, Inbound, Reachability, Smtp};
use std::{
    fs::{self, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    process::ExitCode,
};

/// The vendor's own mailbox.
const ADA: &str = "ada@acme-vendor.org";

struct Stage {
    portal: Portal,
    vendor: Api,
    boxes: Mailbox,
}

pub(crate) async fn play() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    // Mail servers that are not root come by.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("root may");
    let _names = parts::names(folder.path()).await;
    let _greylisting = parts::greylisting(folder.path()).await;
    let (_vendor, _behind, boxes) = parts::vendor(folder.path()).await;
    let portal = Portal::configured(configure).await;
    let _relay = parts::relay(folder.path(), portal.inbound_address()).await;
    let vendor = signed_up(&portal, &boxes).await;
    let stage = Stage { portal, vendor, boxes };
    stage.codes_from_two_senders_prove_a_mailbox().await;
    stage.a_mailbox_that_does_not_exist_is_told_by_the_relays_own_report().await;
    stage.mail_that_is_refused_behind_a_server_that_took_it_comes_back_from_there().await;
    stage.a_server_that_greylists_is_waited_for_and_told_from_a_dead_one().await;
    let counted = stage.staff_see_that_two_mails_came_back().await;
    eprintln!("4 contacts among Postfix, Postgrey and NSD; came back: {counted}");
    ExitCode::SUCCESS
}

fn configure(config: &mut Config) {
    config.policy.reserved_mail_domains.clear();
    let inbound = Inbound {
        bounce_domain: BOUNCE_DOMAINS[0].to_owned(),
        maildir: None,
        listen: Some(([127, 0, 0, 1], 0).into()),
    };
    config.smtp = Some(Smtp {
        url: "smtp://127.0.0.1:25".to_owned(),
        from: "Developer Portal <portal@portal-mail.org>".to_owned(),
        second_domain: Some(BOUNCE_DOMAINS[1].to_owned()),
        inbound: Some(inbound),
    });
    config.reachability = Some(Reachability {
        identity: Identity::new(RELAY_NAME, "probe@portal-mail.org", &Policy::default())
            .expect("an identity"),
        resolver: Some(SocketAddr::new(RESOLVER.parse().expect("an address"), 53)),
        own: vec![RELAY.parse().expect("an address")],
        egress_check: Vec::new(),
        checks_per_hour: 1_000,
    });
}

/// A developer who reads the code of the sign-up in a mailbox of their own.
async fn signed_up(portal: &Portal, boxes: &Mailbox) -> Api {
    let anonymous = portal.anonymous();
    let sign_up = anonymous.sign_up(ADA).await;
    let code = boxes.below("ada").code(1).await;
    anonymous.prove(&sign_up, &code).await.must_be(201);
    let session = anonymous.sign_in(ADA, PASSWORD).await;
    session.must_be(201);
    portal.api().with_token(&session.text("/token"))
}

impl Stage {
    /// Opens an account with such a contact and asks for its code; the path of the account.
    async fn account(&self, name: &str, contact: &str) -> String {
        let body = json!({ "vendor_name": name, "contact_email": contact });
        let account = self.vendor.post("/v1/production-accounts", &body).expect(201).await.text("/id");
        let path = format!("/v1/production-accounts/{account}");
        self.vendor.post(&format!("{path}/contact/challenges"), &json!({})).expect(202).await;
        path
    }

    async fn contact(&self, path: &str) -> Value {
        self.vendor.get(path).expect(200).await.body["contact"].clone()
    }

    async fn answer(&self, path: &str, code: &str) {
        let challenge = self.contact(path).await["challenge"]["id"].as_str().expect("an id").to_owned();
        let proof = format!("{path}/contact/challenges/{challenge}/proof");
        self.vendor.post(&proof, &json!({ "code": code })).expect(200).await;
    }

    async fn until_bounced(&self, path: &str) -> Value {
        until("the mail has come back", async || self.contact(path).await["bounced"].is_object()).await;
        self.contact(path).await
    }

    async fn until_checked(&self, path: &str) -> Value {
        until("it was looked at", async || self.contact(path).await["checked"].is_object()).await;
        self.contact(path).await["checked"].clone()
    }

    /// The server's certificate ended long ago and names another; mail is taken all the same.
    async fn codes_from_two_senders_prove_a_mailbox(&self) {
        let path = self.account("Acme", "support@acme-vendor.org").await;
        let support = self.boxes.below("support");
        assert_eq!(self.until_checked(&path).await["verdict"], "fine");
        self.answer(&path, &support.code(1).await).await;
        self.answer(&path, &support.code(2).await).await;
        let shown = self.contact(&path).await;
        assert_eq!((&shown["state"], &shown["open_to_strangers"]), (&json!("proven"), &json!(true)));
        let [first, second] = [support.mail(1).await, support.mail(2).await];
        let header = |name| [first.header(name), second.header(name)].map(Option::unwrap_or_default);
        let [usual, rotated] = header("From");
        assert!(usual.ends_with("<portal@portal-mail.org>"), "{usual}");
        assert!(rotated.contains("<contact-") && rotated.ends_with("@second-mail.net>"), "{rotated}");
        let [usual, rotated] = header("Return-Path");
        assert!(usual.contains("@bounces.portal-mail.org"), "{usual}");
        assert!(rotated.contains("@second-mail.net"), "{rotated}");
        let [received, _] = header("Received");
        assert!(received.contains("with ESMTPS"), "the relay delivers by TLS where it can: {received}");
    }

    async fn a_mailbox_that_does_not_exist_is_told_by_the_relays_own_report(&self) {
        let path = self.account("Nobody There", "help@acme-vendor.org").await;
        let shown = self.until_bounced(&path).await;
        assert_eq!(
            (&shown["state"], &shown["bounced"]["cause"]),
            (&json!("unreachable"), &json!("no_mailbox"))
        );
        assert_eq!(shown["bounced"]["status"], "5.1.1");
        assert_eq!(self.until_checked(&path).await["reason"], "no_mailbox");
    }

    async fn mail_that_is_refused_behind_a_server_that_took_it_comes_back_from_there(&self) {
        let path = self.account("Late", "support@late-vendor.org").await;
        assert_eq!(
            self.until_checked(&path).await["verdict"],
            "fine",
            "the server in front takes everything"
        );
        let shown = self.until_bounced(&path).await;
        assert_eq!(
            (&shown["state"], &shown["bounced"]["cause"]),
            (&json!("unreachable"), &json!("no_mailbox"))
        );
    }

    async fn a_server_that_greylists_is_waited_for_and_told_from_a_dead_one(&self) {
        let path = self.account("Grey", "support@grey-vendor.org").await;
        let checked = self.until_checked(&path).await;
        assert_eq!((&checked["verdict"], &checked["reason"]), (&json!("unknown"), &json!("greylisted")));
        self.answer(&path, &self.boxes.below("grey").code(1).await).await;
        assert_eq!(self.contact(&path).await["state"], "proven");
    }

    async fn staff_see_that_two_mails_came_back(&self) -> Value {
        let staff = self.portal.staff_at("staff@portal-mail.org", "reader").await;
        let room = staff.api.get("/v1/staff/mail").expect(200).await;
        assert_eq!(room.body["returned"], json!([{ "outcome": "recorded", "count": 2 }]));
        room.body["returned"].clone()
    }
}

impl Mailbox {
    fn below(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }
}
