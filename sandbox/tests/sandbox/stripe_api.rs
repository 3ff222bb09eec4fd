//! Stripe's customers, prices, lists, idempotency keys and errors.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_sandbox::{config, started, started_with};

#[tokio::test]
async fn a_customer_is_created_changed_found_and_deleted() {
    let sandbox = started().await;
    let form = [("email", "mia@example.com"), ("metadata[user_id]", "u-1")];
    let customer = sandbox.asked(Method::POST, "/customers", &form).await;
    let path = format!("/customers/{}", customer["id"].as_str().unwrap());
    assert_eq!(customer["metadata"]["user_id"], "u-1");
    let changed = sandbox
        .asked(
            Method::POST,
            &path,
            &[("name", "Mia"), ("metadata[user_id]", "")],
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["metadata"]),
        (&json!("Mia"), &json!({}))
    );
    let found = sandbox
        .asked(Method::GET, "/customers?email=mia%40example.com", &[])
        .await;
    assert_eq!(found["data"][0]["id"], customer["id"]);
    assert_eq!(
        sandbox.asked(Method::DELETE, &path, &[]).await["deleted"],
        true
    );
    let found = sandbox.asked(Method::GET, "/customers", &[]).await;
    assert_eq!(found["data"], json!([]));
}

#[tokio::test]
async fn deleting_a_customer_ends_its_subscriptions() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let subscription = sandbox
        .asked(Method::GET, &format!("/subscriptions/{id}"), &[])
        .await;
    let path = format!("/customers/{}", subscription["customer"].as_str().unwrap());
    sandbox.asked(Method::DELETE, &path, &[]).await;
    let subscription = sandbox
        .asked(Method::GET, &format!("/subscriptions/{id}"), &[])
        .await;
    assert_eq!(subscription["status"], "canceled");
}

