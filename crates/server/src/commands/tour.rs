//! `tour`: a throwaway service goes through the whole job, and every step is shown as what one would type and what comes back.

mod guide;
mod request;
mod service;
mod walk;

use std::{process::ExitCode, time::Instant};

use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::Entropy as _;
use tokio::task::spawn_blocking;

use self::{guide::Guide, service::Throwaway, walk::Walk};
use crate::{
    interruption::{self, Interruption},
    output::{Output, write},
};

/// How long the administrator's password is: 143 bits.
const PASSWORD: usize = 24;

pub(crate) async fn run(out: Output) -> anyhow::Result<ExitCode> {
    let mut interruption = Interruption::listen()?;
    let begun = Instant::now();
    let password = Secret::new(SystemEntropy.base62(PASSWORD));
    let mut service = Throwaway::start(&password)?;
    let greeting = service.greeting()?;
    let walking = spawn_blocking(move || {
        let base = greeting.address()?;
        let guide = Guide::new(out);
        guide.say(&format!("A service of its own, on {base}, in a temporary folder.\n"))?;
        Walk::new(base, guide).run(&password)
    });
    let walked = tokio::select! {
        walked = walking => walked?,
        () = interruption.arrives() => {
            drop(service);
            eprintln!("interrupted: the service and its folder are gone");
            interruption::leave()
        }
    };
    let log = service.log();
    drop(service);
    match walked {
        Ok(guide) => {
            let (steps, seconds) = (guide.count(), begun.elapsed().as_secs_f64());
            guide.say(&format!(
                "{steps} requests, and every answer was as it should be, in {seconds:.1} s. The service and its folder are gone.\n\
                 Next: `informer-oauth` serves for real; docs/quick-start.md goes on from there."
            ))?;
            guide.finish()?;
            Ok(ExitCode::SUCCESS)
        }
        Err(stopped) => {
            for line in log.lines() {
                eprintln!("the service: {line}");
            }
            Err(stopped)
        }
    }
}

/// Prints lines that are not data.
fn line(text: &str) -> anyhow::Result<()> {
    Ok(write(text)?)
}
