//! From the domain's rejections to problems: one exhaustive match an aggregate, without wildcard.

use super::{Kind, Problem, kinds};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    allowance, developer, devgroup,
    fields::FieldError,
    gateway, integration,
    names::{NameProblem, NameRule},
    prodaccount, prodgroup, roster, staff,
};

/// A name problem, told at the body's member that holds the name.
pub(crate) fn name(problem: &NameProblem, pointer: &str) -> Problem {
    let kind: &'static Kind = match problem.rule {
        NameRule::Empty => &kinds::NAME_EMPTY,
        NameRule::TooLong => &kinds::NAME_TOO_LONG,
        NameRule::ForbiddenCharacter => &kinds::NAME_FORBIDDEN_CHARACTER,
        NameRule::TooManyParts { .. } => &kinds::NAME_TOO_MANY_PARTS,
        NameRule::BannedWord { .. } => &kinds::NAME_BANNED_WORD,
        NameRule::NoKnownPart => &kinds::NAME_NO_KNOWN_PART,
        NameRule::Taken => &kinds::NAME_TAKEN,
    };
    let mut field = FieldError::new(pointer, kind.code, problem.to_string());
    field.fix.clone_from(&problem.proposal);
    Problem::new(kind).detail(problem.to_string()).fields([field])
}

