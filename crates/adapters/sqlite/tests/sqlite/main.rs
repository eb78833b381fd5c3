//! What SQLite has to do besides the ports' contract: outlive a crash, share its file, refuse what is not its own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod child;
mod crash;
mod damage;
mod file;
mod migrations;
mod two_processes;
mod upgrades;
