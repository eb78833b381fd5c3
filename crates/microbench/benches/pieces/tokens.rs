//! Minting tokens and verifying them, through the port, with the signer that the service runs.

use std::{
    hint::black_box,
    sync::{Arc, LazyLock},
    time::Duration,
};

use criterion::Criterion;
use informer_oauth_application::cache::CachedSignatures;
use informer_oauth_crypto::{Keys, MasterKey};
use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_memory::Memory;
use informer_oauth_ports::TokenSigner;
use informer_oauth_testkit::{
    SeededEntropy,
    values::{GRANT_LIFETIME, NOW, audience, client_id, record_id, scope, token_id},
};

use crate::Group;

static SIGNER: LazyLock<Arc<dyn TokenSigner>> = LazyLock::new(|| {
    let entropy = Arc::new(SeededEntropy::new(1));
    let master = MasterKey::generate(&*entropy);
    let issuer = "https://auth.example.com".to_owned();
    let loaded = Keys::load(Arc::new(Memory::default()), &master, issuer, entropy, NOW);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime can be made");
    Arc::new(runtime.block_on(loaded).expect("keys can be made in memory"))
});

/// In whole seconds, as an access token keeps it.
fn issued_at() -> Timestamp {
    Timestamp::from_seconds(NOW.as_seconds())
}

fn access_claims() -> AccessTokenClaims {
    AccessTokenClaims {
        audience: audience(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: scope("write:dataset read:profile"),
        issued_at: issued_at(),
        expires_at: Some(issued_at() + Duration::from_secs(900)),
        token_id: token_id(1),
        token_record: record_id(1),
    }
}

fn refresh_claims() -> RefreshTokenClaims {
    RefreshTokenClaims {
        audience: audience(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: scope("write:dataset read:profile"),
        issued_at: issued_at(),
        expires_at: issued_at() + GRANT_LIFETIME,
        token_id: token_id(2),
        token_record: record_id(1),
        generation: 7,
    }
}

/// An access token as the service mints it.
pub(crate) fn access_token() -> Secret {
    SIGNER.sign_access(&access_claims()).expect("the claims can be signed")
}

/// A refresh token as the service mints it.
pub(crate) fn refresh_token() -> Secret {
    SIGNER
        .sign_refresh(&refresh_claims())
        .expect("the claims can be signed")
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let (access, refresh) = (access_claims(), refresh_claims());

    let mut mint = Group::new(criterion, "mint");
    let says = |token: &Secret| SIGNER.verify_access(token.expose(), NOW) == Ok(access_claims());
    mint.bench("access token, ES256", says, || {
        SIGNER
            .sign_access(black_box(&access))
            .expect("the claims can be signed")
    });
    let says = |token: &Secret| SIGNER.verify_refresh(token.expose(), NOW) == Ok(refresh_claims());
    mint.bench("refresh token, HS256", says, || {
        SIGNER
            .sign_refresh(black_box(&refresh))
            .expect("the claims can be signed")
    });
    drop(mint);

    let mut verify = Group::new(criterion, "verify");
    let token = access_token();
    let is_right = |claims: &_| *claims == Ok(access_claims());
    verify.bench("access token, ES256", is_right, || {
        SIGNER.verify_access(black_box(token.expose()), NOW)
    });
    let remembering = CachedSignatures::new(Arc::clone(&SIGNER), 1_000);
    verify.bench("access token, seen before", is_right, || {
        remembering.verify_access(black_box(token.expose()), NOW)
    });
    let token = refresh_token();
    verify.bench(
        "refresh token, HS256",
        |claims| *claims == Ok(refresh_claims()),
        || SIGNER.verify_refresh(black_box(token.expose()), NOW),
    );
}
