-- How the release whose newest schema change is 2026-12-01-000200_consent_resources remembers consents for other resources than
-- its own audience: the statements that its store sends, with their values. What a release did is not edited later.

INSERT INTO `consent_resources` (`username`, `client_uid`, `scope`, `created_at`, `updated_at`, `digest`, `resource`) VALUES ('ada', x'0199c2d4000170008001000000000001', 'read:dataset', 1795000004123461, 1795000004123461, x'521401293f72b78ff9930ee5690b04ee497b453f52ca24ed270329e081f9d1db', 'https://one.example.com/');
INSERT INTO `consent_resources` (`username`, `client_uid`, `scope`, `created_at`, `updated_at`, `digest`, `resource`) VALUES ('O''Neill %_\ é', x'0199c2d4000170008001000000000001', 'read:dataset', 1795000004123461, 1795000004123461, x'40eb70ef205952d185c8271c613e11a2dd9af1b2b09294ed91688114f42b87f0', 'urn:example:two');
