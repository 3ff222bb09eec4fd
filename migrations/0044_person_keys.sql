-- The keys that personal values in the log are sealed with (docs/decisions/0035), and appends that look at them.

-- One data key for each person, wrapped with a master key that the database never sees. A destroyed key leaves its row
-- without a key, so that none is ever made for that person again.
CREATE TABLE person_keys (
    user_id            uuid        PRIMARY KEY,
    key_id             uuid,                 -- stays when the key is wrapped with another master key
    wrapped_key        bytea,                -- docs/AUDIT.md, "Sealed fields"
    master_key_id      text,                 -- which master key it is wrapped with
    created_at         timestamptz NOT NULL,
    destroyed_at       timestamptz,
    destroyed_position bigint,               -- where the log ended then; grows in the order of destructions
    CHECK (num_nulls(key_id, wrapped_key, master_key_id) = CASE WHEN destroyed_at IS NULL THEN 0 ELSE 3 END),
    CHECK ((destroyed_at IS NULL) = (destroyed_position IS NULL))
) WITH (
    -- What was destroyed must not linger in dead rows: they are swept as soon as there is one.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0
);
-- Processes ask for what was destroyed since they last asked.
CREATE INDEX person_keys_destroyed ON person_keys (destroyed_position) WHERE destroyed_position IS NOT NULL;

