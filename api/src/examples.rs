//! The examples in the OpenAPI document, all about the same two people: Mara and her companion Ava.

use application::{content::Refusal, context::Intervening};
use chrono::{DateTime, TimeDelta};
use domain::{policy::Hit, values::Position};
use serde_json::{Value, json};

use crate::problem::{ClosedGate, Code, FieldError, Problem};

const MARA: &str = "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d";
const AVATAR: &str = "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e";
const REFERENCE: &str = "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f";
const SCENE: &str = "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a";
const MESSAGE: &str = "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01";
const REPLY: &str = "5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a";
const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn address(photo: &str, variant: &str) -> String {
    format!("/photos/{photo}/image?variant={variant}&expires=1795359600&signature={SHA256}")
}

pub(crate) fn new_avatar() -> Value {
    json!({
        "name": "Ava",
        "age": 25,
        "gender": "woman",
        "nationality": "Portuguese",
        "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
        "personality": "caring",
    })
}

pub(crate) fn avatar() -> Value {
    let mut avatar = new_avatar();
    let more = json!({
        "id": AVATAR,
        "reference_image": {
            "status": "approved",
            "photo_id": REFERENCE,
            "image_url": address(REFERENCE, "full"),
            "thumbnail_url": address(REFERENCE, "thumbnail"),
        },
        "reference_history": [{
            "photo_id": REFERENCE,
            "image_url": address(REFERENCE, "full"),
            "thumbnail_url": address(REFERENCE, "thumbnail"),
            "approved": true,
        }],
        "created_at": "2026-11-22T14:00:00Z",
        "updated_at": "2026-11-22T14:01:30Z",
    });
    if let (Value::Object(avatar), Value::Object(more)) = (&mut avatar, more) {
        avatar.extend(more);
    }
    avatar
}

pub(crate) fn fresh_avatar() -> Value {
    let mut avatar = avatar();
    avatar["reference_image"] = json!({"status": "none"});
    avatar["reference_history"] = json!([]);
    avatar["updated_at"] = avatar["created_at"].clone();
    avatar
}

pub(crate) fn avatar_changes() -> Value {
    json!({"appearance": "short auburn hair, freckles, green eyes, a raincoat", "personality": "adventurous"})
}

pub(crate) fn approval() -> Value {
    json!({"photo_id": REFERENCE})
}

pub(crate) fn provenance_of_ours() -> Value {
    json!({
        "made_by_ava": "yes",
        "evidence": {"known_hash": true, "manifest": "ours", "xmp": "trained_model", "visible_mark": true},
    })
}

pub(crate) fn provenance_of_a_screenshot() -> Value {
    json!({
        "made_by_ava": "likely",
        "evidence": {"known_hash": false, "manifest": "none", "xmp": "none", "visible_mark": true},
    })
}

pub(crate) fn provenance_of_a_stranger() -> Value {
    json!({
        "made_by_ava": "unknown",
        "evidence": {"known_hash": false, "manifest": "none", "xmp": "none", "visible_mark": false},
    })
}

pub(crate) fn requested_reference() -> Value {
    json!({
        "id": REFERENCE,
        "purpose": "reference",
        "scene": null,
        "status": "requested",
        "attempts": 0,
        "requested_at": "2026-11-22T14:01:00Z",
    })
}

pub(crate) fn new_photo() -> Value {
    json!({"scene": "reading a letter on a balcony in Lisbon, late light"})
}

pub(crate) fn requested_photo() -> Value {
    json!({
        "id": SCENE,
        "purpose": "scene",
        "scene": "reading a letter on a balcony in Lisbon, late light",
        "status": "requested",
        "attempts": 0,
        "requested_at": "2026-11-22T14:10:00Z",
    })
}

pub(crate) fn photo() -> Value {
    let mut photo = requested_photo();
    photo["status"] = json!("delivered");
    photo["attempts"] = json!(1);
    photo["image"] = json!({
        "url": address(SCENE, "full"),
        "thumbnail_url": address(SCENE, "thumbnail"),
        "width": 1024,
        "height": 1024,
        "media_type": "image/jpeg",
        "bytes": 184_320,
        "sha256": SHA256,
    });
    photo["delivered_at"] = json!("2026-11-22T14:10:07Z");
    photo
}

pub(crate) fn canceled_photo() -> Value {
    let mut photo = requested_photo();
    photo["status"] = json!("canceled");
    photo
}

pub(crate) fn photos() -> Value {
    json!({"items": [photo()], "next_cursor": "MSAxNzk1MzU2NjAwMDAwMDAwIDAxOTNlN2Y5"})
}

