-- Leases: who works on what, until when. Work whose lease has run out is free for anybody.

-- Fences grow for ever, also across the leases of one name: a later holder always has the greater one.
CREATE SEQUENCE lease_fence AS bigint;

CREATE TABLE leases (
    name   text        PRIMARY KEY, -- as photo:<id>
    holder text        NOT NULL,    -- the process that holds it
    fence  bigint      NOT NULL,
    until  timestamptz NOT NULL     -- by the database's clock
);
CREATE INDEX leases_until ON leases (until);