impl From<developer::Rejection> for Problem {
    fn from(rejection: developer::Rejection) -> Self {
        use developer::Rejection as R;
        let kind = match rejection {
            R::AlreadyRegistered => &kinds::DEVELOPER_EXISTS,
            R::NotRegistered => &kinds::NOT_FOUND,
            R::TooManyGroups { .. } => &kinds::TOO_MANY_GROUPS,
            R::TooManyAccounts { .. } => &kinds::TOO_MANY_ACCOUNTS,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<devgroup::Rejection> for Problem {
    fn from(rejection: devgroup::Rejection) -> Self {
        use devgroup::Rejection as R;
        let kind = match &rejection {
            R::AlreadyExists => &kinds::DEVGROUP_EXISTS,
            R::NotYours => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::DEVGROUP_NOT_ALLOWED,
            R::Name(problem) => return name(problem, "/name"),
            R::PersonalGroup => &kinds::DEVGROUP_PERSONAL,
            R::AlreadyInGroup => &kinds::DEVGROUP_HAS_IT,
            R::NotInGroup => &kinds::DEVGROUP_LACKS_IT,
            R::TooManyIntegrations { .. } => &kinds::DEVGROUP_FULL,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<integration::Rejection> for Problem {
    fn from(rejection: integration::Rejection) -> Self {
        use integration::Rejection as R;
        let kind = match &rejection {
            R::AlreadyRegistered => &kinds::INTEGRATION_EXISTS,
            R::NotYours => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::INTEGRATION_NOT_ALLOWED,
            R::Name(problem) => return name(problem, "/name"),
            R::TooManySecrets => &kinds::TOO_MANY_SECRETS,
            R::NoSuchSecret => &kinds::NO_SUCH_SECRET,
            R::TestModeInProduction => &kinds::TEST_MODE_IN_PRODUCTION,
            R::NotRest => &kinds::NOT_REST,
            R::AlreadyInGroup => &kinds::INTEGRATION_THERE,
            R::SecretRequired => &kinds::SECRET_REQUIRED,
            R::KindRemoved => &kinds::KIND_REMOVED,
            R::WidensReleased { fields } => {
                let wider = fields.iter().map(|pointer| {
                    FieldError::new(*pointer, "integration.wider", "differs from what was reviewed")
                });
                return Self::new(&kinds::WIDENS_RELEASED).detail(rejection.to_string()).fields(wider);
            }
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<prodaccount::Rejection> for Problem {
    fn from(rejection: prodaccount::Rejection) -> Self {
        use prodaccount::Rejection as R;
        let kind = match &rejection {
            R::AlreadyExists => &kinds::ACCOUNT_EXISTS,
            R::NotYours | R::NoSuchChallenge => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::ACCOUNT_NOT_ALLOWED,
            R::Name(problem) => return name(problem, "/vendor_name"),
            R::SupportUrl => &kinds::ACCOUNT_SUPPORT_URL,
            R::ContactDisposable => &kinds::CONTACT_DISPOSABLE,
            R::ContactTakesNoAnswers => &kinds::CONTACT_NO_ANSWERS,
            R::SameContact => &kinds::CONTACT_SAME,
            R::ContactAlreadyProven => &kinds::CONTACT_PROVEN,
            R::ContactDisowned => &kinds::CONTACT_DISOWNED,
            R::ChallengeExpired => &kinds::CHALLENGE_EXPIRED,
            R::HasGroup { group } => {
                return Self::new(&kinds::ACCOUNT_HAS_GROUP)
                    .detail(format!("the account has the production group {group} already"));
            }
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<prodgroup::Rejection> for Problem {
    fn from(rejection: prodgroup::Rejection) -> Self {
        use prodgroup::Rejection as R;
        let kind = match &rejection {
            R::AlreadyExists => &kinds::PROMOTION_EXISTS,
            R::NotYours => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::PROMOTION_NOT_ALLOWED,
            R::Name(problem) => return name(problem, "/name"),
            R::UnderReview { .. } => &kinds::PROMOTION_UNDER_REVIEW,
            R::IllegalTransition { .. } => &kinds::PROMOTION_ILLEGAL,
            R::ChecklistRed { checklist, .. } => {
                let red = checklist.blocking().map(|check| {
                    FieldError::new("", crate::api::checks::code(check.code), "the check is red")
                        .fix(check.fix.clone())
                });
                return Self::new(&kinds::PROMOTION_CHECKLIST_RED).detail(rejection.to_string()).fields(red);
            }
            R::NoLimitsAsked => &kinds::PROMOTION_NO_LIMITS,
            R::LimitsOutOfRange => &kinds::PROMOTION_LIMITS_RANGE,
            R::NotAnApprover => &kinds::PROMOTION_NOT_APPROVER,
            R::ReviewerNotIndependent => &kinds::PROMOTION_NOT_INDEPENDENT,
            R::SameApprover => &kinds::PROMOTION_SAME_APPROVER,
            R::EvidenceChanged => &kinds::PROMOTION_EVIDENCE_CHANGED,
            R::SubmissionExpired => &kinds::PROMOTION_EXPIRED,
            R::NotDue => &kinds::PROMOTION_NOT_DUE,
            R::AlreadyInGroup => &kinds::PROMOTION_HAS_IT,
            R::NotInGroup => &kinds::PROMOTION_LACKS_IT,
            R::TooManyIntegrations => &kinds::PROMOTION_FULL,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<gateway::Rejection> for Problem {
    fn from(rejection: gateway::Rejection) -> Self {
        use gateway::Rejection as R;
        let kind = match &rejection {
            R::AlreadyRegistered => &kinds::GATEWAY_EXISTS,
            R::NotRegistered => &kinds::NOT_FOUND,
            R::NotAnApprover => &kinds::GATEWAY_NOT_APPROVER,
            R::Name(problem) => return name(problem, "/name"),
            R::TooManyCredentials => &kinds::GATEWAY_CREDENTIALS,
            R::NoSuchCredential => &kinds::GATEWAY_NO_CREDENTIAL,
            R::IsRetired => &kinds::GATEWAY_RETIRED,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<allowance::Rejection> for Problem {
    fn from(rejection: allowance::Rejection) -> Self {
        use allowance::Rejection as R;
        let kind = match &rejection {
            R::NotYours => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::ALLOWANCE_NOT_ALLOWED,
            R::NotAnApprover => &kinds::ALLOWANCE_NOT_APPROVER,
            R::ReviewerNotIndependent => &kinds::ALLOWANCE_NOT_INDEPENDENT,
            R::SameApprover => &kinds::ALLOWANCE_SAME_APPROVER,
            R::GrantOver => return end_of_grant(&kinds::ALLOWANCE_GRANT_OVER, &rejection, None),
            R::GrantTooLong { latest } => {
                return end_of_grant(&kinds::ALLOWANCE_GRANT_TOO_LONG, &rejection, Some(*latest));
            }
            R::NotDue => &kinds::ALLOWANCE_NOT_DUE,
            R::AlreadySuspended { .. } => &kinds::ALLOWANCE_SUSPENDED,
            R::NotSuspended => &kinds::ALLOWANCE_NOT_SUSPENDED,
            R::SharesDoNotFit { fields } => {
                return Self::new(&kinds::ALLOWANCE_SHARES)
                    .detail(rejection.to_string())
                    .fields(fields.clone());
            }
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

/// A grant's end, told at the member of the body that holds it.
fn end_of_grant(
    kind: &'static Kind,
    rejection: &allowance::Rejection,
    latest: Option<DateTime<Utc>>,
) -> Problem {
    let mut field = FieldError::new("/until", kind.code, rejection.to_string());
    field.fix = latest.map(|latest| latest.to_rfc3339_opts(SecondsFormat::Millis, true));
    Problem::new(kind).detail(rejection.to_string()).fields([field])
}

impl From<roster::Rejection> for Problem {
    fn from(rejection: roster::Rejection) -> Self {
        use roster::Rejection as R;
        let kind = match &rejection {
            R::Full { .. } => &kinds::SITES_FULL,
            R::TooOften { retry_after_s } => {
                let retry_after_s = Some(*retry_after_s);
                return Self { retry_after_s, ..Self::new(&kinds::SITES_TOO_OFTEN) };
            }
            R::NotRegistered | R::NotYours => &kinds::NOT_FOUND,
            R::NotAllowed => &kinds::SITES_NOT_ALLOWED,
            R::NoRoom { .. } => &kinds::SITES_NO_ROOM,
            R::TooManyToMove => &kinds::SITES_TOO_MANY,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}

impl From<staff::Rejection> for Problem {
    fn from(rejection: staff::Rejection) -> Self {
        use staff::Rejection as R;
        let kind = match rejection {
            R::AlreadyEnrolled => &kinds::STAFF_EXISTS,
            R::NotEnrolled => &kinds::NOT_FOUND,
            R::HasLeft => &kinds::STAFF_LEFT,
        };
        Self::new(kind).detail(rejection.to_string())
    }
}
