-- The payment provider's messages, kept before they are understood.
--
-- The webhook's handler checks the signature, inserts the body and answers; a worker reads and applies it, again
-- and again until it worked or an operator must look. Rows stay as evidence of what the provider said.
-- Bodies hold personal data (names, addresses of the provider's customers).

CREATE TABLE webhook_inbox (
    event_id    text        PRIMARY KEY,                       -- the provider's; what makes a second delivery harmless
    provider    text        NOT NULL,                          -- as stripe
    kind        text        NOT NULL,                          -- the provider's event type
    body        bytea       NOT NULL,                          -- the bytes whose signature was checked
    arrival     bigint      GENERATED ALWAYS AS IDENTITY,      -- the order of arrival, roughly
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'parked')),
    attempts    integer     NOT NULL DEFAULT 0,                -- how often it was handed out
    next_at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- not handed out before: a lease's end, or a retry
    error       text,                                          -- why the latest attempt failed
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at  timestamptz                                    -- when it was done or parked
);

-- What waits is little, whatever has piled up behind it.
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (arrival) WHERE state = 'waiting';
CREATE INDEX webhook_inbox_parked ON webhook_inbox (arrival) WHERE state = 'parked';
