//! The roles of the database, and what is granted to them.
//!
//! Roles belong to the whole cluster, rights to one database. [`prepare`] makes the roles and hands the database over to
//! their owner, as whoever `DATABASE_URL` logs in; the migrations and [`grant`] run as that owner.

use std::{fmt, time::Duration};

use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, Row};

/// Whose rights a connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatabaseRole {
    /// Changes the shape of the database; no process that serves anybody does.
    Owner,
    /// Appends, and reads the rows of the person who asks.
    Api,
    /// Does what follows from events.
    Worker,
    /// Reads the log and fills the read models and the tree.
    Projector,
    /// Operators and auditors by way of this program, which records what they look at.
    Steward,
    /// Reads the log, its tree and how the read models stand, and changes nothing.
    Auditor,
}

impl DatabaseRole {
    /// Every role, the owner first.
    pub const ALL: [Self; 6] = [
        Self::Owner,
        Self::Api,
        Self::Worker,
        Self::Projector,
        Self::Steward,
        Self::Auditor,
    ];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "ava_owner",
            Self::Api => "ava_api",
            Self::Worker => "ava_worker",
            Self::Projector => "ava_projector",
            Self::Steward => "ava_steward",
            Self::Auditor => "ava_auditor",
        }
    }
}

impl fmt::Display for DatabaseRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything that is granted, in one readable place.
pub(crate) const GRANTS: &str = include_str!("roles.sql");

/// How often the roles are tried to be made: two databases of one cluster may do so at once, and one of them loses.
const ATTEMPTS: u32 = 20;

/// Makes the roles that are missing; what is there stays as it is. `ava_owner` may act as `ava_projector`, who owns the
/// read models. Whoever makes a role may act as it, so that one user can do everything, as before there were roles.
const MAKE_ROLES: &str = "DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ava_owner', 'ava_api', 'ava_worker', 'ava_projector', 'ava_steward', 'ava_auditor'] LOOP
        IF to_regrole(name) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                EXECUTE format('GRANT %I TO %I', name, current_user);
            END IF;
        END IF;
    END LOOP;
    IF NOT pg_has_role('ava_owner', 'ava_projector', 'MEMBER') THEN
        GRANT ava_projector TO ava_owner;
    END IF;
    IF NOT pg_has_role('ava_owner', 'MEMBER') THEN
        EXECUTE format('GRANT ava_owner TO %I', current_user);
    END IF;
END $$";

/// Hands the database over: the owner may make schemas and tables in it, the projector schemas for rebuilds, and nobody
/// else anything in `public`. What an earlier version made, as whoever it logged in as, becomes the owner's.
const HAND_OVER: &str = "DO $$
DECLARE
    was  oid := (SELECT relowner FROM pg_class WHERE oid = to_regclass('public._sqlx_migrations'));
    name text;
BEGIN
    IF NOT has_database_privilege('ava_owner', current_database(), 'CREATE')
       OR NOT has_database_privilege('ava_projector', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO ava_owner, ava_projector', current_database());
    END IF;
    IF NOT has_schema_privilege('ava_owner', 'public', 'CREATE WITH GRANT OPTION') THEN
        GRANT ALL ON SCHEMA public TO ava_owner WITH GRANT OPTION;
    END IF;
    IF EXISTS (SELECT FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) g
                WHERE n.nspname = 'public' AND g.grantee = 0 AND g.privilege_type = 'CREATE') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    IF was IS NULL OR was = to_regrole('ava_owner') THEN
        RETURN;
    END IF;
    FOR name IN SELECT format('%s public.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                              relname)
                  FROM pg_class c
                 WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'v', 'S') AND relowner = was
                   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')) LOOP
        EXECUTE format('ALTER %s OWNER TO ava_owner', name);
    END LOOP;
    FOR name IN SELECT oid::regprocedure::text FROM pg_proc p
                 WHERE pronamespace = to_regnamespace('public') AND proowner = was
                   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO ava_owner', name);
    END LOOP;
    -- A rebuild that was under way goes on as the projector.
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^(rebuild|check)_' AND nspowner = was LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO ava_projector', name);
    END LOOP;
    FOR name IN SELECT oid::regclass::text FROM pg_class
                 WHERE relkind = 'r' AND relowner = was AND relnamespace::regnamespace::text ~ '^\"?(rebuild|check)_' LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO ava_projector', name);
    END LOOP;
