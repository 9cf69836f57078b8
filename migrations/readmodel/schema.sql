-- The read model: folded from the log and replaced as a whole, never migrated and never edited.
-- `position` as a key is the position of the event that began the row: it orders lists and is their cursor.
-- Ids are in API text form, instants are milliseconds since 1970 UTC, values of several parts are JSON.
-- Personal fields are as the log holds them: sealed.

CREATE TABLE checkpoint (
    one               INTEGER PRIMARY KEY CHECK (one = 1),
    log_id            TEXT    NOT NULL,
    readmodel_version INTEGER NOT NULL,
    schema_hash       TEXT    NOT NULL,
    position          INTEGER NOT NULL,
    hash              BLOB    NOT NULL
) STRICT;

CREATE TABLE developer (
    position      INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    locale        TEXT    NOT NULL,
    terms_version TEXT    NOT NULL,
    proven_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE dev_group (
    position INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    version  INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    personal INTEGER NOT NULL,
    limits   TEXT    NOT NULL
) STRICT;

CREATE TABLE dev_group_member (
    group_id  TEXT NOT NULL,
    developer TEXT NOT NULL,
    role      TEXT NOT NULL,
    PRIMARY KEY (group_id, developer)
) STRICT, WITHOUT ROWID;

CREATE TABLE prod_account (
    position             INTEGER PRIMARY KEY,
    id                   TEXT    NOT NULL UNIQUE,
    version              INTEGER NOT NULL,
    vendor_name          TEXT    NOT NULL,
    support_url          TEXT,
    -- Folded as the rules fold them; what stands beside it is for finding accounts by.
    contacts             TEXT,
    challenge_intent     TEXT,
    proven_at            INTEGER,
    doubted_since        INTEGER,
    group_id             TEXT
) STRICT;

CREATE TABLE prod_account_member (
    account   TEXT NOT NULL,
    developer TEXT NOT NULL,
    role      TEXT NOT NULL,
    PRIMARY KEY (account, developer)
) STRICT, WITHOUT ROWID;

CREATE TABLE prod_group (
    position           INTEGER PRIMARY KEY,
    id                 TEXT    NOT NULL UNIQUE,
    version            INTEGER NOT NULL,
    account            TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    state              TEXT    NOT NULL,
    limits             TEXT    NOT NULL,
    tier               TEXT,
    asked              TEXT,
    justification      TEXT,
    submission         TEXT,
    submitted_position INTEGER,
    submitted_at       INTEGER,
    submitted_by       TEXT,
    evidence           TEXT,
    expires_at         INTEGER,
    reviewer           TEXT,
    first_approver     TEXT,
    reason             TEXT,
    note               TEXT,
    approved_at        INTEGER
) STRICT;

-- What was set for groups beside their own history: each column a fact as the log holds it.
CREATE TABLE allowance (
    position       INTEGER PRIMARY KEY,
    group_id       TEXT    NOT NULL UNIQUE,
    version        INTEGER NOT NULL,
    limits         TEXT,
    limits_asked   TEXT,
    grant_held     TEXT,
    grant_asked    TEXT,
    grant_until    INTEGER,
    shadow         TEXT,
    suspended      TEXT,
    shares         TEXT    NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE integration (
    position      INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    owner         TEXT    NOT NULL,
    group_id      TEXT    NOT NULL,
    facts         TEXT    NOT NULL,
    facts_version INTEGER NOT NULL
) STRICT;

CREATE TABLE integration_secret (
    integration TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    last_four   TEXT    NOT NULL,
    issued_at   INTEGER NOT NULL,
    test_mode   TEXT    NOT NULL DEFAULT 'off',
    PRIMARY KEY (integration, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE gateway (
    position   INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    retired_at INTEGER
) STRICT;

-- Live ones only.
CREATE TABLE gateway_credential (
    gateway   TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    id        TEXT    NOT NULL,
    last_four TEXT    NOT NULL,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (gateway, position)
) STRICT, WITHOUT ROWID;

-- Sites whose place in a group is taken, or was. `place` orders them: the position of the event that brought the
-- site, times 1,000, and its place within that event.
CREATE TABLE group_site (
    place    INTEGER PRIMARY KEY,
    group_id TEXT    NOT NULL,
    site     TEXT    NOT NULL,
    url      TEXT,
    frees_at INTEGER,
    UNIQUE (group_id, site)
) STRICT;

CREATE TABLE group_site_use (
    group_id      TEXT    NOT NULL,
    site          TEXT    NOT NULL,
    integration   TEXT    NOT NULL,
    registered_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, site, integration)
) STRICT, WITHOUT ROWID;

CREATE TABLE mail_outcome (
    intent  TEXT    PRIMARY KEY,
    outcome TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    position   INTEGER PRIMARY KEY,
    stream     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    event_type TEXT    NOT NULL,
    actor_kind TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    data       TEXT    NOT NULL,
    note       TEXT
) STRICT;

CREATE TABLE notice (
    position   INTEGER PRIMARY KEY,
    group_id   TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    event_type TEXT    NOT NULL,
    data       TEXT    NOT NULL
) STRICT;

CREATE TABLE command (
    id         TEXT    PRIMARY KEY,
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor_kind TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Who may see a group and what is in it: its members, or the members of the account it belongs to.
CREATE VIEW group_access (group_id, developer, role) AS
    SELECT group_id, developer, role FROM dev_group_member
    UNION ALL
    SELECT g.id, m.developer, m.role
      FROM prod_group AS g JOIN prod_account_member AS m ON m.account = g.account;

CREATE VIEW allowance_shown (group_id, allowance) AS
    SELECT group_id,
           json_object('version', version, 'limits', json(limits), 'limits_proposal', json(limits_asked),
                       'grant', json(grant_held), 'grant_proposal', json(grant_asked), 'shadow', json(shadow),
                       'suspended', json(suspended), 'shares', json(shares))
      FROM allowance;

-- A group of either kind, as far as what it may use goes.
CREATE VIEW group_shown (id, name, limits, approval, tier, account, vendor_name, allowance) AS
    SELECT g.id, g.name, g.limits, NULL, NULL, NULL, NULL, w.allowance
      FROM dev_group AS g LEFT JOIN allowance_shown AS w ON w.group_id = g.id
     UNION ALL
    SELECT g.id, g.name, g.limits, CASE WHEN g.state = 'approved' THEN g.submission END, g.tier, g.account,
           a.vendor_name, w.allowance
      FROM prod_group AS g JOIN prod_account AS a ON a.id = g.account
      LEFT JOIN allowance_shown AS w ON w.group_id = g.id;

CREATE VIEW dev_group_shown AS
    SELECT g.*, (SELECT w.allowance FROM allowance_shown AS w WHERE w.group_id = g.id) AS allowance,
           (SELECT json_group_array(json_object('developer', m.developer, 'role', m.role) ORDER BY m.developer)
              FROM dev_group_member AS m WHERE m.group_id = g.id) AS members,
           (SELECT json_group_array(oldest.id ORDER BY oldest.position)
              FROM (SELECT id, position FROM integration WHERE group_id = g.id
                     ORDER BY position LIMIT 100) AS oldest) AS integrations
      FROM dev_group AS g;

CREATE VIEW prod_account_shown AS
    SELECT a.*,
           (SELECT json_group_array(json_object('developer', m.developer, 'role', m.role) ORDER BY m.developer)
              FROM prod_account_member AS m WHERE m.account = a.id) AS members,
           o.outcome AS challenge_outcome
      FROM prod_account AS a LEFT JOIN mail_outcome AS o ON o.intent = a.challenge_intent;

CREATE VIEW prod_group_shown AS
    SELECT g.*, a.vendor_name,
           (SELECT w.allowance FROM allowance_shown AS w WHERE w.group_id = g.id) AS allowance,
           (SELECT json_group_array(oldest.id ORDER BY oldest.position)
              FROM (SELECT id, position FROM integration WHERE group_id = g.id
                     ORDER BY position LIMIT 100) AS oldest) AS integrations
      FROM prod_group AS g JOIN prod_account AS a ON a.id = g.account;

CREATE VIEW integration_shown AS
    SELECT i.*,
           EXISTS (SELECT 1 FROM prod_group AS g WHERE g.id = i.group_id AND g.state = 'approved') AS released,
           (SELECT json_group_array(json_object('id', s.id, 'key', s.key, 'last_four', s.last_four,
                                                'issued_at', s.issued_at, 'test_mode', s.test_mode) ORDER BY s.position)
              FROM integration_secret AS s WHERE s.integration = i.id) AS secrets
      FROM integration AS i;

CREATE VIEW gateway_shown AS
    SELECT g.*,
           (SELECT json_group_array(json_object('id', c.id, 'last_four', c.last_four, 'issued_at', c.issued_at)
                                    ORDER BY c.position)
              FROM gateway_credential AS c WHERE c.gateway = g.id) AS credentials
      FROM gateway AS g;

CREATE VIEW group_site_shown AS
    SELECT s.*,
           (SELECT json_group_array(json_object('integration', u.integration, 'registered_at', u.registered_at)
                                    ORDER BY u.registered_at, u.integration)
              FROM group_site_use AS u WHERE u.group_id = s.group_id AND u.site = s.site) AS uses
      FROM group_site AS s;

-- Secondary indexes: a rebuild makes them after the load.
CREATE INDEX dev_group_member_by_developer ON dev_group_member (developer);
CREATE INDEX prod_account_member_by_developer ON prod_account_member (developer);
CREATE INDEX prod_account_by_proof ON prod_account (proven_at) WHERE proven_at IS NOT NULL;
CREATE INDEX prod_account_by_doubt ON prod_account (doubted_since) WHERE doubted_since IS NOT NULL;
CREATE INDEX prod_group_by_account ON prod_group (account);
CREATE INDEX prod_group_by_submission ON prod_group (submitted_position) WHERE submitted_position IS NOT NULL;
CREATE INDEX prod_group_by_deadline ON prod_group (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX allowance_by_end_of_grant ON allowance (grant_until) WHERE grant_until IS NOT NULL;
CREATE INDEX integration_by_group ON integration (group_id);
CREATE INDEX notice_by_group ON notice (group_id, position);
CREATE INDEX timeline_by_stream ON timeline (stream, position);
