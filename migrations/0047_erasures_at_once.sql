-- no-transaction
-- Read models ask with every page whose erasure the log holds. This index holds nothing else, so the question costs
-- nothing, whatever the planner knows of a log that has just grown.
CREATE INDEX CONCURRENTLY events_of_erasure ON events (aggregate_id, position) WHERE event_type = 'PersonErased';
