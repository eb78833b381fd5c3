-- What the token endpoint answered, by day: `date '1970-01-01' + day` shows one, UTC. The texts have no CHECK: later
-- versions add kinds, and they are read by name. The few rows of a day are updated every few seconds, in their own page.
CREATE TABLE usage_counts (
    day        integer NOT NULL,
    grant_type text    COLLATE "C" NOT NULL,
    outcome    text    COLLATE "C" NOT NULL,
    count      bigint  NOT NULL CHECK (count >= 0),
    PRIMARY KEY (day, grant_type, outcome)
) WITH (fillfactor = 50);

-- The newest schema change that a program must know to work on this schema. A change that only expands leaves it alone,
-- so that replicas of the release before it go on, and can be started; one that contracts writes its own version here.
CREATE TABLE schema_floor (
    only_row boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
    version  text    NOT NULL
);

INSERT INTO schema_floor (version) VALUES ('20261124000000');
