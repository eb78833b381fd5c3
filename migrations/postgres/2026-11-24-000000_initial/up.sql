-- Times are microseconds since 1970, UTC, which is what the service computes with: every value it can have fits, and
-- `to_timestamp(created_at / 1000000.0)` shows one. Scope sets are names separated by spaces (RFC 6749 section 3.3).
-- Text that is looked up, compared or sorted is COLLATE "C": byte order, which no upgrade of the system's locales moves
-- under an index, and `lower` of which changes ASCII letters alone.

CREATE TABLE clients (
    uid            uuid    NOT NULL PRIMARY KEY,
    client_id      text    COLLATE "C" NOT NULL UNIQUE CHECK (length(client_id) = 20),
    name           text    COLLATE "C" NOT NULL,
    description    text    COLLATE "C" NOT NULL,
    url            text,
    redirect_uris  text[]  NOT NULL CHECK (array_position(redirect_uris, NULL) IS NULL),
    pkce           boolean NOT NULL,
    refresh_tokens boolean NOT NULL,
    scope          text    NOT NULL,
    enabled        boolean NOT NULL,
    introspect     boolean NOT NULL,
    resources      text[]  NOT NULL CHECK (array_position(resources, NULL) IS NULL),
    source         text    NOT NULL CHECK (source IN ('admin', 'template', 'dynamic')),
    created_by     text    NOT NULL,
    created_at     bigint  NOT NULL,
    updated_at     bigint  NOT NULL,
    revision       bigint  NOT NULL CHECK (revision >= 1)
);

CREATE INDEX clients_by_name ON clients (lower(name), uid);
CREATE INDEX clients_by_created_at ON clients (created_at, uid);
CREATE INDEX clients_by_updated_at ON clients (updated_at, uid);

CREATE TABLE client_secrets (
    uid          uuid   NOT NULL PRIMARY KEY,
    client_uid   uuid   NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    lookup       text   COLLATE "C" NOT NULL CHECK (length(lookup) = 8),
    hash         text   NOT NULL,
    hint         text   NOT NULL,
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint,
    UNIQUE (client_uid, lookup)
);

CREATE TABLE client_icons (
    client_uid uuid  NOT NULL PRIMARY KEY REFERENCES clients (uid) ON DELETE CASCADE,
    kind       text  NOT NULL,
    bytes      bytea NOT NULL,
    digest     bytea NOT NULL CHECK (length(digest) = 32)
);

CREATE TABLE consents (
    username   text   COLLATE "C" NOT NULL,
    client_uid uuid   NOT NULL REFERENCES clients (uid) ON DELETE CASCADE,
    scope      text   NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (username, client_uid)
);

CREATE INDEX consents_by_client ON consents (client_uid);

-- `kind` has no CHECK: later versions add kinds, and it is read by name. Events outlive their clients: no foreign key.
CREATE TABLE audit_events (
    id         uuid   NOT NULL PRIMARY KEY,
    at         bigint NOT NULL,
    kind       text   NOT NULL,
    actor      text,
    client_uid uuid,
    target     text,
    address    text
);

CREATE INDEX audit_events_by_at ON audit_events (at, id);
CREATE INDEX audit_events_by_client ON audit_events (client_uid, at, id) WHERE client_uid IS NOT NULL;

-- Revoked records stay when their client goes: no foreign key. A rotation changes none of the indexed columns, so that
-- with room left in its page it writes no index (a heap-only update); rotated rows are vacuumed early and often.
CREATE TABLE token_records (
    id                 uuid   NOT NULL PRIMARY KEY,
    client_uid         uuid   NOT NULL,
    client_id          text   COLLATE "C" NOT NULL CHECK (length(client_id) = 20),
    username           text   COLLATE "C" NOT NULL,
    scope              text   NOT NULL,
    audience           text   NOT NULL,
    created_at         bigint NOT NULL,
    expires_at         bigint,
    generation         bigint CHECK (generation >= 0),
    current_jti        uuid,
    current_issued_at  bigint,
    previous_jti       uuid,
    previous_issued_at bigint,
    previous_asked     text,
    last_used_at       bigint,
    revoked_at         bigint,
    revoked_reason     text CHECK (
        revoked_reason IN ('client', 'administrator', 'user', 'code_replay', 'refresh_replay', 'client_deleted')
    ),
    CHECK ((generation IS NULL) = (current_jti IS NULL)),
    CHECK ((generation IS NULL) = (current_issued_at IS NULL)),
    CHECK ((previous_jti IS NULL) = (previous_issued_at IS NULL)),
    CHECK ((previous_jti IS NULL) = (previous_asked IS NULL)),
    CHECK (previous_jti IS NULL OR current_jti IS NOT NULL),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- With `expires_at` in them, live records are counted from the index alone.
CREATE INDEX token_records_by_client ON token_records (client_uid, created_at, id) INCLUDE (expires_at)
    WHERE revoked_at IS NULL;
CREATE INDEX token_records_by_username ON token_records (username, created_at, id) INCLUDE (expires_at)
    WHERE revoked_at IS NULL;
CREATE INDEX token_records_unexpiring ON token_records (created_at) WHERE revoked_at IS NULL AND expires_at IS NULL;
CREATE INDEX token_records_expired ON token_records (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX token_records_ended ON token_records (revoked_at) WHERE revoked_at IS NOT NULL AND expires_at IS NULL;

CREATE TABLE signing_keys (
    kid         text   COLLATE "C" NOT NULL PRIMARY KEY,
    purpose     text   NOT NULL CHECK (purpose IN ('access', 'refresh')),
    state       text   NOT NULL CHECK (state IN ('next', 'current', 'retired')),
    state_since bigint,
    created_at  bigint NOT NULL,
    sealed      text   NOT NULL,
    CHECK ((state = 'next') = (state_since IS NULL))
);

CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys (purpose) WHERE state = 'current';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (purpose) WHERE state = 'next';

CREATE TABLE users (
    username     text    COLLATE "C" NOT NULL PRIMARY KEY,
    display_name text    NOT NULL,
    password     text    NOT NULL,
    superuser    boolean NOT NULL,
    locked       boolean NOT NULL,
    created_at   bigint  NOT NULL,
    updated_at   bigint  NOT NULL
);
