DROP INDEX device_authorizations_by_address_group;
DROP INDEX device_authorizations_by_state;
ALTER TABLE device_authorizations DROP COLUMN address_group;
ALTER TABLE device_authorizations DROP COLUMN decided_at;
