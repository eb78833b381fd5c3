-- Device authorizations (RFC 8628). `digest` is of the device code; `poll_interval` is in microseconds. A row stays for a
-- while after its expiry, so that the device is told of it, and keeps its user code to itself as long.
CREATE TABLE device_authorizations (
    digest        BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_code     TEXT    NOT NULL UNIQUE CHECK (length(user_code) = 8),
    client_uid    BLOB    NOT NULL CHECK (length(client_uid) = 16),
    client_id     TEXT    NOT NULL CHECK (length(client_id) = 20),
    scope         TEXT    NOT NULL,
    audience      TEXT    NOT NULL,
    address       TEXT,
    agent         TEXT,
    token_record  BLOB    NOT NULL CHECK (length(token_record) = 16),
    issued_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'redeemed')),
    poll_interval INTEGER CHECK (poll_interval >= 0),
    polled_at     INTEGER,
    username      TEXT,
    granted       TEXT,
    CHECK ((state = 'pending') = (poll_interval IS NOT NULL)),
    CHECK (polled_at IS NULL OR state = 'pending'),
    CHECK ((state = 'approved') = (username IS NOT NULL)),
    CHECK ((state = 'approved') = (granted IS NOT NULL))
) STRICT;

CREATE INDEX device_authorizations_by_expires_at ON device_authorizations (expires_at);
