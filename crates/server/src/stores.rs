//! Which adapters keep what: one file for everything, or Postgres for what lasts and Redis for what does not.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use informer_oauth_memory::LocalChanges;
use informer_oauth_ports::{
    AttemptCounter, AuditLog, Changes, ClientStore, CodeStore, ConsentStore, DeviceStore, Entropy, PoolState, Pools,
    Probe, SessionStore, SigningKeyStore, StoreError, TokenStore, UsageLog, UserDirectory,
};
use informer_oauth_postgres::{ConnectError, Exclusive, Postgres};
use informer_oauth_redis::Redis;
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use tokio::time::{Instant, sleep};

use crate::{config::Config, data_folder};

/// For how long a Postgres that does not answer is tried again, and how often: a start may come a moment too early.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);
/// How many codes and pending devices an embedded service remembers, each: some eight megabytes of each kind.
const REMEMBERED: usize = 20_000;

/// The largest database file, in bytes, that is read as a whole at the start to find damage: less than a second.
const CHECKED_AT_START: u64 = 256 * 1024 * 1024;

/// The stores of an installation.
#[derive(Clone, Debug)]
pub(crate) enum Stores {
    /// A file, from which one process serves.
    Embedded(Sqlite),
    /// Servers, which any number of replicas share.
    Production {
        /// What lasts.
        postgres: Postgres,
        /// What lives for minutes to hours.
        redis: Redis,
    },
}

/// The ports to what lasts.
pub(crate) struct Durable {
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) consents: Arc<dyn ConsentStore>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) usage: Arc<dyn UsageLog>,
    pub(crate) directory: Arc<dyn UserDirectory>,
    pub(crate) keys: Arc<dyn SigningKeyStore>,
}

impl Durable {
    fn of<S>(store: &S) -> Self
    where
        S: ClientStore
            + ConsentStore
            + AuditLog
            + TokenStore
            + UsageLog
            + UserDirectory
            + SigningKeyStore
            + Clone
            + 'static,
    {
        let store = Arc::new(store.clone());
        Self {
            clients: store.clone(),
            consents: store.clone(),
            audit: store.clone(),
            tokens: store.clone(),
            usage: store.clone(),
            directory: store.clone(),
            keys: store,
        }
    }
}

/// The ports to what lives for minutes to hours.
pub(crate) struct ShortLived {
    pub(crate) codes: Arc<dyn CodeStore>,
    pub(crate) devices: Arc<dyn DeviceStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
}

impl ShortLived {
    fn of<S: CodeStore + DeviceStore + SessionStore + AttemptCounter + Clone + 'static>(store: &S) -> Self {
        let store = Arc::new(store.clone());
        Self {
            codes: store.clone(),
            devices: store.clone(),
            sessions: store.clone(),
            attempts: store,
        }
    }
}

/// A turn at work that one process of an installation does at a time, until it is dropped.
#[expect(dead_code, reason = "the lock is held, not read")]
pub(crate) struct Turn(Option<Exclusive>);

impl Stores {
    /// Opens the stores of a service: makes what is missing where there is one process, and otherwise brings the schema up
    /// to date only if told to. Redis may be down.
    pub(crate) async fn for_serving(config: &Config, migrate: bool) -> anyhow::Result<Self> {
        if config.database.is_embedded() {
            data_folder::prepare(&config.database.folder())?;
            // The lock of the database is held: nobody else serves from it.
            let options = SqliteOptions {
                remembered: REMEMBERED,
                ..SqliteOptions::default()
            };
            let path = config.database.path();
            if let Some(reason) = data_folder::denied(path) {
                bail!("{reason}");
            }
            if path
                .metadata()
                .is_ok_and(|file| (1..=CHECKED_AT_START).contains(&file.len()))
            {
                Sqlite::quick_check(path)?;
            }
            let sqlite = Sqlite::open(path, &options)?;
            // A file on a full or read-only disk opens, and every request would fail.
            let written = sqlite.check().await;
            written.with_context(|| format!("cannot write to {}", path.display()))?;
            return Ok(Self::Embedded(sqlite));
        }
        if migrate {
            let options = config.database.postgres();
            for name in patiently(async || Postgres::migrate(&options, false).await).await? {
                tracing::info!(name, "applied a schema change");
            }
        }
        match Self::production(config).await {
            Err(error) if matches!(error.downcast_ref(), Some(ConnectError::Older(_))) => {
                bail!("{error}, or start with `informer-oauth serve --migrate`")
            }
            other => other,
        }
    }

