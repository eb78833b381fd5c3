//! The life of signing keys: next, current, retired, gone.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{Entropy, KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore};
use tokio::sync::Mutex;

use crate::{
    error::KeysError,
    master_key::MasterKey,
    ring::{HeldKey, NewKey, Ring},
    seal::Sealer,
};

/// How much longer a retired key is kept than its tokens live: another process may sign with it until it has heard of
/// the rotation, and clocks differ.
const MARGIN: Duration = Duration::from_secs(3600);

/// When keys advance and when they go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeySchedule {
    /// How long a key signs.
    pub rotate_after: Duration,
    /// How long an access token lives that is not unexpiring.
    pub access_lifetime: Duration,
    /// How long a grant with refresh tokens lives.
    pub refresh_lifetime: Duration,
    /// Time for which an access key must have been published before it may sign: until then a verifier may hold a JWKS without it.
    pub published_for: Duration,
}

/// Outcome of [`Keys::rotate`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyAdvance {
    /// Next is current, current is retired, and a new key is next.
    Rotated,
    /// Another process rotated at the same moment.
    Lost,
    /// Verifiers may not know the next key yet, so nothing changed.
    TooNew {
        /// The `kid` of the next key.
        kid: String,
        /// From when on it may sign.
        ready_at: Timestamp,
    },
}

/// What [`Keys::housekeeping`] did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Housekeeping {
    /// The purposes whose keys this call advanced.
    pub rotated: Vec<KeyPurpose>,
    /// The ids of the retired keys that this call removed.
    pub removed: Vec<String>,
}

impl Housekeeping {
    /// Whether keys changed, so that other processes should reload theirs.
    pub fn has_changed(&self) -> bool {
        !self.rotated.is_empty() || !self.removed.is_empty()
    }
}

/// The signing keys of this installation, decrypted and parsed once and held in memory. Signing and verifying never touch
/// the store: another process's rotation is seen by [`Keys::reload`].
pub struct Keys {
    issuer: String,
    store: Arc<dyn SigningKeyStore>,
    sealer: Sealer,
    entropy: Arc<dyn Entropy>,
    ring: RwLock<Arc<Ring>>,
    /// Held while the store is read, so that an older list cannot replace a newer one.
    reloading: Mutex<()>,
    unknown_key: AtomicBool,
}

impl Keys {
    /// Reads the keys of a store, making the first ones where a purpose has none. Of several processes that start at
    /// once on an empty store, all end up with the same keys. `issuer` is `iss` of every token, byte for byte.
    pub async fn load(
        store: Arc<dyn SigningKeyStore>,
        master: &MasterKey,
        issuer: String,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        Self::load_with_others(store, master, &[], issuer, entropy, now).await
    }

    /// As [`Keys::load`], where keys may still, or already, be sealed under `others`: while the master key is replaced. New
    /// keys are sealed under `master`.
    pub async fn load_with_others(
        store: Arc<dyn SigningKeyStore>,
        master: &MasterKey,
        others: &[MasterKey],
        issuer: String,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let sealer = Sealer::new(master, others);
        let mut stored = store.list().await?;
        // Opening what is there before adding to it: with a wrong master key, nothing must be added.
        for purpose in KeyPurpose::ALL {
            if stored.iter().all(|key| key.purpose != purpose) {
                for key in &stored {
                    sealer
                        .open(&key.kid, &key.sealed)
                        .map_err(|_| KeysError::Sealed { kid: key.kid.clone() })?;
                }
                let current = make(&sealer, &*entropy, purpose, KeyState::Current { since: now }, now)?;
                let next = make(&sealer, &*entropy, purpose, KeyState::Next, now)?;
                match store.install(&current, &next).await? {
                    KeyInstallation::Installed => tracing::info!(
                        purpose = purpose.as_str(),
                        kid = current.kid,
                        "made the first signing keys"
                    ),
                    KeyInstallation::Present => tracing::debug!(
                        purpose = purpose.as_str(),
                        "another process made the first signing keys"
                    ),
                }
                stored = store.list().await?;
            }
        }
        let ring = Ring::assemble(&stored, &sealer, None)?;
        Ok(Self {
            issuer,
            store,
            sealer,
            entropy,
            ring: RwLock::new(Arc::new(ring)),
            reloading: Mutex::new(()),
            unknown_key: AtomicBool::new(false),
        })
    }

