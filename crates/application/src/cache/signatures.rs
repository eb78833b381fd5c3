use std::sync::Arc;

use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    secret::{Digest, Secret},
    timestamp::Timestamp,
};
use informer_oauth_ports::{Change, ChangeListener, PublicKeySet, SigningError, TokenRefused, TokenSigner};

use super::{Cache, Lookups, STALENESS, cache};

/// Remembers access tokens whose signature was good, so that a token used often is verified once in a while only. Expiry
/// is judged at every use.
pub struct CachedSignatures {
    inner: Arc<dyn TokenSigner>,
    seen: Cache<[u8; 32], Arc<AccessTokenClaims>>,
    lookups: Lookups,
}

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
        let key = *Digest::of(token).as_bytes();
        if let Some(claims) = self.lookups.count(self.seen.get(&key)) {
            if claims.expires_at.is_some_and(|at| at <= now) {
                return Err(TokenRefused::Expired);
            }
            return Ok(AccessTokenClaims::clone(&claims));
        }
        let claims = self.inner.verify_access(token, now)?;
        self.seen.insert(key, Arc::new(claims.clone()));
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