    /// Opens the stores for a command: the database must be there and its schema be this program's, so that a command with
    /// the wrong settings makes no second database, and never changes one under a service that runs.
    pub(crate) async fn for_commands(config: &Config) -> anyhow::Result<Self> {
        if !config.database.is_embedded() {
            return Self::production(config).await;
        }
        let path = config.database.path();
        require_migrated(path)?;
        Ok(Self::Embedded(Sqlite::open(path, &SqliteOptions::default())?))
    }

    async fn production(config: &Config) -> anyhow::Result<Self> {
        let options = config.database.postgres();
        Ok(Self::Production {
            postgres: patiently(async || Postgres::connect(&options).await).await?,
            redis: redis(config)?,
        })
    }

    /// The ports to what lasts.
    pub(crate) fn durable(&self) -> Durable {
        match self {
            Self::Embedded(sqlite) => Durable::of(sqlite),
            Self::Production { postgres, .. } => Durable::of(postgres),
        }
    }

    /// The ports to what lives for minutes to hours.
    pub(crate) fn short_lived(&self) -> ShortLived {
        match self {
            Self::Embedded(sqlite) => ShortLived::of(sqlite),
            Self::Production { redis, .. } => ShortLived::of(redis),
        }
    }

    /// Whom readiness asks.
    pub(crate) fn probes(&self) -> Vec<Arc<dyn Probe>> {
        match self {
            Self::Embedded(sqlite) => vec![Arc::new(sqlite.clone())],
            Self::Production { postgres, redis } => vec![Arc::new(postgres.clone()), Arc::new(redis.clone())],
        }
    }

    /// Whose pools metrics show.
    pub(crate) fn pools(&self) -> Vec<Arc<dyn Pools>> {
        match self {
            Self::Embedded(sqlite) => vec![Arc::new(sqlite.clone())],
            Self::Production { postgres, redis } => {
                vec![Arc::new(PostgresPool(postgres.clone())), Arc::new(redis.clone())]
            }
        }
    }

    /// Who tells of changes; `entropy` gives this process a name among the others.
    pub(crate) fn changes(&self, entropy: &dyn Entropy) -> Arc<dyn Changes> {
        match self {
            Self::Embedded(_) => Arc::new(LocalChanges::default()),
            Self::Production { redis, .. } => Arc::new(redis.changes(entropy)),
        }
    }

    /// Takes a turn at some work; `None` while another process has it.
    pub(crate) async fn try_turn(&self, work: &str) -> Result<Option<Turn>, StoreError> {
        match self {
            Self::Embedded(_) => Ok(Some(Turn(None))),
            Self::Production { postgres, .. } => {
                let turn = postgres.try_exclusive(work).await?;
                Ok(turn.map(|turn| Turn(Some(turn))))
            }
        }
    }

    /// Finishes what was begun and lets go of the stores.
    pub(crate) async fn close(self) {
        match self {
            Self::Embedded(sqlite) => sqlite.close().await,
            Self::Production { postgres, .. } => postgres.close(),
        }
    }
}

struct PostgresPool(Postgres);

impl Pools for PostgresPool {
    fn pools(&self) -> Vec<PoolState> {
        let state = self.0.pool_state();
        vec![PoolState {
            name: "postgres",
            limit: state.limit,
            open: state.open,
            busy: state.open.saturating_sub(state.idle),
            waiting: state.waiting,
        }]
    }
}

/// Redis as configured. Nothing is asked of it yet.
pub(crate) fn redis(config: &Config) -> anyhow::Result<Redis> {
    Ok(Redis::connect(&config.cache.redis().map_err(anyhow::Error::msg)?)?)
}

/// Tries again while nobody answers.
async fn patiently<T>(attempt: impl AsyncFn() -> Result<T, ConnectError>) -> Result<T, ConnectError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt().await {
            Err(ConnectError::Unreachable(_)) if Instant::now() < deadline => sleep(PAUSE).await,
            other => return other,
        }
    }
}

/// Refuses a database that is missing or whose schema is older than this program's.
fn require_migrated(path: &Path) -> anyhow::Result<()> {
    if let Some(reason) = data_folder::denied(path) {
        bail!("{reason}");
    }
    if !path.exists() {
        bail!(
            "there is no database {}: start the service, or make it with `informer-oauth migrate`",
            path.display()
        );
    }
    let pending = Sqlite::pending_migrations(path)?;
    if !pending.is_empty() {
        bail!(
            "the schema of {} is older than this program: run `informer-oauth migrate`",
            path.display()
        );
    }
    Ok(())
}
