-- Whether the client must authenticate. It becomes true with the first secret and stays true when the last secret goes:
-- only an administrator makes a client public again.
ALTER TABLE clients ADD COLUMN confidential boolean NOT NULL DEFAULT false;

UPDATE clients SET confidential = true WHERE uid IN (SELECT client_uid FROM client_secrets);

-- Triggers, because replicas of the release before, which do not know the column, add secrets during an upgrade.
CREATE FUNCTION make_client_confidential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE clients SET confidential = true WHERE uid = NEW.client_uid AND NOT confidential;
    RETURN NULL;
END
$$;

CREATE TRIGGER client_secrets_make_confidential AFTER INSERT ON client_secrets
FOR EACH ROW EXECUTE FUNCTION make_client_confidential();

-- An edit that started before the first secret came does not undo it.
CREATE FUNCTION keep_client_confidential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.confidential := EXISTS (
        SELECT FROM client_secrets
        WHERE client_uid = NEW.uid AND (expires_at IS NULL OR expires_at > NEW.updated_at)
    );
    RETURN NEW;
END
$$;

CREATE TRIGGER clients_stay_confidential BEFORE UPDATE ON clients
FOR EACH ROW WHEN (NOT NEW.confidential) EXECUTE FUNCTION keep_client_confidential();
