//! The token endpoint and its neighbours (http-api.md §3; security.md "Token endpoint").

mod clients;
mod codes;
mod introspection;
mod malformed;
mod refresh;
mod retry;
mod revocation;
mod secrecy;
mod shapes;
