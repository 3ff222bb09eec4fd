-- no-transaction
-- For operators: the newest photos that stand so, and how many there are.
CREATE INDEX CONCURRENTLY photos_by_status ON photos (status, requested_at DESC, photo_id DESC);
