-- When a lease's time was counted from, by the database's clock. One that begins in the future was given before that clock was
-- put back: it would keep everybody waiting for as long as that. Programs of before leave it as it is.
ALTER TABLE leases ADD COLUMN since timestamptz NOT NULL DEFAULT now();
