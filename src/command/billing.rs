//! `ava billing`: subscriptions here, compared with the payment provider's.

use std::fmt::Write;

use application::subscriptions::{ApplyNoticeError, Reconciliation, Repair};
use clap::Subcommand;
use infrastructure::{database::DatabaseRole, settings::Settings};
use serde_json::json;

use super::role::Role;
use crate::{database::Roles, failure::Failure};

pub const HELP: &str = "\
Examples:
  ava billing reconcile                   compare every subscription that is not over, and mend what differs
  ava billing reconcile --report-only     the same without mending anything

Workers do the former by themselves every BILLING_RECONCILE_MINUTES. Exit code 1 when something needs an operator (or,
with --report-only, when anything differs).";

/// What can be asked of subscriptions.
#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Compare subscriptions with the payment provider's, and mend what differs.
    Reconcile {
        /// Mend nothing.
        #[arg(long)]
        report_only: bool,
    },
}

pub async fn run(command: BillingCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    let BillingCommand::Reconcile { report_only } = command;
    let repair = if report_only {
        Repair::ReportOnly
    } else {
        Repair::Mend
    };
    let role = Role::start(
        &settings,
        "billing",
        Roles::only(DatabaseRole::Worker),
        None,
    )
    .await?;
    let compared = role.wiring.reconcile(repair).await;
    role.end().await;
    let report = compared.map_err(failed)?;
    super::print(&if json {
        as_json(&report)
    } else {
        as_text(&report)
    })?;
    match report.findings.iter().filter(|found| !found.mended).count() {
        0 => Ok(()),
        left => Err(Failure::other(format!(
            "not mended: {left} of {} differences",
            report.findings.len()
        ))),
    }
}

fn failed(error: ApplyNoticeError) -> Failure {
    if error.is_worth_retrying() {
        Failure::try_again(error)
    } else {
        Failure::other(error)
    }
}

fn as_json(report: &Reconciliation) -> String {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|found| {
            json!({
                "subscription_id": found.subscription_id,
                "owner": found.owner.map(|owner| owner.to_string()),
                "drift": found.drift.as_str(),
                "detail": found.detail,
                "mended": found.mended,
            })
        })
        .collect();
    format!(
        "{}\n",
        json!({ "checked": report.checked, "findings": findings })
    )
}

fn as_text(report: &Reconciliation) -> String {
    let mut text = String::new();
    for found in &report.findings {
        let owner = found
            .owner
            .map_or_else(String::new, |owner| format!(" of {owner}"));
        let mended = if found.mended { "mended" } else { "NOT MENDED" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}{owner}: {} ({mended}): {}",
            found.subscription_id,
            found.drift.as_str(),
            found.detail
        );
    }
    let _ = writeln!(
        text,
        "Compared: {}. Differences: {}.",
        report.checked,
        report.findings.len()
    );
    text
}
