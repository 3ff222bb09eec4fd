//! What every image provider must do, whatever it speaks: one function a rule, run over a stand-in of the service.
//!
//! A provider joins with a [`StandIn`] and one line, `image_provider_contract!(ItsStandIn, with jobs);`, or `without jobs`
//! where a service draws while the request is open and remembers nothing.

use std::time::Duration;

use application::ports::{
    ImageProvider, InputPicture, PictureOrder, Prediction, PredictionState, ProviderError,
    ProviderErrorKind,
};
use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use domain::{photo_request::Purpose, values::PhotoId};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How the service is to treat the next job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It draws.
    Draws,
    /// It draws, and says so at the given number of checks.
    DrawsAfterChecks(u32),
    /// It draws, after a long time in which it has not even started.
    StartsSlowly,
    /// It finds the picture indecent.
    FindsItIndecent,
    /// It breaks down on the way.
    BreaksDown,
    /// It gives up before it has started.
    GivesUp,
    /// It refuses the first order since there are too many.
    ThrottlesOnce,
    /// It takes the order and answers with a server error.
    AcceptsAndAnswers500,
    /// It takes the order and cuts the connection.
    AcceptsAndHangsUp,
    /// It has drawn, but has removed the picture already.
    RemovesThePicture,
    /// The file has no end in sight.
    SendsTooMuch,
    /// The file is a web page.
    SendsAWebPage,
    /// The file's address points to another one.
    RedirectsTheFile,
}

/// The service on the other side, played, and how to talk to it.
#[async_trait]
pub trait StandIn: Send + Sync + Sized {
    /// A fresh service on an address of its own.
    async fn start() -> Self;

    /// The provider under test.
    fn provider(&self) -> &dyn ImageProvider;

    /// The same provider with a credential that the service does not know, and that credential.
    fn provider_with_wrong_credential(&self) -> (Box<dyn ImageProvider>, String);

    /// Chooses how the next job goes.
    async fn next(&self, behaviour: Behaviour);

    /// How many jobs the service has taken, and so will be paid for.
    async fn jobs_sold(&self) -> usize;

    /// How often a file's redirect was followed.
    async fn redirects_followed(&self) -> usize;

    /// How many orders came with a picture to follow.
    async fn references_received(&self) -> usize;
}

/// Makes a test of each rule: those for every service, and those that depend on whether it has jobs.
macro_rules! image_provider_contract {
    ($stand_in:ty, with jobs) => {
        image_provider_contract! { $stand_in, everywhere }
        image_provider_contract! { $stand_in:
            an_unfinished_job_is_working_until_it_is_done
            a_service_that_starts_slowly_is_waited_for
            a_breakdown_may_be_tried_again
            a_job_that_was_given_up_is_canceled
            an_order_whose_answer_was_an_error_is_found_again_and_not_bought_twice
            an_order_whose_answer_was_lost_is_found_again_and_not_bought_twice
            an_orphan_is_recognised_among_other_jobs
            what_was_never_ordered_is_no_orphan
            a_wrong_credential_is_refused_whatever_is_asked
            a_running_job_can_be_canceled
            an_unknown_job_is_an_error
        }
    };
    ($stand_in:ty, without jobs) => {
        image_provider_contract! { $stand_in, everywhere }
        image_provider_contract! { $stand_in:
            an_order_is_answered_with_its_end
            a_lost_answer_is_perhaps_a_purchase_and_leaves_nothing_to_find
            a_job_of_another_process_may_be_tried_again
        }
    };
    ($stand_in:ty, everywhere) => {
        image_provider_contract! { $stand_in:
            an_order_ends_in_a_picture_that_can_be_fetched
            a_scene_is_drawn_after_its_reference
            the_names_are_such_that_events_can_hold_them
            indecent_content_is_final
            a_throttled_order_is_surely_not_accepted_and_says_when_to_come_again
            a_removed_picture_may_be_tried_again
            a_file_without_end_is_not_read_to_its_end
            a_file_that_is_no_picture_is_refused
            a_files_redirect_is_not_followed
            files_of_other_hosts_are_not_fetched
            a_wrong_credential_is_the_operators_business_and_stays_secret
            canceling_what_is_over_is_no_error
        }
    };
    ($stand_in:ty: $($rule:ident)+) => {
        $(
            #[tokio::test]
            async fn $rule() {
                use $crate::image_provider_contract::{self as contract, StandIn as _};
                contract::$rule(&<$stand_in>::start().await).await;
            }
        )+
    };
}
pub(crate) use image_provider_contract;

