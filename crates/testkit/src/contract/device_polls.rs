//! Obligations of [`DeviceStore`]: the pace of polls, and polls that do not fit.

use std::time::Duration;

use informer_oauth_domain::{
    device::{Decision, DevicePoll, DevicePresentation, DeviceRequest, POLL_INTERVAL, POLL_LEEWAY, SLOW_DOWN_STEP},
    timestamp::Timestamp,
};
use informer_oauth_ports::DeviceStore;

use super::Answered;
use crate::values::{
    NOW, TICK, UNLIMITED, a_device_presentation, a_device_request, audience, client_uid, digest, scope, seconds,
    user_code,
};

/// The own client's poll of the device with number `n`.
async fn polled(store: &dyn DeviceStore, n: u64, now: Timestamp) -> DevicePoll {
    let presented = a_device_presentation(&a_device_request(n));
    store.poll(&digest(n), &presented, now).await.answered()
}

fn after(wait: Duration) -> Timestamp {
    NOW + wait
}

async fn approve(store: &dyn DeviceStore, n: u64) {
    let decision = a_device_request(n).approval("ada", scope("read:dataset"));
    let decision = decision.expect("it was asked for");
    store.decide(&user_code(n), &decision, NOW).await.answered();
}

pub async fn polling_at_the_interval_is_pending(store: &dyn DeviceStore) {
    store.insert(&a_device_request(1), UNLIMITED, NOW).await.answered();
    for poll in 0..20 {
        let now = after(POLL_INTERVAL * poll);
        assert_eq!(polled(store, 1, now).await, DevicePoll::Pending, "poll {poll}");
    }
    assert_eq!(
        polled(store, 1, after(seconds(1500))).await,
        DevicePoll::Pending,
        "after a long pause, too"
    );
}

pub async fn each_poll_too_early_makes_the_wait_longer_and_that_is_remembered(store: &dyn DeviceStore) {
    store.insert(&a_device_request(1), UNLIMITED, NOW).await.answered();
    assert_eq!(
        polled(store, 1, NOW).await,
        DevicePoll::Pending,
        "nobody can be too early first"
    );
    let mut wait = POLL_INTERVAL;
    let mut now = NOW;
    for round in 0..12 {
        // A microsecond, or what was enough before.
        now = now
            + if round % 2 == 0 {
                TICK
            } else {
                wait.saturating_sub(seconds(5))
            };
        wait += SLOW_DOWN_STEP;
        assert_eq!(polled(store, 1, now).await, DevicePoll::SlowDown(wait), "round {round}");
    }
    for _ in 0..3 {
        now = now + wait;
        assert_eq!(polled(store, 1, now).await, DevicePoll::Pending);
    }
    now = now + wait.saturating_sub(seconds(1));
    wait += SLOW_DOWN_STEP;
    assert_eq!(
        polled(store, 1, now).await,
        DevicePoll::SlowDown(wait),
        "good polls do not make up for it"
    );
}

pub async fn a_poll_a_little_early_is_borne_to_the_microsecond(store: &dyn DeviceStore) {
    for n in [1, 2] {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
        assert_eq!(polled(store, n, NOW).await, DevicePoll::Pending);
    }
    let borne = after(POLL_INTERVAL).minus(POLL_LEEWAY);
    assert_eq!(polled(store, 1, borne).await, DevicePoll::Pending);
    let too_early = DevicePoll::SlowDown(POLL_INTERVAL + SLOW_DOWN_STEP);
    assert_eq!(polled(store, 2, borne.minus(TICK)).await, too_early);
}

pub async fn a_clock_that_is_behind_counts_as_no_wait_at_all(store: &dyn DeviceStore) {
    store.insert(&a_device_request(1), UNLIMITED, NOW).await.answered();
    assert_eq!(polled(store, 1, after(seconds(60))).await, DevicePoll::Pending);
    let behind = after(seconds(30));
    assert_eq!(polled(store, 1, behind).await, DevicePoll::SlowDown(seconds(10)));
    assert_eq!(
        polled(store, 1, behind + seconds(10)).await,
        DevicePoll::Pending,
        "the last poll counts, not the latest"
    );
}

