//! The service on a socket.

use std::{io, net::TcpListener, time::Duration};

use actix_web::{HttpServer, dev::Server, web::Data};

use crate::{service, state::HttpState};

/// The whole [`service`] on a listening socket, with the limits of its state, once the answer is
/// awaited. `workers` threads answer requests. Signals are the caller's: its handle stops it, and requests that are under way
/// then have `grace` to end.
pub fn server(state: Data<HttpState>, listener: TcpListener, workers: usize, grace: Duration) -> io::Result<Server> {
    let limits = state.settings.server;
    let server = HttpServer::new(move || service(state.clone()))
        .workers(workers)
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.head_timeout)
        .client_disconnect_timeout(limits.disconnect_timeout)
        .max_connections(limits.connections_per_worker)
        .shutdown_timeout(grace.as_secs())
        .disable_signals();
    Ok(server.listen(listener)?.run())
}
