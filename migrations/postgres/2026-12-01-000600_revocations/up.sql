-- Revocations by user, client or both. A code or device approval that is older becomes no token record.
-- Rows are kept for a day, longer than any code or approval lives. The nil UUID means every client, the empty digest every user;
-- otherwise `user_digest` is the SHA-256 of the username.
CREATE TABLE revocations (
    client_uid  uuid   NOT NULL,
    user_digest bytea  NOT NULL CHECK (length(user_digest) IN (0, 32)),
    at          bigint NOT NULL,
    PRIMARY KEY (client_uid, user_digest)
);

CREATE INDEX revocations_by_at ON revocations (at);

-- Skips a record whose grant was revoked. This must be a trigger: its query sees everything that is committed, while the
-- insertion's own query has an older snapshot. A revocation is committed while its lock is held exclusively; existing records
-- are ended afterwards. So every record is either refused here or ended there.
CREATE FUNCTION refuse_revoked_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/informer-oauth/revocations', 0));
    IF EXISTS (
        SELECT FROM revocations
        WHERE client_uid IN (NEW.client_uid, '00000000-0000-0000-0000-000000000000')
          AND user_digest IN (sha256(convert_to(NEW.username, 'UTF8')), '')
          AND at >= NEW.created_at
    ) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER token_records_refuse_revoked_grants BEFORE INSERT ON token_records
FOR EACH ROW WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION refuse_revoked_grant();
