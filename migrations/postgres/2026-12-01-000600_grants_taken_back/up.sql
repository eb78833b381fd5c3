-- What users and administrators have taken back, so that a code or an approval from before then becomes no token record.
-- A row is kept until all that it means has expired. The nil UUID means every client, the empty digest every user;
-- otherwise `user_digest` is the SHA-256 of the username.
CREATE TABLE grants_taken_back (
    client_uid  uuid   NOT NULL,
    user_digest bytea  NOT NULL CHECK (length(user_digest) IN (0, 32)),
    at          bigint NOT NULL,
    PRIMARY KEY (client_uid, user_digest)
);

CREATE INDEX grants_taken_back_by_at ON grants_taken_back (at);

-- Passes over a record whose grant was taken back. A trigger, because its query sees what was committed up to now, and
-- the insertion's own query does not: whoever takes back holds the lock alone until the row above is committed, and ends
-- the records that are there afterwards, so that none is missed between the two.
CREATE FUNCTION refuse_grant_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/informer-oauth/grants_taken_back', 0));
    IF EXISTS (
        SELECT FROM grants_taken_back
        WHERE client_uid IN (NEW.client_uid, '00000000-0000-0000-0000-000000000000')
          AND user_digest IN (sha256(convert_to(NEW.username, 'UTF8')), '')
          AND at >= NEW.created_at
    ) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER token_records_refuse_grants_taken_back BEFORE INSERT ON token_records
FOR EACH ROW WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION refuse_grant_taken_back();
