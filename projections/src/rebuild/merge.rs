//! Two tables side by side, row by row in the order of their keys, with constant memory.

use std::cmp::Ordering;

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use sqlx::{PgConnection, Row};

use super::{
    compare::{Comparison, Difference, DifferenceKind, NAMED},
    quoted,
};

/// A row as text.
struct TextRow {
    /// What it is sorted by.
    key: String,
    /// Its columns.
    cells: Vec<Option<String>>,
}

/// A table's columns, and which of them are its key.
struct Columns {
    names: Vec<String>,
    /// The indexes in `names`; all of them where there is no primary key.
    key: Vec<usize>,
}

/// Counts the rows in which the live table and the fresh one differ, and names the first ones.
pub(super) async fn find_differences(
    (live_db, live_table): (&mut PgConnection, &str),
    (fresh_db, fresh_table): (&mut PgConnection, &str),
    table: &str,
    comparison: &mut Comparison,
) -> sqlx::Result<()> {
    let columns = Columns::of(live_db, live_table).await?;
    let (live_select, fresh_select) = (columns.select(live_table), columns.select(fresh_table));
    let mut live = rows(live_db, &live_select);
    let mut fresh = rows(fresh_db, &fresh_select);
    let (mut left, mut right) = (live.try_next().await?, fresh.try_next().await?);
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.key.cmp(&right.key),
        };
        let (row, kind) = match (order, &left, &right) {
            (Ordering::Less, Some(extra), _) => (extra, Some(DifferenceKind::Extra)),
            (Ordering::Greater, _, Some(missing)) => (missing, Some(DifferenceKind::Missing)),
            (_, Some(left), Some(right)) => (left, columns.changed(left, right)),
            // A side without a row is never the smaller one.
            (_, None, _) | (_, _, None) => return Ok(()),
        };
        if let Some(kind) = kind {
            comparison.rows_different += 1;
            if comparison.differences.len() < NAMED {
                comparison.differences.push(Difference {
                    table: table.to_owned(),
                    key: columns.key_of(row),
                    kind,
                });
            }
        }
        if order != Ordering::Greater {
            left = live.try_next().await?;
        }
        if order != Ordering::Less {
            right = fresh.try_next().await?;
        }
    }
}

fn rows<'a>(db: &'a mut PgConnection, select: &'a str) -> BoxStream<'a, sqlx::Result<TextRow>> {
    sqlx::query(select)
        .fetch(db)
        .map(|row| {
            let row = row?;
            Ok(TextRow {
                key: row.try_get(0)?,
                cells: row.try_get(1)?,
            })
        })
        .boxed()
}

impl Columns {
    async fn of(db: &mut PgConnection, table: &str) -> sqlx::Result<Self> {
        let columns: Vec<(String, bool)> = sqlx::query_as(
            "SELECT a.attname::text,
                    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
                                                     AND a.attnum = ANY (i.indkey))
               FROM pg_attribute a
              WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum",
        )
        .bind(table)
        .fetch_all(db)
        .await?;
        let mut key: Vec<usize> = (0..columns.len())
            .filter(|index| columns[*index].1)
            .collect();
        if key.is_empty() {
            key = (0..columns.len()).collect();
        }
        Ok(Self {
            names: columns.into_iter().map(|(name, _)| name).collect(),
            key,
        })
    }

    /// Rows in the order in which Rust compares their keys.
    fn select(&self, table: &str) -> String {
        let as_text = |name: &String| format!("r.{}::text", quoted(name));
        let key: Vec<_> = self
            .key
            .iter()
            .map(|index| as_text(&self.names[*index]))
            .collect();
        let cells: Vec<_> = self.names.iter().map(as_text).collect();
        format!(
            "SELECT ROW({})::text COLLATE \"C\" AS key, ARRAY[{}]::text[] AS cells FROM {table} AS r ORDER BY 1",
            key.join(", "),
            cells.join(", ")
        )
    }

    fn changed(&self, live: &TextRow, fresh: &TextRow) -> Option<DifferenceKind> {
        let cells = live.cells.iter().zip(&fresh.cells).zip(&self.names);
        let changed: Vec<String> = cells
            .filter(|((live, fresh), _)| live != fresh)
            .map(|(_, name)| name.clone())
            .collect();
        (!changed.is_empty()).then_some(DifferenceKind::Changed(changed))
    }

    fn key_of(&self, row: &TextRow) -> String {
        let part = |index: &usize| {
            let value = row.cells.get(*index).and_then(Option::as_deref);
            format!("{}={}", self.names[*index], value.unwrap_or("null"))
        };
        self.key.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}