pub(crate) fn new_message() -> Value {
    json!({"text": "Send me a photo of you at the beach"})
}

pub(crate) fn message() -> Value {
    json!({
        "id": MESSAGE,
        "role": "user",
        "text": "Send me a photo of you at the beach",
        "mode": "intimate",
        "created_at": "2026-11-22T14:09:58Z",
    })
}

fn reply() -> Value {
    let mut photo = photo();
    photo["scene"] = json!("at the beach");
    json!({
        "id": REPLY,
        "role": "avatar",
        "text": "Of course. One moment, I'll find a nice spot.",
        "photo": photo,
        "mode": "intimate",
        "in_reply_to": MESSAGE,
        "created_at": "2026-11-22T14:10:00Z",
    })
}

fn disclosure() -> Value {
    json!({
        "id": "0193e7f9-2b0f-7a31-9d52-1c2b3a4f5e60",
        "role": "system",
        "text": "Hello, I'm Ava. I'm an AI companion, not a human being: I'm made up, and so are my pictures. What would you like to talk about?",
        "mode": "intimate",
        "kind": "disclosure",
        "created_at": "2026-11-22T14:09:58Z",
    })
}

pub(crate) fn messages() -> Value {
    json!({"items": [reply(), message(), disclosure()], "next_cursor": null})
}

pub(crate) fn chat() -> Value {
    json!({
        "mode": "friendly",
        "disclosure": {
            "badge": "AI companion: not a human being",
            "text": disclosure()["text"],
        },
        "unanswered": [],
    })
}

pub(crate) fn chat_changes() -> Value {
    json!({"mode": "intimate"})
}

pub(crate) fn intimate_chat() -> Value {
    let mut chat = chat();
    chat["mode"] = json!("intimate");
    chat
}

pub(crate) fn prediction_message() -> Value {
    json!({"id": "gm3qorzdhgbfurvjtvhg6dckhu", "status": "succeeded"})
}

pub(crate) fn plans() -> Value {
    json!({"items": [{
        "id": "monthly",
        "name": "Monthly",
        "price": {"amount": 1490, "currency": "eur", "interval": "month"},
        "photos_per_period": 60,
        "trial_days": 0,
    }]})
}

pub(crate) fn new_checkout() -> Value {
    json!({"plan": "monthly"})
}

pub(crate) fn checkout() -> Value {
    json!({"checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3", "session_id": "cs_test_a1b2c3"})
}

pub(crate) fn subscription() -> Value {
    json!({
        "status": "active",
        "open": true,
        "reason": null,
        "plan": "monthly",
        "current_period_end": "2026-12-22T14:05:00Z",
        "cancel_at_period_end": false,
        "usage": {"photos_used": 1, "photos_limit": 60},
    })
}

pub(crate) fn portal() -> Value {
    json!({"portal_url": "https://billing.stripe.com/p/session/test_a1b2c3"})
}

pub(crate) fn cancellation() -> Value {
    json!({"survey": {"reason": "unused", "comment": "I have no time for it at the moment."}})
}

pub(crate) fn ending_subscription() -> Value {
    let mut subscription = subscription();
    subscription["cancel_at_period_end"] = json!(true);
    subscription
}

pub(crate) fn invoices() -> Value {
    json!({"items": [{
        "id": "in_a1b2c3",
        "number": "AVA-0001",
        "status": "paid",
        "amount_due": 1490,
        "amount_paid": 1490,
        "currency": "eur",
        "created_at": "2026-11-22T14:05:00Z",
        "period_start": "2026-11-22T14:05:00Z",
        "period_end": "2026-12-22T14:05:00Z",
        "page_url": "https://invoice.stripe.com/i/a1b2c3",
        "pdf_url": "https://pay.stripe.com/invoice/a1b2c3/pdf",
    }], "next_cursor": null})
}

pub(crate) fn payment_message() -> Value {
    json!({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1_795_356_300, "data": {"object": {"id": "in_1", "object": "invoice"}}})
}

pub(crate) fn received() -> Value {
    json!({"received": true})
}

pub(crate) fn health() -> Value {
    json!({"status": "ok"})
}

pub(crate) fn ready() -> Value {
    json!({"status": "ok", "checks": {"postgres": "ok", "redis": "disabled", "projections": "ok", "storage": "ok", "replica": "disabled"}})
}

pub(crate) fn not_ready() -> Value {
    json!({"status": "unavailable", "checks": {"postgres": "down", "redis": "disabled", "projections": "down", "storage": "ok", "replica": "disabled"}})
}

