-- When a device was approved, and the group of addresses that its request counts for: an IPv4 address or an IPv6 /64.
ALTER TABLE device_authorizations ADD COLUMN decided_at INTEGER;
ALTER TABLE device_authorizations ADD COLUMN address_group TEXT NOT NULL DEFAULT 'unknown';

-- Pending requests are counted before another is kept.
CREATE INDEX device_authorizations_by_state ON device_authorizations (state, expires_at);
CREATE INDEX device_authorizations_by_address_group ON device_authorizations (address_group, state, expires_at);
