-- The event log: one order, no gaps, nothing acknowledged lost, nothing written twice.
--
-- postgres-es reads this table unchanged; position, event_id and recorded_at are ours.

CREATE TABLE events (
    position       bigint      PRIMARY KEY,
    event_id       uuid        NOT NULL UNIQUE,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    sequence       bigint      NOT NULL CHECK (sequence > 0),
    event_type     text        NOT NULL,
    event_version  text        NOT NULL,
    payload        json        NOT NULL, -- json, not jsonb: the bytes as written are what auditors hash
    metadata       json        NOT NULL,
    recorded_at    timestamptz NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, sequence)
);

-- The position of the last event. Its one row is the queue at which appends wait for each other.
CREATE TABLE log_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position    bigint      NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10); -- room for in-page updates, so that no index is ever touched
INSERT INTO log_head (position) VALUES (0);

-- What used idempotency keys stand for, for 7 days.
CREATE TABLE idempotency_keys (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    position     bigint      NOT NULL,
    answer       json,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_recorded_at ON idempotency_keys (recorded_at);

-- History is never rewritten.
CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or removed (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Append a new event that corrects the old one.';
END $$;
CREATE TRIGGER events_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- For each accepted command of a batch, how many accepted events there are up to and including its last one.
CREATE FUNCTION last_events(event_command integer[], refused integer[])
RETURNS TABLE (command integer, last bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT n.command, max(n.nth)
      FROM (SELECT e.command, row_number() OVER (ORDER BY e.nth) AS nth
              FROM unnest(event_command) WITH ORDINALITY AS e (command, nth)
             WHERE e.command <> ALL (refused)) n
     GROUP BY n.command
$$;

-- Appends a batch of commands in one statement, and so in one durable commit.
--
-- Command c (1, 2, 3 … in the order of the batch) touches some streams and adds events to them; all of a
-- command's events are appended, or none. A conflict of one command never fails its neighbours.
-- The row lock on log_head makes everything after it serial: what the statements below read is final.
--
--   slice_*  one element for each (command, stream): the sequence that the command was decided at
--   event_*  one element for each event, in the order of commands, then of writing; event_sequence counts
--            on from the slice's expected sequence
--   key_*    one element for each command with an idempotency key
--
-- Within one batch no stream and no key appears under two commands: the caller keeps the second for its next
-- batch. (If it did not, the unique constraints would refuse the whole batch.)
--
-- Answers one row for each command:
--   appended  log_position = the position of its last event
--   conflict  slice = the index in slice_* of a stream that moved on, current_sequence = where it is now
--   key_used  log_position, request_hash and answer as they are kept for the key
CREATE FUNCTION append_events(
    slice_command  integer[],
    slice_type     text[],
    slice_id       text[],
    slice_expected bigint[],
    event_command  integer[],
    event_id       uuid[],
    event_stream   integer[],
    event_sequence bigint[],
    event_type     text[],
    event_version  text[],
    event_payload  text[],
    event_metadata text[],
    key_command    integer[],
    key_scope      text[],
    key_text       text[],
    key_hash       bytea[]
) RETURNS TABLE (
    command          integer,
    outcome          text,
    log_position     bigint,
    slice            integer,
    current_sequence bigint,
    request_hash     bytea,
    answer           text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    offered    integer := cardinality(event_command);
    head       bigint;
    batch_time timestamptz;
    conflicts  integer[];
    known_keys integer[];
    refused    integer[];
BEGIN
    -- SET is evaluated on the newest row, once the lock is held: positions and times agree, and
    -- time never runs backwards in the log even where the machine's clock does.
    UPDATE log_head
       SET position = position + offered,
           recorded_at = greatest(recorded_at, clock_timestamp())
     RETURNING position - offered, recorded_at INTO STRICT head, batch_time;

    conflicts := ARRAY(
        SELECT s.slice::integer
          FROM unnest(slice_type, slice_id, slice_expected)
               WITH ORDINALITY AS s (aggregate_type, aggregate_id, expected, slice)
         WHERE s.expected <> coalesce((
                   SELECT e.sequence
                     FROM events e
                    WHERE e.aggregate_type = s.aggregate_type AND e.aggregate_id = s.aggregate_id
                    ORDER BY e.sequence DESC
                    LIMIT 1), 0));

    IF cardinality(key_command) > 0 THEN
        known_keys := ARRAY(
            SELECT k.command
              FROM unnest(key_command, key_scope, key_text) AS k (command, scope, key)
             WHERE EXISTS (SELECT FROM idempotency_keys i WHERE i.scope = k.scope AND i.key = k.key));
    END IF;

    refused := ARRAY(SELECT slice_command[c] FROM unnest(conflicts) AS c) || known_keys;

    INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                        payload, metadata, recorded_at)
    SELECT head + row_number() OVER (ORDER BY e.nth), e.id, slice_type[e.stream], slice_id[e.stream], e.sequence,
           e.type, e.version, e.payload::json, e.metadata::json, batch_time
      FROM unnest(event_command, event_id, event_stream, event_sequence, event_type, event_version, event_payload,
                  event_metadata)
           WITH ORDINALITY AS e (command, id, stream, sequence, type, version, payload, metadata, nth)
     WHERE e.command <> ALL (refused);

    IF cardinality(refused) > 0 THEN
        UPDATE log_head
           SET position = head + (SELECT count(*) FROM unnest(event_command) AS c WHERE c <> ALL (refused));
    END IF;

    IF cardinality(key_command) > 0 THEN
        INSERT INTO idempotency_keys (scope, key, request_hash, position, recorded_at)
        SELECT k.scope, k.key, k.hash, head + a.last, batch_time
          FROM unnest(key_command, key_scope, key_text, key_hash) AS k (command, scope, key, hash)
          JOIN last_events(event_command, refused) a ON a.command = k.command;
    END IF;

    RETURN QUERY
    SELECT a.command, 'appended', head + a.last, NULL::integer, NULL::bigint, NULL::bytea, NULL::text
      FROM last_events(event_command, refused) a
    UNION ALL
    SELECT k.command, 'key_used', i.position, NULL, NULL, i.request_hash, i.answer::text
      FROM unnest(key_command, key_scope, key_text) AS k (command, scope, key)
      JOIN idempotency_keys i ON i.scope = k.scope AND i.key = k.key
     WHERE k.command = ANY (known_keys)
    UNION ALL
    SELECT DISTINCT ON (slice_command[c]) slice_command[c], 'conflict', NULL::bigint, c,
           coalesce((SELECT max(e.sequence)
                       FROM events e
                      WHERE e.aggregate_type = slice_type[c] AND e.aggregate_id = slice_id[c]), 0),
           NULL::bytea, NULL::text
      FROM unnest(conflicts) AS c
     WHERE slice_command[c] <> ALL (coalesce(known_keys, '{}'));
END $$;
