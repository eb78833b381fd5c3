//! Obligations of [`DeviceStore`]: the end of device codes.

use informer_oauth_domain::{
    device::{Decision, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest, EXPIRY_MEMORY},
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore};

use super::{Answered, drained};
use crate::values::{
    NOW, TICK, UNLIMITED, a_device_presentation, a_device_request, client_uid, digest, seconds, user_code,
};

fn yes() -> Decision {
    let request = a_device_request(1);
    let decision = request.approval("ada", request.scope);
    decision.expect("something was asked for")
}

async fn polled(store: &dyn DeviceStore, n: u64, now: Timestamp) -> DevicePoll {
    let presented = a_device_presentation(&a_device_request(n));
    store.poll(&digest(n), &presented, now).await.answered()
}

/// Devices 1 to 4 are pending, approved, denied and redeemed.
async fn furnish(store: &dyn DeviceStore) {
    for n in 1..=4 {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    for (n, decision) in [(2, yes()), (3, Decision::Deny), (4, yes())] {
        store.decide(&user_code(n), &decision, NOW).await.answered();
    }
    assert!(matches!(polled(store, 4, NOW).await, DevicePoll::Granted(_)));
}

pub async fn until_its_expiry_a_code_can_be_decided_and_redeemed(store: &dyn DeviceStore) {
    let request = a_device_request(1);
    store.insert(&request, UNLIMITED, request.issued_at).await.answered();
    for late in [request.expires_at, request.expires_at + seconds(1)] {
        assert_eq!(polled(store, 1, late).await, DevicePoll::Expired);
        let decided = store.decide(&request.user_code, &yes(), late).await.answered();
        assert_eq!(decided, DeviceDecision::Unknown);
    }
    let last = request.expires_at.minus(TICK);
    assert_eq!(polled(store, 1, last).await, DevicePoll::Pending);
    let decided = store.decide(&request.user_code, &yes(), last).await.answered();
    assert_eq!(
        decided,
        DeviceDecision::Decided(Box::new(request.clone())),
        "being late changed nothing"
    );
    assert_eq!(polled(store, 1, request.expires_at).await, DevicePoll::Expired);
    assert!(matches!(polled(store, 1, last).await, DevicePoll::Granted(_)));
}

pub async fn from_its_expiry_on_a_code_is_expired_whatever_it_was(store: &dyn DeviceStore) {
    furnish(store).await;
    let expiry = a_device_request(1).expires_at;
    let last = (expiry + EXPIRY_MEMORY).minus(TICK);
    for now in [expiry, expiry + seconds(1), last] {
        assert_eq!(store.purge(now, 100).await.answered(), 0, "it is remembered at {now}");
        for n in 1..=4 {
            assert_eq!(polled(store, n, now).await, DevicePoll::Expired, "{n} at {now}");
            let decided = store.decide(&user_code(n), &yes(), now).await.answered();
            assert_eq!(decided, DeviceDecision::Unknown, "{n} at {now}");
            assert_eq!(store.find(&user_code(n), now).await.answered(), None, "{n} at {now}");
            let strange = DevicePresentation {
                client: client_uid(2),
                resource: None,
            };
            let polled = store.poll(&digest(n), &strange, now).await.answered();
            assert_eq!(polled, DevicePoll::OtherClient, "{n} at {now}");
        }
    }
}

pub async fn an_expired_code_is_unknown_once_the_memory_of_it_ends(store: &dyn DeviceStore) {
    furnish(store).await;
    let end = a_device_request(1).expires_at + EXPIRY_MEMORY;
    for now in [end, end + seconds(1)] {
        for n in 1..=4 {
            assert_eq!(polled(store, n, now).await, DevicePoll::Unknown, "{n} at {now}");
            let decided = store.decide(&user_code(n), &yes(), now).await.answered();
            assert_eq!(decided, DeviceDecision::Unknown, "{n} at {now}");
            assert_eq!(store.find(&user_code(n), now).await.answered(), None, "{n} at {now}");
            let strange = DevicePresentation {
                client: client_uid(2),
                resource: None,
            };
            let polled = store.poll(&digest(n), &strange, now).await.answered();
            assert_eq!(polled, DevicePoll::Unknown, "{n} at {now}, to another client");
        }
    }
}

/// The user code of device `n` for device `n + 10`, asked for at `now`.
fn reusing(n: u64, now: Timestamp) -> DeviceRequest {
    DeviceRequest {
        user_code: user_code(n),
        issued_at: now,
        expires_at: now + seconds(600),
        ..a_device_request(n + 10)
    }
}

pub async fn a_user_code_stays_taken_until_its_request_is_forgotten(store: &dyn DeviceStore) {
    furnish(store).await;
    let end = a_device_request(1).forgotten_at();
    for now in [a_device_request(1).expires_at, end.minus(TICK)] {
        for n in 1..=4 {
            let answer = store.insert(&reusing(n, now), UNLIMITED, now).await.answered();
            assert_eq!(answer, DeviceInsertion::UserCodeTaken, "{n} at {now}");
        }
    }
}

pub async fn a_user_code_is_free_once_its_request_is_forgotten(store: &dyn DeviceStore) {
    furnish(store).await;
    let end = a_device_request(1).forgotten_at();
    for n in 1..=4 {
        let answer = store.insert(&reusing(n, end), UNLIMITED, end).await.answered();
        assert_eq!(answer, DeviceInsertion::Inserted, "{n}");
        let found = store.find(&user_code(n), end).await.answered();
        assert_eq!(found, Some(reusing(n, end)), "{n}");
        assert_eq!(polled(store, n, end).await, DevicePoll::Unknown, "{n}");
        assert_eq!(polled(store, n + 10, end).await, DevicePoll::Pending, "{n}");
        let third = DeviceRequest {
            device_code: digest(n + 20),
            ..reusing(n, end)
        };
        let answer = store.insert(&third, UNLIMITED, end).await.answered();
        assert_eq!(answer, DeviceInsertion::UserCodeTaken, "{n} has a new holder");
    }
}

pub async fn purging_a_forgotten_request_leaves_its_user_code_to_the_next(store: &dyn DeviceStore) {
    furnish(store).await;
    let end = a_device_request(1).forgotten_at();
    for n in 1..=4 {
        store.insert(&reusing(n, end), UNLIMITED, end).await.answered();
    }
    drained(async |few| store.purge(end, few).await).await;
    for n in 1..=4 {
        let request = reusing(n, end);
        let found = store.find(&user_code(n), end).await.answered();
        assert_eq!(found.as_ref(), Some(&request), "{n}");
        let decided = store.decide(&user_code(n), &Decision::Deny, end).await.answered();
        assert_eq!(decided, DeviceDecision::Decided(Box::new(request)), "{n}");
        assert_eq!(polled(store, n + 10, end).await, DevicePoll::Denied, "{n}");
    }
}

pub async fn a_purged_user_code_can_be_given_anew(store: &dyn DeviceStore) {
    furnish(store).await;
    let end = a_device_request(1).forgotten_at();
    drained(async |few| store.purge(end, few).await).await;
    for n in 1..=4 {
        let answer = store.insert(&reusing(n, end), UNLIMITED, end).await.answered();
        assert_eq!(answer, DeviceInsertion::Inserted, "{n}");
        let found = store.find(&user_code(n), end).await.answered();
        assert_eq!(found, Some(reusing(n, end)), "{n}");
    }
}

pub async fn purging_takes_only_what_is_forgotten_and_few_at_a_time(store: &dyn DeviceStore) {
    for n in 0..6 {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    for n in [0, 1] {
        store.decide(&user_code(n), &yes(), NOW).await.answered();
    }
    assert!(matches!(polled(store, 0, NOW).await, DevicePoll::Granted(_)));
    let end = a_device_request(0).expires_at + EXPIRY_MEMORY;
    // One is about to be forgotten, one is live.
    for (n, expires_at) in [(8, end.minus(EXPIRY_MEMORY) + TICK), (9, end + seconds(1))] {
        let request = DeviceRequest {
            expires_at,
            ..a_device_request(n)
        };
        assert_eq!(
            store.insert(&request, UNLIMITED, request.issued_at).await.answered(),
            DeviceInsertion::Inserted
        );
    }
    assert_eq!(store.purge(NOW, 100).await.answered(), 0);
    assert_eq!(
        store.purge(end.minus(TICK), 100).await.answered(),
        0,
        "all are remembered"
    );
    drained(async |few| store.purge(end, few).await).await;
    for n in 0..6 {
        assert_eq!(polled(store, n, end).await, DevicePoll::Unknown, "device {n}");
    }
    assert_eq!(polled(store, 8, end).await, DevicePoll::Expired);
    assert!(store.find(&user_code(9), end).await.answered().is_some());
    assert_eq!(polled(store, 9, end).await, DevicePoll::Pending);
}
