#!/bin/sh
# Makes the users that the processes log in as, each with the rights of what it does and no others
# (docs/DATABASE_ROLES.md), or gives them their passwords anew. Run after `ava migrate`, which makes the roles, as the user
# who owns the database; PGHOST, PGUSER, PGPASSWORD and PGDATABASE say where. Again is harmless.
set -eu
: "${DATABASE_PASSWORD_API:?}" "${DATABASE_PASSWORD_WORKER:?}" "${DATABASE_PASSWORD_PROJECTOR:?}" "${DATABASE_PASSWORD_STEWARD:?}"
# psql takes the passwords from its environment, since everybody on the machine may see arguments.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'END'
\getenv api DATABASE_PASSWORD_API
\getenv worker DATABASE_PASSWORD_WORKER
\getenv projector DATABASE_PASSWORD_PROJECTOR
\getenv steward DATABASE_PASSWORD_STEWARD
-- Statements with passwords in them stay out of the server's log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SELECT format('CREATE ROLE %I LOGIN NOINHERIT', login)
  FROM unnest(ARRAY['api', 'worker', 'projector', 'steward']) AS login
 WHERE to_regrole(login) IS NULL
\gexec
ALTER ROLE api PASSWORD :'api';
ALTER ROLE worker PASSWORD :'worker';
ALTER ROLE projector PASSWORD :'projector';
ALTER ROLE steward PASSWORD :'steward';
GRANT ava_api, ava_steward TO api;
GRANT ava_worker TO worker;
GRANT ava_projector TO projector;
-- The command line of whoever runs Ava: reads everything through what records it, rebuilds read models, mends payments.
GRANT ava_steward, ava_projector, ava_worker TO steward;
END
