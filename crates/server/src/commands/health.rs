//! `health`: whether the service beside this command is well. Small, so that a container can ask it every few seconds.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::{
    config::Config,
    outbound,
    output::{Output, plain},
};

#[derive(Serialize)]
struct Health {
    address: String,
    status: u16,
    answer: Value,
    /// As it came.
    #[serde(skip)]
    text: String,
}

/// Asks where `http.listen` says that the service is. With port 0 it cannot be known.
pub(crate) fn run(config: &Config, live: bool, out: Output) -> anyhow::Result<ExitCode> {
    ensure!(
        config.http.listen.port() != 0,
        "http.listen has port 0, so this command cannot know where the service listens"
    );
    let probe = if live { "live" } else { "ready" };
    let address = Url::parse(&format!("http://{}/health/{probe}", config.http.reachable()))?;
    let answer = outbound::send(&address, "GET", &[], &[]).with_context(|| format!("{address} does not answer"))?;
    let health = Health {
        address: address.into(),
        status: answer.status,
        answer: serde_json::from_slice(&answer.body).unwrap_or_default(),
        text: String::from_utf8_lossy(&answer.body).into_owned(),
    };
    out.print(&health, |health| {
        format!("{} {} {}", health.status, health.address, plain(&health.text))
    })?;
    Ok(if health.status == 200 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
