//! The console for superusers (http-api.md §5): the management API's use cases as pages, and its permissions.
//!
//! Every action is a plain form with a token that is bound to the session and to the action's path. What worked is told by
//! the page that the browser is sent to next; only a new secret is in the answer itself, for that is the one answer it may
//! be in.

use actix_web::web::{self, Payload};

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

macro_rules! get {
    ($page:path) => {
        web::get().to(|visit: Visit| read(visit, $page))
    };
}

macro_rules! post {
    ($action:path) => {
        web::post().to(|visit: Visit, body: Payload| write(visit, body, $action))
    };
    ($action:path, $again:path) => {
        web::post().to(|visit: Visit, body: Payload| write_keeping(visit, body, $action, $again))
    };
}

/// The console's routes.
pub(super) fn configure(routes: &mut web::ServiceConfig) {
    let one = "/oauth/admin/clients/{client}";
    routes
        .service(web::resource("/oauth/admin").route(get!(overview::show)))
        .service(
            web::resource("/oauth/admin/clients")
                .route(get!(clients::list))
                .route(post!(new_client::create, new_client::again)),
        )
        .service(web::resource("/oauth/admin/clients/new").route(get!(new_client::show)))
        .service(
            web::resource(one)
                .route(get!(client::show))
                .route(post!(client::save, client::again)),
        )
        .service(web::resource(format!("{one}/enabled")).route(post!(client::set_enabled)))
        .service(web::resource(format!("{one}/icon")).route(web::post().to(icon::upload)))
        .service(web::resource(format!("{one}/icon/delete")).route(post!(icon::delete)))
        .service(
            web::resource(format!("{one}/delete"))
                .route(get!(delete::ask))
                .route(post!(delete::delete)),
        )
        .service(
            web::resource(format!("{one}/secrets"))
                .route(get!(secrets::list))
                .route(post!(secrets::create)),
        )
        .service(web::resource(format!("{one}/secrets/{{secret}}/delete")).route(post!(secrets::delete)))
        .service(web::resource(format!("{one}/tokens")).route(get!(tokens::of_client)))
        .service(web::resource(format!("{one}/tokens/revoke")).route(post!(tokens::revoke_of_client)))
        .service(web::resource("/oauth/admin/tokens").route(get!(tokens::of_user)))
        .service(web::resource("/oauth/admin/tokens/revoke").route(post!(tokens::revoke_of_user)))
        .service(web::resource("/oauth/admin/events").route(get!(events::list)))
        .service(web::resource("/oauth/admin/keys").route(get!(keys::list)));
}
