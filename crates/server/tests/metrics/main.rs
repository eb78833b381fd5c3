//! What the service tells those who run it: metrics as Prometheus scrapes them, and traces as a collector gets them.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[allow(unused_imports, reason = "a language is larger than what is said here")]
#[path = "../blackbox/support/mod.rs"]
mod support;

mod collector;
mod counted;
mod documents;
mod listener;
mod production;
mod scrape;
mod traces;
