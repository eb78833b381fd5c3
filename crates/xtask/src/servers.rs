//! The Postgres and the Redis that the tests of the production stores ask for: those that the environment names, or
//! throwaway ones for the length of a run.

mod account;
mod postgres;
mod redis;
mod sweeper;
mod throwaway;

use std::env::{self, VarError};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

pub(crate) use self::postgres::find as postgres;
use self::throwaway::Throwaway;
use crate::report::Outcome;

/// How long a server that the environment names may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// One kind of server.
struct Kind {
    name: &'static str,
    /// Tells the tests where the server is; a person or a CI that has one sets it.
    variable: &'static str,
    /// Where it listens when its address does not say.
    port: u16,
    start: fn() -> Result<Throwaway>,
}

static KINDS: [Kind; 2] = [
    Kind {
        name: "Postgres",
        variable: "INFORMER_OAUTH_TEST_POSTGRES_URL",
        port: 5432,
        start: postgres::start,
    },
    Kind {
        name: "Redis",
        variable: "INFORMER_OAUTH_TEST_REDIS_URL",
        port: 6379,
        start: redis::start,
    },
];

/// The servers of this run; those that it started end with it, in whatever way it ends.
#[derive(Default)]
pub(crate) struct Servers {
    running: Vec<(&'static Kind, Throwaway)>,
}

impl Servers {
    /// Has one of each kind running; what could not be had is the error, and the others run all the same.
    ///
    /// To be called on the main thread: a server ends with the thread that started it.
    pub(crate) fn provide(&mut self) -> Result<Outcome> {
        self.provide_but(|variable| match env::var(variable) {
            Ok(url) if !url.is_empty() => Ok(Some(url)),
            Ok(_) | Err(VarError::NotPresent) => Ok(None),
            Err(error) => Err(error).context(variable),
        })
    }

    /// The same for any environment.
    fn provide_but(&mut self, named: impl Fn(&'static str) -> Result<Option<String>>) -> Result<Outcome> {
        let mut lines = Vec::new();
        let mut lacking = Vec::new();
        for kind in &KINDS {
            match self.have(kind, named(kind.variable)) {
                Ok(line) => {
                    println!("    {line}");
                    lines.push(line);
                }
                Err(error) => lacking.push(format!("{error:#}")),
            }
        }
        if !lacking.is_empty() {
            bail!("{}", lacking.join("\n  "));
        }
        Ok(Outcome::Holds(lines.join(", ")))
    }

    fn have(&mut self, kind: &'static Kind, named: Result<Option<String>>) -> Result<String> {
        if let Some(url) = named? {
            return Ok(format!("{} at {}", kind.name, kind.reach(&url)?));
        }
        let server = (kind.start)().with_context(|| format!("starting {}", kind.name))?;
        let line = format!("{} {} on port {}", kind.name, server.version(), server.port());
        self.running.push((kind, server));
        Ok(line)
    }

    /// Tells a step's tests where the servers are; of one that the environment names, they have been told already.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (kind, server) in &self.running {
            command.env(kind.variable, server.url());
        }
        command
    }

    /// Stops what was started. One that has ended by itself meanwhile is an error: the tests ran without it.
    pub(crate) fn stop(&mut self) -> Result<Outcome> {
        let ended: Vec<String> = self
            .running
            .drain(..)
            .filter_map(|(kind, server)| server.stop().with_context(|| kind.name).err())
            .map(|error| format!("{error:#}"))
            .collect();
        if !ended.is_empty() {
            bail!("{}", ended.join("\n  "));
        }
        Ok(Outcome::Holds(String::new()))
    }
}

impl Kind {
    /// Host and port of a server that the environment names, without the password; an error when nothing listens.
    fn reach(&self, url: &str) -> Result<String> {
        let variable = self.variable;
        let Some(address) = address(url, self.port) else {
            bail!("{variable} is no URL with a host");
        };
        let mut found = address
            .to_socket_addrs()
            .with_context(|| format!("{variable}: looking up {address}"))?;
        if !found.any(|candidate| TcpStream::connect_timeout(&candidate, ANSWER).is_ok()) {
            bail!("{variable} names {address}, where nothing answers");
        }
        Ok(address)
    }
}

/// `host:port` of `scheme://user:password@host:port/…`.
fn address(url: &str, default_port: u16) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    Some(if has_port {
        host.to_owned()
    } else {
        format!("{host}:{default_port}")
    })
}

#[cfg(all(test, unix))]
mod tests;
