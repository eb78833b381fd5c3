//! Obligations of [`SigningKeyStore`].

use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{KeyInstallation, KeyPurpose, KeyRotation, KeyState, SealedKey, SigningKeyStore};

use super::{Answered, assert_count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{a_key, moment},
};

fn current(n: u64, since: Timestamp) -> SealedKey {
    a_key(n, KeyPurpose::Access, KeyState::Current { since })
}

fn next(n: u64) -> SealedKey {
    a_key(n, KeyPurpose::Access, KeyState::Next)
}

/// Keys 1 (current) and 2 (next) for access tokens.
async fn install(store: &dyn SigningKeyStore) {
    let outcome = store.install(&current(1, moment(1)), &next(2)).await.answered();
    assert_eq!(outcome, KeyInstallation::Installed);
}

pub async fn a_new_store_has_no_keys(store: &dyn SigningKeyStore) {
    assert_eq!(store.list().await.answered(), []);
}

pub async fn keys_are_read_back_as_they_were_installed(store: &dyn SigningKeyStore) {
    let long = SealedKey {
        sealed: "x".repeat(10_000),
        ..current(1, moment(7))
    };
    store.install(&long, &next(2)).await.answered();
    assert_eq!(store.list().await.answered(), [long, next(2)]);
}

pub async fn keys_are_installed_once_for_each_purpose(store: &dyn SigningKeyStore) {
    install(store).await;
    let again = store.install(&current(3, moment(3)), &next(4)).await.answered();
    assert_eq!(again, KeyInstallation::Present);
    let refresh = [
        a_key(5, KeyPurpose::Refresh, KeyState::Current { since: moment(5) }),
        a_key(6, KeyPurpose::Refresh, KeyState::Next),
    ];
    assert_eq!(
        store.install(&refresh[0], &refresh[1]).await.answered(),
        KeyInstallation::Installed
    );
    let [first, second] = refresh;
    assert_eq!(
        store.list().await.answered(),
        [current(1, moment(1)), next(2), first, second]
    );
}

pub async fn of_concurrent_installations_one_wins(store: &dyn SigningKeyStore) {
    let outcomes = at_once(RACERS, async |n| {
        let n = 2 * n as u64;
        store.install(&current(n, moment(1)), &next(n + 1)).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == KeyInstallation::Installed);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == KeyInstallation::Installed)
        .unwrap_or_default();
    let n = 2 * winner as u64;
    assert_eq!(store.list().await.answered(), [current(n, moment(1)), next(n + 1)]);
}

pub async fn rotating_moves_every_key_one_state_on(store: &dyn SigningKeyStore) {
    install(store).await;
    assert_eq!(
        store.rotate("key-1", &next(3), moment(10)).await.answered(),
        KeyRotation::Rotated
    );
    let retired = |n, at| a_key(n, KeyPurpose::Access, KeyState::Retired { at });
    assert_eq!(
        store.list().await.answered(),
        [retired(1, moment(10)), current(2, moment(10)), next(3)]
    );
    assert_eq!(
        store.rotate("key-2", &next(4), moment(20)).await.answered(),
        KeyRotation::Rotated
    );
    assert_eq!(
        store.list().await.answered(),
        [
            retired(1, moment(10)),
            retired(2, moment(20)),
            current(3, moment(20)),
            next(4)
        ]
    );
}

pub async fn rotating_one_purpose_leaves_the_other_alone(store: &dyn SigningKeyStore) {
    install(store).await;
    let refresh = a_key(5, KeyPurpose::Refresh, KeyState::Current { since: moment(5) });
    let refresh_next = a_key(6, KeyPurpose::Refresh, KeyState::Next);
    store.install(&refresh, &refresh_next).await.answered();
    store.rotate("key-1", &next(9), moment(10)).await.answered();
    let keys = store.list().await.answered();
    assert!(keys.contains(&refresh) && keys.contains(&refresh_next), "{keys:?}");
    let crossed = store.rotate("key-5", &next(10), moment(20)).await.answered();
    assert_eq!(crossed, KeyRotation::Lost, "the current refresh key is no access key");
    assert_eq!(store.list().await.answered(), keys);
}

