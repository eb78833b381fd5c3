//! What is asked most often, answered without the router: the gate, the documents that are the same for everybody, tokens and
//! introspection.
//!
//! Most of it takes a few microseconds, of which finding a route and calling its handler would be half. [`direct`] stands before
//! the [`service`](crate::service), which answers the same to the same requests, and passes on what it does not know.

use std::{
    cell::RefCell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::BoxBody,
    dev::{AppConfig, Response, Service, ServiceFactory, ServiceResponse},
    http::{Method, Uri},
    web::Data,
};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture, MapOk, Ready, ready},
};
use informer_oauth_application::gate::RecentTokens;
use tracing::Instrument as _;

use crate::{
    client_request::Arrival,
    document::Document,
    envelope, introspect, jwks,
    line::Line,
    metadata,
    metrics::Requests,
    parameters::Accepted,
    protocol_error::ProtocolResult,
    state::HttpState,
    token,
    verify::{self, Said},
};

/// A [`service`](crate::service) whose most frequent answers take the short way. For an `HttpServer`.
pub fn direct<A, F>(state: Data<HttpState>, service: A) -> Direct<F>
where
    A: IntoServiceFactory<F, Request>,
    F: ServiceFactory<Request>,
{
    Direct {
        state,
        inner: service.into_factory(),
    }
}

/// Makes the short way of each worker.
pub struct Direct<F> {
    state: Data<HttpState>,
    inner: F,
}

impl<F> ServiceFactory<Request> for Direct<F>
where
    F: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<BoxBody>,
            Error = Error,
            Future: 'static,
            Service: 'static,
        >,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Config = AppConfig;
    type Service = DirectService<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, Self::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let state = self.state.clone();
        let inner = self.inner.new_service(config);
        Box::pin(async move {
            Ok(DirectService {
                state,
                requests: Requests::default(),
                recent: RefCell::default(),
                inner: inner.await?,
            })
        })
    }
}

/// The short way of one worker.
pub struct DirectService<S> {
    state: Data<HttpState>,
    requests: Requests,
    recent: RefCell<RecentTokens<Said>>,
    inner: S,
}

type Answer = Result<Response<BoxBody>, Error>;
type Routed<S> = MapOk<<S as Service<Request>>::Future, fn(ServiceResponse<BoxBody>) -> Response<BoxBody>>;

impl<S> Service<Request> for DirectService<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = Response<BoxBody>;
    type Error = Error;
    type Future = Either<Ready<Answer>, Either<LocalBoxFuture<'static, Answer>, Routed<S>>>;

    fn poll_ready(&self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, mut request: Request) -> Self::Future {
        let stripped = envelope::below_base_path(request.uri(), self.state.base_path());
        match stripped.as_ref().unwrap_or(request.uri()).path() {
            jwks::PATH if request.method() == Method::GET => {
                let document = self.state.key_document().of(&self.state);
                Either::Left(ready(Ok(self.document(request, stripped, jwks::PATH, &document))))
            }
            metadata::PATH if request.method() == Method::GET => {
                let document = self.state.metadata();
                Either::Left(ready(Ok(self.document(request, stripped, metadata::PATH, document))))
            }
            path => Either::Right(if let Some(route) = verify::route_of(path) {
                let line = self.begin(&mut request, stripped, route);
                if let Some(response) = self.gate_at_once(&request, &line) {
                    return Either::Left(ready(Ok(sent(line, Some(route), response))));
                }
                Either::Left(self.gate(request, line, route))
            } else if let Some(endpoint) = Endpoint::of(path).filter(|_| request.method() == Method::POST) {
                Either::Left(self.endpoint(request, stripped, endpoint))
            } else {
                let answer: fn(ServiceResponse<BoxBody>) -> Response<BoxBody> = Response::from;
                Either::Right(self.inner.call(request).map_ok(answer))
            }),
        }
    }
}

impl<S> DirectService<S> {
    /// Begins with the URI below the issuer, `stripped` where that is not the request's. It is taken from the request.
    fn begin(&self, request: &mut Request, stripped: Option<Uri>, route: &'static str) -> Line {
        let uri = stripped.unwrap_or_else(|| mem::take(&mut request.head_mut().uri));
        let named = || Some(route.to_owned());
        Line::begin(request.head(), uri, &self.state, &self.requests, named)
    }

