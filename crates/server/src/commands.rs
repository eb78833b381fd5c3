//! What the commands do, one file a group.

pub(crate) mod backup;
pub(crate) mod client;
mod client_file;
mod client_secret;
pub(crate) mod config;
mod confirm;
pub(crate) mod doctor;
mod find_client;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod migrate;
mod password;
pub(crate) mod tour;
pub(crate) mod user;
