//! The words of all mails, by kind and language. A paragraph is plain text with `{names}` for data; one
//! whose data is absent is left out. `{code}` and `{link}` stand alone. Words of vendors and staff never
//! stand in the subject or in the first paragraph.

use super::{
    MailKind,
    content::{Found, Locale},
};
use domain::{prodaccount::BounceCause, prodgroup::ReasonCode, roster::Scope, usagewatch::LimitOf};

/// What a vendor can do about customer sites.
const MAKE_ROOM: &str = "Take off sites that no longer need your integrations; a place stays taken for a while after \
                         its site has gone. For more places, move integrations to a production group, or ask for \
                         higher limits there.";

/// One mail's words.
pub(super) struct Text {
    pub(super) subject: &'static str,
    pub(super) paragraphs: &'static [&'static str],
}

const SITES_NEARLY_FULL: Text = Text {
    subject: "Few places for customer sites are left",
    paragraphs: &[
        "Soon customers will be refused when they install one of your integrations: few places for \
                 customer sites are left.",
        "Group: {group}",
        "Taken: {used} of {limit} places {places}",
        MAKE_ROOM,
    ],
};

const SITE_REFUSED: Text = Text {
    subject: "A customer site was refused",
    paragraphs: &[
        "A customer wanted to install one of your integrations and was refused, because no place for \
                 another customer site was free. You get this mail at most once a day.",
        "Group: {group}",
        "Taken: all {limit} places {places}",
        "Refused site: {site}",
        "Integration: {integration}",
        MAKE_ROOM,
    ],
};

/// The words of a kind of mail.
pub(super) fn text(kind: MailKind, locale: Locale) -> Text {
    match locale {
        Locale::En => english(kind),
    }
}

/// What a reason code means.
pub(super) fn reason(code: ReasonCode, locale: Locale) -> &'static str {
    match (locale, code) {
        (Locale::En, ReasonCode::Naming) => "the name misleads or breaks the naming rules",
        (Locale::En, ReasonCode::Contact) => "the contact is not suitable",
        (Locale::En, ReasonCode::IntegrationFacts) => "facts of an integration are wrong or misleading",
        (Locale::En, ReasonCode::Entitlements) => {
            "an integration asks for more entitlements than its purpose needs"
        }
        (Locale::En, ReasonCode::Limits) => "the limits asked for are not justified",
        (Locale::En, ReasonCode::Terms) => "it goes against the terms",
        (Locale::En, ReasonCode::Other) => "another reason, told in the note",
    }
}

/// Whose places a number counts.
pub(super) fn places(scope: Scope, locale: Locale) -> &'static str {
    match (locale, scope) {
        (Locale::En, Scope::Group) => "of the group",
        (Locale::En, Scope::Owner) => "of all your development groups together",
        (Locale::En, Scope::Organisation) => "of all development groups of your organisation together",
    }
}

/// Whose calls a limit counts.
pub(super) fn counted(limit: LimitOf, locale: Locale) -> &'static str {
    match (locale, limit) {
        (Locale::En, LimitOf::Group) => "the group",
        (Locale::En, LimitOf::Owner) => "all development groups of your account together",
        (Locale::En, LimitOf::Organisation) => "all development groups of your organisation together",
        (Locale::En, LimitOf::Share) => "the share of one integration",
    }
}

/// What speaks against a contact, and what to do about it.
pub(super) fn found(found: Found, locale: Locale) -> &'static str {
    match (locale, found) {
        (Locale::En, Found::Bounce(BounceCause::NoMailbox)) => {
            "mail to it came back, because there is no such mailbox. Make it, or name another contact."
        }
        (Locale::En, Found::Bounce(BounceCause::MailboxFull)) => {
            "mail to it came back, because the mailbox is full. Make room in it."
        }
        (Locale::En, Found::Bounce(BounceCause::MembersOnly)) => {
            "mail to it came back, because it is a list or group that takes mail from its members only. Let it take \
             messages from people outside your organisation (in Google Groups, who can post: anyone on the web; in \
             Microsoft 365, allow external senders): your customers are such people."
        }
        (Locale::En, Found::Bounce(BounceCause::Refused)) => {
            "mail to it came back, because it refuses senders it does not know. Open the mailbox to everybody: your \
             customers are such senders."
        }
        (Locale::En, Found::Bounce(BounceCause::Other)) => {
            "mail to it came back. Ask whoever runs the mailbox why."
        }
        (Locale::En, Found::NoMailHost) => {
            "no mail server was found that takes mail for it. Ask whoever runs its domain."
        }
        (Locale::En, Found::OtherHands) => {
            "its domain has other mail servers and other name servers than before, as if it had changed hands."
        }
        (Locale::En, Found::Disowned) => "whoever reads it answered that it is not yours.",
    }
}

