-- What all workers share about their image providers: how many orders they may still place, until when a provider
-- wants to be left alone, and every call that was made.

CREATE TABLE provider_accounts (
    provider     text             PRIMARY KEY,
    -- Orders that may be placed at once; it fills up as time passes (`refilled_at`), by the database's clock.
    tokens       double precision NOT NULL,
    refilled_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    -- The provider's own wish (Retry-After).
    paused_until timestamptz      NOT NULL DEFAULT '-infinity',
    -- The circuit breaker: how many orders failed in a row, and until when no other one is placed.
    failures     integer          NOT NULL DEFAULT 0,
    shut_until   timestamptz      NOT NULL DEFAULT '-infinity'
);

-- Every call to a provider. Nothing personal stands in it. An order's row is there before the order is sent.
CREATE TABLE provider_calls (
    call_id  uuid        PRIMARY KEY,
    provider text        NOT NULL,
    kind     text        NOT NULL CHECK (kind IN ('order', 'check', 'search', 'cancel', 'fetch')),
    photo_id uuid        NOT NULL,
    attempt  integer     NOT NULL,
    model    text,                  -- of an order
    job_id   text,                  -- the provider's, as far as it is known
    outcome  text,                  -- as accepted, throttled, unanswered; null while nobody knows
    node     text        NOT NULL,  -- the process that asked
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    took_ms  integer
);
CREATE INDEX provider_calls_of_photo ON provider_calls (photo_id, attempt);
CREATE INDEX provider_calls_by_age ON provider_calls (began_at);

-- What each picture cost. `jobs` are those that the provider surely took; `unanswered` orders may have been taken.
CREATE VIEW provider_costs AS
SELECT photo_id,
       count(*)                                                       AS calls,
       count(*) FILTER (WHERE kind = 'order')                         AS orders,
       count(DISTINCT job_id) FILTER (WHERE kind = 'order')           AS jobs,
       count(*) FILTER (WHERE kind = 'order' AND job_id IS NULL
                          AND coalesce(outcome, 'unanswered') = 'unanswered') AS unanswered,
       greatest(count(DISTINCT job_id) FILTER (WHERE kind = 'order') - 1, 0)  AS extra_jobs,
       min(began_at)                                                  AS first_call_at
  FROM provider_calls
 GROUP BY photo_id;
