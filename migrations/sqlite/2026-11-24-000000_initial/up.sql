-- Times are microseconds since 1970, UTC. UUIDs are 16 bytes, big-endian, so that version 7 sorts by age. Scope sets are
-- names separated by spaces (RFC 6749 section 3.3). Lists of URIs are lines: no URI holds a line break.

-- "IOA1": tells this database from other programs'.
PRAGMA application_id = 1229930801;

CREATE TABLE clients (
    uid            BLOB    NOT NULL PRIMARY KEY CHECK (length(uid) = 16),
    client_id      TEXT    NOT NULL UNIQUE CHECK (length(client_id) = 20),
    -- The collation is for sorting and equality, both case-insensitive for ASCII.
    name           TEXT    NOT NULL COLLATE NOCASE,
    description    TEXT    NOT NULL,
    url            TEXT,
    redirect_uris  TEXT    NOT NULL,
    pkce           INTEGER NOT NULL CHECK (pkce IN (0, 1)),
    refresh_tokens INTEGER NOT NULL CHECK (refresh_tokens IN (0, 1)),
    scope          TEXT    NOT NULL,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    introspect     INTEGER NOT NULL CHECK (introspect IN (0, 1)),
    resources      TEXT    NOT NULL,
    source         TEXT    NOT NULL CHECK (source IN ('admin', 'template', 'dynamic')),
    created_by     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    revision       INTEGER NOT NULL CHECK (revision >= 1)
) STRICT;

CREATE INDEX clients_by_name ON clients (name, uid);
CREATE INDEX clients_by_created_at ON clients (created_at, uid);
CREATE INDEX clients_by_updated_at ON clients (updated_at, uid);

CREATE TABLE client_secrets (
    uid          BLOB    NOT NULL PRIMARY KEY CHECK (length(uid) = 16),
    client_uid   BLOB    NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    lookup       TEXT    NOT NULL CHECK (length(lookup) = 8),
    hash         TEXT    NOT NULL,
    hint         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    UNIQUE (client_uid, lookup)
) STRICT;

CREATE TABLE client_icons (
    client_uid BLOB NOT NULL PRIMARY KEY REFERENCES clients (uid) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    bytes      BLOB NOT NULL,
    digest     BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE consents (
    username   TEXT    NOT NULL,
    client_uid BLOB    NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (username, client_uid)
) STRICT;

CREATE INDEX consents_by_client ON consents (client_uid);

-- `kind` has no CHECK: later versions add kinds, and it is read by name. Events outlive their clients: no foreign key.
CREATE TABLE audit_events (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    actor      TEXT,
    client_uid BLOB CHECK (length(client_uid) = 16),
    target     TEXT,
    address    TEXT
) STRICT;

CREATE INDEX audit_events_by_at ON audit_events (at, id);
CREATE INDEX audit_events_by_client ON audit_events (client_uid, at, id) WHERE client_uid IS NOT NULL;

-- Revoked records stay when their client goes: no foreign key.
CREATE TABLE token_records (
    id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client_uid         BLOB    NOT NULL CHECK (length(client_uid) = 16),
    client_id          TEXT    NOT NULL CHECK (length(client_id) = 20),
    username           TEXT    NOT NULL,
    scope              TEXT    NOT NULL,
    audience           TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER,
    generation         INTEGER CHECK (generation >= 0),
    current_jti        BLOB    CHECK (length(current_jti) = 16),
    current_issued_at  INTEGER,
    previous_jti       BLOB    CHECK (length(previous_jti) = 16),
    previous_issued_at INTEGER,
    previous_asked     TEXT,
    last_used_at       INTEGER,
    revoked_at         INTEGER,
    revoked_reason     TEXT CHECK (
        revoked_reason IN ('client', 'administrator', 'user', 'code_replay', 'refresh_replay', 'client_deleted')
    ),
    CHECK ((generation IS NULL) = (current_jti IS NULL)),
    CHECK ((generation IS NULL) = (current_issued_at IS NULL)),
    CHECK ((previous_jti IS NULL) = (previous_issued_at IS NULL)),
    CHECK ((previous_jti IS NULL) = (previous_asked IS NULL)),
    CHECK (previous_jti IS NULL OR current_jti IS NOT NULL),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) STRICT;

-- A rotation changes none of the indexed columns, so it writes one page of the table and none of an index. `expires_at`
-- and `revoked_at` are in the first two so that counting live records reads the index alone.
CREATE INDEX token_records_by_client ON token_records (client_uid, created_at, id, expires_at, revoked_at)
    WHERE revoked_at IS NULL;
CREATE INDEX token_records_by_username ON token_records (username, created_at, id, expires_at, revoked_at)
    WHERE revoked_at IS NULL;
CREATE INDEX token_records_unexpiring ON token_records (created_at) WHERE revoked_at IS NULL AND expires_at IS NULL;
CREATE INDEX token_records_expired ON token_records (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX token_records_ended ON token_records (revoked_at) WHERE revoked_at IS NOT NULL AND expires_at IS NULL;

CREATE TABLE signing_keys (
    kid         TEXT    NOT NULL PRIMARY KEY,
    purpose     TEXT    NOT NULL CHECK (purpose IN ('access', 'refresh')),
    state       TEXT    NOT NULL CHECK (state IN ('next', 'current', 'retired')),
    state_since INTEGER,
    created_at  INTEGER NOT NULL,
    sealed      TEXT    NOT NULL,
    CHECK ((state = 'next') = (state_since IS NULL))
) STRICT;

CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys (purpose) WHERE state = 'current';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (purpose) WHERE state = 'next';

CREATE TABLE users (
    username     TEXT    NOT NULL PRIMARY KEY,
    display_name TEXT    NOT NULL,
    password     TEXT    NOT NULL,
    superuser    INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    locked       INTEGER NOT NULL CHECK (locked IN (0, 1)),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- A used code stays for a while, so that using it again is recognised.
CREATE TABLE authorization_codes (
    digest            BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    client_uid        BLOB    NOT NULL CHECK (length(client_uid) = 16),
    client_id         TEXT    NOT NULL CHECK (length(client_id) = 20),
    redirect_uri      TEXT    NOT NULL,
    redirect_uri_sent INTEGER NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    challenge         TEXT    CHECK (length(challenge) = 43),
    username          TEXT    NOT NULL,
    scope             TEXT    NOT NULL,
    audience          TEXT    NOT NULL,
    token_record      BLOB    NOT NULL CHECK (length(token_record) = 16),
    issued_at         INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    redeemed_at       INTEGER
) STRICT;

CREATE INDEX authorization_codes_by_expires_at ON authorization_codes (expires_at);

CREATE TABLE sessions (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    username   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_username ON sessions (username);
CREATE INDEX sessions_by_expires_at ON sessions (expires_at);

CREATE TABLE attempts (
    key   TEXT    NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count >= 1),
    until INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_by_until ON attempts (until);
