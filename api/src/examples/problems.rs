//! Answers that are problems.

use application::{content::Refusal, context::Intervening};
use chrono::{DateTime, TimeDelta};
use domain::{policy::Hit, values::Position};
use serde_json::{Value, json};

use crate::problem::{ClosedGate, Code, FieldError, Problem};

/// An answer of that kind.
pub(crate) fn problem(code: Code) -> Value {
    let with_particulars = [
        Problem::invalid(
            Code::InvalidParameter,
            vec![FieldError::parameter(
                "limit",
                "must be a whole number from 1 to 100",
            )],
        ),
        at_gate(Code::SubscriptionRequired, "none"),
        at_gate(Code::PaymentIncomplete, "payment_incomplete"),
        at_gate(Code::PaymentPastDue, "payment_past_due"),
        at_gate(Code::SubscriptionUnpaid, "unpaid"),
        at_gate(Code::SubscriptionPaused, "paused"),
        at_gate(Code::PhotoQuotaExhausted, "quota_exhausted"),
        Problem::precondition_failed(vec![Intervening {
            position: Position(41),
            event_type: "ProfileChanged".to_owned(),
            recorded_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_356_090),
        }]),
        Problem::invalid(
            Code::InvalidBody,
            vec![
                FieldError::at("/name", "must not be empty; send 1 to 100 characters"),
                FieldError::at("/age", "must be a whole number from 20 to 120"),
            ],
        ),
        Problem::content_refused(
            Refusal {
                rules: vec!["R3".to_owned()],
                hits: vec![Hit {
                    field: "scene".to_owned(),
                    rule: "R3".to_owned(),
                }],
                crisis: false,
            },
            None,
        ),
        Problem::read_model_behind(Position(42)),
        Problem::cooling_down(Code::ContentCoolDown.example(), 1800),
    ];
    let problem = with_particulars
        .into_iter()
        .find(|problem| problem.code() == code)
        .unwrap_or_else(|| Problem::plain(code));
    json!(
        problem
            .about("0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a")
            .document()
    )
}

fn at_gate(code: Code, reason: &'static str) -> Problem {
    let closed = Problem::plain(code).because(reason);
    closed.at_closed_gate(ClosedGate {
        subscribe_url: "https://ava.example/subscribe".to_owned(),
        portal_available: reason != "none",
    })
}