pub async fn rotating_from_a_key_that_is_not_current_changes_nothing(store: &dyn SigningKeyStore) {
    assert_eq!(
        store.rotate("key-1", &next(3), moment(10)).await.answered(),
        KeyRotation::Lost,
        "there are no keys at all"
    );
    install(store).await;
    store.rotate("key-1", &next(3), moment(10)).await.answered();
    let before = store.list().await.answered();
    for expected in ["key-1", "key-3", "key-9", "KEY-2", ""] {
        assert_eq!(
            store.rotate(expected, &next(4), moment(20)).await.answered(),
            KeyRotation::Lost,
            "{expected:?}"
        );
    }
    assert_eq!(store.list().await.answered(), before);
}

pub async fn of_concurrent_rotations_one_wins(store: &dyn SigningKeyStore) {
    install(store).await;
    let outcomes = at_once(RACERS, async |n| {
        store.rotate("key-1", &next(10 + n as u64), moment(10)).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == KeyRotation::Rotated);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == KeyRotation::Rotated)
        .unwrap_or_default();
    let retired = a_key(1, KeyPurpose::Access, KeyState::Retired { at: moment(10) });
    assert_eq!(
        store.list().await.answered(),
        [retired, current(2, moment(10)), next(10 + winner as u64)]
    );
}

pub async fn no_reader_sees_a_purpose_without_one_current_and_one_next_key(store: &dyn SigningKeyStore) {
    install(store).await;
    at_once(8, async |n| {
        for round in 0..20 {
            if n == 0 {
                let expected = format!("key-{}", round + 1);
                let outcome = store
                    .rotate(&expected, &next(round + 3), moment(10 + round))
                    .await
                    .answered();
                assert_eq!(outcome, KeyRotation::Rotated);
            } else {
                let keys = store.list().await.answered();
                assert_count(&keys, 1, |key| matches!(key.state, KeyState::Current { .. }));
                assert_count(&keys, 1, |key| key.state == KeyState::Next);
            }
        }
    });
}

pub async fn a_key_is_resealed_once_and_nothing_else_of_it_changes(store: &dyn SigningKeyStore) {
    install(store).await;
    let sealed = current(1, moment(1)).sealed;
    for (kid, expected) in [
        ("key-1", "another"),
        ("key-9", sealed.as_str()),
        ("%", &sealed),
        ("key-1", "%"),
    ] {
        assert!(!store.reseal(kid, expected, "new").await.answered(), "{kid} {expected}");
    }
    assert_eq!(store.list().await.answered(), [current(1, moment(1)), next(2)]);
    let outcomes = at_once(RACERS, async |racer| {
        store.reseal("key-1", &sealed, &format!("new {racer}")).await.answered()
    });
    assert_count(&outcomes, 1, |resealed| *resealed);
    let winner = outcomes.iter().position(|resealed| *resealed).unwrap_or_default();
    let resealed = SealedKey {
        sealed: format!("new {winner}"),
        ..current(1, moment(1))
    };
    assert_eq!(store.list().await.answered(), [resealed, next(2)]);
}

pub async fn only_retired_keys_can_be_removed(store: &dyn SigningKeyStore) {
    install(store).await;
    store.rotate("key-1", &next(3), moment(10)).await.answered();
    for kid in ["key-2", "key-3", "key-9", "%"] {
        assert!(!store.remove_retired(kid).await.answered(), "{kid}");
    }
    assert!(store.remove_retired("key-1").await.answered());
    assert!(!store.remove_retired("key-1").await.answered());
    assert_eq!(store.list().await.answered(), [current(2, moment(10)), next(3)]);
}
