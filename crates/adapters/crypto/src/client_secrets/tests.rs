#![allow(clippy::unwrap_used)]

use std::{num::NonZeroUsize, task::Poll};

use informer_oauth_domain::id::SecretUid;

use super::*;
use crate::{PoolSettings, SystemEntropy};

const TEXT: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";

fn bcrypt_with(cost: u32, workers: usize, queue: usize) -> Bcrypt {
    let pool = HashingPool::start(
        "test",
        PoolSettings {
            workers: NonZeroUsize::new(workers).unwrap(),
            queue,
        },
    )
    .unwrap();
    Bcrypt::new(
        BcryptSettings {
            cost,
            ..BcryptSettings::default()
        },
        Arc::new(pool),
        Arc::new(SystemEntropy),
    )
    .unwrap()
}

fn bcrypt() -> Bcrypt {
    bcrypt_with(4, 2, 16)
}

fn uid(number: u8) -> SecretUid {
    format!("0199c2d4-1111-7abc-8def-0123456789{number:02x}")
        .parse()
        .unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// All the room of a pool that has room for one.
async fn all_room(bcrypt: &Bcrypt) -> crate::pool::Permit {
    loop {
        if let Some(permit) = bcrypt.pool.permit(turn()) {
            return permit;
        }
        tokio::task::yield_now().await;
    }
}

async fn stored(bcrypt: &Bcrypt) -> SecretHash {
    bcrypt.hash(&ClientSecretText::parse(TEXT).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_secret_verifies_against_its_hash_and_is_remembered() {
    let bcrypt = bcrypt();
    let hash = stored(&bcrypt).await;
    assert!(hash.as_str().starts_with("$2b$04$"));
    assert!(!bcrypt.remembers(uid(1), &hash, &secret(TEXT)));
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Ok(true));
    assert!(bcrypt.remembers(uid(1), &hash, &secret(TEXT)));
}

#[tokio::test]
async fn a_wrong_secret_is_neither_verified_nor_remembered() {
    let bcrypt = bcrypt();
    let hash = stored(&bcrypt).await;
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Ok(true));
    for wrong in [
        "cs_ABCDefgh0123456789abcdefghijKLMn",
        "",
        &TEXT[..34],
        &format!("{TEXT}0"),
    ] {
        assert_eq!(bcrypt.verify(uid(1), &hash, &secret(wrong)).await, Ok(false), "{wrong}");
        assert!(!bcrypt.remembers(uid(1), &hash, &secret(wrong)), "{wrong}");
    }
    assert!(
        bcrypt.remembers(uid(1), &hash, &secret(TEXT)),
        "wrong ones do not push it out"
    );
}

#[tokio::test]
async fn what_bcrypt_would_cut_is_refused_without_hashing() {
    let bcrypt = bcrypt_with(4, 1, 0);
    let hash = stored(&bcrypt).await;
    let _room = all_room(&bcrypt).await;
    let long = secret(&"x".repeat(72));
    let cut = secret(&format!("{TEXT}\0{TEXT}"));
    for unfit in [&long, &cut] {
        assert_eq!(bcrypt.verify(uid(1), &hash, unfit).await, Ok(false));
        assert_eq!(bcrypt.verify_nothing(unfit).await, Ok(()));
    }
    assert_eq!(
        bcrypt.verify(uid(1), &hash, &secret(TEXT)).await,
        Err(HashError::Busy),
        "a fitting one would hash"
    );
}

#[tokio::test]
async fn memory_belongs_to_one_secret_and_one_hash_and_can_be_dropped() {
    let bcrypt = bcrypt();
    let (hash, other_hash) = (stored(&bcrypt).await, stored(&bcrypt).await);
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Ok(true));
    assert!(!bcrypt.remembers(uid(2), &hash, &secret(TEXT)));
    assert!(!bcrypt.remembers(uid(1), &other_hash, &secret(TEXT)));
    bcrypt.forget(uid(1));
    assert!(!bcrypt.remembers(uid(1), &hash, &secret(TEXT)));
}

