//! Believable people, for a system that runs: each comes in through the API, as everybody does, and shows another of
//! the states that the pages have to show.

mod cast;
mod client;
mod progress;
mod story;

use futures::{StreamExt, TryStreamExt, stream};
use url::Url;

pub use cast::Chapter;

use crate::failure::Failure;
use cast::{Part, cast};
use client::Stage;
use progress::Progress;

/// How many people act at the same time.
const AT_ONCE: usize = 4;

/// Who comes, and where.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many people.
    pub people: u32,
    /// What everything about them derives from.
    pub seed: u64,
    /// Where the API is.
    pub api: Url,
    /// Where the stand-ins are.
    pub sandbox: Url,
}

/// Somebody who has come.
#[derive(Debug)]
pub struct Guest {
    /// With this address one signs in as that person.
    pub email: String,
    /// How far the person came.
    pub chapter: Chapter,
    /// How the subscription stands, in the API's word.
    pub subscription: String,
    /// How many pictures the person has asked for.
    pub photos: usize,
    /// How many messages there are.
    pub messages: usize,
}

/// Lets everybody come. Who has come before, with the same seed, is not there twice.
///
/// # Errors
/// When the system does not run, is not in development, or refuses something; a second run goes on.
pub async fn fill(plan: &Plan) -> Result<Vec<Guest>, Failure> {
    let stage = Stage::at(plan).await?;
    let parts = cast(plan.people, plan.seed);
    let progress = Progress::over(parts.len());
    // Those for whom the stand-ins have to misbehave come one at a time, when nobody else is there.
    let (quiet, eventful): (Vec<Part>, Vec<Part>) = parts
        .into_iter()
        .partition(|part| !part.chapter.needs_the_stage());
    let mut guests = Vec::new();
    for (parts, at_once) in [(quiet, AT_ONCE), (eventful, 1)] {
        let played = stream::iter(parts)
            .map(|part| play(&stage, part, &progress))
            .buffer_unordered(at_once);
        guests.extend(played.try_collect::<Vec<_>>().await?);
    }
    progress.end();
    guests.sort_by_key(|(nth, _)| *nth);
    Ok(guests.into_iter().map(|(_, guest)| guest).collect())
}

async fn play(stage: &Stage, part: Part, progress: &Progress) -> Result<(usize, Guest), Failure> {
    let guest = story::play(stage, &part).await?;
    progress.one_more(&guest);
    Ok((part.nth, guest))
}