fn english(kind: MailKind) -> Text {
    match kind {
        MailKind::SignUpCode => Text {
            subject: "Your code for the developer portal",
            paragraphs: &[
                "Somebody, most likely you, is signing up at the developer portal with this address.",
                "To go on, enter this code:",
                "{code}",
                "or open this page and confirm there:",
                "{link}",
                "The code works once, until {expires_at}.",
                "If it was not you, do nothing, or say so on that page: without the code there will be no account.",
            ],
        },
        MailKind::AddressAlreadyKnown => Text {
            subject: "You have an account at the developer portal",
            paragraphs: &[
                "Somebody, most likely you, tried to sign up at the developer portal with this address.",
                "The address belongs to an account already, so nothing was changed. Sign in with your password.",
                "If it was not you, do nothing.",
            ],
        },
        MailKind::ContactCode => CONTACT_CODE,
        MailKind::ChangesRequested => Text {
            subject: "Your production group needs changes",
            paragraphs: &[
                "Staff looked at your submission and ask for changes before it can be approved.",
                "Production group: {group}",
                "Reason: {reason}.",
                "Note from staff: {note}",
                "Please make the changes and submit the group again before {expires_at}; then the submission \
                 ends.",
            ],
        },
        MailKind::ProductionApproved => Text {
            subject: "Your production group is approved",
            paragraphs: &[
                "Your submission was approved. Its integrations are released, with these limits:",
                "Production group: {group}",
                "API calls: {calls} in {window}",
                "Customer sites: {sites}",
            ],
        },
        MailKind::ProductionRefused => Text {
            subject: "Your production group was not approved",
            paragraphs: &[
                "Staff looked at your submission and refused it. The group keeps its development limits, and \
                 may be submitted anew.",
                "Production group: {group}",
                "Reason: {reason}.",
                "Note from staff: {note}",
            ],
        },
        MailKind::SitesNearlyFull => SITES_NEARLY_FULL,
        MailKind::SiteRefused => SITE_REFUSED,
        MailKind::CallsRunOut => CALLS_RUN_OUT,
        MailKind::CallsUsedUp => CALLS_USED_UP,
        MailKind::CeilingRunsOut => CEILING_RUNS_OUT,
        MailKind::CeilingUsedUp => CEILING_USED_UP,
        MailKind::ShareRunsOut => SHARE_RUNS_OUT,
        MailKind::ShareUsedUp => SHARE_USED_UP,
        MailKind::ContactProofDue => CONTACT_PROOF_DUE,
        MailKind::ContactInDoubt => CONTACT_IN_DOUBT,
        MailKind::ContactProofEnds => CONTACT_PROOF_ENDS,
        MailKind::ContactProofEnded => CONTACT_PROOF_ENDED,
    }
}

const CONTACT_CODE: Text = Text {
    subject: "Confirm that this mailbox receives mail",
    paragraphs: &[
        "A vendor named this mailbox as its contact at the developer portal. Customers will be shown \
         the address, and may write to it, once it is confirmed.",
        "Vendor: {vendor}",
        "If that is right, pass this code to whoever manages the account, or enter it yourself:",
        "{code}",
        "It can also be confirmed on this page:",
        "{link}",
        "The code works once, until {expires_at}.",
        "If this is not the vendor's mailbox, say so on that page, and no more codes will come. Without the code the \
         address is shown to nobody.",
    ],
};

/// How a contact is proven anew.
const PROVE_ANEW: &str = "A code was mailed to the contact. Enter it in your production account, or have whoever reads the \
                          mailbox confirm it. If it did not arrive, ask for another one there.";

const CONTACT_PROOF_DUE: Text = Text {
    subject: "Your contact mailbox is due to be confirmed again",
    paragraphs: &[
        "Your customers are told that your contact mailbox was proven to receive mail. That proof ends soon, so the \
         mailbox is to be confirmed again.",
        "Vendor: {vendor}",
        "The proof ends: {ends_at}",
        PROVE_ANEW,
    ],
};

