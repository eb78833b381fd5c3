//! bcrypt for client secrets, once per secret and process.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, alphabet, engine::GeneralPurpose, engine::general_purpose::NO_PAD};
use informer_oauth_domain::{
    client_secret::ClientSecretText,
    id::SecretUid,
    secret::{Secret, SecretHash},
};
use informer_oauth_ports::{Entropy, HashError, SecretHasher};
use tokio::sync::oneshot;

use crate::{
    lanes::Turn,
    pool::{Fate, HashingPool},
    verified::{Tag, Verified},
};

/// bcrypt reads 72 bytes of its input, the last of them the terminating zero.
const LONGEST_SECRET: usize = 71;

/// How client secrets are hashed and remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BcryptSettings {
    /// The cost of new hashes, 4 to 31: each step doubles the time. Verifying uses the cost that a hash has.
    pub cost: u32,
    /// How many verified secrets are remembered.
    pub remembered: u64,
    /// How long one is remembered.
    pub remembered_for: Duration,
}

impl Default for BcryptSettings {
    /// Cost 12; 10,000 secrets for an hour.
    fn default() -> Self {
        Self {
            cost: 12,
            remembered: 10_000,
            remembered_for: Duration::from_secs(3600),
        }
    }
}

/// bcrypt on a bounded pool, with a memory of what was verified. Verifications of one secret that come at once share one
/// bcrypt.
pub struct Bcrypt {
    cost: u32,
    pool: Arc<HashingPool>,
    entropy: Arc<dyn Entropy>,
    verifications: Arc<Verifications>,
    nothing: SecretHash,
}

impl Bcrypt {
    /// Fails when the cost is none of bcrypt's. Hashes nothing yet.
    pub fn new(settings: BcryptSettings, pool: Arc<HashingPool>, entropy: Arc<dyn Entropy>) -> Result<Self, HashError> {
        if !(4..=31).contains(&settings.cost) {
            return Err(HashError::Failed(format!(
                "a bcrypt cost is from 4 to 31, not {}",
                settings.cost
            )));
        }
        let verified = Verified::new(settings.remembered, settings.remembered_for, &*entropy);
        let nothing = hash_of_nothing(settings.cost, &*entropy);
        Ok(Self {
            cost: settings.cost,
            pool,
            entropy,
            verifications: Arc::new(Verifications {
                verified,
                waiting: Mutex::default(),
            }),
            nothing,
        })
    }
}

/// A well-formed hash that is of nothing: its salt and its output are random.
fn hash_of_nothing(cost: u32, entropy: &dyn Entropy) -> SecretHash {
    let letters = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);
    let (mut salt, mut output) = ([0; 16], [0; 23]);
    entropy.fill(&mut salt);
    entropy.fill(&mut output);
    SecretHash::new(format!(
        "$2b${cost:02}${}{}",
        letters.encode(salt),
        letters.encode(output)
    ))
}

/// Whether a text can be a secret at all. A zero byte would end the secret early for bcrypt.
fn can_be_secret(presented: &Secret) -> bool {
    presented.len() <= LONGEST_SECRET && !presented.expose().contains('\0')
}

/// Client secrets share one place in the order of turns.
fn turn() -> Turn {
    Turn::Fair("client secrets".to_owned())
}

fn failed(error: impl Display) -> HashError {
    HashError::Failed(error.to_string())
}

fn check(hash: &SecretHash, presented: &Secret) -> Result<bool, HashError> {
    bcrypt::non_truncating_verify(presented.expose(), hash.as_str()).map_err(failed)
}

#[async_trait]
impl SecretHasher for Bcrypt {
    async fn hash(&self, secret: &ClientSecretText) -> Result<SecretHash, HashError> {
        let secret = secret.secret().clone();
        if !can_be_secret(&secret) {
            return Err(HashError::Failed("bcrypt would not read all of the secret".to_owned()));
        }
        let cost = self.cost;
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let hashed = self
            .pool
            .run(turn(), move || {
                bcrypt::non_truncating_hash_with_salt(secret.expose(), cost, salt)
            })
            .await?;
        hashed.map(|parts| SecretHash::new(parts.to_string())).map_err(failed)
    }