pub async fn devices_have_a_pace_of_their_own(store: &dyn DeviceStore) {
    for n in [1, 2] {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    assert_eq!(polled(store, 1, NOW).await, DevicePoll::Pending);
    assert_eq!(polled(store, 1, NOW).await, DevicePoll::SlowDown(seconds(10)));
    assert_eq!(polled(store, 2, NOW).await, DevicePoll::Pending);
    assert_eq!(polled(store, 2, after(seconds(5))).await, DevicePoll::Pending);
    assert_eq!(
        polled(store, 1, after(seconds(5))).await,
        DevicePoll::SlowDown(seconds(15))
    );
}

pub async fn an_approval_is_handed_out_whatever_the_pace(store: &dyn DeviceStore) {
    store.insert(&a_device_request(1), UNLIMITED, NOW).await.answered();
    for _ in 0..3 {
        polled(store, 1, NOW).await;
    }
    approve(store, 1).await;
    let granted = polled(store, 1, NOW).await;
    assert!(matches!(granted, DevicePoll::Granted(_)), "{granted:?}");
    assert_eq!(polled(store, 1, NOW).await, DevicePoll::Redeemed);
}

pub async fn another_client_changes_nothing_at_any_time(store: &dyn DeviceStore) {
    let request = a_device_request(1);
    let strange = async |now| {
        for resource in [None, Some(audience().as_str().to_owned()), Some("urn:other".into())] {
            let presented = DevicePresentation {
                client: client_uid(2),
                resource,
            };
            let answer = store.poll(&digest(1), &presented, now).await.answered();
            assert_eq!(answer, DevicePoll::OtherClient, "at {now}");
        }
    };
    store.insert(&request, UNLIMITED, request.issued_at).await.answered();
    strange(NOW).await;
    assert_eq!(polled(store, 1, NOW).await, DevicePoll::Pending);
    strange(after(seconds(4))).await;
    assert_eq!(
        polled(store, 1, after(seconds(5))).await,
        DevicePoll::Pending,
        "its pace is the device's own"
    );
    let found = store.find(&request.user_code, NOW).await.answered();
    assert_eq!(found, Some(request.clone()));
    approve(store, 1).await;
    strange(NOW).await;
    let granted = polled(store, 1, NOW).await;
    assert!(matches!(granted, DevicePoll::Granted(_)), "{granted:?}");
    strange(NOW).await;
    strange(request.expires_at).await;

    store.insert(&a_device_request(2), UNLIMITED, NOW).await.answered();
    store.decide(&user_code(2), &Decision::Deny, NOW).await.answered();
    let presented = DevicePresentation {
        client: client_uid(2),
        resource: None,
    };
    let answer = store.poll(&digest(2), &presented, NOW).await.answered();
    assert_eq!(
        answer,
        DevicePoll::OtherClient,
        "nor does it learn what became of a device"
    );
}

pub async fn another_resource_changes_nothing(store: &dyn DeviceStore) {
    let request = a_device_request(1);
    let with = |resource: &str| DevicePresentation {
        resource: Some(resource.into()),
        ..a_device_presentation(&request)
    };
    let misdirected = async |request: &DeviceRequest, now| {
        for resource in ["", "https://bi.example.com/api/", "HTTPS://bi.example.com/api", "="] {
            let answer = store.poll(&request.device_code, &with(resource), now).await.answered();
            assert_eq!(answer, DevicePoll::OtherResource, "{resource:?} at {now}");
        }
    };
    store.insert(&request, UNLIMITED, request.issued_at).await.answered();
    misdirected(&request, NOW).await;
    let fits = with(audience().as_str());
    assert_eq!(store.poll(&digest(1), &fits, NOW).await.answered(), DevicePoll::Pending);
    misdirected(&request, after(seconds(4))).await;
    assert_eq!(
        store.poll(&digest(1), &fits, after(seconds(5))).await.answered(),
        DevicePoll::Pending
    );
    approve(store, 1).await;
    misdirected(&request, NOW).await;
    let granted = store.poll(&digest(1), &fits, NOW).await.answered();
    assert!(matches!(granted, DevicePoll::Granted(_)), "{granted:?}");
    misdirected(&request, NOW).await;
    let late = store.poll(&digest(1), &with("urn:other"), request.expires_at).await;
    assert_eq!(late.answered(), DevicePoll::Expired);
}
