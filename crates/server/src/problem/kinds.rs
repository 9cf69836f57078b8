//! The table of problems. Codes are promises: add, never change. `api-spec/problems.md` is made from it.

/// The registered type of a limit that is reached (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_EXCEEDED_URI: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable, greppable.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// In words; constant for the kind.
    pub title: &'static str,
    /// When it is answered, in a sentence that also serves as the detail when there is none better.
    pub when: &'static str,
    /// Seconds after which the same request may succeed.
    pub retry_after_s: Option<u32>,
}

impl Kind {
    /// The `type` of its documents: a reference relative to the portal's origin, but for the one kind that others
    /// have registered.
    pub fn uri(&self) -> String {
        if *self == QUOTA_EXCEEDED {
            QUOTA_EXCEEDED_URI.to_owned()
        } else {
            format!("/problems/{}", self.code)
        }
    }
}

macro_rules! problems {
    ($($name:ident = $status:literal $code:literal $title:literal $when:literal $(retry $retry:literal)?;)+) => {
        $(#[doc = $when]
        pub static $name: Kind = Kind {
            code: $code,
            status: $status,
            title: $title,
            when: $when,
            retry_after_s: problems!(@retry $($retry)?),
        };)+

        /// Every kind, in the order of the table.
        pub static ALL: &[&Kind] = &[$(&$name),+];
    };
    (@retry) => { None };
    (@retry $seconds:literal) => { Some($seconds) };
}

