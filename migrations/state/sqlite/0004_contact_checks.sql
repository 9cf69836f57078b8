-- Looks at the mail hosts of contacts: when the next one is due, and what the latest ones came to, as codes without
-- anything about a person. One row for each declaration of a contact.

CREATE TABLE contact_checks (
    account  BLOB NOT NULL,
    epoch    BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    due_at   BIGINT,
    seen     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, epoch)
);
CREATE INDEX contact_checks_by_due ON contact_checks (due_at);

-- What counts against how often may be looked: an account's wishes, a mail domain's hosts, all together.
CREATE TABLE contact_check_budget (
    budget  TEXT NOT NULL,
    counted BLOB NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX contact_check_budget_by_counted ON contact_check_budget (budget, counted, at);
