-- How the release whose newest schema change is 2026-12-01-000600_grants_taken_back notes what is taken back: the statement
-- that its store sends, with its values. What a release did is not edited later.

INSERT INTO grants_taken_back (client_uid, user_digest, at) VALUES (x'0199c2d4000170008001000000000009', x'abababababababababababababababababababababababababababababababab', 1795000004123461);
