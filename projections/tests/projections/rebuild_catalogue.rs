//! After a swap the tables hold the same rows, and the catalogue says the same of them.

use sqlx::PgPool;

use crate::{
    mixed_log::{all_follow, everything, much_happens, projector, rebuild},
    test_log::TestLog,
};

#[tokio::test]
async fn rebuilding_once_and_twice_gives_the_same_rows_to_the_byte() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 700, 1).await;
    let process = all_follow(&log).await;
    let before = everything(&log.pool()).await;
    assert!(before.values().all(|rows| !rows.is_empty()), "{before:#?}");

    for _ in 0..2 {
        for projector in projections::all() {
            let rows: usize = projector
                .tables()
                .iter()
                .map(|table| before[table].len())
                .sum();
            let (position, comparison) = rebuild(&log, projector).await;
            assert_eq!(position.0, 700);
            assert_eq!(
                (comparison.rows, comparison.rows_different),
                (rows as u64, 0)
            );
        }
        assert_eq!(everything(&log.pool()).await, before);
    }
    process.stop().await;
}

#[tokio::test]
async fn the_catalogue_says_the_same_after_a_swap() {
    let mut log = TestLog::start().await;
    for change in [
        "ALTER TABLE photos SET (fillfactor = 70, toast.autovacuum_enabled = false)",
        "ALTER TABLE photos ALTER COLUMN purpose SET STATISTICS 77, ALTER COLUMN scene SET STORAGE EXTERNAL",
        "ALTER TABLE photos ADD CONSTRAINT sane CHECK (attempts >= 0), ALTER COLUMN attempts SET DEFAULT 7",
        "ALTER TABLE photos ADD COLUMN gone integer",
        "ALTER TABLE photos DROP COLUMN gone",
        "CREATE UNIQUE INDEX photos_once ON photos (photo_id, (lower(purpose))) WHERE attempts > 0",
        "COMMENT ON COLUMN photos.scene IS 'what it shows'",
        "GRANT SELECT ON photos TO PUBLIC",
        "GRANT INSERT, SELECT ON photos TO pg_monitor WITH GRANT OPTION",
        "GRANT UPDATE (scene) ON photos TO pg_monitor",
        "CREATE POLICY delivered ON photos AS RESTRICTIVE FOR SELECT TO pg_monitor USING (status = 'delivered')",
        "CREATE POLICY checked ON photos FOR UPDATE TO PUBLIC USING (true) WITH CHECK (attempts >= 0)",
    ] {
        sqlx::query(change).execute(&log.pool()).await.unwrap();
    }
    much_happens(&mut log, 50, 2).await;
    let process = all_follow(&log).await;
    let before = catalogue(&log.pool()).await;
    for word in [
        "fillfactor",
        "photos_by_image",
        "sane",
        "pg_monitor",
        "what it shows",
        "owner ava_projector",
        "photos: rows secured t, forced f",
        "policy own_rows",
        "policy delivered",
        "policy checked",
    ] {
        assert!(
            before.iter().any(|line| line.contains(word)),
            "{word} is not in {before:#?}"
        );
    }

    for name in ["photos", "gate"] {
        rebuild(&log, projector(name)).await;
    }
    assert_eq!(catalogue(&log.pool()).await, before);
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'rebuild%' OR nspname LIKE 'check%'
          UNION ALL SELECT name FROM followers WHERE name LIKE '%:%'",
    )
    .fetch_all(&log.pool())
    .await
    .unwrap();
    assert!(left.is_empty(), "{left:?}");
    process.stop().await;
}

#[tokio::test]
async fn a_table_with_something_that_would_be_lost_is_not_rebuilt() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 20, 3).await;
    let process = all_follow(&log).await;
    sqlx::query("CREATE VIEW of_photos AS SELECT * FROM photos")
        .execute(&log.pool())
        .await
        .unwrap();
    let refused = crate::mixed_log::order(&log, "operator")
        .rebuild(projector("photos"), &Default::default())
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("photos is read by a view"),
        "{refused}"
    );
    process.stop().await;
}

/// What the catalogue says of the read models' tables, without the numbers that it gives to things.
async fn catalogue(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "WITH tables AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE n.nspname = 'public' AND c.relkind = 'r')
         SELECT format('%s: owner %s, options %s %s, grants %s', c.relname, c.relowner::regrole, c.reloptions,
                       (SELECT reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid),
                       (SELECT array_agg(g.item::text ORDER BY g.item::text) FROM unnest(c.relacl) AS g (item)))
           FROM tables c
         UNION ALL
         SELECT format('%s.%s: nth %s, %s, not null %s, default %s, identity %s, storage %s, target %s, grants %s, comment %s',
                       c.relname, a.attname,
                       row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
                       format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attstorage, a.attstattarget, a.attacl,
                       col_description(c.oid, (SELECT a.attnum::integer)))
           FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         UNION ALL
         SELECT format('%s: constraint %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
           FROM tables c JOIN pg_constraint k ON k.conrelid = c.oid
         UNION ALL
         SELECT format('%s: rows secured %s, forced %s', c.relname, c.relrowsecurity, c.relforcerowsecurity) FROM tables c
         UNION ALL
         SELECT format('%s: policy %s %s for %s to %s using %s with check %s', p.tablename, p.policyname, p.permissive, p.cmd,
                       p.roles, p.qual, p.with_check)
           FROM pg_policies p WHERE p.schemaname = 'public'
         UNION ALL
         SELECT pg_get_indexdef(i.indexrelid) FROM tables c JOIN pg_index i ON i.indrelid = c.oid
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}
