//! Prices and products.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::error::Error;
use super::lists;
use super::shape::with_nulls;
use super::state::State;
use crate::world::World;

/// Fields that are always null here, and that official clients may expect to be there.
const PRODUCT_NULLS: [&str; 7] = [
    "description",
    "package_dimensions",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
];

/// Fields that are always null here, and that official clients may expect to be there.
const PRICE_NULLS: [&str; 3] = ["custom_unit_amount", "tiers_mode", "transform_quantity"];

/// All prices and products claim to be of this moment: 2026-01-01.
const CREATED: i64 = 1_767_225_600;

/// A recurring price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripePrice {
    /// As `price_…`.
    pub id: String,
    /// In cents.
    pub unit_amount: i64,
    /// ISO 4217, lower case.
    #[serde(default = "dollars")]
    pub currency: String,
    /// How often it is due.
    #[serde(default)]
    pub interval: PriceInterval,
    /// The id of what is sold.
    #[serde(default = "standard_product")]
    pub product: String,
    /// What is sold, for people.
    #[serde(default = "standard_name")]
    pub product_name: String,
    /// A name for the account's owner.
    #[serde(default)]
    pub nickname: Option<String>,
    /// Another key to find it by.
    #[serde(default)]
    pub lookup_key: Option<String>,
    /// Whatever was attached to it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// How often a price is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum PriceInterval {
    Day,
    Week,
    #[default]
    Month,
    Year,
}

fn dollars() -> String {
    "usd".to_owned()
}

fn standard_product() -> String {
    "prod_ava".to_owned()
}

fn standard_name() -> String {
    "Ava".to_owned()
}

impl PriceInterval {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The end of the period that begins at `start`, in seconds since 1970.
    pub(super) fn after(self, start: i64) -> i64 {
        let months = match self {
            Self::Day => return start + 86_400,
            Self::Week => return start + 7 * 86_400,
            Self::Month => 1,
            Self::Year => 12,
        };
        let begin = chrono::DateTime::from_timestamp(start, 0);
        let end = begin.and_then(|time| time.checked_add_months(chrono::Months::new(months)));
        end.map_or(start + i64::from(months) * 30 * 86_400, |time| {
            time.timestamp()
        })
    }
}

impl StripePrice {
    /// A price of that amount in cents, due once an `interval`.
    #[must_use]
    pub fn recurring(
        id: &str,
        name: &str,
        unit_amount: i64,
        currency: &str,
        interval: PriceInterval,
    ) -> Self {
        Self {
            product_name: name.to_owned(),
            product: format!("prod_of_{id}"),
            unit_amount,
            currency: currency.to_owned(),
            interval,
            ..Self::standard(id)
        }
    }

    /// What a price is by default: 14.99 dollars a month, or 149 a year when its id speaks of years.
    fn standard(id: &str) -> Self {
        let yearly = id.contains("year") || id.contains("annual");
        Self {
            id: id.to_owned(),
            unit_amount: if yearly { 14_900 } else { 1_499 },
            currency: dollars(),
            interval: if yearly {
                PriceInterval::Year
            } else {
                PriceInterval::Month
            },
            product: standard_product(),
            product_name: standard_name(),
            nickname: None,
            lookup_key: None,
            metadata: BTreeMap::new(),
        }
    }

    pub(super) fn json(&self) -> Value {
        with_nulls(
            json!({
                "id": self.id,
                "object": "price",
                "active": true,
                "billing_scheme": "per_unit",
                "created": CREATED,
                "currency": self.currency,
                "livemode": false,
                "lookup_key": self.lookup_key,
                "metadata": self.metadata,
                "nickname": self.nickname,
                "product": self.product,
                "recurring": {
                    "interval": self.interval.name(),
                    "interval_count": 1,
                    "meter": null,
                    "trial_period_days": null,
                    "usage_type": "licensed",
                },
                "tax_behavior": "unspecified",
                "type": "recurring",
                "unit_amount": self.unit_amount,
                "unit_amount_decimal": self.unit_amount.to_string(),
            }),
            &PRICE_NULLS,
        )
    }

    /// The older form of the same, which subscription items still carry.
    pub(super) fn plan_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "plan",
            "active": true,
            "amount": self.unit_amount,
            "amount_decimal": self.unit_amount.to_string(),
            "billing_scheme": "per_unit",
            "created": CREATED,
            "currency": self.currency,
            "interval": self.interval.name(),
            "interval_count": 1,
            "livemode": false,
            "metadata": self.metadata,
            "meter": null,
            "nickname": self.nickname,
            "product": self.product,
            "tiers_mode": null,
            "transform_usage": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        })
    }
}

impl State {
    /// The price with this id; unless prices are strict, any `price_…` exists as soon as it is asked for.
    pub(super) fn price(&self, id: &str) -> Option<StripePrice> {
        let known = self.prices.iter().find(|price| price.id == id).cloned();
        let invented = || {
            let may_exist = id.starts_with("price_") && !self.strict_prices;
            may_exist.then(|| StripePrice::standard(id))
        };
        known.or_else(invented)
    }
}

/// A product, which exists by being named.
pub(super) fn product_json(state: &State, id: &str) -> Value {
    let price = state.prices.iter().find(|price| price.product == id);
    with_nulls(
        json!({
            "id": id,
            "object": "product",
            "active": true,
            "created": CREATED,
            "default_price": price.map(|price| price.id.clone()),
            "images": [],
            "livemode": false,
            "marketing_features": [],
            "metadata": {},
            "name": price.map_or_else(standard_name, |price| price.product_name.clone()),
            "type": "service",
            "updated": CREATED,
        }),
        &PRODUCT_NULLS,
    )
}

/// The prices that a list shows: the configured ones, or else the one that always exists.
pub(super) fn listed(state: &State) -> Vec<StripePrice> {
    if state.prices.is_empty() && !state.strict_prices {
        return vec![StripePrice::standard("price_ava_monthly")];
    }
    state.prices.iter().rev().cloned().collect()
}

/// Registers the routes of prices and products.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(get_price)
        .service(list_prices)
        .service(get_product)
        .service(list_products);
}

#[get("/v1/prices/{id}")]
async fn get_price(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let price = call
            .state
            .price(&id)
            .ok_or_else(|| Error::not_found("price", &id))?;
        Ok(price.json())
    })
    .await
}

#[get("/v1/prices")]
async fn list_prices(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let product = call.params.text(&["product"]);
        let keys = call.params.texts("lookup_keys");
        let wanted = listed(call.state).into_iter().filter(|price| {
            let of_product = product.is_none_or(|product| price.product == product);
            let key = price.lookup_key.as_ref();
            of_product && (keys.is_empty() || key.is_some_and(|key| keys.contains(key)))
        });
        let all = wanted.map(|price| price.json()).collect();
        lists::page(all, "/v1/prices", call.params)
    })
    .await
}

#[get("/v1/products/{id}")]
async fn get_product(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let known = listed(call.state).iter().any(|price| price.product == *id);
        match known || (id.starts_with("prod_") && !call.state.strict_prices) {
            true => Ok(product_json(call.state, &id)),
            false => Err(Error::not_found("product", &id)),
        }
    })
    .await
}

#[get("/v1/products")]
async fn list_products(world: Data<World>, request: HttpRequest) -> HttpResponse {
    answer(&world, &request, &[], |call| {
        let mut ids: Vec<String> = Vec::new();
        for price in listed(call.state) {
            if !ids.contains(&price.product) {
                ids.push(price.product);
            }
        }
        let all = ids.iter().map(|id| product_json(call.state, id)).collect();
        lists::page(all, "/v1/products", call.params)
    })
    .await
}
