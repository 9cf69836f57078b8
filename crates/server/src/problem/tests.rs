use super::*;
use std::collections::BTreeSet;

#[test]
fn codes_are_unique_and_statuses_fit() {
    let mut codes = BTreeSet::new();
    for kind in kinds::ALL {
        assert!(codes.insert(kind.code), "{} stands twice", kind.code);
        assert!((400..600).contains(&kind.status), "{}", kind.code);
        assert!(
            kind.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b)),
            "{}",
            kind.code
        );
        assert!(
            !matches!(kind.status, 429 | 503) || kind.retry_after_s.is_some(),
            "{} says not when",
            kind.code
        );
    }
}

#[test]
fn every_rule_of_the_domain_has_its_row() {
    let told_as_another = |code: &str| {
        let rule = code.split_once('.').map_or(code, |(_, rule)| rule);
        // Existence is private, so these are all `resource.not_found`; names are told by their own rules.
        matches!(rule, "not_yours" | "not_registered" | "not_enrolled" | "no_such_challenge" | "name")
    };
    for code in domain::rejection_codes::all().filter(|code| !told_as_another(code)) {
        assert!(kinds::ALL.iter().any(|kind| kind.code == code), "{code} has no row");
    }
}

#[test]
fn the_committed_table_of_problems_is_fresh() {
    crate::spec::assert_fresh("problems.md", &kinds::document());
}

#[actix_web::test]
async fn a_problem_document_has_all_its_members() {
    let problem =
        Problem::new(&kinds::FIELDS).fields([FieldError::new("/name", "x.y", "said").fix("better")]);
    let id = Uuid::from_u128(7);
    let response = problem.respond(Some(id));
    assert_eq!(response.status(), 422);
    assert_eq!(header(&response, "content-type"), Some(MEDIA_TYPE));
    let body = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({
            "type": "/problems/fields.invalid", "title": "Fields break rules", "status": 422, "code": "fields.invalid",
            "detail": kinds::FIELDS.when, "instance": id.to_string(),
            "errors": [{"pointer": "/name", "code": "x.y", "detail": "said", "fix": "better"}]
        })
    );
}

#[test]
fn what_may_pass_says_when_to_try_again_and_401_says_how() {
    assert_eq!(header(&Problem::new(&kinds::BUSY).respond(None), "retry-after"), Some("2"));
    assert_eq!(
        header(&Problem::new(&kinds::SIGN_IN_NEEDED).respond(None), "www-authenticate"),
        Some("Bearer")
    );
    assert_eq!(header(&Problem::new(&kinds::FIELDS).respond(None), "retry-after"), None);
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}
