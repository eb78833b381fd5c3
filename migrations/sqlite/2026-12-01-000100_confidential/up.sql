-- Whether the client must authenticate. It becomes true with the first secret and stays true when the last secret goes:
-- only an administrator makes a client public again.
ALTER TABLE clients ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0 CHECK (confidential IN (0, 1));

UPDATE clients SET confidential = 1 WHERE uid IN (SELECT client_uid FROM client_secrets);

-- Triggers, because processes of the release before, which do not know the column, add secrets during an upgrade.
CREATE TRIGGER client_secrets_make_confidential AFTER INSERT ON client_secrets
BEGIN
    UPDATE clients SET confidential = 1 WHERE uid = NEW.client_uid AND NOT confidential;
END;

-- An edit that started before the first secret came does not undo it.
CREATE TRIGGER clients_stay_confidential AFTER UPDATE ON clients
WHEN NOT NEW.confidential AND EXISTS (
    SELECT 1 FROM client_secrets
    WHERE client_uid = NEW.uid AND (expires_at IS NULL OR expires_at > NEW.updated_at)
)
BEGIN
    UPDATE clients SET confidential = 1 WHERE uid = NEW.uid;
END;
