-- What came to streams since somebody saw them: the events of each from that sequence on, `nth` saying of which. Streams that
-- grow for years are read whole by whoever sees them for the first time only (docs/decisions/0066). `load_streams` stays for
-- programs of before.
CREATE FUNCTION load_streams_from(aggregate_types text[], aggregate_ids text[], sequences bigint[])
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
      FROM unnest(aggregate_types, aggregate_ids, sequences) WITH ORDINALITY AS w (aggregate_type, aggregate_id, since, nth)
      JOIN LATERAL (SELECT * FROM public.events e
                     WHERE e.aggregate_type = w.aggregate_type AND e.aggregate_id = w.aggregate_id AND e.sequence >= w.since
                     ORDER BY e.sequence) e ON true
     ORDER BY w.nth, e.sequence;
END $$;
