use std::path::PathBuf;

use informer_oauth_crypto::MasterKey;
use serde::{Deserialize, Serialize};

use super::{Hidden, Problems};

/// `secrets.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Secrets {
    /// The key that signing keys are encrypted with: 32 bytes, base64.
    pub(crate) encryption_key: Option<Hidden>,
    /// A file that holds it. Without either, `encryption.key` beside the database, made at the first start.
    pub(crate) encryption_key_file: Option<PathBuf>,
    /// Keys that signing keys may be encrypted with as well, while the one above is replaced.
    pub(crate) accepted_encryption_keys: Vec<Hidden>,
    /// bcrypt's cost for new client secrets.
    pub(crate) bcrypt_cost: u32,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            encryption_key: None,
            encryption_key_file: None,
            accepted_encryption_keys: Vec::new(),
            bcrypt_cost: 12,
        }
    }
}

impl Secrets {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.range("secrets.bcrypt_cost", self.bcrypt_cost, 4..=20);
        if self.encryption_key.is_some() && self.encryption_key_file.is_some() {
            problems.add(
                "secrets.encryption_key",
                "is set, and so is secrets.encryption_key_file: use one of them",
            );
        }
        if let Some(key) = &self.encryption_key
            && let Err(error) = MasterKey::from_base64(key.secret().expose())
        {
            problems.add("secrets.encryption_key", error);
        }
        for key in &self.accepted_encryption_keys {
            if let Err(error) = MasterKey::from_base64(key.secret().expose()) {
                problems.add("secrets.accepted_encryption_keys", error);
            }
        }
    }

    /// The keys that are accepted as well; those that are none were refused before.
    pub(crate) fn accepted(&self) -> Vec<MasterKey> {
        self.accepted_encryption_keys
            .iter()
            .filter_map(|key| MasterKey::from_base64(key.secret().expose()).ok())
            .collect()
    }
}
