//! Waiting for what comes true sooner or later.

use std::{fmt::Debug, time::Duration};

use tokio::time::Instant;

/// Longer than anything takes, even on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for it, but not for ever.
pub async fn in_time<T>(what: &str, it: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, it).await {
        Ok(answer) => answer,
        Err(_) => panic!("it never came true that {what}"),
    }
}

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let patient_until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            Instant::now() < patient_until,
            "it never came true that {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asserts that it holds in the end.
pub async fn until_equal<T: PartialEq + Debug>(expected: T, mut ask: impl AsyncFnMut() -> T) {
    let patient_until = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if answer == expected {
            return;
        }
        assert!(
            Instant::now() < patient_until,
            "{answer:?} never became {expected:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