    fn document(
        &self,
        mut request: Request,
        stripped: Option<Uri>,
        route: &'static str,
        document: &Document,
    ) -> Response<BoxBody> {
        let line = self.begin(&mut request, stripped, route);
        let mut response = document.answer(request.headers());
        line.end(response.status(), Some(route));
        line.identify(response.headers_mut());
        response.into()
    }

    /// The gate's answer, where nothing has to be waited for. A span is entered where it is waited for.
    fn gate_at_once(&self, request: &Request, line: &Line) -> Option<HttpResponse> {
        if !line.span.is_disabled() {
            return None;
        }
        let judge = || {
            let recent = &mut *self.recent.borrow_mut();
            verify::recalled(&self.state, recent, request.method(), &line.uri, request.headers())
        };
        // What panics here does so once more where that is answered.
        catch_unwind(AssertUnwindSafe(judge)).ok().flatten()
    }

    fn gate(&self, request: Request, line: Line, route: &'static str) -> LocalBoxFuture<'static, Answer> {
        let state = self.state.clone();
        Box::pin(async move {
            let judged = verify::answer_to(&state, request.method(), &line.uri, request.headers());
            let (route, response) = said(&line, route, judged).await;
            Ok(sent(line, route, response))
        })
    }

    fn endpoint(
        &self,
        mut request: Request,
        stripped: Option<Uri>,
        endpoint: Endpoint,
    ) -> LocalBoxFuture<'static, Answer> {
        let route = endpoint.route();
        let uri = stripped.unwrap_or_else(|| request.uri().clone());
        let line = self.begin(&mut request, Some(uri), route);
        let state = self.state.clone();
        Box::pin(async move {
            let payload = request.take_payload();
            let arrival = Arrival {
                state: &state,
                head: request.head(),
                payload,
            };
            let (route, response) = said(&line, route, endpoint.answer(arrival)).await;
            Ok(sent(line, route, response))
        })
    }
}

/// What clients POST to most often.
#[derive(Clone, Copy)]
enum Endpoint {
    Token,
    AccessToken,
    DeviceAccessToken,
    Introspection,
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        match path {
            token::PATH => Some(Self::Token),
            token::ACCESS_TOKEN_PATH => Some(Self::AccessToken),
            token::DEVICE_ACCESS_TOKEN_PATH => Some(Self::DeviceAccessToken),
            introspect::PATH => Some(Self::Introspection),
            _ => None,
        }
    }

    const fn route(self) -> &'static str {
        match self {
            Self::Token => token::PATH,
            Self::AccessToken => token::ACCESS_TOKEN_PATH,
            Self::DeviceAccessToken => token::DEVICE_ACCESS_TOKEN_PATH,
            Self::Introspection => introspect::PATH,
        }
    }

    async fn answer(self, arrival: Arrival<'_>) -> ProtocolResult {
        match self {
            Self::Token => token::answer(arrival, Accepted::Form).await,
            Self::AccessToken | Self::DeviceAccessToken => token::answer(arrival, Accepted::FormOrJson).await,
            Self::Introspection => introspect::answer(arrival).await,
        }
    }
}

/// What came of a request, as the envelope has it: never a panic. With its route, which a panic has none.
async fn said(
    line: &Line,
    route: &'static str,
    answer: impl Future<Output = ProtocolResult>,
) -> (Option<&'static str>, HttpResponse) {
    // An answer holds nothing across requests but ports, whose locks recover.
    let answer = AssertUnwindSafe(answer).catch_unwind();
    let answer = if line.span.is_disabled() {
        answer.await
    } else {
        answer.instrument(line.span.clone()).await
    };
    match answer {
        Ok(answer) => (Some(route), answer.unwrap_or_else(|error| error.error_response())),
        Err(_) => (None, envelope::panicked(line)),
    }
}

/// An answer on its way out, with what every answer has.
fn sent(line: Line, route: Option<&str>, mut response: HttpResponse) -> Response<BoxBody> {
    let status = response.status();
    line.end(status, route);
    line.complete(status, response.headers_mut());
    line.identify(response.headers_mut());
    response.into()
}
