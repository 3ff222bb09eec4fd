-- Notes of pictures' files that may lie in the object store although no photo shows them (docs/decisions/0061).
--
-- A note is there before the first byte is sent. Its writer takes it away once it knows what became of the files: a photo
-- shows them, or they were removed. What is left is of writers that died, or stand still and may yet send: their files
-- are looked for again and again, less and less often, for more than a day. Nothing personal stands here.
CREATE TABLE file_notes (
    photo_id      uuid        NOT NULL,
    image_key     text        NOT NULL,
    thumbnail_key text        NOT NULL,
    node          text        NOT NULL,            -- the process that stores
    writes        integer     NOT NULL DEFAULT 1,  -- how often it began to
    clear         integer     NOT NULL DEFAULT 0,  -- how many looks there were since the photo was over
    noted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    look_at       timestamptz NOT NULL,
    PRIMARY KEY (photo_id, image_key, thumbnail_key, node)
);
CREATE INDEX file_notes_by_look ON file_notes (look_at);
CREATE INDEX file_notes_by_key ON file_notes (image_key);
CREATE INDEX file_notes_by_thumbnail ON file_notes (thumbnail_key);