    fn remembers(&self, uid: SecretUid, hash: &SecretHash, presented: &Secret) -> bool {
        let verified = &self.verifications.verified;
        verified.has(uid, &verified.tag(uid, hash, presented))
    }

    async fn verify(&self, uid: SecretUid, hash: &SecretHash, presented: &Secret) -> Result<bool, HashError> {
        if !can_be_secret(presented) {
            return Ok(false);
        }
        let key = (uid, self.verifications.verified.tag(uid, hash, presented));
        let Some(answered) = self.verifications.join(key, &self.pool, hash, presented)? else {
            return Ok(true);
        };
        answered.await.map_err(failed)?
    }

    async fn verify_nothing(&self, presented: &Secret) -> Result<(), HashError> {
        if !can_be_secret(presented) {
            return Ok(());
        }
        let (nothing, presented) = (self.nothing.clone(), presented.clone());
        self.pool
            .run(turn(), move || check(&nothing, &presented))
            .await?
            .map(drop)
    }

    fn forget(&self, uid: SecretUid) {
        self.verifications.verified.forget(uid);
    }
}

type Answer = Result<bool, HashError>;
type Waiting = HashMap<(SecretUid, Tag), Vec<oneshot::Sender<Answer>>>;

/// What was verified, and what is being verified.
struct Verifications {
    verified: Verified,
    waiting: Mutex<Waiting>,
}

impl Verifications {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the verification of a secret that is under way, or starts one. `None` when it is remembered.
    fn join(
        self: &Arc<Self>,
        key: (SecretUid, Tag),
        pool: &HashingPool,
        hash: &SecretHash,
        presented: &Secret,
    ) -> Result<Option<oneshot::Receiver<Answer>>, HashError> {
        let (answer, answered) = oneshot::channel();
        match self.waiting().entry(key) {
            Entry::Occupied(mut under_way) => under_way.get_mut().push(answer),
            // A verification is remembered before it stops being under way, so what is neither is not verified yet.
            Entry::Vacant(_) if self.verified.has(key.0, &key.1) => return Ok(None),
            Entry::Vacant(free) => {
                let permit = pool.permit(turn()).ok_or(HashError::Busy)?;
                free.insert(vec![answer]);
                let (verification, hash, presented) = (
                    Verification {
                        all: Arc::clone(self),
                        key,
                        ended: false,
                    },
                    hash.clone(),
                    presented.clone(),
                );
                pool.submit(permit, move |fate| verification.run(fate, &hash, &presented));
            }
        }
        Ok(Some(answered))
    }
}

/// One verification under way. However it ends, also by a panic, nobody is left waiting for it.
struct Verification {
    all: Arc<Verifications>,
    key: (SecretUid, Tag),
    ended: bool,
}

impl Verification {
    fn run(mut self, fate: Fate, hash: &SecretHash, presented: &Secret) {
        if fate == Fate::Shed {
            for caller in self.end() {
                let _ = caller.send(Err(HashError::Busy));
            }
            return;
        }
        if self.is_abandoned() {
            self.ended = true;
            return;
        }
        let answer = check(hash, presented);
        if answer == Ok(true) {
            self.all.verified.remember(self.key.0, self.key.1);
        }
        for caller in self.end() {
            // A caller may have gone away meanwhile.
            let _ = caller.send(answer.clone());
        }
    }

    /// Stops being under way; those who wait for it.
    fn end(&mut self) -> Vec<oneshot::Sender<Answer>> {
        self.ended = true;
        self.all.waiting().remove(&self.key).unwrap_or_default()
    }

    /// Whether every caller has gone away; then a later one starts anew.
    fn is_abandoned(&self) -> bool {
        let mut waiting = self.all.waiting();
        let abandoned = waiting
            .get(&self.key)
            .is_none_or(|callers| callers.iter().all(oneshot::Sender::is_closed));
        if abandoned {
            waiting.remove(&self.key);
        }
        abandoned
    }
}

impl Drop for Verification {
    fn drop(&mut self) {
        // Once ended, the key may be another verification's.
        if !self.ended {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests;
