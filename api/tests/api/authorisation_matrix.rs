//! Who gets in where: every operation of the document for every kind of caller, really called over HTTP.
//!
//! A new operation needs one line in [`MATRIX`]; without it the tests fail, and so they do with a line whose operation
//! is gone. `docs/AUTHORISATION.md` is this table for readers.

mod calling;
mod cast;
mod table;

use std::{collections::BTreeSet, fs, path::Path};

use self::{
    cast::Cast,
    table::{Caller, Cell, MATRIX},
};
use crate::{
    conformance::DOCUMENT,
    test_app::{Options, TestApp},
    transparency,
};

#[test]
fn every_operation_has_a_line_and_every_line_an_operation() {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let lines: BTreeSet<String> = MATRIX.iter().map(|row| row.name().to_owned()).collect();
    let missing: Vec<_> = documented.difference(&lines).collect();
    let superfluous: Vec<_> = lines.difference(&documented).collect();
    assert!(
        missing.is_empty() && superfluous.is_empty(),
        "authorisation_matrix/table.rs lacks {missing:?}, and has {superfluous:?} which are no operations"
    );
}

#[test]
fn what_the_document_calls_open_is_open_here() {
    for row in MATRIX {
        let (method, path) = row.name().split_once(' ').unwrap();
        let operation = &DOCUMENT["paths"][path][method.to_lowercase()];
        let open = operation["security"] == serde_json::json!([{}]);
        let lets_in = row.access.cells()[Caller::Anonymous as usize] != Cell::NoToken;
        assert_eq!(open, lets_in, "{}", row.operation);
    }
}

#[test]
fn the_page_for_readers_is_this_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/AUTHORISATION.md");
    let written = table::as_markdown();
    if std::env::var_os("UPDATE_AUTHORISATION").is_some() {
        fs::write(&path, &written).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == written,
        "docs/AUTHORISATION.md is stale; run this test with UPDATE_AUTHORISATION=1 and look at the difference"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_what_the_table_says() {
    let app = TestApp::start_with(Options::default()).await;
    transparency::grow(&app);
    app.message("evt_1").await;
    let furnished = Cast::furnished(&app).await;
    let mut wrong = Vec::new();
    for (number, row) in MATRIX.iter().enumerate() {
        let own = Cast::for_row(&app, row.about, number).await;
        let cast = own.as_ref().unwrap_or(&furnished);
        wrong.extend(calling::check(&app, row, cast).await);
    }
    assert!(
        wrong.is_empty(),
        "{} cells are not as the table has them:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
