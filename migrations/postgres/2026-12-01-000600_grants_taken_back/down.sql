DROP TRIGGER token_records_refuse_grants_taken_back ON token_records;
DROP FUNCTION refuse_grant_taken_back();
DROP TABLE grants_taken_back;
