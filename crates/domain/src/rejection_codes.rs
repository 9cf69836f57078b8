//! A stable code for every broken rule: what programs branch on, and what the list of problems is made of.
//! Words may change, codes do not.

use crate::{
    allowance, developer, devgroup, gateway, integration, names::NameRule, prodaccount, prodgroup, roster,
    staff,
};

/// `code()` and `CODES` from one list; a variant without a row fails the build.
macro_rules! codes {
    ($($type:ty as $name:ident { $($pattern:pat => $code:literal,)+ })+) => {
        $(const _: () = {
            use $type as $name;
            impl $name {
                /// Every code of this aggregate, in the order of its rules.
                pub const CODES: &'static [&'static str] = &[$($code),+];

                /// The stable code of the broken rule.
                pub fn code(&self) -> &'static str {
                    match self { $($pattern => $code,)+ }
                }
            }
        };)+

        /// Every code there is.
        pub fn all() -> impl Iterator<Item = &'static str> {
            [$(<$type>::CODES),+].into_iter().flatten().copied()
        }
    };
}

codes! {
    developer::Rejection as R {
        R::AlreadyRegistered => "developer.already_registered",
        R::NotRegistered => "developer.not_registered",
        R::TooManyGroups { .. } => "developer.too_many_groups",
        R::TooManyAccounts { .. } => "developer.too_many_accounts",
    }
    devgroup::Rejection as R {
        R::AlreadyExists => "devgroup.already_exists",
        R::NotYours => "devgroup.not_yours",
        R::NotAllowed => "devgroup.not_allowed",
        R::Name(_) => "devgroup.name",
        R::PersonalGroup => "devgroup.personal_group",
        R::AlreadyInGroup => "devgroup.already_in_group",
        R::NotInGroup => "devgroup.not_in_group",
        R::TooManyIntegrations { .. } => "devgroup.too_many_integrations",
    }
    integration::Rejection as R {
        R::AlreadyRegistered => "integration.already_registered",
        R::NotYours => "integration.not_yours",
        R::NotAllowed => "integration.not_allowed",
        R::Name(_) => "integration.name",
        R::SecretRequired => "integration.secret_required",
        R::KindRemoved => "integration.kind_removed",
        R::WidensReleased { .. } => "integration.widens_released",
        R::TooManySecrets => "integration.too_many_secrets",
        R::NoSuchSecret => "integration.no_such_secret",
        R::TestModeInProduction => "integration.test_mode_in_production",
        R::NotRest => "integration.not_rest",
        R::AlreadyInGroup => "integration.already_in_group",
    }
    allowance::Rejection as R {
        R::NotYours => "allowance.not_yours",
        R::NotAllowed => "allowance.not_allowed",
        R::NotAnApprover => "allowance.not_an_approver",
        R::ReviewerNotIndependent => "allowance.reviewer_not_independent",
        R::SameApprover => "allowance.same_approver",
        R::GrantOver => "allowance.grant_over",
        R::GrantTooLong { .. } => "allowance.grant_too_long",
        R::NotDue => "allowance.not_due",
        R::AlreadySuspended { .. } => "allowance.already_suspended",
        R::NotSuspended => "allowance.not_suspended",
        R::SharesDoNotFit { .. } => "allowance.shares_do_not_fit",
    }
    staff::Rejection as R {
        R::AlreadyEnrolled => "staff.already_enrolled",
        R::NotEnrolled => "staff.not_enrolled",
        R::HasLeft => "staff.has_left",
    }
    prodaccount::Rejection as R {
        R::AlreadyExists => "prodaccount.already_exists",
        R::NotYours => "prodaccount.not_yours",
        R::NotAllowed => "prodaccount.not_allowed",
        R::Name(_) => "prodaccount.name",
        R::SupportUrl => "prodaccount.support_url",
        R::ContactDisposable => "prodaccount.contact_disposable",
        R::ContactTakesNoAnswers => "prodaccount.contact_takes_no_answers",
        R::SameContact => "prodaccount.same_contact",
        R::ContactAlreadyProven => "prodaccount.contact_already_proven",
        R::ContactDisowned => "prodaccount.contact_disowned",
        R::NoSuchChallenge => "prodaccount.no_such_challenge",
        R::ChallengeExpired => "prodaccount.challenge_expired",
        R::HasGroup { .. } => "prodaccount.has_group",
    }
    prodgroup::Rejection as R {
        R::AlreadyExists => "prodgroup.already_exists",
        R::NotYours => "prodgroup.not_yours",
        R::NotAllowed => "prodgroup.not_allowed",
        R::Name(_) => "prodgroup.name",
        R::UnderReview { .. } => "prodgroup.under_review",
        R::IllegalTransition { .. } => "prodgroup.illegal_transition",
        R::ChecklistRed { .. } => "prodgroup.checklist_red",
        R::NoLimitsAsked => "prodgroup.no_limits_asked",
        R::LimitsOutOfRange => "prodgroup.limits_out_of_range",
        R::NotAnApprover => "prodgroup.not_an_approver",
        R::ReviewerNotIndependent => "prodgroup.reviewer_not_independent",
        R::SameApprover => "prodgroup.same_approver",
        R::EvidenceChanged => "prodgroup.evidence_changed",
        R::SubmissionExpired => "prodgroup.submission_expired",
        R::NotDue => "prodgroup.not_due",
        R::AlreadyInGroup => "prodgroup.already_in_group",
        R::NotInGroup => "prodgroup.not_in_group",
        R::TooManyIntegrations => "prodgroup.too_many_integrations",
    }
    gateway::Rejection as R {
        R::AlreadyRegistered => "gateway.already_registered",
        R::NotRegistered => "gateway.not_registered",
        R::NotAnApprover => "gateway.not_an_approver",
        R::Name(_) => "gateway.name",
        R::TooManyCredentials => "gateway.too_many_credentials",
        R::NoSuchCredential => "gateway.no_such_credential",
        R::IsRetired => "gateway.is_retired",
    }
    roster::Rejection as R {
        R::Full { .. } => "roster.full",
        R::TooOften { .. } => "roster.too_often",
        R::NotRegistered => "roster.not_registered",
        R::NotYours => "roster.not_yours",
        R::NotAllowed => "roster.not_allowed",
        R::NoRoom { .. } => "roster.no_room",
        R::TooManyToMove => "roster.too_many_to_move",
    }
    NameRule as R {
        R::Empty => "name.empty",
        R::TooLong => "name.too_long",
        R::ForbiddenCharacter => "name.forbidden_character",
        R::TooManyParts { .. } => "name.too_many_parts",
        R::BannedWord { .. } => "name.banned_word",
        R::NoKnownPart => "name.no_known_part",
        R::Taken => "name.taken",
    }
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_rules_share_a_code() {
        let distinct: BTreeSet<&str> = all().collect();
        assert_eq!(distinct.len(), all().count());
    }

    #[test]
    fn a_code_is_an_aggregate_and_a_rule_in_snake_case() {
        for code in all() {
            let (aggregate, rule) = code.split_once('.').expect("a dot parts aggregate and rule");
            let is_snake =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(is_snake(aggregate) && is_snake(rule), "{code}");
        }
    }
}