#[tokio::test]
async fn memory_ends_with_time() {
    let pool = HashingPool::start("test", PoolSettings::default()).unwrap();
    let settings = BcryptSettings {
        cost: 4,
        remembered: 10,
        remembered_for: Duration::from_millis(1),
    };
    let bcrypt = Bcrypt::new(settings, Arc::new(pool), Arc::new(SystemEntropy)).unwrap();
    let hash = stored(&bcrypt).await;
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Ok(true));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!bcrypt.remembers(uid(1), &hash, &secret(TEXT)));
}

#[tokio::test]
async fn verifications_of_one_secret_at_once_share_one_bcrypt() {
    // One thread and no queue: a second bcrypt would be shed.
    let bcrypt = bcrypt_with(8, 1, 0);
    let hash = stored(&bcrypt).await;
    drop(all_room(&bcrypt).await);
    let text = secret(TEXT);
    let (a, b, c) = tokio::join!(
        bcrypt.verify(uid(1), &hash, &text),
        bcrypt.verify(uid(1), &hash, &text),
        bcrypt.verify(uid(1), &hash, &text)
    );
    assert_eq!((a, b, c), (Ok(true), Ok(true), Ok(true)));
    assert!(bcrypt.verifications.waiting().is_empty());
}

#[tokio::test]
async fn a_full_pool_sheds_another_secret_and_leaves_no_trace() {
    let bcrypt = bcrypt_with(4, 1, 0);
    let hash = stored(&bcrypt).await;
    let room = all_room(&bcrypt).await;
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Err(HashError::Busy));
    assert!(bcrypt.verifications.waiting().is_empty());
    drop(room);
    assert_eq!(bcrypt.verify(uid(1), &hash, &secret(TEXT)).await, Ok(true));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_keep_the_next_one_waiting() {
    for joins_before_the_thread_is_free in [true, false] {
        let bcrypt = bcrypt_with(4, 1, 4);
        let hash = stored(&bcrypt).await;
        let text = secret(TEXT);
        let (release, held) = std::sync::mpsc::channel::<()>();
        bcrypt.pool.submit(bcrypt.pool.permit(turn()).unwrap(), move |_| {
            assert_eq!(held.recv(), Ok(()));
        });
        let mut gone = Box::pin(bcrypt.verify(uid(1), &hash, &text));
        let waits = std::future::poll_fn(|context| Poll::Ready(gone.as_mut().poll(context).is_pending())).await;
        assert!(waits, "the only thread is held");
        drop(gone);
        if joins_before_the_thread_is_free {
            let (answer, ()) = tokio::join!(bcrypt.verify(uid(1), &hash, &text), async { release.send(()).unwrap() });
            assert_eq!(answer, Ok(true));
        } else {
            release.send(()).unwrap();
            bcrypt.pool.run(turn(), || ()).await.unwrap();
            assert!(
                !bcrypt.remembers(uid(1), &hash, &text),
                "the abandoned one was not done"
            );
            assert!(bcrypt.verifications.waiting().is_empty());
            assert_eq!(bcrypt.verify(uid(1), &hash, &text).await, Ok(true));
        }
    }
}

#[tokio::test]
async fn an_unusable_hash_is_an_error_for_every_caller() {
    let bcrypt = bcrypt();
    let hash = SecretHash::new("$2b$04$broken".to_owned());
    assert!(matches!(
        bcrypt.verify(uid(1), &hash, &secret(TEXT)).await,
        Err(HashError::Failed(_))
    ));
}

#[tokio::test]
async fn nothing_is_hashed_at_the_same_cost() {
    let bcrypt = bcrypt();
    for cost in 4..=31 {
        let parts: bcrypt::HashParts = hash_of_nothing(cost, &SystemEntropy).as_str().parse().unwrap();
        assert_eq!(parts.get_cost(), cost);
    }
    assert_eq!(check(&bcrypt.nothing, &secret(TEXT)), Ok(false));
    assert_eq!(bcrypt.verify_nothing(&secret(TEXT)).await, Ok(()));
}

#[test]
fn costs_outside_bcrypts_range_are_refused() {
    let pool = Arc::new(HashingPool::start("test", PoolSettings::default()).unwrap());
    for cost in [0, 3, 32] {
        let settings = BcryptSettings {
            cost,
            ..BcryptSettings::default()
        };
        assert!(
            Bcrypt::new(settings, Arc::clone(&pool), Arc::new(SystemEntropy)).is_err(),
            "{cost}"
        );
    }
}
