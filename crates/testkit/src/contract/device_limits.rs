//! Obligations of [`DeviceStore`]: how many requests may be pending.

use informer_oauth_domain::{
    device::{Decision, DeviceOrigin, DeviceRequest, PendingLimits},
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore};

use super::{Answered, count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{NOW, TICK, a_device_request, seconds},
};

const HERE: &str = "192.0.2.1";

/// A request from an address, made and over so many seconds after [`NOW`].
fn from(n: u64, address: &str, issued: u64, expires: u64) -> DeviceRequest {
    DeviceRequest {
        origin: DeviceOrigin::new(address.parse().ok(), None),
        issued_at: NOW + seconds(issued),
        expires_at: NOW + seconds(expires),
        ..a_device_request(n)
    }
}

const fn limits(per_address: u32, total: u32) -> PendingLimits {
    PendingLimits { per_address, total }
}

async fn insert(store: &dyn DeviceStore, request: &DeviceRequest, limits: PendingLimits) -> DeviceInsertion {
    store.insert(request, limits, request.issued_at).await.answered()
}

fn full_until(seconds_from_now: u64) -> DeviceInsertion {
    let until: Timestamp = NOW + seconds(seconds_from_now);
    DeviceInsertion::TooManyPending { until }
}

pub async fn an_address_has_so_many_pending_requests_and_no_more(store: &dyn DeviceStore) {
    let few = limits(2, 100);
    for (n, expires) in [(1, 700), (2, 600)] {
        let inserted = insert(store, &from(n, HERE, 0, expires), few).await;
        assert_eq!(inserted, DeviceInsertion::Inserted);
    }
    let third = from(3, HERE, 10, 800);
    for same in [HERE, "::ffff:192.0.2.1"] {
        let same = from(3, same, 10, 800);
        assert_eq!(
            insert(store, &same, few).await,
            full_until(600),
            "the first to expire makes room"
        );
    }
    assert_eq!(store.find(&third.user_code, third.issued_at).await.answered(), None);
    for (n, elsewhere) in [(4, "192.0.2.2"), (5, "2001:db8::1"), (6, "no address")] {
        let inserted = insert(store, &from(n, elsewhere, 10, 800), few).await;
        assert_eq!(inserted, DeviceInsertion::Inserted, "{elsewhere} is another");
    }
    assert_eq!(
        insert(store, &third, limits(3, 100)).await,
        DeviceInsertion::Inserted,
        "what was refused is not there, nor is its user code taken"
    );
}

pub async fn one_ipv6_network_is_one_address(store: &dyn DeviceStore) {
    let one = limits(1, 100);
    let first = from(1, "2001:db8:1:2::1", 0, 600);
    assert_eq!(insert(store, &first, one).await, DeviceInsertion::Inserted);
    let neighbour = from(2, "2001:db8:1:2:ffff:ffff:ffff:ffff", 0, 600);
    assert_eq!(insert(store, &neighbour, one).await, full_until(600));
    let other = from(3, "2001:db8:1:3::1", 0, 600);
    assert_eq!(insert(store, &other, one).await, DeviceInsertion::Inserted);
}

pub async fn all_addresses_together_have_so_many_pending_requests(store: &dyn DeviceStore) {
    let few = limits(100, 3);
    for (n, address) in [(1, HERE), (2, "192.0.2.2"), (3, "2001:db8::1")] {
        let inserted = insert(store, &from(n, address, 0, 500 + n), few).await;
        assert_eq!(inserted, DeviceInsertion::Inserted);
    }
    let fourth = from(4, "192.0.2.4", 0, 600);
    for _ in 0..2 {
        assert_eq!(insert(store, &fourth, few).await, full_until(501));
    }
    // What was refused for all holds no place for its own address.
    assert_eq!(insert(store, &fourth, limits(1, 4)).await, DeviceInsertion::Inserted);
}

pub async fn a_decided_request_is_not_pending_any_more(store: &dyn DeviceStore) {
    for (n, per_address, total) in [(1, 1, 100), (10, 100, 1)] {
        let one = limits(per_address, total);
        let mut pending = from(n, HERE, 0, 600);
        assert_eq!(insert(store, &pending, one).await, DeviceInsertion::Inserted);
        for (next, approved) in [(n + 1, true), (n + 2, false)] {
            let waiting = from(next, HERE, 1, 600);
            assert_eq!(insert(store, &waiting, one).await, full_until(600));
            let decision = if approved {
                pending.approval("ada", pending.scope).expect("something was asked for")
            } else {
                Decision::Deny
            };
            store
                .decide(&pending.user_code, &decision, NOW + seconds(2))
                .await
                .answered();
            assert_eq!(insert(store, &waiting, one).await, DeviceInsertion::Inserted);
            pending = waiting;
        }
        store
            .decide(&pending.user_code, &Decision::Deny, NOW + seconds(3))
            .await
            .answered();
    }
}

pub async fn an_expired_request_is_not_pending_any_more(store: &dyn DeviceStore) {
    for (n, per_address, total) in [(1, 1, 100), (10, 100, 1)] {
        let (start, one) = (n * 1000, limits(per_address, total));
        let first = from(n, HERE, start, start + 600);
        assert_eq!(insert(store, &first, one).await, DeviceInsertion::Inserted);
        let at = |issued_at| DeviceRequest {
            issued_at,
            ..from(n + 1, HERE, 0, start + 601)
        };
        let just_before = at(NOW
            + seconds(start + 600)
                .checked_sub(TICK)
                .expect("it is longer than a tick"));
        assert_eq!(insert(store, &just_before, one).await, full_until(start + 600));
        let then = at(NOW + seconds(start + 600));
        assert_eq!(insert(store, &then, one).await, DeviceInsertion::Inserted);
    }
}

pub async fn concurrent_requests_stop_at_the_limit(store: &dyn DeviceStore) {
    const ALLOWED: u32 = 5;
    let inserted = |answers: &[DeviceInsertion]| count(answers, |answer| *answer == DeviceInsertion::Inserted);
    let of_one = at_once(RACERS, async |n| {
        insert(store, &from(n as u64, HERE, 0, 600), limits(ALLOWED, 100)).await
    });
    assert_eq!(inserted(&of_one), ALLOWED as usize);
    let of_many = at_once(RACERS, async |n| {
        let address = format!("198.51.100.{n}");
        insert(
            store,
            &from(100 + n as u64, &address, 0, 600),
            limits(ALLOWED, 2 * ALLOWED),
        )
        .await
    });
    assert_eq!(inserted(&of_many), ALLOWED as usize);
    let late = insert(store, &from(200, HERE, 1, 600), limits(ALLOWED, 100)).await;
    assert_eq!(late, full_until(600));
}
