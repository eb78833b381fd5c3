DROP TABLE users;
DROP TABLE signing_keys;
DROP TABLE token_records;
DROP TABLE audit_events;
DROP TABLE consents;
DROP TABLE client_icons;
DROP TABLE client_secrets;
DROP TABLE clients;
