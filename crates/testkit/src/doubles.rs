//! Stand-ins for what is no store: a signer without keys, a hasher without cost, users without passwords. With a store
//! (`informer-oauth-memory` has them all), [`FixedClock`](crate::FixedClock) and [`SeededEntropy`](crate::SeededEntropy)
//! they are every port that the use cases ask for, so that a test is about the one adapter that it puts in their place.
//!
//! ```
//! use informer_oauth_ports::{Identity, TokenSigner};
//! use informer_oauth_testkit::{doubles::{KeptTokens, KnownUsers}, run, values::NOW};
//!
//! let users = KnownUsers::default();
//! users.admit("ada");
//! run(async move {
//!     assert!(users.active_user("ada", NOW).await.is_ok_and(|user| user.is_some()));
//!     users.dismiss("ada");
//!     assert!(users.active_user("ada", NOW).await.is_ok_and(|user| user.is_none()));
//! });
//! assert!(KeptTokens::default().verify_access("made elsewhere", NOW).is_err());
//! ```
//!
//! None of them keeps a secret: they are for tests only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    client_secret::ClientSecretText,
    id::SecretUid,
    secret::{Digest, Secret, SecretHash},
    timestamp::Timestamp,
    user::User,
};
use informer_oauth_ports::{
    FormKey, HashError, HashSource, Identity, IdentityError, PasswordHasher, PublicKeySet, SecretHasher, SignInPage,
    SignedIn, SigningError, TokenRefused, TokenSigner,
};

fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A signer that remembers what it signed and takes nothing else: its tokens are names without meaning elsewhere.
#[derive(Debug, Default)]
pub struct KeptTokens {
    access: Mutex<HashMap<String, AccessTokenClaims>>,
    refresh: Mutex<HashMap<String, RefreshTokenClaims>>,
}

impl TokenSigner for KeptTokens {
    fn sign_access(&self, claims: &AccessTokenClaims) -> Result<Secret, SigningError> {
        let text = format!("access-{}", claims.token_id);
        locked(&self.access).insert(text.clone(), claims.clone());
        Ok(Secret::new(text))
    }

    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenRefused> {
        let claims = locked(&self.access).get(token).cloned();
        let claims = claims.ok_or(TokenRefused::Signature)?;
        match claims.expires_at {
            Some(end) if end <= now => Err(TokenRefused::Expired),
            _ => Ok(claims),
        }
    }

    fn sign_refresh(&self, claims: &RefreshTokenClaims) -> Result<Secret, SigningError> {
        let text = format!("refresh-{}", claims.token_id);
        locked(&self.refresh).insert(text.clone(), claims.clone());
        Ok(Secret::new(text))
    }

    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshTokenClaims, TokenRefused> {
        let claims = locked(&self.refresh).get(token).cloned();
        let claims = claims.ok_or(TokenRefused::Signature)?;
        if claims.expires_at <= now {
            return Err(TokenRefused::Expired);
        }
        Ok(claims)
    }

    /// None: nobody else can verify these tokens.
    fn public_keys(&self) -> Arc<PublicKeySet> {
        Arc::new(PublicKeySet {
            json: r#"{"keys":[]}"#.into(),
        })
    }
}

/// A hasher of client secrets and passwords whose hash is the text itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainHasher;

fn plain(text: &str) -> SecretHash {
    SecretHash::new(format!("plain:{text}"))
}

#[async_trait]
impl SecretHasher for PlainHasher {
    async fn hash(&self, secret: &ClientSecretText) -> Result<SecretHash, HashError> {
        Ok(plain(secret.secret().expose()))
    }

    /// Never: so each test goes through [`SecretHasher::verify`].
    fn remembers(&self, _: SecretUid, _: &SecretHash, _: &Secret) -> bool {
        false
    }

    async fn verify(&self, _: SecretUid, hash: &SecretHash, presented: &Secret) -> Result<bool, HashError> {
        Ok(*hash == plain(presented.expose()))
    }

    async fn verify_nothing(&self, _: &Secret) -> Result<(), HashError> {
        Ok(())
    }

