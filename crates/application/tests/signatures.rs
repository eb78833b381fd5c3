//! A token that was verified is good for another minute without asking the signer, until it expires or a key changes; no
//! other token is taken for it.

#![allow(clippy::unwrap_used)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use informer_oauth_application::cache::CachedSignatures;
use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::{Change, ChangeListener as _, PublicKeySet, SigningError, TokenRefused, TokenSigner};
use informer_oauth_testkit::{
    doubles::KeptTokens,
    values::{NOW, audience, client_id, record_id, scope, seconds, token_id},
};

/// A signer whose key may be retired.
#[derive(Default)]
struct Signer {
    kept: KeptTokens,
    retired: AtomicBool,
}

impl TokenSigner for Signer {
    fn sign_access(&self, claims: &AccessTokenClaims) -> Result<Secret, SigningError> {
        self.kept.sign_access(claims)
    }

    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenRefused> {
        if self.retired.load(Ordering::SeqCst) {
            return Err(TokenRefused::UnknownKey);
        }
        self.kept.verify_access(token, now)
    }

    fn sign_refresh(&self, claims: &RefreshTokenClaims) -> Result<Secret, SigningError> {
        self.kept.sign_refresh(claims)
    }

    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshTokenClaims, TokenRefused> {
        self.kept.verify_refresh(token, now)
    }

    fn public_keys(&self) -> Arc<PublicKeySet> {
        self.kept.public_keys()
    }
}

fn claims(number: u64) -> AccessTokenClaims {
    AccessTokenClaims {
        audience: audience(),
        subject: "ada".into(),
        client_id: client_id(1),
        scope: scope("read:dataset"),
        issued_at: NOW,
        expires_at: Some(NOW + seconds(60)),
        token_id: token_id(number),
        token_record: record_id(number),
    }
}

/// A cache, what is behind it, and a token that is remembered.
fn remembering() -> (CachedSignatures, Arc<Signer>, Secret) {
    let signer = Arc::new(Signer::default());
    let cached = CachedSignatures::new(signer.clone(), 100);
    let token = cached.sign_access(&claims(1)).unwrap();
    assert_eq!(cached.verify_access(token.expose(), NOW), Ok(claims(1)));
    signer.retired.store(true, Ordering::SeqCst);
    assert_eq!(
        cached.verify_access(token.expose(), NOW),
        Ok(claims(1)),
        "this is remembered: otherwise nothing is tested here"
    );
    (cached, signer, token)
}

#[test]
fn no_other_token_is_taken_for_one_that_is_remembered() {
    let (cached, signer, token) = remembering();
    let text = token.expose();
    let mut others = vec![
        String::new(),
        format!("{text}x"),
        text[1..].to_owned(),
        format!("{text} "),
    ];
    for at in 0..text.len() {
        others.push(text[..at].to_owned());
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        others.push(String::from_utf8(bytes).unwrap());
    }
    signer.retired.store(false, Ordering::SeqCst);
    for other in others {
        assert_eq!(
            cached.verify_access(&other, NOW),
            Err(TokenRefused::Signature),
            "{other}"
        );
    }
    let second = cached.sign_access(&claims(2)).unwrap();
    assert_eq!(cached.verify_access(second.expose(), NOW), Ok(claims(2)));
    assert_eq!(cached.verify_access(text, NOW), Ok(claims(1)));
}

#[test]
fn a_remembered_token_expires_when_it_says() {
    let (cached, _, token) = remembering();
    let end = NOW + seconds(60);
    assert_eq!(cached.verify_access(token.expose(), end), Err(TokenRefused::Expired));
}

#[test]
fn when_keys_have_changed_the_signer_is_asked_again() {
    for told in [Change::SigningKeys, Change::Everything] {
        let (cached, _, token) = remembering();
        cached.changed(Change::Users);
        assert!(
            cached.verify_access(token.expose(), NOW).is_ok(),
            "told of other things"
        );
        cached.changed(told);
        assert_eq!(
            cached.verify_access(token.expose(), NOW),
            Err(TokenRefused::UnknownKey),
            "{told:?}"
        );
    }
}

#[test]
fn a_refusal_is_not_remembered() {
    let signer = Arc::new(Signer::default());
    let cached = CachedSignatures::new(signer.clone(), 100);
    let token = cached.sign_access(&claims(1)).unwrap();
    signer.retired.store(true, Ordering::SeqCst);
    assert!(cached.verify_access(token.expose(), NOW).is_err());
    signer.retired.store(false, Ordering::SeqCst);
    assert_eq!(cached.verify_access(token.expose(), NOW), Ok(claims(1)));
}
