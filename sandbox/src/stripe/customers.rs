//! Customers.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Call, answer};
use super::error::Error;
use super::shape::with_nulls;
use super::state::{State, new_id};
use super::{clock, events, lists};
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const CUSTOMER_NULLS: [&str; 5] = [
    "address",
    "default_source",
    "discount",
    "shipping",
    "test_clock",
];

/// A customer as it is stored; times are in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) description: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) deleted: bool,
    /// What becomes of attempts to charge it.
    #[serde(default)]
    pub(super) card: Card,
}

/// How a customer's card behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Card {
    #[default]
    Good,
    Declined,
    /// There is none.
    Missing,
}

impl Customer {
    pub(super) fn json(&self) -> Value {
        if self.deleted {
            return json!({"id": self.id, "object": "customer", "deleted": true});
        }
        with_nulls(
            json!({
                "id": self.id,
                "object": "customer",
                "balance": 0,
                "created": self.created,
                "currency": "usd",
                "delinquent": false,
                "description": self.description,
                "email": self.email,
                "invoice_prefix": self.id.get(4..12).unwrap_or("SANDBOX").to_uppercase(),
                "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null},
                "livemode": false,
                "metadata": self.metadata,
                "name": self.name,
                "next_invoice_sequence": 1,
                "phone": self.phone,
                "preferred_locales": [],
                "tax_exempt": "none",
            }),
            &CUSTOMER_NULLS,
        )
    }
}

/// Registers the routes of customers.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(create)
        .service(list)
        .service(get)
        .service(update)
        .service(remove);
}

#[post("/v1/customers")]
async fn create(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        let customer = new(call.now);
        let id = customer.id.clone();
        call.state.customers.push(customer);
        change(call, &id)?;
        announce(call, "customer.created", &id)
    })
    .await
}

#[post("/v1/customers/{id}")]
async fn update(
    world: Data<World>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        change(call, &id)?;
        announce(call, "customer.updated", &id)
    })
    .await
}

#[get("/v1/customers/{id}")]
async fn get(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let customer = call.state.customer(&id);
        customer
            .map(Customer::json)
            .ok_or_else(|| Error::not_found("customer", &id))
    })
    .await
}

#[get("/v1/customers")]
async fn list(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let email = call.params.text(&["email"]);
        let all = call.state.customers.iter().rev().filter(|one| !one.deleted);
        let wanted = all.filter(|one| email.is_none() || one.email.as_deref() == email);
        lists::page(
            wanted.map(Customer::json).collect(),
            "/v1/customers",
            call.params,
        )
    })
    .await
}

/// Deletes a customer, and ends its subscriptions as Stripe does.
#[delete("/v1/customers/{id}")]
async fn remove(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        existing(call.state, &id)?;
        let theirs = call
            .state
            .subscriptions
            .iter()
            .filter(|one| one.customer == *id);
        let open: Vec<String> = theirs
            .filter(|one| !one.status.is_final())
            .map(|one| one.id.clone())
            .collect();
        for subscription in open {
            clock::end(call.state, &subscription, call.now);
        }
        let before = call.state.customer(&id).map_or(Value::Null, Customer::json);
        existing(call.state, &id)?.deleted = true;
        events::emit(call.state, "customer.deleted", before, None, call.now);
        Ok(json!({"id": *id, "object": "customer", "deleted": true}))
    })
    .await
}

/// A customer without any particulars.
pub(super) fn new(now: i64) -> Customer {
    Customer {
        id: new_id("cus_"),
        created: now,
        email: None,
        name: None,
        phone: None,
        description: None,
        metadata: BTreeMap::new(),
        deleted: false,
        card: Card::Good,
    }
}

fn existing<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Customer, Error> {
    let found = state
        .customers
        .iter_mut()
        .find(|one| one.id == id && !one.deleted);
    found.ok_or_else(|| Error::not_found("customer", id))
}

/// Sets what the parameters give; an empty text unsets a field or a metadata key.
fn change(call: &mut Call<'_>, id: &str) -> Result<(), Error> {
    let params = call.params;
    let customer = existing(call.state, id)?;
    let fields = [
        ("email", &mut customer.email),
        ("name", &mut customer.name),
        ("phone", &mut customer.phone),
        ("description", &mut customer.description),
    ];
    for (name, field) in fields {
        if let Some(text) = params.raw(&[name]) {
            *field = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
    }
    if let Some(email) = &customer.email
        && !email.contains('@')
    {
        return Err(Error::invalid(
            "email",
            format!("Invalid email address: {email}"),
        ));
    }
    merge(&mut customer.metadata, params.pairs(&["metadata"]));
    Ok(())
}

/// Adds pairs; an empty value removes its key.
pub(super) fn merge(metadata: &mut BTreeMap<String, String>, pairs: BTreeMap<String, String>) {
    for (key, value) in pairs {
        if value.is_empty() {
            metadata.remove(&key);
        } else {
            metadata.insert(key, value);
        }
    }
}

fn announce(call: &mut Call<'_>, kind: &str, id: &str) -> Result<Value, Error> {
    let json = existing(call.state, id)?.json();
    events::emit(call.state, kind, json.clone(), None, call.now);
    Ok(json)
}
