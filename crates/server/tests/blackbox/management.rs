//! Client management (http-api.md §1; security.md "Management").

mod clients;
mod icons;
mod lists;
mod payloads;
mod permissions;
mod records;
mod secrets;
