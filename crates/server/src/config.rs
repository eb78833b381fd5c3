//! What the operator decides: one file per section, each with its defaults and its `validate`.
//!
//! Sources, the first that names a key wins: flags, environment, file, defaults ([`load()`]).

mod audit;
mod bootstrap;
mod brand;
mod cache;
mod caches;
mod database;
mod features;
mod gate;
mod hidden;
mod http;
mod identity;
mod informer;
mod issuer;
mod keys;
mod known;
mod limits;
mod load;
mod location;
mod log;
mod problems;
mod secrets;
mod security;
mod show;
mod stores;
mod telemetry;
#[cfg(test)]
mod tests;
mod tokens;

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    hidden::Hidden,
    load::{Flag, Loaded, Sources, load},
    location::Location,
    log::{Format, Log},
    problems::Problems,
    show::show,
    telemetry::Telemetry,
};

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The public base URL, byte for byte the `iss` of every token. Without one it follows the address listened on.
    pub(crate) issuer: Option<String>,
    pub(crate) audit: audit::Audit,
    pub(crate) bootstrap: bootstrap::Bootstrap,
    pub(crate) brand: brand::Brand,
    pub(crate) cache: cache::Cache,
    pub(crate) caches: caches::Caches,
    pub(crate) database: database::Database,
    pub(crate) directory: identity::Directory,
    pub(crate) features: features::Features,
    pub(crate) gate: gate::Gate,
    pub(crate) http: http::Http,
    pub(crate) identity: identity::Identity,
    pub(crate) keys: keys::Keys,
    pub(crate) limits: limits::Limits,
    pub(crate) log: Log,
    pub(crate) secrets: secrets::Secrets,
    pub(crate) security: security::Security,
    pub(crate) telemetry: Telemetry,
    pub(crate) tokens: tokens::Tokens,
}

impl Config {
    /// Everything that is wrong with the values, each with its key.
    pub(crate) fn validate(&self) -> Problems {
        let mut problems = Problems::default();
        issuer::validate(self.issuer.as_deref(), self.http.listen, &mut problems);
        self.audit.validate(&mut problems);
        self.bootstrap.validate(&mut problems);
        self.brand.validate(&mut problems);
        self.cache.validate(&mut problems);
        self.caches.validate(&mut problems);
        self.database.validate(&mut problems);
        self.directory.validate(&mut problems);
        self.gate.validate(&mut problems);
        self.http.validate(&mut problems);
        identity::validate(self, &mut problems);
        self.keys.validate(&mut problems);
        self.limits.validate(&mut problems);
        self.log.validate(&mut problems);
        self.secrets.validate(&mut problems);
        self.security.validate(&mut problems);
        self.telemetry.validate(&mut problems);
        self.tokens.validate(&mut problems);
        stores::validate(self, &mut problems);
        problems
    }

    /// Whether the first start registers Informer CLI and Informer GO: where nothing is said, it does so for a service that
    /// is one process and its file.
    pub(crate) fn registers_builtin_clients(&self) -> bool {
        self.bootstrap
            .builtin_clients
            .unwrap_or_else(|| self.database.is_embedded())
    }

    /// The issuer, for a service that listens at `listen`.
    pub(crate) fn issuer_at(&self, listen: std::net::SocketAddr) -> String {
        self.issuer.clone().unwrap_or_else(|| issuer::following(listen))
    }
}
