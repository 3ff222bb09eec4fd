//! What each role may do in a migrated database, and what it may not, over a login that has no rights but the role's.

use std::{fmt::Write, fs, path::PathBuf};

use infrastructure::{database::DatabaseRole, scratch_database::ScratchDatabase};
use sqlx::{Acquire, PgPool, Row};
use uuid::Uuid;

/// The roles that processes and auditors have.
const SERVICES: [DatabaseRole; 5] = [
    DatabaseRole::Api,
    DatabaseRole::Worker,
    DatabaseRole::Projector,
    DatabaseRole::Steward,
    DatabaseRole::Auditor,
];

/// What no service may do, whichever it is.
const REFUSED: &[&str] = &[
    // To be somebody else.
    "SET ROLE ava_owner",
    "SET ROLE ava",
    "SET SESSION AUTHORIZATION ava",
    "GRANT ava_owner TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE ROLE intruder SUPERUSER",
    // To rewrite history.
    "UPDATE events SET payload = '{}'",
    "DELETE FROM events",
    "TRUNCATE events",
    "INSERT INTO events SELECT 2, gen_random_uuid(), 'Avatar', 'x', 1, 'X', '1', '{}', '{}', now()",
    "COPY events FROM STDIN",
    "MERGE INTO events e USING (SELECT 1) s ON false WHEN NOT MATCHED THEN DO NOTHING WHEN MATCHED THEN DELETE",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE events DISABLE TRIGGER events_are_append_only",
    "DROP TRIGGER events_are_append_only ON events",
    "ALTER TABLE events ADD COLUMN extra text",
    "ALTER TABLE events OWNER TO CURRENT_USER",
    "DROP TABLE events",
    "CREATE RULE quiet AS ON INSERT TO events DO INSTEAD NOTHING",
    "CREATE TRIGGER quiet BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "SET session_replication_role = replica",
    "UPDATE log_head SET position = 0",
    "DELETE FROM log_head",
    "INSERT INTO log_head (singleton, position) VALUES (false, 0)",
    "SELECT setval('lease_fence', 1)",
    "DELETE FROM log_tiles",
    "DELETE FROM log_checkpoints",
    "UPDATE log_checkpoints SET note = ''",
    "DELETE FROM log_tree",
    // To change what the owner's functions do.
    "CREATE OR REPLACE FUNCTION last_position_at(moment timestamptz) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
    "ALTER FUNCTION load_streams(text[], text[]) SECURITY INVOKER",
    "DROP FUNCTION load_streams(text[], text[])",
    "ALTER FUNCTION load_streams_from(text[], text[], bigint[]) SECURITY INVOKER",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine ()",
    "CREATE VIEW public.mine AS SELECT 1",
    "SELECT last_events('{}', '{}')",
    // To read what is nobody's business.
    "SELECT * FROM pg_authid",
    "SELECT * FROM granted_rights",
    "UPDATE granted_rights SET checksum = ''",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "DELETE FROM _sqlx_migrations",
];

/// What nobody but the owner of the read models may do with them.
const REFUSED_ON_READ_MODELS: &[&str] = &[
    "ALTER TABLE photos DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE photos NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY own_rows ON photos",
    "CREATE POLICY mine ON photos USING (true)",
    "UPDATE photos SET owner = gen_random_uuid()",
    "DELETE FROM messages",
    "TRUNCATE reports",
    "INSERT INTO chats VALUES (gen_random_uuid(), 'companion', 1)",
    "DROP TABLE avatars",
    "CREATE SCHEMA mine",
    "SELECT put_in_place('rebuild_photos', 'photos')",
];

