//! One row of the route table: method, path pattern, endpoint class, description and handler.

use actix_web::{FromRequest, Handler, Responder, Route, http::Method, web};
use utoipa::{
    __dev::SchemaReferences,
    Path,
    openapi::{HttpMethod, RefOr, Schema, path::Operation},
};

/// The page where people decide about devices.
pub const DEVICE_PAGE: &str = "/oauth/device";

/// Format of error answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorFamily {
    /// For OAuth clients: RFC 6749 §5.2.
    Protocol,
    /// For Informer's front end and for scripts that use its API.
    Informer,
}

/// What the answers of an endpoint have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndpointClass {
    /// Format of error answers.
    pub family: ErrorFamily,
    /// Methods that pages of any origin may use; `None` if only our own pages may. Such an endpoint reads no cookie, so
    /// another site's page gains nothing that its own server would not.
    pub cross_origin: Option<&'static str>,
    /// Successes are logged at `debug`, not `info`: machines call the endpoint all the time.
    pub quiet: bool,
    /// The caller is a reverse proxy, which keeps the headers of a success to itself.
    pub to_proxy: bool,
}

impl EndpointClass {
    /// Endpoints below `/oauth/` and its pages.
    pub const OAUTH: Self = Self {
        family: ErrorFamily::Protocol,
        cross_origin: None,
        quiet: false,
        to_proxy: false,
    };
    /// Endpoints that clients in a browser call from any origin.
    pub const CLIENT: Self = Self {
        cross_origin: Some("POST"),
        ..Self::OAUTH
    };
    /// Documents below `/.well-known/`.
    pub const WELL_KNOWN: Self = Self {
        cross_origin: Some("GET, HEAD"),
        quiet: true,
        ..Self::OAUTH
    };
    /// The gate.
    pub const GATE: Self = Self {
        quiet: true,
        to_proxy: true,
        ..Self::OAUTH
    };
    /// Endpoints of the Informer API.
    pub const INFORMER: Self = Self {
        family: ErrorFamily::Informer,
        ..Self::OAUTH
    };
    /// Health checks.
    pub const HEALTH: Self = Self {
        quiet: true,
        ..Self::INFORMER
    };

    /// Returns the class of a path that matches no row.
    pub fn of_unknown(path: &str) -> Self {
        if path.starts_with("/.well-known/") {
            Self::WELL_KNOWN
        } else if path.starts_with("/oauth/") {
            Self::OAUTH
        } else {
            Self::INFORMER
        }
    }
}

/// One row of the route table.
pub struct Endpoint {
    /// The method; `None` for all methods.
    pub method: Option<Method>,
    /// The pattern of its path, for example `/api/oauth-clients/{client}`. Several rows may have the same one.
    pub pattern: String,
    /// The class, the same in all rows of a pattern.
    pub class: EndpointClass,
    /// Makes its part of the OpenAPI document; `None` if it is not part of the public API.
    pub description: Option<fn() -> Description>,
    handler: Route,
}

/// An endpoint's part of the OpenAPI document.
pub struct Description {
    /// The documented method, mostly one.
    pub methods: Vec<HttpMethod>,
    /// The operation.
    pub operation: Operation,
    /// The schemas that the operation refers to, by name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Endpoint {
    /// Makes a row that is not part of the public API.
    pub fn new<F, Args>(method: Method, pattern: impl Into<String>, class: EndpointClass, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self {
            method: Some(method),
            pattern: pattern.into(),
            class,
            description: None,
            handler: web::route().to(handler),
        }
    }

    /// Makes a row of a handler with `#[utoipa::path]`, whose method, path and description it takes from `documentation`: the
    /// value `__path_x` that the attribute puts beside the handler `x`.
    pub fn documented<D, F, Args>(documentation: D, class: EndpointClass, handler: F) -> Self
    where
        D: Path + SchemaReferences,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let _ = documentation;
        Self {
            description: Some(describe::<D>),
            ..Self::new(method::<D>(), D::path(), class, handler)
        }
    }

    /// Answers every method.
    pub fn for_all_methods(self) -> Self {
        Self { method: None, ..self }
    }

    /// Returns the handler, guarded by the method.
    pub fn into_route(self) -> Route {
        match self.method {
            Some(method) => self.handler.method(method),
            None => self.handler,
        }
    }
}

fn method<D: Path>() -> Method {
    match D::methods().first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Put) => Method::PUT,
        Some(HttpMethod::Patch) => Method::PATCH,
        Some(HttpMethod::Delete) => Method::DELETE,
        _ => Method::GET,
    }
}

fn describe<D: Path + SchemaReferences>() -> Description {
    let mut schemas = Vec::new();
    D::schemas(&mut schemas);
    Description {
        methods: D::methods(),
        operation: D::operation(),
        schemas,
    }
}
