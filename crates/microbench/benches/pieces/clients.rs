//! Client authentication: what is left of it once bcrypt has seen a secret.

use std::{
    hint::black_box,
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use criterion::Criterion;
use informer_oauth_crypto::{Bcrypt, BcryptSettings, HashingPool, PoolSettings};
use informer_oauth_domain::{client_secret::ClientSecretText, secret::SecretHash};
use informer_oauth_ports::SecretHasher;
use informer_oauth_testkit::{SeededEntropy, values::secret_uid};

use crate::Group;

const SECRET: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";
const ANOTHER: &str = "cs_ABCDefgh0123456789abcdefghijKLMO";

fn text(secret: &str) -> ClientSecretText {
    ClientSecretText::parse(secret).expect("the text has the form of a secret")
}

/// A hasher that has verified [`SECRET`] as secret 1, and its hash. The cost makes no difference to what is remembered.
static VERIFIED: LazyLock<(Bcrypt, SecretHash)> = LazyLock::new(|| {
    let pool = PoolSettings {
        workers: NonZeroUsize::MIN,
        queue: 1,
    };
    let pool = HashingPool::start("bench", pool).expect("a thread can be started");
    let settings = BcryptSettings {
        cost: 4,
        ..BcryptSettings::default()
    };
    let hasher = Bcrypt::new(settings, Arc::new(pool), Arc::new(SeededEntropy::new(2)))
        .expect("4 is the least of bcrypt's costs");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime can be made");
    let hash = runtime.block_on(async {
        let hash = hasher.hash(&text(SECRET)).await.expect("the secret can be hashed");
        let verified = hasher.verify(secret_uid(1), &hash, text(SECRET).secret()).await;
        assert_eq!(verified, Ok(true), "the secret is that of its hash");
        hash
    });
    (hasher, hash)
});

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "client secret");
    let lookup = |secret: &Option<ClientSecretText>| {
        let found = secret.as_ref().map(ClientSecretText::lookup);
        found.is_some_and(|lookup| lookup.as_str() == "ABCDefgh")
    };
    group.bench("read", lookup, || ClientSecretText::parse(black_box(SECRET)));

    let remembers = |presented: &ClientSecretText| {
        let (hasher, hash) = &*VERIFIED;
        hasher.remembers(secret_uid(1), hash, presented.secret())
    };
    let (right, wrong) = (text(SECRET), text(ANOTHER));
    group.bench("verified before", |known| *known, || remembers(black_box(&right)));
    group.bench(
        "another than was verified",
        |known| !known,
        || remembers(black_box(&wrong)),
    );
}
