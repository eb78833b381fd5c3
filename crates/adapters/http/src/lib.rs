//! The HTTP adapter as one actix-web application.
//!
//! [`HttpService`] is the whole of it. Every request goes through one envelope, which gives it an id, turns a panic into an
//! answer, and adds the security headers and the error format of its endpoint class. The route table is in `routes.rs`;
//! the handlers are in four crates beside this one:
//!
//! | crate | endpoints |
//! |---|---|
//! | `informer-oauth-http-oauth` | the OAuth protocol, discovery, the gate |
//! | `informer-oauth-http-management` | the management API |
//! | `informer-oauth-http-pages` | the pages that people see |
//! | `informer-oauth-web` | none: what the others share |

mod docs;
mod envelope;
mod health;
mod openapi;
mod reference;
mod routes;

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};
use informer_oauth_application::Application;
use informer_oauth_web::{metrics::Requests, protocol_error::json_bytes};

pub use informer_oauth_http_oauth::KEYS_MAX_AGE;
pub use informer_oauth_http_pages::brand::{
    Brand, DEFAULT_COLOUR, DEFAULT_NAME,
    colour::{Colour, ColourError},
    logo::{Logo, LogoError, MAX_LOGO_BYTES},
};
pub use informer_oauth_web::{
    cookies::cookie_suffix,
    metrics::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS},
    network::Network,
    server::bounded_server,
    state::{AdoptTrace, HttpSettings, HttpState, InvalidIssuer, MAX_BODY_BYTES, MAX_ICON_BODY_BYTES, ServerLimits},
};

/// The service over HTTP: what all workers share. Clones are cheap and share it too.
#[derive(Clone)]
pub struct HttpService {
    state: web::Data<HttpState>,
    oauth: informer_oauth_http_oauth::Shared,
    brand: web::Data<Brand>,
    reference: web::Data<reference::Reference>,
}

impl HttpService {
    /// Prepares what follows from the issuer.
    ///
    /// # Errors
    ///
    /// If the issuer cannot be one: [`InvalidIssuer`].
    pub fn new(app: Arc<Application>, settings: HttpSettings, brand: Brand) -> Result<Self, InvalidIssuer> {
        let state = web::Data::new(HttpState::new(app, settings)?);
        let described = state.clone();
        let reference = reference::Reference::new(move || {
            let session_cookie = described.app.callers.session_cookie();
            let document = openapi::assemble(routes::endpoints(), described.issuer(), session_cookie);
            (json_bytes(&document), docs::page(&document, described.base_path()))
        });
        Ok(Self {
            oauth: informer_oauth_http_oauth::Shared::new(&state),
            state,
            brand: web::Data::new(brand),
            reference: web::Data::new(reference),
        })
    }

    /// Makes the whole application for one worker of an `HttpServer`.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
        + use<>,
    > {
        App::new()
            .configure(|app| self.configure(app))
            .wrap(from_fn(envelope::envelope))
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(self.state.clone())
            .app_data(self.brand.clone())
            .app_data(self.reference.clone())
            .app_data(Requests::default());
        self.oauth.configure(app);
        routes::configure(app);
    }

    /// Serves it on a listening socket within the limits of its settings, once the result is awaited. `workers` threads
    /// answer requests. The caller handles signals; after the handle's stop, requests in flight have `grace` to end.
    pub fn server(&self, listener: TcpListener, workers: usize, grace: Duration) -> io::Result<Server> {
        let service = self.clone();
        let limits = self.state.settings.server;
        bounded_server(move || service.app(), limits, listener, workers, grace)
    }
}

/// Describes all metrics. Call it once, after installing a recorder and before making an [`HttpService`].
pub fn describe_metrics() {
    informer_oauth_web::metrics::describe_metrics();
    informer_oauth_http_oauth::describe_metrics();
}
