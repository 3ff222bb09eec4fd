//! Parts that run side by side until they are told to stop; when one ends before its time, all of them do.

use std::time::Duration;

use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// How long the parts may take to stop before they are dropped.
const PATIENCE: Duration = Duration::from_secs(8);

/// A part's name, and how it ended.
type Ended = (&'static str, Result<(), Failure>);

/// Parts that run side by side.
pub struct Crew {
    stop: CancellationToken,
    parts: JoinSet<Ended>,
}

impl Crew {
    /// Nobody yet. Each part that is added must end when `stop` is canceled.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            parts: JoinSet::new(),
        }
    }

    /// Starts a part.
    pub fn add(
        &mut self,
        name: &'static str,
        part: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) {
        self.parts.spawn(async move { (name, part.await) });
    }

    /// Starts a part that cannot fail.
    pub fn add_steady(
        &mut self,
        name: &'static str,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        self.add(name, async move {
            part.await;
            Ok(())
        });
    }

    /// Returns when all parts have ended; with the first failure, if there was one.
    pub async fn work(mut self) -> Result<(), Failure> {
        let first = tokio::select! {
            // Parts that end because they were told to did not end too soon.
            biased;
            () = self.stop.cancelled() => Ok(()),
            ended = self.parts.join_next() => too_soon(ended),
        };
        self.stop.cancel();
        let rest = timeout(PATIENCE, async {
            let mut result = Ok(());
            while let Some(ended) = self.parts.join_next().await {
                let ended = match ended {
                    Ok((_, ended)) => ended,
                    Err(panicked) => Err(Failure::other(panicked)),
                };
                result = result.and(ended);
            }
            result
        });
        let rest = rest.await.unwrap_or_else(|_| {
            Err(Failure::other(format!(
                "not everything stopped within {} s; what was left was dropped",
                PATIENCE.as_secs()
            )))
        });
        first.and(rest)
    }
}

/// A part that ended although nobody had asked it to.
fn too_soon(ended: Option<Result<Ended, JoinError>>) -> Result<(), Failure> {
    match ended {
        None => Ok(()),
        Some(Ok((name, Ok(())))) => Err(Failure::other(format!("the {name} ended unexpectedly"))),
        Some(Ok((_, Err(failure)))) => Err(failure),
        Some(Err(panicked)) => Err(Failure::other(panicked)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[tokio::test]
    async fn when_one_part_ends_before_its_time_all_stop_and_it_is_named() {
        let stop = CancellationToken::new();
        let mut crew = Crew::new(stop.clone());
        crew.add_steady("lookout", async {});
        crew.add_steady("engine", stop.clone().cancelled_owned());
        assert_eq!(
            crew.work().await.unwrap_err().to_string(),
            "the lookout ended unexpectedly"
        );
        assert!(stop.is_cancelled());
    }

    #[tokio::test]
    async fn a_crew_that_is_told_to_stop_ends_well() {
        let stop = CancellationToken::new();
        let mut crew = Crew::new(stop.clone());
        crew.add_steady("engine", stop.clone().cancelled_owned());
        stop.cancel();
        crew.work().await.unwrap();
    }

    #[tokio::test]
    async fn a_part_that_fails_while_stopping_is_heard() {
        let stop = CancellationToken::new();
        let mut crew = Crew::new(stop.clone());
        let stopping = stop.clone();
        crew.add("ship", async move {
            stopping.cancelled().await;
            Err(Failure::other("sunk"))
        });
        stop.cancel();
        assert_eq!(crew.work().await.unwrap_err().to_string(), "sunk");
    }
}
