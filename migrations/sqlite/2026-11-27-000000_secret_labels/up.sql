-- What people call a secret, to tell it from the others of its client; NULL is nothing. Never looked up or sorted by.
ALTER TABLE client_secrets ADD COLUMN label TEXT;
