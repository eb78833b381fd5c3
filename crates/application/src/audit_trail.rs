//! Writing the audit log.

use std::{net::IpAddr, sync::Arc};

use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::ClientUid,
    timestamp::Timestamp,
};
use informer_oauth_ports::{AuditLog, Entropy};

use crate::{ids, metrics};

/// What an event is about. Fields left out are unknown or do not apply.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Who did it.
    pub actor: Option<String>,
    /// The client concerned.
    pub client: Option<ClientUid>,
    /// What else it was done to.
    pub target: Option<String>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Appends events. The change that an event tells of has already happened, so failing to write the event cannot undo
/// it: the event then goes to the log as an error, whole, and the request goes on.
#[derive(Clone)]
pub struct AuditTrail {
    log: Arc<dyn AuditLog>,
    entropy: Arc<dyn Entropy>,
}

impl AuditTrail {
    /// A trail into `log`.
    pub fn new(log: Arc<dyn AuditLog>, entropy: Arc<dyn Entropy>) -> Self {
        Self { log, entropy }
    }

    /// Records one event.
    pub async fn record(&self, kind: EventKind, about: About, now: Timestamp) {
        let event = AuditEvent {
            id: ids::event_id(&*self.entropy, now),
            at: now,
            kind,
            actor: about.actor,
            client: about.client,
            target: about.target,
            address: about.address,
        };
        tracing::info!(
            target: "audit",
            kind = kind.as_str(),
            actor = event.actor.as_deref(),
            client = event.client.map(tracing::field::display),
            about = event.target.as_deref(),
            address = event.address.map(tracing::field::display),
        );
        metrics::event(kind);
        if let Err(error) = self.log.append(&event).await {
            metrics::event_not_stored();
            tracing::error!(target: "audit", %error, ?event, "the audit event could not be stored");
        }
    }
}
