-- How the release whose newest schema change is 2026-12-01-000600_revocations stores a revocation: the statement that
-- its store sends, with its values. What a release did is not edited later.

INSERT INTO revocations (client_uid, user_digest, at) VALUES ('0199c2d4-0001-7000-8001-000000000009', '\xabababababababababababababababababababababababababababababababab', 1795000004123461);
