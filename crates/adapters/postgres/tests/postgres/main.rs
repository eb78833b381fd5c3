//! What is Postgres's own: replicas, migrations, faults, TLS, plans.
#![expect(clippy::unwrap_used, reason = "tests")]

mod commits;
mod exclusive;
mod faults;
mod growth;
mod insertions;
mod migrations;
mod roles;
mod rotation;
mod runtimes;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod tls;
mod together;
mod upgrades;
