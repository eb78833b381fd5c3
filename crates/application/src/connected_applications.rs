//! What a user has allowed, and taking it back: for any user about themselves (http-api.md §5).

use std::{collections::BTreeMap, sync::Arc};

use informer_oauth_domain::{
    audit::EventKind,
    client::Client,
    consent::Consent,
    id::{ClientRef, ClientUid, TokenRecordId},
    scope::ScopeSet,
    timestamp::Timestamp,
    token_record::{Ending, RevocationReason, TokenRecord},
    user::{InPerson, User},
};
use informer_oauth_ports::{Change, Changes, ClientStore, ConsentStore, PageRequest, TokenFilter, TokenStore};

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::Fault,
};

/// How many token records are read at a time.
const PART: u32 = 500;

/// A client that a user has allowed something: it has access now, or may have it again without asking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// What is remembered for each resource, so that the user is not asked again.
    pub consents: Vec<Consent>,
    /// The grants of access that are live, oldest first.
    pub records: Vec<TokenRecord>,
}

impl Connection {
    /// Everything that the user has allowed it.
    pub fn scope(&self) -> ScopeSet {
        let remembered = self.consents.iter().map(|consent| consent.scope);
        let granted = self.records.iter().map(|record| record.scope);
        granted.chain(remembered).fold(ScopeSet::EMPTY, ScopeSet::union)
    }

    /// When the user first allowed something that still holds.
    pub fn since(&self) -> Option<Timestamp> {
        let remembered = self.consents.iter().map(|consent| consent.created_at);
        let granted = self.records.iter().map(|record| record.created_at);
        granted.chain(remembered).min()
    }

    /// When one of its live grants was last used; being given counts. `None` where it has none.
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.records.iter().map(last_use).max()
    }
}

fn last_use(record: &TokenRecord) -> Timestamp {
    record.last_used_at.unwrap_or(record.created_at)
}

/// What a user takes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disconnection {
    /// One grant of access.
    Record(TokenRecordId),
    /// All that this client has.
    Client(ClientUid),
    /// All that any client has.
    Everything,
}

/// Shows users what they have allowed, and takes it back. Whatever is taken back, the client has to ask again: consent is
/// forgotten before tokens end, so that no code is given silently in between.
pub struct ConnectedApplications {
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) consents: Arc<dyn ConsentStore>,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) audit: AuditTrail,
}

impl ConnectedApplications {
    /// The user's connections: the one that was used last comes first, those without access come last.
    pub async fn list(&self, user: &User, now: Timestamp) -> Result<Vec<Connection>, Fault> {
        let mut found: BTreeMap<ClientUid, (Vec<Consent>, Vec<TokenRecord>)> = BTreeMap::new();
        for consent in self.consents.list(&user.username).await? {
            found.entry(consent.client).or_default().0.push(consent);
        }
        for record in self.records(user, now).await? {
            found.entry(record.client).or_default().1.push(record);
        }
        let mut connections = Vec::with_capacity(found.len());
        for (client, (consents, records)) in found {
            // A client that is being deleted takes all of this with it.
            let Some(registration) = self.clients.registration(ClientRef::Uid(client)).await? else {
                continue;
            };
            connections.push(Connection {
                client: registration.client.clone(),
                consents,
                records,
            });
        }
        connections.sort_by_key(|connection| std::cmp::Reverse((connection.last_used_at(), connection.since())));
        Ok(connections)
    }

    /// Takes back; false when there was nothing of this user's to take back.
    pub async fn disconnect(
        &self,
        user: &InPerson,
        what: Disconnection,
        context: &RequestContext,
    ) -> Result<bool, Fault> {
        let user = user.user();
        let act = Act { user, context };
        match what {
            Disconnection::Record(record) => self.end_record(record, act).await,
            Disconnection::Client(client) => {
                let forgotten = self.forget(client, act).await?;
                let ended = self.end_all(Some(client), act).await?;
                Ok(forgotten || ended)
            }
            Disconnection::Everything => {
                let mut any = false;
                for consent in self.consents.list(&user.username).await? {
                    any |= self.forget(consent.client, act).await?;
                }
                let ended = self.end_all(None, act).await?;
                Ok(any || ended)
            }
        }
    }

    async fn records(&self, user: &User, now: Timestamp) -> Result<Vec<TokenRecord>, Fault> {
        let filter = granted_by(user, None);
        let mut records: Vec<TokenRecord> = Vec::new();
        loop {
            let page = PageRequest {
                start: records.len() as u64,
                limit: PART,
            };
            let part = self.tokens.list(&filter, page, now).await?;
            let last = part.items.len() < PART as usize;
            records.extend(part.items);
            if last {
                return Ok(records);
            }
        }
    }

    async fn end_record(&self, id: TokenRecordId, act: Act<'_>) -> Result<bool, Fault> {
        // Whose it is never changes, so asking first is not a race.
        let Some(record) = self.tokens.find(id).await? else {
            return Ok(false);
        };
        if record.username != act.user.username || !record.is_live(act.context.now) {
            return Ok(false);
        }
        self.forget(record.client, act).await?;
        let reason = RevocationReason::User;
        if self
            .tokens
            .revoke(id, Some(record.client), reason, act.context.now)
            .await?
            == Ending::Ended
        {
            self.changes.publish(Change::TokenRecord(id)).await;
            self.record(EventKind::TokenRevoked, Some(record.client), Some(id.to_string()), act)
                .await;
        }
        Ok(true)
    }

    async fn forget(&self, client: ClientUid, act: Act<'_>) -> Result<bool, Fault> {
        let forgotten = self.consents.forget(&act.user.username, client).await?;
        if forgotten {
            self.record(EventKind::ConsentWithdrawn, Some(client), None, act).await;
        }
        Ok(forgotten)
    }

    async fn end_all(&self, client: Option<ClientUid>, act: Act<'_>) -> Result<bool, Fault> {
        let filter = granted_by(act.user, client);
        let ended = self
            .tokens
            .revoke_all(&filter, RevocationReason::User, act.context.now)
            .await?;
        if ended == 0 {
            return Ok(false);
        }
        self.changes.publish(Change::TokenRecords).await;
        let target = format!("{ended} of {}", act.user.username);
        self.record(EventKind::TokensRevoked, client, Some(target), act).await;
        Ok(true)
    }

    async fn record(&self, kind: EventKind, client: Option<ClientUid>, target: Option<String>, act: Act<'_>) {
        let about = About {
            actor: Some(act.user.username.clone()),
            client,
            target,
        };
        self.audit.record(kind, about, act.context).await;
    }
}

/// Who does it, from where and when.
#[derive(Clone, Copy)]
struct Act<'a> {
    user: &'a User,
    context: &'a RequestContext,
}

fn granted_by(user: &User, client: Option<ClientUid>) -> TokenFilter {
    TokenFilter {
        client,
        username: Some(user.username.clone()),
    }
}

#[cfg(test)]
mod tests;
