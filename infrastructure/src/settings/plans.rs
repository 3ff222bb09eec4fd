//! What is sold: `PLANS_FILE`, or one plan at `STRIPE_PRICE_ID`, or in development three built-in ones.

use std::{collections::HashSet, fs, path::Path, str::FromStr};

use application::ports::{Plan, PlanInterval, Plans};
use domain::values::PlanId;

use super::{Environment, json_lines::Lines, reader::Reader};

/// Stripe takes no longer trials.
const LONGEST_TRIAL_DAYS: u32 = 730;

/// Longer than this nobody lives on credit; it is more likely a mistake.
const LONGEST_GRACE_DAYS: u32 = 90;

pub(super) fn read(reader: &mut Reader<'_>, environment: Environment, real_payment: bool) -> Plans {
    let price = reader.text("STRIPE_PRICE_ID");
    if let Some(file) = reader.text("PLANS_FILE") {
        if price.is_some() {
            reader.problem(
                "STRIPE_PRICE_ID",
                "and PLANS_FILE are both set; the file lists every price, so unset the former",
            );
        }
        return from_file(Path::new(&file)).unwrap_or_else(|problems| {
            for problem in problems {
                reader.problem("PLANS_FILE", format_args!("is {file:?}: {problem}"));
            }
            Plans(Vec::new())
        });
    }
    if price.is_none() && (real_payment || environment == Environment::Production) {
        reader.problem(
            "STRIPE_PRICE_ID",
            "is missing: with real payment, set it to the price that is sold, or PLANS_FILE to a list of plans",
        );
    }
    match price {
        Some(price) => Plans(monthly(&price).into_iter().collect()),
        None => Plans(of_the_sandbox().into_iter().flatten().collect()),
    }
}

/// What is sold in development: something to choose from, one of it with days of trial.
fn of_the_sandbox() -> [Option<Plan>; 3] {
    let monthly = monthly("price_ava_monthly");
    let like_monthly = |id: &str, name: &str| {
        Some(Plan {
            id: PlanId::from_str(id).ok()?,
            name: name.to_owned(),
            price_id: format!("price_ava_{id}"),
            ..monthly.clone()?
        })
    };
    let light = like_monthly("light", "Light").map(|light| Plan {
        amount: 699,
        photos_per_period: 15,
        trial_days: 7,
        ..light
    });
    let yearly = like_monthly("yearly", "Yearly").map(|yearly| Plan {
        amount: 14_900,
        interval: PlanInterval::Year,
        photos_per_period: 600,
        ..yearly
    });
    [light, monthly, yearly]
}

/// 14.99 USD a month for 50 pictures. For a price at the real provider the amount is what clients show, no more.
fn monthly(price: &str) -> Option<Plan> {
    Some(Plan {
        id: PlanId::from_str("monthly").ok()?,
        name: "Monthly".to_owned(),
        price_id: price.to_owned(),
        amount: 1499,
        currency: "usd".to_owned(),
        interval: PlanInterval::Month,
        photos_per_period: 50,
        trial_days: 0,
        grace_days: 7,
    })
}

/// Every plan of the file, or all that is wrong with it, each with its line.
fn from_file(file: &Path) -> Result<Plans, Vec<String>> {
    let text =
        fs::read_to_string(file).map_err(|error| vec![format!("it cannot be read ({error})")])?;
    // `serde_json` names line and column.
    let plans: Vec<Plan> = serde_json::from_str(&text).map_err(|error| vec![error.to_string()])?;
    let problems = check(&plans, &Lines::of(&text));
    if problems.is_empty() {
        Ok(Plans(plans))
    } else {
        Err(problems)
    }
}

fn check(plans: &[Plan], lines: &Lines<'_>) -> Vec<String> {
    if plans.is_empty() {
        return vec!["it lists no plan".to_owned()];
    }
    let mut problems = Vec::new();
    let (mut ids, mut prices) = (HashSet::new(), HashSet::new());
    for (index, plan) in plans.iter().enumerate() {
        let mut wrong = |field: &str, what: String| {
            let line = lines.of_field(index, field);
            problems.push(format!("line {line}: {field} {what}"));
        };
        let id = plan.id.as_str();
        if let Err(error) = PlanId::from_str(id) {
            wrong("id", format!("{id:?} {error}"));
        } else if !ids.insert(id) {
            wrong("id", format!("{id:?} is there twice"));
        }
        let price = plan.price_id.as_str();
        if price.trim().is_empty() {
            wrong("price_id", "is empty".to_owned());
        } else if !prices.insert(price) {
            wrong("price_id", format!("{price:?} is there twice"));
        }
        for (field, what) in limits(plan) {
            wrong(field, what);
        }
    }
    problems
}

/// What lies outside its limits, by field.
fn limits(plan: &Plan) -> impl Iterator<Item = (&'static str, String)> {
    let currency = &plan.currency;
    let is_currency = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase());
    let name = plan.name.trim().chars().count();
    [
        (
            "name",
            (1..=100).contains(&name),
            "must have 1 to 100 characters".to_owned(),
        ),
        (
            "currency",
            is_currency,
            format!("{currency:?} is not like \"usd\""),
        ),
        (
            "photos_per_period",
            plan.photos_per_period > 0,
            "must be at least 1".to_owned(),
        ),
        (
            "trial_days",
            plan.trial_days <= LONGEST_TRIAL_DAYS,
            format!("must be at most {LONGEST_TRIAL_DAYS}, as the payment provider allows"),
        ),
        (
            "grace_days",
            plan.grace_days <= LONGEST_GRACE_DAYS,
            format!("must be at most {LONGEST_GRACE_DAYS}"),
        ),
    ]
    .into_iter()
    .filter(|(_, is_right, _)| !is_right)
    .map(|(field, _, what)| (field, what))
}
