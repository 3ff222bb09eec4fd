//! Tables beside the live ones, alike in everything but their schema.

use sqlx::{Executor, PgConnection, PgPool, Row};
use tracing::info;

use super::{Shadow, quoted};
use crate::engine::{Lease, Trouble};

/// Statements that make a table like the live one: its columns with defaults, checks and comments, and what upserts
/// need at once: unique constraints and indexes. `$1` is the live schema, `$2` the table, `$3` the schema beside.
const LIKE_THE_LIVE_ONE: &str = r#"
WITH live AS (SELECT * FROM pg_class WHERE oid = format('%I.%I', $1, $2)::regclass)
SELECT statement FROM (
    SELECT 1, format('CREATE TABLE %1$I.%2$I (LIKE %3$I.%2$I INCLUDING ALL EXCLUDING INDEXES)', $3, $2, $1)
    UNION ALL
    SELECT 2, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $3, $2, c.conname, pg_get_constraintdef(c.oid))
      FROM live JOIN pg_constraint c ON c.conrelid = live.oid WHERE c.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 3, pg_get_indexdef(i.indexrelid, 0, true)
      FROM live JOIN pg_index i ON i.indrelid = live.oid
     WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    UNION ALL
    SELECT 4, format('ALTER TABLE %I.%I SET (%s = %L)', $3, $2, o.option_name, o.option_value)
      FROM live CROSS JOIN pg_options_to_table(live.reloptions) o
    UNION ALL
    SELECT 4, format('ALTER TABLE %I.%I SET (toast.%s = %L)', $3, $2, o.option_name, o.option_value)
      FROM live JOIN pg_class t ON t.oid = live.reltoastrelid CROSS JOIN pg_options_to_table(t.reloptions) o
    UNION ALL
    SELECT 4, format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS %s', $3, $2, a.attname, a.attstattarget)
      FROM live JOIN pg_attribute a ON a.attrelid = live.oid
     WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
) AS made (step, statement) ORDER BY step, statement"#;

/// Statements that give the new table to whom the live one belongs, and to nobody else.
const OWNED_ALIKE: &str = r#"
WITH live AS (SELECT * FROM pg_class WHERE oid = format('%I.%I', $1, $2)::regclass),
     made AS (SELECT * FROM pg_class WHERE oid = format('%I.%I', $3, $2)::regclass)
