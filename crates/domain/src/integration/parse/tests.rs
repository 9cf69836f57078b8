//! Spellings are those vendors really use: their guides, public repositories and registration requests.

use super::*;
use crate::integration::{
    facts::{LtiDraft, Missing, Placement, Rest, SigningAlg},
    placements,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn draft(kinds: &[&str]) -> Draft {
    Draft { name: "Quiz".to_owned(), kinds: owned(kinds), ..Draft::default() }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn lti(part: LtiDraft) -> Draft {
    Draft { lti: Some(part), ..draft(&["lti13"]) }
}

fn rest(part: Rest) -> Draft {
    Draft { rest: Some(part), ..draft(&["rest"]) }
}

fn everywhere(url: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("default".to_owned(), url.to_owned())])
}

fn placement(placement_type: &str) -> Placement {
    Placement {
        placement_type: placement_type.to_owned(),
        name: None,
        description: None,
        handle: None,
        target_link_uri: None,
        icon_url: None,
        message_type: None,
        allow_students: None,
        custom_parameters: BTreeMap::new(),
    }
}

/// Pointer and code of every error, as `/pointer code`.
fn refusals(draft: Draft) -> Vec<String> {
    match parse(draft) {
        Ok((facts, _)) => panic!("accepted: {facts:?}"),
        Err(errors) => errors.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect(),
    }
}

fn fix(draft: Draft) -> Option<String> {
    let errors = parse(draft).expect_err("refused");
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.into_iter().next().and_then(|error| error.fix)
}

fn accepted(draft: Draft) -> (Facts, Vec<Note>) {
    parse(draft).unwrap_or_else(|errors| panic!("refused: {errors:?}"))
}

/// What was read, and the pointers of the notes.
fn noted(draft: Draft) -> (Facts, Vec<String>) {
    let (facts, notes) = accepted(draft);
    (facts, notes.into_iter().map(|note| note.pointer).collect())
}

fn host(typed: &str) -> Draft {
    Draft { hosts: owned(&[typed]), ..draft(&["rest"]) }
}

fn redirect(typed: &str) -> Draft {
    lti(LtiDraft { redirect_uris: owned(&[typed]), ..LtiDraft::default() })
}

// Name and kinds

#[test]
fn name_and_kind_suffice() {
    let (facts, notes) = accepted(draft(&["rest", "lti13"]));
    assert_eq!(facts.kinds, [Kind::Lti13, Kind::Rest]);
    assert_eq!((facts.lti, facts.rest, notes), (None, None, Vec::new()));
}

#[test]
fn a_name_is_brought_into_normal_form_and_told() {
    let (facts, notes) = noted(Draft { name: "  Quiz   Maker ".to_owned(), ..draft(&["rest"]) });
    assert_eq!((facts.name.as_str(), notes), ("Quiz Maker", owned(&["/name"])));
    assert_eq!(refusals(Draft { name: "   ".to_owned(), ..draft(&["rest"]) }), ["/name name.empty"]);
    let long = Draft { name: "x".repeat(101), ..draft(&["rest"]) };
    assert_eq!(refusals(long), ["/name name.too_long"]);
}

#[test]
fn every_broken_field_is_told_at_once() {
    let broken = Draft {
        name: String::new(),
        description: Some("x".repeat(451)),
        hosts: owned(&["localhost", "tool.example.com", "10.0.0.1"]),
        support_url: Some("http://tool.example.com".to_owned()),
        ..draft(&["soap"])
    };
    assert_eq!(
        refusals(broken),
        [
            "/name name.empty",
            "/kinds/0 kind.unknown",
            "/description text.too_long",
            "/hosts/0 host.not_public",
            "/hosts/2 host.ip_literal",
            "/support_url url.not_https",
        ]
    );
}

#[test]
fn kinds_are_known_by_their_usual_spellings() {
    let (facts, notes) = noted(draft(&["LTI 1.3", "REST"]));
    assert_eq!((facts.kinds, notes), (vec![Kind::Lti13, Kind::Rest], owned(&["/kinds/0", "/kinds/1"])));
    assert_eq!(refusals(draft(&[])), ["/kinds kind.missing"]);
    assert_eq!(fix(draft(&["lti"])).as_deref(), Some("lti13"));
    assert_eq!(fix(draft(&["rset"])).as_deref(), Some("rest"));
}

#[test]
fn lti_1_1_is_refused_with_the_reason() {
    for typed in ["lti11", "LTI 1.1", "lti_1.0", "lti1"] {
        let errors = parse(draft(&[typed])).expect_err("LTI 1.1");
        assert_eq!((errors[0].code, errors.len()), ("kind.lti11", 1));
        assert!(errors[0].detail.contains("secret shared"), "{}", errors[0].detail);
    }
}

