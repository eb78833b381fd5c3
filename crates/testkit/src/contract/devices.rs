//! Obligations of [`DeviceStore`]: keeping, finding, deciding, handing out.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use informer_oauth_domain::{
    device::{Decision, DeviceDecision, DeviceGrant, DeviceOrigin, DevicePoll, DeviceRequest},
    scope::ScopeSet,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore};

use super::Answered;
use crate::values::{
    NOW, TICK, UNLIMITED, a_device_presentation, a_device_request, client_id, client_uid, digest, moment, record_id,
    resource, scope, seconds, user_code,
};

/// The yes of `username` to all that was asked for.
fn yes(request: &DeviceRequest, username: &str) -> Decision {
    let decision = request.approval(username, request.scope);
    decision.expect("something was asked for")
}

fn from_agent(n: u64, address: Option<IpAddr>, agent: &str) -> DeviceRequest {
    DeviceRequest {
        origin: DeviceOrigin::new(address, Some(agent)),
        ..a_device_request(n)
    }
}

pub async fn a_request_is_found_as_it_was_inserted(store: &dyn DeviceStore) {
    let address = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0x1, 0, 0, 0xff));
    let mapped = IpAddr::V6([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201].into());
    let bare = DeviceRequest {
        origin: DeviceOrigin::default(),
        client: client_uid(7),
        client_id: client_id(8),
        scope: ScopeSet::ALL,
        audience: resource("urn:example:a?b=%22&c='\\"),
        token_record: record_id(77),
        issued_at: moment(1),
        expires_at: moment(9) + seconds(3),
        ..a_device_request(2)
    };
    let odd = "O'Neill's \"TV\" %_\\ {}; -- <b>é\u{301} 🦀 \u{2028}\u{202e}\u{feff}=\"";
    for request in [
        a_device_request(1),
        bare,
        from_agent(3, Some(address), odd),
        from_agent(4, Some(mapped), &"🦀".repeat(1000)),
        from_agent(5, None, "null"),
        from_agent(6, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)), " [] "),
    ] {
        assert_eq!(
            store.insert(&request, UNLIMITED, request.issued_at).await.answered(),
            DeviceInsertion::Inserted
        );
        let found = store.find(&request.user_code, moment(2)).await.answered();
        assert_eq!(found.as_ref(), Some(&request));
        let decided = store
            .decide(&request.user_code, &yes(&request, "ada"), moment(3))
            .await
            .answered();
        assert_eq!(decided, DeviceDecision::Decided(Box::new(request)));
    }
}

pub async fn an_unknown_code_is_unknown(store: &dyn DeviceStore) {
    let request = a_device_request(1);
    store.insert(&request, UNLIMITED, request.issued_at).await.answered();
    assert_eq!(store.find(&user_code(2), NOW).await.answered(), None);
    let decided = store.decide(&user_code(2), &yes(&request, "ada"), NOW).await;
    assert_eq!(decided.answered(), DeviceDecision::Unknown);
    let polled = store.poll(&digest(2), &a_device_presentation(&request), NOW).await;
    assert_eq!(polled.answered(), DevicePoll::Unknown);
    let found = store.find(&request.user_code, NOW).await.answered();
    assert_eq!(found, Some(request));
}

pub async fn a_user_code_that_is_taken_is_refused_and_nothing_changes(store: &dyn DeviceStore) {
    let (first, presented) = (a_device_request(1), a_device_presentation(&a_device_request(1)));
    store.insert(&first, UNLIMITED, first.issued_at).await.answered();
    let other = |n, issued_at| DeviceRequest {
        user_code: first.user_code,
        client: client_uid(2),
        issued_at,
        expires_at: issued_at + seconds(10),
        ..a_device_request(n)
    };
    let refused = async |n, issued_at| {
        let answer = store
            .insert(&other(n, issued_at), UNLIMITED, issued_at)
            .await
            .answered();
        assert_eq!(answer, DeviceInsertion::UserCodeTaken, "{n}");
        let strange = a_device_presentation(&other(n, issued_at));
        let polled = store.poll(&digest(n), &strange, issued_at).await.answered();
        assert_eq!(polled, DevicePoll::Unknown, "{n}");
    };
    refused(2, NOW).await;
    refused(3, first.expires_at.minus(TICK)).await;
    let found = store.find(&first.user_code, NOW).await.answered();
    assert_eq!(found.as_ref(), Some(&first));
    let decided = store.decide(&first.user_code, &yes(&first, "ada"), NOW).await;
    assert_eq!(decided.answered(), DeviceDecision::Decided(Box::new(first.clone())));
    refused(4, moment(1)).await;
    let polled = store.poll(&first.device_code, &presented, moment(2)).await.answered();
    assert!(matches!(polled, DevicePoll::Granted(_)), "{polled:?}");
    refused(5, moment(3)).await;
    refused(6, first.expires_at).await;
    refused(7, first.forgotten_at().minus(TICK)).await;
    assert_eq!(
        store.poll(&first.device_code, &presented, moment(4)).await.answered(),
        DevicePoll::Redeemed
    );
}

