//! Client management: the Informer API (http-api.md §1).

use actix_web::{FromRequest, HttpRequest, dev, web};
use futures_util::future::LocalBoxFuture;
use informer_oauth_application::{RequestContext, manage::Manage};
use informer_oauth_domain::{
    id::ClientRef,
    user::{ClientAdministrator, Superuser},
};
use informer_oauth_web::{
    api_error::{ApiError, ApiResult},
    caller::{Caller, is_safe},
    context::context_of,
    endpoint::{Endpoint, EndpointClass},
    state::HttpState,
};

mod clients;
mod events;
mod icons;
mod payload;
mod representation;
mod responses;
mod secrets;
mod templates;
mod tokens;

/// The rows of the route table.
pub fn endpoints() -> Vec<Endpoint> {
    use Endpoint as E;
    use EndpointClass as Class;
    vec![
        E::documented(templates::__path_list, Class::INFORMER, templates::list),
        E::documented(clients::__path_list_for_users, Class::INFORMER, clients::list_for_users),
        E::documented(clients::__path_list, Class::INFORMER, clients::list),
        E::documented(clients::__path_create, Class::INFORMER, clients::create),
        E::documented(clients::__path_read, Class::INFORMER, clients::read),
        E::documented(clients::__path_replace, Class::INFORMER, clients::replace),
        E::documented(clients::__path_patch, Class::INFORMER, clients::patch),
        E::documented(clients::__path_delete, Class::INFORMER, clients::delete),
        E::documented(icons::__path_read, Class::INFORMER, icons::read),
        E::documented(icons::__path_set, Class::INFORMER, icons::set),
        E::documented(icons::__path_delete, Class::INFORMER, icons::delete),
        E::documented(tokens::__path_list, Class::INFORMER, tokens::list),
        E::documented(tokens::__path_revoke_all, Class::INFORMER, tokens::revoke_all),
        E::documented(tokens::__path_revoke, Class::INFORMER, tokens::revoke),
        E::documented(secrets::__path_list, Class::INFORMER, secrets::list),
        E::documented(secrets::__path_create, Class::INFORMER, secrets::create),
        E::documented(secrets::__path_read, Class::INFORMER, secrets::read),
        E::documented(secrets::__path_delete, Class::INFORMER, secrets::delete),
        E::documented(events::__path_list, Class::INFORMER, events::list),
    ]
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
