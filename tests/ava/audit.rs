//! `ava audit`: a running system is checked, its log is handed out, and what somebody changed is named.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    projections::{avatars, database},
    running::{Ended, RunningAva, ava, data_dir, until},
};

fn audit(data_dir: &Path, arguments: &[&str]) -> Ended {
    let arguments: Vec<_> = ["audit"].iter().chain(arguments).copied().collect();
    Ended::of(ava(data_dir, &arguments))
}

fn as_json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr))
}

fn start(data_dir: &Path) -> RunningAva {
    let mut command = ava(data_dir, &["up", "--json"]);
    command.env("AUDIT_CHECKPOINT_SECONDS", "1");
    RunningAva::start_from(command, data_dir)
}

/// Waits until a checkpoint over so many events is published; answers with the note.
fn checkpoint(data_dir: &Path, size: u64) -> String {
    let file = data_dir.join("checkpoints/checkpoint");
    let said = || {
        let note = fs::read_to_string(&file).ok()?;
        let of: u64 = note.lines().nth(1)?.parse().ok()?;
        (of >= size).then_some(note)
    };
    until("the checkpoint is published", || said().is_some());
    said().unwrap()
}

#[tokio::test]
async fn a_log_is_proven_handed_out_and_checked_and_what_was_changed_is_named() {
    let directory = data_dir();
    let running = start(directory.path());
    let data_dir = directory.path();
    let database = database(&running).await;
    avatars(&database, 30).await;
    let monday = data_dir.join("monday.txt");
    fs::write(&monday, checkpoint(data_dir, 30)).unwrap();
    let monday = monday.to_str().unwrap();
    avatars(&database, 10).await;
    checkpoint(data_dir, 40);

    let key = audit(data_dir, &["key"]);
    assert_eq!(key.code, Some(0), "{}", key.stderr);
    let key = key.stdout.trim();
    assert!(key.starts_with("ava.localhost/log+"), "{key}");
    let newest = audit(data_dir, &["checkpoint"]);
    assert_eq!(newest.stdout, checkpoint(data_dir, 40));
    let verified = audit(data_dir, &["verify", "--checkpoint", monday, "--json"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    assert_eq!(as_json(&verified)["kept_checkpoints"], 2);

    let proof = as_json(&audit(data_dir, &["prove", "17", "--size", "40"]));
    assert_eq!(
        (&proof["position"], &proof["size"]),
        (&json!(17), &json!(40))
    );
    assert_eq!(proof["hashes"].as_array().unwrap().len(), 6);
    let proof = as_json(&audit(data_dir, &["prove", "--from", "30", "--to", "40"]));
    assert_eq!((&proof["from"], &proof["to"]), (&json!(30), &json!(40)));
    audit(data_dir, &["prove", "17", "--size", "400000"]).refuses(3, &["the tree has"]);
    audit(data_dir, &["prove", "50", "--size", "40"]).refuses(2, &["50 is more than"]);
    for wrong in [
        &["prove"][..],
        &["prove", "0"],
        &["prove", "3", "--from", "2"],
    ] {
        assert_eq!(audit(data_dir, wrong).code, Some(2), "{wrong:?}");
    }

    let bundle = data_dir.join("bundle");
    let bundle = bundle.to_str().unwrap();
    let written = audit(data_dir, &["bundle", bundle]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    audit(data_dir, &["bundle", bundle]).refuses(4, &["holds something already"]);
    a_bundle_is_checked_alone(bundle, key);

    for deed in [
        "CheckpointViewed",
        "InclusionProven",
        "ConsistencyProven",
        "BundleExported",
    ] {
        let recorded: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events WHERE event_type = $1 AND metadata ->> 'actor' LIKE 'auditor:%'",
        )
        .bind(deed)
        .fetch_one(&database)
        .await
        .unwrap();
        assert_eq!(recorded, 1, "{deed}");
    }
    let lines_only = data_dir.join("lines-only");
    let written = audit(
        data_dir,
        &["bundle", "--no-parquet", lines_only.to_str().unwrap()],
    );
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert!(!lines_only.join("events.parquet").exists());

    for statement in [
        "ALTER TABLE events DISABLE TRIGGER USER",
        "UPDATE events SET payload = replace(payload::text, '27', '28')::json WHERE position = 12",
        "ALTER TABLE events ENABLE TRIGGER USER",
    ] {
        sqlx::raw_sql(statement).execute(&database).await.unwrap();
    }
    audit(data_dir, &["verify"]).refuses(1, &["first at position 12: is not what was hashed"]);
    let found = audit(data_dir, &["verify", "--json"]);
    assert_eq!(
        (found.code, &as_json(&found)["position"]),
        (Some(1), &json!(12))
    );
    let refused = data_dir.join("refused");
    audit(data_dir, &["bundle", refused.to_str().unwrap()]).refuses(1, &["does not fit"]);
    database.close().await;
    running.terminate();
}

/// On a machine that has nothing else: no data directory, no database.
fn a_bundle_is_checked_alone(bundle: &str, key: &str) {
    let nowhere = Path::new("/nonexistent");
    let verified = audit(nowhere, &["verify", "--bundle", bundle, "--key", key]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    assert!(
        verified.stdout.contains("The bundle fits: "),
        "{}",
        verified.stdout
    );
    let by_its_own = audit(nowhere, &["verify", "--bundle", bundle]);
    assert!(by_its_own.stdout.contains(key), "{}", by_its_own.stdout);
    assert!(
        verified
            .stdout
            .contains("The same events stand in events.parquet."),
        "{}",
        verified.stdout
    );
    let events = Path::new(bundle).join("events.jsonl");
    let kept = fs::read_to_string(&events).unwrap();
    fs::write(
        &events,
        kept.replacen("Portuguese", "Portugese", 9)
            .replacen("Portugese", "Portuguese", 8),
    )
    .unwrap();
    let command = ["verify", "--bundle", bundle, "--key", key];
    audit(nowhere, &command).refuses(1, &["first at position 9: is not what was hashed"]);
    fs::write(&events, kept).unwrap();
}