/// What a role may not read or do although another may.
const OTHERS: &[(DatabaseRole, &[&str])] = &[
    (
        DatabaseRole::Api,
        &[
            "SELECT * FROM events",
            "SELECT payload FROM events",
            "SELECT metadata FROM events WHERE position = 1",
            "COPY events TO STDOUT",
            "SELECT * FROM subscription_customers",
            "SELECT * FROM photo_work",
            "SELECT body FROM webhook_inbox",
            "UPDATE webhook_inbox SET state = 'done'",
            "SELECT * FROM leases",
            "UPDATE followers SET position = 0",
            "DELETE FROM idempotency_keys",
            "INSERT INTO log_checkpoints (size, root, note) VALUES (9, '\\x00', '')",
            "SET LOCAL row_security = off; SELECT * FROM photos",
        ],
    ),
    (
        DatabaseRole::Worker,
        &[
            "UPDATE person_keys SET wrapped_key = NULL",
            "DELETE FROM webhook_inbox",
            "DELETE FROM followers",
            "UPDATE log_tree SET size = 0",
            "SELECT event_of_person(gen_random_uuid(), 1)",
        ],
    ),
    (
        DatabaseRole::Projector,
        &[
            "SELECT append_event('A', 'x', 0, gen_random_uuid(), 'X', '1', '{}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "SELECT * FROM idempotency_keys",
            "SELECT * FROM webhook_inbox",
            "SELECT * FROM leases",
            "ALTER TABLE photos SET SCHEMA pg_catalog",
            "SELECT put_in_place('public', 'events')",
            "SELECT put_in_place('nowhere', 'photos')",
        ],
    ),
    (
        DatabaseRole::Steward,
        &[
            "UPDATE followers SET position = 0",
            "DELETE FROM webhook_inbox",
            "SELECT * FROM prediction_notices",
            "SELECT * FROM leases",
        ],
    ),
    (
        DatabaseRole::Auditor,
        &[
            "SELECT * FROM person_keys",
            "SELECT * FROM photos",
            "SELECT * FROM messages",
            "SELECT * FROM avatars",
            "SELECT * FROM reports",
            "SELECT * FROM subscriptions",
            "SELECT * FROM updates",
            "SELECT * FROM idempotency_keys",
            "SELECT * FROM webhook_inbox",
            "SELECT picture_of_photo(gen_random_uuid())",
            "SELECT owner_of_customer('cus_1')",
            "SELECT append_event('A', 'x', 0, gen_random_uuid(), 'X', '1', '{}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "UPDATE followers SET state = 'running'",
        ],
    ),
];

#[tokio::test]
async fn no_role_gets_past_what_is_granted_to_it() {
    let database = ScratchDatabase::create().await;
    append(&database.pool_as(DatabaseRole::Api), "Avatar").await;
    let before = everything(&database.pool()).await;
    for role in SERVICES {
        let pool = database.pool_as(role);
        let mut statements = REFUSED.to_vec();
        if role != DatabaseRole::Projector {
            statements.extend(REFUSED_ON_READ_MODELS);
        }
        let others = OTHERS.iter().filter(|(whose, _)| *whose == role);
        statements.extend(others.flat_map(|(_, statements)| statements.iter()));
        for other in DatabaseRole::ALL.into_iter().filter(|other| *other != role) {
            is_refused(&pool, role, &format!("SET ROLE {other}")).await;
        }
        for statement in statements {
            is_refused(&pool, role, statement).await;
        }
    }
    assert_eq!(everything(&database.pool()).await, before);
}

