-- What the last check of each read model found: its tables were compared with a fresh copy from the log.
--
-- A rebuild fills tables of the same names in a schema of its own, `rebuild_NAME`, a check in `check_NAME`; both
-- make these schemas when they begin and drop them when they are done, so the role needs CREATE on the database.
-- While they run, `followers` has a row `NAME:rebuild` or `NAME:check` for them.

CREATE TABLE projection_checks (
    name           text        PRIMARY KEY, -- the projector's
    version        integer     NOT NULL,    -- of what filled the tables
    position       bigint      NOT NULL,    -- the last event in them
    checked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows           bigint      NOT NULL,    -- in the live tables
    rows_different bigint      NOT NULL,    -- not what the log says, missing, or too many
    took_ms        bigint      NOT NULL
);
