//! Calls: one command or one script, within a time.

use std::sync::atomic::{AtomicU64, Ordering};

use deadpool::managed::PoolError;
use deadpool_redis::redis::{Cmd, ErrorKind, FromRedisValue, Script, ServerErrorKind, Value, cmd, from_redis_value};
use informer_oauth_ports::{StoreError, traced};
use tokio::time::timeout;

use crate::{
    Redis,
    connections::Lent,
    failure::{self, STORE, corrupt, unavailable},
};

/// A script and its name in Redis.
pub(crate) struct Body {
    text: &'static str,
    digest: String,
}

impl Body {
    pub(crate) fn new(text: &'static str) -> Self {
        Self {
            text,
            digest: Script::new(text).get_hash().to_owned(),
        }
    }
}

/// `EVALSHA` or `EVAL`.
fn evaluation(verb: &str, body: &str, keys: &[&str], arguments: &[&str]) -> Cmd {
    let mut command = cmd(verb);
    command.arg(body).arg(keys.len()).arg(keys).arg(arguments);
    command
}

/// What is sent: the second is for a Redis that does not know the script of the first.
struct Request {
    /// What it is about.
    what: &'static str,
    command: Cmd,
    otherwise: Option<Cmd>,
}

impl Redis {
    /// Sends one command, for the port's method `operation`, that is about `what`.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        operation: &'static str,
        what: &'static str,
        command: Cmd,
    ) -> Result<T, StoreError> {
        let request = Request {
            what,
            command,
            otherwise: None,
        };
        self.answer(operation, request).await
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
        let request = Request {
            what,
            command: evaluation("EVALSHA", &script.digest, keys, arguments),
            otherwise: Some(evaluation("EVAL", script.text, keys, arguments)),
        };
        self.answer(operation, request).await
    }

    async fn answer<T: FromRedisValue>(&self, operation: &'static str, request: Request) -> Result<T, StoreError> {
        let what = request.what;
        traced(STORE, operation, async {
            let value = self.at_home(request).await?;
            from_redis_value(value).map_err(|error| corrupt(what, error))
        })
        .await
    }

    /// As a task of the runtime that this handle was made in, whose tasks then also move the bytes of every connection. A
    /// server has a runtime for each of its threads: one that ended, when the service stops, would take along the
    /// connections that it made, on which other threads' requests are waiting.
    async fn at_home(&self, request: Request) -> Result<Value, StoreError> {
        let redis = self.clone();
        let call = async move { redis.within_time(request).await };
        let task = match &self.home {
            Some(home) => home.spawn(call),
            None => tokio::spawn(call),
        };
        task.await
            .map_err(|error| unavailable(format_args!("the call has ended: {error}")))?
    }

    async fn within_time(&self, request: Request) -> Result<Value, StoreError> {
        // Waiting for a turn at the pool says nothing about the connections; waiting for an answer does.
        const UNSENT: u64 = u64::MAX;
        let sent = AtomicU64::new(UNSENT);
        if let Ok(answer) = timeout(self.timeout, self.exchange(request, &sent)).await {
            return answer;
        }
        match sent.load(Ordering::Relaxed) {
            UNSENT => Err(unavailable(format!("no connection within {:?}", self.timeout))),
            born => {
                self.pool.manager().unanswered(born);
                Err(unavailable(format!("no answer within {:?}", self.timeout)))
            }
        }
    }

    async fn exchange(&self, request: Request, sent: &AtomicU64) -> Result<Value, StoreError> {
        let what = request.what;
        let connection = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => failure::of(what, &error),
            other => unavailable(other),
        })?;
        let mut connection = Lent::new(connection);
        sent.store(connection.born(), Ordering::Relaxed);
        let mut answer = connection.send(&request.command).await;
        if let (Err(error), Some(otherwise)) = (&answer, &request.otherwise)
            && error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
        {
            answer = connection.send(otherwise).await;
        }
        connection.give_back(&self.pool, answer.as_ref().err());
        answer.map_err(|error| failure::of(what, &error))
    }
}