const CONTACT_IN_DOUBT: Text = Text {
    subject: "Your contact mailbox may not receive mail",
    paragraphs: &[
        "Something speaks against your contact mailbox receiving mail. Your customers see it as in doubt until it is \
         confirmed again.",
        "What was found: {found}",
        "Vendor: {vendor}",
        PROVE_ANEW,
    ],
};

const CONTACT_PROOF_ENDS: Text = Text {
    subject: "Your contact mailbox will be shown as unreachable",
    paragraphs: &[
        "It was found again that your contact mailbox does not receive mail. Unless it is confirmed before its proof \
         ends, your customers will see it as unreachable, and nothing new can be released.",
        "What was found: {found}",
        "Vendor: {vendor}",
        "The proof ends: {ends_at}",
        PROVE_ANEW,
    ],
};

const CONTACT_PROOF_ENDED: Text = Text {
    subject: "Your contact mailbox is no longer proven",
    paragraphs: &[
        "The proof that your contact mailbox receives mail has ended. Your customers are told so, and nothing new can \
         be released until it is confirmed again, or another mailbox is.",
        "What was found: {found}",
        "Vendor: {vendor}",
        "The proof ended: {ends_at}",
        "Ask for a code in your production account and enter it there.",
    ],
};

const CALLS_RUN_OUT: Text = Text {
    subject: "A group of yours has used most of its API calls",
    paragraphs: &[
        "One of your groups has used {percent} % of the API calls it has in {window}. When all are used, \
         further calls are refused until some become free again.",
        "Group: {group} ({id})",
        "Limit: {calls} calls in {window}",
        "Part of the group that has this limit of its own: {part}",
        "Reached: {since}",
        "The quota of the group tells how much is left, when calls become free, and when none will be left \
         at the present pace.",
    ],
};

const CALLS_USED_UP: Text = Text {
    subject: "A group of yours has used all its API calls",
    paragraphs: &[
        "One of your groups has used all API calls it has in {window}. Further calls are refused until some \
         become free again.",
        "Group: {group} ({id})",
        "Limit: {calls} calls in {window}",
        "Part of the group that has this limit of its own: {part}",
        "Reached: {since}",
        "The quota of the group tells when calls become free. If it needs more calls in the long run, ask \
         for higher limits.",
    ],
};

const CEILING_RUNS_OUT: Text = Text {
    subject: "Your development groups have used most of their API calls",
    paragraphs: &[
        "There is a limit for {counted}. They have used {percent} % of the API calls they have in {window}. When \
         all are used, further calls of any of these groups are refused until some become free again, whatever \
         its own limit leaves.",
        "Limit: {calls} calls in {window} for {counted}",
        "One of your groups it counts for: {group} ({id})",
        "Reached: {since}",
        "The quota of each of these groups tells how much this limit leaves, and when calls become free.",
    ],
};

const CEILING_USED_UP: Text = Text {
    subject: "Your development groups have used all their API calls",
    paragraphs: &[
        "There is a limit for {counted}. They have used all API calls they have in {window}. Further calls of any \
         of these groups are refused until some become free again, whatever its own limit leaves.",
        "Limit: {calls} calls in {window} for {counted}",
        "One of your groups it counts for: {group} ({id})",
        "Reached: {since}",
        "The quota of each of these groups tells when calls become free.",
    ],
};

const SHARE_RUNS_OUT: Text = Text {
    subject: "An integration of yours has used most of its share of API calls",
    paragraphs: &[
        "One of your integrations has used {percent} % of the share it has in the API calls of its group in \
         {window}. When all is used, further calls of this integration are refused until some become free again; \
         others in the group are not concerned.",
        "Integration: {integration} ({part})",
        "Group: {group} ({id})",
        "Limit: {calls} calls in {window} for {counted}",
        "Reached: {since}",
        "The quota of the group tells how much is left. The shares are for the owners and admins of the group to \
         declare.",
    ],
};

const SHARE_USED_UP: Text = Text {
    subject: "An integration of yours has used all its share of API calls",
    paragraphs: &[
        "One of your integrations has used all of the share it has in the API calls of its group in {window}. \
         Further calls of this integration are refused until some become free again; others in the group are not \
         concerned.",
        "Integration: {integration} ({part})",
        "Group: {group} ({id})",
        "Limit: {calls} calls in {window} for {counted}",
        "Reached: {since}",
        "The quota of the group tells how much is left. The shares are for the owners and admins of the group to \
         declare.",
    ],
};
