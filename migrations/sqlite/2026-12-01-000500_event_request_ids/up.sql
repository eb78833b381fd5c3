-- The `X-Request-Id` of the request that caused the event; NULL for the command line, and for events of older releases.
ALTER TABLE audit_events ADD COLUMN request_id TEXT;
