//! Whether Postgres and Redis keep what they are given, as docs/production.md advises. What they do instead is the
//! operator's choice: it is a warning, and no failure.

use informer_oauth_postgres::{Postgres, PostgresDurability};
use informer_oauth_redis::{Redis, RedisKeeping};

use super::{Findings, Standing};

const DURABILITY: &str = "durability";
const CACHE_SETTINGS: &str = "cache settings";

/// What Postgres says; nothing when it cannot be asked, which another check finds.
pub(super) async fn postgres(postgres: &Postgres, pool_size: usize, findings: &mut Findings) {
    let Ok(told) = postgres.durability().await else {
        return;
    };
    let doubts = doubts_about_postgres(&told, pool_size);
    if doubts.is_empty() {
        let detail = format!(
            "what is answered is on the disk (synchronous_commit {})",
            told.synchronous_commit
        );
        findings.ok(DURABILITY, detail);
    } else {
        findings.add(DURABILITY, Standing::Warning, doubts.join("; "));
    }
}

fn doubts_about_postgres(told: &PostgresDurability, pool_size: usize) -> Vec<String> {
    let mut doubts = Vec::new();
    if !told.fsync {
        doubts.push("fsync is off: a power cut may destroy the database".to_owned());
    }
    if !told.full_page_writes {
        doubts.push("full_page_writes is off: a power cut may destroy pages".to_owned());
    }
    if told.synchronous_commit == "off" {
        doubts.push(
            "synchronous_commit is off: a crash takes back the last refreshes and revocations, though they were answered"
                .to_owned(),
        );
    }
    if i64::try_from(pool_size).is_ok_and(|pool| pool > told.connections) {
        doubts.push(format!(
            "database.pool_size is {pool_size} a replica, and Postgres lets in {} connections in all",
            told.connections
        ));
    }
    doubts
}

/// What Redis says; nothing when it cannot be asked.
pub(super) async fn redis(redis: &Redis, findings: &mut Findings) {
    let Ok(told) = redis.keeping().await else {
        return;
    };
    let mut doubts: Vec<String> = told.iter().filter_map(doubt_about_redis).collect();
    doubts.dedup();
    if doubts.is_empty() {
        let manner = told.first().map_or("says nothing of its settings", manner);
        findings.ok(CACHE_SETTINGS, format!("evicts nothing; {manner}"));
    } else {
        findings.add(CACHE_SETTINGS, Standing::Warning, doubts.join("; "));
    }
}

/// How a Redis without doubts outlasts a restart.
fn manner(told: &RedisKeeping) -> &'static str {
    match (told.appends, told.append_fsync.as_deref()) {
        (Some(true), Some("always")) => "keeps everything over a restart (appendfsync always)",
        (Some(true), _) => "keeps all but the last second over a crash (appendonly yes)",
        (Some(false), _) => "keeps nothing over a restart: who is signed in then signs in again",
        (None, _) => "does not say what it keeps over a restart",
    }
}

fn doubt_about_redis(told: &RedisKeeping) -> Option<String> {
    let mut doubts = Vec::new();
    if told.evicts() {
        let policy = told.eviction.as_deref().unwrap_or_default();
        doubts.push(format!(
            "maxmemory-policy is {policy}: codes, sign-ins and attempt counts may be gone before their time; set noeviction"
        ));
    }
    if told.appends == Some(true) && told.append_fsync.as_deref() == Some("no") {
        doubts.push("appendfsync is no: a crash takes it back by as long as the system likes".to_owned());
    }
    if told.appends == Some(false) && told.snapshots.as_deref().is_some_and(|save| !save.is_empty()) {
        doubts.push(
            "it keeps snapshots only: a crash takes it back to the last one, with sign-ins that were ended since; set \
             appendonly yes, or save \"\""
                .to_owned(),
        );
    }
    (!doubts.is_empty()).then(|| doubts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> PostgresDurability {
        PostgresDurability {
            fsync: true,
            full_page_writes: true,
            synchronous_commit: "on".into(),
            connections: 97,
        }
    }

    #[test]
    fn what_a_power_cut_would_take_back_and_a_pool_that_is_too_large_are_doubts_about_postgres() {
        let doubts = |told: PostgresDurability, pool| doubts_about_postgres(&told, pool).len();
        for commit in ["on", "local", "remote_write", "remote_apply"] {
            let told = PostgresDurability {
                synchronous_commit: commit.into(),
                ..sound()
            };
            assert_eq!(doubts(told, 97), 0, "{commit}");
        }
        let worst = PostgresDurability {
            fsync: false,
            full_page_writes: false,
            synchronous_commit: "off".into(),
            connections: 97,
        };
        assert_eq!(doubts(worst, 98), 4);
        assert_eq!(doubts(sound(), 98), 1);
    }

    #[test]
    fn eviction_and_a_way_back_to_an_older_state_are_doubts_about_redis() {
        let told = |appends, fsync: &str, save: &str, policy: &str| RedisKeeping {
            memory_limit: Some(1),
            eviction: Some(policy.into()),
            appends: Some(appends),
            append_fsync: Some(fsync.into()),
            snapshots: Some(save.into()),
        };
        for sound in [
            told(true, "always", "", "noeviction"),
            told(true, "everysec", "3600 1", "noeviction"),
            told(false, "everysec", "", "noeviction"),
            RedisKeeping::default(),
        ] {
            assert_eq!(doubt_about_redis(&sound), None, "{sound:?}");
        }
        for (doubtful, word) in [
            (told(true, "always", "", "volatile-lru"), "volatile-lru"),
            (told(true, "no", "", "noeviction"), "appendfsync"),
            (told(false, "everysec", "3600 1", "noeviction"), "snapshots"),
        ] {
            let doubt = doubt_about_redis(&doubtful);
            assert!(doubt.is_some_and(|doubt| doubt.contains(word)), "{doubtful:?}");
        }
    }
}