/// Says that the database has refused a statement for want of a right, and for nothing else.
async fn is_refused(pool: &PgPool, role: DatabaseRole, statement: &str) {
    let mut connection = pool.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let error = sqlx::raw_sql(statement).execute(&mut *transaction).await;
    let Err(sqlx::Error::Database(error)) = error else {
        panic!("{role}: {statement}: {error:?}");
    };
    assert_eq!(
        error.code().as_deref(),
        Some("42501"),
        "{role}: {statement}: {error}"
    );
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn giving_the_role_up_gains_nothing() {
    let database = ScratchDatabase::create().await;
    append(&database.pool_as(DatabaseRole::Worker), "Avatar").await;
    for role in SERVICES {
        let mut connection = database.pool_as(role).acquire().await.unwrap();
        sqlx::query("SET ROLE NONE")
            .execute(&mut *connection)
            .await
            .unwrap();
        for statement in [
            "SELECT * FROM events",
            "SELECT * FROM photos",
            "SELECT * FROM followers",
        ] {
            let refused = sqlx::query(statement).execute(&mut *connection).await;
            assert!(refused.is_err(), "{role}: {statement}");
        }
        sqlx::query("RESET ROLE")
            .execute(&mut *connection)
            .await
            .unwrap();
        let user: String = sqlx::query_scalar("SELECT current_user::text")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(user, role.name());
    }
}

#[tokio::test]
async fn the_owner_itself_does_not_rewrite_history() {
    let database = ScratchDatabase::create().await;
    append(&database.pool_as(DatabaseRole::Api), "Avatar").await;
    let owner = database.pool_as(DatabaseRole::Owner);
    for statement in [
        "UPDATE events SET payload = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
    ] {
        is_refused(&owner, DatabaseRole::Owner, statement).await;
    }
}

#[tokio::test]
async fn the_api_is_told_of_one_event_when_it_belongs_to_who_asks() {
    let database = ScratchDatabase::create().await;
    let api = database.pool_as(DatabaseRole::Api);
    let person = append(&api, "Avatar").await;
    for (who, expected) in [(person, 1), (Uuid::now_v7(), 0)] {
        let told = sqlx::query("SELECT * FROM event_of_person($1, 1)")
            .bind(who)
            .fetch_all(&api)
            .await
            .unwrap();
        assert_eq!(told.len(), expected);
    }
}

#[tokio::test]
async fn a_key_is_seen_by_the_person_whose_it_is() {
    let database = ScratchDatabase::create().await;
    let api = database.pool_as(DatabaseRole::Api);
    let one = Uuid::now_v7();
    sqlx::query(
        "SELECT append_event('A', 'x', 0, $1, 'X', '1', '{}', '{}', $2, 'key', '\\x00', NULL, NULL, NULL, NULL, NULL)",
    )
        .bind(Uuid::now_v7())
        .bind(format!("user:{one}"))
        .execute(&api)
        .await
        .unwrap();
    for (who, expected) in [
        (one.to_string(), 1),
        (Uuid::now_v7().to_string(), 0),
        (String::new(), 0),
    ] {
        let mut transaction = api.begin().await.unwrap();
        sqlx::query("SELECT set_config('ava.user_id', $1, true)")
            .bind(&who)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency_keys")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(seen, expected, "{who}");
    }
}

/// Appends one event as a process does, and answers whose it is.
async fn append(pool: &PgPool, aggregate: &str) -> Uuid {
    let owner = Uuid::now_v7();
    sqlx::query(
        "SELECT append_event($1, $2, 0, $3, 'X', '1', '{}', $4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
        .bind(aggregate)
        .bind(owner.to_string())
        .bind(Uuid::now_v7())
        .bind(format!("{{\"owner\": \"{owner}\"}}"))
        .execute(pool)
        .await
        .unwrap();
    owner
}

/// The log, its head, and what the catalogue says of tables, triggers, policies and functions.
async fn everything(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT e::text FROM events e
         UNION ALL SELECT h::text FROM log_head h
         UNION ALL SELECT t.tgname || ' ' || t.tgenabled::text FROM pg_trigger t
         UNION ALL SELECT p::text FROM pg_policies p
         UNION ALL SELECT format('%s %s %s %s', c.relname, c.relowner, c.relacl, c.relrowsecurity)
                     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL SELECT format('%s %s %s %s', f.proname, f.proowner, f.proacl, md5(f.prosrc))
                     FROM pg_proc f WHERE f.pronamespace = 'public'::regnamespace
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_documented_rights_are_those_that_are_granted() {
    let database = ScratchDatabase::create().await;
    let granted = granted(&database.pool()).await;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/DATABASE_ROLES.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once("<!-- granted -->\n").unwrap();
    let (documented, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("WRITE_ROLES").is_some() {
        let written = format!("{before}<!-- granted -->\n{granted}<!-- end -->{after}");
        fs::write(&path, written).unwrap();
        return;
    }
    assert_eq!(
        documented, granted,
        "docs/DATABASE_ROLES.md is not what is granted; WRITE_ROLES=1 with this test writes it anew"
    );
}

/// Every right of every role, as the document shows them.
async fn granted(pool: &PgPool) -> String {
    let rows = sqlx::query(
        "WITH rights AS (
             SELECT 1 AS kind, c.relname::text AS object, g.grantee, lower(g.privilege_type) AS right_to
               FROM pg_class c CROSS JOIN aclexplode(c.relacl) g
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')
             UNION ALL
             SELECT 1, c.relname::text, g.grantee,
                    format('%s (%s)', lower(g.privilege_type), string_agg(a.attname, ', ' ORDER BY a.attnum))
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN aclexplode(a.attacl) g
              WHERE c.relnamespace = 'public'::regnamespace
              GROUP BY c.relname, g.grantee, g.privilege_type
             UNION ALL
             SELECT 2, p.proname::text || '()', g.grantee, 'execute'
               FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
              WHERE p.pronamespace = 'public'::regnamespace
             UNION ALL
             SELECT 3, 'schema public', g.grantee, lower(g.privilege_type)
               FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) g WHERE n.nspname = 'public'
             UNION ALL
             SELECT 3, 'the database', g.grantee, lower(g.privilege_type)
               FROM pg_database d CROSS JOIN aclexplode(d.datacl) g
              WHERE d.datname = current_database() AND g.privilege_type = 'CREATE'),
         roles AS (SELECT oid, rolname FROM pg_roles WHERE rolname LIKE 'ava\\_%' AND NOT rolcanlogin
                   UNION ALL SELECT 0, 'everybody'),
         objects AS (
             SELECT 1 AS kind, relname::text AS object, relowner AS owner FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
             UNION ALL
             SELECT 1, relname::text, relowner FROM pg_class s WHERE relnamespace = 'public'::regnamespace
                AND relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = s.oid AND d.deptype = 'i')
             UNION SELECT 2, proname::text || '()', proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
             UNION ALL SELECT 3, 'schema public', NULL UNION ALL SELECT 3, 'the database', NULL)
         SELECT o.object, coalesce(o.owner::regrole::text, '') AS owner,
                coalesce((SELECT string_agg(format('%s: %s', granted.rolname, granted.rights), '; ' ORDER BY granted.rolname)
                   FROM (SELECT r.rolname, string_agg(DISTINCT x.right_to, ', ' ORDER BY x.right_to) AS rights
                           FROM rights x JOIN roles r ON r.oid = x.grantee
                          WHERE (x.kind, x.object) = (o.kind, o.object) AND x.grantee IS DISTINCT FROM o.owner
                          GROUP BY r.rolname) granted), '') AS granted
           FROM objects o ORDER BY o.kind, o.object COLLATE \"C\"",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut text = "| object | belongs to | others may |\n|---|---|---|\n".to_owned();
    for row in &rows {
        let cell = |name| row.get::<String, _>(name);
        writeln!(
            text,
            "| `{}` | {} | {} |",
            cell("object"),
            cell("owner"),
            cell("granted")
        )
        .unwrap();
    }
    let policies = sqlx::query(
        "SELECT tablename::text AS object, policyname::text AS policy, lower(cmd) AS cmd,
                (SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(roles::text[]) r) AS roles, qual AS rows
           FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename, policyname",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    text.push_str("\n| table | policy | for | of | rows |\n|---|---|---|---|---|\n");
    for row in &policies {
        let cell = |name| row.get::<String, _>(name);
        writeln!(
            text,
            "| `{}` | {} | {} | {} | `{}` |",
            cell("object"),
            cell("policy"),
            cell("cmd"),
            cell("roles"),
            cell("rows").replace("::text", "")
        )
        .unwrap();
    }
    text
}
