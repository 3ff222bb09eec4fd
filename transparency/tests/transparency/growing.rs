//! The task behind the log: how the tree grows, who works, what is signed, and what is refused.

use std::{fs, sync::Arc};

use transparency::{Checkpoint, KeyRing, ProofError, SigningKey, Tree};

use crate::test_log::{ORIGIN, TestLog, signing_key};

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_follows_the_log_and_every_proof_leads_to_what_was_signed() {
    let log = TestLog::start().await;
    log.grown().await;
    let nothing = log.tree.newest_checkpoint().await.unwrap().unwrap();
    assert_eq!(nothing.size, 0);
    let mut checkpoints = Vec::new();
    for many in [1, 6, 249, 1, 300, 9000] {
        log.append(many).await;
        log.grown().await;
        checkpoints.push(log.tree.newest_checkpoint().await.unwrap().unwrap());
    }
    let newest = checkpoints.last().unwrap();
    assert_eq!(newest.size, 9557);
    for position in [1, 2, 7, 256, 257, 512, 4096, 8193, 9556, 9557] {
        let proof = log.tree.inclusion(position, 9557).await.unwrap();
        assert!(proof.leads_to(&newest.root), "{position}");
        assert_eq!(proof.leaf_hash, log.tree.leaf_hash(position).await.unwrap());
    }
    for earlier in &checkpoints {
        let proof = log.tree.consistency(earlier.size, 9557).await.unwrap();
        assert!(proof.leads(&earlier.root, &newest.root), "{}", earlier.size);
        let opened = Checkpoint::open(&earlier.note, &log.keys.verifiers()).unwrap();
        assert_eq!(
            (opened.origin.as_str(), opened.size, opened.root),
            (ORIGIN, earlier.size, earlier.root)
        );
        let small = log.tree.inclusion(1, earlier.size).await.unwrap();
        assert!(small.leads_to(&earlier.root));
    }
    let verified = log.verify_published().await.unwrap();
    assert_eq!(
        (verified.size, verified.checkpoints, verified.not_hashed_yet),
        (9557, 7, 0)
    );
    assert_eq!(verified.root, newest.root);
    log.append(3).await;
    assert_eq!(log.verify().await.unwrap().not_hashed_yet, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_proof_of_what_the_tree_does_not_hold() {
    let log = TestLog::start().await;
    log.append(5).await;
    log.grown().await;
    for (position, size) in [(1, 6), (6, 6), (6, 5), (0, 5), (0, 0)] {
        let proof = log.tree.inclusion(position, size).await;
        assert!(
            matches!(proof, Err(ProofError::Beyond(5))),
            "{position} of {size}: {proof:?}"
        );
    }
    for (from, to) in [(0, 5), (1, 6), (3, 2)] {
        let proof = log.tree.consistency(from, to).await;
        assert!(
            matches!(proof, Err(ProofError::Beyond(5))),
            "{from} to {to}: {proof:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_works_and_another_takes_over_when_it_is_gone() {
    let log = TestLog::start().await;
    let one = log.grow_as("one", log.keys.clone());
    log.append(10).await;
    log.until(|status| status.size == 10).await;
    let two = log.grow_as("two", log.keys.clone());
    log.append(10).await;
    log.until(|status| status.size == 20).await;
    one.stop().await;
    log.append(10).await;
    log.until(|status| status.checkpoint.is_some_and(|(size, _)| size == 30))
        .await;
    two.stop().await;
    assert_eq!(log.verify().await.unwrap().size, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_from_before_the_clock_was_put_back_keeps_nobody_waiting() {
    let log = TestLog::start().await;
    sqlx::query(
        "UPDATE log_tree SET holder = 'dead', lease_until = clock_timestamp() + interval '1 hour'",
    )
    .execute(&log.pool())
    .await
    .unwrap();
    let living = log.grow_as("living", log.keys.clone());
    log.append(10).await;
    log.until(|status| status.size == 10).await;
    living.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_on_and_what_the_older_one_signed_still_counts() {
    let log = TestLog::start().await;
    log.append(2).await;
    log.grown().await;
    let older = log.keys.signing().verifier().clone();
    let ring = |older| Arc::new(KeyRing::new(signing_key(2), older));
    log.append(2).await;
    let running = log.grow_as("one", ring(vec![older]));
    log.until(|status| status.checkpoint.is_some_and(|(size, _)| size == 4))
        .await;
    running.stop().await;
    let both = ring(vec![log.keys.signing().verifier().clone()]).verifiers();
    assert_eq!(log.verify_with(&both, &[]).await.unwrap().checkpoints, 2);
    let only_new = ring(Vec::new()).verifiers();
    let refused = log.verify_with(&only_new, &[]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the checkpoint over 2 events: is not signed with a known key"
    );
    let other_log = SigningKey::new("another.test/log", &[1; 32]).unwrap();
    let refused = log.verify_with(&[other_log.verifier().clone()], &[]).await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_off_after_it_was_published_is_not_signed_again() {
    let log = TestLog::start().await;
    log.append(20).await;
    log.grown().await;
    let kept = fs::read_to_string(log.published()).unwrap();
    log.tamper(&[
        "DELETE FROM events WHERE position > 15",
        "UPDATE log_head SET position = 15",
        "DELETE FROM log_checkpoints",
        "UPDATE log_tiles SET hashes = substr(hashes, 1, 15 * 32)",
        "UPDATE log_tree SET size = 15",
    ])
    .await;
    let running = log.grow();
    let status = log.until(|status| status.error.is_some()).await;
    let error = status.error.unwrap();
    assert!(error.contains("has 20 events, but it has 15"), "{error}");
    running.stop().await;
    assert_eq!(log.tree.newest_checkpoint().await.unwrap(), None);
    assert_eq!(fs::read_to_string(log.published()).unwrap(), kept);
    let found = log.verify_published().await.unwrap_err().to_string();
    assert!(found.starts_with("position 16: is missing"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_contradicts_what_was_signed_and_a_log_with_a_gap_do_not_grow() {
    let log = TestLog::start().await;
    log.append(20).await;
    log.grown().await;
    log.tamper(&["UPDATE log_tiles SET hashes = set_byte(hashes, 100, get_byte(hashes, 100) # 1)"])
        .await;
    log.append(1).await;
    let running = log.grow();
    let status = log.until(|status| status.error.is_some()).await;
    assert_eq!(
        status.error.unwrap(),
        "the tree does not have the root that was signed over 20 events"
    );
    log.tamper(&["UPDATE log_tiles SET hashes = set_byte(hashes, 100, get_byte(hashes, 100) # 1)"])
        .await;
    let status = log.until(|status| status.size == 21).await;
    assert_eq!(status.error, None);
    log.append(5).await;
    log.until(|status| status.size == 26).await;
    log.tamper(&[
        "INSERT INTO events SELECT 28, gen_random_uuid(), 'Avatar', 'late', 1, 'A', '1', '{}', '{}', now()",
        "UPDATE log_head SET position = 28",
    ])
    .await;
    let status = log.until(|status| status.error.is_some()).await;
    assert_eq!(
        status.error.unwrap(),
        "the event at position 27 is missing from the log"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_to_rewrite_what_was_hashed_or_signed() {
    let log = TestLog::start().await;
    log.append(300).await;
    log.grown().await;
    for statement in [
        "UPDATE log_checkpoints SET note = ''",
        "DELETE FROM log_checkpoints",
        "TRUNCATE log_checkpoints",
        "DELETE FROM log_tiles",
        "TRUNCATE log_tiles",
        "UPDATE log_tiles SET hashes = substr(hashes, 33)",
        "UPDATE log_tiles SET hashes = substr(hashes, 1, 32)",
        "UPDATE log_tiles SET index = index + 7",
    ] {
        let refused = sqlx::raw_sql(statement).execute(&log.pool()).await;
        let refused = refused.expect_err(statement).to_string();
        assert!(refused.contains("never changed or removed"), "{refused}");
    }
    assert!(Tree::new(log.pool()).root(300).await.is_ok());
}
