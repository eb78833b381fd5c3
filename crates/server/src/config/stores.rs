//! What the settings of the stores demand of each other.

use super::{Config, Problems};

pub(super) fn validate(config: &Config, problems: &mut Problems) {
    if config.database.is_embedded() {
        if !config.cache.url.is_empty() {
            problems.add(
                "cache.url",
                "is not used with SQLite, where the database keeps everything: remove it, or set database.url to postgres://…",
            );
        }
        return;
    }
    if !config.database.is_postgres() {
        return;
    }
    if config.cache.url.is_empty() {
        problems.add(
            "cache.url",
            "must be set when database.url is a Postgres: redis://host:6379 or rediss://…; codes, sessions and attempt counts are there",
        );
    }
    if config.secrets.encryption_key.is_none() && config.secrets.encryption_key_file.is_none() {
        problems.add(
            "secrets.encryption_key",
            "must be set when database.url is a Postgres, or secrets.encryption_key_file: 32 random bytes in base64 (openssl rand -base64 32), the same for every replica",
        );
    }
}
