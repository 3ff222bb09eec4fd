-- The read models and the followers of the log that fill them.
--
-- Everything here can be dropped and filled again from `events`. Times come from events only, so
-- that filling twice gives the same bytes. Columns of type json hold text exactly as it was written.

-- Who follows the log, how far each one is, and who works for it.
CREATE TABLE followers (
    name            text PRIMARY KEY,
    -- The version of the projector that filled the tables; 1 for a reaction.
    version         integer NOT NULL,
    -- The last event that was followed; 0 before the first.
    position        bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    state           text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'retrying', 'failed')),
    -- The process that works for it until `lease_until`, by the database's clock.
    holder          text,
    lease_until     timestamptz,
    -- Grows with every change of holder: a holder with an older fence can no longer write.
    fence           bigint NOT NULL DEFAULT 0,
    -- What went wrong, while `state` is not 'running'.
    attempts        integer NOT NULL DEFAULT 0,
    error           text,
    failed_position bigint,
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50); -- One small row, updated all the time: room for updates within the page.

-- avatars: a user's companion.
CREATE TABLE avatars (
    owner       uuid PRIMARY KEY,
    avatar_id   uuid NOT NULL,
    name        text NOT NULL,
    age         smallint NOT NULL,
    gender      text NOT NULL,
    nationality text NOT NULL,
    appearance  text NOT NULL,
    personality text NOT NULL,
    reference   json NOT NULL,
    history     json NOT NULL,
    sequence    bigint NOT NULL,
    position    bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

-- photos: every picture that was asked for and not deleted.
CREATE TABLE photos (
    photo_id     uuid PRIMARY KEY,
    owner        uuid NOT NULL,
    purpose      text NOT NULL,
    scene        text,
    status       text NOT NULL,
    attempts     integer NOT NULL,
    image        json,
    failure      json,
    rules        text[] NOT NULL,
    sequence     bigint NOT NULL,
    position     bigint NOT NULL,
    requested_at timestamptz NOT NULL,
    delivered_at timestamptz
);
CREATE INDEX photos_of_owner ON photos (owner, requested_at DESC, photo_id DESC);
CREATE INDEX photos_of_owner_by_status ON photos (owner, status, requested_at DESC, photo_id DESC);
CREATE INDEX photos_of_owner_by_purpose ON photos (owner, purpose, requested_at DESC, photo_id DESC);
CREATE INDEX photos_by_image ON photos ((image ->> 'key')); -- two photos may share one stored picture

-- gate: what a user pays for, and what is left of it.
CREATE TABLE subscriptions (
    owner                uuid PRIMARY KEY,
    customer_id          text,
    provider_id          text,
    status               text,
    plan                 text,
    period_start         timestamptz,
    period_end           timestamptz,
    cancel_at_period_end boolean NOT NULL,
    grace_until          timestamptz,
    photos_used          integer NOT NULL,
    photos_limit         integer NOT NULL,
    -- The aggregate itself, which knows which of the provider's snapshots counts.
    state                json NOT NULL,
    sequence             bigint NOT NULL,
    position             bigint NOT NULL
);

-- gate: whose customer that is at the payment provider; a user may have had several.
CREATE TABLE subscription_customers (
    customer_id text PRIMARY KEY,
    owner       uuid NOT NULL
);

-- updates: what changed for whom, at which position.
CREATE TABLE updates (
    position    bigint PRIMARY KEY,
    owner       uuid NOT NULL,
    kind        text NOT NULL,
    resource_id text NOT NULL
);
CREATE INDEX updates_of_owner ON updates (owner, position);

-- photo_work: the pictures that still have to be made, for the worker.
CREATE TABLE photo_work (
    photo_id     uuid PRIMARY KEY,
    owner        uuid NOT NULL,
    purpose      text NOT NULL,
    attempts     integer NOT NULL,
    requested_at timestamptz NOT NULL,
    -- Not before then.
    available_at timestamptz NOT NULL,
    position     bigint NOT NULL
);
CREATE INDEX photo_work_by_availability ON photo_work (available_at, photo_id);
