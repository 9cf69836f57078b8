use super::{Samples, dev_group, integration, one_of_each, owner, prod_group};
use crate::{
    group::GroupRef,
    ids::SecretId,
    integration::{
        Command, Event, FactsDeclared, Integration, Moved, NewSecret, Registered, Rejection, SecretIssued,
        SecretRevoked, Standing, TestMode, TestModeSet,
        facts::{Endpoints, Facts, Kind, Lti, Placement, Rest, SigningAlg},
    },
    testing::{at, fold, uuid},
};
use std::collections::BTreeMap;

pub(crate) fn secret(number: u128) -> NewSecret {
    NewSecret { secret: SecretId::from_uuid(uuid(number)), key: "a".repeat(32), last_four: "wxyz".to_owned() }
}

fn issued() -> SecretIssued {
    let NewSecret { secret, key, last_four } = secret(0x5e);
    SecretIssued { secret, key, last_four, issued_at: at("2026-11-03T10:00:00Z") }
}

/// Name and kind alone.
pub(crate) fn bare_facts(name: &str, kinds: &[Kind]) -> Facts {
    Facts {
        name: name.to_owned(),
        kinds: kinds.to_vec(),
        description: None,
        hosts: Vec::new(),
        support_url: None,
        lti: None,
        rest: None,
    }
}

/// Every field of both kinds.
pub(crate) fn full_facts() -> Facts {
    Facts {
        description: Some("Quizzes that mark themselves.".to_owned()),
        hosts: vec!["quiz.example.com".to_owned()],
        support_url: Some("https://quiz.example.com/help".to_owned()),
        lti: Some(full_lti()),
        rest: Some(Rest {
            entitlements: vec!["course.attendance.VIEW".to_owned()],
            privileges: vec!["Administrator Panel (Users) > Users".to_owned()],
            suggested_user: Some("Quiz User".to_owned()),
            suggested_role: Some("Quiz Role".to_owned()),
            three_legged_oauth: Some(false),
            end_user_access: Some(false),
            act_as_user: Some(false),
        }),
        ..bare_facts("Quiz", &[Kind::Lti13, Kind::Rest])
    }
}

fn full_lti() -> Lti {
    let everywhere = |url: &str| Endpoints::from([("default".to_owned(), url.to_owned())]);
    let parameters = |value: &str| BTreeMap::from([("context".to_owned(), value.to_owned())]);
    Lti {
        login_initiation_url: everywhere("https://quiz.example.com/login"),
        redirect_uris: vec!["https://quiz.example.com/launch".to_owned()],
        jwks_uri: everywhere("https://quiz.example.com/jwks"),
        target_link_uri: everywhere("https://quiz.example.com/launch"),
        signing_alg: SigningAlg::Rs512,
        custom_parameters: parameters("$Context.id.history"),
        placements: vec![Placement {
            placement_type: "course_tool".to_owned(),
            name: Some("Quiz".to_owned()),
            description: Some("Make a quiz".to_owned()),
            handle: Some("quiz".to_owned()),
            target_link_uri: Some("https://quiz.example.com/launch/tool".to_owned()),
            icon_url: Some("https://quiz.example.com/icon.png".to_owned()),
            message_type: Some("LtiResourceLinkRequest".to_owned()),
            allow_students: Some(true),
            custom_parameters: parameters("$ResourceLink.id.history"),
        }],
        messages: vec!["LtiResourceLinkRequest".to_owned()],
        scopes: vec!["https://purl.imsglobal.org/spec/lti-ags/scope/score".to_owned()],
        claims: vec!["given_name".to_owned()],
        icon_url: Some("https://quiz.example.com/icon.png".to_owned()),
        user_fields: vec!["role".to_owned()],
        grade_service: true,
        membership_service: true,
    }
}

pub(crate) fn registered(facts: Facts) -> Registered {
    Registered { owner: owner(), group: GroupRef::Development(dev_group()), facts }
}

impl Samples for Integration {
    fn phases() -> Vec<Self> {
        let quiz = bare_facts("Quiz", &[Kind::Rest]);
        one_of_each! {
            Integration::Absent => Integration::default(),
            Integration::Live(_) => fold(&[Event::Registered(registered(quiz)), Event::SecretIssued(issued())]),
        }
    }

    fn commands() -> Vec<Command> {
        let standing = Standing::MayChange;
        let group = GroupRef::Development(dev_group());
        let facts = full_facts();
        one_of_each! {
            Command::Register { .. } => {
                let facts = facts.clone();
                Command::Register { integration: integration(), owner: owner(), group, facts, secret: Some(secret(1)) }
            },
            Command::DeclareFacts { .. } => {
                Command::DeclareFacts { integration: integration(), standing, released: false, facts }
            },
            Command::IssueSecret { .. } => Command::IssueSecret { standing, secret: secret(2) },
            Command::RevokeSecret { .. } => Command::RevokeSecret { standing, secret: issued().secret },
            Command::SetTestMode { .. } => {
                Command::SetTestMode { standing, secret: issued().secret, mode: TestMode::Over }
            },
            Command::Move { .. } => Command::Move { to: GroupRef::Production(prod_group()) },
        }
    }

    fn events() -> Vec<Event> {
        let (from, to) = (GroupRef::Development(dev_group()), GroupRef::Production(prod_group()));
        one_of_each! {
            Event::Registered(_) => Event::Registered(registered(bare_facts("Quiz", &[Kind::Rest]))),
            Event::FactsDeclared(_) => Event::FactsDeclared(FactsDeclared { facts: full_facts() }),
            Event::SecretIssued(_) => Event::SecretIssued(issued()),
            Event::SecretRevoked(_) => {
                Event::SecretRevoked(SecretRevoked { secret: issued().secret, at: at("2026-11-04T10:00:00Z") })
            },
            Event::TestModeSet(_) => {
                Event::TestModeSet(TestModeSet { secret: issued().secret, mode: TestMode::Near })
            },
            Event::Moved(_) => Event::Moved(Moved { from, to }),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