    fn forget(&self, _: SecretUid) {}
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: &Secret) -> Result<SecretHash, HashError> {
        Ok(plain(password.expose()))
    }

    async fn verify(&self, hash: Option<&SecretHash>, password: &Secret, _: &HashSource) -> Result<bool, HashError> {
        Ok(hash.is_some_and(|hash| *hash == plain(password.expose())))
    }
}

/// Users who need no password: a session's cookie is the user's name. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct KnownUsers(Arc<Mutex<HashMap<String, User>>>);

impl KnownUsers {
    /// Lets somebody in who has no rank.
    pub fn admit(&self, username: &str) {
        self.admit_as(User {
            username: username.to_owned(),
            display_name: username.to_owned(),
            superuser: false,
            token_api: false,
        });
    }

    /// Lets somebody in as described, also in place of what was said of them before.
    pub fn admit_as(&self, user: User) {
        locked(&self.0).insert(user.username.clone(), user);
    }

    /// From here on nobody has that name: as if locked, disabled or deleted.
    pub fn dismiss(&self, username: &str) {
        locked(&self.0).remove(username);
    }
}

#[async_trait]
impl Identity for KnownUsers {
    fn session_cookie(&self) -> &'static str {
        "session"
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Elsewhere("/login".into())
    }

    async fn session_user(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        let user = self.active_user(cookie.expose(), now).await?;
        Ok(user.map(|user| SignedIn {
            user,
            session: Digest::of(cookie.expose()),
            impersonator: None,
        }))
    }

    async fn active_user(&self, username: &str, _: Timestamp) -> Result<Option<User>, IdentityError> {
        Ok(locked(&self.0).get(username).cloned())
    }
}

/// Digests for forms under no key at all: everybody could make them.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeylessForms;

impl FormKey for KeylessForms {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let bytes: Vec<u8> = parts
            .iter()
            .flat_map(|part| [&part.len().to_be_bytes()[..], part].concat())
            .collect();
        Digest::of_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{
        run,
        values::{NOW, audience, client_id, record_id, scope, seconds, token_id},
    };

    fn claims(expires_at: Option<Timestamp>) -> AccessTokenClaims {
        AccessTokenClaims {
            audience: audience(),
            subject: "ada".into(),
            client_id: client_id(1),
            scope: scope("read:dataset"),
            issued_at: NOW,
            expires_at,
            token_id: token_id(1),
            token_record: record_id(1),
        }
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_with_its_own_signer_only() {
        let (signer, other) = (KeptTokens::default(), KeptTokens::default());
        let end = NOW + seconds(60);
        let claims = claims(Some(end));
        let token = signer.sign_access(&claims).unwrap();
        assert_eq!(signer.verify_access(token.expose(), NOW), Ok(claims));
        assert_eq!(signer.verify_access(token.expose(), end), Err(TokenRefused::Expired));
        assert_eq!(other.verify_access(token.expose(), NOW), Err(TokenRefused::Signature));
        assert!(signer.verify_refresh(token.expose(), NOW).is_err());
    }

    #[test]
    fn only_the_same_text_is_verified() {
        run(async {
            let hash = PasswordHasher::hash(&PlainHasher, &Secret::new("open".into()))
                .await
                .unwrap();
            for (password, good) in [("open", true), ("Open", false), ("", false)] {
                let password = Secret::new(password.into());
                let verdict =
                    PasswordHasher::verify(&PlainHasher, Some(&hash), &password, &HashSource::Known("ada".into()))
                        .await;
                assert_eq!(verdict, Ok(good));
            }
        });
    }

    #[test]
    fn a_session_ends_with_its_user() {
        run(async {
            let users = KnownUsers::default();
            users.admit("ada");
            let cookie = Secret::new("ada".into());
            let seen = users.session_user(&cookie, NOW).await.unwrap().unwrap();
            assert_eq!(seen.user.username, "ada");
            users.dismiss("ada");
            assert_eq!(users.session_user(&cookie, NOW).await.unwrap(), None);
        });
    }

    #[test]
    fn parts_are_told_apart() {
        let digest = |parts: &[&[u8]]| KeylessForms.digest(parts);
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
