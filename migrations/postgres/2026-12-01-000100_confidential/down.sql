DROP TRIGGER clients_stay_confidential ON clients;
DROP FUNCTION keep_client_confidential();
DROP TRIGGER client_secrets_make_confidential ON client_secrets;
DROP FUNCTION make_client_confidential();
ALTER TABLE clients DROP COLUMN confidential;
