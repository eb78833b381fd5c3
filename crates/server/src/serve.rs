//! Serving: from the first start to the last answer.

mod background;
mod banner;
mod first_start;
mod listener;
mod metrics;
mod notify;
mod process;

pub(crate) use background::PUBLISHED_FOR;

use std::{io, process::ExitCode, time::Duration};

use actix_web::rt;
use anyhow::Context as _;
use informer_oauth_http::{AdoptTrace, HttpService, HttpSettings, ServerLimits};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::Config,
    data_folder::{self, ServeLock},
    installation::Installation,
    logs::LogHealth,
    output,
    serve::metrics::{Metrics, Serving},
    telemetry,
};

/// How long requests that are under way may take to finish. With closing the stores, it stays under ten seconds.
const GRACE: Duration = Duration::from_secs(8);

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Serves until told to stop. `migrate`: brings the schema of a Postgres up to date first.
pub(crate) async fn serve(config: &Config, migrate: bool, log: LogHealth) -> anyhow::Result<ExitCode> {
    let logging = rt::spawn(log.report());
    let ignoring = rt::spawn(ignore_signals()?);

    let lock = if config.database.is_embedded() {
        data_folder::prepare(&config.database.folder())?;
        Some(ServeLock::take(config.database.path())?)
    } else {
        None
    };
    let socket = listener::bind("http.listen", config.http.listen)?;
    let listen = socket.address();
    let issuer = config.issuer_at(listen);

    // Before anything that counts.
    let metrics = config.http.metrics_listen(config.database.is_embedded());
    let metrics = metrics.map(Metrics::install).transpose()?;

    let service = Installation::create(config, &issuer, migrate).await?;
    let made = first_start::run(&service.app, config).await?;
    let http = HttpService::new(
        service.app.clone(),
        http_settings(config, &issuer),
        config.brand.read()?,
    )?;
    // Not before: until now there is nothing to answer with.
    let server = http
        .server(socket.listen(BACKLOG)?, config.http.workers, GRACE)
        .context("cannot listen")?;

    let handle = server.handle();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopper = rt::spawn(async move {
        let heard = async || tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} };
        let mut heard = heard;
        heard().await;
        notify::stopping();
        tracing::info!("stopping: requests that are under way are finished, new ones are not taken");
        let graceful = rt::spawn(handle.stop(true));
        tokio::select! {
            _ = graceful => {}
            () = heard() => {
                tracing::warn!("stopping at once");
                handle.stop(false).await;
            }
        }
    });
    let background = background::start(&service, config);
    let metrics = metrics.map(|metrics| metrics.serve(&service)).transpose()?;

    tracing::info!(version = env!("CARGO_PKG_VERSION"), %listen, issuer, "serving");
    if let Err(error) = output::write(&banner::banner(
        listen,
        metrics.as_ref().map(Serving::address),
        &issuer,
        &config.identity.sign_in_address(&issuer),
        made.as_ref(),
    )) {
        // Nobody reads it; a password that was lost with it can be replaced with `user password`.
        tracing::error!(%error, "the start banner could not be printed");
    }
    notify::ready();
    let ended = server.await;

    background.end().await;
    if let Some(metrics) = metrics {
        metrics.stop().await;
    }
    stopper.abort();
    service.close().await;
    drop(lock);
    ignoring.abort();
    logging.abort();
    ended.context("the server failed")?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Ignores the signals whose default would end the process, with a line. `SIGHUP` and its like come from terminals that are
/// closed and from tools that rotate logs.
fn ignore_signals() -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut first = signal(SignalKind::user_defined1())?;
    let mut second = signal(SignalKind::user_defined2())?;
    Ok(async move {
        loop {
            let name = tokio::select! {
                _ = hangup.recv() => "SIGHUP",
                _ = first.recv() => "SIGUSR1",
                _ = second.recv() => "SIGUSR2",
            };
            tracing::info!("{name} is ignored: restart the service to read its configuration again");
        }
    })
}

fn http_settings(config: &Config, issuer: &str) -> HttpSettings {
    let limits = &config.limits;
    let defaults = HttpSettings::for_issuer(issuer);
    HttpSettings {
        trusted_proxies: config.http.networks(),
        max_body_bytes: limits.body_bytes,
        max_icon_body_bytes: limits.icon_bytes,
        body_timeout: Duration::from_secs(limits.body_seconds),
        adopt_trace: config.telemetry.traces_url().map(|_| telemetry::adopt as AdoptTrace),
        server: ServerLimits {
            head_timeout: Duration::from_secs(limits.head_seconds),
            body_timeout: Duration::from_secs(limits.body_seconds),
            write_timeout: Duration::from_secs(limits.write_seconds),
            keep_alive: Duration::from_secs(limits.keep_alive_seconds),
            connections_per_worker: limits.connections_per_worker,
            ..defaults.server
        },
        ..defaults
    }
}
