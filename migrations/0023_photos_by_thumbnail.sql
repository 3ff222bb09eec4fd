-- no-transaction
-- Which pictures are ours is asked by the key of a picture or of its thumbnail: both are made from the hash of the bytes.
CREATE INDEX CONCURRENTLY photos_by_thumbnail ON photos ((image ->> 'thumbnail_key'));
