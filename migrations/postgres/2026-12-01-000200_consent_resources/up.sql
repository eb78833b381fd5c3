-- Consents for other resources than the service's own audience, whose consents stay in `consents`.
-- A resource may be longer than an index holds, so the key has its SHA-256.
CREATE TABLE consent_resources (
    username   text   COLLATE "C" NOT NULL,
    client_uid uuid   NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    digest     bytea  NOT NULL CHECK (length(digest) = 32),
    resource   text   COLLATE "C" NOT NULL,
    scope      text   NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (username, client_uid, digest)
);

CREATE INDEX consent_resources_by_client ON consent_resources (client_uid);
