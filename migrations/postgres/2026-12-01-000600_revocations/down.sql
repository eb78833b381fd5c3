DROP TRIGGER token_records_refuse_revoked_grants ON token_records;
DROP FUNCTION refuse_revoked_grant();
DROP TABLE revocations;
