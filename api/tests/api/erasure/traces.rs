//! Looks for words everywhere: in every table, and in every file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use sqlx::PgPool;

use crate::test_app::TestApp;

/// Where in the database or among the files any of these words stand, as `words in table`.
pub async fn traces(app: &TestApp, words: &[&str]) -> BTreeSet<String> {
    let pool = app.database.pool();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
          WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut found = BTreeSet::new();
    for table in &tables {
        for row in rows(&pool, table).await {
            for word in words {
                if row.contains(*word) {
                    found.insert(format!("{word} in {table}"));
                }
            }
        }
    }
    for file in files(app.objects()) {
        let bytes = fs::read(&file).unwrap();
        for word in words {
            if bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes())
            {
                found.insert(format!("{word} in {}", file.display()));
            }
        }
    }
    found
}

/// Every row of a table as text, with the bytes of binary columns as text, too.
async fn rows(pool: &PgPool, table: &str) -> Vec<String> {
    let mut rows: Vec<String> =
        sqlx::query_scalar(&format!("SELECT row_to_json(t)::text FROM {table} t"))
            .fetch_all(pool)
            .await
            .unwrap();
    let binary: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(column_name) FROM information_schema.columns
          WHERE format('%I.%I', table_schema, table_name) = $1 AND data_type = 'bytea'",
    )
    .bind(table)
    .fetch_all(pool)
    .await
    .unwrap();
    for column in binary {
        rows.extend(
            sqlx::query_scalar::<_, String>(&format!(
                "SELECT encode({column}, 'escape') FROM {table} WHERE {column} IS NOT NULL"
            ))
            .fetch_all(pool)
            .await
            .unwrap(),
        );
    }
    // An answer that is kept under a key is JSON, whose body is hexadecimal.
    if table.ends_with("idempotency_keys") {
        rows.extend(
            sqlx::query_scalar::<_, String>(
                "SELECT encode(decode(answer ->> 'body', 'hex'), 'escape') FROM idempotency_keys
                  WHERE answer IS NOT NULL",
            )
            .fetch_all(pool)
            .await
            .unwrap(),
        );
    }
    rows
}

/// Every file in a folder, and in the folders in it.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
