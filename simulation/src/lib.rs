//! Everything of ours that decides, in one thread, with time, order and misfortune from one seed.
//!
//! Dispatcher, aggregates, use cases, reactions and worker are the real ones. What they stand on (log, leases, read
//! models) is kept in memory, and what is outside (providers, people, processes that die) is played. Whatever they ask for
//! goes over a [`wire`], which takes a drawn time, may lose the question or the answer, and may be where the process dies.
//! So a seed is one course of events, and the same one each time: [`course::run`].

pub mod companion;
pub mod course;
pub mod drawing;
pub mod following;
pub mod inbox;
pub mod invariants;
pub mod payment;
pub mod people;
pub mod pictures;
pub mod processes;
pub mod seats;
pub mod variant;
pub mod wire;
pub mod wired;
pub mod world;
