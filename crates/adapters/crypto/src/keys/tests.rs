#![allow(clippy::unwrap_used)]

use informer_oauth_domain::{
    claims::{AccessTokenClaims, RefreshTokenClaims},
    resource::Resource,
};
use informer_oauth_memory::Memory;
use informer_oauth_ports::{TokenRefused, TokenSigner as _};
use informer_oauth_testkit::{
    SeededEntropy, at_once, run,
    values::{NOW, client_id, record_id, seconds, token_id},
};

use super::*;

const ISSUER: &str = "https://auth.example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);
const SCHEDULE: KeySchedule = KeySchedule {
    rotate_after: Duration::from_secs(90 * 24 * 3600),
    access_lifetime: Duration::from_secs(900),
    refresh_lifetime: Duration::from_secs(30 * 24 * 3600),
    published_for: PUBLISHED_FOR,
};

const PUBLISHED_FOR: Duration = Duration::from_secs(360);

fn master(seed: u64) -> MasterKey {
    MasterKey::generate(&SeededEntropy::new(seed))
}

async fn try_load(store: &Arc<Memory>, seed: u64) -> Result<Keys, KeysError> {
    let store: Arc<dyn SigningKeyStore> = Arc::<Memory>::clone(store);
    Keys::load(
        store,
        &master(0),
        ISSUER.to_owned(),
        Arc::new(SeededEntropy::new(seed)),
        NOW,
    )
    .await
}

async fn load(store: &Arc<Memory>, seed: u64) -> Keys {
    try_load(store, seed).await.unwrap()
}

fn kids(keys: &Keys, purpose: KeyPurpose) -> Vec<String> {
    keys.ring()
        .held()
        .iter()
        .filter(|held| held.key.purpose == purpose)
        .map(|held| held.key.kid.clone())
        .collect()
}