/// An order for a reference, started just now.
pub fn order() -> PictureOrder {
    PictureOrder {
        photo_id: PhotoId(Uuid::now_v7()),
        attempt: 1,
        purpose: Purpose::Reference,
        prompt: "Studio portrait of a friendly adult woman, 29 years old, with short red hair"
            .to_owned(),
        reference: None,
        started_at: Utc::now(),
        left: Duration::from_secs(300),
    }
}

/// An order for a scene that follows a reference.
pub fn scene_order(reference: InputPicture) -> PictureOrder {
    PictureOrder {
        purpose: Purpose::Scene,
        prompt: "The same woman reads a book in a sunlit café".to_owned(),
        reference: Some(reference),
        ..order()
    }
}

/// Checks until the job is over.
pub async fn ended(provider: &dyn ImageProvider, id: &str) -> PredictionState {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match provider.check(id).await.unwrap().state {
            PredictionState::Working => {}
            over => return over,
        }
        assert!(Instant::now() < deadline, "the job {id} does not end");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Orders and waits for the end.
async fn outcome(stand_in: &impl StandIn, behaviour: Behaviour) -> PredictionState {
    stand_in.next(behaviour).await;
    match stand_in.provider().start(&order()).await {
        Ok(started) => end_of(stand_in.provider(), started).await,
        // Where there are no jobs, the order itself fails.
        Err(error) => PredictionState::Failed(error),
    }
}

/// How a job ended that was just begun; one that has ended is not asked for.
async fn end_of(provider: &dyn ImageProvider, started: Prediction) -> PredictionState {
    match started.state {
        PredictionState::Working => ended(provider, &started.id).await,
        over => over,
    }
}

/// The address of the picture of a job that went well.
fn address(state: PredictionState) -> String {
    match state {
        PredictionState::Succeeded { mut urls } => urls.remove(0),
        other => panic!("the job did not go well: {other:?}"),
    }
}

fn failure_kind(state: PredictionState) -> ProviderErrorKind {
    match state {
        PredictionState::Failed(error) => error.kind,
        other => panic!("the job did not fail: {other:?}"),
    }
}

async fn refusal_to_fetch(stand_in: &impl StandIn, behaviour: Behaviour) -> ProviderErrorKind {
    let address = address(outcome(stand_in, behaviour).await);
    stand_in.provider().fetch(&address).await.unwrap_err().kind
}

const RETRYABLE: ProviderErrorKind = ProviderErrorKind::Retryable { after: None };

pub async fn an_order_ends_in_a_picture_that_can_be_fetched(stand_in: &impl StandIn) {
    let address = address(outcome(stand_in, Behaviour::Draws).await);
    let bytes = stand_in.provider().fetch(&address).await.unwrap();
    let picture = image::load_from_memory(&bytes).unwrap();
    assert!(picture.width() >= 512 && picture.height() >= 512);
    assert_eq!(picture.width(), picture.height());
    assert_eq!(stand_in.jobs_sold().await, 1);
}

pub async fn a_scene_is_drawn_after_its_reference(stand_in: &impl StandIn) {
    let provider = stand_in.provider();
    let drawn = address(outcome(stand_in, Behaviour::Draws).await);
    let bytes = provider.fetch(&drawn).await.unwrap();
    let reference = InputPicture {
        bytes,
        media_type: "image/png".to_owned(),
    };

    let started = provider.start(&scene_order(reference)).await.unwrap();

    let scene = address(end_of(provider, started).await);
    assert_eq!(stand_in.references_received().await, 1);
    image::load_from_memory(&provider.fetch(&scene).await.unwrap()).unwrap();
}

pub async fn the_names_are_such_that_events_can_hold_them(stand_in: &impl StandIn) {
    let provider = stand_in.provider();
    assert!(
        provider
            .name()
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '_')
    );
    for purpose in [Purpose::Reference, Purpose::Scene] {
        let model = provider.model(purpose);
        assert!(!model.is_empty());
        assert_eq!(model, provider.model(purpose));
    }
}

pub async fn an_unfinished_job_is_working_until_it_is_done(stand_in: &impl StandIn) {
    stand_in.next(Behaviour::DrawsAfterChecks(3)).await;
    let Prediction { id, state } = stand_in.provider().start(&order()).await.unwrap();
    assert_eq!(state, PredictionState::Working);
    for _ in 0..2 {
        let checked = stand_in.provider().check(&id).await.unwrap();
        assert_eq!(
            checked,
            Prediction {
                id: id.clone(),
                state: PredictionState::Working
            }
        );
    }
    address(stand_in.provider().check(&id).await.unwrap().state);
}

pub async fn a_service_that_starts_slowly_is_waited_for(stand_in: &impl StandIn) {
    address(outcome(stand_in, Behaviour::StartsSlowly).await);
}

