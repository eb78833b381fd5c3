use std::sync::Arc;

use async_trait::async_trait;
use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    client::{Client, ClientProfile, Registration},
    client_secret::ClientSecret,
    consent::Consent,
    icon::ImageType,
    id::{ClientRef, ClientUid, SecretUid},
    resource::Resource,
    scope::ScopeSet,
    secret::Digest,
    timestamp::Timestamp,
};

use crate::{Page, PageRequest, StoreError};

/// A client's icon, checked before it came here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Icon {
    /// What kind of image the bytes are.
    pub kind: ImageType,
    /// The image file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes: the entity tag.
    pub digest: Digest,
}

/// By what a list of clients is sorted. Ties go by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientSort {
    /// By name as [`fold`](informer_oauth_domain::text::fold) makes it, byte by byte.
    Name,
    /// By age.
    CreatedAt,
    /// By last change.
    UpdatedAt,
}

/// What inserting a client came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientInsertion {
    /// It is there now.
    Inserted,
    /// Another client has its `client_id`.
    Taken,
}

/// What replacing a client's profile came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientReplacement {
    /// The client as it is now.
    Replaced(Client),
    /// Its revision is not the expected one; nothing changed.
    Stale,
    /// There is no such client.
    Unknown,
}

/// What deleting a client came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientDeletion {
    /// Gone, with how many token records revoked.
    Deleted {
        /// Live token records that this ended.
        revoked: u64,
    },
    /// There is no such client.
    Unknown,
}

/// What adding a secret came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretInsertion {
    /// It is there now.
    Inserted,
    /// The client has as many as it may; nothing changed.
    Full,
    /// Another secret of this client has the same lookup id: draw again.
    LookupTaken,
    /// There is no such client.
    Unknown,
}

/// Clients, the hashes of their secrets, their icons.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// A client with all its secrets, oldest first; `None` when there is none.
    async fn registration(&self, client: ClientRef) -> Result<Option<Arc<Registration>>, StoreError>;

    /// Clients whose name or description contains `text` where all three are
    /// [folded](informer_oauth_domain::text::fold); `text` is data, never a pattern.
    async fn list(
        &self,
        text: Option<&str>,
        sort: ClientSort,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<Client>, StoreError>;

    /// Adds a client. Atomic: of calls with the same `client_id` one inserts.
    async fn insert(&self, client: &Client) -> Result<ClientInsertion, StoreError>;

    /// Replaces a client's profile, sets `updated_at`, adds one to its revision. With `expected`, only if that is its
    /// revision. A client with a secret that is live at `now` stays confidential, whatever the profile says. Atomic: of
    /// calls that expect the same revision one replaces.
    async fn replace(
        &self,
        client: ClientUid,
        profile: &ClientProfile,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<ClientReplacement, StoreError>;

    /// Removes a client with its secrets, icon and consents, and revokes its live token records
    /// (`RevocationReason::ClientDeleted`). Atomic: all of it or nothing.
    async fn delete(&self, client: ClientUid, now: Timestamp) -> Result<ClientDeletion, StoreError>;

    /// Adds a secret and gives every other secret of the client that would live longer the deadline `others_expire_at`;
    /// those it shortens are updated at the new secret's `created_at`. It makes its client confidential. Only `Inserted` changes anything. Atomic, including
    /// the limit of [`informer_oauth_domain::client_secret::SECRETS_PER_CLIENT`] (expired ones count) and the uniqueness of
    /// lookup ids within the client.
    async fn insert_secret(
        &self,
        secret: &ClientSecret,
        others_expire_at: Option<Timestamp>,
    ) -> Result<SecretInsertion, StoreError>;

    /// Removes a secret of this client; false when this client has no such secret.
    async fn delete_secret(&self, client: ClientUid, secret: SecretUid) -> Result<bool, StoreError>;

    /// Notes that a secret was used, if `at` is later than what is noted. Unknown secrets are passed over.
    async fn touch_secret(&self, secret: SecretUid, at: Timestamp) -> Result<(), StoreError>;

    /// A client's icon.
    async fn icon(&self, client: ClientUid) -> Result<Option<Icon>, StoreError>;

    /// Sets or, with `None`, removes a client's icon; false when there is no such client.
    async fn set_icon(&self, client: ClientUid, icon: Option<&Icon>) -> Result<bool, StoreError>;
}

/// What users have allowed clients.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// What this user has allowed this client at this resource; `None` is the service's own audience.
    async fn find(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
    ) -> Result<Option<Consent>, StoreError>;

    /// Everything that this user has allowed, the oldest first, and of one age by client and then by resource. There is at
    /// most one for each client and resource.
    async fn list(&self, username: &str) -> Result<Vec<Consent>, StoreError>;

    /// Adds `scope` to what is allowed; what adds nothing changes nothing, and a client that is not there is passed over.
    /// Atomic: of concurrent calls none is lost.
    async fn remember(
        &self,
        username: &str,
        client: ClientUid,
        resource: Option<&Resource>,
        scope: ScopeSet,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets all that this user has allowed this client, at every resource; false when there was nothing.
    async fn forget(&self, username: &str, client: ClientUid) -> Result<bool, StoreError>;
}

/// Which audit events are meant; `None` is any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// About this client.
    pub client: Option<ClientUid>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// The audit log. Events are appended and never changed; old ones may be purged.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an event. Adding one whose id is there already changes nothing.
    async fn append(&self, event: &AuditEvent) -> Result<(), StoreError>;

    /// Events that the filter means, newest first. They outlive their client.
    async fn list(&self, filter: &EventFilter, page: PageRequest) -> Result<Page<AuditEvent>, StoreError>;

    /// Deletes up to `limit` events older than `before`, oldest first. Returns the number deleted.
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
