//! The names that commands have in the metadata of their events.

use domain::{
    avatar::{self, Avatar},
    conduct::{self, Conduct},
    conversation::{self, Conversation},
    person::{self, Person},
    photo_request::{self, PhotoRequest},
    policy::Pack,
    report::{self, Report},
    stewardship::{self, Stewardship},
    subscription::{self, Subscription},
};

use super::Commanded;

impl Commanded for Avatar {
    fn name(command: &avatar::Command) -> &'static str {
        match command {
            avatar::Command::CreateAvatar { .. } => "CreateAvatar",
            avatar::Command::ChangeProfile { .. } => "ChangeProfile",
            avatar::Command::RequestReferenceImage { .. } => "RequestReferenceImage",
            avatar::Command::RecordReferenceImage { .. } => "RecordReferenceImage",
            avatar::Command::RecordReferenceFailure { .. } => "RecordReferenceFailure",
            avatar::Command::ApproveReferenceImage { .. } => "ApproveReferenceImage",
        }
    }

    fn begins(command: &avatar::Command) -> bool {
        matches!(command, avatar::Command::CreateAvatar { .. })
    }

    /// The use cases let no words of a profile pass that this program's pack does not allow.
    fn policy_pack(command: &avatar::Command) -> Option<&str> {
        match command {
            avatar::Command::CreateAvatar { .. } | avatar::Command::ChangeProfile { .. } => {
                Some(Pack::current().sha256())
            }
            avatar::Command::RequestReferenceImage { .. }
            | avatar::Command::RecordReferenceImage { .. }
            | avatar::Command::RecordReferenceFailure { .. }
            | avatar::Command::ApproveReferenceImage { .. } => None,
        }
    }
}

impl Commanded for Person {
    fn name(command: &person::Command) -> &'static str {
        match command {
            person::Command::RecordExport => "RecordExport",
            person::Command::Erase => "Erase",
        }
    }

    /// Nobody knows: most people are erased once, and without ever having taken anything along.
    fn begins(_command: &person::Command) -> bool {
        false
    }
}

impl Commanded for PhotoRequest {
    fn name(command: &photo_request::Command) -> &'static str {
        match command {
            photo_request::Command::RequestPhoto { .. } => "RequestPhoto",
            photo_request::Command::StartAttempt { .. } => "StartAttempt",
            photo_request::Command::RecordPrediction { .. } => "RecordPrediction",
            photo_request::Command::RecordAttemptFailure { .. } => "RecordAttemptFailure",
            photo_request::Command::Deliver { .. } => "Deliver",
            photo_request::Command::Fail { .. } => "Fail",
            photo_request::Command::Refuse { .. } => "Refuse",
            photo_request::Command::Cancel => "Cancel",
            photo_request::Command::Reopen => "Reopen",
            photo_request::Command::DeletePhoto => "DeletePhoto",
        }
    }

    fn begins(command: &photo_request::Command) -> bool {
        matches!(command, photo_request::Command::RequestPhoto { .. })
    }

    fn policy_pack(command: &photo_request::Command) -> Option<&str> {
        match command {
            photo_request::Command::RequestPhoto { policy, .. } => Some(&policy.pack),
            photo_request::Command::StartAttempt { .. }
            | photo_request::Command::RecordPrediction { .. }
            | photo_request::Command::RecordAttemptFailure { .. }
            | photo_request::Command::Deliver { .. }
            | photo_request::Command::Fail { .. }
            | photo_request::Command::Refuse { .. }
            | photo_request::Command::Cancel
            | photo_request::Command::Reopen
            | photo_request::Command::DeletePhoto => None,
        }
    }
}

impl Commanded for Conversation {
    fn name(command: &conversation::Command) -> &'static str {
        match command {
            conversation::Command::SendMessage { .. } => "SendMessage",
            conversation::Command::RecordReply { .. } => "RecordReply",
            conversation::Command::RecordFailure { .. } => "RecordFailure",
            conversation::Command::AttachPhoto { .. } => "AttachPhoto",
            conversation::Command::WithholdPhoto { .. } => "WithholdPhoto",
            conversation::Command::ChangeMode { .. } => "ChangeMode",
            conversation::Command::ShowIntervention { .. } => "ShowIntervention",
        }
    }

    /// Whatever is said first on a day begins it; usually it is not the first.
    fn begins(_command: &conversation::Command) -> bool {
        false
    }

    fn policy_pack(command: &conversation::Command) -> Option<&str> {
        match command {
            conversation::Command::SendMessage { policy, .. } => Some(&policy.pack),
            conversation::Command::RecordReply { reply, .. } => Some(&reply.policy.pack),
            conversation::Command::RecordFailure { .. }
            | conversation::Command::AttachPhoto { .. }
            | conversation::Command::WithholdPhoto { .. }
            | conversation::Command::ChangeMode { .. }
            | conversation::Command::ShowIntervention { .. } => None,
        }
    }
}

