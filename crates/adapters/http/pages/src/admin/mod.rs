//! The console for superusers (http-api.md §5): the management API's use cases as pages, and its permissions.
//!
//! Every action is a plain form with a token that is bound to the session and to the action's path. What worked is told by
//! the page that the browser is sent to next; only a new secret is in the answer itself, for that is the one answer it may
//! be in.

use actix_web::{FromRequest, Handler, Responder, http::Method, web::Payload};
use informer_oauth_web::endpoint::{Endpoint, EndpointClass};

use super::visit::Visit;

mod chart;
mod client;
mod client_form;
mod client_view;
mod clients;
mod console;
mod delete;
mod events;
mod frame;
mod icon;
mod keys;
mod multipart;
mod new_client;
mod overview;
mod pager;
mod secrets;
mod stop;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

use console::{read, write, write_keeping};

/// A page at `path`.
macro_rules! page {
    ($path:expr, $page:path) => {
        row(Method::GET, $path, |visit: Visit| read(visit, $page))
    };
}

/// A form's action at `path`. `again` shows the form once more, with what is wrong in it.
macro_rules! action {
    ($path:expr, $action:path) => {
        row(Method::POST, $path, |visit: Visit, body: Payload| {
            write(visit, body, $action)
        })
    };
    ($path:expr, $action:path, $again:path) => {
        row(Method::POST, $path, |visit: Visit, body: Payload| {
            write_keeping(visit, body, $action, $again)
        })
    };
}

fn row<F, Args>(method: Method, path: &str, handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Endpoint::new(method, path, EndpointClass::OAUTH, handler)
}

/// The console's rows of the route table.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!("/oauth/admin", overview::show),
        page!("/oauth/admin/clients", clients::list),
        action!("/oauth/admin/clients", new_client::create, new_client::again),
        page!("/oauth/admin/clients/new", new_client::show),
        page!("/oauth/admin/clients/{client}", client::show),
        action!("/oauth/admin/clients/{client}", client::save, client::again),
        action!("/oauth/admin/clients/{client}/enabled", client::set_enabled),
        row(Method::POST, "/oauth/admin/clients/{client}/icon", icon::upload),
        action!("/oauth/admin/clients/{client}/icon/delete", icon::delete),
        page!("/oauth/admin/clients/{client}/delete", delete::ask),
        action!("/oauth/admin/clients/{client}/delete", delete::delete),
        page!("/oauth/admin/clients/{client}/secrets", secrets::list),
        action!("/oauth/admin/clients/{client}/secrets", secrets::create),
        action!("/oauth/admin/clients/{client}/secrets/{secret}/delete", secrets::delete),
        page!("/oauth/admin/clients/{client}/tokens", tokens::of_client),
        action!("/oauth/admin/clients/{client}/tokens/revoke", tokens::revoke_of_client),
        page!("/oauth/admin/tokens", tokens::of_user),
        action!("/oauth/admin/tokens/revoke", tokens::revoke_of_user),
        page!("/oauth/admin/events", events::list),
        page!("/oauth/admin/keys", keys::list),
    ]
}
