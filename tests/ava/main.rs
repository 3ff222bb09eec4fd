//! Tests of the whole: the program as people start it, and the shape of the repository.
#![allow(clippy::unwrap_used, missing_docs)]

mod architecture;
mod audit;
mod command_line;
mod demo;
mod deployment;
mod events;
mod lifecycle;
mod payments;
mod person;
mod processes;
mod projections;
mod refusals;
mod running;
mod story;
