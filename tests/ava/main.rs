//! Tests of the whole: the program as people start it, and the shape of the repository.
#![allow(clippy::unwrap_used, missing_docs)]

mod architecture;
mod audit;
mod backups;
mod command_line;
mod demo;
mod deployment;
mod doctor;
mod erasure;
mod events;
mod figures;
mod keys;
mod lifecycle;
mod limits;
mod payments;
mod person;
mod processes;
mod projections;
mod refusals;
mod replica;
mod running;
mod server;
mod sign_in;
mod story;
mod topology;
