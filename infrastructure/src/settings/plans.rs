//! What is sold: `PLANS_FILE`, or one plan at `STRIPE_PRICE_ID`, or in development a built-in one.

use std::{collections::HashSet, fs, path::Path, str::FromStr};

use application::ports::{Plan, PlanInterval, Plans};
use domain::values::PlanId;

use super::{Environment, reader::Reader};

/// The price that the sandbox knows.
const SANDBOX_PRICE: &str = "price_ava_monthly";

pub(super) fn read(reader: &mut Reader<'_>, environment: Environment, real_payment: bool) -> Plans {
    let price = reader.text("STRIPE_PRICE_ID");
    if let Some(file) = reader.text("PLANS_FILE") {
        if price.is_some() {
            reader.problem(
                "STRIPE_PRICE_ID",
                "and PLANS_FILE are both set; the file lists every price, so unset the former",
            );
        }
        return from_file(Path::new(&file)).unwrap_or_else(|problem| {
            reader.problem("PLANS_FILE", format_args!("is {file:?}: {problem}"));
            Plans(Vec::new())
        });
    }
    if price.is_none() && (real_payment || environment == Environment::Production) {
        reader.problem(
            "STRIPE_PRICE_ID",
            "is missing: with real payment, set it to the price that is sold, or PLANS_FILE to a list of plans",
        );
    }
    Plans(
        standard(price.as_deref().unwrap_or(SANDBOX_PRICE))
            .into_iter()
            .collect(),
    )
}

/// 14.99 USD a month for 50 pictures. For a price at the real provider the amount is what clients show, no more.
fn standard(price: &str) -> Option<Plan> {
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

fn from_file(file: &Path) -> Result<Plans, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read ({error})"))?;
    // `serde_json` names line and column.
    let plans: Vec<Plan> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    check(&plans)?;
    Ok(Plans(plans))
}

fn check(plans: &[Plan]) -> Result<(), String> {
    if plans.is_empty() {
        return Err("it lists no plan".to_owned());
    }
    let (mut ids, mut prices) = (HashSet::new(), HashSet::new());
    for plan in plans {
        let id = plan.id.as_str();
        PlanId::from_str(id).map_err(|error| format!("the id {id:?} {error}"))?;
        if !ids.insert(id) {
            return Err(format!("the id {id:?} is there twice"));
        }
        if plan.price_id.trim().is_empty() || !prices.insert(plan.price_id.as_str()) {
            return Err(format!(
                "plan {id:?}: price_id {:?} is empty or there twice",
                plan.price_id
            ));
        }
        if plan.currency.len() != 3 || !plan.currency.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            return Err(format!(
                "plan {id:?}: currency {:?} is not like \"usd\"",
                plan.currency
            ));
        }
        if plan.photos_per_period == 0 {
            return Err(format!("plan {id:?}: photos_per_period must be at least 1"));
        }
    }
    Ok(())
}
