//! The worker on a real database, against the sandbox over HTTP.

mod cancellation;
mod crashes;
mod deletion;
mod leases;
mod misbehaviour;
mod payment_notices;
mod reference_pictures;
mod scenes;
mod steps;
mod system;
mod throttling;
