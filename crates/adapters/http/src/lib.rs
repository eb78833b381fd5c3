//! The HTTP face of informer-oauth: the protocol endpoints, the Informer API, the pages and the gate, over actix-web.
//!
//! [`service`] is the whole of it as one actix application. Every request goes through one envelope that gives it
//! an id, turns a panic into an answer, and sees to it that every answer has the security headers and the error format of
//! its family:
//!
//! | family | paths | errors |
//! |---|---|---|
//! | OAuth protocol | `/oauth/**`, `/.well-known/**`, `/api/oauth/{access_token,device_token,device_access_token}` | [`protocol_error`] |
//! | Informer API | everything else | [`api_error`] |

pub mod address;
pub mod api_error;
mod basic;
pub mod body;
pub mod brand;
pub mod caller;
mod client_request;
mod connection;
mod context;
mod device_authorization;
mod diagnosis;
mod docs;
pub mod document;
mod envelope;
mod etag;
mod family;
mod hal;
mod health;
mod introspect;
pub mod json;
mod jwks;
mod line;
mod log_fields;
pub mod management;
mod metadata;
mod metrics;
mod openapi;
pub mod pages;
mod paging;
pub mod parameters;
mod pieces;
pub mod protocol_error;
mod request_id;
mod revoke;
pub mod same_origin;
mod scopes;
pub mod security_headers;
mod server;
pub mod state;
mod token;
mod verify;

use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};

pub use address::{Address, Network};
pub use api_error::{ApiError, ApiResult};
pub use brand::{
    Brand,
    colour::{Colour, ColourError},
    logo::{Logo, LogoError, MAX_LOGO_BYTES},
};
pub use caller::{Caller, RequestTime};
pub use jwks::KEYS_MAX_AGE;
pub use metrics::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS, describe_metrics};
pub use pages::cookie_suffix;
pub use protocol_error::{ProtocolErrorResponse, ProtocolResult};
pub use server::{bounded_server, server};
pub use state::{AdoptTrace, HttpSettings, HttpState, ServerLimits};

/// Every route. The envelope is not part of it: see [`service`].
pub fn configure(routes: &mut web::ServiceConfig) {
    // The hot ones first: routes are tried in their order.
    verify::configure(routes);
    token::configure(routes);
    introspect::configure(routes);
    revoke::configure(routes);
    device_authorization::configure(routes);
    jwks::configure(routes);
    metadata::configure(routes);
    health::configure(routes);
    // From here on patterns, which take longer to compare.
    verify::configure_by_path(routes);
    metadata::configure_inserted(routes);
    diagnosis::configure(routes);
    scopes::configure(routes);
    openapi::configure(routes);
    management::configure(routes);
    pages::configure(routes);
}

/// The whole application for one worker, to be handed to an `HttpServer`.
pub fn service(
    state: web::Data<HttpState>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    App::new()
        .app_data(state)
        .app_data(metrics::Requests::default())
        .configure(configure)
        .wrap(from_fn(envelope::envelope))
}
