use super::*;
use proptest::prelude::*;

fn policy() -> Policy {
    Policy { reserved_mail_domains: vec!["test".to_owned()], ..Policy::default() }
}

fn parsed(typed: &str) -> Result<String, InvalidAddress> {
    Address::parse(typed, &policy()).map(|address| address.reveal())
}

fn class_of(typed: &str) -> MailboxClass {
    Address::parse(typed, &policy()).expect(typed).class(&["Acme Learning", "Quiz Lab 2", "東京"], &policy())
}

mod parsing {
    use super::*;

    #[test]
    fn keeps_the_local_part_and_lowers_the_domain() {
        assert_eq!(
            parsed(" Ada.Lovelace+lti@Mail.Vendor.TEST ").as_deref(),
            Ok("Ada.Lovelace+lti@mail.vendor.test")
        );
        assert_eq!(
            parsed("!#$%&'*+-/=?^_`{|}~@vendor.test").as_deref(),
            Ok("!#$%&'*+-/=?^_`{|}~@vendor.test")
        );
        assert_eq!(parsed("post@Bücher.de").as_deref(), Ok("post@xn--bcher-kva.de"));
    }

    #[test]
    fn refuses_control_characters_even_around() {
        for typed in ["a@b.test\r\n", "\na@b.test", "a\0@b.test", "a@b\t.test", "a@b.test\u{85}", "\u{7f}"] {
            assert_eq!(parsed(typed), Err(InvalidAddress::ControlCharacter), "{typed:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_dot_string() {
        for typed in [
            "",
            "vendor.test",
            "@vendor.test",
            ".a@vendor.test",
            "a.@vendor.test",
            "a..b@vendor.test",
            "a b@vendor.test",
            "a@b@vendor.test",
            "Ada <ada@vendor.test>",
            "a(b)@vendor.test",
            "a,b@vendor.test",
            "jürgen@vendor.test",
            "a\u{2028}@vendor.test",
            "a\\b@vendor.test",
        ] {
            assert_eq!(parsed(typed), Err(InvalidAddress::Syntax), "{typed:?}");
        }
    }

    #[test]
    fn refuses_quoted_names_and_literals() {
        for typed in ["\"a b\"@vendor.test", "\"a@b\"@vendor.test", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"] {
            assert_eq!(parsed(typed), Err(InvalidAddress::Exotic), "{typed}");
        }
    }

    #[test]
    fn refuses_domains_that_are_not_public() {
        for typed in [
            "a@localhost",
            "a@com",
            "a@co.uk",
            "a@192.0.2.1",
            "a@vendor.nosuchsuffix",
            "a@vendor.example",
            "a@example.com",
            "a@mail.example.org",
            "a@vendor.test.",
            "a@-vendor.test",
            "a@ven_dor.test",
            "a@",
            "a@vendor.local",
        ] {
            assert_eq!(parsed(typed), Err(InvalidAddress::Domain), "{typed}");
        }
        assert_eq!(Address::parse("a@vendor.test", &Policy::default()), Err(InvalidAddress::Domain));
    }

    #[test]
    fn takes_64_bytes_before_the_at_and_no_more() {
        assert!(parsed(&format!("{}@vendor.test", "a".repeat(64))).is_ok());
        assert_eq!(parsed(&format!("{}@vendor.test", "a".repeat(65))), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn takes_254_bytes_and_no_more() {
        let of_length = |bytes: usize| {
            let label = "d".repeat(61);
            let fixed = format!("@{label}.{label}.{label}.test");
            format!("{}{fixed}", "a".repeat(bytes - fixed.len()))
        };
        assert!(parsed(&of_length(254)).is_ok());
        assert_eq!(parsed(&of_length(255)), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn counts_the_bytes_of_the_domain_as_sent() {
        let domain = format!("{0}.{0}.{0}.{0}.test", "ü".repeat(50));
        let ascii = idna::domain_to_ascii(&domain).expect("an international name");
        assert!(ascii.len() <= 253 && ascii.len() < domain.len());
        let typed = format!("{}@{domain}", "a".repeat(10));
        assert_eq!(parsed(&typed), Err(InvalidAddress::TooLong), "refused as typed before it is converted");
    }

    #[test]
    fn shows_nothing_when_debugged() {
        let address = Address::parse("ada@vendor.test", &policy()).expect("valid");
        assert_eq!(format!("{address:?}"), "Address(…)");
    }

    #[test]
    fn one_mailbox_has_one_normalised_form() {
        let normalised = |typed| Address::parse(typed, &policy()).expect(typed).normalised();
        assert_eq!(normalised("Ada@Vendor.Test"), "ada@vendor.test");
        assert_eq!(normalised("ADA@VENDOR.TEST"), normalised(" ada@vendor.test"));
        assert_ne!(normalised("ada+x@vendor.test"), normalised("ada@vendor.test"));
    }

    proptest! {
        #[test]
        fn never_panics_and_gives_one_line_of_ascii(typed in any::<String>()) {
            if let Ok(address) = parsed(&typed) {
                prop_assert!(address.is_ascii() && address.len() <= ADDRESS_BYTES_MAX);
                prop_assert!(!address.chars().any(|c| c.is_control() || c == ' '));
            }
        }

        #[test]
        fn parses_what_it_revealed(local in "[a-zA-Z0-9._+-]{1,20}", domain in "[a-z0-9-]{1,20}\\.(test|com|de)") {
            if let Ok(address) = Address::parse(&format!("{local}@{domain}"), &policy()) {
                prop_assert_eq!(Address::parse(&address.reveal(), &policy()), Ok(address.clone()));
                let normalised = Address::parse(&address.normalised(), &policy()).expect("still an address");
                prop_assert_eq!(normalised.normalised(), address.normalised());
            }
        }
    }
}

mod the_class {
    use super::*;

    #[test]
    fn of_a_mailbox_that_takes_no_answers() {
        for local in [
            "noreply",
            "no-reply",
            "No.Reply",
            "NO_REPLY",
            "noreply2",
            "donotreply",
            "do-not-reply",
            "dont-reply",
            "bounce",
            "bounces+42",
            "lti-noreply",
            "mailer-daemon",
        ] {
            assert_eq!(class_of(&format!("{local}@vendor.test")), MailboxClass::NoReply, "{local}");
        }
        assert_eq!(class_of("noreply@gmail.com"), MailboxClass::NoReply);
        assert_eq!(class_of("bruno.replyman@vendor.test"), MailboxClass::Personal);
    }

    #[test]
    fn of_a_free_mail_provider() {
        for typed in
            ["ada@gmail.com", "support@outlook.com", "ada@yahoo.co.uk", "ada@mail.gmx.de", "a@Proton.me"]
        {
            assert_eq!(class_of(typed), MailboxClass::FreeMail, "{typed}");
        }
        assert_eq!(class_of("ada@notgmail.com"), MailboxClass::Personal);
    }

    #[test]
    fn of_a_throw_away_provider() {
        for typed in ["ada@mailinator.com", "support@eu.YOPmail.com", "lti@guerrillamail.de"] {
            assert_eq!(class_of(typed), MailboxClass::Disposable, "{typed}");
        }
        assert_eq!(class_of("noreply@mailinator.com"), MailboxClass::NoReply);
        assert_eq!(class_of("ada@mailinator-learning.com"), MailboxClass::Personal);
    }

    #[test]
    fn of_a_mailbox_several_people_read() {
        for local in [
            "business",
            "Support",
            "help-desk",
            "helpdesk",
            "contact",
            "hello",
            "info",
            "team",
            "sales",
            "integrations",
            "lti",
            "developers",
            "edtech",
            "lti-support",
            "support+eu",
            "support2",
            "postmaster",
            "edtechdev",
        ] {
            assert_eq!(class_of(&format!("{local}@vendor.test")), MailboxClass::Role, "{local}");
        }
    }

    #[test]
    fn of_a_mailbox_named_after_the_vendor_or_an_integration() {
        for local in ["acmelearning", "acme-learning", "Acme.Learning", "quizlab", "quiz-lab2"] {
            assert_eq!(class_of(&format!("{local}@vendor.test")), MailboxClass::Role, "{local}");
        }
        assert_eq!(class_of("acme@vendor.test"), MailboxClass::Personal);
    }

    #[test]
    fn of_everybody_else() {
        for local in ["ada.lovelace", "jsmith", "dev.patel", "supporter", "1", "x"] {
            assert_eq!(class_of(&format!("{local}@vendor.test")), MailboxClass::Personal, "{local}");
        }
    }
}

#[test]
fn the_organisation_is_the_registrable_domain_but_for_providers_anybody_uses() {
    let organisation = |typed| Address::parse(typed, &policy()).expect(typed).organisation_domain(&policy());
    assert_eq!(organisation("a@mail.eu.vendor.co.uk").as_deref(), Some("vendor.co.uk"));
    assert_eq!(organisation("a@mail.vendor.test").as_deref(), Some("vendor.test"));
    assert_eq!(organisation("a@gmail.com"), None);
    assert_eq!(organisation("a@mail.gmx.de"), None);
    assert_eq!(organisation("a@mail.mailinator.com"), None);
}

#[test]
fn tags_lead_to_one_mailbox() {
    for (address, mailbox) in [
        ("ada@acme.com", "ada@acme.com"),
        ("ada+1@acme.com", "ada@acme.com"),
        ("ada+1+2@acme.com", "ada@acme.com"),
        ("+1@acme.com", "+1@acme.com"),
        ("ada@acme.com+1", "ada@acme.com+1"),
    ] {
        assert_eq!(super::mailbox(address), mailbox);
    }
}