impl Commanded for Report {
    fn name(command: &report::Command) -> &'static str {
        match command {
            report::Command::FileReport { .. } => "FileReport",
            report::Command::DecideReport { .. } => "DecideReport",
        }
    }

    fn begins(command: &report::Command) -> bool {
        matches!(command, report::Command::FileReport { .. })
    }
}

impl Commanded for Stewardship {
    fn name(command: &stewardship::Command) -> &'static str {
        match command {
            stewardship::Command::ViewFigures => "ViewFigures",
            stewardship::Command::ViewProjections => "ViewProjections",
            stewardship::Command::ViewPhotos { .. } => "ViewPhotos",
            stewardship::Command::ViewUser { .. } => "ViewUser",
            stewardship::Command::ViewReports { .. } => "ViewReports",
            stewardship::Command::ViewReport { .. } => "ViewReport",
            stewardship::Command::ViewWebhooks { .. } => "ViewWebhooks",
            stewardship::Command::ViewEvents { .. } => "ViewEvents",
            stewardship::Command::ExportEvents { .. } => "ExportEvents",
            stewardship::Command::ViewEvent { .. } => "ViewEvent",
            stewardship::Command::ViewHistory { .. } => "ViewHistory",
            stewardship::Command::ViewState { .. } => "ViewState",
            stewardship::Command::ViewCheckpoint => "ViewCheckpoint",
            stewardship::Command::ProveInclusion { .. } => "ProveInclusion",
            stewardship::Command::ProveConsistency { .. } => "ProveConsistency",
            stewardship::Command::ExportBundle { .. } => "ExportBundle",
            stewardship::Command::RetryPhoto { .. } => "RetryPhoto",
            stewardship::Command::CancelPhoto { .. } => "CancelPhoto",
            stewardship::Command::TakeDecision { .. } => "TakeDecision",
            stewardship::Command::RebuildProjection { .. } => "RebuildProjection",
            stewardship::Command::ReplayWebhook { .. } => "ReplayWebhook",
            stewardship::Command::ErasePerson { .. } => "ErasePerson",
            stewardship::Command::RotateKeys { .. } => "RotateKeys",
        }
    }

    /// Whatever is done first on a day begins it; usually it is not the first.
    fn begins(_command: &stewardship::Command) -> bool {
        false
    }
}

impl Commanded for Conduct {
    fn name(command: &conduct::Command) -> &'static str {
        match command {
            conduct::Command::NoteRefusal { .. } => "NoteRefusal",
        }
    }

    /// Most people's first refusal is their last one.
    fn begins(_command: &conduct::Command) -> bool {
        false
    }

    fn policy_pack(command: &conduct::Command) -> Option<&str> {
        match command {
            conduct::Command::NoteRefusal { refusal, .. } => Some(&refusal.pack),
        }
    }
}

impl Commanded for Subscription {
    /// By an event for each picture. What people write when they cancel is no part of its state.
    const GROWS: bool = true;

    fn name(command: &subscription::Command) -> &'static str {
        match command {
            subscription::Command::StartCheckout { .. } => "StartCheckout",
            subscription::Command::ApplyProviderSnapshot { .. } => "ApplyProviderSnapshot",
            subscription::Command::RecordPaymentFailure { .. } => "RecordPaymentFailure",
            subscription::Command::CloseCheckout { .. } => "CloseCheckout",
            subscription::Command::RecordRefund { .. } => "RecordRefund",
            subscription::Command::RecordDispute { .. } => "RecordDispute",
            subscription::Command::ScheduleCancellation { .. } => "ScheduleCancellation",
            subscription::Command::ResumeSubscription => "ResumeSubscription",
            subscription::Command::ReservePhoto { .. } => "ReservePhoto",
            subscription::Command::ReleasePhoto { .. } => "ReleasePhoto",
        }
    }

    /// Nobody knows: whatever comes from the provider first begins it.
    fn begins(_command: &subscription::Command) -> bool {
        false
    }
}