-- Destroys the keys of these people, also of those who have none yet. The caller holds the lock on the log's head.
CREATE FUNCTION destroy_person_keys(people uuid[], moment timestamptz, reached bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO person_keys AS k (user_id, created_at, destroyed_at, destroyed_position)
    SELECT DISTINCT p.person, moment, moment, reached FROM unnest(people) AS p (person)
        ON CONFLICT (user_id) DO UPDATE
       SET key_id = NULL, wrapped_key = NULL, master_key_id = NULL,
           destroyed_at = excluded.destroyed_at, destroyed_position = excluded.destroyed_position
     WHERE k.destroyed_at IS NULL
$$;

-- Destroys somebody's key apart from any append. It takes its turn at the log's head like one, so that every append is
-- either over or sees it.
CREATE FUNCTION destroy_person_key(person uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
BEGIN
    SELECT h.position INTO STRICT reached FROM log_head h FOR UPDATE;
    PERFORM destroy_person_keys(ARRAY[person], clock_timestamp(), reached);
END $$;

-- The functions that know nothing of keys go: a process of an older version could write in the clear with them, and
-- cannot read what is sealed anyway.
DROP FUNCTION append_event(text, text, bigint, uuid, text, text, text, text, text, text, bytea);
DROP FUNCTION append_events(integer[], text[], text[], bigint[], integer[], uuid[], text[], text[], bigint[], text[], text[],
                            text[], text[], integer[], text[], text[], bytea[], integer[]);
DROP FUNCTION append_events(integer[], text[], text[], bigint[], integer[], uuid[], integer[], bigint[], text[], text[],
                            text[], text[], integer[], text[], text[], bytea[]);

-- Appends a batch of commands in one statement, and so in one durable commit.
--
-- As before (migration 0006), and in the same transaction looks after the keys of those whose personal values it holds:
--
--   new_*     keys that the caller made for people without one; whoever has one by now keeps it
--   sealed_*  one element for each (command, person) whose values the command's events hold, with the id of the key that
--             they are sealed with
--   erased_*  one element for each (command, person) whose key is destroyed by the command
--
-- Within one batch nobody's values stand behind the command that destroys their key: the caller keeps those for its
-- next batch.
--
-- Answers, beside what it answered before,
--   key_lost  a key of the command is no longer, or never was, the person's: nothing of the command is appended
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
    key_events      integer[],
    new_person      uuid[],
    new_key         uuid[],
    new_wrapped     bytea[],
    new_master      text[],
    sealed_command  integer[],
    sealed_person   uuid[],
    sealed_key      uuid[],
    erased_command  integer[],
    erased_person   uuid[]
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
    lost_keys  integer[] := '{}';
    refused    integer[];
BEGIN
    -- SET is evaluated on the newest row, once the lock is held: positions and times agree, and
    -- time never runs backwards in the log even where the machine's clock does.
    UPDATE log_head
       SET position = position + offered,
           recorded_at = greatest(recorded_at, clock_timestamp())
     RETURNING position - offered, recorded_at INTO STRICT head, batch_time;

    -- Keys are made and destroyed under the same lock, so that what is seen of them here is true until the commit.
    IF cardinality(new_person) > 0 THEN
        INSERT INTO person_keys (user_id, key_id, wrapped_key, master_key_id, created_at)
        SELECT n.person, n.key, n.wrapped, n.master, batch_time
          FROM unnest(new_person, new_key, new_wrapped, new_master) AS n (person, key, wrapped, master)
            ON CONFLICT (user_id) DO NOTHING;
    END IF;
    IF cardinality(sealed_command) > 0 THEN
        lost_keys := ARRAY(
            SELECT s.command
              FROM unnest(sealed_command, sealed_person, sealed_key) AS s (command, person, key)
             WHERE NOT EXISTS (SELECT FROM person_keys k WHERE k.user_id = s.person AND k.key_id = s.key));
    END IF;

    IF cardinality(lost_keys) = 0 THEN
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
            IF cardinality(erased_command) > 0 THEN
                PERFORM destroy_person_keys(erased_person, batch_time, head + offered);
            END IF;

            RETURN QUERY VALUES (0, 'appended', head, NULL::integer, NULL::bigint, NULL::bytea, NULL::text);
            RETURN;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- Undone, all but the lock and the new keys. Now to find out who must be refused.
        END;
    END IF;

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
    refused := ARRAY(SELECT slice_command[c] FROM unnest(conflicts) AS c) || known_keys || lost_keys;

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

    IF cardinality(erased_command) > 0 THEN
        PERFORM destroy_person_keys(
            ARRAY(SELECT e.person FROM unnest(erased_command, erased_person) AS e (command, person)
                   WHERE e.command <> ALL (refused)),
            batch_time, (SELECT h.position FROM log_head h));
    END IF;

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
     WHERE slice_command[c] <> ALL (known_keys)
    UNION ALL
    SELECT DISTINCT l.command, 'key_lost', NULL::bigint, NULL::integer, NULL::bigint, NULL::bytea, NULL::text
      FROM unnest(lost_keys) AS l (command)
     WHERE l.command <> ALL (known_keys || ARRAY(SELECT slice_command[c] FROM unnest(conflicts) AS c));
END $$;

-- The short way for a command that comes alone with one event (migration 0007): scalars, and no subtransaction.
--
--   sealed_person, sealed_key  whose values the event holds, and the id of the key that they are sealed with; or NULL
--   new_wrapped, new_master    that key, when the caller made it for somebody without one; or NULL
--   erased_person              whose key the event destroys; or NULL
--
-- Answers the event's position. Raises unique_violation when the stream is not where the command saw it, the idempotency
-- key is known or the person's key is another one; nothing is written then, and append_events tells which of them it is.
CREATE FUNCTION append_event(
    event_aggregate text,
    event_stream    text,
    expected        bigint,
    event_id        uuid,
    event_type      text,
    event_version   text,
    event_payload   text,
    event_metadata  text,
    key_scope       text,
    key_text        text,
    key_hash        bytea,
    sealed_person   uuid,
    sealed_key      uuid,
    new_wrapped     bytea,
    new_master      text,
    erased_person   uuid
) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    reached    bigint;
    event_time timestamptz;
BEGIN
    -- As in append_events: everything after it is serial, and positions and times agree.
    UPDATE log_head AS head
       SET position = head.position + 1,
           recorded_at = greatest(head.recorded_at, clock_timestamp())
     RETURNING head.position, head.recorded_at INTO STRICT reached, event_time;

    IF sealed_person IS NOT NULL THEN
        IF new_wrapped IS NOT NULL THEN
            INSERT INTO person_keys (user_id, key_id, wrapped_key, master_key_id, created_at)
            VALUES (sealed_person, sealed_key, new_wrapped, new_master, event_time)
                ON CONFLICT (user_id) DO NOTHING;
        END IF;
        IF NOT EXISTS (SELECT FROM person_keys k WHERE k.user_id = sealed_person AND k.key_id = sealed_key) THEN
            RAISE unique_violation;
        END IF;
    END IF;

    -- A stream that has not come as far as the command says would get a gap, which no constraint sees.
    IF expected > 0 AND NOT EXISTS (
        SELECT FROM events e
         WHERE e.aggregate_type = event_aggregate AND e.aggregate_id = event_stream AND e.sequence = expected) THEN
        RAISE unique_violation;
    END IF;

    INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                        payload, metadata, recorded_at)
    VALUES (reached, event_id, event_aggregate, event_stream, expected + 1, event_type, event_version,
            event_payload::json, event_metadata::json, event_time);

    IF key_scope IS NOT NULL THEN
        INSERT INTO idempotency_keys (scope, key, request_hash, position, recorded_at)
        VALUES (key_scope, key_text, key_hash, reached, event_time);
    END IF;
    IF erased_person IS NOT NULL THEN
        PERFORM destroy_person_keys(ARRAY[erased_person], event_time, reached);
    END IF;
    RETURN reached;
END $$;
