//! Black-box tests: the real binary on a temporary folder, spoken to over HTTP only.
//!
//! Each test starts a service of its own. `support` is the language; each module covers a chapter of the contract and of
//! the security model, and a test's name is the sentence that it holds the service to.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod support;

mod applications;
mod authorization;
mod branding;
mod console;
mod costs;
mod crash;
mod device;
mod gate;
mod gate_foreign;
mod gate_paths;
mod jwt_attacks;
mod management;
mod operations;
mod outages;
mod races;
mod replicas;
mod token;
mod upgrades;
mod usage;
