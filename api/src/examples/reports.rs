//! Reports of content, and what is decided about them.

use serde_json::{Value, json};

use super::{MARA, SCENE, photos::photo};

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