#[tokio::test]
async fn any_price_exists_until_prices_are_strict() {
    let sandbox = started().await;
    let price = sandbox
        .asked(Method::GET, "/prices/price_ava_monthly", &[])
        .await;
    assert_eq!(
        (&price["unit_amount"], &price["currency"]),
        (&json!(1499), &json!("usd"))
    );
    assert_eq!(price["recurring"]["interval"], "month");
    let yearly = json!({"id": "price_year", "unit_amount": 9900, "currency": "eur", "interval": "year", "product_name": "Ava Plus"});
    sandbox
        .control(
            "/stripe/prices",
            json!({"strict": true, "prices": [yearly]}),
        )
        .await;
    let price = sandbox.asked(Method::GET, "/prices/price_year", &[]).await;
    assert_eq!(
        (&price["unit_amount"], &price["currency"]),
        (&json!(9900), &json!("eur"))
    );
    let (status, error) = sandbox
        .stripe(Method::GET, "/prices/price_ava_monthly", &[])
        .await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (404, &json!("resource_missing"))
    );
    let prices = sandbox.asked(Method::GET, "/prices", &[]).await;
    assert_eq!(prices["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_have_pages() {
    let sandbox = started().await;
    for _ in 0..5 {
        sandbox.asked(Method::POST, "/customers", &[]).await;
    }
    let first = sandbox.asked(Method::GET, "/customers?limit=3", &[]).await;
    assert_eq!(first["has_more"], true);
    let last = first["data"][2]["id"].as_str().unwrap();
    let rest = sandbox
        .asked(
            Method::GET,
            &format!("/customers?limit=3&starting_after={last}"),
            &[],
        )
        .await;
    assert_eq!(
        (rest["data"].as_array().unwrap().len(), &rest["has_more"]),
        (2, &json!(false))
    );
    let next = rest["data"][0]["id"].as_str().unwrap();
    let back = sandbox
        .asked(
            Method::GET,
            &format!("/customers?limit=3&ending_before={next}"),
            &[],
        )
        .await;
    assert_eq!(back["data"], first["data"]);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_again() {
    let sandbox = started().await;
    let create = |email: &'static str| {
        let sandbox = &sandbox;
        async move {
            sandbox
                .stripe_with_key(
                    Method::POST,
                    "/customers",
                    &[("email", email)],
                    Some("key-1"),
                )
                .await
        }
    };
    let (status, first) = create("mia@example.com").await;
    assert_eq!(status, 200);
    assert_eq!(create("mia@example.com").await, (200, first));
    let (status, error) = create("other@example.com").await;
    assert_eq!(
        (status, &error["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    assert_eq!(
        sandbox.get("/control/stripe/ledger").await["counts"]["customers"],
        1
    );
    let long = "k".repeat(256);
    let (status, _) = sandbox
        .stripe_with_key(Method::POST, "/customers", &[], Some(&long))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_stored_failure_is_replayed_and_a_refusal_is_not() {
    let sandbox = started().await;
    sandbox
        .post(
            "/control/stripe/fail_next",
            json!({"status": 500, "times": 1}),
        )
        .await;
    for _ in 0..2 {
        let (status, error) = sandbox
            .stripe_with_key(Method::POST, "/customers", &[], Some("a"))
            .await;
        assert_eq!(
            (status, &error["error"]["type"]),
            (500, &json!("api_error"))
        );
    }
    let bad = [("email", "nonsense")];
    let (status, error) = sandbox
        .stripe_with_key(Method::POST, "/customers", &bad, Some("b"))
        .await;
    assert_eq!((status, &error["error"]["param"]), (400, &json!("email")));
    let good = [("email", "mia@example.com")];
    assert_eq!(
        sandbox
            .stripe_with_key(Method::POST, "/customers", &good, Some("b"))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn keys_are_checked_as_bearer_and_as_basic() {
    let sandbox = started_with(sandbox::SandboxConfig {
        stripe_secret_key: Some("sk_test_right".to_owned()),
        ..config()
    })
    .await;
    let url = sandbox.url("/v1/customers");
    let status =
        async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(sandbox.client.get(&url)).await, 401);
    assert_eq!(
        status(sandbox.client.get(&url).bearer_auth("sk_test_wrong")).await,
        401
    );
    assert_eq!(
        status(sandbox.client.get(&url).bearer_auth("sk_test_right")).await,
        200
    );
    assert_eq!(
        status(
            sandbox
                .client
                .get(&url)
                .basic_auth("sk_test_right", Some(""))
        )
        .await,
        200
    );
}

#[tokio::test]
async fn unknown_things_are_answered_in_stripes_words() {
    let sandbox = started().await;
    let (status, error) = sandbox
        .stripe(Method::GET, "/subscriptions/sub_1", &[])
        .await;
    assert_eq!(
        (status, &error["error"]["message"]),
        (404, &json!("No such subscription: 'sub_1'"))
    );
    let (status, error) = sandbox
        .stripe(Method::POST, "/checkout/sessions", &[])
        .await;
    assert_eq!((status, &error["error"]["param"]), (400, &json!("mode")));
    let answer = sandbox
        .client
        .get(sandbox.url("/v1/nonsense"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let answer: Value = answer.json().await.unwrap();
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/v1/nonsense")
    );
}

#[tokio::test]
async fn an_older_version_gets_the_older_shape() {
    let sandbox = started().await;
    let id = sandbox.subscribed(&[]).await;
    let new = sandbox
        .asked(Method::GET, &format!("/subscriptions/{id}"), &[])
        .await;
    assert!(
        new["current_period_end"].is_null()
            && new["items"]["data"][0]["current_period_end"].is_i64()
    );
    let request = sandbox
        .client
        .get(sandbox.url(&format!("/v1/subscriptions/{id}")));
    let request = request
        .bearer_auth("sk_test")
        .header("stripe-version", "2024-06-20");
    let old: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(
        old["current_period_end"].is_i64()
            && old["items"]["data"][0]["current_period_end"].is_null()
    );
}
