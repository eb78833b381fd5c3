//! Managing clients: what administrators do to them, to their secrets, icons and token records (http-api.md §1).
//!
//! Every use case that changes something takes a proof that its caller may ([`ClientAdministrator`], or [`Superuser`]
//! where the rank alone suffices), records an audit event and tells the other processes through [`Changes`].
//!
//! [`ClientAdministrator`]: informer_oauth_domain::user::ClientAdministrator
//! [`Superuser`]: informer_oauth_domain::user::Superuser

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    client::Registration,
    id::{ClientRef, ClientUid},
};
use informer_oauth_ports::{
    AuditLog, Change, Changes, ClientStore, Entropy, SecretHasher, SigningKeyStore, TokenStore, UsageLog,
};

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::ManagementError,
};

mod apply_client;
mod client_names;
mod client_patch;
mod create_client;
mod create_secret;
mod delete_client;
mod delete_secret;
mod difference;
mod list_clients;
mod list_events;
mod list_for_users;
mod list_secrets;
mod list_signing_keys;
mod list_templates;
mod list_tokens;
mod patch_client;
mod precondition;
mod read_client;
mod read_icon;
mod read_only;
mod read_usage;
mod replace_client;
mod revoke_tokens;
mod set_icon;
#[cfg(test)]
mod tests;
mod user_tokens;

pub use apply_client::{DesiredClient, Plan};
pub use client_patch::{ClientChange, ClientPatch, InvalidPatch};
pub use create_client::NewClient;
pub use create_secret::{CreatedSecret, LONGEST_DEADLINE, NewSecret, SecretAddition};
pub use difference::{Difference, differences};
pub use list_clients::ClientQuery;
pub use list_events::EventQuery;
pub use list_signing_keys::SigningKey;
pub use precondition::{ClientVersion, Precondition};
pub use read_icon::ServedIcon;
pub use read_only::ReadOnly;

/// What the management use cases work with.
pub(crate) struct ManageParts {
    /// The store itself and no cache of it: an edit starts from what is there now.
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) log: Arc<dyn AuditLog>,
    pub(crate) usage: Arc<dyn UsageLog>,
    pub(crate) hasher: Arc<dyn SecretHasher>,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) audit: AuditTrail,
    pub(crate) keys: Arc<dyn SigningKeyStore>,
    /// Private-use URI schemes without a dot that redirect URIs may have.
    pub(crate) allowed_custom_schemes: Vec<String>,
}

/// The management use cases, one method each.
pub struct Manage(ManageParts);

/// Who does something, from where and when: what an audit event needs besides its subject.
#[derive(Clone, Copy)]
struct Act<'a> {
    actor: &'a str,
    context: &'a RequestContext,
}

impl Manage {
    /// Over these ports.
    pub(crate) const fn new(parts: ManageParts) -> Self {
        Self(parts)
    }

    /// The client as it is now.
    async fn known(&self, client: ClientRef) -> Result<Arc<Registration>, ManagementError> {
        self.0
            .clients
            .registration(client)
            .await?
            .ok_or(ManagementError::NotFound("Client"))
    }

    async fn record(&self, kind: EventKind, client: ClientUid, target: Option<String>, act: Act<'_>) {
        let about = About {
            actor: Some(act.actor.to_owned()),
            client: Some(client),
            target,
        };
        self.0.audit.record(kind, about, act.context).await;
    }

    /// After a change to the client itself, its secrets or its icon: tells every cache, then writes the audit event.
    async fn client_changed(&self, kind: EventKind, client: ClientUid, target: Option<String>, act: Act<'_>) {
        self.0.changes.publish(Change::Client(client)).await;
        self.record(kind, client, target, act).await;
    }
}
