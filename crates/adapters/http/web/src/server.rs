//! HTTP on a socket.

use std::{fmt, future::ready, io, net::TcpListener, time::Duration};

use actix_http::{Extensions, HttpService, Protocol, Request, Response, body::MessageBody, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{Error, dev::AppConfig};
use tokio::net::TcpStream;

use crate::{connection::Connection, state::ServerLimits};

/// Serves an actix-web application on a listening socket, once the result is awaited. `workers` threads answer requests. The
/// caller handles signals; after the handle's stop, requests in flight have `grace` to end.
///
/// This is actix-web's `HttpServer` with another stream: each connection is a `Connection`, which keeps to `limits`.
pub fn bounded_server<F, I, S, B>(
    application: F,
    limits: ServerLimits,
    listener: TcpListener,
    workers: usize,
    grace: Duration,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(limits.connections_per_worker)
        .shutdown_timeout(grace.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        let factory = application()
            .into_factory()
            .map_err(|error| error.into().as_response_error().error_response());
        let http = HttpService::build()
            .keep_alive(limits.keep_alive)
            .client_request_timeout(limits.head_timeout)
            .client_disconnect_timeout(limits.disconnect_timeout)
            .h1_allow_half_closed(true)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
                data.insert(connection.activity());
            })
            .finish(map_config(factory, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let address = stream.peer_addr().ok();
            ready(Ok::<_, DispatchError>((
                Connection::new(stream, limits),
                Protocol::Http1,
                address,
            )))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}
