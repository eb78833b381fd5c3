use std::fmt;

use informer_oauth_domain::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a hidden value is shown as.
const SHOWN: &str = "***";

/// A configured secret: written as `***`, wherever it is written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(Secret);

impl Hidden {
    /// The secret.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SHOWN)
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
