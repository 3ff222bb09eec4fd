-- no-transaction
-- For operators: how many pictures were delivered in each hour.
CREATE INDEX CONCURRENTLY photos_by_delivery ON photos (delivered_at) WHERE delivered_at IS NOT NULL;
