//! Finds a prediction that was accepted although its answer never arrived.
//!
//! Replicate knows no idempotency key, so an attempt is recognised by what it asked for: the model, the prompt
//! and a seed that only this attempt has.

use application::ports::{PictureOrder, PredictionState, ProviderError, ProviderErrorKind};
use chrono::TimeDelta;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    api::Api,
    config::ModelName,
    input,
    prediction::PredictionObject,
    refusal::{Asking, refusal},
};

/// How far Replicate's clock may be behind ours.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(30);

/// A hundred predictions a page: at the 600 creates a minute that Replicate takes, eight minutes' worth.
const MOST_PAGES: usize = 48;

#[derive(Deserialize)]
struct Page {
    results: Vec<PredictionObject>,
    next: Option<String>,
}

/// Pages through the account's predictions, newest first, back to the start of the attempt.
pub(super) async fn find(
    api: &Api,
    model: &ModelName,
    order: &PictureOrder,
) -> Result<Option<PredictionObject>, ProviderError> {
    let oldest = order.started_at - CLOCK_SLACK;
    let mut cursor = None;
    let mut best: Option<PredictionObject> = None;
    for _ in 0..MOST_PAGES {
        let page = page(api, cursor.as_deref()).await?;
        let mut reached_the_start = false;
        for object in page.results {
            // Without a date it is judged by the rest.
            if object.created_at.is_some_and(|at| at < oldest) {
                reached_the_start = true;
            } else if is_ours(&object, model, order)
                && best.as_ref().is_none_or(|best| rank(&object) > rank(best))
            {
                best = Some(object);
            }
        }
        cursor = page.next.as_deref().and_then(cursor_of);
        if reached_the_start || cursor.is_none() {
            return Ok(best);
        }
    }
    match best {
        Some(found) => Ok(Some(found)),
        None => Err(ProviderError {
            kind: ProviderErrorKind::Retryable { after: None },
            detail: "Replicate lists too many predictions to tell whether this one was accepted"
                .to_owned(),
        }),
    }
}

/// The prediction of that id, when it is this order's. An id out of a webhook's address proves nothing by itself.
pub(super) async fn look_at(
    api: &Api,
    model: &ModelName,
    order: &PictureOrder,
    id: &str,
) -> Result<Option<PredictionObject>, ProviderError> {
    let answer = api.send(api.get(&["predictions", id])).await;
    let answer = answer.map_err(|trouble| trouble.while_asking_for(Asking::Question))?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !answer.status.is_success() {
        return Err(refusal(&answer, Asking::Question));
    }
    let object: PredictionObject = answer
        .json()
        .map_err(|trouble| trouble.while_asking_for(Asking::Question))?;
    Ok(Some(object).filter(|object| is_ours(object, model, order)))
}

async fn page(api: &Api, cursor: Option<&str>) -> Result<Page, ProviderError> {
    let answer = api.send(api.get_page(&["predictions"], cursor)).await;
    let answer = answer.map_err(|trouble| trouble.while_asking_for(Asking::Question))?;
    if !answer.status.is_success() {
        return Err(refusal(&answer, Asking::Question));
    }
    answer
        .json()
        .map_err(|trouble| trouble.while_asking_for(Asking::Question))
}

/// Only the cursor is taken from the link to the next page: the token follows no link out of an answer.
fn cursor_of(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let (_, cursor) = url.query_pairs().find(|(name, _)| name == "cursor")?;
    Some(cursor.into_owned())
}

fn is_ours(object: &PredictionObject, model: &ModelName, order: &PictureOrder) -> bool {
    let seed = input::seed(order.photo_id, order.attempt);
    object.model.as_deref() == Some(model.without_version().as_str())
        && object.input["seed"].as_u64() == Some(u64::from(seed))
        && object.input["prompt"] == Value::String(order.prompt.clone())
}

/// Should there be several, then a picture is worth most, and one that is being drawn more than none.
fn rank(object: &PredictionObject) -> u8 {
    match object.state() {
        PredictionState::Succeeded { .. } => 2,
        PredictionState::Working => 1,
        PredictionState::Failed(_) | PredictionState::Canceled => 0,
    }
}