pub async fn indecent_content_is_final(stand_in: &impl StandIn) {
    let state = outcome(stand_in, Behaviour::FindsItIndecent).await;
    assert_eq!(failure_kind(state), ProviderErrorKind::Content);
}

pub async fn a_breakdown_may_be_tried_again(stand_in: &impl StandIn) {
    let state = outcome(stand_in, Behaviour::BreaksDown).await;
    assert_eq!(failure_kind(state), RETRYABLE);
}

pub async fn a_job_that_was_given_up_is_canceled(stand_in: &impl StandIn) {
    assert_eq!(
        outcome(stand_in, Behaviour::GivesUp).await,
        PredictionState::Canceled
    );
}

pub async fn a_throttled_order_is_surely_not_accepted_and_says_when_to_come_again(
    stand_in: &impl StandIn,
) {
    let order = order();
    stand_in.next(Behaviour::ThrottlesOnce).await;
    let refused = stand_in.provider().start(&order).await.unwrap_err();
    let ProviderErrorKind::Retryable { after: Some(after) } = refused.kind else {
        panic!("{refused:?} does not say when to come again");
    };
    assert_eq!(stand_in.jobs_sold().await, 0);

    sleep(after).await;
    let started = stand_in.provider().start(&order).await.unwrap();

    address(end_of(stand_in.provider(), started).await);
    assert_eq!(stand_in.jobs_sold().await, 1);
}

pub async fn an_order_whose_answer_was_an_error_is_found_again_and_not_bought_twice(
    stand_in: &impl StandIn,
) {
    finds_the_orphan(stand_in, Behaviour::AcceptsAndAnswers500).await;
}

pub async fn an_order_whose_answer_was_lost_is_found_again_and_not_bought_twice(
    stand_in: &impl StandIn,
) {
    finds_the_orphan(stand_in, Behaviour::AcceptsAndHangsUp).await;
}

async fn finds_the_orphan(stand_in: &impl StandIn, behaviour: Behaviour) {
    let order = order();
    stand_in.next(behaviour).await;
    let error = stand_in.provider().start(&order).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::MaybeAccepted, "{error:?}");

    let orphan = stand_in
        .provider()
        .find_orphan(&order, None)
        .await
        .unwrap()
        .unwrap();

    let address = address(ended(stand_in.provider(), &orphan.id).await);
    image::load_from_memory(&stand_in.provider().fetch(&address).await.unwrap()).unwrap();
    assert_eq!(stand_in.jobs_sold().await, 1);
}

pub async fn an_orphan_is_recognised_among_other_jobs(stand_in: &impl StandIn) {
    let provider = stand_in.provider();
    let mine = order();
    let next_attempt = PictureOrder {
        attempt: 2,
        ..mine.clone()
    };
    let somebody_elses = order();
    let mut ids = Vec::new();
    for order in [&mine, &next_attempt, &somebody_elses] {
        ids.push(provider.start(order).await.unwrap().id);
    }
    for (order, id) in [&mine, &next_attempt, &somebody_elses].into_iter().zip(ids) {
        let found = provider.find_orphan(order, None).await.unwrap().unwrap();
        assert_eq!(found.id, id);
    }
}

pub async fn what_was_never_ordered_is_no_orphan(stand_in: &impl StandIn) {
    let provider = stand_in.provider();
    assert_eq!(provider.find_orphan(&order(), None).await.unwrap(), None);

    let earlier = order();
    provider.start(&earlier).await.unwrap();
    assert_eq!(provider.find_orphan(&order(), None).await.unwrap(), None);

    let reworded = PictureOrder {
        prompt: "Something else".to_owned(),
        ..earlier.clone()
    };
    assert_eq!(provider.find_orphan(&reworded, None).await.unwrap(), None);

    let started_later = PictureOrder {
        started_at: Utc::now() + TimeDelta::minutes(2),
        ..earlier
    };
    assert_eq!(
        provider.find_orphan(&started_later, None).await.unwrap(),
        None
    );
}

pub async fn a_removed_picture_may_be_tried_again(stand_in: &impl StandIn) {
    let kind = match outcome(stand_in, Behaviour::RemovesThePicture).await {
        // What the job does not tell, the file host does.
        PredictionState::Succeeded { urls } => {
            let gone = stand_in.provider().fetch(&urls[0]).await;
            gone.unwrap_err().kind
        }
        other => failure_kind(other),
    };
    assert_eq!(kind, RETRYABLE);
}

pub async fn a_file_without_end_is_not_read_to_its_end(stand_in: &impl StandIn) {
    assert_eq!(
        refusal_to_fetch(stand_in, Behaviour::SendsTooMuch).await,
        RETRYABLE
    );
}