fn access_token(keys: &Keys) -> String {
    let claims = AccessTokenClaims {
        audience: Resource::parse(ISSUER).unwrap(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: "read:dataset".parse().unwrap(),
        issued_at: NOW,
        expires_at: None,
        token_id: token_id(1),
        token_record: record_id(1),
    };
    keys.sign_access(&claims).unwrap().expose().to_owned()
}

fn refresh_token(keys: &Keys) -> String {
    let claims = RefreshTokenClaims {
        audience: Resource::parse(ISSUER).unwrap(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: "read:dataset".parse().unwrap(),
        issued_at: NOW,
        expires_at: NOW + 400 * DAY,
        token_id: token_id(1),
        token_record: record_id(1),
        generation: 0,
    };
    keys.sign_refresh(&claims).unwrap().expose().to_owned()
}

#[tokio::test]
async fn the_first_start_makes_a_current_and_a_next_key_of_each_purpose_and_later_ones_none() {
    let store = Arc::new(Memory::default());
    let first = load(&store, 1).await;
    let second = load(&store, 2).await;
    assert_eq!(store.list().await.unwrap().len(), 4);
    for purpose in KeyPurpose::ALL {
        assert_eq!(kids(&first, purpose).len(), 2);
        assert_eq!(kids(&first, purpose), kids(&second, purpose));
    }
    assert_eq!(first.public_keys(), second.public_keys());
    assert!(second.verify_access(&access_token(&first), NOW).is_ok());
    assert!(second.verify_refresh(&refresh_token(&first), NOW).is_ok());
}

#[test]
fn processes_that_start_at_once_agree_on_the_keys() {
    run(async {
        let store = Arc::new(Memory::default());
        let started = at_once(8, |number| load(&store, 10 + u64::try_from(number).unwrap()));
        assert_eq!(store.list().await.unwrap().len(), 4);
        let sets: Vec<_> = started.iter().map(|keys| keys.public_keys().json.clone()).collect();
        assert!(sets.iter().all(|set| set == &sets[0]));
    });
}

#[tokio::test]
async fn a_wrong_encryption_key_is_an_error_that_names_a_signing_key_and_adds_none() {
    let store = Arc::new(Memory::default());
    drop(load(&store, 1).await);
    let before = store.list().await.unwrap();
    let wrong = Keys::load(
        Arc::<Memory>::clone(&store),
        &master(9),
        ISSUER.to_owned(),
        Arc::new(SeededEntropy::new(3)),
        NOW,
    )
    .await;
    assert!(matches!(wrong, Err(KeysError::Sealed { .. })));
    assert_eq!(store.list().await.unwrap(), before);
}

#[tokio::test]
async fn keys_at_rest_are_sealed_and_a_sealed_key_cannot_take_anothers_place() {
    let store = Arc::new(Memory::default());
    drop(load(&store, 1).await);
    let stored = store.list().await.unwrap();
    let sealer = Sealer::new(&master(0), &[]);
    for one in &stored {
        assert_eq!(one.sealed.split('.').count(), 5, "a JWE");
        for other in stored.iter().filter(|other| other.kid != one.kid) {
            let swapped = SealedKey {
                sealed: other.sealed.clone(),
                ..one.clone()
            };
            assert!(Ring::assemble(&[swapped], &sealer, None).is_err());
        }
        let purpose = if one.purpose == KeyPurpose::Access {
            KeyPurpose::Refresh
        } else {
            KeyPurpose::Access
        };
        let turned = SealedKey { purpose, ..one.clone() };
        assert!(matches!(
            Ring::assemble(&[turned], &sealer, None),
            Err(KeysError::Unusable { .. })
        ));
    }
    assert!(matches!(
        Ring::assemble(&[], &sealer, None),
        Err(KeysError::NoCurrentKey(KeyPurpose::Access))
    ));
}

#[tokio::test]
async fn rotating_signs_with_the_next_key_and_still_verifies_what_was_signed() {
    let store = Arc::new(Memory::default());
    let keys = load(&store, 1).await;
    for purpose in KeyPurpose::ALL {
        let (access, refresh) = (access_token(&keys), refresh_token(&keys));
        let before = kids(&keys, purpose);
        assert_eq!(
            keys.rotate(purpose, PUBLISHED_FOR, NOW + DAY).await.unwrap(),
            KeyAdvance::Rotated
        );
        let after = kids(&keys, purpose);
        assert_eq!(
            (&after[0], after.last()),
            (&before[1], before.first()),
            "next is current, current is retired"
        );
        assert_eq!(after.len(), 3);
        assert!(keys.verify_access(&access, NOW).is_ok());
        assert!(keys.verify_refresh(&refresh, NOW).is_ok());
    }
    let published: serde_json::Value = serde_json::from_str(&keys.public_keys().json).unwrap();
    let published: Vec<_> = published["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(published, kids(&keys, KeyPurpose::Access), "current, next, retired");
}

#[tokio::test]
async fn an_access_key_signs_only_when_verifiers_can_know_it() {
    let store = Arc::new(Memory::default());
    let keys = load(&store, 1).await;
    let next = kids(&keys, KeyPurpose::Access)[1].clone();
    let rotate = async |purpose, now| keys.rotate(purpose, PUBLISHED_FOR, now).await.unwrap();
    let too_new = KeyAdvance::TooNew {
        kid: next.clone(),
        ready_at: NOW + PUBLISHED_FOR,
    };
    assert_eq!(rotate(KeyPurpose::Access, NOW + seconds(359)).await, too_new);
    assert_eq!(kids(&keys, KeyPurpose::Access)[1], next, "nothing changed");
    // No verifier reads a refresh key.
    assert_eq!(rotate(KeyPurpose::Refresh, NOW).await, KeyAdvance::Rotated);
    let then = NOW + PUBLISHED_FOR;
    assert_eq!(rotate(KeyPurpose::Access, then).await, KeyAdvance::Rotated);
    assert_eq!(kids(&keys, KeyPurpose::Access)[0], next);
    assert!(matches!(
        rotate(KeyPurpose::Access, then).await,
        KeyAdvance::TooNew { .. }
    ));

    // The schedule waits as well.
    let hasty = KeySchedule {
        rotate_after: Duration::ZERO,
        ..SCHEDULE
    };
    let done = keys.housekeeping(then + seconds(359), &hasty, None).await.unwrap();
    assert_eq!(done.rotated, [KeyPurpose::Refresh]);
    let done = keys.housekeeping(then + PUBLISHED_FOR, &hasty, None).await.unwrap();
    assert!(done.rotated.contains(&KeyPurpose::Access));
}

#[tokio::test]
async fn another_process_verifies_with_the_next_key_before_it_has_heard_of_a_rotation() {
    let store = Arc::new(Memory::default());
    let (ours, theirs) = (load(&store, 1).await, load(&store, 2).await);
    ours.rotate(KeyPurpose::Access, Duration::ZERO, NOW).await.unwrap();
    assert!(theirs.verify_access(&access_token(&ours), NOW).is_ok());
    assert!(!theirs.take_unknown_key());

    ours.rotate(KeyPurpose::Access, Duration::ZERO, NOW).await.unwrap();
    let token = access_token(&ours);
    assert_eq!(theirs.verify_access(&token, NOW).unwrap_err(), TokenRefused::UnknownKey);
    assert!(theirs.take_unknown_key(), "a hint that a reload is due");
    assert!(!theirs.take_unknown_key(), "given once");
    theirs.reload().await.unwrap();
    assert!(theirs.verify_access(&token, NOW).is_ok());
}

#[tokio::test]
async fn reloading_does_not_parse_known_keys_again() {
    let store = Arc::new(Memory::default());
    let keys = load(&store, 1).await;
    let before = Arc::clone(keys.ring().current(KeyPurpose::Access));
    keys.reload().await.unwrap();
    assert!(Arc::ptr_eq(&before, keys.ring().current(KeyPurpose::Access)));
}

#[tokio::test]
async fn housekeeping_rotates_on_schedule_and_once_among_processes() {
    let store = Arc::new(Memory::default());
    let (ours, theirs) = (load(&store, 1).await, load(&store, 2).await);
    let due = NOW + SCHEDULE.rotate_after;
    let early = Timestamp::from_micros(due.as_micros() - 1);
    assert_eq!(
        ours.housekeeping(early, &SCHEDULE, None).await.unwrap(),
        Housekeeping::default()
    );

    let (a, b) = tokio::join!(
        ours.housekeeping(due, &SCHEDULE, None),
        theirs.housekeeping(due, &SCHEDULE, None)
    );
    let rotated = [a.unwrap().rotated, b.unwrap().rotated].concat();
    assert_eq!(rotated.len(), 2, "each purpose once: {rotated:?}");
    assert_eq!(store.list().await.unwrap().len(), 6);
    assert_eq!(kids(&ours, KeyPurpose::Access)[0], kids(&theirs, KeyPurpose::Access)[0]);
    assert!(
        !ours
            .housekeeping(due + seconds(1), &SCHEDULE, None)
            .await
            .unwrap()
            .has_changed()
    );
}

#[tokio::test]
async fn retired_keys_go_when_their_last_token_has_expired() {
    let store = Arc::new(Memory::default());
    let keys = load(&store, 1).await;
    for purpose in KeyPurpose::ALL {
        keys.rotate(purpose, Duration::ZERO, NOW).await.unwrap();
    }
    let (access, refresh) = (access_token(&load(&store, 2).await), refresh_token(&keys));
    let retired = |purpose| kids(&keys, purpose).last().unwrap().clone();
    let (retired_access, retired_refresh) = (retired(KeyPurpose::Access), retired(KeyPurpose::Refresh));

    let access_end = NOW + SCHEDULE.access_lifetime + MARGIN;
    assert!(
        keys.housekeeping(access_end, &SCHEDULE, None)
            .await
            .unwrap()
            .removed
            .is_empty()
    );
    let done = keys
        .housekeeping(access_end + seconds(1), &SCHEDULE, None)
        .await
        .unwrap();
    assert_eq!(done.removed, std::slice::from_ref(&retired_access));
    assert!(
        !keys.public_keys().json.contains(&retired_access),
        "and it is not published any more"
    );

    let refresh_end = NOW + SCHEDULE.refresh_lifetime + MARGIN;
    assert!(
        keys.housekeeping(refresh_end, &SCHEDULE, None)
            .await
            .unwrap()
            .removed
            .is_empty()
    );
    let done = keys
        .housekeeping(refresh_end + seconds(1), &SCHEDULE, None)
        .await
        .unwrap();
    assert_eq!(done.removed, [retired_refresh]);
    assert!(
        keys.verify_access(&access, NOW).is_ok() && keys.verify_refresh(&refresh, NOW).is_ok(),
        "current keys stay"
    );
}

#[tokio::test]
async fn a_retired_access_key_stays_while_a_token_without_expiry_may_be_its_own() {
    let store = Arc::new(Memory::default());
    let keys = load(&store, 1).await;
    let token = access_token(&keys);
    keys.rotate(KeyPurpose::Access, Duration::ZERO, NOW).await.unwrap();
    let later = NOW + 80 * DAY;
    for oldest in [NOW.minus(DAY), NOW, NOW + MARGIN] {
        assert!(
            !keys
                .housekeeping(later, &SCHEDULE, Some(oldest))
                .await
                .unwrap()
                .has_changed(),
            "{oldest}"
        );
    }
    assert!(keys.verify_access(&token, later).is_ok());
    let done = keys
        .housekeeping(later, &SCHEDULE, Some(NOW + MARGIN + seconds(1)))
        .await
        .unwrap();
    assert_eq!(done.removed.len(), 1);
    assert_eq!(keys.verify_access(&token, later).unwrap_err(), TokenRefused::UnknownKey);
}

#[tokio::test]
async fn a_replaced_encryption_key_opens_beside_the_new_one_until_everything_is_sealed_anew() {
    let store = Arc::new(Memory::default());
    let token = access_token(&load(&store, 1).await);
    let with = async |current: u64, others: &[u64]| {
        let others: Vec<MasterKey> = others.iter().map(|&seed| master(seed)).collect();
        let store: Arc<dyn SigningKeyStore> = Arc::<Memory>::clone(&store);
        let entropy = Arc::new(SeededEntropy::new(7));
        Keys::load_with_others(store, &master(current), &others, ISSUER.to_owned(), entropy, NOW).await
    };
    assert!(matches!(with(5, &[]).await, Err(KeysError::Sealed { .. })));
    let keys = with(5, &[9, 0]).await.unwrap();
    assert!(keys.verify_access(&token, NOW).is_ok());
    assert_eq!(keys.reencrypt().await.unwrap(), 4);
    assert_eq!(keys.reencrypt().await.unwrap(), 0, "nothing is left to do");
    assert!(matches!(with(0, &[]).await, Err(KeysError::Sealed { .. })));
    let keys = with(5, &[]).await.unwrap();
    assert!(keys.verify_access(&token, NOW).is_ok(), "they are the same keys");
}
