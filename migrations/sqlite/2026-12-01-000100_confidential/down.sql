DROP TRIGGER clients_stay_confidential;
DROP TRIGGER client_secrets_make_confidential;
ALTER TABLE clients DROP COLUMN confidential;
