-- The door looks a presented secret up by its keyed hash.
CREATE INDEX api_secrets_by_hash ON api_secrets (secret_hash);
