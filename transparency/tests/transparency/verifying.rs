//! What somebody changes who has all rights in the database is found, and where it is.

use crate::test_log::TestLog;

/// What happens to the database, and what is found then.
const CHANGES: &[(&[&str], &str)] = &[
    (
        &["UPDATE events SET payload = '{\"type\":\"AvatarCreated\"}' WHERE position = 300"],
        "position 300: is not what was hashed",
    ),
    (
        // The same JSON in other bytes.
        &["UPDATE events SET metadata = '{\"actor\": \"test\"}' WHERE position = 7"],
        "position 7: is not what was hashed",
    ),
    (
        &["UPDATE events SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = 1"],
        "position 1: is not what was hashed",
    ),
    (
        &["UPDATE events SET event_version = '2' WHERE position = 600"],
        "position 600: is not what was hashed",
    ),
    (
        &["UPDATE events SET event_id = gen_random_uuid() WHERE position = 599"],
        "position 599: is not what was hashed",
    ),
    (
        &["DELETE FROM events WHERE position = 412"],
        "position 412: is missing",
    ),
    (
        &["DELETE FROM events WHERE position = 600"],
        "position 600: is missing",
    ),
    (
        &["DELETE FROM events WHERE position > 590"],
        "position 591: is missing",
    ),
    (
        &[
            "UPDATE events SET position = -1 WHERE position = 20",
            "UPDATE events SET position = 20 WHERE position = 21",
            "UPDATE events SET position = 21 WHERE position = -1",
        ],
        "position 20: is not what was hashed",
    ),
    (
        // The event and its hash: the root that was signed tells.
        &[
            "UPDATE events SET payload = '{}' WHERE position = 300",
            "UPDATE log_tiles SET hashes = overlay(hashes placing decode(repeat('ab', 32), 'hex') from 43 * 32 + 1)
              WHERE level = 0 AND index = 1",
        ],
        "position 300: is not what was hashed",
    ),
    (
        &["UPDATE log_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 255) WHERE level = 1"],
        "positions 257 to 512: do not have the hash",
    ),
    (
        &[
            "DELETE FROM events WHERE position > 590",
            "UPDATE log_head SET position = 590",
            "UPDATE log_tree SET size = 590",
        ],
        "position 591: is missing: its checkpoint is over 600 events",
    ),
    (
        &["UPDATE log_checkpoints SET note = replace(note, '600', '599') WHERE size = 600"],
        "the checkpoint over 600 events: has a signature that does not fit",
    ),
    (
        &["UPDATE log_checkpoints SET size = 400 WHERE size = 500"],
        "the checkpoint over 400 events: says something else",
    ),
    (
        &["UPDATE log_head SET position = 601"],
        "position 601: is missing",
    ),
    (
        &["UPDATE log_head SET position = 550"],
        "position 551: stands behind the end",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_is_named() {
    for (statements, finding) in CHANGES {
        let log = log_of_600().await;
        log.tamper(statements).await;
        let found = log.verify().await.expect_err(finding).to_string();
        assert!(found.starts_with(finding), "{found} is not {finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rewrites_event_and_tree_is_told_on_by_the_checkpoints_around() {
    let log = log_of_600().await;
    // Everything anew over another event: a tree of its own, which nobody has signed.
    log.tamper(&[
        "UPDATE events SET payload = '{}' WHERE position = 550",
        "CREATE TABLE kept AS TABLE log_checkpoints",
        "DELETE FROM log_checkpoints",
        "DELETE FROM log_tiles",
        "UPDATE log_tree SET size = 0",
    ])
    .await;
    std::fs::remove_file(log.published()).unwrap();
    log.grown().await;
    log.tamper(&[
        "DELETE FROM log_checkpoints",
        "INSERT INTO log_checkpoints TABLE kept",
    ])
    .await;
    let found = log.verify().await.unwrap_err().to_string();
    assert_eq!(
        found,
        "positions 501 to 600: do not have the root that its checkpoint signs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grows_meanwhile_fits_nevertheless() {
    let log = TestLog::start().await;
    let running = log.grow();
    let mut seen = 0;
    for round in 0..20_u64 {
        let appending = async {
            for many in [1, 700] {
                log.append(many).await;
                log.until(|status| status.size >= seen + u64::from(many))
                    .await;
            }
        };
        let ((), verified) = tokio::join!(appending, log.verify());
        let verified = verified.unwrap();
        assert!(verified.size >= seen, "{round}");
        seen = verified.size;
    }
    running.stop().await;
}

async fn log_of_600() -> TestLog {
    let log = TestLog::start().await;
    log.append(500).await;
    log.grown().await;
    log.append(100).await;
    log.grown().await;
    log
}
