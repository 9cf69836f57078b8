use super::*;
use crate::policy::Policy;
use proptest::prelude::*;

fn production(typed: &str, vendor: &str, integrations: &[&str]) -> Result<String, NameProblem> {
    let integrations: Vec<String> = integrations.iter().map(|&name| name.to_owned()).collect();
    check_production(typed, vendor, &integrations, &Policy::default())
}

fn proposal(typed: &str, vendor: &str, integrations: &[&str]) -> Option<String> {
    production(typed, vendor, integrations).expect_err("the name should be refused").proposal
}

fn broken_by(typed: &str) -> NameRule {
    normalise(typed).expect_err("the name should be refused").rule
}

/// Whether two names can't both be claimed.
fn collide(one: &str, other: &str) -> bool {
    let others = claim_keys(other);
    claim_keys(one).iter().any(|key| others.contains(key))
}

mod the_normal_form {
    use super::*;

    #[test]
    fn composes_trims_and_folds_blanks() {
        assert_eq!(normalise("  E\u{301}ditions \u{a0}\u{2003} Didier \n").as_deref(), Ok("Éditions Didier"));
    }

    #[test]
    fn keeps_every_script() {
        for name in [
            "אוניברסיטה פתוחה",
            "جامعة القاهرة",
            "東京書籍",
            "Öffentliche Bibliothek",
            "한국방송통신대학교",
            "प्रथम",
            "42",
        ] {
            assert_eq!(normalise(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn keeps_the_marks_real_names_have() {
        for name in [
            "Barnes & Noble College",
            "Bedford/St. Martin's",
            "Chegg, Inc.",
            "Piazza Q&A",
            "Student Learning & Licensure (SL&L)",
            "The Escal Institute of Advanced Technologies, Inc. d/b/a SANS Institute",
            "edu-sharing",
        ] {
            assert_eq!(normalise(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn refuses_a_name_nobody_could_read_out() {
        for typed in ["", "   ", "\n", " - ", "***", "…"] {
            assert_eq!(broken_by(typed), NameRule::Empty, "{typed:?}");
        }
    }

    #[test]
    fn takes_a_hundred_characters_and_refuses_one_more() {
        let longest = "é".repeat(NAME_CHARS_MAX);
        assert_eq!(normalise(&longest), Ok(longest.clone()));
        assert_eq!(broken_by(&format!("{longest}é")), NameRule::TooLong);
        assert!(normalise(&format!("  {longest}  ")).is_ok(), "blanks around do not count");
        assert!(normalise(&"e\u{301}".repeat(NAME_CHARS_MAX)).is_ok(), "characters count composed");
    }

    #[test]
    fn proposes_the_words_that_fit_for_a_name_too_long() {
        let problem = normalise(&"Ten letters ".repeat(9)).expect_err("108 characters");
        assert_eq!(problem.rule, NameRule::TooLong);
        assert_eq!(problem.proposal, Some(["Ten letters"; 8].join(" ") + " Ten"));
        assert_eq!(normalise(&"x".repeat(101)).expect_err("one word").proposal, None);
    }

    #[test]
    fn refuses_what_a_reader_cannot_see() {
        for c in [
            '\u{0}',
            '\t',
            '\n',
            '\r',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{61c}',
            '\u{115f}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fffd}',
            '\u{ffff}',
            '\u{fdd0}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{f0000}',
            '\u{10ffff}',
        ] {
            assert_eq!(
                broken_by(&format!("Ac{c}me")),
                NameRule::ForbiddenCharacter,
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn proposes_the_name_without_what_cannot_be_seen() {
        let problem = normalise("Ac\u{200b}me\u{202e}").expect_err("invisible");
        assert_eq!(problem.proposal.as_deref(), Some("Acme"));
        assert_eq!(
            problem.to_string(),
            "a name holds no control or invisible characters; \"Acme\" would pass"
        );
    }

    proptest! {
        #[test]
        fn is_its_own_normal_form(typed in any::<String>()) {
            if let Ok(name) = normalise(&typed) {
                prop_assert_eq!(normalise(&name), Ok(name.clone()));
            }
        }

        #[test]
        fn a_proposal_passes_the_rule_it_was_made_for(typed in "[\\PC\u{200b}\n ]{0,150}") {
            if let Err(NameProblem { proposal: Some(proposal), .. }) = normalise(&typed) {
                prop_assert_eq!(normalise(&proposal), Ok(proposal.clone()));
            }
        }
    }
}

mod a_development_name {
    use super::*;

    #[test]
    fn has_up_to_three_parts() {
        let documented = "SuperSoftware - Sudoku For Learners - Development Team 1";
        assert_eq!(check_development(documented).as_deref(), Ok(documented));
        let problem = check_development("A - B - C - D").expect_err("four parts");
        assert_eq!(problem.rule, NameRule::TooManyParts { max: 3 });
        assert_eq!(problem.proposal.as_deref(), Some("A - B - C D"));
    }

    #[test]
    fn may_use_any_word() {
        assert!(check_development("Fischer Identity Blackboard REST connector").is_ok());
    }
}

mod a_production_name {
    use super::*;

    #[test]
    fn is_company_product_or_both() {
        let ok = |typed, vendor, integrations: &[&str]| {
            assert_eq!(production(typed, vendor, integrations).as_deref(), Ok(typed));
        };
        ok("Mark's Software - Multinote", "Mark's Software", &[]);
        ok("SuperSoftware - Sudoku For Learners", "SuperSoftware", &[]);
        ok("SuperSoftware", "SuperSoftware", &[]);
        ok("MindTap", "Cengage", &["MindTap"]);
        ok("Learning Tools - MindTap", "Cengage", &["MindTap"]);
        ok("Turnitin, LLC", "Turnitin, LLC", &[]);
        ok("This - That", "This - That", &[]);
    }

    #[test]
    fn has_no_third_part() {
        let typed = "SuperSoftware - Sudoku For Learners - Development Team 1";
        let problem = production(typed, "SuperSoftware", &[]).expect_err("three parts");
        assert_eq!(problem.rule, NameRule::TooManyParts { max: 2 });
        assert_eq!(problem.proposal.as_deref(), Some("SuperSoftware - Sudoku For Learners"));
    }

    #[test]
    fn may_hold_a_banned_word_inside_a_longer_one() {
        for vendor in [
            "Backstage Library Works",
            "Capita",
            "Everest College",
            "International Institute for Restorative Practices",
            "Okapi Educational Publishing",
            "Prestwick House",
            "RapidIdentity",
            "Testify",
            "Testmoz",
            "TestOut",
            "TestReach",
            "Devon Productions",
        ] {
            assert_eq!(production(vendor, vendor, &[]).as_deref(), Ok(vendor));
        }
    }

    #[test]
    fn has_no_banned_word_standing_alone() {
        for (typed, word) in [
            ("bb-lti13-2964661-test1", "test1"),
            ("attendance-REST-Python3", "REST"),
            ("Fischer Identity Blackboard REST connector", "Blackboard"),
            ("Kaltura Video Tool for Blackboard", "Blackboard"),
            ("Acme_api", "api"),
            ("Acme (Staging)", "Staging"),
            ("Acme/stage2", "stage2"),
            ("PROD42 Acme", "PROD42"),
            ("Acme - Production", "Production"),
            ("Anthology Acme", "Anthology"),
            ("acme.DEV", "DEV"),
            ("Acme ＲＥＳＴ", "ＲＥＳＴ"),
        ] {
            let problem = production(typed, typed, &[]).expect_err(typed);
            assert_eq!(problem.rule, NameRule::BannedWord { word: word.to_owned() }, "{typed}");
        }
    }

    #[test]
    fn is_judged_by_the_words_policy_bans() {
        let policy = Policy { banned_name_tokens: vec!["Pilot".to_owned()], ..Policy::default() };
        assert!(check_production("Acme REST", "Acme REST", &[], &policy).is_ok());
        assert!(check_production("Acme PILOT7", "Acme PILOT7", &[], &policy).is_err());
        assert!(check_production("Acme 7", "Acme 7", &[], &policy).is_ok());
    }

    #[test]
    fn has_a_part_that_is_the_vendor_or_an_integration() {
        let refused = |typed, vendor, integrations: &[&str]| {
            let problem = production(typed, vendor, integrations).expect_err(typed);
            assert_eq!(problem.rule, NameRule::NoKnownPart, "{typed}");
        };
        refused("Quizmaster", "Acme", &[]);
        refused("Acme Quiz", "Acme", &[]);
        refused("Acmes - Quiz", "Acme", &["Quizzes"]);
        refused("Acme, Quiz", "Acme", &["Quiz"]);
        refused("Quizmaster", "", &[]);
    }

    #[test]
    fn matches_the_vendor_whatever_case_blanks_and_width() {
        for typed in ["FEEDBACKFRUITS - Tool Suite", "Feedback Fruits", "Ｆeedbackfruits"] {
            assert!(production(typed, "FeedbackFruits", &[]).is_ok(), "{typed}");
        }
        assert!(production("STRASSE", "Straße", &[]).is_ok());
    }

    #[test]
    fn is_proposed_without_the_banned_word_and_with_the_vendor() {
        let proposed = |typed, vendor, integrations: &[&str], expected: &str| {
            assert_eq!(proposal(typed, vendor, integrations).as_deref(), Some(expected), "{typed}");
        };
        proposed("bb-lti13-2964661-test1", "Acme", &[], "Acme - bb-lti13-2964661");
        proposed("attendance-REST-Python3", "Acme", &[], "Acme - attendance-Python3");
        proposed("Kaltura Video Tool for Blackboard", "Kaltura", &[], "Kaltura - Video Tool");
        proposed(
            "Fischer Identity Blackboard REST connector",
            "Fischer Identity",
            &[],
            "Fischer Identity - connector",
        );
        proposed("Quiz (REST)", "Acme", &["Quiz"], "Quiz");
        proposed("Quiz (REST edition)", "Acme", &[], "Acme - Quiz (edition)");
        proposed("Acme - REST", "Acme", &["Quiz"], "Acme");
        proposed("Acme Quiz", "Acme", &[], "Acme - Quiz");
        proposed("Acme – Quiz", "Acme", &[], "Acme - Quiz");
        proposed("Quizmaster", "Acme", &["Quiz"], "Acme - Quizmaster");
        proposed("Test", "Acme", &["Quiz"], "Acme - Quiz");
        proposed("Test", "Acme", &[], "Acme");
        proposed("Test", "Blackboard Partners", &["Quiz"], "Quiz");
    }

    #[test]
    fn is_not_proposed_when_none_can_be_made() {
        assert_eq!(proposal("Test", "Blackboard Partners", &["REST API"]), None);
    }

    #[test]
    fn is_refused_with_the_rule_and_the_proposal() {
        assert_eq!(
            production("Acme Quiz", "Acme", &[]).expect_err("no known part").to_string(),
            "one part of a production name must be the vendor's name or the name of one of its integrations; \
             \"Acme - Quiz\" would pass"
        );
    }

    proptest! {
        #[test]
        fn is_accepted_as_proposed(
            typed in "[A-Za-z0-9(),&/\u{e9} -]{1,60}( - (REST|test1|for Blackboard|Quiz))?",
            vendor in "[A-Z][A-Za-z0-9 ]{0,20}",
            integration in "[A-Za-z0-9 -]{0,20}",
        ) {
            if let Err(NameProblem { proposal: Some(proposal), .. }) = production(&typed, &vendor, &[&integration]) {
                prop_assert_eq!(production(&proposal, &vendor, &[&integration]), Ok(proposal.clone()));
            }
        }
    }
}

mod the_claim_keys {
    use super::*;

    #[test]
    fn are_shared_by_names_that_look_alike() {
        for (one, other) in [
            ("Acme", "ACME"),
            ("FeedbackFruits", "Feedback Fruits"),
            ("Acme - Quiz", "Acme-Quiz"),
            ("Acme - Quiz", "Acme – Quiz"),
            ("Acme", "Асme"), // Cyrillic А and с
            ("ACME", "АСМЕ"), // all Cyrillic
            ("Straße", "STRASSE"),
            ("Straße", "STRAẞE"),
            ("Ｄ２Ｌ", "D2L"), // full width
            ("modern", "rnodern"),
        ] {
            assert!(collide(one, other), "{one} and {other}");
        }
        assert!(collide("PAYPAL", "PAYPAl"), "capital and small I and L");
    }

    #[test]
    fn differ_for_different_names() {
        for (one, other) in
            [("Acme", "Acne"), ("Quiz 1", "Quiz 2"), ("ALEKS", "Alex"), ("Éditions", "Editions")]
        {
            assert!(!collide(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn are_without_repeats() {
        assert_eq!(claim_keys("acne").len(), 1);
        assert_eq!(claim_keys("Illy").len(), 2);
    }

    /// Keys of another Unicode version differ, so names claimed before it must be claimed anew: raising the
    /// dependency is a decision, not an update.
    #[test]
    fn carry_the_unicode_version_they_were_made_with() {
        assert_eq!(unicode_security::UNICODE_VERSION, (18, 0, 0));
        assert_eq!(claim_keys("acne"), ["unicode-18.0.0|acne"]);
    }

    /// A letter and one that looks like it (UTS 39 confusables).
    fn lookalike(c: char) -> char {
        match c {
            'a' => 'а',
            'c' => 'с',
            'e' => 'е',
            'o' => 'ο',
            'p' => 'р',
            'A' => 'А',
            'B' => 'В',
            'O' => 'Ο',
            other => other,
        }
    }

    #[test]
    fn no_character_folds_to_one_that_folds_on() {
        let folds_on = |c: &char| {
            let folded = fold(&c.to_string());
            fold(&folded) != folded
        };
        assert_eq!(('\0'..=char::MAX).find(folds_on), None);
    }

    proptest! {
        #[test]
        fn collide_whatever_the_case(name in "[A-Za-z0-9 &.'éüßα-ω-]{1,40}") {
            prop_assert!(collide(&name, &name.to_uppercase()), "{name}");
            prop_assert!(collide(&name, &name.to_lowercase()), "{name}");
        }

        #[test]
        fn collide_whatever_the_blanks(words in prop::collection::vec("[A-Za-zé0-9-]{1,8}", 1..5)) {
            prop_assert_eq!(claim_keys(&words.join(" ")), claim_keys(&words.concat()));
            prop_assert_eq!(claim_keys(&words.join(" ")), claim_keys(&words.join("\u{3000}  ")));
        }

        #[test]
        fn collide_when_letters_are_swapped_for_lookalikes(name in "[A-Za-z0-9 -]{1,40}") {
            let disguise = |name: &str| name.chars().map(lookalike).collect::<String>();
            prop_assert!(collide(&name, &disguise(&name)), "{name}");
            prop_assert!(collide(&name, &disguise(&name.to_lowercase())), "{name}");
        }

        #[test]
        fn are_one_or_two_for_any_text(name in any::<String>()) {
            let keys = claim_keys(&name);
            prop_assert!(keys.len() == 1 || (keys.len() == 2 && keys[0] != keys[1]));
        }

        #[test]
        fn folding_twice_is_folding_once(name in any::<String>()) {
            prop_assert_eq!(fold(&fold(&name)), fold(&name));
        }
    }
}
