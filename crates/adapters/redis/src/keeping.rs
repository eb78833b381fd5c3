//! How well a Redis keeps what it is given: for whoever looks after it.

use std::collections::HashMap;

use informer_oauth_ports::StoreError;
use redis::{Value, cmd, from_redis_value};

use crate::{Redis, failure::corrupt};

/// What a server says of its memory and its disk. What it does not tell, as some hosted ones, is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RedisKeeping {
    /// `maxmemory` in bytes; zero is without limit.
    pub memory_limit: Option<u64>,
    /// `maxmemory-policy`: what it does at that limit.
    pub eviction: Option<String>,
    /// Whether it keeps an append-only file.
    pub appends: Option<bool>,
    /// `appendfsync`: when that file is on the disk.
    pub append_fsync: Option<String>,
    /// `save`: when it writes snapshots; empty is never.
    pub snapshots: Option<String>,
}

impl RedisKeeping {
    /// Whether it may forget keys before their time, to make room.
    pub fn evicts(&self) -> bool {
        let limited = self.memory_limit.is_none_or(|bytes| bytes > 0);
        limited && self.eviction.as_deref().is_some_and(|policy| policy != "noeviction")
    }

    fn of_information(text: &str) -> Self {
        let field = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.trim_end().split_once(':'));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        Self {
            memory_limit: field("maxmemory").and_then(|bytes| bytes.parse().ok()),
            eviction: field("maxmemory_policy"),
            appends: field("aof_enabled").map(|enabled| enabled == "1"),
            ..Self::default()
        }
    }
}

impl Redis {
    /// Asks the server, or each master of a Cluster.
    pub async fn keeping(&self) -> Result<Vec<RedisKeeping>, StoreError> {
        const OPERATION: &str = "Redis.keeping";
        let answer: Value = self.ask(OPERATION, "information", cmd("INFO")).await?;
        let of_each = match answer {
            Value::Map(of_each) => of_each.into_iter().map(|(_, text)| text).collect(),
            one => vec![one],
        };
        let append_fsync = self.setting("appendfsync").await;
        let snapshots = self.setting("save").await;
        of_each
            .into_iter()
            .map(|text| {
                let text: String = from_redis_value(text).map_err(|error| corrupt("information", error))?;
                Ok(RedisKeeping {
                    append_fsync: append_fsync.clone(),
                    snapshots: snapshots.clone(),
                    ..RedisKeeping::of_information(&text)
                })
            })
            .collect()
    }

    /// A setting of the server, or of some node of a Cluster, if it may be read.
    async fn setting(&self, name: &str) -> Option<String> {
        let mut command = cmd("CONFIG");
        command.arg("GET").arg(name);
        let settings: HashMap<String, String> = self.ask("Redis.setting", "setting", command).await.ok()?;
        settings.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_and_what_is_not_is_unknown() {
        let told = "# Memory\r\nmaxmemory:67108864\r\nmaxmemory_human:64.00M\r\nmaxmemory_policy:allkeys-lru\r\n\
                    # Persistence\r\naof_enabled:1\r\n";
        let keeping = RedisKeeping::of_information(told);
        assert_eq!(keeping.memory_limit, Some(67_108_864));
        assert_eq!(keeping.eviction.as_deref(), Some("allkeys-lru"));
        assert_eq!(keeping.appends, Some(true));
        assert_eq!(RedisKeeping::of_information("# Server\r\n"), RedisKeeping::default());
    }

    #[test]
    fn without_a_limit_nothing_is_evicted_whatever_the_policy() {
        let keeping = |memory_limit, eviction: Option<&str>| RedisKeeping {
            memory_limit,
            eviction: eviction.map(str::to_owned),
            ..RedisKeeping::default()
        };
        assert!(keeping(Some(1), Some("volatile-ttl")).evicts());
        assert!(keeping(None, Some("allkeys-lru")).evicts());
        assert!(!keeping(Some(0), Some("allkeys-lru")).evicts());
        assert!(!keeping(Some(1), Some("noeviction")).evicts());
        assert!(!keeping(Some(1), None).evicts());
    }
}
