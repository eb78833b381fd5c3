//! The device flow (RFC 8628, http-api.md §4, security.md "Device flow").

mod decisions;
mod guessing;
mod limits;
mod pages;
mod polling;
mod requests;
