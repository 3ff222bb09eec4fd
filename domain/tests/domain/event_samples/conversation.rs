//! Samples of the events of a conversation.

use domain::{
    conversation::{
        Decline,
        Event::{
            self, MessageSent, ModeChanged, PhotoAttached, PhotoPromised, PhotoWithheld,
            ReplyFailed, ReplyRecorded, SafetyInterventionShown,
        },
        FailureReason, Intervention, InterventionKind, Mode, Promise, ToolCall, Usage,
        WithheldReason,
    },
    personal::Personal,
    policy::recorded::{Decision, Verdict},
    values::MessageId,
};
use uuid::Uuid;

use super::{Samples, known, photo_id, text};

pub(crate) fn conversation() -> Samples<Event> {
    let photo_id = photo_id();
    let promised = |scene| PhotoPromised {
        message_id: message_id(),
        reply_id: reply_id(),
        promise: Promise { photo_id, scene },
    };
    let failed = |reason| ReplyFailed {
        message_id: message_id(),
        reason,
        detail: text(),
    };
    let withheld = |reason| PhotoWithheld { photo_id, reason };
    let mut more = vec![
        bare_reply(),
        reply(
            Personal::erased(),
            Personal::erased(),
            Decline::BadArguments,
        ),
        promised(Personal::erased()),
        shown(None, InterventionKind::Break, &[]),
        shown_to_nobody(),
    ];
    more.extend(every!(Decline: UnknownTool, BadArguments, ContentRefused, QuotaExhausted, AvatarNotReady, OneIsEnough)
        .map(|decline| reply(known(), known(), decline)));
    more.extend(
        every!(FailureReason: Refused, Filtered, AgainstTheRules, TooLong, Unavailable, Operator)
            .map(failed),
    );
    more.extend(every!(WithheldReason: Failed, Refused, Canceled).map(withheld));
    more.extend(
        every!(InterventionKind: Crisis, Stop, Escalation, Break, Disclosure)
            .map(|kind| shown(Some(message_id()), kind, &["R5"])),
    );
    for mode in every!(Mode: Friendly, Intimate) {
        more.push(ModeChanged { mode });
        for decision in every!(Decision: Allow, Refuse) {
            more.push(sent(mode, Personal::erased(), verdict(decision, &[])));
            more.push(sent(mode, known(), verdict(decision, &["R5"])));
        }
    }
    Samples {
        full: vec![
            sent(Mode::Intimate, known(), verdict(Decision::Allow, &["R5"])),
            reply(known(), known(), Decline::BadArguments),
            promised(known()),
            PhotoAttached { photo_id },
            withheld(WithheldReason::Failed),
            failed(FailureReason::Refused),
            ModeChanged {
                mode: Mode::Friendly,
            },
            shown(Some(message_id()), InterventionKind::Crisis, &["R5"]),
        ],
        more,
    }
}

fn sent(mode: Mode, text: Personal<domain::values::MessageText>, policy: Verdict) -> Event {
    MessageSent {
        message_id: message_id(),
        mode,
        text,
        policy,
    }
}

fn reply(
    says: Personal<domain::values::ReplyText>,
    arguments: Personal<domain::values::ToolArguments>,
    decline: Decline,
) -> Event {
    ReplyRecorded {
        message_id: message_id(),
        reply_id: reply_id(),
        text: Some(says),
        model: text(),
        usage: Some(Usage {
            prompt_tokens: 1,
            completion_tokens: 1,
        }),
        policy: verdict(Decision::Allow, &["R9"]),
        tool_call: Some(ToolCall {
            call_id: text(),
            name: text(),
            arguments,
        }),
        declined: Some(decline),
    }
}

fn bare_reply() -> Event {
    ReplyRecorded {
        message_id: message_id(),
        reply_id: reply_id(),
        text: None,
        model: text(),
        usage: None,
        policy: verdict(Decision::Refuse, &[]),
        tool_call: None,
        declined: None,
    }
}

fn shown(message_id: Option<MessageId>, kind: InterventionKind, rules: &[&str]) -> Event {
    SafetyInterventionShown {
        message_id,
        intervention: Intervention {
            kind,
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            text: Personal::new(text()),
        },
    }
}

/// To somebody who was erased.
fn shown_to_nobody() -> Event {
    SafetyInterventionShown {
        message_id: None,
        intervention: Intervention {
            kind: InterventionKind::Disclosure,
            rules: Vec::new(),
            text: Personal::erased(),
        },
    }
}

fn verdict(decision: Decision, rules: &[&str]) -> Verdict {
    Verdict {
        decision,
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        pack: text(),
    }
}

fn message_id() -> MessageId {
    MessageId(Uuid::from_u128(5))
}

fn reply_id() -> MessageId {
    MessageId(Uuid::from_u128(6))
}
