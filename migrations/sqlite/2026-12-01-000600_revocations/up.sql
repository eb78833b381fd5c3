-- Revocations by user, client or both. A code or device approval that is older becomes no token record.
-- Rows are kept for a day, longer than any code or approval lives. The empty client means every client, the empty digest every user;
-- otherwise `user_digest` is the SHA-256 of the username.
CREATE TABLE revocations (
    client_uid  BLOB    NOT NULL CHECK (length(client_uid) IN (0, 16)),
    user_digest BLOB    NOT NULL CHECK (length(user_digest) IN (0, 32)),
    at          INTEGER NOT NULL,
    PRIMARY KEY (client_uid, user_digest)
) STRICT;

CREATE INDEX revocations_by_at ON revocations (at);