problems! {
    // The request as such.
    NOT_JSON = 400 "body.not_json" "Not JSON" "The body is not one JSON value.";
    NOT_UTF8 = 400 "body.not_utf8" "Not UTF-8" "The body is not UTF-8.";
    DUPLICATE_MEMBER = 400 "body.duplicate_member" "Duplicate member" "An object of the body names a member twice.";
    TOO_DEEP = 400 "body.too_deep" "Nested too deep" "The body is nested deeper than 32 levels.";
    TOO_MANY_MEMBERS = 400 "body.too_many_members" "Too many members" "The body has more than 1,000 members and items.";
    CONTROL_CHARACTER = 400 "body.control_character" "Control character" "A text of the body holds a control character other than tab and line breaks.";
    DOES_NOT_FIT = 400 "body.does_not_fit" "Body does not fit" "A field is unknown, missing or of the wrong type; `errors` says which.";
    TOO_LARGE = 413 "body.too_large" "Body too large" "The body has more than 64 KiB.";
    OTHER_DIGEST = 400 "body.other_digest" "Body differs from its digest" "The body is not the one that Content-Digest was made of.";
    UNSUPPORTED_TYPE = 415 "body.unsupported_type" "Unsupported media type" "The body must be sent as application/json.";
    BAD_HEADER = 400 "header.invalid" "Invalid header" "A request header is malformed; the detail says which.";
    BAD_QUERY = 400 "query.invalid" "Invalid query" "A query parameter is unknown or malformed; `errors` says which.";
    BAD_REQUEST = 400 "request.malformed" "Malformed request" "The request is malformed.";
    NO_ROUTE = 404 "route.not_found" "No such route" "There is nothing at this path.";
    NO_METHOD = 405 "route.method_not_allowed" "Method not allowed" "The path does not take this method; `Allow` lists those it takes.";
    NOT_ACCEPTABLE = 406 "route.not_acceptable" "Not acceptable" "The answer is only available as application/json.";
    TIMED_OUT = 503 "request.timed_out" "Timed out" "The request took longer than 10 seconds; what it asked for may still be done." retry 1;
    KEYS_LOST = 500 "internal.keys_lost" "Keys lost" "Stored personal data does not open with the keys there are; the server stops.";
    INTERNAL = 500 "internal" "Internal error" "The server failed; the request id leads to its log.";

    // Who asks.
    SIGN_IN_NEEDED = 401 "auth.required" "Sign-in needed" "The request needs a valid session token.";
    THROTTLED = 429 "auth.throttled" "Too many failed sign-ins" "Too many sign-ins with this address failed; wait before the next." retry 60;
    BAD_CREDENTIALS = 401 "auth.bad_credentials" "Sign-in failed" "Address, password or code is wrong.";
    FORBIDDEN = 403 "auth.forbidden" "Not permitted" "The signed-in principal's role does not permit this.";
    NOT_FOUND = 404 "resource.not_found" "Not found" "There is no such thing, or none you may know of.";

    // The door.
    GATEWAY_UNKNOWN = 401 "gateway.unknown" "Unknown gateway" "The request needs the live credential of a gateway in Portal-Gateway.";
    DOOR_SIGNATURE = 401 "gateway.signature" "Not signed" "The gateway's requests must be signed, and this one is not, or not rightly.";
    DOOR_UNTIMELY = 401 "gateway.untimely" "Signed too early or late" "Portal-Time is more than 30 s behind the portal's time or 5 s ahead of it, or less than 5 s after the portal's start.";
    DOOR_REPLAYED = 401 "gateway.replayed" "Replayed" "A request with this Portal-Nonce was answered already.";
    DOOR_PACE = 429 "gateway.too_fast" "Gateway too fast" "The gateway asks for more calls in a second than it may." retry 1;
    DOOR_CREDENTIAL_MISSING = 401 "gateway.credential_missing" "No credential" "The call shows no credential of an integration.";
    DOOR_CREDENTIAL_UNKNOWN = 401 "gateway.credential_unknown" "Unknown credential" "The call's credential opens nothing, or does not any more.";
    DOOR_SUSPENDED = 403 "gateway.group_suspended" "Group suspended" "Every call of the group is refused until staff let them pass again.";
    DOOR_SITE_MISSING = 400 "gateway.site_missing" "No site" "Each customer site of the group has a limit of its own, and the call names none in Portal-Site.";
    DOOR_SITE_STRANGE = 403 "gateway.site_not_registered" "Site not registered" "The customer site in Portal-Site has not installed the integration; installing it is POST /gateway/sites.";
    DOOR_NEVER = 403 "gateway.cost_never_admissible" "Costs too much" "The call costs more than a whole window allows, so it can never pass.";
    DOOR_COST = 400 "gateway.cost" "Cost refused" "Portal-Cost is a whole number from 1 to 4294967295.";
    QUOTA_EXCEEDED = 429 "gateway.quota_exceeded" "Quota exceeded" "A limit is reached; `violated-policies` names it, and Retry-After says when a call may pass." retry 1;
    DOOR_LEDGER = 503 "gateway.ledger_unavailable" "Not countable" "Calls can't be counted at this moment, so none passes." retry 1;
    DOOR_NOT_READY = 503 "gateway.not_ready" "Not ready" "The door does not know yet who is who." retry 1;

    // Preconditions, idempotency, order.
    PRECONDITION_REQUIRED = 428 "precondition.required" "If-Match needed" "The request must name the version it changes in If-Match.";
    PRECONDITION_FAILED = 412 "precondition.failed" "Version is stale" "It has changed since the version in If-Match.";
    OTHER_LOG = 409 "position.other_log" "Token of another log" "A position or version token belongs to another log; read again.";
    BEHIND = 503 "position.behind" "Not caught up" "The read model has not reached the position asked for within 2 seconds." retry 1;
    KEY_REUSED = 422 "idempotency.key_reused" "Idempotency key reused" "The idempotency key was used for another request.";
    IN_FLIGHT = 409 "idempotency.in_flight" "Still in flight" "The first request with this idempotency key has not ended yet." retry 1;
    CONTENDED = 503 "service.contended" "Contended" "Others kept changing the same thing; nothing was done." retry 1;
    BUSY = 503 "service.busy" "Busy" "A bounded queue is full; nothing was done." retry 2;
    UNAVAILABLE = 503 "service.unavailable" "Unavailable" "A part that is needed does not answer; of a command, ask what became of it or repeat it with the same idempotency key." retry 5;
    STOPPING = 503 "service.stopping" "Stopping" "The server takes no more changes; another one will." retry 5;
    IN_DOUBT = 503 "service.in_doubt" "In doubt" "Whether the change is durable is unknown; ask what became of the command." retry 5;
    ANSWER_PENDING = 503 "service.answer_pending" "Done, answer pending" "The change is durable, its result is not readable yet; read it, or repeat with the same idempotency key." retry 1;
    DISK_FULL = 507 "service.disk_full" "No space" "The device is full; reading goes on, writing does not.";

    TOO_MUCH_AT_ONCE = 422 "service.too_much_at_once" "Too much at once" "The change touches more things than one decision may.";
    LOG_FULL = 507 "service.log_full" "Log full" "The portal holds as many things as it can: nothing new can be made, reading goes on.";
    HISTORY_FULL = 409 "service.history_full" "History full" "It has too long a history to change any more.";

    // Fields and codes.
    FIELDS = 422 "fields.invalid" "Fields break rules" "Fields break rules; `errors` lists all of them.";
    TOO_MANY_CHALLENGES = 429 "code.too_many" "Too many codes" "A developer has codes sent to at most 10 unproven mailboxes a day." retry 3600;
    TOO_MANY_CHECKS = 429 "contact.too_many_checks" "Looked at too often" "The mail hosts of a contact are looked at 10 times an hour for one account, and 20 times a day for one mail domain; the detail says which." retry 3600;
    CHECKS_OFF = 409 "contact.not_looked_at" "Contacts are not looked at" "This portal does not look at the mail hosts of contacts.";
    CODE_WRONG = 422 "code.wrong" "Wrong code" "The code is wrong.";
    CODE_EXPIRED = 409 "code.expired" "Code expired" "The code has expired, or its tries are used up; ask for another one.";
    CODE_USED = 409 "code.used" "Code used" "The code has been used already.";

    // Names.
    NAME_EMPTY = 422 "name.empty" "Name empty" "A name is needed.";
    NAME_TOO_LONG = 422 "name.too_long" "Name too long" "A name has at most 100 characters.";
    NAME_FORBIDDEN_CHARACTER = 422 "name.forbidden_character" "Forbidden character in name" "A name holds no control or invisible characters.";
    NAME_TOO_MANY_PARTS = 422 "name.too_many_parts" "Too many parts in name" "The name has more parts than its kind of group takes.";
    NAME_BANNED_WORD = 422 "name.banned_word" "Banned word in name" "A production name holds a word that is refused.";
    NAME_NO_KNOWN_PART = 422 "name.no_known_part" "Name says nothing known" "One part of the name must be the vendor's name or one of its integrations'.";
    NAME_TAKEN = 422 "name.taken" "Name taken" "Another holds this name or one that looks like it.";

    // Rules of developers and staff; codes as in the domain.
    DEVELOPER_EXISTS = 409 "developer.already_registered" "Already registered" "The account exists already.";
    TOO_MANY_GROUPS = 422 "developer.too_many_groups" "Too many groups" "A developer owns at most so many development groups.";
    TOO_MANY_ACCOUNTS = 422 "developer.too_many_accounts" "Too many production accounts" "A developer owns at most so many production accounts.";
    STAFF_EXISTS = 409 "staff.already_enrolled" "Already enrolled" "The member of staff exists already.";
    STAFF_LEFT = 409 "staff.has_left" "Has left" "The member of staff has left.";

    // Rules of customer sites.
    SITES_FULL = 409 "roster.full" "No place is free" "All places for customer sites are taken; the detail says whom to ask.";
    SITES_TOO_OFTEN = 429 "roster.too_often" "Registered too often" "The site was registered with this integration five times within a day." retry 3600;
    SITES_NOT_ALLOWED = 403 "roster.not_allowed" "Not permitted in this group" "Only an owner or admin of the group may do this.";
    SITES_NO_ROOM = 409 "roster.no_room" "No room for its sites" "The customer sites of the integration find no room in the group it is to move to.";
    SITES_TOO_MANY = 409 "roster.too_many_to_move" "Too many sites to move" "An integration that more than 500 sites use stays where it is.";

    // Rules of gateways.
    GATEWAY_EXISTS = 409 "gateway.already_registered" "Already registered" "The gateway exists already.";
    GATEWAY_NOT_APPROVER = 403 "gateway.not_an_approver" "Not an approver" "Only an approver decides about gateways.";
    GATEWAY_CREDENTIALS = 409 "gateway.too_many_credentials" "Too many credentials" "The gateway has two live credentials already; revoke one first.";
    GATEWAY_NO_CREDENTIAL = 404 "gateway.no_such_credential" "No such credential" "The gateway has no such live credential.";
    GATEWAY_RETIRED = 409 "gateway.is_retired" "Gateway retired" "The gateway is retired for good.";

    // Rules of development groups.
    DEVGROUP_EXISTS = 409 "devgroup.already_exists" "Group exists" "The group exists already.";
    DEVGROUP_NOT_ALLOWED = 403 "devgroup.not_allowed" "Not permitted in this group" "Only an owner or admin of the group may do this.";
    DEVGROUP_PERSONAL = 409 "devgroup.personal_group" "Personal group" "The personal group keeps its name.";
    DEVGROUP_HAS_IT = 409 "devgroup.already_in_group" "Already in this group" "The integration is in this group already.";
    DEVGROUP_FULL = 422 "devgroup.too_many_integrations" "Too many integrations" "A development group holds at most so many integrations.";
    DEVGROUP_LACKS_IT = 409 "devgroup.not_in_group" "Not in this group" "The integration is not in this group.";

    // Rules of integrations.
    INTEGRATION_EXISTS = 409 "integration.already_registered" "Already registered" "The integration exists already.";
    INTEGRATION_NOT_ALLOWED = 403 "integration.not_allowed" "Not permitted for this integration" "Only an owner or admin of its group may do this.";
    SECRET_REQUIRED = 409 "integration.secret_required" "Secret needed" "An integration with the REST kind begins with a secret.";
    WIDENS_RELEASED = 409 "integration.widens_released" "Asks for more than was reviewed" "A released integration keeps its name and cannot ask for more than was reviewed; the fields say where it does.";
    KIND_REMOVED = 409 "integration.kind_removed" "Kind removed" "A kind once registered stays.";
    TOO_MANY_SECRETS = 409 "integration.too_many_secrets" "Too many secrets" "The integration has as many live secrets as it may.";
    NOT_REST = 409 "integration.not_rest" "Not a REST integration" "Only an integration with the REST kind has secrets.";
    NO_SUCH_SECRET = 404 "integration.no_such_secret" "No such secret" "The integration has no live secret of this id; one that was revoked is gone.";
    TEST_MODE_IN_PRODUCTION = 409 "integration.test_mode_in_production" "Not in production" "Test mode is for integrations in a development group: customers never meet an answer that is put on.";
    INTEGRATION_THERE = 409 "integration.already_in_group" "Already in this group" "The integration is in this group already.";

    // Rules of production accounts.
    ACCOUNT_EXISTS = 409 "prodaccount.already_exists" "Account exists" "The production account exists already.";
    ACCOUNT_NOT_ALLOWED = 403 "prodaccount.not_allowed" "Not permitted in this account" "Only an owner or admin of the account may do this.";
    ACCOUNT_SUPPORT_URL = 422 "prodaccount.support_url" "Support URL refused" "The support URL must be an https URL with a public host.";
    ACCOUNT_HAS_GROUP = 409 "prodaccount.has_group" "Has a production group" "The account has a production group already.";
    CONTACT_DISPOSABLE = 422 "prodaccount.contact_disposable" "Contact is disposable" "A mailbox of a throw-away provider cannot be a contact; name one that you keep, best at a domain of your own. Is it no such provider, the operator of this portal can allow it.";
    CONTACT_NO_ANSWERS = 422 "prodaccount.contact_takes_no_answers" "Contact takes no answers" "A mailbox that takes no answers cannot be a contact; name one that people read, such as support@.";
    CONTACT_SAME = 409 "prodaccount.same_contact" "Same contact" "This mailbox is the declared contact already.";
    CONTACT_PROVEN = 409 "prodaccount.contact_already_proven" "Contact is proven" "The contact is proven and not due for a new proof.";
    CONTACT_DISOWNED = 409 "prodaccount.contact_disowned" "Contact disowned" "The reader of this mailbox said that it is not yours; name another one.";
    CHALLENGE_EXPIRED = 409 "prodaccount.challenge_expired" "Code expired" "The code has expired; ask for another one.";

    // Rules of production groups and promotion.
    PROMOTION_EXISTS = 409 "prodgroup.already_exists" "Production group exists" "The production group exists already.";
    PROMOTION_NOT_ALLOWED = 403 "prodgroup.not_allowed" "Not permitted in this account" "Only an owner or admin of the account may do this.";
    PROMOTION_UNDER_REVIEW = 409 "prodgroup.under_review" "Under review" "Not while it is submitted or in review; withdraw the submission first.";
    PROMOTION_ILLEGAL = 409 "prodgroup.illegal_transition" "Not possible now" "The step does not exist in the present state of the promotion.";
    PROMOTION_CHECKLIST_RED = 422 "prodgroup.checklist_red" "Checklist is red" "A blocking check is red; `errors` lists all of them with their fixes.";
    PROMOTION_NO_LIMITS = 422 "prodgroup.no_limits_asked" "No limits asked" "Ask for limits and say why before you submit.";
    PROMOTION_LIMITS_RANGE = 422 "prodgroup.limits_out_of_range" "Limits out of range" "The limits asked for cannot be granted.";
    PROMOTION_NOT_APPROVER = 403 "prodgroup.not_an_approver" "Not an approver" "Only an approver may decide.";
    PROMOTION_NOT_INDEPENDENT = 403 "prodgroup.reviewer_not_independent" "Reviewer not independent" "Nobody decides for an account they belong or belonged to.";
    PROMOTION_SAME_APPROVER = 409 "prodgroup.same_approver" "Same approver" "The second approval must come from another member of staff.";
    PROMOTION_EVIDENCE_CHANGED = 409 "prodgroup.evidence_changed" "Evidence has changed" "What was submitted is no longer so; request changes so that it is submitted again.";
    PROMOTION_EXPIRED = 409 "prodgroup.submission_expired" "Submission expired" "The submission has expired.";
    PROMOTION_NOT_DUE = 409 "prodgroup.not_due" "Not due" "The deadline has not passed.";
    PROMOTION_HAS_IT = 409 "prodgroup.already_in_group" "Already in this group" "The integration is in this group already.";
    PROMOTION_FULL = 409 "prodgroup.too_many_integrations" "Group is full" "A production group holds at most 50 integrations.";
    PROMOTION_LACKS_IT = 409 "prodgroup.not_in_group" "Not in this group" "The integration is not in this group.";

    // Rules of what staff and vendor set for a group.
    ALLOWANCE_NOT_ALLOWED = 403 "allowance.not_allowed" "Not permitted in this group" "Only an owner or admin of the group may do this.";
    ALLOWANCE_NOT_APPROVER = 403 "allowance.not_an_approver" "Not an approver" "Only an approver may decide.";
    ALLOWANCE_NOT_INDEPENDENT = 403 "allowance.reviewer_not_independent" "Not independent" "Nobody decides for a group they belong or belonged to.";
    ALLOWANCE_SAME_APPROVER = 409 "allowance.same_approver" "Same approver" "Above the large tier another member of staff must ask for the same.";
    ALLOWANCE_GRANT_OVER = 422 "allowance.grant_over" "Grant is over" "A grant ends after now.";
    ALLOWANCE_GRANT_TOO_LONG = 422 "allowance.grant_too_long" "Grant too long" "A grant lasts at most 90 days; set limits for what is to last.";
    ALLOWANCE_NOT_DUE = 409 "allowance.not_due" "Not due" "No grant has ended.";
    ALLOWANCE_SUSPENDED = 409 "allowance.already_suspended" "Already suspended" "The group is suspended already.";
    ALLOWANCE_NOT_SUSPENDED = 409 "allowance.not_suspended" "Not suspended" "The group is not suspended.";
    ALLOWANCE_SHARES = 422 "allowance.shares_do_not_fit" "Shares do not fit" "The shares do not fit the group's limit or its integrations; `errors` says which.";
}

/// `api-spec/problems.md`.
pub fn document() -> String {
    let head = "# Problems\n\nEvery failure over HTTP is a problem document (RFC 9457). `code` is stable; `type` is \
                `/problems/<code>`, relative to the portal's origin, but for `gateway.quota_exceeded`, whose type is the \
                registered one. Made from the table in the server; do not \
                edit.\n\n| code | status | title | when |\n|---|---|---|---|\n";
    let row =
        |kind: &&Kind| format!("| `{}` | {} | {} | {} |\n", kind.code, kind.status, kind.title, kind.when);
    head.to_owned() + &ALL.iter().map(row).collect::<Vec<_>>().concat()
}