#[test]
fn a_part_needs_its_kind() {
    let rest_only = Draft { lti: Some(LtiDraft::default()), ..draft(&["rest"]) };
    assert_eq!(refusals(rest_only), ["/lti kind.part_without_kind"]);
    let lti_only = Draft { rest: Some(Rest::default()), ..draft(&["lti13"]) };
    assert_eq!(refusals(lti_only), ["/rest kind.part_without_kind"]);
    let unread = Draft { lti: Some(LtiDraft::default()), ..draft(&["lti"]) };
    assert_eq!(refusals(unread), ["/kinds/0 kind.unknown"], "the unread kind may be the one it needs");
}

// Hosts

#[test]
fn a_host_is_read_from_its_harmless_spellings_with_a_note() {
    for (typed, host_read) in [
        ("https://lms.hypothes.is", "lms.hypothes.is"),
        ("https://lti-originality.inspera.com/", "lti-originality.inspera.com"),
        ("HTTP://Tool.Example.COM//", "tool.example.com"),
        (" gradescope.com.au ", "gradescope.com.au"),
        ("tool.example.com.", "tool.example.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("例え。jp", "xn--r8jz45g.jp"),
    ] {
        let (facts, notes) = noted(host(typed));
        assert_eq!(facts.hosts, [host_read]);
        assert_eq!(notes, ["/hosts/0"], "{typed}");
    }
}

#[test]
fn hosts_as_they_should_be_are_taken_without_a_note() {
    for typed in
        ["example.com", "tool.example", "uef.ngrok.io", "bb-lti13-1.kaf.kaltura.com", "r3---sn.example.com"]
    {
        let (facts, notes) = accepted(host(typed));
        assert_eq!((facts.hosts, notes), (owned(&[typed]), Vec::new()));
    }
}

#[test]
fn what_is_no_public_host_is_refused_by_its_own_rule() {
    for (typed, code) in [
        ("", "host.empty"),
        ("   ", "host.empty"),
        ("<tenantshortcode>.rl.talis.com", "host.placeholder"),
        ("{app_domain}", "host.placeholder"),
        ("%(host)s", "host.placeholder"),
        ("[your host].example.com", "host.placeholder"),
        ("*.example.com", "host.wildcard"),
        ("tool.example.com/lti", "host.path"),
        ("tool.example.com?x=1", "host.path"),
        ("tool.example.com:8443", "host.port"),
        ("user@tool.example.com", "host.user"),
        ("ftp://tool.example.com", "host.not_a_host"),
        ("192.0.2.1", "host.ip_literal"),
        ("0x7f.1", "host.ip_literal"),
        ("2130706433", "host.ip_literal"),
        ("[2001:db8::1]", "host.ip_literal"),
        ("2001:db8::1", "host.ip_literal"),
        ("localhost", "host.not_public"),
        ("intranet", "host.not_public"),
        ("tool.localhost", "host.reserved"),
        ("tool.test", "host.reserved"),
        ("tool.invalid", "host.reserved"),
        ("printer.local", "host.reserved"),
        ("tool.nosuchsuffix", "host.unknown_top_level"),
        ("co.uk", "host.public_suffix"),
        ("github.io", "host.public_suffix"),
        ("-tool.example.com", "host.invalid"),
        ("tool..example.com", "host.invalid"),
        ("to ol.example.com", "host.invalid"),
        ("to_ol.example.com", "host.invalid"),
        ("a.com,b.com", "host.invalid"),
    ] {
        assert_eq!(refusals(host(typed)), [format!("/hosts/0 {code}")], "{typed}");
    }
    assert_eq!(refusals(host(&format!("{}.com", "a".repeat(64)))), ["/hosts/0 host.invalid"]);
}

#[test]
fn a_refused_host_comes_with_one_that_would_pass() {
    for (typed, proposal) in [
        ("*.example.com", "example.com"),
        ("tool.example.com/lti", "tool.example.com"),
        ("tool.example.com:8443", "tool.example.com"),
    ] {
        assert_eq!(fix(host(typed)).as_deref(), Some(proposal));
        accepted(host(proposal));
    }
}

#[test]
fn a_host_listed_twice_is_kept_once() {
    let twice = Draft { hosts: owned(&["example.com", "https://EXAMPLE.com"]), ..draft(&["rest"]) };
    let (facts, notes) = noted(twice);
    assert_eq!((facts.hosts, notes), (owned(&["example.com"]), owned(&["/hosts/1", "/hosts/1"])));
}

#[test]
fn fifty_entries_are_a_list_and_one_more_is_too_many() {
    let hosts = |count: usize| (0..count).map(|number| format!("h{number}.example.com")).collect();
    let (facts, _) = accepted(Draft { hosts: hosts(50), ..draft(&["rest"]) });
    assert_eq!(facts.hosts.len(), 50);
    assert_eq!(refusals(Draft { hosts: hosts(51), ..draft(&["rest"]) }), ["/hosts list.too_long"]);
}

// Addresses

#[test]
fn an_address_stays_as_typed_but_for_scheme_and_host() {
    let typed = " HTTPS://Tool.Example.COM:8443/Launch%20It?id=A&b=%7e ";
    let (facts, notes) = noted(redirect(typed));
    assert_eq!(
        facts.lti.expect("the part").redirect_uris,
        ["https://tool.example.com:8443/Launch%20It?id=A&b=%7e"]
    );
    assert_eq!(notes, ["/lti/redirect_uris/0", "/lti/redirect_uris/0"]);
}

#[test]
fn real_addresses_are_taken_without_a_note() {
    for typed in [
        "https://example.com/lti13",
        "https://uef.ngrok.io/launch/",
        "https://lti-originality.inspera.com/",
        "https://example.com",
        "https://example.com?id=1",
        "https://tool.example.com/enrol/lti/login.php?id=2bf7d8f7c1",
        "https://mursion.com/lti13/launch/scenarios/9906b271-ce1b-462b-a5b6-ecc262939b04",
    ] {
        let (facts, notes) = accepted(redirect(typed));
        assert_eq!((facts.lti.expect("the part").redirect_uris, notes), (owned(&[typed]), Vec::new()));
    }
}

#[test]
fn an_address_that_breaks_a_rule_is_refused_by_that_rule() {
    for (typed, code) in [
        ("", "url.empty"),
        ("{wwwroot}/enrol/lti/launch.php", "url.placeholder"),
        ("https://{your_KAF_URL}/hosted/index/oauth2-launch", "url.placeholder"),
        ("https://<host>/launch", "url.placeholder"),
        ("%(base_url)s/launch", "url.placeholder"),
        ("https://[your host]/launch", "url.placeholder"),
        ("https://tool.example.com/[id]/launch", "url.placeholder"),
        ("example placeholder", "url.placeholder"),
        ("http://lod-lti-api.labondemand.com/ltiv13/launch", "url.not_https"),
        ("ftp://tool.example.com/", "url.not_https"),
        ("tool.example.com/launch", "url.no_scheme"),
        ("javascript:alert(1)", "url.no_scheme"),
        ("/launch", "url.no_scheme"),
        ("https:///launch", "url.no_host"),
        ("https://?x", "url.no_host"),
        ("https://user:password@tool.example.com/", "url.user"),
        ("https://@tool.example.com/", "url.user"),
        ("https://tool.example.com/#launch", "url.fragment"),
        ("https://a.example.com/,https://b.example.com/", "url.several"),
        ("https://tool.example.com/a b", "url.not_normal"),
        ("https://tool.example.com/a/../b", "url.not_normal"),
        ("https://tool.example.com\\@evil.example.com/", "url.not_normal"),
        ("https://tool.example.com/ü", "url.not_normal"),
        ("https://tool.example.com/a\u{0}b", "text.control_character"),
        ("https://tool.example.com:99999/", "url.invalid"),
        ("https://127.0.0.1:1455/callback", "host.ip_literal"),
        ("https://[::1]/callback", "host.ip_literal"),
        ("https://[::1]:8443/callback", "host.ip_literal"),
        ("https://localhost:3000/callback", "host.not_public"),
        ("https://tool.internal/callback", "host.reserved"),
        ("https://*.example.com/callback", "host.invalid"),
        ("https://github.io/callback", "host.public_suffix"),
    ] {
        assert_eq!(refusals(redirect(typed)), [format!("/lti/redirect_uris/0 {code}")], "{typed}");
    }
}

#[test]
fn a_refused_address_comes_with_one_that_would_pass() {
    for (typed, proposal) in [
        ("http://tool.example.com/launch", "https://tool.example.com/launch"),
        ("tool.example.com/launch", "https://tool.example.com/launch"),
        ("https://tool.example.com/a b", "https://tool.example.com/a%20b"),
        ("https://tool.example.com/a/../b", "https://tool.example.com/b"),
    ] {
        assert_eq!(fix(redirect(typed)).as_deref(), Some(proposal));
        accepted(redirect(proposal));
    }
    assert_eq!(fix(redirect("javascript:alert(1)")), None);
}

#[test]
fn an_error_never_quotes_a_password_in_an_address() {
    let errors = parse(redirect("https://user:hunter2@tool.example.com/")).expect_err("refused");
    assert!(!format!("{errors:?}").contains("hunter2"));
}

#[test]
fn endpoints_are_checked_region_by_region() {
    let endpoints = BTreeMap::from([
        ("default".to_owned(), "https://tool.example.com/jwks".to_owned()),
        ("eu".to_owned(), "http://eu.example.com/jwks".to_owned()),
        ("a/b".to_owned(), "https://tool.example.com/jwks".to_owned()),
    ]);
    let part = LtiDraft { jwks_uri: endpoints, ..LtiDraft::default() };
    assert_eq!(refusals(lti(part)), ["/lti/jwks_uri/a~1b region.invalid", "/lti/jwks_uri/eu url.not_https"]);
    let empty = LtiDraft { jwks_uri: everywhere(""), ..LtiDraft::default() };
    assert_eq!(refusals(lti(empty)), ["/lti/jwks_uri/default url.empty"]);
}

// Lengths, each at its last character and one beyond

#[test]
fn every_length_has_its_exact_end() {
    type Draw = fn(usize) -> Draft;
    let cases: [(&str, usize, Draw); 11] = [
        ("/description", 450, |chars| Draft { description: Some("é".repeat(chars)), ..draft(&["rest"]) }),
        ("/support_url", 1_024, |chars| Draft { support_url: Some(url_of(chars)), ..draft(&["rest"]) }),
        ("/lti/redirect_uris/0", 1_024, |chars| redirect(&url_of(chars))),
        ("/lti/icon_url", 255, |chars| {
            lti(LtiDraft { icon_url: Some(url_of(chars)), ..LtiDraft::default() })
        }),
        ("/lti/placements/0/name", 50, |chars| placed(|it| it.name = Some("x".repeat(chars)))),
        ("/lti/placements/0/description", 1_000, |chars| {
            placed(|it| it.description = Some("x".repeat(chars)))
        }),
        ("/lti/placements/0/handle", 32, |chars| placed(|it| it.handle = Some("x".repeat(chars)))),
        ("/lti/placements/0/icon_url", 255, |chars| placed(|it| it.icon_url = Some(url_of(chars)))),
        ("/lti/placements/0/target_link_uri", 1_024, |chars| {
            placed(|it| it.target_link_uri = Some(url_of(chars)))
        }),
        ("/lti/custom_parameters/a", 1_024, |chars| {
            let custom_parameters = BTreeMap::from([("a".to_owned(), "x".repeat(chars))]);
            lti(LtiDraft { custom_parameters, ..LtiDraft::default() })
        }),
        ("/rest/suggested_role", 100, |chars| {
            rest(Rest { suggested_role: Some("x".repeat(chars)), ..Rest::default() })
        }),
    ];
    for (pointer, chars_max, draw) in cases {
        accepted(draw(chars_max));
        assert_eq!(refusals(draw(chars_max + 1)), [format!("{pointer} text.too_long")]);
    }
}

fn url_of(chars: usize) -> String {
    let start = "https://tool.example.com/";
    format!("{start}{}", "x".repeat(chars - start.len()))
}

fn placed(change: impl FnOnce(&mut Placement)) -> Draft {
    let mut it = placement("course_tool");
    change(&mut it);
    lti(LtiDraft { placements: vec![it], ..LtiDraft::default() })
}

#[test]
fn facts_that_would_not_fit_the_log_are_refused_as_a_whole() {
    let wordy = || Placement { description: Some("x".repeat(1_000)), ..placement("course_tool") };
    let part = |count: usize| {
        let numbered = |number| Placement { name: Some(format!("Tool {number}")), ..wordy() };
        LtiDraft { placements: (0..count).map(numbered).collect(), ..LtiDraft::default() }
    };
    accepted(lti(part(10)));
    assert_eq!(refusals(lti(part(16))), [" facts.too_large"]);
}

#[test]
fn texts_hold_no_control_or_direction_characters() {
    let described = |text: &str| Draft { description: Some(text.to_owned()), ..draft(&["rest"]) };
    let (facts, _) = accepted(described("One.\r\nTwo."));
    assert_eq!(facts.description.as_deref(), Some("One.\nTwo."));
    for text in ["a\u{0}b", "a\u{1b}[31mb", "a\u{202e}b", "a\u{2066}b"] {
        assert_eq!(refusals(described(text)), ["/description text.control_character"]);
    }
    let two_lines = placed(|it| it.name = Some("a\nb".to_owned()));
    assert_eq!(refusals(two_lines), ["/lti/placements/0/name text.control_character"]);
}

#[test]
fn a_blank_text_is_an_absent_one() {
    let blank = Draft {
        description: Some("  ".to_owned()),
        support_url: Some(String::new()),
        ..placed(|it| it.handle = Some(" ".to_owned()))
    };
    let (facts, _) = accepted(blank);
    assert_eq!((facts.description, facts.support_url), (None, None));
    assert_eq!(facts.lti.expect("the part").placements, [placement("course_tool")]);
}

// LTI

#[test]
fn placement_types_are_known_by_other_systems_names() {
    for (typed, canonical) in [
        ("Course tool", "course_tool"),
        ("CourseNavigation", "course_navigation"),
        ("course navigation", "course_navigation"),
        ("Application", "course_tool"),
        ("ContentHandler", "course_content_tool"),
        ("ContentItemMessage", "deep_linking_content_tool"),
        ("Deep linking content tool", "deep_linking_content_tool"),
        ("System", "system_tool"),
        ("UltraUI", "ultra_extension"),
        ("BaseNavigation", "base_navigation"),
        ("CloudDocument", "cloud_document"),
        ("Asset Processor", "asset_processor"),
        ("OpenBadgeProvider", "open_badge_provider"),
        ("Eulalaunch", "eula_launch"),
        ("ContentArea", "course_content_tool"),
        ("link_selection", "deep_linking_content_tool"),
        ("assignment_selection", "deep_linking_content_tool"),
        ("editor_button", "deep_linking_content_tool"),
        ("account_navigation", "administrator"),
        ("user_navigation", "base_navigation"),
    ] {
        let (facts, notes) = noted(placed(|it| it.placement_type = typed.to_owned()));
        assert_eq!(facts.lti.expect("the part").placements[0].placement_type, canonical, "{typed}");
        assert_eq!(notes, ["/lti/placements/0/type"], "{typed}");
    }
    for canonical in placements::all() {
        let (_, notes) = noted(placed(|it| it.placement_type = canonical.to_owned()));
        assert_eq!(notes, Vec::<String>::new(), "{canonical} is canonical");
    }
}

#[test]
fn no_name_means_two_placement_types() {
    for (name, canonical) in placements::names() {
        assert_eq!(placements::canonical(name), Some(canonical), "{name}");
    }
}

#[test]
fn an_unknown_placement_type_is_refused_with_the_nearest() {
    let typed = |text: &str| placed(|it| it.placement_type = text.to_owned());
    assert_eq!(refusals(typed("cours_tol")), ["/lti/placements/0/type placement.type"]);
    assert_eq!(fix(typed("cours_tol")).as_deref(), Some("course_tool"));
    assert_eq!(fix(typed("procturing")).as_deref(), Some("proctoring"));
    assert_eq!(refusals(typed("")), ["/lti/placements/0/type placement.type"]);
}

#[test]
fn blanks_in_a_handle_become_hyphens() {
    let (facts, notes) = noted(placed(|it| it.handle = Some("LTI 1.3  Example App".to_owned())));
    assert_eq!(facts.lti.expect("the part").placements[0].handle.as_deref(), Some("LTI-1.3-Example-App"));
    assert_eq!(notes, ["/lti/placements/0/handle"]);
}

#[test]
fn messages_are_known_by_their_names_and_short_forms() {
    let part = |typed: &str| lti(LtiDraft { messages: owned(&[typed]), ..LtiDraft::default() });
    for typed in ["LtiResourceLinkRequest", "LtiDeepLinkingRequest", "ContextLaunchRequest"] {
        let (facts, notes) = accepted(part(typed));
        assert_eq!((facts.lti.expect("the part").messages, notes), (owned(&[typed]), Vec::new()));
    }
    for (typed, message) in
        [("ltiresourcelinkrequest", "LtiResourceLinkRequest"), ("DeepLinking", "LtiDeepLinkingRequest")]
    {
        let (facts, notes) = noted(part(typed));
        assert_eq!(facts.lti.expect("the part").messages, [message]);
        assert_eq!(notes, ["/lti/messages/0"]);
    }
    assert_eq!(refusals(part("MartinImportRequest")), ["/lti/messages/0 lti.message"]);
    assert_eq!(fix(part("LtiResourceLinkReqest")).as_deref(), Some("LtiResourceLinkRequest"));
    let placed = placed(|it| it.message_type = Some("Launch".to_owned()));
    assert_eq!(refusals(placed), ["/lti/placements/0/message_type lti.message"]);
}

#[test]
fn scopes_are_those_of_1edtech_services() {
    let part = |typed: &str| lti(LtiDraft { scopes: owned(&[typed]), ..LtiDraft::default() });
    let score = "https://purl.imsglobal.org/spec/lti-ags/scope/score";
    let (facts, notes) = accepted(part(score));
    assert_eq!((facts.lti.expect("the part").scopes, notes), (owned(&[score]), Vec::new()));
    for typed in ["score", "http://purl.imsglobal.org/spec/lti-ags/scope/score", &format!("{score}/")] {
        let (facts, notes) = noted(part(typed));
        assert_eq!(facts.lti.expect("the part").scopes, [score]);
        assert_eq!(notes, ["/lti/scopes/0"]);
    }
    let misspelt = part("https://purl.imsglobal.org/spec/lti-ags/scope/scores");
    assert_eq!(fix(misspelt).as_deref(), Some(score));
    let canvas = part("https://canvas.instructure.com/lti/feature_flags/scope/show");
    assert_eq!(refusals(canvas.clone()), ["/lti/scopes/0 lti.scope"]);
    assert!(fix(canvas).expect("a fix").starts_with("leave it out"));
    assert_eq!(refusals(part("")), ["/lti/scopes/0 lti.scope"]);
}

#[test]
fn no_two_scopes_share_what_follows_the_word_scope() {
    let short = |uri: &str| uri.split_once("/scope/").map(|(_, name)| name.to_owned()).expect("a scope");
    let distinct: std::collections::BTreeSet<_> = lti::SCOPES.iter().map(|uri| short(uri)).collect();
    assert_eq!(distinct.len(), lti::SCOPES.len());
}

#[test]
fn user_fields_are_known_by_the_names_in_guides() {
    let part = |typed: &[&str]| lti(LtiDraft { user_fields: owned(typed), ..LtiDraft::default() });
    let (facts, notes) = noted(part(&["Role in Course", "Name", "Email Address"]));
    assert_eq!(facts.lti.expect("the part").user_fields, ["role", "name", "email"]);
    assert_eq!(notes.len(), 3);
    assert_eq!(refusals(part(&["birthday"])), ["/lti/user_fields/0 lti.user_field"]);
}

#[test]
fn platforms_sign_with_rs256_unless_rs512_is_asked() {
    let part =
        |typed: Option<&str>| lti(LtiDraft { signing_alg: typed.map(str::to_owned), ..LtiDraft::default() });
    for (typed, read) in
        [(None, SigningAlg::Rs256), (Some("rs256"), SigningAlg::Rs256), (Some("RS512"), SigningAlg::Rs512)]
    {
        assert_eq!(accepted(part(typed)).0.lti.expect("the part").signing_alg, read);
    }
    for typed in ["HS256", "none", "ES256"] {
        assert_eq!(refusals(part(Some(typed))), ["/lti/signing_alg lti.signing_alg"]);
    }
}

#[test]
fn custom_parameters_are_names_and_values_on_one_line() {
    let part = |name: &str, value: &str| {
        let custom_parameters = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        lti(LtiDraft { custom_parameters, ..LtiDraft::default() })
    };
    for (name, value) in [("user", "@X@user.id@X@"), ("login", "$Canvas.user.loginId"), ("blank", "")] {
        let (facts, notes) = accepted(part(name, value));
        assert_eq!(facts.lti.expect("the part").custom_parameters[name], value);
        assert_eq!(notes, []);
    }
    assert_eq!(refusals(part("a=b", "c")), ["/lti/custom_parameters/a=b parameter.name"]);
    assert_eq!(refusals(part("a", "b\nc=d")), ["/lti/custom_parameters/a text.control_character"]);
    assert_eq!(refusals(part(&"n".repeat(256), "v")).len(), 1);
    assert_eq!(refusals(part(" ", "v")), ["/lti/custom_parameters/  parameter.name"]);
    let twice = BTreeMap::from([("a".to_owned(), "1".to_owned()), (" a".to_owned(), "2".to_owned())]);
    let twice = lti(LtiDraft { custom_parameters: twice, ..LtiDraft::default() });
    assert_eq!(refusals(twice), ["/lti/custom_parameters/a parameter.repeated"]);
}

#[test]
fn claims_are_names_or_uris_without_blanks() {
    let part = |typed: &[&str]| lti(LtiDraft { claims: owned(typed), ..LtiDraft::default() });
    let claims = ["given_name", "https://purl.imsglobal.org/spec/lti/claim/deployment_id"];
    assert_eq!(accepted(part(&claims)).0.lti.expect("the part").claims, claims);
    assert_eq!(refusals(part(&["sub iss", ""])), ["/lti/claims/0 lti.claim", "/lti/claims/1 lti.claim"]);
}

// REST

#[test]
fn entitlements_are_checked_by_form_and_noted_when_unknown() {
    let part = |typed: &[&str]| rest(Rest { entitlements: owned(typed), ..Rest::default() });
    let (facts, notes) = noted(part(&["course.attendance.VIEW", "course.message.DELETE"]));
    assert_eq!(
        facts.rest.expect("the part").entitlements,
        ["course.attendance.VIEW", "course.message.DELETE"]
    );
    assert_eq!(notes, ["/rest/entitlements/1"], "what has no label is told");
    assert_eq!(refusals(part(&["Course > Attendance"])), ["/rest/entitlements/0 rest.entitlement"]);
}

#[test]
fn no_integration_is_a_system_administrator() {
    let role = |text: &str| rest(Rest { suggested_role: Some(text.to_owned()), ..Rest::default() });
    let user = |text: &str| rest(Rest { suggested_user: Some(text.to_owned()), ..Rest::default() });
    let privilege = |text: &str| rest(Rest { privileges: owned(&[text]), ..Rest::default() });
    for text in [
        "System Administrator",
        "system_administrators",
        "SYSTEM-ADMIN",
        "SystemAdmin",
        "Our Sysadmin role",
        "Sуstem Administrator", // the y is Cyrillic
        "Ｓｙｓｔｅｍ Administrator",
        "Superuser",
    ] {
        assert_eq!(refusals(role(text)), ["/rest/suggested_role rest.system_administrator"], "{text}");
        assert_eq!(refusals(user(text)), ["/rest/suggested_user rest.system_administrator"], "{text}");
    }
    for text in ["System Administrator", "Full Administrator", "All privileges"] {
        assert_eq!(refusals(privilege(text)), ["/rest/privileges/0 rest.system_administrator"], "{text}");
    }
    for text in [
        "Course Administrator",
        "QwicklyRole",
        "BioSigAPI",
        "SuperSoftware Sudoku Role",
        "Ecosystem Administrator",
    ] {
        accepted(role(text));
    }
    for text in [
        "Administrator Panel (Users) > System Roles",
        "System Admin > System Reporting > Report Definitions",
        "Course/Organization Control Panel (Grade Center) > Full Control",
    ] {
        accepted(privilege(text));
    }
}

// Completeness

fn missing(facts: &Facts) -> Vec<&'static str> {
    facts.missing().into_iter().map(|Missing { pointer, .. }| pointer).collect()
}

