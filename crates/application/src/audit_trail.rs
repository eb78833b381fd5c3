//! Writing the audit log.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::ClientUid,
};
use informer_oauth_ports::{AttemptCounter, AuditLog, Entropy};

use crate::{context::RequestContext, ids, metrics};

/// Window in which repetitions of one event are written once, where no limit has a window of its own.
pub(crate) const REPEATED: Duration = Duration::from_mins(15);

/// What an event is about. Fields left out are unknown or do not apply.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Who did it.
    pub actor: Option<String>,
    /// The client concerned.
    pub client: Option<ClientUid>,
    /// What else it was done to.
    pub target: Option<String>,
}

/// Appends events. The change that an event tells of has already happened, so failing to write the event cannot undo
/// it: the event then goes to the log as an error, whole, and the request goes on.
#[derive(Clone)]
pub struct AuditTrail {
    log: Arc<dyn AuditLog>,
    entropy: Arc<dyn Entropy>,
    attempts: Arc<dyn AttemptCounter>,
}

impl AuditTrail {
    /// A trail into `log`. `attempts` counts the repetitions of [`AuditTrail::record_once`].
    pub fn new(log: Arc<dyn AuditLog>, entropy: Arc<dyn Entropy>, attempts: Arc<dyn AttemptCounter>) -> Self {
        Self { log, entropy, attempts }
    }

    /// Records an event that a stranger can repeat at will: one for each `key` and window, on all replicas together.
    /// The metric counts every one. If the repetitions cannot be counted, the event is recorded.
    pub async fn record_once(
        &self,
        kind: EventKind,
        key: &str,
        window: Duration,
        about: About,
        context: &RequestContext,
    ) {
        let key = format!("event:{}:{key}", kind.as_str());
        match self.attempts.record(&key, window, context.now).await {
            Ok(seen) if seen.count > 1 => metrics::event(kind),
            Ok(_) => self.record(kind, about, context).await,
            Err(error) => {
                tracing::warn!(%error, kind = kind.as_str(), "repetitions of an event could not be counted");
                self.record(kind, about, context).await;
            }
        }
    }

    /// Records one event, with the address and the id of the request that caused it.
    pub async fn record(&self, kind: EventKind, about: About, context: &RequestContext) {
        let event = AuditEvent {
            id: ids::event_id(&*self.entropy, context.now),
            at: context.now,
            kind,
            actor: about.actor,
            client: about.client,
            target: about.target,
            address: context.address,
            request_id: context.request_id.clone(),
        };
        tracing::info!(
            target: "audit",
            kind = kind.as_str(),
            actor = event.actor.as_deref(),
            client = event.client.map(tracing::field::display),
            about = event.target.as_deref(),
            address = event.address.map(tracing::field::display),
            request_id = event.request_id.as_deref(),
        );
        metrics::event(kind);
        if let Err(error) = self.log.append(&event).await {
            metrics::event_not_stored();
            tracing::error!(target: "audit", %error, ?event, "the audit event could not be stored");
        }
    }
}
