-- Appends look before they leap only where they have to (docs/decisions/0010).
--
-- The first append_events, of 16 arguments, asks for the sequence of every stream before it inserts anything, and looks
-- every event's stream up in an array of texts, which PostgreSQL walks from its start each time. Most batches hold no
-- conflict, and the unique constraints say so by themselves: this one inserts the batch at once, and only when that
-- violates a constraint does it ask which commands are to blame. The first stays for the processes of an older version
-- that run during an upgrade; a later migration removes it.

-- Appends a batch of commands in one statement, and so in one durable commit.
--
-- Command c (1, 2, 3 … in the order of the batch) touches some streams and adds events to them; all of a
-- command's events are appended, or none. A conflict of one command never fails its neighbours.
-- The row lock on log_head makes everything after it serial: what the statements below read is final.
--
--   slice_*  one element for each (command, stream): the sequence that the command was decided at
--   event_*  one element for each event, in the order of commands, then of writing; event_sequence counts
--            on from the slice's expected sequence
--   key_*    one element for each command with an idempotency key; key_events = how many events of the batch there
--            are up to and including the command's last one
--
-- Within one batch no stream and no key appears under two commands: the caller keeps the second for its next
-- batch. (If it did not, the unique constraints would refuse the whole batch.)
--
-- Answers
--   appended  one row: log_position = the head before the batch. The events of all commands that no other row
--             speaks of stand behind it, in order, without gaps.
--   conflict  slice = the index in slice_* of a stream that is not where the command saw it, current_sequence = where it is
--   key_used  log_position, request_hash and answer as they are kept for the key
CREATE FUNCTION append_events(
    slice_command   integer[],
    slice_type      text[],
    slice_id        text[],
    slice_expected  bigint[],
    event_command   integer[],
    event_id        uuid[],
    event_aggregate text[],
    event_stream    text[],
    event_sequence  bigint[],
    event_type      text[],
    event_version   text[],
    event_payload   text[],
    event_metadata  text[],
    key_command     integer[],
    key_scope       text[],
    key_text        text[],
    key_hash        bytea[],
    key_events      integer[]
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
    keys       boolean := cardinality(key_command) > 0;
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

    BEGIN
        -- A stream that has moved on holds the next sequence already; the constraint below refuses it. One that
        -- has not come as far as the command says would get a gap, which no constraint sees.
        IF 0 < ANY (slice_expected) AND EXISTS (
            SELECT FROM unnest(slice_type, slice_id, slice_expected) AS s (aggregate_type, aggregate_id, expected)
             WHERE s.expected > 0
               AND NOT EXISTS (SELECT FROM events e
                                WHERE e.aggregate_type = s.aggregate_type AND e.aggregate_id = s.aggregate_id
                                  AND e.sequence = s.expected)) THEN
            RAISE unique_violation;
        END IF;

        INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                            payload, metadata, recorded_at)
        SELECT head + e.nth, e.id, e.aggregate, e.stream, e.sequence, e.type, e.version,
               e.payload::json, e.metadata::json, batch_time
          FROM unnest(event_id, event_aggregate, event_stream, event_sequence, event_type, event_version,
                      event_payload, event_metadata)
               WITH ORDINALITY AS e (id, aggregate, stream, sequence, type, version, payload, metadata, nth);

        IF keys THEN
            INSERT INTO idempotency_keys (scope, key, request_hash, position, recorded_at)
            SELECT k.scope, k.key, k.hash, head + k.events, batch_time
              FROM unnest(key_scope, key_text, key_hash, key_events) AS k (scope, key, hash, events);
        END IF;

        RETURN QUERY VALUES (0, 'appended', head, NULL::integer, NULL::bigint, NULL::bytea, NULL::text);
        RETURN;
    EXCEPTION WHEN unique_violation THEN
        NULL; -- Undone, all but the lock. Now to find out who must be refused.
    END;

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
    known_keys := ARRAY(
        SELECT k.command
          FROM unnest(key_command, key_scope, key_text) AS k (command, scope, key)
         WHERE EXISTS (SELECT FROM idempotency_keys i WHERE i.scope = k.scope AND i.key = k.key));
    refused := ARRAY(SELECT slice_command[c] FROM unnest(conflicts) AS c) || known_keys;

    INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                        payload, metadata, recorded_at)
    SELECT head + row_number() OVER (ORDER BY e.nth), e.id, e.aggregate, e.stream, e.sequence, e.type, e.version,
           e.payload::json, e.metadata::json, batch_time
      FROM unnest(event_command, event_id, event_aggregate, event_stream, event_sequence, event_type, event_version,
                  event_payload, event_metadata)
           WITH ORDINALITY AS e (command, id, aggregate, stream, sequence, type, version, payload, metadata, nth)
     WHERE e.command <> ALL (refused);

    UPDATE log_head
       SET position = head + (SELECT count(*) FROM unnest(event_command) AS c WHERE c <> ALL (refused));

    INSERT INTO idempotency_keys (scope, key, request_hash, position, recorded_at)
    SELECT k.scope, k.key, k.hash, head + a.last, batch_time
      FROM unnest(key_command, key_scope, key_text, key_hash) AS k (command, scope, key, hash)
      JOIN last_events(event_command, refused) a ON a.command = k.command;

    RETURN QUERY
    SELECT 0, 'appended', head, NULL::integer, NULL::bigint, NULL::bytea, NULL::text
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
     WHERE slice_command[c] <> ALL (known_keys);
END $$;
