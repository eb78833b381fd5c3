-- What the token endpoint answered, by day: `date(day * 86400, 'unixepoch')` shows one, UTC. The texts have no CHECK:
-- later versions add kinds, and they are read by name.
CREATE TABLE usage_counts (
    day        INTEGER NOT NULL,
    grant_type TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    count      INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (day, grant_type, outcome)
) WITHOUT ROWID, STRICT;

-- The newest schema change that a program must know to work on this schema. A change that only expands leaves it alone,
-- so that the release before it can still be used; one that contracts writes its own version here.
CREATE TABLE schema_floor (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    version  TEXT    NOT NULL
) STRICT;

INSERT INTO schema_floor (version) VALUES ('20261124000000');