#[test]
fn what_release_needs_is_told_kind_by_kind() {
    let (both, _) = accepted(draft(&["lti13", "rest"]));
    assert_eq!(
        missing(&both),
        [
            "/description",
            "/hosts",
            "/lti/login_initiation_url",
            "/lti/redirect_uris",
            "/lti/jwks_uri",
            "/lti/target_link_uri",
            "/rest/entitlements",
        ]
    );
    let (rest_only, _) = accepted(draft(&["rest"]));
    assert_eq!(missing(&rest_only), ["/description", "/hosts", "/rest/entitlements"]);
}

#[test]
fn a_complete_integration_lacks_nothing() {
    let full = crate::samples::integration::full_facts();
    assert_eq!(missing(&full), Vec::<&str>::new());
    assert_eq!(full.undeclared_hosts(), Vec::<String>::new());
}

#[test]
fn rest_needs_entitlements_or_privileges_unless_people_sign_in() {
    let base = |part: Rest| Draft {
        description: Some("Marks".to_owned()),
        hosts: owned(&["example.com"]),
        ..rest(part)
    };
    let complete = [
        Rest { three_legged_oauth: Some(true), ..Rest::default() },
        Rest { entitlements: owned(&["course.attendance.VIEW"]), ..Rest::default() },
        Rest { privileges: owned(&["Administrator Panel (Users) > Users"]), ..Rest::default() },
    ];
    for part in complete {
        assert_eq!(missing(&accepted(base(part)).0), Vec::<&str>::new());
    }
    let without = Rest { three_legged_oauth: Some(false), ..Rest::default() };
    assert_eq!(missing(&accepted(base(without)).0), ["/rest/entitlements"]);
}

