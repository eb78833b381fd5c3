//! PKCE: a verifier against the challenge that its code was asked for with.

use std::hint::black_box;

use criterion::Criterion;
use informer_oauth_domain::pkce::{CodeChallenge, CodeVerifier};

use crate::Group;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn benches(criterion: &mut Criterion) {
    let challenge = CodeChallenge::parse(CHALLENGE).expect("43 base64url characters are a challenge");
    let meets = |verifier: &str| CodeVerifier::parse(verifier).is_ok_and(|verifier| verifier.challenge() == challenge);
    let mut group = Group::new(criterion, "pkce");
    group.bench("verifier", |met| *met, || meets(black_box(VERIFIER)));
    let longest = "~".repeat(128);
    group.bench(
        "longest verifier, of another challenge",
        |met| !met,
        || meets(black_box(&longest)),
    );
}
