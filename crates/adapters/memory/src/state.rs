use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use informer_oauth_domain::{
    attempts::Attempts,
    audit::AuditEvent,
    client::Client,
    client_secret::ClientSecret,
    consent::Consent,
    id::{ClientUid, EventId, SecretUid, TokenRecordId},
    secret::Digest,
    timestamp::Timestamp,
    token_record::TokenRecord,
    usage::UsageKey,
    user::{LocalUser, Session},
};
use informer_oauth_ports::{Icon, Page, PageRequest, Probe, SealedKey, StoreError, TokenFilter};

use crate::{codes::KeptCode, consents::ConsentKey, devices::Devices};

/// All stores of one installation in this process's memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) clients: BTreeMap<ClientUid, Client>,
    pub(crate) secrets: BTreeMap<SecretUid, ClientSecret>,
    pub(crate) icons: BTreeMap<ClientUid, Icon>,
    pub(crate) consents: BTreeMap<ConsentKey, Consent>,
    pub(crate) events: BTreeMap<EventId, AuditEvent>,
    pub(crate) keys: Vec<SealedKey>,
    pub(crate) users: BTreeMap<String, LocalUser>,
    pub(crate) tokens: BTreeMap<TokenRecordId, TokenRecord>,
    pub(crate) revocations: Vec<(TokenFilter, Timestamp)>,
    pub(crate) usage: BTreeMap<UsageKey, u64>,
    pub(crate) codes: HashMap<Digest, KeptCode>,
    pub(crate) devices: Devices,
    pub(crate) sessions: HashMap<Digest, Session>,
    pub(crate) attempts: HashMap<String, Attempts>,
}

impl Memory {
    /// The state, for one critical section. A section that panicked has changed nothing or its last entry: none of them
    /// can leave something half done behind.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says only that it is one: what it holds is for nobody's log.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[async_trait]
impl Probe for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The part of a whole list that is asked for.
pub(crate) fn page_of<T>(whole: Vec<T>, page: PageRequest) -> Page<T> {
    let total = whole.len() as u64;
    let start = usize::try_from(page.start).unwrap_or(usize::MAX);
    let items = whole.into_iter().skip(start).take(page.limit as usize).collect();
    Page { items, total }
}
