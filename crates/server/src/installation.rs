//! Plugging the adapters into the application.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
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
use informer_oauth_informer::Informer;
use informer_oauth_ports::{Changes, Clock as _, Entropy, Identity, PasswordSignIn, Pools, SigningKeyStore};

use crate::{
    clock::SystemClock,
    config::Config,
    data_folder,
    stores::{Durable, ShortLived, Stores},
};

/// How long a command waits at its end until others were told what it changed.
const TELLING: Duration = Duration::from_secs(1);

/// The service on its stores, with nothing listening.
pub(crate) struct Installation {
    /// The use cases.
    pub(crate) app: Arc<Application>,
    /// The signing keys.
    pub(crate) keys: Arc<Keys>,
    /// Who tells and hears of changes.
    pub(crate) changes: Arc<dyn Changes>,
    /// Whose pools metrics show.
    pub(crate) pools: Vec<Arc<dyn Pools>>,
    /// Every store.
    pub(crate) stores: Stores,
}

impl Installation {
    /// Makes what is missing and plugs everything together. An embedded database is brought up to date, another one if
    /// `migrate` says so.
    pub(crate) async fn create(config: &Config, issuer: &str, migrate: bool) -> anyhow::Result<Self> {
        let stores = Stores::for_serving(config, migrate).await?;
        Self::assemble(config, issuer, stores).await
    }

    /// As [`Installation::create`], for commands, which make no database and change no schema.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let stores = Stores::for_commands(config).await?;
        Self::assemble(config, &config.issuer_at(config.http.listen), stores).await
    }

    /// Ends a command, when running services have been told what it changed.
    pub(crate) async fn close_after_command(self) {
        if !self.changes.told(TELLING).await {
            // They remember nothing for longer.
            eprintln!("warning: running services could not be told of the change; they notice it within a second");
        }
        self.close().await;
    }

    /// Finishes what was begun and lets go of the stores.
    pub(crate) async fn close(self) {
        let Self {
            app,
            keys,
            changes,
            pools,
            stores,
        } = self;
        drop((app, keys, changes, pools));
        stores.close().await;
    }

    async fn assemble(config: &Config, issuer: &str, stores: Stores) -> anyhow::Result<Self> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let Durable {
            clients,
            consents,
            audit,
            tokens,
            usage,
            directory: users,
            keys: key_store,
        } = stores.durable();
        let ShortLived {
            codes,
            devices,
            sessions,
            attempts,
        } = stores.short_lived();
        let master = master_key(config, &*key_store).await?;
        let now = SystemClock.now();
        let accepted = config.secrets.accepted();
        let own = Arc::clone(&entropy);
        let stored = Arc::clone(&key_store);
        let keys = Keys::load_with_others(stored, &master, &accepted, issuer.to_owned(), own, now).await?;
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

        let forms = Arc::new(DerivedFormKey::new(&master));
        let [per_username, per_address] = config.limits.sign_in();
        let defaults = DirectorySettings::new(issuer.starts_with("https://"));
        let suffix = informer_oauth_http::cookie_suffix(issuer);
        let directory = DirectorySettings {
            cookie: format!("{}{suffix}", defaults.cookie),
            device_cookie: format!("{}{suffix}", defaults.device_cookie),
            session_lifetime: Duration::from_secs(config.directory.session_hours * 3600),
            per_username,
            per_address,
            token_api: config.features.token_api,
        };
        let mut probes = stores.probes();
        let (identity, sign_in): (Arc<dyn Identity>, Option<Arc<dyn PasswordSignIn>>) = if config.identity.is_informer()
        {
            let informer = Arc::new(informer(config, Arc::clone(&entropy))?);
            probes.push(informer.clone());
            (informer, None)
        } else {
            let directory = Arc::new(Directory::new(
                Arc::clone(&users),
                Arc::clone(&sessions),
                Arc::clone(&attempts),
                passwords.clone(),
                Arc::clone(&entropy),
                forms.clone(),
                directory,
            ));
            (directory.clone(), Some(directory))
        };
        let changes = stores.changes(&*entropy);
        let ports = Ports {
            clock: Arc::new(SystemClock),
            entropy,
            clients,
            consents,
            audit,
            tokens,
            usage,
            codes,
            devices,
            sessions,
            attempts,
            directory: users,
            identity,
            sign_in,
            keys: key_store,
            signer: keys.clone(),
            secrets,
            passwords,
            forms,
            changes: Arc::clone(&changes),
            probes,
        };
        let app = Arc::new(Application::new(ports, settings(config, issuer)?));
        Ok(Self {
            app,
            keys,
            changes,
            pools: stores.pools(),
            stores,
        })
    }
}

/// The Informer beside this service. Nothing is asked of it yet.
fn informer(config: &Config, entropy: Arc<dyn Entropy>) -> anyhow::Result<Informer> {
    let remembered = config.caches.entries;
    let settings = config.identity.informer.settings(config.features.token_api, remembered);
    let settings = settings.map_err(anyhow::Error::msg)?;
    if settings.api_token.is_none() {
        tracing::warn!(
            "identity.informer.api_token is not set: codes, device codes and refresh tokens are redeemed only for users whose \
             browser was at this replica within a minute, and tokens without expiry are answered 503"
        );
    }
    Informer::new(settings, entropy).map_err(|problem| anyhow::anyhow!("identity.informer.{problem}"))
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
        device_lifetime: Duration::from_secs(tokens.device_seconds),
        refresh_retry_window: Duration::from_secs(tokens.refresh_retry_window),
        client_authentication: ClientAuthenticationLimits {
            per_client_and_address,
            per_address,
        },
        user_codes: config.limits.user_codes(),
        devices: config.limits.devices(),
        audit_retention: config.audit.retention(),
        allowed_custom_schemes: config.security.allowed_custom_schemes.clone(),
        routes: config.gate.table(),
        gate: config.gate.policy(config.identity.is_informer()),
        cached_entries: config.caches.entries,
        // What Informer says is remembered where it is asked, for as long as the operator wants.
        cached_users: !config.identity.is_informer(),
    })
}

/// The configured key, or the one beside the database. It is made only while nothing has been encrypted.
async fn master_key(config: &Config, keys: &dyn SigningKeyStore) -> anyhow::Result<MasterKey> {
    if let Some(key) = &config.secrets.encryption_key {
        return Ok(MasterKey::from_base64(key.secret().expose())?);
    }
    if let Some(path) = &config.secrets.encryption_key_file {
        return data_folder::read_key(path);
    }
    let path = data_folder::key_file(&config.database.folder());
    if path.try_exists().with_context(|| format!("{}", path.display()))? {
        data_folder::close_key(&path)?;
        return data_folder::read_key(&path);
    }
    if !keys.list().await?.is_empty() {
        bail!(
            "the encryption key {} is missing, and the database's signing keys need it: restore it from a backup",
            path.display()
        );
    }
    data_folder::make_key(&path, &SystemEntropy)
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_nobody_configures_is_what_the_use_cases_have_by_themselves_but_that_users_are_remembered() {
        let configured = settings(&Config::default(), "https://bi.example.com").unwrap();
        let of_themselves = Settings {
            cached_users: true,
            ..Settings::new(configured.resources.clone())
        };
        assert_eq!(format!("{configured:?}"), format!("{of_themselves:?}"));
    }
}
