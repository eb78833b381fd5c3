//! Plugging the adapters into the application.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use informer_oauth_application::{Application, Ports, Settings, authenticate_client::ClientAuthenticationLimits};
use informer_oauth_crypto::{
    Argon2Cost, Argon2id, Bcrypt, BcryptSettings, DerivedFormKey, HashingPool, Keys, MasterKey, SystemEntropy,
};
use informer_oauth_directory::{Directory, DirectorySettings};
use informer_oauth_domain::{
    authorization::OwnResources,
    resource::Resource,
    user::{ClientAdministrator, Superuser},
};
use informer_oauth_memory::LocalChanges;
use informer_oauth_ports::{Clock as _, Entropy, Pools, Probe, SigningKeyStore as _, StoreError};
use informer_oauth_sqlite::{Sqlite, SqliteOptions};

use crate::{clock::SystemClock, config::Config, data_folder};

/// The service on its database, with nothing listening.
pub(crate) struct Installation {
    /// The use cases.
    pub(crate) app: Arc<Application>,
    /// The signing keys.
    pub(crate) keys: Arc<Keys>,
    /// Who hears of changes.
    pub(crate) changes: LocalChanges,
    /// Whose pools metrics show.
    pub(crate) pools: Vec<Arc<dyn Pools>>,
    /// Every store.
    pub(crate) database: Sqlite,
}

impl Installation {
    /// Makes what is missing, brings the schema up to date, and plugs everything together.
    pub(crate) async fn create(config: &Config, issuer: &str) -> anyhow::Result<Self> {
        data_folder::prepare(&config.database.folder())?;
        Self::assemble(config, issuer, open(config.database.path())?).await
    }

    /// As [`Installation::create`], for commands: the database must be there and its schema be this program's, so that a
    /// command with the wrong settings makes no second database, and never changes one under a service that runs.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        require_migrated(config.database.path())?;
        let issuer = config.issuer_at(config.http.listen);
        Self::assemble(config, &issuer, open(config.database.path())?).await
    }

    async fn assemble(config: &Config, issuer: &str, database: Sqlite) -> anyhow::Result<Self> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let store = Arc::new(database.clone());
        let master = master_key(config, &database).await?;
        let now = SystemClock.now();
        let keys = Keys::load(store.clone(), &master, issuer.to_owned(), Arc::clone(&entropy), now).await?;
        let keys = Arc::new(keys);

        let pool = HashingPool::start("bcrypt", config.limits.bcrypt_pool()).context("cannot start threads")?;
        let bcrypt = BcryptSettings {
            cost: config.secrets.bcrypt_cost,
            remembered: config.caches.verified_secrets,
            remembered_for: Duration::from_secs(config.caches.verified_secrets_seconds),
        };
        let secrets = Arc::new(Bcrypt::new(bcrypt, Arc::new(pool), Arc::clone(&entropy))?);
        let pool = HashingPool::start("argon2", config.limits.password_pool()).context("cannot start threads")?;
        let passwords = Arc::new(Argon2id::new(
            Argon2Cost::default(),
            Arc::new(pool),
            Arc::clone(&entropy),
        )?);

        let [per_username, per_address] = config.limits.sign_in();
        let directory = DirectorySettings {
            session_lifetime: Duration::from_secs(config.directory.session_hours * 3600),
            per_username,
            per_address,
            token_api: config.features.token_api,
            ..DirectorySettings::new(issuer.starts_with("https://"))
        };
        let directory = Arc::new(Directory::new(
            store.clone(),
            store.clone(),
            store.clone(),
            passwords.clone(),
            Arc::clone(&entropy),
            directory,
        ));
        let changes = LocalChanges::default();
        let ports = Ports {
            clock: Arc::new(SystemClock),
            entropy,
            clients: store.clone(),
            consents: store.clone(),
            audit: store.clone(),
            tokens: store.clone(),
            codes: store.clone(),
            sessions: store.clone(),
            attempts: store.clone(),
            directory: store,
            identity: directory.clone(),
            sign_in: Some(directory),
            signer: keys.clone(),
            secrets,
            passwords,
            forms: Arc::new(DerivedFormKey::new(&master)),
            changes: Arc::new(changes.clone()),
            probes: vec![Arc::new(DatabaseProbe(database.clone()))],
        };
        let app = Arc::new(Application::new(ports, settings(config, issuer)?));
        Ok(Self {
            app,
            keys,
            changes,
            pools: vec![Arc::new(database.clone())],
            database,
        })
    }
}

fn settings(config: &Config, issuer: &str) -> anyhow::Result<Settings> {
    let tokens = &config.tokens;
    let [per_client_and_address, per_address] = config.limits.client();
    let issuer = Resource::parse(issuer)?;
    let audience = tokens.audience.as_deref().map(Resource::parse).transpose()?;
    Ok(Settings {
        resources: OwnResources {
            audience: audience.unwrap_or_else(|| issuer.clone()),
            issuer,
        },
        access_lifetime: Duration::from_secs(tokens.access_seconds),
        refresh_lifetime: Duration::from_secs(tokens.refresh_seconds),
        code_lifetime: Duration::from_secs(tokens.code_seconds),
        refresh_retry_window: Duration::from_secs(tokens.refresh_retry_window),
        client_authentication: ClientAuthenticationLimits {
            per_client_and_address,
            per_address,
        },
        allowed_custom_schemes: config.security.allowed_custom_schemes.clone(),
        routes: config.gate.table(),
        cached_entries: config.caches.entries,
        // They are in the same file: a lock made at the command line counts at the next refresh.
        cached_users: false,
    })
}

fn open(path: &Path) -> anyhow::Result<Sqlite> {
    Ok(Sqlite::open(path, &SqliteOptions::default())?)
}

/// Refuses a database that is missing or whose schema is older than this program's.
fn require_migrated(path: &Path) -> anyhow::Result<()> {
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

/// The configured key, or the one beside the database. It is made only while nothing has been encrypted.
async fn master_key(config: &Config, database: &Sqlite) -> anyhow::Result<MasterKey> {
    if let Some(key) = &config.secrets.encryption_key {
        return Ok(MasterKey::from_base64(key.secret().expose())?);
    }
    if let Some(path) = &config.secrets.encryption_key_file {
        return data_folder::read_key(path);
    }
    let path = data_folder::key_file(&config.database.folder());
    if path.try_exists().with_context(|| format!("{}", path.display()))? {
        return data_folder::read_key(&path);
    }
    if !database.list().await?.is_empty() {
        bail!(
            "the encryption key {} is missing, and the database's signing keys need it: restore it from a backup",
            path.display()
        );
    }
    data_folder::make_key(&path, &SystemEntropy)
}

/// Asks the database for readiness.
struct DatabaseProbe(Sqlite);

#[async_trait]
impl Probe for DatabaseProbe {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }
}

/// Who works at the command line, as the audit log shows it.
fn operator() -> String {
    let name = ["USER", "LOGNAME"]
        .iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self").map_or_else(|_| "unknown".into(), |process| format!("uid-{}", process.uid()))
    });
    format!("cli:{name}")
}

/// The person at the command line, as one who may manage users.
pub(crate) fn superuser() -> Superuser {
    Superuser::at_command_line(&operator())
}

/// The person at the command line, as one who may manage clients.
pub(crate) fn administrator() -> ClientAdministrator {
    ClientAdministrator::at_command_line(&operator())
}
