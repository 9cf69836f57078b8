//! Statements of the queries. Where a developer asks, the statement itself joins what they may see.

use crate::sql::statements;

statements! {
    DEVELOPER =
        "SELECT d.*,
                (SELECT json_group_array(json_object('id', theirs.id, 'role', theirs.role) ORDER BY theirs.position)
                   FROM (SELECT g.id, g.position, m.role
                           FROM dev_group_member AS m JOIN dev_group AS g ON g.id = m.group_id
                          WHERE m.developer = d.id ORDER BY g.position LIMIT 100) AS theirs) AS groups,
                (SELECT json_group_array(json_object('id', theirs.id, 'role', theirs.role) ORDER BY theirs.position)
                   FROM (SELECT a.id, a.position, m.role
                           FROM prod_account_member AS m JOIN prod_account AS a ON a.id = m.account
                          WHERE m.developer = d.id ORDER BY a.position LIMIT 100) AS theirs) AS accounts
           FROM developer AS d WHERE d.id = ?1";
    GROUPS_OF =
        "SELECT g.*, m.role
           FROM dev_group_member AS m JOIN dev_group_shown AS g ON g.id = m.group_id
          WHERE m.developer = ?1 AND g.position > ?2
          ORDER BY g.position LIMIT ?3";
    GROUP =
        "SELECT g.*, m.role
           FROM dev_group_shown AS g
           JOIN dev_group_member AS m ON m.group_id = g.id AND m.developer = ?2
          WHERE g.id = ?1";
    GROUP_ROLE = "SELECT role FROM group_access WHERE group_id = ?1 AND developer = ?2";
    GROUP_INTEGRATION_NAMES =
        "SELECT id, json_extract(facts, '$.name') AS name FROM integration
          WHERE group_id = ?1 ORDER BY position LIMIT 500";
    INTEGRATIONS_OF =
        "SELECT i.*, a.role
           FROM group_access AS a JOIN integration_shown AS i ON i.group_id = a.group_id
          WHERE a.developer = ?1 AND i.position > ?2
          ORDER BY i.position LIMIT ?3";
    INTEGRATION =
        "SELECT i.*, a.role
           FROM integration_shown AS i
           JOIN group_access AS a ON a.group_id = i.group_id AND a.developer = ?2
          WHERE i.id = ?1";
    ACCOUNTS_OF =
        "SELECT a.*, m.role
           FROM prod_account_member AS m JOIN prod_account_shown AS a ON a.id = m.account
          WHERE m.developer = ?1 AND a.position > ?2
          ORDER BY a.position LIMIT ?3";
    ACCOUNT =
        "SELECT a.*, m.role
           FROM prod_account_shown AS a
           JOIN prod_account_member AS m ON m.account = a.id AND m.developer = ?2
          WHERE a.id = ?1";
    PROD_GROUPS_OF =
        "SELECT g.*, m.role
           FROM prod_account_member AS m JOIN prod_group_shown AS g ON g.account = m.account
          WHERE m.developer = ?1 AND g.position > ?2
          ORDER BY g.position LIMIT ?3";
    PROD_GROUP =
        "SELECT g.*, m.role
           FROM prod_group_shown AS g
           JOIN prod_account_member AS m ON m.account = g.account AND m.developer = ?2
          WHERE g.id = ?1";
    PROMOTIONS =
        "SELECT g.*, NULL AS role
           FROM prod_group_shown AS g
          WHERE g.submitted_position > ?3
            AND (?1 IS NULL OR ?1 = CASE WHEN g.expires_at <= ?2 THEN 'expired' ELSE g.state END)
          ORDER BY g.submitted_position LIMIT ?4";
    PROMOTION =
        "SELECT g.*, NULL AS role, a.support_url, a.contacts, a.challenge_outcome
           FROM prod_group_shown AS g JOIN prod_account_shown AS a ON a.id = g.account
          WHERE g.id = ?1 AND g.submitted_position IS NOT NULL";
    GROUP_ALLOWANCE = "SELECT * FROM group_shown WHERE id = ?1";
    GROUP_ALLOWANCE_OF =
        "SELECT * FROM group_shown
          WHERE id = ?1 AND EXISTS (SELECT 1 FROM group_access WHERE group_id = ?1 AND developer = ?2)";
    OVERDUE_GRANTS =
        "SELECT group_id FROM allowance WHERE grant_until <= ?1 ORDER BY grant_until LIMIT 100";
    OVERDUE = "SELECT id FROM prod_group WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 100";
    PROVEN_CONTACTS =
        "SELECT id, position, contacts FROM prod_account
          WHERE proven_at IS NOT NULL AND position > ?1
          ORDER BY position LIMIT ?2";
    PROMOTION_INTEGRATIONS =
        "SELECT id, facts, facts_version FROM integration WHERE group_id = ?1 ORDER BY position LIMIT 100";
    CARD =
        "SELECT i.facts, g.name AS group_name, g.tier, g.limits, g.approved_at, g.submission AS approval,
                w.allowance,
                a.vendor_name, a.support_url, a.contacts
           FROM integration AS i
           LEFT JOIN prod_group AS g ON g.id = i.group_id AND g.state = 'approved'
           LEFT JOIN prod_account AS a ON a.id = g.account
           LEFT JOIN allowance_shown AS w ON w.group_id = i.group_id
          WHERE i.id = ?1";
    GROUP_SITES =
        "SELECT s.*
           FROM group_site_shown AS s JOIN group_access AS a ON a.group_id = s.group_id AND a.developer = ?2
          WHERE s.group_id = ?1 AND (s.frees_at IS NULL OR s.frees_at > ?3) AND s.place > ?4
          ORDER BY s.place LIMIT ?5";
    GATEWAYS = "SELECT * FROM gateway_shown WHERE position > ?1 ORDER BY position LIMIT ?2";
    GATEWAY = "SELECT * FROM gateway_shown WHERE id = ?1";
    TIMELINE =
        "SELECT * FROM timeline
          WHERE stream IN (SELECT value FROM json_each(?1)) AND position > ?2
          ORDER BY position LIMIT ?3";
    NOTICES_OF =
        "SELECT n.*
           FROM group_access AS a JOIN notice AS n ON n.group_id = a.group_id
          WHERE a.developer = ?1 AND n.position < ?2
          ORDER BY n.position DESC LIMIT ?3";
    COMMAND =
        "SELECT first, last, at FROM command WHERE id = ?1 AND actor_kind = ?2 AND actor_id = ?3";
}
