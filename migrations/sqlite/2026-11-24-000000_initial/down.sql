DROP TABLE attempts;
DROP TABLE sessions;
DROP TABLE authorization_codes;
DROP TABLE users;
DROP TABLE signing_keys;
DROP TABLE token_records;
DROP TABLE audit_events;
DROP TABLE consents;
DROP TABLE client_icons;
DROP TABLE client_secrets;
DROP TABLE clients;

PRAGMA application_id = 0;
