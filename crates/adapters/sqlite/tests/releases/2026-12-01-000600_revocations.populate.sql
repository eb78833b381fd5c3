-- How the release whose newest schema change is 2026-12-01-000600_revocations stores a revocation: the statement that
-- its store sends, with its values. What a release did is not edited later.

INSERT INTO revocations (client_uid, user_digest, at) VALUES (x'0199c2d4000170008001000000000009', x'abababababababababababababababababababababababababababababababab', 1795000004123461);