END $$";

/// Makes the roles and hands the database over to their owner. Does nothing where that was done.
///
/// # Errors
/// When whoever is logged in may not: an administrator runs what [`by_hand`] says.
pub(super) async fn prepare(db: &mut PgConnection) -> sqlx::Result<()> {
    let mut attempts = 1;
    loop {
        let mut transaction = db.begin().await?;
        let made = async {
            sqlx::raw_sql(MAKE_ROLES).execute(&mut *transaction).await?;
            sqlx::raw_sql(HAND_OVER).execute(&mut *transaction).await
        };
        match made.await {
            Ok(_) => return transaction.commit().await,
            Err(error) if attempts < ATTEMPTS && is_contention(&error) => {
                transaction.rollback().await?;
                tokio::time::sleep(Duration::from_millis(25)).await;
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether another database of the cluster was quicker: a role that is there now, or a row of the catalogue that both
/// wanted to change.
fn is_contention(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| ["23505", "42710", "XX000", "40P01"].contains(&&*code))
}

/// Takes all rights away and grants those of this version. Runs as the owner.
///
/// # Errors
/// When the database refuses.
pub(super) async fn grant(db: &mut PgConnection) -> sqlx::Result<()> {
    let mut transaction = db.begin().await?;
    sqlx::raw_sql(GRANTS).execute(&mut *transaction).await?;
    sqlx::query(
        "INSERT INTO granted_rights (checksum) VALUES ($1)
         ON CONFLICT (singleton) DO UPDATE SET checksum = excluded.checksum, granted_at = now()",
    )
    .bind(checksum())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Whether all roles are there and this version's rights are granted to them. (A dump that is restored elsewhere says that
/// they are, and comes without its roles, or without what was granted on the database.)
///
/// # Errors
/// When the database is away.
pub(super) async fn are_granted(db: &mut PgConnection) -> sqlx::Result<bool> {
    let names: Vec<&str> = DatabaseRole::ALL.map(DatabaseRole::name).to_vec();
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)) = cardinality($1)
                    AND pg_has_role('ava_owner', 'ava_projector', 'MEMBER')
                    AND has_database_privilege('ava_projector', current_database(), 'CREATE') AS there,
                to_regclass('public.granted_rights') IS NOT NULL AS kept",
    )
    .bind(names)
    .fetch_one(&mut *db)
    .await;
    let row = match row {
        Ok(row) => row,
        // There is no such role.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42704") => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if !row.try_get::<bool, _>("there")? || !row.try_get::<bool, _>("kept")? {
        return Ok(false);
    }
    let kept: Option<String> = sqlx::query_scalar("SELECT checksum FROM granted_rights")
        .fetch_optional(db)
        .await?;
    Ok(kept.is_some_and(|kept| kept == checksum()))
}

/// What an administrator runs where the user of `DATABASE_URL` may not make roles.
pub(super) fn by_hand(login: &str, database: &str) -> String {
    let roles = DatabaseRole::ALL.map(|role| format!("CREATE ROLE {role} NOLOGIN;"));
    let (login, database) = (quoted(login), quoted(database));
    format!(
        "-- docs/DATABASE_ROLES.md shows how to let the users of the processes act as the other roles.\n\
         {}\nGRANT ava_projector TO ava_owner;\nGRANT ava_owner TO {login};\n\
         GRANT CREATE ON DATABASE {database} TO ava_owner, ava_projector;\n\
         REVOKE CREATE ON SCHEMA public FROM PUBLIC;\n\
         GRANT ALL ON SCHEMA public TO ava_owner WITH GRANT OPTION;",
        roles.join("\n")
    )
}

/// A name as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn checksum() -> String {
    hex::encode(Sha256::digest(GRANTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_that_are_made_are_those_that_are_used() {
        for role in DatabaseRole::ALL {
            assert!(MAKE_ROLES.contains(&format!("'{role}'")), "{role}");
            assert!(by_hand("ava", "ava").contains(&format!("CREATE ROLE {role} NOLOGIN;")));
        }
    }
}
