//! What is measured, in the order of the document.

mod audit;
mod audit_questions;
pub mod bare_reads;
mod by_hand;
mod catch_up;
mod commands;
mod costs;
mod growth;
mod load;
mod marking;
mod micro;
mod pgbench;
mod photos;
pub mod processes;
mod reads;
mod start;
mod stock;
mod streams;
mod updates;

use clap::ValueEnum;

use crate::{Effort, report::Measured};

/// One thing that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    Commands,
    Processes,
    CatchUp,
    Growth,
    Streams,
    Reads,
    Updates,
    Photos,
    Marking,
    Start,
    Audit,
    Micro,
}

impl Section {
    /// Every section, in the order of the document.
    pub const ALL: [Self; 12] = [
        Self::Commands,
        Self::Processes,
        Self::CatchUp,
        Self::Growth,
        Self::Streams,
        Self::Reads,
        Self::Updates,
        Self::Photos,
        Self::Marking,
        Self::Start,
        Self::Audit,
        Self::Micro,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Processes => "processes",
            Self::CatchUp => "catch-up",
            Self::Growth => "growth",
            Self::Streams => "streams",
            Self::Reads => "reads",
            Self::Updates => "updates",
            Self::Photos => "photos",
            Self::Marking => "marking",
            Self::Start => "start",
            Self::Audit => "audit",
            Self::Micro => "micro",
        }
    }

    /// Measures it.
    ///
    /// # Errors
    /// Whatever keeps it from being measured.
    pub async fn measure(self, effort: Effort) -> anyhow::Result<Measured> {
        match self {
            Self::Commands => commands::measure(effort).await,
            Self::Processes => processes::measure(effort).await,
            Self::CatchUp => catch_up::measure(effort).await,
            Self::Growth => growth::measure(effort).await,
            Self::Streams => streams::measure(effort).await,
            Self::Reads => reads::measure(effort).await,
            Self::Updates => updates::measure(effort).await,
            Self::Photos => photos::measure(effort).await,
            Self::Marking => marking::measure(effort).await,
            Self::Start => start::measure(effort).await,
            Self::Audit => audit::measure(effort).await,
            Self::Micro => micro::measure(effort).await,
        }
    }
}