#[test]
fn addresses_lie_on_declared_hosts_or_below_them() {
    let part = LtiDraft {
        login_initiation_url: everywhere("https://example.com/login"),
        redirect_uris: owned(&["https://lti.example.com/launch", "https://notexample.com/launch"]),
        jwks_uri: everywhere("https://keys.elsewhere.com:8443/jwks"),
        target_link_uri: everywhere("https://deep.lti.example.com/"),
        placements: vec![Placement {
            target_link_uri: Some("https://keys.elsewhere.com/tool".to_owned()),
            ..placement("course_tool")
        }],
        ..LtiDraft::default()
    };
    let declared = |hosts: &[&str]| accepted(Draft { hosts: owned(hosts), ..lti(part.clone()) }).0;
    let facts = declared(&["example.com"]);
    assert_eq!(facts.undeclared_hosts(), ["keys.elsewhere.com", "notexample.com"]);
    assert_eq!(
        declared(&["example.com", "elsewhere.com", "notexample.com"]).undeclared_hosts(),
        Vec::<String>::new()
    );
    assert_eq!(
        declared(&["lti.example.com"]).undeclared_hosts().len(),
        3,
        "a host above a declared one is not covered"
    );
    assert_eq!(declared(&[]).undeclared_hosts().len(), 5);
}

