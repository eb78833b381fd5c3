//! Metrics for Prometheus, on an address of their own: whom they concern is not whom the service serves.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse,
    dev::ServerHandle,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    rt::{self, task::JoinHandle, time::sleep},
    web::{self, Data},
};
use anyhow::Context as _;
use informer_oauth_application::Application;
use informer_oauth_crypto::Keys;
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_http::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS, ServerLimits, bounded_server};
use informer_oauth_ports::{KeyPurpose, Pools};
use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{
    listener::{self, Bound},
    process,
};
use crate::{installation::Installation, logs};

const BUILD: &str = "informer_oauth_build_info";
const CONNECTIONS: &str = "informer_oauth_pool_connections";
const CONNECTIONS_LIMIT: &str = "informer_oauth_pool_connections_limit";
const WAITING: &str = "informer_oauth_pool_waiting";
const KEY_AGE: &str = "informer_oauth_signing_key_age_seconds";

/// The text format of Prometheus.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4";

/// Scrapes are few.
const BACKLOG: u32 = 64;
const CONNECTIONS_AT_MOST: usize = 256;

/// How often measured durations are sorted into their buckets. Until then each takes 24 bytes.
const SORTED_EVERY: Duration = Duration::from_secs(1);

/// Counting, with nobody served yet.
pub(super) struct Metrics {
    socket: Bound,
    recorder: PrometheusHandle,
}

impl Metrics {
    /// Listens, and counts from now on what is counted anywhere in this process. Once a process.
    pub(super) fn install(listen: SocketAddr) -> anyhow::Result<Self> {
        let socket = listener::bind("http.metrics_listen", listen)?;
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(REQUEST_DURATION.into()), &REQUEST_DURATION_BUCKETS)
            .context("the buckets of durations")?
            .install_recorder()
            .context("metrics cannot be recorded")?;
        informer_oauth_application::metrics::describe();
        informer_oauth_crypto::describe_metrics();
        informer_oauth_http::describe_metrics();
        informer_oauth_informer::describe_metrics();
        describe();
        logs::describe_metrics();
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { socket, recorder })
    }

    /// Serves what was counted, and what the service says of itself when asked.
    pub(super) fn serve(self, service: &Installation) -> anyhow::Result<Serving> {
        let address = self.socket.address();
        let scrape = Data::new(Scrape {
            recorder: self.recorder.clone(),
            app: Arc::clone(&service.app),
            keys: Arc::clone(&service.keys),
            pools: service.pools.clone(),
        });
        process::started(service.app.now());
        let application = move || {
            App::new()
                .app_data(scrape.clone())
                .route("/metrics", web::get().to(answer))
        };
        let limits = ServerLimits {
            connections_per_worker: CONNECTIONS_AT_MOST,
            ..ServerLimits::default()
        };
        let listener = self.socket.listen(BACKLOG)?;
        let server =
            bounded_server(application, limits, listener, 1, Duration::ZERO).context("cannot listen for scrapes")?;
        let handle = server.handle();
        tracing::info!(listen = %address, "serving metrics");
        Ok(Serving {
            address,
            handle,
            tasks: [rt::spawn(run(server)), rt::spawn(sort(self.recorder))],
        })
    }
}

async fn run(server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "metrics are no longer served");
    }
}

async fn sort(recorder: PrometheusHandle) {
    loop {
        sleep(SORTED_EVERY).await;
        recorder.run_upkeep();
    }
}

/// Metrics being served.
pub(super) struct Serving {
    address: SocketAddr,
    handle: ServerHandle,
    tasks: [JoinHandle<()>; 2],
}

impl Serving {
    /// Where.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        self.handle.stop(false).await;
        for task in self.tasks {
            task.abort();
        }
    }
}

struct Scrape {
    recorder: PrometheusHandle,
    app: Arc<Application>,
    keys: Arc<Keys>,
    pools: Vec<Arc<dyn Pools>>,
}

async fn answer(scrape: Data<Scrape>) -> HttpResponse {
    scrape.sample(scrape.app.now());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, TEXT_FORMAT))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(scrape.recorder.render())
}

impl Scrape {
    /// Looks at what is not counted as it happens.
    fn sample(&self, now: Timestamp) {
        for pool in self.pools.iter().flat_map(|pools| pools.pools()) {
            let idle = pool.open.saturating_sub(pool.busy);
            gauge!(CONNECTIONS, "pool" => pool.name, "state" => "busy").set(whole(pool.busy));
            gauge!(CONNECTIONS, "pool" => pool.name, "state" => "idle").set(whole(idle));
            gauge!(CONNECTIONS_LIMIT, "pool" => pool.name).set(whole(pool.limit));
            gauge!(WAITING, "pool" => pool.name).set(whole(pool.waiting));
        }
        for purpose in KeyPurpose::ALL {
            if let Some(since) = self.keys.signs_since(purpose) {
                gauge!(KEY_AGE, "purpose" => purpose.as_str()).set(now.since(since).as_secs_f64());
            }
        }
        process::sample();
    }
}

/// A count as a gauge has it.
#[expect(
    clippy::cast_precision_loss,
    reason = "what is counted here has far fewer than 53 bits"
)]
fn whole(count: usize) -> f64 {
    count as f64
}

fn describe() {
    describe_gauge!(BUILD, Unit::Count, "1, with the version as a label.");
    describe_gauge!(
        CONNECTIONS,
        Unit::Count,
        "Open connections to a store, by pool and state: busy or idle."
    );
    describe_gauge!(CONNECTIONS_LIMIT, Unit::Count, "How many connections a pool may open.");
    describe_gauge!(WAITING, Unit::Count, "Calls that wait for a connection, by pool.");
    describe_gauge!(
        KEY_AGE,
        Unit::Seconds,
        "For how long the current signing key of a purpose has been signing."
    );
    process::describe();
}
