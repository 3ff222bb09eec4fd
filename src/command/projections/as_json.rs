//! What a comparison found, for a script.

use ::projections::rebuild::{Comparison, Difference, DifferenceKind};
use serde_json::{Value, json};

pub fn comparison_as_json(comparison: &Comparison) -> Value {
    let differences: Vec<Value> = comparison.differences.iter().map(as_json).collect();
    json!({
        "position": comparison.position.0,
        "rows": comparison.rows,
        "rows_different": comparison.rows_different,
        "differences": differences,
        "took_ms": u64::try_from(comparison.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn as_json(difference: &Difference) -> Value {
    let (kind, columns) = match &difference.kind {
        DifferenceKind::Changed(columns) => ("changed", columns.as_slice()),
        DifferenceKind::Missing => ("missing", [].as_slice()),
        DifferenceKind::Extra => ("extra", [].as_slice()),
    };
    json!({
        "table": difference.table,
        "key": difference.key,
        "kind": kind,
        "columns": columns,
    })
}
