//! What can be asked of reports.

use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    conversation::{Conversation, Segment},
    personal::Personal,
    photo_request::{self, Command as PhotoCommand},
    report::{Command, Decision, Reason, Rejection, Report, Subject, SubjectKind},
    stewardship,
    values::{DecisionNote, MessageId, PhotoId, ReportId, ReportText, UserId},
};

use crate::{
    context::{CommandError, Context, Receipt},
    conversations,
    dispatcher::Dispatcher,
    photos::Photos,
    ports::{Clock, StreamId},
    stewardship::{Deed, Stewardships},
};

/// Why something was not reported.
#[derive(Debug, thiserror::Error)]
pub enum FileReportError {
    /// It does not exist, or belongs to somebody else.
    #[error("there is nothing of yours with this id")]
    SubjectNotFound,
    /// Anything else.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

/// Why a report was not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideReportError {
    /// The picture cannot be removed as it stands.
    #[error(transparent)]
    Photo(photo_request::Rejection),
    /// Anything else.
    #[error(transparent)]
    Report(#[from] Rejection),
}

/// What somebody reports.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// What it is about.
    pub about: Reported,
    /// What is wrong with it.
    pub reason: Reason,
    /// In the person's words.
    pub text: Option<ReportText>,
}

/// What a report is about, and where it is to be found.
#[derive(Debug, Clone, Copy)]
pub enum Reported {
    /// A picture.
    Photo(PhotoId),
    /// Something that the person or the companion said.
    Message {
        /// Its id.
        message_id: MessageId,
        /// The day of the conversation that it belongs to.
        segment: Segment,
    },
}

impl Reported {
    const fn subject(self) -> Subject {
        match self {
            Self::Photo(photo_id) => Subject {
                kind: SubjectKind::Photo,
                id: photo_id.0,
            },
            Self::Message { message_id, .. } => Subject {
                kind: SubjectKind::Message,
                id: message_id.0,
            },
        }
    }
}

/// The use cases of reports.
#[derive(Clone)]
pub struct Reports {
    dispatcher: Dispatcher,
    photos: Photos,
    stewardships: Stewardships,
    clock: Arc<dyn Clock>,
    answer_within: TimeDelta,
}

/// The stream of a report.
pub fn stream(report_id: ReportId) -> StreamId {
    StreamId {
        aggregate_type: Report::TYPE,
        aggregate_id: report_id.to_string(),
    }
}

impl Reports {
    /// Reports are to be answered within that time.
    pub const fn new(
        dispatcher: Dispatcher,
        photos: Photos,
        stewardships: Stewardships,
        clock: Arc<dyn Clock>,
        answer_within: TimeDelta,
    ) -> Self {
        Self {
            dispatcher,
            photos,
            stewardships,
            clock,
            answer_within,
        }
    }

    /// The context's owner reports something of their own.
    ///
    /// # Errors
    /// As `FileReportError` says.
    pub async fn file(
        &self,
        context: Context,
        complaint: Complaint,
    ) -> Result<Receipt, FileReportError> {
        let Complaint {
            about,
            reason,
            text,
        } = complaint;
        if !self.is_of(context.owner, about).await? {
            return Err(FileReportError::SubjectNotFound);
        }
        let subject = about.subject();
        let command = Command::FileReport {
            owner: context.owner,
            subject,
            reason,
            text: text.map(Personal::new),
            due_at: self.clock.now() + self.answer_within,
        };
        let stream = stream(ReportId(subject.id));
        let filed = self.dispatcher.execute::<Report>(stream, command, context);
        Ok(filed.await?)
    }

    /// An operator answers a report. What is to be removed goes in the same append that records the decision.
    ///
    /// # Errors
    /// As `DecideReportError` says.
    pub async fn decide(
        &self,
        context: Context,
        report_id: ReportId,
        decision: Decision,
        note: Option<DecisionNote>,
    ) -> Result<Receipt, CommandError<DecideReportError>> {
        let command = Command::DecideReport {
            decision,
            note: note.map(Personal::new),
        };
        let deed = stewardship::Command::TakeDecision {
            report_id,
            decision,
        };
        self.stewardships
            .act(&context, async || {
                self.planned(&context, report_id, &command, &deed).await
            })
            .await
    }

    async fn planned(
        &self,
        context: &Context,
        report_id: ReportId,
        command: &Command,
        deed: &stewardship::Command,
    ) -> Result<Deed, CommandError<DecideReportError>> {
        let stream = stream(report_id);
        let known = self.dispatcher.load::<Report>(stream.clone()).await;
        let known = known.map_err(|error| error.map_rejection(DecideReportError::Report))?;
        let not_found = || CommandError::Rejected(Rejection::NotFound.into());
        let (subject, owner) = known.state.subject().ok_or_else(not_found)?;
        let of_owner = Context {
            owner,
            ..context.clone()
        };
        let decided = self
            .dispatcher
            .decide::<Report>(stream, command.clone(), &of_owner)
            .await
            .map_err(|error| error.map_rejection(DecideReportError::Report))?;
        let removes = matches!(
            command,
            Command::DecideReport {
                decision: Decision::ContentRemoved,
                ..
            }
        );
        let removed = match subject.kind {
            SubjectKind::Photo if removes && decided.slice.is_some() => {
                self.removed(context, PhotoId(subject.id)).await?
            }
            SubjectKind::Photo | SubjectKind::Message => None,
        };
        let noted = self.stewardships.note(context, deed).await?;
        Ok(Deed {
            sequence: decided.sequence,
            slices: [decided.slice, removed, noted]
                .into_iter()
                .flatten()
                .collect(),
        })
    }

    /// What removing a picture adds to it; none when it is gone already.
    async fn removed(
        &self,
        context: &Context,
        photo_id: PhotoId,
    ) -> Result<Option<crate::ports::StreamSlice>, CommandError<DecideReportError>> {
        // `If-Match` speaks of the report.
        let context = Context {
            if_match: None,
            ..context.clone()
        };
        let deleted = self
            .stewardships
            .decide_on_photo(&context, photo_id, &PhotoCommand::DeletePhoto)
            .await
            .map_err(|error| error.map_rejection(DecideReportError::Photo))?;
        Ok(deleted.slice)
    }

    /// Whether it is there, and theirs.
    async fn is_of(&self, owner: UserId, about: Reported) -> Result<bool, FileReportError> {
        match about {
            Reported::Photo(photo_id) => {
                let job = self.photos.job(photo_id).await;
                let job = job.map_err(CommandError::without_rejection)?;
                Ok(job.is_some_and(|job| job.owner == owner && !job.deleted))
            }
            Reported::Message {
                message_id,
                segment,
            } => {
                let stream = conversations::stream(segment);
                let day = self.dispatcher.load::<Conversation>(stream).await;
                let day = day.map_err(CommandError::without_rejection)?;
                Ok(segment.owner == owner && day.state.was_said(message_id))
            }
        }
    }
}
