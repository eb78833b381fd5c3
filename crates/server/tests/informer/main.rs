//! The service as it is used: beside an Informer, behind one nginx with it. Informer is `testkit`'s fake one; nginx is real
//! and has the configuration that `deploy/` ships; browsers and programs know nginx only.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[allow(unused_imports, reason = "a language is larger than what is said here")]
#[path = "../blackbox/support/mod.rs"]
mod support;

mod beside;
mod codes;
mod failures;
mod hand_over;
mod impersonation;
mod management;
mod nginx;
mod pages;
mod restarts;
mod sign_in;
mod smoke;
mod users;
