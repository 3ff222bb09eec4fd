-- What the service roles may do and cannot be told in a grant or a policy (docs/decisions/0037): functions that run with the
-- rights of their owner, each for one narrow question. Who may call them stands in infrastructure/src/database/roles.sql.
--
-- Their search path is fixed and names no schema in which a service role may create anything.

-- Appending is the only way into the log, its head and the keys of commands.
ALTER FUNCTION append_events(integer[], text[], text[], bigint[], integer[], uuid[], text[], text[], bigint[],
                             text[], text[], text[], text[], integer[], text[], text[], bytea[], integer[], uuid[],
                             uuid[], bytea[], text[], integer[], uuid[], uuid[], integer[], uuid[])
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION append_event(text, text, bigint, uuid, text, text, text, text, text, text, bytea, uuid, uuid, bytea,
                            text, uuid)
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
-- Nobody who is not its owner writes into the table of people's keys, except for wrapping them with another master key.
ALTER FUNCTION destroy_person_key(uuid) SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;

-- Every event of the streams that somebody can name, `nth` saying of which. Nobody can list streams with it.
CREATE FUNCTION load_streams(aggregate_types text[], aggregate_ids text[])
RETURNS TABLE (
    nth           bigint,
    "position"    bigint,
    sequence      bigint,
    event_type    text,
    event_version text,
    payload       text,
    metadata      text,
    recorded_at   timestamptz
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.nth, e.position, e.sequence, e.event_type, e.event_version, e.payload::text, e.metadata::text, e.recorded_at
      FROM unnest(aggregate_types, aggregate_ids) WITH ORDINALITY AS w (aggregate_type, aggregate_id, nth)
      JOIN LATERAL (SELECT * FROM public.events e
                     WHERE e.aggregate_type = w.aggregate_type AND e.aggregate_id = w.aggregate_id
                     ORDER BY e.sequence) e ON true
     ORDER BY w.nth, e.sequence;
END $$;

-- The event at that position, when it belongs to that person.
CREATE FUNCTION event_of_person(person uuid, at bigint) RETURNS SETOF events
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM public.events e WHERE e.position = at AND e.metadata ->> 'owner' = person::text;
END $$;

-- The picture of one photo, for whoever has its signed address.
CREATE FUNCTION picture_of_photo(photo uuid) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (SELECT p.image FROM public.photos p WHERE p.photo_id = photo);
END $$;

-- Whether any photo, whosever it is, has full picture or thumbnail stored under that key.
CREATE FUNCTION picture_is_stored(stored_as text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM public.photos p WHERE p.image ->> 'key' = stored_as)
        OR EXISTS (SELECT FROM public.photos p WHERE p.image ->> 'thumbnail_key' = stored_as);
END $$;

-- Whose customer that is at the payment provider.
CREATE FUNCTION owner_of_customer(customer text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (SELECT c.owner FROM public.subscription_customers c WHERE c.customer_id = customer);
END $$;

-- For whom anything changed after one position, up to and including another: whom to wake, not what changed.
CREATE FUNCTION owners_with_updates(after bigint, upto bigint) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT DISTINCT u.owner FROM public.updates u WHERE u.position > after AND u.position <= upto;
END $$;

-- Moves a table that was filled beside the live ones to where they are. The role that fills it may not create anything
-- there, and the table must be its own.
CREATE FUNCTION put_in_place(beside text, table_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class c
                    WHERE c.oid = to_regclass(format('%I.%I', beside, table_name)) AND c.relkind = 'r'
                      AND c.relowner = to_regrole('ava_projector')) THEN
        RAISE EXCEPTION 'the table %.% is not one that the projector has filled', beside, table_name
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('ALTER TABLE %I.%I SET SCHEMA public', beside, table_name);
END $$;

-- The state of infrastructure/src/database/roles.sql that this database's grants and policies are of.
CREATE TABLE granted_rights (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    checksum   text        NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now()
);
