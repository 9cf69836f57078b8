use super::*;
use crate::{group::GroupRef, testing::uuid};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Runs a check for every prefixed kind.
macro_rules! for_each_kind {
    ($check:ident($($argument:expr),*)) => {
        $check::<DeveloperId>($($argument),*);
        $check::<DevGroupId>($($argument),*);
        $check::<ProdAccountId>($($argument),*);
        $check::<ProdGroupId>($($argument),*);
        $check::<StaffId>($($argument),*);
        $check::<SubmissionId>($($argument),*);
        $check::<SecretId>($($argument),*);
        $check::<IntentId>($($argument),*);
        $check::<CredentialId>($($argument),*);
        $check::<SignUpId>($($argument),*);
        $check::<SessionId>($($argument),*);
        $check::<SubjectId>($($argument),*);
        $check::<CommandId>($($argument),*);
    };
}

/// Text of one id of each kind.
fn one_text_of_each() -> Vec<String> {
    let id = uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    vec![
        DeveloperId::from_uuid(id).to_string(),
        DevGroupId::from_uuid(id).to_string(),
        ProdAccountId::from_uuid(id).to_string(),
        ProdGroupId::from_uuid(id).to_string(),
        StaffId::from_uuid(id).to_string(),
        SubmissionId::from_uuid(id).to_string(),
        SecretId::from_uuid(id).to_string(),
        IntentId::from_uuid(id).to_string(),
        CredentialId::from_uuid(id).to_string(),
        SignUpId::from_uuid(id).to_string(),
        SessionId::from_uuid(id).to_string(),
        SubjectId::from_uuid(id).to_string(),
        CommandId::from_uuid(id).to_string(),
        IntegrationId::from_uuid(id).to_string(),
    ]
}

fn accepts_one_of<T: FromStr>(texts: &[String]) {
    let accepted = texts.iter().filter(|text| text.parse::<T>().is_ok()).count();
    assert_eq!(accepted, 1, "an id is of exactly one kind");
}

fn refuses_all<T: FromStr<Err = InvalidId>>(texts: &[String]) {
    for text in texts {
        assert!(text.parse::<T>().is_err(), "{text:?}");
    }
}

fn round_trips<T: FromStr<Err = InvalidId> + fmt::Display>(text: &str) {
    let prefix =
        text.parse::<T>().err().map(|invalid| invalid.expected.split('_').next().unwrap_or_default());
    let prefix = prefix.expect("a bare body is no id").to_owned();
    let id: T = format!("{prefix}_{text}").parse().unwrap_or_else(|_| panic!("{prefix}_{text}"));
    assert_eq!(id.to_string(), format!("{prefix}_{text}"));
}

#[test]
fn an_id_of_one_kind_is_none_of_another() {
    let texts = one_text_of_each();
    for_each_kind!(accepts_one_of(&texts));
    accepts_one_of::<IntegrationId>(&texts);
    let prefixes: BTreeSet<&str> = texts.iter().filter_map(|text| Some(text.split_once('_')?.0)).collect();
    assert_eq!(prefixes.len(), 13, "no two kinds share a prefix");
}

#[test]
fn an_id_has_one_spelling() {
    let text = DeveloperId::from_uuid(uuid(1)).to_string();
    let body = text.strip_prefix("dev_").expect("the prefix").to_owned();
    let spellings = [
        body.clone(),
        format!("DEV_{body}"),
        format!("dev-{body}"),
        format!("dev_{}", body.to_uppercase()),
        format!(" dev_{body}"),
        format!("dev_{body}="),
        format!("dev_{body}a"),
        format!("dev_{}", &body[1..]),
        // The last character has two bits to spare; only zeros are an id.
        format!("dev_{}b", &body[..body.len() - 1]),
        "dev_".to_owned(),
        String::new(),
    ];
    refuses_all::<DeveloperId>(&spellings);
}

#[test]
fn an_error_says_the_form_and_never_what_was_typed() {
    let invalid = "dev_secret".parse::<DeveloperId>().expect_err("no id");
    assert_eq!(invalid.to_string(), "expected an id of the form dev_ and 26 lower-case letters or digits");
}

#[test]
fn an_integration_id_is_a_bare_uuid_in_any_letter_case() {
    let id = IntegrationId::from_uuid(uuid(0xabc));
    assert_eq!(id.to_string(), "00000000-0000-0000-0000-000000000abc");
    assert_eq!("00000000-0000-0000-0000-000000000ABC".parse(), Ok(id));
    let others = [
        "00000000000000000000000000000abc",
        "{00000000-0000-0000-0000-000000000abc}",
        "urn:uuid:00000000-0000-0000-0000-000000000abc",
        " 00000000-0000-0000-0000-000000000abc",
    ];
    refuses_all::<IntegrationId>(&others.map(str::to_owned));
}

#[test]
fn a_group_reference_tells_its_kind_by_the_prefix() {
    let development = GroupRef::Development(DevGroupId::from_uuid(uuid(5)));
    let production = GroupRef::Production(ProdGroupId::from_uuid(uuid(5)));
    for group in [development, production] {
        assert_eq!(group.to_string().parse(), Ok(group));
    }
    assert_ne!(development.to_string(), production.to_string());
    assert!(DeveloperId::from_uuid(uuid(5)).to_string().parse::<GroupRef>().is_err());
}

#[test]
fn ids_are_stored_as_their_text() {
    let id = ProdGroupId::from_uuid(uuid(9));
    let json = serde_json::to_string(&id).expect("a text");
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<ProdGroupId>(&json).expect("an id"), id);
    assert!(serde_json::from_str::<DevGroupId>(&json).is_err());
}

proptest! {
    #[test]
    fn every_id_survives_its_text(number: u128) {
        let body = DeveloperId::from_uuid(uuid(number)).to_string().split_off(DeveloperId::PREFIX.len());
        prop_assert_eq!(body.len(), 26);
        for_each_kind!(round_trips(&body));
        let id = IntegrationId::from_uuid(uuid(number));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn no_text_makes_parsing_panic(text: String) {
        for_each_kind!(refuses_all(std::slice::from_ref(&text)));
        refuses_all::<IntegrationId>(&[text]);
    }
}