    /// Takes over what the store has now. Keys known already are not parsed again. On an error the keys stay as they are.
    pub async fn reload(&self) -> Result<(), KeysError> {
        let _alone = self.reloading.lock().await;
        let stored = self.store.list().await?;
        let ring = Ring::assemble(&stored, &self.sealer, Some(&*self.ring()))?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// Seals under the master key what is sealed under another one; how many keys it was.
    pub async fn reencrypt(&self) -> Result<usize, KeysError> {
        let mut resealed = 0;
        for SealedKey { kid, sealed, .. } in self.store.list().await? {
            if self.sealer.is_current(&kid, &sealed) {
                continue;
            }
            let opened = self
                .sealer
                .open(&kid, &sealed)
                .map_err(|_| KeysError::Sealed { kid: kid.clone() })?;
            let anew = self
                .sealer
                .seal(&kid, &opened)
                .map_err(|error| KeysError::Cryptography(error.to_string()))?;
            if self.store.reseal(&kid, &sealed, &anew).await? {
                resealed += 1;
            }
        }
        Ok(resealed)
    }

    /// Advances the keys of a purpose now: next becomes current, a new one becomes next. Refuses to let an access key
    /// sign that was published for less than `published_for`; zero never refuses. Refresh keys are never published.
    pub async fn rotate(
        &self,
        purpose: KeyPurpose,
        published_for: Duration,
        now: Timestamp,
    ) -> Result<KeyAdvance, KeysError> {
        self.reload().await?;
        let ring = self.ring();
        // Of `next` nothing changes before `current` does, and that is compared when it is set.
        if let Some(too_new) = too_new(&ring, purpose, published_for, now) {
            return Ok(too_new);
        }
        let expected = &ring.current(purpose).kid;
        Ok(match self.rotate_from(purpose, expected, now).await? {
            KeyRotation::Rotated => KeyAdvance::Rotated,
            KeyRotation::Lost => KeyAdvance::Lost,
        })
    }

    async fn rotate_from(&self, purpose: KeyPurpose, expected: &str, now: Timestamp) -> Result<KeyRotation, KeysError> {
        let next = make(&self.sealer, &*self.entropy, purpose, KeyState::Next, now)?;
        let outcome = self.store.rotate(expected, &next, now).await?;
        self.reload().await?;
        if outcome == KeyRotation::Rotated {
            tracing::info!(
                purpose = purpose.as_str(),
                kid = self.ring().current(purpose).kid,
                "rotated the signing keys"
            );
        }
        Ok(outcome)
    }

    /// Rotates what has signed for long enough, and removes retired keys that no live token needs. `oldest_unexpiring` is
    /// when the oldest live token record without expiry was made ([`informer_oauth_ports::TokenStore::oldest_unexpiring`]).
    /// May run in every process at once.
    pub async fn housekeeping(
        &self,
        now: Timestamp,
        schedule: &KeySchedule,
        oldest_unexpiring: Option<Timestamp>,
    ) -> Result<Housekeeping, KeysError> {
        self.reload().await?;
        let mut done = Housekeeping::default();
        let ring = self.ring();
        for HeldKey { key, state, .. } in ring.held() {
            match *state {
                KeyState::Current { since }
                    if now >= since + schedule.rotate_after
                        && too_new(&ring, key.purpose, schedule.published_for, now).is_none() =>
                {
                    // The expected key is the one judged here: of processes that judge at once, one rotates, once.
                    if self.rotate_from(key.purpose, &key.kid, now).await? == KeyRotation::Rotated {
                        done.rotated.push(key.purpose);
                    }
                }
                KeyState::Retired { at } if !is_needed(key.purpose, at, now, schedule, oldest_unexpiring) => {
                    if self.store.remove_retired(&key.kid).await? {
                        tracing::info!(
                            purpose = key.purpose.as_str(),
                            kid = key.kid,
                            "removed a retired signing key"
                        );
                        done.removed.push(key.kid.clone());
                    }
                }
                KeyState::Next | KeyState::Current { .. } | KeyState::Retired { .. } => {}
            }
        }
        if done.has_changed() {
            self.reload().await?;
        }
        Ok(done)
    }

    /// Since when the current key of a purpose signs.
    pub fn signs_since(&self, purpose: KeyPurpose) -> Option<Timestamp> {
        self.ring().held().iter().find_map(|held| match held.state {
            KeyState::Current { since } if held.key.purpose == purpose => Some(since),
            _ => None,
        })
    }

    /// Whether a token with an unknown `kid` came since the last call: perhaps another process rotated, and a reload is
    /// due. Anyone can send such a token, so do not reload more often than once in a while for it.
    pub fn take_unknown_key(&self) -> bool {
        self.unknown_key.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn note_unknown_key(&self) {
        self.unknown_key.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Makes and seals a key.
fn make(
    sealer: &Sealer,
    entropy: &dyn Entropy,
    purpose: KeyPurpose,
    state: KeyState,
    now: Timestamp,
) -> Result<SealedKey, KeysError> {
    let failed = |error: josekit::JoseError| KeysError::Cryptography(error.to_string());
    let key = NewKey::generate(purpose, entropy).map_err(failed)?;
    let sealed = sealer.seal(&key.kid, &key.bytes).map_err(failed)?;
    Ok(SealedKey {
        kid: key.kid,
        purpose,
        state,
        created_at: now,
        sealed,
    })
}

/// The next key of a purpose, if it may not sign yet.
fn too_new(ring: &Ring, purpose: KeyPurpose, published_for: Duration, now: Timestamp) -> Option<KeyAdvance> {
    let next = ring
        .held()
        .iter()
        .find(|held| held.key.purpose == purpose && held.state == KeyState::Next)?;
    let ready_at = next.created_at + published_for;
    (purpose == KeyPurpose::Access && now < ready_at).then(|| KeyAdvance::TooNew {
        kid: next.key.kid.clone(),
        ready_at,
    })
}

/// Whether a token that a key retired at `at` signed may still live.
fn is_needed(
    purpose: KeyPurpose,
    at: Timestamp,
    now: Timestamp,
    schedule: &KeySchedule,
    oldest_unexpiring: Option<Timestamp>,
) -> bool {
    let lifetime = match purpose {
        KeyPurpose::Access => schedule.access_lifetime,
        KeyPurpose::Refresh => schedule.refresh_lifetime,
    };
    let unexpiring = purpose == KeyPurpose::Access && oldest_unexpiring.is_some_and(|oldest| oldest <= at + MARGIN);
    unexpiring || now <= at + lifetime + MARGIN
}

#[cfg(test)]
mod tests;
