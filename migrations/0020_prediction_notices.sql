-- What image providers tell of their own accord: that a job is over.
--
-- The webhook's handler checks the signature, inserts a row and answers; whoever works on the photo is woken and asks
-- the provider how the job stands. A row is a hint and evidence, never the result itself, so that nothing personal
-- (inputs, outputs) is kept here. Rows may go after a day: no message is believed that is older than five minutes.

CREATE TABLE prediction_notices (
    message_id    text        PRIMARY KEY,  -- the provider's; what makes a second delivery harmless
    provider      text        NOT NULL,     -- as replicate
    photo_id      uuid        NOT NULL,     -- the picture and the attempt that the address named; not signed
    attempt       integer     NOT NULL CHECK (attempt > 0),
    prediction_id text        NOT NULL,     -- the provider's id of the job, out of the signed body
    status        text        NOT NULL,     -- in the provider's word
    arrival       bigint      GENERATED ALWAYS AS IDENTITY,
    received_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX prediction_notices_of_attempt ON prediction_notices (photo_id, attempt, arrival);
CREATE INDEX prediction_notices_by_age ON prediction_notices (received_at);
