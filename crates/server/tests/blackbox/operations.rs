//! Discovery, health, the envelope of every answer, and what the process bears (http-api.md §3, §7; security.md "The
//! process").

mod connections;
mod discovery;
mod envelope;
mod load;
