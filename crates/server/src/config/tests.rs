use super::*;

fn file(text: &str) -> Sources {
    Sources { file: Some(("portal.toml".into(), text.to_owned())), ..Sources::default() }
}

fn with(mut sources: Sources, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    sources.environment = owned(environment);
    sources.flags = owned(flags);
    sources
}

fn origin_of(settings: &Settings, name: &str) -> String {
    settings.0.iter().find(|setting| setting.key.name == name).expect("a known key").origin.to_string()
}

fn complaint(sources: &Sources) -> String {
    Config::load(sources).err().expect("refused").to_string()
}

const DEVELOPMENT: &str = "mode = \"development\"\n";

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let sources = with(
        file(
            "mode = \"development\"\ndata_dir = \"/file\"\n[http]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[log]\nlevel = \"warn\"\n",
        ),
        &[("PORTAL_HTTP__LISTEN", "127.0.0.1:2"), ("PORTAL_DATA_DIR", "/environment")],
        &[("http.listen", "127.0.0.1:3")],
    );
    let settings = Settings::resolve(&sources).expect("valid");
    assert_eq!(settings.text("http.listen"), Some("127.0.0.1:3"));
    assert_eq!(settings.text("data_dir"), Some("/environment"));
    assert_eq!(settings.integer("http.workers"), 3);
    assert_eq!(settings.text("log.format"), Some("json"));
    assert_eq!(origin_of(&settings, "http.listen"), "flag");
    assert_eq!(origin_of(&settings, "data_dir"), "environment PORTAL_DATA_DIR");
    assert_eq!(origin_of(&settings, "http.workers"), "file portal.toml");
    assert_eq!(origin_of(&settings, "log.format"), "default");
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one_in_every_layer() {
    assert!(
        complaint(&file("[http]\nlisen = \"x\"\n"))
            .contains("http.lisen (file portal.toml); the nearest known one is http.listen")
    );
    assert!(complaint(&file("moed = \"x\"\n")).contains("the nearest known one is mode"));
    let environment = with(Sources::default(), &[("PORTAL_SMTP__ULR", "x")], &[]);
    assert!(complaint(&environment).contains("PORTAL_SMTP__ULR; the nearest known one is PORTAL_SMTP__URL"));
    let flag = with(Sources::default(), &[], &[("log.levle", "x")]);
    assert!(complaint(&flag).contains("log.levle (flag); the nearest known one is log.level"));
}

#[test]
fn all_complaints_come_at_once() {
    let text = complaint(&file(
        "mode = \"test\"\n[http]\nworkers = -1\n[log]\nlevel = 3\n[policy]\nlarge_calls = 1.5\n",
    ));
    for key in ["mode", "http.workers", "log.level", "policy.large_calls"] {
        assert!(text.contains(&format!("{key} (file portal.toml) must be")), "{key} is missing in: {text}");
    }
}

