//! Read your writes: answers wait until the read models have seen a position of the event log.

use domain::values::Position;

use crate::{app::State, limits::ANSWER_TIME, problem::Problem};

/// What an avatar's answer is made from.
pub(crate) const AVATAR: &[&str] = &["avatars", "photos"];
/// What a photo's answer is made from.
pub(crate) const PHOTO: &[&str] = &["photos"];
/// What a report's answer is made from.
pub(crate) const REPORT: &[&str] = &["reports"];
/// What a subscription's answer and the gate are made from.
pub(crate) const GATE: &[&str] = &["gate"];
/// What a message's answer is made from.
pub(crate) const MESSAGE: &[&str] = &["messages", "photos"];
/// What the chat's own answer is made from.
pub(crate) const CHAT: &[&str] = &["messages", "chat_work", "avatars"];
/// What any answer is made from.
pub(crate) const ALL: &[&str] = &["avatars", "photos", "gate", "messages", "chat_work"];
/// What somebody's data are taken along from.
pub(crate) const EVERYTHING: &[&str] = &[
    "avatars",
    "photos",
    "gate",
    "messages",
    "reports",
    "audit_index",
];
/// What tells of changes.
pub(crate) const UPDATES: &[&str] = &["updates"];

impl State {
    /// Returns once these read models have seen `position`; answers `read-model-behind` when they have not in time.
    pub(crate) async fn seen(
        &self,
        read_models: &[&'static str],
        position: Position,
    ) -> Result<(), Problem> {
        self.checkpoints
            .await_position(read_models, position, ANSWER_TIME)
            .await
            .map_err(|behind| {
                tracing::warn!(
                    read_model = behind.projector,
                    "Answering a request with 503: {behind}"
                );
                Problem::read_model_behind(position)
            })
    }
}
