//! Numbers as they are given.

use super::{
    super::parse::{DraftShare, SHARES_MAX, WINDOW_S_MAX, WINDOW_S_MIN},
    *,
};

const NOTHING: DraftLimits =
    DraftLimits { calls: 1, window_s: None, window: None, sites: None, partition: None };

fn told(errors: &[FieldError]) -> Vec<(&str, &str)> {
    errors.iter().map(|error| (error.pointer.as_str(), error.code)).collect()
}

#[test]
fn limits_are_above_zero_and_fit_thirty_two_bits() {
    let code = "limits.number_out_of_range";
    for number in [0, -1, i64::MIN, i64::from(u32::MAX) + 1, i64::MAX] {
        let errors = LimitsAsked::parse(DraftLimits { calls: number, ..NOTHING }).expect_err("refused");
        assert_eq!(told(&errors), [("/calls", code)]);
        let errors = LimitsAsked::parse(DraftLimits { sites: Some(number), ..NOTHING }).expect_err("refused");
        assert_eq!(told(&errors), [("/sites", code)]);
        assert!(parse::calls("/calls", number).is_err());
    }
    for number in [1, i64::from(u32::MAX)] {
        assert!(LimitsAsked::parse(DraftLimits { calls: number, sites: Some(number), ..NOTHING }).is_ok());
    }
}

#[test]
fn a_window_lasts_from_a_minute_to_a_leap_year() {
    for (seconds, fits) in [
        (WINDOW_S_MIN - 1, false),
        (WINDOW_S_MIN, true),
        (WINDOW_S_MAX, true),
        (WINDOW_S_MAX + 1, false),
        (0, false),
    ] {
        let draft = DraftLimits { window_s: Some(seconds.into()), ..NOTHING };
        assert_eq!(LimitsAsked::parse(draft).is_ok(), fits, "{seconds}");
    }
}

#[test]
fn every_number_at_fault_is_told_with_what_would_be_accepted() {
    let draft = DraftLimits { calls: 0, window_s: Some(59), sites: Some(4_294_967_296), ..NOTHING };
    let errors = LimitsAsked::parse(draft).expect_err("refused");
    let fixes: Vec<_> = errors.iter().map(|error| error.fix.as_deref()).collect();
    assert_eq!(fixes, [Some("1"), Some("60"), Some("4294967295")]);
    assert_eq!(errors[1].detail, "a whole number from 60 to 31622400 is needed");
}

#[test]
fn shares_are_few_distinct_and_say_something() {
    let draft = |number, at_most, reserved| DraftShare {
        integration: IntegrationId::from_uuid(uuid(number)),
        at_most,
        reserved,
    };
    let errors = parse::shares(&[
        draft(1, Some(5), Some(6)),
        draft(1, Some(0), None),
        draft(2, None, None),
        draft(3, None, Some(-1)),
    ])
    .expect_err("refused");
    assert_eq!(
        told(&errors),
        [
            ("/shares/0/reserved", "shares.reserved_above_most"),
            ("/shares/1/integration", "shares.twice"),
            ("/shares/1/at_most", "limits.number_out_of_range"),
            ("/shares/2", "shares.says_nothing"),
            ("/shares/3/reserved", "limits.number_out_of_range"),
        ]
    );
    let many = |count: usize| {
        let drafts: Vec<_> = (0..count).map(|number| draft(number as u128, Some(1), Some(1))).collect();
        parse::shares(&drafts)
    };
    assert!(many(SHARES_MAX).is_ok_and(|shares| shares.len() == SHARES_MAX));
    assert_eq!(told(&many(SHARES_MAX + 1).expect_err("refused")), [("/shares", "shares.too_many")]);
}
