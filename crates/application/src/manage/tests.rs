#![allow(clippy::unwrap_used)]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use informer_oauth_domain::{
    audit::AuditEvent,
    client::Client,
    client_secret::{ClientSecretText, SecretLabel},
    id::SecretUid,
    secret::{Secret, SecretHash},
    timestamp::Timestamp,
    user::{ClientAdministrator, User},
};
use informer_oauth_memory::Memory;
use informer_oauth_ports::{ChangeListener, HashError, PageRequest};
use informer_oauth_testkit::{FixedClock, SeededEntropy, values::TICK};

use super::*;

mod apply;
mod clients;
mod edits;
mod secrets;
mod tokens;
mod usage;

const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
const ALL: PageRequest = PageRequest { start: 0, limit: 200 };

/// A request from [`ADDRESS`].
fn context_at(now: Timestamp) -> RequestContext {
    RequestContext {
        now,
        address: ADDRESS,
        request_id: Some("request-1".to_owned()),
    }
}

/// The use cases over an empty store, with ears for what they tell.
struct World {
    manage: Manage,
    store: Arc<Memory>,
    heard: Arc<Heard>,
    admin: ClientAdministrator,
    clock: FixedClock,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(Memory::default());
        let heard = Arc::new(Heard::default());
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::default());
        let manage = Manage::new(ManageParts {
            clients: store.clone(),
            tokens: store.clone(),
            log: store.clone(),
            usage: store.clone(),
            keys: store.clone(),
            hasher: heard.clone(),
            changes: heard.clone(),
            audit: AuditTrail::new(store.clone(), Arc::clone(&entropy), store.clone()),
            entropy,
            allowed_custom_schemes: vec!["boardapp".into()],
        });
        let user = User {
            username: "ada".into(),
            display_name: "Ada".into(),
            superuser: true,
            token_api: true,
        };
        Self {
            manage,
            store,
            heard,
            admin: ClientAdministrator::check(&user).unwrap(),
            clock: FixedClock::default(),
        }
    }

    /// Later with every call, so that events have an order.
    fn now(&self) -> Timestamp {
        self.clock.advance(TICK)
    }

    /// A request from [`ADDRESS`], later than the one before.
    fn context(&self) -> RequestContext {
        context_at(self.now())
    }

    async fn client(&self, name: &str) -> Client {
        self.manage
            .create_client(&self.admin, named(name), &self.context())
            .await
            .unwrap()
    }

    async fn read(&self, client: &Client) -> Client {
        self.manage
            .read_client(&self.admin, ClientRef::Uid(client.uid))
            .await
            .unwrap()
    }

    async fn events(&self, client: &Client) -> Vec<AuditEvent> {
        self.manage
            .list_events(&self.admin, &about(ClientRef::Uid(client.uid)), ALL)
            .await
            .unwrap()
            .items
    }
}

/// Every event about a client.
fn about(client: ClientRef) -> EventQuery {
    EventQuery {
        client: Some(client),
        ..EventQuery::default()
    }
}

/// What was published and forgotten. It hashes by marking, which is enough to tell a hash from a text.
#[derive(Default)]
struct Heard {
    changes: Mutex<Vec<Change>>,
    forgotten: Mutex<Vec<SecretUid>>,
}

impl Heard {
    fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }

    fn forgotten(&self) -> Vec<SecretUid> {
        std::mem::take(&mut self.forgotten.lock().unwrap())
    }
}

#[async_trait]
impl Changes for Heard {
    async fn publish(&self, change: Change) {
        self.changes.lock().unwrap().push(change);
    }

    async fn told(&self, _patience: Duration) -> bool {
        true
    }

    fn subscribe(&self, _listener: Arc<dyn ChangeListener>) {}
}

#[async_trait]
impl SecretHasher for Heard {
    async fn hash(&self, secret: &ClientSecretText) -> Result<SecretHash, HashError> {
        Ok(SecretHash::new(format!("hash of {}", secret.hint())))
    }

    fn remembers(&self, _uid: SecretUid, _hash: &SecretHash, _presented: &Secret) -> bool {
        false
    }

    async fn verify(&self, _uid: SecretUid, hash: &SecretHash, presented: &Secret) -> Result<bool, HashError> {
        let text = ClientSecretText::parse(presented.expose());
        Ok(text.is_some_and(|text| hash.as_str() == format!("hash of {}", text.hint())))
    }

    async fn verify_nothing(&self, _presented: &Secret) -> Result<(), HashError> {
        Ok(())
    }

    fn forget(&self, uid: SecretUid) {
        self.forgotten.lock().unwrap().push(uid);
    }
}

fn named(name: &str) -> NewClient {
    NewClient {
        fields: ClientPatch::default().with("name", name),
        ..NewClient::default()
    }
}

fn described(text: &str) -> ClientChange {
    ClientChange {
        fields: ClientPatch::default().with("description", text),
        ..ClientChange::default()
    }
}

fn kinds(events: &[AuditEvent]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}
