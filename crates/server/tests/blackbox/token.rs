//! The token endpoint and its neighbours (http-api.md §3; security.md "Token endpoint").

mod causes;
mod clients;
mod codes;
mod introspection;
mod leniency;
mod malformed;
mod refresh;
mod retry;
mod revocation;
mod secrecy;
mod shapes;
mod taken_away;
