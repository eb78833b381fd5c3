//! Attempts in fixed windows.

use std::{sync::LazyLock, time::Duration};

use async_trait::async_trait;
use informer_oauth_domain::{attempts::Attempts, timestamp::Timestamp};
use informer_oauth_ports::{AttemptCounter, StoreError};
use redis::{Value, cmd};

use crate::{Redis, call::Body, failure::corrupt, keys::time_to_live};

const ATTEMPTS: &str = "attempt count";

static TAKE_BACK: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/take_back_attempt.lua")));
static RECORD: LazyLock<Body> = LazyLock::new(|| Body::new(include_str!("scripts/record_attempt.lua")));

fn seen(count: &str, until: &str) -> Result<Attempts, StoreError> {
    let until = until.parse().map_err(|error| corrupt(ATTEMPTS, error))?;
    Ok(Attempts {
        count: count.parse().map_err(|error| corrupt(ATTEMPTS, error))?,
        until: Some(Timestamp::from_micros(until)),
    })
}

#[async_trait]
impl AttemptCounter for Redis {
    async fn record(&self, key: &str, window: Duration, now: Timestamp) -> Result<Attempts, StoreError> {
        let (count, until): (String, String) = self
            .run(
                "AttemptCounter.record",
                ATTEMPTS,
                &RECORD,
                &[&self.keys.attempts(key)],
                &[
                    &now.as_micros().to_string(),
                    &(now + window).as_micros().to_string(),
                    &time_to_live(window),
                ],
            )
            .await?;
        seen(&count, &until)
    }

    async fn peek(&self, key: &str, now: Timestamp) -> Result<Attempts, StoreError> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.attempts(key)).arg("count").arg("until");
        let (count, until): (Option<String>, Option<String>) =
            self.ask("AttemptCounter.peek", ATTEMPTS, command).await?;
        match (count, until) {
            (None, None) => Ok(Attempts::default()),
            (Some(count), Some(until)) => {
                let seen = seen(&count, &until)?;
                let is_open = seen.until.is_some_and(|until| now < until);
                Ok(if is_open { seen } else { Attempts::default() })
            }
            _ => Err(corrupt(ATTEMPTS, "half a window")),
        }
    }

    async fn take_back(&self, key: &str, now: Timestamp) -> Result<(), StoreError> {
        let (key, now) = (self.keys.attempts(key), now.as_micros().to_string());
        self.run::<Value>("AttemptCounter.take_back", ATTEMPTS, &TAKE_BACK, &[&key], &[&now])
            .await
            .map(drop)
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        let mut command = cmd("DEL");
        command.arg(self.keys.attempts(key));
        self.ask::<Value>("AttemptCounter.clear", ATTEMPTS, command)
            .await
            .map(drop)
    }

    /// Redis forgets windows by itself.
    async fn purge(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