pub(crate) fn degraded() -> Value {
    json!({
        "status": "degraded",
        "checks": {"postgres": "ok", "redis": "disabled", "projections": "degraded", "storage": "ok", "replica": "disabled"},
        "reasons": ["photos is being rebuilt for a new version: 43 %"],
    })
}

pub(crate) fn projections() -> Value {
    json!({"items": [{
        "name": "photos",
        "version": 1,
        "position": 42,
        "lag_events": 0,
        "lag_seconds": 0.0,
        "state": "running",
        "error": null,
        "failed_position": null,
        "rebuild": {"version": 2, "position": 18, "lag_events": 24, "percent": 42, "state": "running", "error": null},
        "check": {
            "position": 40,
            "checked_at": "2026-11-22T14:00:00Z",
            "rows": 2,
            "rows_different": 0,
            "took_ms": 12,
        },
    }]})
}

fn logged_event() -> Value {
    json!({
        "position": 41,
        "event_id": "0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9",
        "aggregate_type": "Avatar",
        "aggregate_id": MARA,
        "sequence": 4,
        "event_type": "ReferenceImageApproved",
        "event_version": "1",
        "recorded_at": "2026-11-22T14:01:30Z",
        "payload": {"type": "ReferenceImageApproved", "photo_id": REFERENCE},
        "metadata": {
            "actor": format!("user:{MARA}"),
            "owner": MARA,
            "correlation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
            "causation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
            "command": "ApproveReferenceImage",
        },
    })
}

pub(crate) fn logged_events() -> Value {
    json!({"items": [logged_event()], "next_cursor": "41"})
}

pub(crate) fn exported_events() -> Value {
    json!(format!("{}\n", logged_event()))
}

pub(crate) fn event_detail() -> Value {
    let mut event = logged_event();
    event["leaf_hash"] = json!(SHA256);
    event["state_before"] = json!({"reference": {"status": "ready", "photo_id": REFERENCE}});
    event["state_after"] = json!({"reference": {"status": "approved", "photo_id": REFERENCE}});
    event["changes"] =
        json!([{"path": "/reference/status", "before": "ready", "after": "approved"}]);
    event
}

pub(crate) fn past_state() -> Value {
    json!({
        "aggregate_type": "Avatar",
        "aggregate_id": MARA,
        "as_of_position": 57,
        "position": 41,
        "sequence": 4,
        "recorded_at": "2026-11-22T14:01:30Z",
        "state": {"reference": {"status": "approved", "photo_id": REFERENCE}},
    })
}

pub(crate) fn projection() -> Value {
    projections()["items"][0].clone()
}

pub(crate) fn new_report() -> Value {
    json!({
        "subject": {"kind": "photo", "id": SCENE},
        "reason": "real-person",
        "text": "She looks like somebody I know.",
    })
}

pub(crate) fn report() -> Value {
    let mut report = new_report();
    report["id"] = json!(SCENE);
    report["status"] = json!("open");
    report["decision"] = Value::Null;
    report["filed_at"] = json!("2026-11-22T15:00:00Z");
    report["due_at"] = json!("2026-11-23T15:00:00Z");
    report["decided_at"] = Value::Null;
    report
}

pub(crate) fn reports() -> Value {
    json!({"items": [report()], "next_cursor": null})
}

fn admin_report() -> Value {
    let mut report = report();
    report["owner"] = json!(MARA);
    report["overdue"] = json!(false);
    report["note"] = Value::Null;
    report["decided_by"] = Value::Null;
    report
}

pub(crate) fn report_queue() -> Value {
    json!({"items": [admin_report()], "next_cursor": null})
}

pub(crate) fn reported_content() -> Value {
    let mut report = admin_report();
    report["photo"] = photo();
    report["message"] = Value::Null;
    report
}

pub(crate) fn new_decision() -> Value {
    json!({"decision": "content-removed", "note": "The likeness is plain."})
}

pub(crate) fn decided_report() -> Value {
    let mut report = admin_report();
    report["status"] = json!("decided");
    report["decision"] = json!("content-removed");
    report["note"] = json!("The likeness is plain.");
    report["decided_by"] = json!("operator:0193e7f1-9d40-7a6b-8c1d-aaaaaaaaaaaa");
    report["decided_at"] = json!("2026-11-22T16:20:00Z");
    report
}

