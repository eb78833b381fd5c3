//! Client management: the Informer API (http-api.md §1).

use actix_web::{FromRequest, HttpRequest, dev, web};
use futures_util::future::LocalBoxFuture;
use informer_oauth_application::{RequestContext, manage::Manage};
use informer_oauth_domain::{
    id::ClientRef,
    user::{ClientAdministrator, Superuser},
};
use utoipa::OpenApi;

use crate::{
    api_error::{ApiError, ApiResult},
    caller::{Caller, is_safe},
    context::context_of,
    state::HttpState,
};

mod clients;
mod events;
mod icons;
mod payload;
mod representation;
mod secrets;
mod templates;
mod tokens;

/// What the OpenAPI document says of the management endpoints.
#[derive(OpenApi)]
#[openapi(
    paths(
        clients::list,
        clients::create,
        clients::read,
        clients::replace,
        clients::patch,
        clients::delete,
        clients::list_for_users,
        templates::list,
        icons::read,
        icons::set,
        icons::delete,
        tokens::list,
        tokens::revoke_all,
        tokens::revoke,
        secrets::list,
        secrets::create,
        secrets::read,
        secrets::delete,
        events::list,
    ),
    tags((name = "Management", description = "Clients, their secrets, icons and token records"))
)]
pub struct ManagementApi;

/// The management routes.
pub fn configure(routes: &mut web::ServiceConfig) {
    routes
        .service(web::resource("/api/oauth-clients-list").route(web::get().to(clients::list_for_users)))
        .service(web::resource("/api/oauth-client-templates").route(web::get().to(templates::list)))
        .service(
            web::resource("/api/oauth-clients")
                .route(web::get().to(clients::list))
                .route(web::post().to(clients::create)),
        )
        .service(
            web::resource("/api/oauth-clients/{client}")
                .route(web::get().to(clients::read))
                .route(web::put().to(clients::replace))
                .route(web::patch().to(clients::patch))
                .route(web::delete().to(clients::delete)),
        )
        .service(
            web::resource("/api/oauth-clients/{client}/icon")
                .route(web::get().to(icons::read))
                .route(web::put().to(icons::set))
                .route(web::delete().to(icons::delete)),
        )
        .service(
            web::resource("/api/oauth-clients/{client}/tokens")
                .route(web::get().to(tokens::list))
                .route(web::delete().to(tokens::revoke_all)),
        )
        .service(web::resource("/api/oauth-clients/{client}/tokens/{token}").route(web::delete().to(tokens::revoke)))
        .service(
            web::resource("/api/oauth-clients/{client}/secrets")
                .route(web::get().to(secrets::list))
                .route(web::post().to(secrets::create)),
        )
        .service(
            web::resource("/api/oauth-clients/{client}/secrets/{secret}")
                .route(web::get().to(secrets::read))
                .route(web::delete().to(secrets::delete)),
        )
        .service(web::resource("/api/oauth-clients/{client}/events").route(web::get().to(events::list)));
}

/// A request by somebody whose permission was checked: `P` is the proof. The check comes before anything of the request
/// is looked at but its method and credentials.
struct Permitted<P> {
    proof: P,
    state: web::Data<HttpState>,
    context: RequestContext,
}

/// A superuser with the token API feature.
type Administration = Permitted<ClientAdministrator>;

impl<P> Permitted<P> {
    fn manage(&self) -> &Manage {
        &self.state.app.manage
    }

    /// What links start with.
    fn base(&self) -> &str {
        self.state.base_path()
    }
}

/// A proof that follows from who the caller is.
trait Proof: Sized {
    fn check(caller: &Caller) -> ApiResult<Self>;
}

impl Proof for ClientAdministrator {
    fn check(caller: &Caller) -> ApiResult<Self> {
        Ok(Self::check(&caller.user)?)
    }
}

impl Proof for Superuser {
    fn check(caller: &Caller) -> ApiResult<Self> {
        Ok(Self::check(&caller.user)?)
    }
}

impl<P: Proof + 'static> FromRequest for Permitted<P> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = Caller::of(&request).await?;
            if !is_safe(request.method()) {
                caller.in_person(&request).await?;
            }
            Ok(Self {
                proof: P::check(&caller)?,
                state: HttpState::of(&request).clone(),
                context: context_of(&request),
            })
        })
    }
}

/// The client that the path names; what can name none is not found.
fn client_named(request: &HttpRequest) -> ApiResult<ClientRef> {
    in_path(request, "client", "Client")
}

/// The part of the path called `name`, read as an id; what cannot be one is not found.
fn in_path<I: std::str::FromStr>(request: &HttpRequest, name: &str, what: &str) -> ApiResult<I> {
    request
        .match_info()
        .get(name)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::not_found(what))
}
