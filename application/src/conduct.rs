//! What is known of people's conduct: hard refusals are counted, and too many of them lead to a pause.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{
    conduct::{Command, Conduct, Limits, Refusal, Rejection, Stage},
    policy::{Decision, Severity, Verdict},
    values::UserId,
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{
    context::{CommandError, Context, Receipt},
    dispatcher::{Dispatcher, Loaded},
    ports::{Clock, StreamId, StreamSlice},
};

/// Nothing of a person's is judged before then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rules about content had to refuse too much; wait until {}", .until.format("%Y-%m-%dT%H:%M:%SZ"))]
pub struct CoolingDown {
    /// Then it is over.
    pub until: DateTime<Utc>,
    /// How long that still is.
    pub seconds: i64,
}

/// The use cases of conduct.
#[derive(Clone)]
pub struct Conducts {
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    limits: Limits,
    key: [u8; 32],
}

/// The eye that a use case has on conduct, if it has one: without it nothing is counted, and nobody has to pause.
#[derive(Clone)]
pub(crate) struct Watch(pub(crate) Option<Conducts>);

impl Watch {
    /// As [`Conducts::pause`].
    pub(crate) async fn pause<R: std::error::Error + 'static>(
        &self,
        owner: UserId,
    ) -> Result<Option<CoolingDown>, CommandError<R>> {
        match &self.0 {
            Some(conducts) => conducts.pause(owner).await,
            None => Ok(None),
        }
    }

    /// As [`Conducts::note`].
    pub(crate) async fn note<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        stage: Stage,
        verdict: &Verdict,
    ) -> Result<(), CommandError<R>> {
        match &self.0 {
            Some(conducts) => conducts.note(context, stage, verdict).await.map(drop),
            None => Ok(()),
        }
    }

    /// As [`Conducts::plan`].
    pub(crate) async fn plan<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        stage: Stage,
        verdict: &Verdict,
    ) -> Result<Option<StreamSlice>, CommandError<R>> {
        match &self.0 {
            Some(conducts) => conducts.plan(context, stage, verdict).await,
            None => Ok(None),
        }
    }
}

/// The stream of a user's conduct.
pub fn stream(owner: UserId) -> StreamId {
    StreamId {
        aggregate_type: Conduct::TYPE,
        aggregate_id: owner.to_string(),
    }
}

impl Conducts {
    /// `key` makes the hashes of refused words: whoever guesses the words cannot confirm the guess without it.
    pub const fn new(
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        key: [u8; 32],
    ) -> Self {
        Self {
            dispatcher,
            clock,
            limits,
            key,
        }
    }

    /// A user's conduct as the log has it now.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn load(&self, owner: UserId) -> Result<Loaded<Conduct>, CommandError<Rejection>> {
        self.dispatcher.load(stream(owner)).await
    }

    /// Until when nothing of the user's is judged; none when it is.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn pause<R: std::error::Error + 'static>(
        &self,
        owner: UserId,
    ) -> Result<Option<CoolingDown>, CommandError<R>> {
        let known = self.load(owner).await;
        let known = known.map_err(CommandError::without_rejection)?;
        let now = self.clock.now();
        let until = known.state.paused_until(now);
        Ok(until.map(|until| CoolingDown {
            until,
            seconds: (until - now).num_seconds() + 1,
        }))
    }

    /// Records that the owner's words were refused.
    ///
    /// # Errors
    /// As `CommandError` says.
    async fn note<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        stage: Stage,
        verdict: &Verdict,
    ) -> Result<Receipt, CommandError<R>> {
        // The request's key stands for what it asked for, which was not done.
        let context = Context {
            idempotency: None,
            if_match: None,
            ..context.clone()
        };
        let stream = stream(context.owner);
        self.dispatcher
            .execute::<Conduct>(stream, self.refused(stage, verdict), context)
            .await
            .map_err(CommandError::without_rejection)
    }

    /// What the same adds to the log, for a use case that appends it together with something else.
    ///
    /// # Errors
    /// As `CommandError` says.
    async fn plan<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        stage: Stage,
        verdict: &Verdict,
    ) -> Result<Option<StreamSlice>, CommandError<R>> {
        let context = Context {
            if_match: None,
            ..context.clone()
        };
        let command = self.refused(stage, verdict);
        let noted = self
            .dispatcher
            .decide::<Conduct>(stream(context.owner), command, &context)
            .await
            .map_err(CommandError::without_rejection)?;
        Ok(noted.slice)
    }

    fn refused(&self, stage: Stage, verdict: &Verdict) -> Command {
        Command::NoteRefusal {
            refusal: Refusal {
                stage,
                // Who may be in danger is helped, and nothing is held against them.
                hard: verdict.severity == Severity::Hard && verdict.decision != Decision::Crisis,
                rules: verdict.rules.clone(),
                pack: verdict.pack.clone(),
                fingerprint: Some(self.fingerprint(&verdict.normalized_hash)),
            },
            at: self.clock.now(),
            limits: self.limits,
        }
    }

    fn fingerprint(&self, normalized_hash: &str) -> String {
        #[expect(clippy::unwrap_used, reason = "HMAC takes keys of any length")]
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        let mac = mac.chain_update(normalized_hash);
        hex::encode(mac.finalize().into_bytes())
    }
}
