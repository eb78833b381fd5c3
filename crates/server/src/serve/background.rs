//! What goes on between requests: forgetting what is over, and the life of the signing keys.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle, time::sleep};
use informer_oauth_application::{Application, RequestContext, audit_trail::About};
use informer_oauth_crypto::{KeySchedule, Keys};
use informer_oauth_domain::audit::EventKind;
use informer_oauth_http::KEYS_MAX_AGE;
use informer_oauth_ports::{Change, ChangeListener, Changes};
use tokio::sync::Notify;

use crate::{config::Config, installation::Installation, stores::Stores};

/// How often everything is done.
const EVERY: Duration = Duration::from_secs(60);

/// How long the next access key is published before it may sign: a replica has read it by then, and so has a verifier that
/// keeps the JWKS as long as its `Cache-Control` allows.
pub(crate) const PUBLISHED_FOR: Duration = KEYS_MAX_AGE.saturating_add(EVERY);

/// A purge that found a full batch rests so many times as long as that took before it begins the next one: a store that is
/// slow, or busy with requests, is asked more seldom, and most requests meet none.
const RESTS: u32 = 3;

/// It rests for as long as this at least.
const BREATH: Duration = Duration::from_millis(5);

/// How often tokens with unknown keys are looked for. Anybody can send one, so not for each.
const UNKNOWN_KEY_EVERY: Duration = Duration::from_secs(5);

/// How often what was counted goes to the store.
const FLUSH_EVERY: Duration = Duration::from_secs(10);

/// How long the last of it may take. With the grace of requests and the last traces, it stays under ten seconds.
const LAST_FLUSH: Duration = Duration::from_millis(400);

/// The tasks, to be ended with the service.
pub(super) struct Background {
    tasks: [JoinHandle<()>; 2],
    counting: JoinHandle<()>,
    stop_counting: Arc<Notify>,
}

impl Background {
    /// Ends them, when no request comes any more: what was counted is written first. What the others were doing is one
    /// atomic change after the other, so any moment will do.
    pub(super) async fn end(self) {
        for task in self.tasks {
            task.abort();
        }
        self.stop_counting.notify_one();
        if tokio::time::timeout(LAST_FLUSH, self.counting).await.is_err() {
            tracing::warn!("the last counts of the usage chart could not be written in time");
        }
    }
}

/// Starts the tasks.
pub(super) fn start(service: &Installation, config: &Config) -> Background {
    let schedule = KeySchedule {
        rotate_after: Duration::from_secs(config.keys.rotate_after_days * 24 * 60 * 60),
        access_lifetime: Duration::from_secs(config.tokens.access_seconds),
        refresh_lifetime: Duration::from_secs(config.tokens.refresh_seconds),
        published_for: PUBLISHED_FOR,
    };
    let keys = KeyTask {
        app: Arc::clone(&service.app),
        keys: Arc::clone(&service.keys),
        changes: Arc::clone(&service.changes),
        stores: service.stores.clone(),
        schedule,
    };
    let purging = Purging {
        app: Arc::clone(&service.app),
        stores: service.stores.clone(),
    };
    let stop_counting = Arc::<Notify>::default();
    let counting = count(Arc::clone(&service.app), Arc::clone(&stop_counting));
    Background {
        tasks: [rt::spawn(purging.run()), rt::spawn(keys.run())],
        counting: rt::spawn(counting),
        stop_counting,
    }
}

/// Writes what was counted every now and then, and once more when it is told to stop.
async fn count(app: Arc<Application>, stop: Arc<Notify>) {
    let mut failing = false;
    loop {
        let stopped = tokio::time::timeout(FLUSH_EVERY, stop.notified()).await.is_ok();
        match app.usage.flush().await {
            Ok(()) => failing = false,
            // It is tried again in ten seconds, and need not be said as often.
            Err(error) => {
                if !failing || stopped {
                    tracing::warn!(%error, "the counts of the usage chart could not be written");
                }
                failing = true;
            }
        }
        if stopped {
            return;
        }
    }
}

struct Purging {
    app: Arc<Application>,
    stores: Stores,
}

impl Purging {
    async fn run(self) {
        loop {
            sleep(EVERY).await;
            match self.purge().await {
                Ok(0) => {}
                Ok(rows) => tracing::debug!(rows, "purged what was over"),
                Err(error) => tracing::warn!(%error, "purging failed; it is tried again in a minute"),
            }
        }
    }

    /// Removes all that is over, unless another replica is at it; how much it was.
    async fn purge(&self) -> anyhow::Result<u64> {
        let mut rows = 0;
        let Some(_turn) = self.stores.try_turn("purging").await? else {
            return Ok(rows);
        };
        loop {
            let started = Instant::now();
            let purged = self.app.housekeeping.run(self.app.now()).await?;
            rows += purged.rows;
            if !purged.more {
                return Ok(rows);
            }
            sleep(BREATH.max(started.elapsed() * RESTS)).await;
        }
    }
}

/// Hears that signing keys may have changed elsewhere.
#[derive(Default)]
struct KeysChanged(Notify);

impl ChangeListener for KeysChanged {
    fn changed(&self, change: Change) {
        if matches!(change, Change::SigningKeys | Change::Everything) {
            self.0.notify_one();
        }
    }
}

struct KeyTask {
    app: Arc<Application>,
    keys: Arc<Keys>,
    changes: Arc<dyn Changes>,
    stores: Stores,
    schedule: KeySchedule,
}

impl KeyTask {
    async fn run(self) {
        let changed = Arc::<KeysChanged>::default();
        self.changes.subscribe(changed.clone());
        loop {
            if let Err(error) = self.advance().await {
                tracing::warn!(%error, "the signing keys could not be looked after; it is tried again in a minute");
            }
            let mut rested = Duration::ZERO;
            while rested < EVERY {
                let told = tokio::time::timeout(UNKNOWN_KEY_EVERY, changed.0.notified()).await;
                rested += UNKNOWN_KEY_EVERY;
                // A command or another process may have rotated.
                if told.is_ok() || self.keys.take_unknown_key() {
                    break;
                }
            }
        }
    }

    /// Rotates what is due and removes what is needed no more, unless another replica is at it, and takes over what others
    /// did.
    async fn advance(&self) -> anyhow::Result<()> {
        let Some(_turn) = self.stores.try_turn("signing keys").await? else {
            return Ok(self.keys.reload().await?);
        };
        let before = self.app.public_keys();
        let now = self.app.now();
        let oldest = self.app.housekeeping.oldest_unexpiring().await?;
        let done = self.keys.housekeeping(now, &self.schedule, oldest).await?;
        for purpose in done.rotated {
            let about = About {
                target: Some(purpose.as_str().to_owned()),
                ..About::default()
            };
            self.app
                .audit
                .record(EventKind::KeysRotated, about, &RequestContext::local(now))
                .await;
        }
        if self.app.public_keys() != before {
            self.changes.publish(Change::SigningKeys).await;
        }
        Ok(())
    }
}
