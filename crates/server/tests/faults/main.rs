//! Faults under load: two replicas of the real binary on a Postgres and a Redis of their own, which are stopped, frozen and
//! killed while virtual users work; afterwards the history of all answers is checked. And what one replica ends while the
//! other does not hear of it.
//!
//! `load` and `calm` ask by way of `talk`, `history` remembers, `checker` judges; `rounds` makes the faults.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[allow(unused_imports, reason = "a language is larger than what is said here")]
#[path = "../blackbox/support/mod.rs"]
mod support;

mod calm;
mod checker;
mod deaf;
mod forgotten;
mod history;
mod load;
mod notices;
mod requests;
mod rounds;
mod site;
mod talk;
