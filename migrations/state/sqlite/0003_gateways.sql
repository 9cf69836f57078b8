-- Whose credential a keyed hash is. Which of them are live is told by the log.

CREATE TABLE gateway_credentials (
    credential      BLOB PRIMARY KEY NOT NULL,
    gateway         BLOB NOT NULL,
    credential_hash BLOB NOT NULL UNIQUE
);