// For every input

fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("https://".to_owned()),
        Just("tool.example.com".to_owned()),
        Just("/launch?a=b".to_owned()),
        Just(" ".to_owned()),
        Just("@".to_owned()),
        Just("[::1]".to_owned()),
        Just("{x}".to_owned()),
        Just("ß.de".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

prop_compose! {
    fn any_draft()(
        name in any_text(), text in any_text(), hosts in prop::collection::vec(any_text(), 0..3),
        urls in prop::collection::vec(any_text(), 0..3), words in prop::collection::vec(any_text(), 0..3),
    ) -> Draft {
        let endpoints: BTreeMap<String, String> = words.iter().cloned().zip(urls.iter().cloned()).collect();
        Draft {
            name,
            kinds: owned(&["lti13", "rest"]),
            description: Some(text.clone()),
            hosts,
            support_url: urls.first().cloned(),
            lti: Some(LtiDraft {
                login_initiation_url: endpoints.clone(),
                redirect_uris: urls,
                custom_parameters: endpoints,
                messages: words.clone(),
                scopes: words.clone(),
                ..LtiDraft::default()
            }),
            rest: Some(Rest { entitlements: words.clone(), privileges: words, suggested_role: Some(text), ..Rest::default() }),
        }
    }
}

/// What was read, typed anew.
fn typed_again(facts: Facts) -> Draft {
    let lti = facts.lti.expect("the part");
    Draft {
        name: facts.name,
        kinds: owned(&["lti13", "rest"]),
        description: facts.description,
        hosts: facts.hosts,
        support_url: facts.support_url,
        lti: Some(LtiDraft {
            login_initiation_url: lti.login_initiation_url,
            redirect_uris: lti.redirect_uris,
            custom_parameters: lti.custom_parameters,
            messages: lti.messages,
            scopes: lti.scopes,
            ..LtiDraft::default()
        }),
        rest: facts.rest,
    }
}

proptest! {
    #[test]
    fn no_input_makes_reading_panic_and_every_error_has_a_pointer(draft in any_draft()) {
        if let Err(errors) = parse(draft) {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|error| error.pointer.starts_with('/')));
        }
    }

    #[test]
    fn what_was_read_is_read_again_unchanged(draft in any_draft()) {
        let mut draft = draft;
        draft.name = "Quiz".to_owned();
        if let Ok((facts, _)) = parse(draft) {
            let (again, _) = accepted(typed_again(facts.clone()));
            prop_assert_eq!(again, facts);
        }
    }

    #[test]
    fn an_accepted_host_is_accepted_as_it_was_read(typed in any_text()) {
        if let Ok((facts, _)) = parse(host(&typed)) {
            let (again, notes) = accepted(host(&facts.hosts[0]));
            prop_assert_eq!(again.hosts, facts.hosts);
            prop_assert_eq!(notes, Vec::new());
        }
    }

    #[test]
    fn an_accepted_address_is_https_of_a_host_that_could_be_declared(typed in any_text()) {
        if let Ok((facts, _)) = parse(redirect(&typed)) {
            let address = facts.lti.expect("the part").redirect_uris.remove(0);
            let read = url::Url::parse(&address).expect("an address");
            prop_assert_eq!(read.scheme(), "https");
            accepted(host(read.host_str().expect("a host")));
        }
    }
}
