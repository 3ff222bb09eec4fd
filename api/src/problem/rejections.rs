//! What the rules say no to, as problems: no wildcard, so that a new rule needs a status.

use application::{
    conduct::CoolingDown,
    context::CommandError,
    conversations::SendError,
    photos::RequestPhotoError,
    ports::{LogUnavailable, PaymentError, ReadError, StorageError},
    reports::DecideReportError,
    subscriptions::{ApplyNoticeError, CheckoutError, ManageError},
};
use domain::{
    avatar, conduct, conversation, person, photo_request, report, stewardship,
    subscription::{self, ClosedReason},
};
use projections::engine::database_passes;

use super::{Code, FieldError, Problem};
use crate::gate;

#[cfg(test)]
mod specified;

impl From<avatar::Rejection> for Problem {
    fn from(rejection: avatar::Rejection) -> Self {
        let code = match rejection {
            avatar::Rejection::NotFound => Code::AvatarNotFound,
            avatar::Rejection::AlreadyExists => Code::AvatarExists,
            avatar::Rejection::ReferenceNotReady => Code::ReferenceNotReady,
            // Only reactions give the commands that end so.
            avatar::Rejection::UnknownReference => return Self::internal(&rejection),
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<photo_request::Rejection> for Problem {
    fn from(rejection: photo_request::Rejection) -> Self {
        let code = match rejection {
            photo_request::Rejection::NotFound | photo_request::Rejection::Deleted => {
                return Self::plain(Code::PhotoNotFound);
            }
            photo_request::Rejection::AlreadyDelivered => Code::PhotoAlreadyDelivered,
            photo_request::Rejection::AlreadyFailed => Code::PhotoAlreadyFailed,
            photo_request::Rejection::AlreadyRefused
            | photo_request::Rejection::FailedByContent => Code::PhotoAlreadyRefused,
            photo_request::Rejection::AlreadyCanceled => Code::PhotoAlreadyCanceled,
            photo_request::Rejection::StillRunning => Code::PhotoStillRunning,
            // Only workers give the commands that end so, or use cases that made a mistake.
            photo_request::Rejection::AlreadyRequested
            | photo_request::Rejection::WithoutReference
            | photo_request::Rejection::StaleAttempt { .. }
            | photo_request::Rejection::NoAttempt
            | photo_request::Rejection::PredictionAlreadyRecorded
            | photo_request::Rejection::NotMarked => return Self::internal(&rejection),
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<report::Rejection> for Problem {
    fn from(rejection: report::Rejection) -> Self {
        let code = match rejection {
            report::Rejection::NotFound => Code::ReportNotFound,
            report::Rejection::AlreadyDecided => Code::ReportAlreadyDecided,
            report::Rejection::NotRemovable => Code::ReportNotRemovable,
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<DecideReportError> for Problem {
    fn from(error: DecideReportError) -> Self {
        match error {
            DecideReportError::Photo(rejection) => rejection.into(),
            DecideReportError::Report(rejection) => rejection.into(),
        }
    }
}

impl From<stewardship::Rejection> for Problem {
    fn from(rejection: stewardship::Rejection) -> Self {
        match rejection {}
    }
}

impl From<person::Rejection> for Problem {
    fn from(rejection: person::Rejection) -> Self {
        match rejection {
            person::Rejection::Erased => Self::plain(Code::PersonErased),
        }
    }
}

impl From<conduct::Rejection> for Problem {
    fn from(rejection: conduct::Rejection) -> Self {
        match rejection {}
    }
}

impl From<subscription::Rejection> for Problem {
    fn from(rejection: subscription::Rejection) -> Self {
        let code = match rejection {
            subscription::Rejection::AlreadySubscribed => Code::SubscriptionActive,
            subscription::Rejection::GateClosed(reason) => return reason.into(),
            subscription::Rejection::QuotaExhausted { .. } => {
                return Self::new(Code::PhotoQuotaExhausted, rejection.to_string())
                    .because("quota_exhausted");
            }
            subscription::Rejection::NoSubscription => Code::NoSubscription,
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<ClosedReason> for Problem {
    fn from(reason: ClosedReason) -> Self {
        let code = match reason {
            ClosedReason::None | ClosedReason::IncompleteExpired | ClosedReason::Canceled => {
                Code::SubscriptionRequired
            }
            ClosedReason::PaymentIncomplete => Code::PaymentIncomplete,
            ClosedReason::PaymentPastDue => Code::PaymentPastDue,
            ClosedReason::Unpaid => Code::SubscriptionUnpaid,
            ClosedReason::Paused => Code::SubscriptionPaused,
        };
        Self::new(code, reason.to_string()).because(gate::word(reason))
    }
}

impl From<conversation::Rejection> for Problem {
    fn from(rejection: conversation::Rejection) -> Self {
        match rejection {
            // The ids are ours and new, and what the rules refuse comes with an intervention: none of these is a
            // person's doing.
            conversation::Rejection::UnknownMessage
            | conversation::Rejection::AlreadySent
            | conversation::Rejection::AlreadyAnswered
            | conversation::Rejection::AlreadyPromised
            | conversation::Rejection::UnknownPhoto
            | conversation::Rejection::AlreadyAttached
            | conversation::Rejection::AlreadyWithheld
            | conversation::Rejection::WrongMode
            | conversation::Rejection::SaysNothing
            | conversation::Rejection::AgainstTheRules => Self::internal(&rejection),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::CoolingDown(cooling_down) => cooling_down.into(),
            SendError::AvatarNotReady => Self::plain(Code::AvatarNotReady),
            SendError::Command(error) => error.into(),
        }
    }
}

impl<R> From<CommandError<R>> for Problem
where
    R: std::error::Error + 'static,
    Self: From<R>,
{
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Rejected(rejection) => rejection.into(),
            CommandError::PreconditionFailed { intervening, .. } => {
                Self::precondition_failed(intervening)
            }
            CommandError::KeyReused => Self::plain(Code::IdempotencyKeyReused),
            CommandError::OwnerErased => Self::plain(Code::PersonErased),
            CommandError::Busy => Self::plain(Code::Busy),
            CommandError::Unavailable(error) => error.into(),
            // A newer process answers when the request is sent again.
            CommandError::Unreadable(ref source) if source.is_from_newer_program() => {
                Self::unavailable(Code::Unavailable, &error)
            }
            CommandError::Unreadable(_) | CommandError::Unwritable(_) => Self::internal(&error),
        }
    }
}

impl From<RequestPhotoError> for Problem {
    fn from(error: RequestPhotoError) -> Self {
        match error {
            RequestPhotoError::AvatarNotFound | RequestPhotoError::AvatarNotReady => {
                Self::plain(Code::AvatarNotReady)
            }
            RequestPhotoError::ContentRefused { refusal, position } => {
                Self::content_refused(refusal, None).at_position(position)
            }
            RequestPhotoError::CoolingDown(cooling_down) => cooling_down.into(),
            RequestPhotoError::Gate(rejection) => rejection.into(),
            RequestPhotoError::Command(error) => error.into(),
        }
    }
}

impl From<CoolingDown> for Problem {
    fn from(cooling_down: CoolingDown) -> Self {
        Self::cooling_down(cooling_down.to_string(), cooling_down.seconds)
    }
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::UnknownPlan => Self::invalid(
                Code::InvalidBody,
                vec![FieldError::at(
                    "/plan",
                    "must be one of the plans that GET /billing/plans lists",
                )],
            ),
            CheckoutError::Payment(error) => error.into(),
            CheckoutError::Earlier(error) => (*error).into(),
            CheckoutError::Command(error) => error.into(),
        }
    }
}

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::NoCustomer => Self::plain(Code::CustomerNotFound),
            ManageError::Payment(error) => error.into(),
            ManageError::NotApplied(error) => (*error).into(),
            ManageError::Command(error) => error.into(),
        }
    }
}

impl From<ApplyNoticeError> for Problem {
    /// What the provider says could not be applied while a person waits for it.
    fn from(error: ApplyNoticeError) -> Self {
        match error {
            ApplyNoticeError::Payment(error) => error.into(),
            ApplyNoticeError::Directory(error) => error.into(),
            ApplyNoticeError::Command(error) => error.into(),
            ApplyNoticeError::NobodyKnown { .. }
            | ApplyNoticeError::UnknownSubscription(_)
            | ApplyNoticeError::UnknownPrice(_) => {
                tracing::error!(error = %super::Chain(&error), "What the payment provider says cannot be applied");
                Self::plain(Code::PaymentProviderFailed)
            }
        }
    }
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Unavailable(_) => Self::unavailable(Code::PaymentUnavailable, &error),
            PaymentError::NotConfigured | PaymentError::Refused(_) => {
                tracing::error!(error = %super::Chain(&error), "The payment provider did not do what was asked");
                Self::plain(Code::PaymentProviderFailed)
            }
        }
    }
}

impl From<LogUnavailable> for Problem {
    fn from(error: LogUnavailable) -> Self {
        Self::unavailable(Code::Unavailable, &error)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { .. } => Self::internal(&error),
            ReadError::Unavailable(error) => error.into(),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            // The read model promises bytes that are not there.
            StorageError::NotFound(_) => Self::internal(&error),
            StorageError::Unavailable(_) => Self::unavailable(Code::Unavailable, &error),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if database_passes(&error) {
            Self::unavailable(Code::Unavailable, &error)
        } else {
            Self::internal(&error)
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use domain::{avatar, recorded::UnreadableEvent};

    use super::*;

    #[test]
    fn what_only_a_newer_process_can_read_may_be_asked_for_again() {
        let newer = UnreadableEvent::UnknownAggregate("Horoscope".to_owned());
        let broken = UnreadableEvent::NoWayUp {
            aggregate_type: "Avatar".to_owned(),
            event_type: "AvatarCreated".to_owned(),
            event_version: "0".to_owned(),
        };
        for (source, status) in [
            (newer, StatusCode::SERVICE_UNAVAILABLE),
            (broken, StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let error: CommandError<avatar::Rejection> = CommandError::Unreadable(source);
            assert_eq!(Problem::from(error).code.status(), status);
        }
    }
}