pub async fn a_file_that_is_no_picture_is_refused(stand_in: &impl StandIn) {
    assert_eq!(
        refusal_to_fetch(stand_in, Behaviour::SendsAWebPage).await,
        RETRYABLE
    );
}

pub async fn a_files_redirect_is_not_followed(stand_in: &impl StandIn) {
    let kind = refusal_to_fetch(stand_in, Behaviour::RedirectsTheFile).await;
    assert_eq!(kind, ProviderErrorKind::Operator);
    assert_eq!(stand_in.redirects_followed().await, 0);
}

pub async fn files_of_other_hosts_are_not_fetched(stand_in: &impl StandIn) {
    for address in [
        "https://example.com/a.png",
        "http://169.254.169.254/latest/meta-data",
        "https://replicate.delivery.example.com/a.png",
        "https://example.com@replicate.delivery/a.png",
        "file:///etc/passwd",
        "a.png",
        "",
    ] {
        let refused = stand_in.provider().fetch(address).await.unwrap_err();
        assert_eq!(refused.kind, ProviderErrorKind::Operator, "{address}");
    }
}

pub async fn a_wrong_credential_is_the_operators_business_and_stays_secret(
    stand_in: &impl StandIn,
) {
    let (provider, credential) = stand_in.provider_with_wrong_credential();
    is_the_operators_business(&provider.start(&order()).await.unwrap_err(), &credential);
    assert_eq!(stand_in.jobs_sold().await, 0);
}

pub async fn a_wrong_credential_is_refused_whatever_is_asked(stand_in: &impl StandIn) {
    let (provider, credential) = stand_in.provider_with_wrong_credential();
    let order = order();
    for error in [
        provider.check("unknown").await.unwrap_err(),
        provider.find_orphan(&order, None).await.unwrap_err(),
        provider
            .find_orphan(&order, Some("unknown"))
            .await
            .unwrap_err(),
        provider.cancel("unknown").await.unwrap_err(),
    ] {
        is_the_operators_business(&error, &credential);
    }
}

fn is_the_operators_business(error: &ProviderError, credential: &str) {
    assert_eq!(error.kind, ProviderErrorKind::Operator, "{error:?}");
    assert!(!format!("{error:?} {error}").contains(credential));
}

pub async fn an_order_is_answered_with_its_end(stand_in: &impl StandIn) {
    let started = stand_in.provider().start(&order()).await.unwrap();
    assert!(
        matches!(started.state, PredictionState::Succeeded { .. }),
        "{started:?}"
    );
    assert!(!started.id.is_empty());
    assert!(!stand_in.provider().announces());
}

pub async fn a_lost_answer_is_perhaps_a_purchase_and_leaves_nothing_to_find(
    stand_in: &impl StandIn,
) {
    for behaviour in [
        Behaviour::AcceptsAndAnswers500,
        Behaviour::AcceptsAndHangsUp,
    ] {
        let order = order();
        stand_in.next(behaviour).await;
        let error = stand_in.provider().start(&order).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::MaybeAccepted, "{error:?}");
        let found = stand_in.provider().find_orphan(&order, None).await;
        assert_eq!(found.unwrap(), None);
    }
    assert_eq!(stand_in.jobs_sold().await, 2);
}

pub async fn a_job_of_another_process_may_be_tried_again(stand_in: &impl StandIn) {
    let lost = stand_in.provider().check("unknown").await.unwrap();
    assert_eq!(failure_kind(lost.state), RETRYABLE);
    assert_eq!(stand_in.jobs_sold().await, 0);
}

pub async fn a_running_job_can_be_canceled(stand_in: &impl StandIn) {
    stand_in.next(Behaviour::DrawsAfterChecks(10_000)).await;
    let started = stand_in.provider().start(&order()).await.unwrap();

    stand_in.provider().cancel(&started.id).await.unwrap();

    assert_eq!(
        ended(stand_in.provider(), &started.id).await,
        PredictionState::Canceled
    );
    stand_in.provider().cancel(&started.id).await.unwrap();
}

pub async fn canceling_what_is_over_is_no_error(stand_in: &impl StandIn) {
    let provider = stand_in.provider();
    let started = provider.start(&order()).await.unwrap();
    let id = started.id.clone();
    let over = end_of(provider, started).await;

    provider.cancel(&id).await.unwrap();

    let picture = provider.fetch(&address(over)).await.unwrap();
    image::load_from_memory(&picture).unwrap();
}

pub async fn an_unknown_job_is_an_error(stand_in: &impl StandIn) {
    for id in ["unknown", "../account", "a/b?c#d", ""] {
        stand_in.provider().check(id).await.unwrap_err();
        stand_in.provider().cancel(id).await.unwrap_err();
    }
}