fn admin_photo() -> Value {
    json!({
        "id": SCENE,
        "owner": MARA,
        "purpose": "scene",
        "status": "failed",
        "attempts": 5,
        "failure": {"code": "transient", "detail": "503 of the provider's", "retryable": true},
        "rules": [],
        "requested_at": "2026-11-22T14:10:00Z",
    })
}

pub(crate) fn admin_photos() -> Value {
    json!({"items": [admin_photo()], "next_cursor": null})
}

pub(crate) fn retried_photo() -> Value {
    admin_photo_without_failure("requested")
}

pub(crate) fn photo_canceled_by_operator() -> Value {
    admin_photo_without_failure("canceled")
}

fn admin_photo_without_failure(status: &str) -> Value {
    let mut photo = admin_photo();
    photo["status"] = json!(status);
    if let Value::Object(fields) = &mut photo {
        fields.remove("failure");
    }
    photo
}

pub(crate) fn user_account() -> Value {
    json!({
        "id": MARA,
        "avatar_created_at": "2026-11-22T14:00:00Z",
        "subscription": {
            "status": "active",
            "plan": "monthly",
            "customer_id": "cus_a1b2c3",
            "current_period_end": "2026-12-22T14:05:00Z",
            "photos_used": 1,
            "photos_limit": 60,
        },
        "photos": [{"status": "delivered", "count": 2}, {"status": "failed", "count": 1}],
        "reports": 1,
        "conduct": {"flagged": false, "refusals": 1, "hard_refusals": 0, "cooling_down_until": null},
    })
}

pub(crate) fn personal_data() -> Value {
    json!({
        "exported_at": "2026-11-22T15:00:00Z",
        "log_position": 42,
        "person": {"id": MARA, "email": "mara@example.com"},
        "avatar": avatar(),
        "subscription": subscription(),
        "invoices": invoices()["items"],
        "chat": {"mode": "friendly"},
        "reports": [report()],
        "refusals": {"all": 0, "hard": 0},
        "photos": [photo()],
        "messages": [message(), reply()],
        "events": [{
            "position": 1,
            "aggregate_type": "Avatar",
            "aggregate_id": MARA,
            "sequence": 1,
            "event_type": "AvatarCreated",
            "event_version": "1",
            "recorded_at": "2026-11-22T14:00:00Z",
            "payload": {"type": "AvatarCreated", "avatar_id": AVATAR, "owner": MARA, "name": {"personal": "Ava"}, "age": 25},
            "metadata": {"actor": format!("user:{MARA}"), "owner": MARA, "command": "CreateAvatar"},
        }],
    })
}

pub(crate) fn figures() -> Value {
    json!({
        "measured_at": "2026-11-22T15:00:00Z",
        "log_position": 42,
        "photos": [{"status": "delivered", "count": 2}, {"status": "failed", "count": 1}],
        "deliveries": [{"hour": "2026-11-22T14:00:00Z", "count": 2}],
        "subscriptions": [{"status": "active", "count": 1}],
        "queue": {"depth": 3, "due": 1},
        "lag": [{"name": "photos", "events": 0, "seconds": 0.0, "state": "running"}],
        "reports": {"open": 1, "overdue": 0},
        "webhooks": {"waiting": 0, "parked": 1, "done": 7},
    })
}

pub(crate) fn webhook() -> Value {
    json!({
        "id": "evt_a1b2c3",
        "provider": "stripe",
        "type": "invoice.paid",
        "state": "parked",
        "attempts": 12,
        "replays": 0,
        "error": "the payment provider knows no such subscription",
        "received_at": "2026-11-22T14:05:00Z",
        "settled_at": "2026-11-22T14:25:00Z",
    })
}

pub(crate) fn webhooks() -> Value {
    json!({"items": [webhook()], "next_cursor": null})
}

pub(crate) fn sign_in() -> Value {
    json!({"email": "mara@example.com"})
}

pub(crate) fn token() -> Value {
    json!({
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTkzIn0.c2lnbmF0dXJl",
        "token_type": "Bearer",
        "expires_in": 86_400,
        "user": {"id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d", "email": "mara@example.com", "roles": []},
    })
}

pub(crate) fn updates() -> Value {
    let (photo, reply) = (photo(), reply());
    let delta =
        json!({"id": REPLY, "in_reply_to": MESSAGE, "mode": "intimate", "text": "Of course. One"});
    json!(format!(
        "retry: 2000\nid: 41\n\nid: 42\nevent: photo\ndata: {photo}\n\nevent: message-delta\ndata: {delta}\n\n\
         id: 43\nevent: message\ndata: {reply}\n\n: still here\n\n"
    ))
}

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
