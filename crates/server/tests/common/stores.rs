//! Postgres and Redis for services under test: a database and a key prefix of their own for each.

use informer_oauth_testkit::servers::{
    ThrowawayDatabase, ThrowawayPostgres,
    redis::{self, RedisServer},
};

/// Which stores services are started on unless a test says so: `production`, or else embedded ones.
const VARIABLE: &str = "INFORMER_OAUTH_TEST_STORES";

/// Whether services are started on Postgres and Redis.
pub fn are_production() -> bool {
    match std::env::var(VARIABLE).as_deref() {
        Ok("production") => true,
        Err(_) | Ok("" | "embedded") => false,
        Ok(other) => panic!("{VARIABLE} is {other:?}, neither production nor embedded"),
    }
}

/// An empty database and an unused key prefix, which any number of replicas share. Dropping it removes the database; the
/// keys all expire.
#[derive(Debug)]
pub struct ProductionStores {
    database: ThrowawayDatabase,
    redis: String,
    key_prefix: String,
    _own_redis: Option<RedisServer>,
}

impl ProductionStores {
    /// On the servers that the environment names, or on servers of this run's own.
    pub fn new() -> Self {
        Self::on(&ThrowawayPostgres::shared(), redis::shared())
    }

    /// On these servers.
    pub fn on(postgres: &ThrowawayPostgres, (redis, own): (String, Option<RedisServer>)) -> Self {
        Self {
            database: postgres.database(),
            redis,
            key_prefix: redis::key_prefix(),
            _own_redis: own,
        }
    }

    /// The settings of a service on them. What is made at the first start is what an embedded one makes.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("INFORMER_OAUTH__DATABASE__URL", self.database.url()),
            ("INFORMER_OAUTH__DATABASE__POOL_SIZE", "8".into()),
            ("INFORMER_OAUTH__CACHE__URL", self.redis.clone()),
            ("INFORMER_OAUTH__CACHE__KEY_PREFIX", self.key_prefix.clone()),
            (
                "INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY",
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
            ),
            ("INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS", "true".into()),
            ("INFORMER_OAUTH__HTTP__METRICS_LISTEN", "off".into()),
        ]
    }

    /// Asks the database itself.
    pub fn sql(&self, statement: &str) -> String {
        self.database.sql(statement)
    }
}