SELECT statement FROM (
    SELECT 1, format('REVOKE ALL ON %I.%I FROM %s', $3, $2, coalesce(quote_ident(r.rolname), 'PUBLIC'))
      FROM made CROSS JOIN aclexplode(made.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE g.grantee <> made.relowner
    UNION
    SELECT 2, format('GRANT %s ON %I.%I TO %s%s', g.privilege_type, $3, $2, coalesce(quote_ident(r.rolname), 'PUBLIC'),
                     CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
      FROM live CROSS JOIN aclexplode(live.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE g.grantee <> live.relowner
    UNION
    SELECT 2, format('GRANT %s (%I) ON %I.%I TO %s%s', g.privilege_type, a.attname, $3, $2,
                     coalesce(quote_ident(r.rolname), 'PUBLIC'),
                     CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
      FROM live JOIN pg_attribute a ON a.attrelid = live.oid AND NOT a.attisdropped
     CROSS JOIN aclexplode(a.attacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
    UNION
    SELECT 3, format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', $3, r.rolname)
      FROM live JOIN made ON made.relowner <> live.relowner JOIN pg_roles r ON r.oid = live.relowner
    UNION
    SELECT 4, format('ALTER TABLE %I.%I OWNER TO %I', $3, $2, r.rolname)
      FROM live JOIN made ON made.relowner <> live.relowner JOIN pg_roles r ON r.oid = live.relowner
) AS alike (step, statement) ORDER BY step, statement"#;

/// Statements that let the new table show each role the rows that the live one does.
const SEEN_ALIKE: &str = r#"
WITH live AS (SELECT * FROM pg_class WHERE oid = format('%I.%I', $1, $2)::regclass)
SELECT statement FROM (
    SELECT 1, format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.polname, $3, $2,
                     CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                     CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                   WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                     (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY r.rolname)
                        FROM unnest(p.polroles) AS to_whom (oid) LEFT JOIN pg_roles r ON r.oid = to_whom.oid),
                     ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                     ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
      FROM live JOIN pg_policy p ON p.polrelid = live.oid
    UNION ALL
    SELECT 2, format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', $3, $2) FROM live WHERE live.relrowsecurity
    UNION ALL
    SELECT 2, format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', $3, $2) FROM live WHERE live.relforcerowsecurity
) AS alike (step, statement) ORDER BY step, statement"#;

/// What a live table has that the new one would lack; none when it has nothing of the kind.
const WOULD_BE_LOST: &str = r#"
SELECT CASE
    WHEN c.relkind <> 'r' OR c.relispartition OR c.relhassubclass THEN 'is no plain table'
    WHEN c.relhastriggers THEN 'has triggers or foreign keys'
    WHEN c.relhasrules THEN 'has rules'
    WHEN EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                  WHERE d.refobjid = c.oid AND d.deptype = 'a')
        THEN 'has a serial column (an identity column would do)'
    WHEN EXISTS (SELECT FROM pg_depend d WHERE d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass)
        THEN 'is read by a view'
    END
  FROM pg_class c WHERE c.oid = format('%I.%I', $1, $2)::regclass"#;

/// Whether there are tables beside the live ones, and with the same columns.
pub(crate) async fn are_alike(pool: &PgPool, shadow: &Shadow) -> sqlx::Result<bool> {
    let (home, schema) = schemas(shadow);
    for table in shadow.projector().tables() {
        let alike: bool = sqlx::query_scalar(
            "SELECT count(*) = 2 AND count(DISTINCT columns.text) = 1
               FROM (SELECT string_agg(format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull),
                                       ', ' ORDER BY a.attnum) AS text
                       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                       JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relname = $3 AND n.nspname IN ($1, $2) AND a.attnum > 0 AND NOT a.attisdropped
                      GROUP BY n.nspname) columns",
        )
        .bind(&home)
        .bind(&schema)
        .bind(table)
        .fetch_one(pool)
        .await?;
        if !alike {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes empty tables beside the live ones, in place of any that are there, and goes back to the log's beginning.
///
/// # Errors
/// [`Trouble::Stuck`] when a live table has something that the new one would lack.
pub(crate) async fn make(pool: &PgPool, shadow: &Shadow, lease: &Lease) -> Result<(), Trouble> {
    let (home, _) = schemas(shadow);
    let mut transaction = pool.begin().await?;
    lease.secure(&mut transaction).await?;
    for table in shadow.projector().tables() {
        let lost: Option<String> = sqlx::query_scalar(WOULD_BE_LOST)
            .bind(&home)
            .bind(table)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Trouble::of_statement)?;
        if let Some(lost) = lost {
            return Err(Trouble::Stuck(anyhow::anyhow!(
                "the table {table} {lost}, which a rebuild would lose"
            )));
        }
    }
    let begin = format!(
        "DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0};
         COMMENT ON SCHEMA {0} IS 'Tables that are filled beside the live ones; gone when that is done'",
        shadow.schema()
    );
    execute(&mut transaction, &begin).await?;
    for table in shadow.projector().tables() {
        for statements in [LIKE_THE_LIVE_ONE, OWNED_ALIKE] {
            take_over(&mut transaction, shadow, table, statements).await?;
        }
    }
    lease
        .start_again(&mut transaction, shadow.projector().version())
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Gives a table beside the live ones the live one's policies and grants, as they are now: they may have changed while it
/// was filled.
pub(super) async fn protect(
    db: &mut PgConnection,
    shadow: &Shadow,
    table: &str,
) -> Result<(), Trouble> {
    for statements in [SEEN_ALIKE, OWNED_ALIKE] {
        take_over(db, shadow, table, statements).await?;
    }
    Ok(())
}

/// Executes the statements that one of those above gives of a live table.
async fn take_over(
    db: &mut PgConnection,
    shadow: &Shadow,
    table: &str,
    statements: &str,
) -> Result<(), Trouble> {
    let (home, schema) = schemas(shadow);
    // What is read here names the live tables, what is executed means the new ones.
    execute(db, &format!("SET LOCAL search_path TO {}", shadow.home())).await?;
    let statements: Vec<String> = sqlx::query_scalar(statements)
        .bind(home)
        .bind(table)
        .bind(schema)
        .fetch_all(&mut *db)
        .await
        .map_err(Trouble::of_statement)?;
    execute(db, &shadow.enter()).await?;
    for statement in statements {
        execute(db, &statement).await?;
    }
    Ok(())
}

/// Makes the indexes that only readers need, each where it is missing, and gathers the planner's statistics.
/// Filling tables without these is quicker.
pub(crate) async fn make_indexes(
    pool: &PgPool,
    shadow: &Shadow,
    lease: &Lease,
) -> Result<(), Trouble> {
    let (home, schema) = schemas(shadow);
    for table in shadow.projector().tables() {
        let missing = sqlx::query(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid, 0, true) AS statement
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              WHERE i.indrelid = format('%I.%I', $1, $2)::regclass AND NOT i.indisunique AND i.indisvalid
                AND NOT EXISTS (SELECT FROM pg_index x JOIN pg_class made ON made.oid = x.indexrelid
                                 WHERE x.indrelid = format('%I.%I', $3, $2)::regclass AND made.relname = c.relname)
              ORDER BY c.relname",
        )
        .bind(&home)
        .bind(table)
        .bind(&schema)
        .fetch_all(pool)
        .await
        .map_err(Trouble::of_statement)?;
        for index in missing {
            let (name, statement): (String, String) =
                (index.try_get("relname")?, index.try_get("statement")?);
            info!(follower = shadow.name(), index = name, "Makes index {name}");
            // A process that lost its lease may still be at the same index: one at a time.
            let statement = format!(
                "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; {}; LOCK TABLE {}.{} IN SHARE UPDATE EXCLUSIVE MODE; {}",
                shadow.enter(),
                shadow.schema(),
                quoted(table),
                statement.replacen("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1)
            );
            let mut transaction = pool.begin().await?;
            execute(&mut transaction, &statement).await?;
            transaction.commit().await?;
            lease.checkpoint().await?;
        }
    }
    let mut transaction = pool.begin().await?;
    for table in shadow.projector().tables() {
        let statement = format!(
            "SET LOCAL statement_timeout = 0; ANALYZE {}.{}",
            shadow.schema(),
            quoted(table)
        );
        execute(&mut transaction, &statement).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Moves a table to where the live ones are. Only the database's owner makes anything there, so that nobody else puts
/// something where others look for it: whoever is not, asks the owner's function.
///
/// # Errors
/// When the table is not the projector's own.
pub(super) async fn move_home(
    db: &mut PgConnection,
    shadow: &Shadow,
    table: &str,
) -> Result<(), Trouble> {
    let (home, schema) = schemas(shadow);
    let may: bool = sqlx::query_scalar("SELECT has_schema_privilege($1, 'CREATE')")
        .bind(&home)
        .fetch_one(&mut *db)
        .await
        .map_err(Trouble::of_statement)?;
    if may {
        let (table, home) = (quoted(table), shadow.home());
        let moved = format!("ALTER TABLE {}.{table} SET SCHEMA {home}", shadow.schema());
        return execute(db, &moved).await;
    }
    sqlx::query("SELECT put_in_place($1, $2)")
        .bind(schema)
        .bind(table)
        .execute(db)
        .await
        .map(drop)
        .map_err(Trouble::of_statement)
}

/// Drops the tables, and the shadow is unknown from then on, when the transaction commits.
///
/// # Errors
/// When another process holds the lease.
pub(crate) async fn drop_all(
    db: &mut PgConnection,
    shadow: &Shadow,
    lease: &Lease,
) -> Result<(), Trouble> {
    lease.secure(db).await?;
    let statement = format!("DROP SCHEMA IF EXISTS {} CASCADE", shadow.schema());
    execute(db, &statement).await?;
    forget(db, shadow).await
}

/// Takes the shadow from the list of followers.
pub(super) async fn forget(db: &mut PgConnection, shadow: &Shadow) -> Result<(), Trouble> {
    sqlx::query("DELETE FROM followers WHERE name = $1")
        .bind(shadow.name())
        .execute(db)
        .await?;
    Ok(())
}

/// The live schema and the one beside it, as plain names.
fn schemas(shadow: &Shadow) -> (String, String) {
    let plain = |name: &str| name.trim_matches('"').replace("\"\"", "\"");
    (plain(shadow.home()), plain(&shadow.schema()))
}

/// Executes statements of ours that may be refused.
pub(super) async fn execute(db: &mut PgConnection, statements: &str) -> Result<(), Trouble> {
    db.execute(sqlx::raw_sql(statements))
        .await
        .map(|_| ())
        .map_err(Trouble::of_statement)
}