#[test]
fn a_secret_can_be_read_from_a_file_and_is_never_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("relay");
    std::fs::write(&path, "smtp://portal:hunter2@relay.example.org:587\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    for sources in [
        with(Sources::default(), &[("PORTAL_SMTP__URL_FILE", path)], &[]),
        file(&format!("[smtp]\nurl_file = \"{path}\"\n")),
    ] {
        let settings = Settings::resolve(&sources).expect("valid");
        assert_eq!(settings.text("smtp.url"), Some("smtp://portal:hunter2@relay.example.org:587"));
        let shown = show(&settings);
        assert!(shown.contains("smtp.url = (secret)"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_secret_given_twice_in_one_layer_is_refused() {
    let sources = with(
        Sources::default(),
        &[("PORTAL_SMTP__URL", "smtp://a"), ("PORTAL_SMTP__URL_FILE", "/dev/null")],
        &[],
    );
    assert!(complaint(&sources).contains("given twice"));
}

#[test]
fn a_file_that_is_not_toml_is_told_by_line_without_quoting_it() {
    let text = complaint(&file("mode = \"development\"\n[smtp]\nurl = smtp://portal:hunter2@relay\n"));
    assert!(text.contains("line 3"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn production_needs_a_relay_an_origin_and_real_mail_domains() {
    let text = complaint(&file("[mail]\nreserved_domains = [\"demo.test\"]\n"));
    for needed in [
        "smtp.url is needed in production mode",
        "http.base_url is needed",
        "mail.reserved_domains must be empty",
    ] {
        assert!(text.contains(needed), "{needed} is missing in: {text}");
    }
}

#[test]
fn production_refuses_a_plain_http_origin_and_any_mode_refuses_a_path() {
    assert!(
        complaint(&file("[http]\nbase_url = \"http://portal.example.org\"\n"))
            .contains("http.base_url must be an origin")
    );
    let with_path = format!("{DEVELOPMENT}[http]\nbase_url = \"https://portal.example.org/portal\"\n");
    assert!(complaint(&file(&with_path)).contains("http.base_url must be an origin"));
}

#[test]
fn a_complete_production_configuration_is_accepted() {
    let config = Config::load(&file(
        "[http]\nbase_url = \"https://portal.example.org\"\n[smtp]\nurl = \"smtps://relay.example.org\"\nfrom = \"portal@example.org\"\n",
    ))
    .expect("valid");
    assert_eq!(config.mode, Mode::Production);
    assert_eq!(config.base_url.as_deref(), Some("https://portal.example.org"));
    assert_eq!(config.keyring, std::path::Path::new("/var/lib/devportal/keyring.toml"));
}

#[test]
fn contacts_are_looked_at_from_when_there_is_a_name_to_greet_with() {
    let looking = |text: &str| {
        let text = format!("{DEVELOPMENT}[reachability]\n{text}\n");
        Config::load(&file(&text)).expect("valid").reachability
    };
    let helo = "helo = \"probe.portal-mail.org\"";
    assert!(looking("").is_none());
    let on = looking(&format!("{helo}\negress_check = [\"192.0.2.1\", \"2001:db8::1\"]")).expect("on");
    assert_eq!((on.egress_check.len(), on.own.len(), on.checks_per_hour), (2, 0, 1_000));
    assert!(looking(&format!("enabled = \"on\"\n{helo}")).is_some());
    assert!(looking(&format!("enabled = \"off\"\n{helo}")).is_none());
}

#[test]
fn looking_needs_a_public_name_a_plain_sender_and_addresses() {
    let refused = |text: &str| complaint(&file(&format!("{DEVELOPMENT}[reachability]\n{text}\n")));
    assert!(refused("enabled = \"on\"").contains("reachability.helo is needed"));
    assert!(refused("helo = \"localhost\"").contains("must be a full host name of the public DNS"));
    let sender = refused("helo = \"probe.portal-mail.org\"\nsender = \"postmaster\"");
    assert!(sender.contains("the sender must be a plain mail address"), "{sender}");
    let all = refused("own = [\"here\"]\negress_check = [\"mx.a.org\"]\nresolver = \"ns.a.org\"");
    for key in ["own must be a list", "egress_check must be a list", "resolver must be an IP address"] {
        assert!(all.contains(&format!("reachability.{key}")), "{key} is missing in: {all}");
    }
}

#[test]
fn the_default_policy_is_the_domains() {
    let config = Config::load(&file(DEVELOPMENT)).expect("valid");
    assert_eq!(config.policy, Policy::default());
}

#[test]
fn the_commented_file_parses_to_what_was_given_and_names_every_key() {
    let given =
        [("mode", Value::Text("development".into())), ("http.listen", Value::Text("127.0.0.1:9".into()))];
    let text = commented_file(&given);
    let settings = Settings::resolve(&file(&text)).expect("valid");
    assert_eq!(settings.text("http.listen"), Some("127.0.0.1:9"));
    assert_eq!(origin_of(&settings, "mode"), "file portal.toml");
    assert_eq!(origin_of(&settings, "log.level"), "default");
    for key in key::KEYS {
        assert!(text.contains(&format!("{} = ", key.leaf())), "{} is not explained", key.name);
    }
}

#[test]
fn every_default_satisfies_its_own_rule() {
    let settings = Settings::resolve(&Sources::default()).expect("the defaults are valid");
    for (setting, key) in settings.0.iter().zip(key::KEYS) {
        assert_eq!(setting.value.is_some(), key.default.is_some(), "{}", key.name);
    }
}

#[test]
fn the_readme_lists_every_key_with_its_default() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (begin, end) = ("config/tests.rs -->\n", "<!-- end of configuration -->");
    let (before, rest) = readme.split_once(begin).expect("the mark before the table");
    let (_, after) = rest.split_once(end).expect("the mark behind the table");
    let expected = format!("{before}{begin}{}{end}{after}", super::render::markdown_table());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).expect("README.md is writable");
        return;
    }
    assert!(readme == expected, "the table in README.md is stale: run this test once with UPDATE_EXPECT=1");
}

#[test]
fn a_list_of_domains_that_cannot_be_read_is_told_by_key_and_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("deny");
    std::fs::write(&path, "throw.com\nada@throw.com\n").expect("written");
    let path = path.display();
    let lists = format!("disposable_deny = \"{path}\"\ndisposable_allow = \"{path}.none\"\n");
    let text = complaint(&file(&format!("{DEVELOPMENT}[mail]\n{lists}")));
    assert!(text.contains(&format!("mail.disposable_deny ({path}): line 2 is no domain")), "{text}");
    assert!(text.contains("mail.disposable_allow") && text.contains("No such file"), "{text}");
}
