use async_trait::async_trait;
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{KeyInstallation, KeyRotation, KeyState, SealedKey, SigningKeyStore, StoreError};

use crate::Memory;

#[async_trait]
impl SigningKeyStore for Memory {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        let mut keys = self.lock().keys.clone();
        keys.sort_by(|one, other| (one.created_at, &one.kid).cmp(&(other.created_at, &other.kid)));
        Ok(keys)
    }

    async fn install(&self, current: &SealedKey, next: &SealedKey) -> Result<KeyInstallation, StoreError> {
        let mut state = self.lock();
        if state.keys.iter().any(|key| key.purpose == current.purpose) {
            return Ok(KeyInstallation::Present);
        }
        state.keys.extend([current.clone(), next.clone()]);
        Ok(KeyInstallation::Installed)
    }

    async fn rotate(&self, expected: &str, next: &SealedKey, now: Timestamp) -> Result<KeyRotation, StoreError> {
        let mut state = self.lock();
        let of_purpose = |key: &&SealedKey| key.purpose == next.purpose;
        let is_current = |key: &SealedKey| matches!(key.state, KeyState::Current { .. });
        if !state
            .keys
            .iter()
            .filter(of_purpose)
            .any(|key| is_current(key) && key.kid == expected)
        {
            return Ok(KeyRotation::Lost);
        }
        for key in state.keys.iter_mut().filter(|key| key.purpose == next.purpose) {
            key.state = match key.state {
                KeyState::Next => KeyState::Current { since: now },
                KeyState::Current { .. } => KeyState::Retired { at: now },
                retired @ KeyState::Retired { .. } => retired,
            };
        }
        state.keys.push(next.clone());
        Ok(KeyRotation::Rotated)
    }

    async fn reseal(&self, kid: &str, expected: &str, sealed: &str) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let found = state
            .keys
            .iter_mut()
            .find(|key| key.kid == kid && key.sealed == expected);
        Ok(found.map(|key| sealed.clone_into(&mut key.sealed)).is_some())
    }

    async fn remove_retired(&self, kid: &str) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let before = state.keys.len();
        state
            .keys
            .retain(|key| key.kid != kid || !matches!(key.state, KeyState::Retired { .. }));
        Ok(state.keys.len() < before)
    }
}
