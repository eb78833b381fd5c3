#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_memory::Memory;
use informer_oauth_testkit::{
    SeededEntropy,
    values::{NOW, client_id, record_id, token_id},
};
use josekit::{
    jwk::{Jwk, JwkSet},
    jws::{ES256, HS256},
    jwt,
};
use serde_json::{Value, json};

use super::*;
use crate::MasterKey;

mod arbitrary;
mod forged;

const ISSUER: &str = "https://auth.example.com";

async fn new_keys() -> Keys {
    let entropy = Arc::new(SeededEntropy::new(1));
    let master = MasterKey::generate(&*entropy);
    Keys::load(Arc::new(Memory::default()), &master, ISSUER.to_owned(), entropy, NOW)
        .await
        .unwrap()
}

/// One set of keys for all tests that do not change them.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(new_keys())
});

fn access_claims() -> AccessTokenClaims {
    AccessTokenClaims {
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        subject: "ada \"the countess\" lovelace é".to_owned(),
        client_id: client_id(1),
        scope: "write:dataset read:profile".parse().unwrap(),
        issued_at: Timestamp::from_seconds(NOW.as_seconds()),
        expires_at: Some(Timestamp::from_seconds(NOW.as_seconds() + 900)),
        token_id: token_id(1),
        token_record: record_id(1),
    }
}

fn refresh_claims() -> RefreshTokenClaims {
    RefreshTokenClaims {
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: "write:dataset read:profile".parse().unwrap(),
        issued_at: NOW,
        expires_at: Timestamp::from_seconds(NOW.as_seconds() + 30 * 86400),
        token_id: token_id(2),
        token_record: record_id(1),
        generation: 7,
    }
}

/// The part of a token as JSON.
fn part(token: &str, position: usize) -> Value {
    let part = token.split('.').nth(position).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encode(json: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token whose signature by the key of `purpose` is right, whatever it says.
fn signed(purpose: KeyPurpose, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = KEYS.ring().current(purpose).signer.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature))
}

/// A valid token of `purpose` with its header and claims changed and signed anew.
fn changed(purpose: KeyPurpose, header: impl FnOnce(&mut Value), claims: impl FnOnce(&mut Value)) -> String {
    let token = valid(purpose);
    let (mut head, mut body) = (part(&token, 0), part(&token, 1));
    header(&mut head);
    claims(&mut body);
    signed(purpose, &head.to_string(), &body.to_string())
}

fn valid(purpose: KeyPurpose) -> String {
    let token = match purpose {
        KeyPurpose::Access => KEYS.sign_access(&access_claims()),
        KeyPurpose::Refresh => KEYS.sign_refresh(&refresh_claims()),
    };
    token.unwrap().expose().to_owned()
}

/// What both readers say of a token.
fn refused(purpose: KeyPurpose, token: &str) -> TokenRefused {
    match purpose {
        KeyPurpose::Access => KEYS.verify_access(token, NOW).unwrap_err(),
        KeyPurpose::Refresh => KEYS.verify_refresh(token, NOW).unwrap_err(),
    }
}

#[test]
fn an_access_token_is_as_rfc_9068_has_it() {
    let token = KEYS.sign_access(&access_claims()).unwrap();
    let kid = KEYS.ring().current(KeyPurpose::Access).kid.clone();
    assert_eq!(
        part(token.expose(), 0),
        json!({"alg": "ES256", "typ": "at+jwt", "kid": kid})
    );
    assert_eq!(
        part(token.expose(), 1),
        json!({
            "iss": ISSUER,
            "aud": "https://bi.example.com/api",
            "sub": "ada \"the countess\" lovelace é",
            "client_id": client_id(1).to_string(),
            "scope": "write:dataset read:profile",
            "iat": 1_795_000_000,
            "exp": 1_795_000_900,
            "jti": token_id(1).to_string(),
            "tid": record_id(1).to_string(),
        })
    );
    assert_eq!(KEYS.verify_access(token.expose(), NOW), Ok(access_claims()));
}

