//! Statements of the projector. ?1 is the id of the row, ?2 the version of its stream, wherever both occur.

use crate::sql::statements;

statements! {
    COMMAND_NOTE =
        "INSERT INTO command (id, first, last, at, actor_kind, actor_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    TIMELINE_ADD =
        "INSERT INTO timeline (position, stream, at, event_type, actor_kind, actor_id, data, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    NOTICE_ADD = "INSERT INTO notice (position, group_id, at, event_type, data) VALUES (?1, ?2, ?3, ?4, ?5)";

    DEVELOPER_ADD =
        "INSERT INTO developer (id, version, position, email, name, locale, terms_version, proven_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    DEVELOPER_TOUCH = "UPDATE developer SET version = ?2 WHERE id = ?1";

    DEV_GROUP_ADD =
        "INSERT INTO dev_group (id, version, position, name, personal, limits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    DEV_GROUP_TOUCH = "UPDATE dev_group SET version = ?2 WHERE id = ?1";
    DEV_GROUP_NAME = "UPDATE dev_group SET version = ?2, name = ?3 WHERE id = ?1";
    DEV_GROUP_MEMBER_ADD = "INSERT INTO dev_group_member (group_id, developer, role) VALUES (?1, ?2, ?3)";

    ACCOUNT_ADD =
        "INSERT INTO prod_account (id, version, position, vendor_name, support_url)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    ACCOUNT_MEMBER_ADD = "INSERT INTO prod_account_member (account, developer, role) VALUES (?1, ?2, ?3)";
    ACCOUNT_CONTACTS = "SELECT contacts, group_id FROM prod_account WHERE id = ?1";
    ACCOUNT_CONTACTS_SET =
        "UPDATE prod_account
            SET version = ?2, contacts = ?3, challenge_intent = ?4, proven_at = ?5, doubted_since = ?6
          WHERE id = ?1";
    ACCOUNT_GROUP = "UPDATE prod_account SET version = ?2, group_id = ?3 WHERE id = ?1";

    PROD_GROUP_ADD =
        "INSERT INTO prod_group (id, version, position, account, name, state, limits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    PROD_GROUP_TOUCH = "UPDATE prod_group SET version = ?2 WHERE id = ?1";
    PROD_GROUP_NAME = "UPDATE prod_group SET version = ?2, name = ?3 WHERE id = ?1";
    PROD_GROUP_ASK = "UPDATE prod_group SET version = ?2, asked = ?3, justification = ?4 WHERE id = ?1";
    PROD_GROUP_SUBMIT =
        "UPDATE prod_group
            SET version = ?2, state = ?3, submission = ?4, submitted_position = ?5, submitted_at = ?6,
                submitted_by = ?7, asked = ?8, evidence = ?9, expires_at = ?10,
                reviewer = NULL, first_approver = NULL, reason = NULL, note = NULL
          WHERE id = ?1";
    PROD_GROUP_CLOSE =
        "UPDATE prod_group
            SET version = ?2, state = ?3, expires_at = NULL, first_approver = NULL, reason = NULL, note = NULL
          WHERE id = ?1";
    PROD_GROUP_REVIEW =
        "UPDATE prod_group SET version = ?2, state = ?3, reviewer = ?4, expires_at = NULL WHERE id = ?1";
    PROD_GROUP_FIRST_APPROVAL = "UPDATE prod_group SET version = ?2, first_approver = ?3 WHERE id = ?1";
    PROD_GROUP_ANSWER =
        "UPDATE prod_group
            SET version = ?2, state = ?3, reason = ?4, note = ?5, expires_at = ?6, first_approver = NULL
          WHERE id = ?1";
    PROD_GROUP_APPROVE =
        "UPDATE prod_group
            SET version = ?2, state = ?3, tier = ?4, limits = ?5, approved_at = ?6, expires_at = NULL
          WHERE id = ?1";

    ALLOWANCE_TOUCH =
        "INSERT INTO allowance (group_id, version, position) VALUES (?1, ?2, ?3)
         ON CONFLICT (group_id) DO UPDATE SET version = excluded.version";
    ALLOWANCE_LIMITS =
        "UPDATE allowance SET limits = ?2, limits_asked = NULL, grant_asked = NULL WHERE group_id = ?1";
    ALLOWANCE_LIMITS_ASKED = "UPDATE allowance SET limits_asked = ?2 WHERE group_id = ?1";
    ALLOWANCE_GRANT =
        "UPDATE allowance SET grant_held = ?2, grant_until = ?3, grant_asked = NULL WHERE group_id = ?1";
    ALLOWANCE_GRANT_ASKED = "UPDATE allowance SET grant_asked = ?2 WHERE group_id = ?1";
    ALLOWANCE_GRANT_END = "UPDATE allowance SET grant_held = NULL, grant_until = NULL WHERE group_id = ?1";
    ALLOWANCE_SHADOW = "UPDATE allowance SET shadow = ?2 WHERE group_id = ?1";
    ALLOWANCE_SHADOW_END = "UPDATE allowance SET shadow = NULL WHERE group_id = ?1";
    ALLOWANCE_SUSPEND = "UPDATE allowance SET suspended = ?2 WHERE group_id = ?1";
    ALLOWANCE_RESUME = "UPDATE allowance SET suspended = NULL WHERE group_id = ?1";
    ALLOWANCE_SHARES = "UPDATE allowance SET shares = ?2 WHERE group_id = ?1";

    INTEGRATION_ADD =
        "INSERT INTO integration (id, version, position, owner, group_id, facts, facts_version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)";
    INTEGRATION_TOUCH = "UPDATE integration SET version = ?2 WHERE id = ?1";
    INTEGRATION_FACTS =
        "UPDATE integration SET version = ?2, facts = ?3, facts_version = facts_version + 1 WHERE id = ?1";
    INTEGRATION_MOVE = "UPDATE integration SET version = ?2, group_id = ?3 WHERE id = ?1";
    SECRET_ADD =
        "INSERT INTO integration_secret (integration, position, id, key, last_four, issued_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

    SITE_SEAT =
        "INSERT INTO group_site (place, group_id, site, url) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (group_id, site) DO UPDATE SET frees_at = NULL, url = COALESCE(excluded.url, url)";
    SITE_USE_ADD =
        "INSERT INTO group_site_use (group_id, site, integration, registered_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (group_id, site, integration) DO UPDATE SET registered_at = excluded.registered_at";
    SITE_USE_REMOVE = "DELETE FROM group_site_use WHERE group_id = ?1 AND site = ?2 AND integration = ?3";
    SITE_USES_REMOVE = "DELETE FROM group_site_use WHERE group_id = ?1 AND site = ?2";
    SITE_FREES_AT = "UPDATE group_site SET frees_at = ?3 WHERE group_id = ?1 AND site = ?2";
    SITE_USES_DEPART = "DELETE FROM group_site_use WHERE group_id = ?1 AND integration = ?2";
    SITES_DEPART =
        "DELETE FROM group_site
          WHERE group_id = ?1 AND frees_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM group_site_use AS u
                             WHERE u.group_id = group_site.group_id AND u.site = group_site.site)";
    GATEWAY_ADD =
        "INSERT INTO gateway (id, version, position, name, settings) VALUES (?1, ?2, ?3, ?4, ?5)";
    GATEWAY_TOUCH = "UPDATE gateway SET version = ?2 WHERE id = ?1";
    GATEWAY_RETIRE = "UPDATE gateway SET version = ?2, retired_at = ?3 WHERE id = ?1";
    GATEWAY_CREDENTIAL_ADD =
        "INSERT INTO gateway_credential (gateway, position, id, last_four, issued_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    GATEWAY_CREDENTIAL_REMOVE = "DELETE FROM gateway_credential WHERE gateway = ?1 AND id = ?2";
    GATEWAY_CREDENTIALS_REMOVE = "DELETE FROM gateway_credential WHERE gateway = ?1";
    SECRET_REMOVE = "DELETE FROM integration_secret WHERE integration = ?1 AND id = ?2";
    SECRET_TEST_MODE = "UPDATE integration_secret SET test_mode = ?3 WHERE integration = ?1 AND id = ?2";
    SECRET_TEST_MODES_END = "UPDATE integration_secret SET test_mode = 'off' WHERE integration = ?1";

    MAIL_OUTCOME_SET =
        "INSERT INTO mail_outcome (intent, outcome, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (intent) DO UPDATE SET outcome = excluded.outcome, at = excluded.at";
}
