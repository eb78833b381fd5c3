//! A Postgres and a Redis for the length of a run, as an operator would set them up: every commit on disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use informer_oauth_testkit::servers::{ThrowawayDatabase, ThrowawayPostgres, redis::RedisServer};

/// What differs from the defaults of Postgres, and what must not.
const POSTGRES: [(&str, &str); 6] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "1GB"),
    ("max_wal_size", "4GB"),
    // As in a server that has been running for a while: files of the log are used again instead of made.
    ("min_wal_size", "2GB"),
];

/// The log of writes is on, as where codes must survive a restart.
const REDIS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "everysec"];

pub(crate) struct Stores {
    postgres: ThrowawayPostgres,
    redis: RedisServer,
    postgres_pid: u32,
    redis_pid: u32,
}

impl Stores {
    /// Starts them.
    pub(crate) fn start() -> Result<Self> {
        let postgres = ThrowawayPostgres::start_with(&POSTGRES, &[]);
        for (name, value) in POSTGRES {
            let shown = postgres.sql("postgres", &format!("SHOW {name}"));
            ensure!(shown == value, "{name} is {shown}");
        }
        let folder = postgres.sql("postgres", "SHOW data_directory");
        let file = fs::read_to_string(Path::new(&folder).join("postmaster.pid")).context("the pid of Postgres")?;
        let postgres_pid = file.lines().next().context("an empty postmaster.pid")?.trim().parse()?;
        let redis = RedisServer::start_with(&REDIS);
        let said = redis.ask(&["INFO", "server"]);
        let redis_pid = said.lines().find_map(|line| line.trim().strip_prefix("process_id:"));
        let redis_pid = redis_pid.context("Redis tells no process_id")?.parse()?;
        Ok(Self {
            postgres,
            redis,
            postgres_pid,
            redis_pid,
        })
    }

    /// An empty database.
    pub(crate) fn database(&self) -> ThrowawayDatabase {
        self.postgres.database()
    }

    pub(crate) fn redis_url(&self) -> String {
        self.redis.url()
    }

    pub(crate) fn postgres_pid(&self) -> u32 {
        self.postgres_pid
    }

    pub(crate) fn redis_pid(&self) -> u32 {
        self.redis_pid
    }

    /// Writes everything to disk, so that no round pays for what came before it.
    pub(crate) fn settle(&self) {
        self.postgres.sql("postgres", "CHECKPOINT");
    }

    /// Versions and settings, for the report.
    pub(crate) fn conditions(&self) -> Vec<(String, String)> {
        let redis = Command::new("redis-server").arg("--version").output().ok();
        let redis = redis
            .and_then(|said| String::from_utf8(said.stdout).ok())
            .unwrap_or_default();
        let redis = redis
            .split(' ')
            .find_map(|word| word.strip_prefix("v="))
            .unwrap_or("unknown");
        let settings: Vec<String> = POSTGRES.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let version = self.postgres.sql("postgres", "SHOW server_version");
        vec![
            ("Postgres".into(), format!("{version}, {}", settings.join(", "))),
            ("Redis".into(), format!("{redis}, {}", REDIS.join(" "))),
        ]
    }
}