#[test]
fn a_token_without_expiry_has_no_exp_and_never_expires() {
    let claims = AccessTokenClaims {
        expires_at: None,
        ..access_claims()
    };
    let token = KEYS.sign_access(&claims).unwrap();
    assert_eq!(part(token.expose(), 1).get("exp"), None);
    assert_eq!(
        KEYS.verify_access(token.expose(), Timestamp::from_micros(i64::MAX)),
        Ok(claims)
    );
}

#[test]
fn a_refresh_token_keeps_its_microseconds_and_has_one_text() {
    let token = KEYS.sign_refresh(&refresh_claims()).unwrap();
    let kid = KEYS.ring().current(KeyPurpose::Refresh).kid.clone();
    assert_eq!(
        part(token.expose(), 0),
        json!({"alg": "HS256", "typ": "rt+jwt", "kid": kid})
    );
    assert_eq!(part(token.expose(), 1).get("gen"), Some(&json!(7)));
    assert_eq!(part(token.expose(), 1).get("iat"), Some(&json!(1_795_000_000)));
    assert_eq!(KEYS.verify_refresh(token.expose(), NOW), Ok(refresh_claims()));
    assert!(
        KEYS.sign_refresh(&refresh_claims()).unwrap() == token,
        "the same claims, the same text"
    );
}

#[test]
fn the_published_keys_alone_verify_an_access_token() {
    let set = JwkSet::from_bytes(KEYS.public_keys().json.as_bytes()).unwrap();
    let token = valid(KeyPurpose::Access);
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    let keys = set.get(&kid);
    assert_eq!(keys.len(), 1);
    let verifier = ES256.verifier_from_jwk(keys[0]).unwrap();
    let (payload, header) = jwt::decode_with_verifier(&token, &verifier).unwrap();
    assert_eq!(payload.issuer(), Some(ISSUER));
    assert_eq!(header.token_type(), Some("at+jwt"));
    let other = set.keys().into_iter().find(|key| key.key_id() != Some(&kid)).unwrap();
    assert!(
        jwt::decode_with_verifier(&token, &ES256.verifier_from_jwk(other).unwrap()).is_err(),
        "the next key did not sign it"
    );
}

#[test]
fn the_published_keys_hold_nothing_private() {
    let set: Value = serde_json::from_str(&KEYS.public_keys().json).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "current and next, and no symmetric key");
    assert_eq!(
        keys[0]["kid"],
        json!(KEYS.ring().current(KeyPurpose::Access).kid),
        "the current one comes first"
    );
    for key in keys {
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(
            [&key["kty"], &key["crv"], &key["use"], &key["alg"]],
            ["EC", "P-256", "sig", "ES256"]
        );
    }
}

#[test]
fn tokens_expire_at_their_exp_and_not_before() {
    let last = Timestamp::from_micros(access_claims().expires_at.unwrap().as_micros() - 1);
    let token = valid(KeyPurpose::Access);
    assert!(KEYS.verify_access(&token, last).is_ok());
    assert_eq!(
        KEYS.verify_access(&token, access_claims().expires_at.unwrap()),
        Err(TokenRefused::Expired)
    );
    let token = valid(KeyPurpose::Refresh);
    assert_eq!(
        KEYS.verify_refresh(&token, refresh_claims().expires_at),
        Err(TokenRefused::Expired)
    );
}

#[test]
fn a_token_longer_than_what_is_accepted_is_not_made() {
    let claims = AccessTokenClaims {
        subject: "x".repeat(8 * 1024),
        ..access_claims()
    };
    assert!(KEYS.sign_access(&claims).is_err());
    let claims = AccessTokenClaims {
        subject: "x".repeat(4 * 1024),
        ..access_claims()
    };
    let token = KEYS.sign_access(&claims).unwrap();
    assert_eq!(KEYS.verify_access(token.expose(), NOW), Ok(claims));
}
