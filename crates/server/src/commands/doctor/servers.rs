//! Whether Postgres and Redis are there.

use informer_oauth_ports::Probe as _;
use informer_oauth_postgres::Postgres;

use super::{Findings, UP_TO_DATE, keeping, not_applied};
use crate::{config::Config, stores, stores::Stores};

const MIGRATIONS: &str = "migrations";
const DATABASE: &str = "database";
const CACHE: &str = "cache";

/// Connects to both; `None` when the database cannot be used.
pub(super) async fn open(config: &Config, findings: &mut Findings) -> Option<Stores> {
    let postgres = postgres(config, findings).await;
    let shown = config.cache.url.shown();
    let redis = match stores::redis(config) {
        Ok(redis) => redis,
        Err(error) => {
            findings.failed(CACHE, format!("{error:#}"));
            return None;
        }
    };
    match redis.check().await {
        Ok(()) => {
            findings.ok(CACHE, format!("{shown} reads and writes"));
            keeping::redis(&redis, findings).await;
        }
        Err(error) => findings.failed(CACHE, format!("{shown}: {error}")),
    }
    Some(Stores::Production {
        postgres: postgres?,
        redis,
    })
}

async fn postgres(config: &Config, findings: &mut Findings) -> Option<Postgres> {
    let shown = config.database.url.shown();
    let options = config.database.postgres();
    match Postgres::pending_migrations(&options).await {
        Ok(pending) if pending.is_empty() => findings.ok(MIGRATIONS, UP_TO_DATE),
        Ok(pending) => {
            findings.failed(MIGRATIONS, not_applied(&pending));
            return None;
        }
        Err(error) => {
            findings.failed(DATABASE, format!("{shown}: {error}"));
            return None;
        }
    }
    let database = match Postgres::connect(&options).await {
        Ok(database) => database,
        Err(error) => {
            findings.failed(DATABASE, format!("{shown}: {error}"));
            return None;
        }
    };
    match database.check().await {
        Ok(()) => {
            findings.ok(DATABASE, format!("{shown} reads and writes"));
            keeping::postgres(&database, options.pool_size, findings).await;
        }
        Err(error) => findings.failed(DATABASE, format!("{shown}: {error}")),
    }
    Some(database)
}
