use serde_json::json;

use super::*;

const ID: &str = "0198f3a0-0000-7000-8000-000000000001";

fn ava_user() -> Option<UserId> {
    ID.parse().ok()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn read(kind: &str, object: Value) -> PaymentNotice {
    let body = json!({
        "id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_000, "data": {"object": object},
    });
    notice(body.to_string().as_bytes()).unwrap()
}

fn new_subscription() -> Value {
    json!({
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active",
        "cancel_at_period_end": false, "cancel_at": null, "metadata": {"user_id": ID},
        "items": {"data": [{
            "price": {"id": "price_1"}, "current_period_start": 1_700_000_000, "current_period_end": 1_702_592_000,
        }]},
    })
}

fn old_subscription() -> Value {
    json!({
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active",
        "cancel_at_period_end": false, "metadata": {"user_id": ID},
        "current_period_start": 1_700_000_000, "current_period_end": 1_702_592_000,
        "items": {"data": [{"price": {"id": "price_1"}}]},
    })
}

fn expected() -> ProviderSubscription {
    ProviderSubscription {
        id: "sub_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        user: ava_user(),
        status: Status::Active,
        price_id: "price_1".to_owned(),
        period_start: at(1_700_000_000),
        period_end: at(1_702_592_000),
        cancel_at_period_end: false,
    }
}

#[test]
fn both_shapes_of_a_subscription_read_the_same() {
    assert_eq!(subscription(&new_subscription()), Some(expected()));
    assert_eq!(subscription(&old_subscription()), Some(expected()));
}

#[test]
fn expanded_references_read_like_ids() {
    let mut object = new_subscription();
    object["customer"] = json!({"id": "cus_1", "object": "customer", "email": "a@example.com"});
    assert_eq!(subscription(&object), Some(expected()));
}

#[test]
fn the_price_of_an_old_item_stands_in_its_plan() {
    let mut object = old_subscription();
    object["items"]["data"][0] = json!({"plan": {"id": "price_1"}});
    assert_eq!(subscription(&object), Some(expected()));
    object["items"] = json!({"data": []});
    object["plan"] = json!({"id": "price_1"});
    assert_eq!(subscription(&object), Some(expected()));
}

#[test]
fn an_end_with_the_period_is_seen_in_both_billing_modes() {
    let mut classic = new_subscription();
    classic["cancel_at_period_end"] = json!(true);
    let mut flexible = new_subscription();
    flexible["cancel_at"] = json!(1_702_592_000);
    let mut much_later = new_subscription();
    much_later["cancel_at"] = json!(1_800_000_000);
    let ends = |object: &Value| subscription(object).unwrap().cancel_at_period_end;
    assert!(ends(&classic));
    assert!(ends(&flexible));
    assert!(!ends(&much_later));
}

#[test]
fn every_status_of_stripe_is_known_and_an_unknown_one_is_not_guessed() {
    for status in [
        "incomplete",
        "incomplete_expired",
        "trialing",
        "active",
        "past_due",
        "canceled",
        "unpaid",
        "paused",
    ] {
        let mut object = new_subscription();
        object["status"] = json!(status);
        assert_eq!(subscription(&object).unwrap().status.as_str(), status);
    }
    let mut object = new_subscription();
    object["status"] = json!("hibernating");
    assert_eq!(subscription(&object), None);
    let read = read("customer.subscription.updated", object);
    assert_eq!(read.subscription_id.as_deref(), Some("sub_1"));
    assert_eq!(read.subscription, None);
}

#[test]
fn a_subscription_that_lacks_what_counts_is_not_guessed() {
    for field in ["id", "customer", "status", "items"] {
        let mut object = new_subscription();
        object.as_object_mut().unwrap().remove(field);
        assert_eq!(subscription(&object), None, "{field}");
    }
    for field in ["price", "current_period_start", "current_period_end"] {
        let mut object = new_subscription();
        object["items"]["data"][0]
            .as_object_mut()
            .unwrap()
            .remove(field);
        assert_eq!(subscription(&object), None, "{field}");
    }
}

#[test]
fn a_checkout_names_its_user_twice() {
    let by_reference = json!({
        "id": "cs_1", "customer": "cus_1", "subscription": "sub_1", "client_reference_id": ID,
    });
    let by_metadata = json!({
        "id": "cs_1", "customer": {"id": "cus_1"}, "subscription": {"id": "sub_1"},
        "client_reference_id": null, "metadata": {"user_id": ID},
    });
    for object in [by_reference, by_metadata] {
        let read = read("checkout.session.completed", object);
        assert_eq!(read.id, "evt_1");
        assert_eq!(read.created, at(1_700_000_000));
        assert_eq!(read.user, ava_user());
        assert_eq!(read.subscription_id.as_deref(), Some("sub_1"));
        assert_eq!(read.customer_id.as_deref(), Some("cus_1"));
        assert_eq!(read.subscription, None);
    }
}

#[test]
fn both_shapes_of_an_invoice_read_the_same() {
    let new = json!({
        "id": "in_1", "customer": "cus_1",
        "parent": {"type": "subscription_details", "subscription_details": {
            "subscription": "sub_1", "metadata": {"user_id": ID},
        }},
    });
    let old = json!({
        "id": "in_1", "customer": "cus_1", "subscription": "sub_1",
        "subscription_details": {"metadata": {"user_id": ID}},
    });
    assert_eq!(
        read("invoice.payment_failed", new.clone()),
        read("invoice.payment_failed", old)
    );
    let read = read("invoice.payment_failed", new);
    assert_eq!(read.invoice_id.as_deref(), Some("in_1"));
    assert_eq!(read.subscription_id.as_deref(), Some("sub_1"));
    assert_eq!(read.user, ava_user());
}

#[test]
fn an_invoice_without_a_subscription_is_about_none() {
    let read = read(
        "invoice.paid",
        json!({"id": "in_1", "customer": "cus_1", "parent": null}),
    );
    assert_eq!(read.subscription_id, None);
}

#[test]
fn an_unknown_type_is_an_event_and_nothing_more() {
    let read = read("customer.subscription.teleported", new_subscription());
    let bare = PaymentNotice {
        id: "evt_1".to_owned(),
        kind: "customer.subscription.teleported".to_owned(),
        created: at(1_700_000_000),
        subscription_id: None,
        subscription: None,
        invoice_id: None,
        session_id: None,
        money_back: None,
        user: None,
        customer_id: None,
    };
    assert_eq!(read, bare);
}

#[test]
fn strange_values_are_absent_values() {
    let read = read(
        "checkout.session.completed",
        json!({"subscription": 7, "customer": "", "client_reference_id": "somebody else's", "metadata": []}),
    );
    assert_eq!(
        (read.subscription_id, read.customer_id, read.user),
        (None, None, None)
    );
    let empty = br#"{"id":"evt_1","type":"invoice.paid","created":1700000000}"#;
    assert!(notice(empty).is_ok());
}

#[test]
fn what_is_no_event_is_refused() {
    for body in [
        "",
        "null",
        "[]",
        "\"evt_1\"",
        "{",
        "{}",
        r#"{"type":"invoice.paid","created":1700000000}"#,
        r#"{"id":"","type":"invoice.paid","created":1700000000}"#,
        r#"{"id":"evt_1","created":1700000000}"#,
        r#"{"id":"evt_1","type":7,"created":1700000000}"#,
        r#"{"id":"evt_1","type":"invoice.paid"}"#,
        r#"{"id":"evt_1","type":"invoice.paid","created":"yesterday"}"#,
    ] {
        assert!(notice(body.as_bytes()).is_err(), "{body}");
    }
    assert!(notice(&[0xff, 0xfe]).is_err());
}

#[test]
fn the_second_generation_of_events_tells_the_time_in_words() {
    let body = br#"{"id":"evt_1","type":"v2.core.event","created":"2023-11-14T22:13:20.123Z"}"#;
    assert_eq!(notice(body).unwrap().created, at(1_700_000_000));
}
