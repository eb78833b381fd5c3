//! The OAuth protocol over HTTP: token, device authorization, revocation and introspection endpoints, discovery documents, and
//! the gate for reverse proxies.

mod client_request;
mod device_authorization;
mod diagnosis;
mod gate_metrics;
mod introspect;
mod jwks;
mod metadata;
mod responses;
mod revoke;
mod scopes;
mod token;
mod verify;

use actix_web::{http::Method, web};
use informer_oauth_web::{
    endpoint::{Endpoint, EndpointClass},
    state::HttpState,
};

pub use gate_metrics::describe_metrics;
pub use jwks::KEYS_MAX_AGE;

use self::{gate_metrics::GateAnswers, jwks::KeyDocument, metadata::MetadataDocument, scopes::ScopesDocument};

/// Documents and counters that all workers share.
#[derive(Clone)]
pub struct Shared {
    metadata: web::Data<MetadataDocument>,
    keys: web::Data<KeyDocument>,
    scopes: web::Data<ScopesDocument>,
    gate_answers: web::Data<GateAnswers>,
}

impl Shared {
    /// Prepares them for an installation.
    pub fn new(state: &HttpState) -> Self {
        Self {
            metadata: web::Data::new(MetadataDocument::new(state.issuer())),
            keys: web::Data::default(),
            scopes: web::Data::new(ScopesDocument::new()),
            gate_answers: web::Data::new(GateAnswers::new()),
        }
    }

    /// Adds them to an application, for its handlers.
    pub fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(self.metadata.clone())
            .app_data(self.keys.clone())
            .app_data(self.scopes.clone())
            .app_data(self.gate_answers.clone());
    }
}

/// The rows of the route table, the most used ones first: the framework tries them in this order.
pub fn endpoints() -> Vec<Endpoint> {
    use Endpoint as E;
    use EndpointClass as Class;
    vec![
        E::documented(verify::__path_verify, Class::GATE, verify::verify).for_all_methods(),
        E::documented(token::__path_token, Class::CLIENT, token::token),
        E::documented(introspect::__path_introspect, Class::OAUTH, introspect::introspect),
        E::documented(jwks::__path_jwks, Class::WELL_KNOWN, jwks::jwks),
        E::documented(metadata::__path_metadata, Class::WELL_KNOWN, metadata::metadata),
        E::documented(revoke::__path_revoke, Class::CLIENT, revoke::revoke),
        E::documented(
            device_authorization::__path_device_authorization,
            Class::CLIENT,
            device_authorization::device_authorization,
        ),
        E::documented(token::__path_access_token, Class::CLIENT, token::access_token),
        E::documented(
            token::__path_device_access_token,
            Class::CLIENT,
            token::device_access_token,
        ),
        E::documented(
            device_authorization::__path_device_token,
            Class::CLIENT,
            device_authorization::device_token,
        ),
        E::documented(scopes::__path_scopes, Class::INFORMER, scopes::scopes),
        E::new(Method::GET, verify::BY_PATH, Class::GATE, verify::verify).for_all_methods(),
        E::new(Method::GET, metadata::INSERTED, Class::WELL_KNOWN, metadata::inserted),
        // Not part of the public API: only `doctor` uses it.
        E::new(Method::GET, "/oauth/diagnosis", Class::OAUTH, diagnosis::diagnosis),
    ]
}
