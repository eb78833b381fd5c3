//! Where the server is and how to connect to it.

use std::{str::FromStr, time::Duration};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use percent_encoding::percent_decode_str;
use tokio::task::JoinHandle;
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    ConnectError, PostgresOptions,
    failure::explain,
    tls::{self, Roots, Verification},
};

/// How long a connection may be silent before either end asks whether the other is there, and before data that is not
/// acknowledged ends it. Calls do not wait for this: it is for connections that nobody waits on.
const SILENCE: Duration = Duration::from_secs(30);

/// How soon the server notices that nobody waits for a statement any more.
const LOOK_FOR_THE_CLIENT: &str = "SET client_connection_check_interval = '250ms'";

/// A server and what every connection to it begins with.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    connect_timeout: Duration,
    setup: String,
}

impl Address {
    pub(crate) fn new(options: &PostgresOptions) -> Result<Self, ConnectError> {
        let url = options.url.expose();
        let (plain, mode, roots) = split(url).map_err(ConnectError::Url)?;
        let mut config = Config::from_str(&plain).map_err(|error| ConnectError::Url(explain(&error)))?;
        let (mode, verification) = security(mode.as_deref(), roots.is_some()).map_err(ConnectError::Url)?;
        config.ssl_mode(mode);
        config
            .keepalives(true)
            .keepalives_idle(SILENCE)
            .keepalives_interval(SILENCE / 3)
            .keepalives_retries(3)
            .tcp_user_timeout(SILENCE);
        if config.get_connect_timeout().is_none() {
            // So that a second host is tried in time when the first does not answer.
            let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX).max(1);
            config.connect_timeout(options.connect_timeout / hosts);
        }
        if config.get_application_name().is_none() {
            config.application_name("informer-oauth");
        }
        let tls = tls::connector(verification, &roots.unwrap_or(Roots::System)).map_err(ConnectError::Tls)?;
        Ok(Self {
            config,
            tls,
            connect_timeout: options.connect_timeout,
            setup: setup(options.statement_timeout),
        })
    }

    /// Connects, within the connect timeout.
    pub(crate) async fn connect(&self) -> Result<Connection, String> {
        // Boxed, as it is large, and seldom what a call does.
        tokio::time::timeout(self.connect_timeout, Box::pin(self.connect_now()))
            .await
            .unwrap_or_else(|_| Err(format!("no connection within {} ms", self.connect_timeout.as_millis())))
    }

    async fn connect_now(&self) -> Result<Connection, String> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| explain(&error))?;
        let mut driver = Driver {
            task: tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = explain(&error), "a Postgres connection ended");
                }
            }),
            may_finish: false,
        };
        let mut client = AsyncPgConnection::try_from(client)
            .await
            .map_err(|error| explain(&error))?;
        client
            .batch_execute(&self.setup)
            .await
            .map_err(|error| error.to_string())?;
        // Servers before 14, and some systems, cannot: what their clients no longer wait for ends by its timeout.
        if let Err(error) = client.batch_execute(LOOK_FOR_THE_CLIENT).await {
            tracing::debug!(%error, "Postgres does not look whether its clients are still there");
        }
        driver.may_finish = true;
        Ok(Connection { client, driver })
    }
}

/// What every session is told. Row locks of a client that is gone, and sessions of one whose machine died, must not
/// outlast it for long; the isolation is what the statements here are written for. Each of them has its index; a plan that
/// was made when a table was small, and is kept, must not read all of it when it is large.
fn setup(statement_timeout: Duration) -> String {
    format!(
        "SET statement_timeout = {};
         SET idle_in_transaction_session_timeout = '10s';
         SET tcp_keepalives_idle = {silence};
         SET tcp_keepalives_interval = 10;
         SET tcp_keepalives_count = 3;
         SET default_transaction_isolation = 'read committed';
         SET jit = off;
         SET enable_seqscan = off;",
        statement_timeout.as_millis(),
        silence = SILENCE.as_secs(),
    )
}

/// The URL without what only libpq knows, its `sslmode` and its `sslrootcert`.
fn split(url: &str) -> Result<(String, Option<String>, Option<Roots>), String> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err("it must begin with postgres:// or postgresql://".to_owned());
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = || {
            let text = percent_decode_str(value).decode_utf8();
            text.map(String::from).map_err(|_| format!("{name} is not UTF-8"))
        };
        match name {
            "sslmode" => mode = Some(decoded()?),
            "sslrootcert" => {
                let path = decoded()?;
                roots = Some(if path == "system" {
                    Roots::System
                } else {
                    Roots::File(path)
                });
            }
            _ => others.push(pair),
        }
    }
    let plain = if others.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", others.join("&"))
    };
    Ok((plain, mode, roots))
}

/// What an `sslmode` means. With authorities named, `require` verifies them, as it does in libpq.
fn security(mode: Option<&str>, has_roots: bool) -> Result<(SslMode, Verification), String> {
    Ok(match mode.unwrap_or("prefer") {
        "disable" => (SslMode::Disable, Verification::Nothing),
        "prefer" => (SslMode::Prefer, Verification::Nothing),
        "require" if has_roots => (SslMode::Require, Verification::Authority),
        "require" => (SslMode::Require, Verification::Nothing),
        "verify-ca" => (SslMode::Require, Verification::Authority),
        "verify-full" => (SslMode::Require, Verification::AuthorityAndHost),
        other => {
            return Err(format!(
                "sslmode={other} is not one of disable, prefer, require, verify-ca, verify-full"
            ));
        }
    })
}

/// The task that moves a connection's bytes. Dropping the client makes it say goodbye and end, which a server that does
/// not answer would keep from happening: unless it may finish, it is ended with its handle.
struct Driver {
    task: JoinHandle<()>,
    may_finish: bool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.may_finish {
            self.task.abort();
        }
    }
}

/// A connection, set up.
pub(crate) struct Connection {
    pub(crate) client: AsyncPgConnection,
    driver: Driver,
}

impl Connection {
    /// Whether the other end, or an error, has ended it.
    pub(crate) fn is_closed(&self) -> bool {
        self.driver.task.is_finished()
    }

    /// Closes it at once, whatever the server is doing.
    pub(crate) fn abandon(mut self) {
        self.driver.may_finish = false;
    }
}

#[cfg(test)]
mod tests;
