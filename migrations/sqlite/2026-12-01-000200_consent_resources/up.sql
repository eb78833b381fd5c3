-- Consents for other resources than the service's own audience, whose consents stay in `consents`. The key has the SHA-256 of
-- `resource`, as in Postgres, whose indexes hold no text of that length.
CREATE TABLE consent_resources (
    username   TEXT    NOT NULL,
    client_uid BLOB    NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    resource   TEXT    NOT NULL,
    scope      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (username, client_uid, digest)
) STRICT;

CREATE INDEX consent_resources_by_client ON consent_resources (client_uid);