pub async fn only_an_open_request_is_found(store: &dyn DeviceStore) {
    for n in 1..=4 {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    let decide = async |n, decision: Decision| {
        store.decide(&user_code(n), &decision, NOW).await.answered();
    };
    decide(2, yes(&a_device_request(2), "ada")).await;
    decide(3, Decision::Deny).await;
    decide(4, yes(&a_device_request(4), "ada")).await;
    let presented = a_device_presentation(&a_device_request(4));
    store.poll(&digest(4), &presented, NOW).await.answered();
    let polled = store.poll(&digest(1), &presented, NOW).await.answered();
    assert_eq!(polled, DevicePoll::Pending, "polling does not close it");

    let expiry = a_device_request(1).expires_at;
    for now in [NOW, expiry.minus(TICK)] {
        let found = store.find(&user_code(1), now).await.answered();
        assert_eq!(found, Some(a_device_request(1)), "at {now}");
        for n in 2..=4 {
            assert_eq!(store.find(&user_code(n), now).await.answered(), None, "{n} at {now}");
        }
    }
    for now in [expiry, expiry + seconds(1)] {
        assert_eq!(store.find(&user_code(1), now).await.answered(), None, "at {now}");
    }
}

pub async fn an_approval_is_handed_out_whole_and_once(store: &dyn DeviceStore) {
    for (n, username, granted) in [
        (1, "ada", "read:dataset write:report"),
        (2, "O'Neill %_\\ é \"🦀\"", "read:report"),
        (3, "", "read:dataset"),
    ] {
        let request = a_device_request(n);
        store.insert(&request, UNLIMITED, request.issued_at).await.answered();
        let decision = request.approval(username, scope(granted));
        let decision = decision.expect("something of it was asked for");
        let granted_at = NOW + Duration::from_micros(n);
        let decided = store.decide(&request.user_code, &decision, granted_at).await;
        assert_eq!(decided.answered(), DeviceDecision::Decided(Box::new(request.clone())));
        let presented = a_device_presentation(&request);
        let expected = DeviceGrant {
            request,
            username: username.to_owned(),
            scope: scope(granted),
            granted_at,
        };
        let polled = store.poll(&digest(n), &presented, moment(1)).await.answered();
        assert_eq!(polled, DevicePoll::Granted(Box::new(expected)));
        for later in 1..4 {
            let polled = store.poll(&digest(n), &presented, moment(later)).await.answered();
            assert_eq!(polled, DevicePoll::Redeemed);
        }
    }
}

pub async fn a_denial_is_told_at_every_poll(store: &dyn DeviceStore) {
    for n in [1, 2] {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    let presented = a_device_presentation(&a_device_request(1));
    store.poll(&digest(1), &presented, NOW).await.answered();
    let decided = store.decide(&user_code(1), &Decision::Deny, NOW).await.answered();
    assert_eq!(decided, DeviceDecision::Decided(Box::new(a_device_request(1))));
    for at in [0, 0, 1, 60] {
        let polled = store.poll(&digest(1), &presented, moment(at)).await.answered();
        assert_eq!(polled, DevicePoll::Denied, "at {at}");
    }
    let polled = store.poll(&digest(2), &presented, NOW).await.answered();
    assert_eq!(polled, DevicePoll::Pending, "the other device's stays as it is");
}

pub async fn what_is_decided_stays_decided(store: &dyn DeviceStore) {
    let presented = a_device_presentation(&a_device_request(1));
    let again = async |n: u64| {
        for decision in [
            yes(&a_device_request(n), "ada"),
            yes(&a_device_request(n), "bob"),
            Decision::Deny,
        ] {
            let decided = store.decide(&user_code(n), &decision, moment(1)).await.answered();
            assert_eq!(decided, DeviceDecision::DecidedBefore, "{n} {decision:?}");
        }
    };
    for n in [1, 2] {
        store.insert(&a_device_request(n), UNLIMITED, NOW).await.answered();
    }
    store
        .decide(&user_code(1), &yes(&a_device_request(1), "ada"), NOW)
        .await
        .answered();
    again(1).await;
    match store.poll(&digest(1), &presented, moment(2)).await.answered() {
        DevicePoll::Granted(grant) => assert_eq!(grant.username, "ada"),
        other => panic!("{other:?}"),
    }
    again(1).await;
    let polled = store.poll(&digest(1), &presented, moment(3)).await.answered();
    assert_eq!(polled, DevicePoll::Redeemed);

    store.decide(&user_code(2), &Decision::Deny, NOW).await.answered();
    again(2).await;
    let polled = store.poll(&digest(2), &presented, moment(3)).await.answered();
    assert_eq!(polled, DevicePoll::Denied);
}
