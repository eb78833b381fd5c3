//! Calls: one command or one script, within a time.

use std::{borrow::Cow, time::Duration};

use informer_oauth_ports::{StoreError, traced};
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind, Value, from_redis_value};
use tokio::time::timeout;

use crate::{
    Redis,
    failure::{self, STORE, corrupt, unavailable},
    lanes::Lent,
};

/// A script and its name in Redis.
pub(crate) struct Body {
    text: Cow<'static, str>,
    digest: String,
}

impl Body {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self {
            digest: Script::new(&text).get_hash().to_owned(),
            text,
        }
    }

    /// A script with these above it: as arguments they would be sent and read at every call.
    pub(crate) fn with(constants: &[(&str, Duration)], text: &str) -> Self {
        let lines = constants
            .iter()
            .map(|(name, value)| format!("local {name} = {}\n", value.as_micros()));
        Self::new(lines.collect::<String>() + text)
    }
}

/// The bytes that hardly a call is longer than.
const MOST: usize = 512;

/// `EVALSHA` or `EVAL`.
fn evaluation(verb: &str, body: &str, keys: &[&str], arguments: &[&str]) -> Cmd {
    let mut command = Cmd::with_capacity(3 + keys.len() + arguments.len(), MOST);
    command.arg(verb).arg(body).arg(keys.len()).arg(keys).arg(arguments);
    command
}

impl Redis {
    /// Sends one command, for the port's method `operation`, that is about `what`.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        operation: &'static str,
        what: &'static str,
        command: Cmd,
    ) -> Result<T, StoreError> {
        let exchange = async |mut lent: Lent<'_>| lent.send(&command).await;
        self.call(operation, what, exchange).await
    }

    /// Runs a script as [`Redis::ask`] does a command. Its text is sent only when Redis has not seen it since it started.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        operation: &'static str,
        what: &'static str,
        script: &Body,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<T, StoreError> {
        let exchange = async |mut lent: Lent<'_>| {
            let known = evaluation("EVALSHA", &script.digest, keys, arguments);
            match lent.send(&known).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    lent.send(&evaluation("EVAL", &script.text, keys, arguments)).await
                }
                answer => answer,
            }
        };
        self.call(operation, what, exchange).await
    }

    async fn call<T: FromRedisValue>(
        &self,
        operation: &'static str,
        what: &'static str,
        exchange: impl AsyncFnOnce(Lent<'_>) -> RedisResult<Value>,
    ) -> Result<T, StoreError> {
        traced(STORE, operation, async {
            let answer = self.within_time(exchange).await?;
            let value = answer.map_err(|error| failure::of(what, &error))?;
            from_redis_value(value).map_err(|error| corrupt(what, error))
        })
        .await
    }

    async fn within_time(
        &self,
        exchange: impl AsyncFnOnce(Lent<'_>) -> RedisResult<Value>,
    ) -> Result<RedisResult<Value>, StoreError> {
        // Waiting for a connection says nothing about it; waiting for an answer does.
        let mut sent = None;
        let answer = async {
            let lent = self.lanes.lend().await?;
            sent = Some(lent.born());
            exchange(lent).await
        };
        if let Ok(answer) = timeout(self.timeout, answer).await {
            return Ok(answer);
        }
        let Some(born) = sent else {
            return Err(unavailable(format!("no connection within {:?}", self.timeout)));
        };
        self.lanes.connector().unanswered(born);
        Err(unavailable(format!("no answer within {:?}", self.timeout)))
    }
}
