-- The transparency tree over the log, and what was signed of it: docs/AUDIT.md.

-- The tree's hashes in tiles of 256, as C2SP tlog-tiles lays them out: level 0 holds the leaves, and each hash of a
-- level stands for a full tile of the level below.
CREATE TABLE log_tiles (
    level  smallint NOT NULL,
    index  bigint   NOT NULL,
    hashes bytea    NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) <= 8192),
    PRIMARY KEY (level, index)
);
-- Hashes do not get smaller.
ALTER TABLE log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- How far the tree is, and which process lets it grow.
CREATE TABLE log_tree (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    size        bigint      NOT NULL DEFAULT 0,
    holder      text,
    lease_until timestamptz,
    error       text, -- why it does not grow
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
INSERT INTO log_tree DEFAULT VALUES;

-- Every checkpoint that was ever signed.
CREATE TABLE log_checkpoints (
    size      bigint      PRIMARY KEY,
    root      bytea       NOT NULL CHECK (length(root) = 32),
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now()
);

-- What was hashed or signed stays so.
CREATE FUNCTION refuse_rewriting_the_tree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: what was hashed or signed is never changed or removed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER checkpoints_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_the_tree();
CREATE TRIGGER tiles_are_not_removed
    BEFORE DELETE OR TRUNCATE ON log_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_the_tree();
CREATE TRIGGER tiles_only_get_longer
    BEFORE UPDATE ON log_tiles
    FOR EACH ROW
    WHEN ((new.level, new.index) <> (old.level, old.index)
          OR substr(new.hashes, 1, length(old.hashes)) <> old.hashes)
    EXECUTE FUNCTION refuse_rewriting_the_tree();
