//! What goes on between requests: forgetting what is over, and the life of the signing keys.

use std::{sync::Arc, time::Duration};

use actix_web::rt::{self, task::JoinHandle, time::sleep};
use informer_oauth_application::{Application, audit_trail::About};
use informer_oauth_crypto::{KeySchedule, Keys};
use informer_oauth_domain::audit::EventKind;
use informer_oauth_memory::LocalChanges;
use informer_oauth_ports::{Change, Changes as _};

use crate::{config::Config, installation::Installation};

/// How often everything is done.
const EVERY: Duration = Duration::from_secs(60);

/// How long a purge that found a full batch rests before the next one, so that requests come in between.
const BREATH: Duration = Duration::from_millis(20);

/// How often tokens with unknown keys are looked for. Anybody can send one, so not for each.
const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(5);

/// The tasks, to be ended with the service.
pub(super) struct Background([JoinHandle<()>; 2]);

impl Background {
    /// Ends them. What they were doing is one atomic change after the other, so any moment will do.
    pub(super) fn abort(self) {
        for task in self.0 {
            task.abort();
        }
    }
}

/// Starts the tasks.
pub(super) fn start(service: &Installation, config: &Config) -> Background {
    let schedule = KeySchedule {
        rotate_after: Duration::from_secs(config.keys.rotate_after_days * 24 * 60 * 60),
        access_lifetime: Duration::from_secs(config.tokens.access_seconds),
        refresh_lifetime: Duration::from_secs(config.tokens.refresh_seconds),
    };
    let keys = KeyTask {
        app: Arc::clone(&service.app),
        keys: Arc::clone(&service.keys),
        changes: service.changes.clone(),
        schedule,
    };
    Background([rt::spawn(purge(Arc::clone(&service.app))), rt::spawn(keys.run())])
}

async fn purge(app: Arc<Application>) {
    loop {
        sleep(EVERY).await;
        let mut rows = 0;
        loop {
            match app.housekeeping.run(app.now()).await {
                Ok(purged) => {
                    rows += purged.rows;
                    if !purged.more {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "purging failed; it is tried again in a minute");
                    break;
                }
            }
            sleep(BREATH).await;
        }
        if rows > 0 {
            tracing::debug!(rows, "purged what was over");
        }
    }
}

struct KeyTask {
    app: Arc<Application>,
    keys: Arc<Keys>,
    changes: LocalChanges,
    schedule: KeySchedule,
}

impl KeyTask {
    async fn run(self) {
        loop {
            if let Err(error) = self.advance().await {
                tracing::warn!(%error, "the signing keys could not be looked after; it is tried again in a minute");
            }
            let mut rested = Duration::ZERO;
            while rested < EVERY {
                sleep(UNKNOWN_KEY_EVERY).await;
                rested += UNKNOWN_KEY_EVERY;
                // A command or another process may have rotated.
                if self.keys.take_unknown_key() {
                    break;
                }
            }
        }
    }

    /// Rotates what is due, removes what is needed no more, and takes over what others did.
    async fn advance(&self) -> anyhow::Result<()> {
        let before = self.app.public_keys();
        let now = self.app.now();
        let oldest = self.app.housekeeping.oldest_unexpiring().await?;
        let done = self.keys.housekeeping(now, &self.schedule, oldest).await?;
        for purpose in done.rotated {
            let about = About {
                target: Some(purpose.as_str().to_owned()),
                ..About::default()
            };
            self.app.audit.record(EventKind::KeysRotated, about, now).await;
        }
        if self.app.public_keys() != before {
            self.changes.publish(Change::SigningKeys).await;
        }
        Ok(())
    }
}
