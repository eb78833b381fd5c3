//! The memory of client secrets that bcrypt has verified.

use std::time::Duration;

use informer_oauth_domain::{
    id::SecretUid,
    secret::{Secret, SecretHash},
};
use informer_oauth_ports::Entropy;
use moka::sync::Cache;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::master_key::hmac_of_list;

/// What a secret is remembered by: its HMAC under a key that only this process has, bound to its id and its stored hash,
/// so that a replaced hash is verified anew. A secret has 95 random bits besides
/// its lookup id and its hint, so a tag does not let anyone guess one.
pub(crate) type Tag = [u8; 32];

/// Tags of verified secrets, bounded in number and time.
pub(crate) struct Verified {
    key: Zeroizing<[u8; 32]>,
    tags: Cache<SecretUid, Tag>,
}

impl Verified {
    pub(crate) fn new(number: u64, time: Duration, entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut_slice());
        Self {
            key,
            tags: Cache::builder().max_capacity(number).time_to_live(time).build(),
        }
    }

    pub(crate) fn tag(&self, uid: SecretUid, hash: &SecretHash, presented: &Secret) -> Tag {
        hmac_of_list(
            self.key.as_slice(),
            &[
                uid.uuid().as_bytes(),
                hash.as_str().as_bytes(),
                presented.expose().as_bytes(),
            ],
        )
    }

    pub(crate) fn has(&self, uid: SecretUid, tag: &Tag) -> bool {
        self.tags
            .get(&uid)
            .is_some_and(|remembered| remembered.ct_eq(tag).into())
    }

    pub(crate) fn remember(&self, uid: SecretUid, tag: Tag) {
        self.tags.insert(uid, tag);
    }

    pub(crate) fn forget(&self, uid: SecretUid) {
        self.tags.invalidate(&uid);
    }
}
