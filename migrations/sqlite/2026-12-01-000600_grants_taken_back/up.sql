-- What users and administrators have taken back, so that a code or an approval from before then becomes no token record.
-- A row is kept until all that it means has expired. The empty client means every client, the empty digest every user;
-- otherwise `user_digest` is the SHA-256 of the username.
CREATE TABLE grants_taken_back (
    client_uid  BLOB    NOT NULL CHECK (length(client_uid) IN (0, 16)),
    user_digest BLOB    NOT NULL CHECK (length(user_digest) IN (0, 32)),
    at          INTEGER NOT NULL,
    PRIMARY KEY (client_uid, user_digest)
) STRICT;

CREATE INDEX grants_taken_back_by_at ON grants_taken_back (at);
