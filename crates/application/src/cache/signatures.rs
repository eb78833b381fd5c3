use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::Arc,
};

use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::{Change, ChangeListener, PublicKeySet, SigningError, TokenRefused, TokenSigner};

use super::{Cache, Lookups, STALENESS, cache};

/// Remembers access tokens whose signature was good, so that a token used often is verified once in a while only. Expiry
/// is judged at every use.
///
/// They are found by their whole text: a digest of it would be most of what finding one costs.
pub struct CachedSignatures {
    inner: Arc<dyn TokenSigner>,
    seen: Cache<Genuine, Arc<AccessTokenClaims>>,
    lookups: Lookups,
}

/// A token that was verified. Whoever tries others learns nothing from how long a comparison takes: a text is compared only with
/// one whose hash, whose seed is the process's own, is the same.
struct Genuine(Secret);

impl Borrow<str> for Genuine {
    fn borrow(&self) -> &str {
        self.0.expose()
    }
}

impl Hash for Genuine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

impl PartialEq for Genuine {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Genuine {}

impl CachedSignatures {
    /// Wraps a signer, remembering at most `capacity` tokens.
    pub fn new(inner: Arc<dyn TokenSigner>, capacity: u64) -> Self {
        let seen = cache(capacity, STALENESS * 60);
        let lookups = Lookups::of("signatures");
        Self { inner, seen, lookups }
    }
}

impl TokenSigner for CachedSignatures {
    fn sign_access(&self, claims: &AccessTokenClaims) -> Result<Secret, SigningError> {
        self.inner.sign_access(claims)
    }

    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenRefused> {
        if let Some(claims) = self.lookups.count(self.seen.get(token)) {
            if claims.expires_at.is_some_and(|at| at <= now) {
                return Err(TokenRefused::Expired);
            }
            return Ok(AccessTokenClaims::clone(&claims));
        }
        let claims = self.inner.verify_access(token, now)?;
        self.seen
            .insert(Genuine(Secret::new(token.to_owned())), Arc::new(claims.clone()));
        Ok(claims)
    }

    fn sign_refresh(&self, claims: &RefreshTokenClaims) -> Result<Secret, SigningError> {
        self.inner.sign_refresh(claims)
    }

    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshTokenClaims, TokenRefused> {
        self.inner.verify_refresh(token, now)
    }

    fn public_keys(&self) -> Arc<PublicKeySet> {
        self.inner.public_keys()
    }
}

impl ChangeListener for CachedSignatures {
    fn changed(&self, change: Change) {
        if matches!(change, Change::SigningKeys | Change::Everything) {
            self.seen.invalidate_all();
        }
    }
}
