//! What a new declaration asks for beyond the former. Staff and customers agreed to what they saw: a released
//! integration may ask for less, or describe itself better, but neither widen its access nor change its name behind their backs.

use super::facts::{Facts, Lti, Rest};

/// JSON pointers of the fields in which `after` asks for more than `before`, or is no longer known by the name
/// that was reviewed; empty when neither. New addresses count when their hosts are not declared.
pub(super) fn widened(before: &Facts, after: &Facts) -> Vec<&'static str> {
    let no_lti = Lti::default();
    let no_rest = Rest::default();
    let (lti, lti_after) = (before.lti.as_ref().unwrap_or(&no_lti), after.lti.as_ref().unwrap_or(&no_lti));
    let (rest, rest_after) =
        (before.rest.as_ref().unwrap_or(&no_rest), after.rest.as_ref().unwrap_or(&no_rest));
    let grew = |before: bool, after: bool| after && !before;
    let asked = |switch: Option<bool>| switch == Some(true);
    [
        ("/name", after.name != before.name),
        ("/kinds", after.kinds.iter().any(|kind| !before.speaks(*kind))),
        ("/hosts", adds(&before.hosts, &after.hosts)),
        ("/lti/redirect_uris", adds(&before.undeclared_hosts(), &after.undeclared_hosts())),
        ("/lti/scopes", adds(&lti.scopes, &lti_after.scopes)),
        ("/lti/claims", adds(&lti.claims, &lti_after.claims)),
        ("/lti/user_fields", adds(&lti.user_fields, &lti_after.user_fields)),
        ("/lti/grade_service", grew(lti.grade_service, lti_after.grade_service)),
        ("/lti/membership_service", grew(lti.membership_service, lti_after.membership_service)),
        ("/rest/entitlements", adds(&rest.entitlements, &rest_after.entitlements)),
        ("/rest/privileges", adds(&rest.privileges, &rest_after.privileges)),
        (
            "/rest/three_legged_oauth",
            grew(asked(rest.three_legged_oauth), asked(rest_after.three_legged_oauth)),
        ),
        ("/rest/end_user_access", grew(asked(rest.end_user_access), asked(rest_after.end_user_access))),
        ("/rest/act_as_user", grew(asked(rest.act_as_user), asked(rest_after.act_as_user))),
    ]
    .into_iter()
    .filter_map(|(pointer, is_wider)| is_wider.then_some(pointer))
    .collect()
}

fn adds(before: &[String], after: &[String]) -> bool {
    after.iter().any(|entry| !before.contains(entry))
}
