use std::collections::{BTreeMap, btree_map::Entry};

use async_trait::async_trait;
use informer_oauth_domain::{
    id::{ClientUid, TokenRecordId},
    timestamp::Timestamp,
    token_record::{Ending, Insertion, RevocationReason, Rotation, RotationRequest, TokenRecord},
};
use informer_oauth_ports::{Page, PageRequest, StoreError, TokenFilter, TokenStore};

use crate::{Memory, state::page_of};

type Records = BTreeMap<TokenRecordId, TokenRecord>;

fn means(filter: &TokenFilter, record: &TokenRecord) -> bool {
    filter.client.is_none_or(|client| client == record.client)
        && filter
            .username
            .as_deref()
            .is_none_or(|username| username == record.username)
}

fn end(record: &mut TokenRecord, reason: RevocationReason, now: Timestamp) -> Ending {
    let was_live = record.is_live(now);
    *record = record.clone().revoked(now, reason);
    if was_live { Ending::Ended } else { Ending::EndedBefore }
}

/// Ends every live record that the filter means; how many it was.
pub(crate) fn revoke_all(records: &mut Records, filter: &TokenFilter, reason: RevocationReason, now: Timestamp) -> u64 {
    let meant = records
        .values_mut()
        .filter(|record| record.is_live(now) && means(filter, record));
    meant.fold(0, |ended, record| {
        end(record, reason, now);
        ended + 1
    })
}

#[async_trait]
impl TokenStore for Memory {
    async fn insert(&self, record: &TokenRecord) -> Result<Insertion, StoreError> {
        let state = &mut *self.lock();
        let mut revocations = state.revocations.iter();
        Ok(match state.tokens.entry(record.id) {
            Entry::Occupied(there) => there.get().in_the_way(),
            Entry::Vacant(_) if revocations.any(|(filter, at)| means(filter, record) && record.created_at <= *at) => {
                Insertion::Revoked
            }
            Entry::Vacant(place) => {
                place.insert(record.clone());
                Insertion::Inserted
            }
        })
    }

    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation, StoreError> {
        let mut state = self.lock();
        let Some(record) = state.tokens.get_mut(&request.record) else {
            return Ok(Rotation::Unknown);
        };
        let (kept, rotation) = record.clone().rotate(request);
        *record = kept;
        Ok(rotation)
    }

    async fn find(&self, id: TokenRecordId) -> Result<Option<TokenRecord>, StoreError> {
        Ok(self.lock().tokens.get(&id).cloned())
    }

    async fn revoke(
        &self,
        id: TokenRecordId,
        client: Option<ClientUid>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<Ending, StoreError> {
        let mut state = self.lock();
        let record = state.tokens.get_mut(&id);
        let record = record.filter(|record| client.is_none_or(|client| client == record.client));
        Ok(record.map_or(Ending::Unknown, |record| end(record, reason, now)))
    }

    async fn bar(&self, record: &TokenRecord, reason: RevocationReason, now: Timestamp) -> Result<Ending, StoreError> {
        Ok(match self.lock().tokens.entry(record.id) {
            Entry::Occupied(mut there) => end(there.get_mut(), reason, now),
            Entry::Vacant(place) => {
                place.insert(record.clone().barred(now, reason));
                Ending::Ended
            }
        })
    }

    async fn revoke_all(
        &self,
        filter: &TokenFilter,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let state = &mut *self.lock();
        match state.revocations.iter_mut().find(|(noted, _)| noted == filter) {
            Some((_, at)) => *at = now.max(*at),
            None => state.revocations.push((filter.clone(), now)),
        }
        Ok(revoke_all(&mut state.tokens, filter, reason, now))
    }

    async fn list(
        &self,
        filter: &TokenFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<TokenRecord>, StoreError> {
        let meant = |record: &&TokenRecord| record.is_live(now) && means(filter, record);
        let mut records: Vec<TokenRecord> = self.lock().tokens.values().filter(meant).cloned().collect();
        records.sort_by_key(|record| (record.created_at, record.id));
        Ok(page_of(records, page))
    }

    async fn touch(&self, id: TokenRecordId, at: Timestamp) -> Result<(), StoreError> {
        if let Some(record) = self.lock().tokens.get_mut(&id) {
            record.last_used_at = record.last_used_at.max(Some(at));
        }
        Ok(())
    }

    async fn oldest_unexpiring(&self) -> Result<Option<Timestamp>, StoreError> {
        let state = self.lock();
        let live = state
            .tokens
            .values()
            .filter(|record| record.expires_at.is_none() && record.revoked.is_none());
        Ok(live.map(|record| record.created_at).min())
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let over = |record: &&TokenRecord| {
            let end = record.expires_at.or(record.revoked.map(|end| end.at));
            end.is_some_and(|end| end < before)
        };
        let mut state = self.lock();
        let ids: Vec<TokenRecordId> = state
            .tokens
            .values()
            .filter(over)
            .map(|record| record.id)
            .take(limit as usize)
            .collect();
        for id in &ids {
            state.tokens.remove(id);
        }
        let rest = (limit as usize).saturating_sub(ids.len());
        let forgotten = state
            .revocations
            .extract_if(.., |(_, at)| *at < before)
            .take(rest)
            .count();
        Ok((ids.len() + forgotten) as u64)
    }
}
