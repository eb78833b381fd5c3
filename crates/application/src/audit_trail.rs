//! Writing the audit log.

use std::sync::Arc;

use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    id::ClientUid,
};
use informer_oauth_ports::{AuditLog, Entropy};

use crate::{context::RequestContext, ids, metrics};

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
}

impl AuditTrail {
    /// A trail into `log`.
    pub fn new(log: Arc<dyn AuditLog>, entropy: Arc<dyn Entropy>) -> Self {
        Self { log, entropy }
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
