//! The authorization endpoint (http-api.md §2 and §5; security.md "Authorization endpoint").

mod consent;
mod front_end;
mod redirect_uris;
mod requests;
mod sign_in;
mod steering;
