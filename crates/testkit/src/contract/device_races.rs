//! Obligations of [`DeviceStore`]: what happens at once.

use informer_oauth_domain::device::{
    Decision, DeviceDecision, DeviceGrant, DevicePoll, DevicePresentation, DeviceRequest, POLL_INTERVAL, SLOW_DOWN_STEP,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore};

use super::{Answered, assert_count};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{NOW, UNLIMITED, a_device_presentation, a_device_request, client_uid, digest, moment, user_code},
};

const ROUNDS: u64 = 3;

fn yes(request: &DeviceRequest, username: &str) -> Decision {
    let decision = request.approval(username, request.scope);
    decision.expect("something was asked for")
}

fn granted_to_ada(request: &DeviceRequest) -> DevicePoll {
    DevicePoll::Granted(Box::new(DeviceGrant {
        request: request.clone(),
        username: "ada".into(),
        scope: request.scope,
        granted_at: NOW,
    }))
}

/// The device with number `n`, approved by ada.
async fn approved(store: &dyn DeviceStore, n: u64) -> DeviceRequest {
    let request = a_device_request(n);
    store.insert(&request, UNLIMITED, request.issued_at).await.answered();
    store
        .decide(&request.user_code, &yes(&request, "ada"), NOW)
        .await
        .answered();
    request
}

pub async fn of_concurrent_polls_of_an_approved_code_one_is_granted_and_the_rest_see_it_redeemed(
    store: &dyn DeviceStore,
) {
    for round in 0..ROUNDS {
        let request = approved(store, round).await;
        let presented = a_device_presentation(&request);
        let answers = at_once(RACERS, async |_| {
            store.poll(&request.device_code, &presented, NOW).await.answered()
        });
        let granted = granted_to_ada(&request);
        assert_count(&answers, 1, |answer| *answer == granted);
        assert_count(&answers, RACERS - 1, |answer| *answer == DevicePoll::Redeemed);
    }
}

pub async fn strangers_do_not_keep_the_device_from_its_grant(store: &dyn DeviceStore) {
    let request = approved(store, 1).await;
    let own = a_device_presentation(&request);
    let answers = at_once(RACERS, async |n| {
        let presented = match n % 2 {
            _ if n == RACERS / 2 => own.clone(),
            0 => DevicePresentation {
                client: client_uid(2),
                resource: None,
            },
            _ => DevicePresentation {
                resource: Some("urn:other".into()),
                ..own.clone()
            },
        };
        store.poll(&request.device_code, &presented, NOW).await.answered()
    });
    for (n, answer) in answers.into_iter().enumerate() {
        let expected = match n % 2 {
            _ if n == RACERS / 2 => granted_to_ada(&request),
            0 => DevicePoll::OtherClient,
            _ => DevicePoll::OtherResource,
        };
        assert_eq!(answer, expected, "poll {n}");
    }
}

pub async fn of_concurrent_decisions_one_decides(store: &dyn DeviceStore) {
    for round in 0..ROUNDS {
        let request = a_device_request(round);
        store.insert(&request, UNLIMITED, request.issued_at).await.answered();
        let decision = |n: usize| match n % 3 {
            0 => Decision::Deny,
            _ => yes(&request, &format!("user {n}")),
        };
        let answers = at_once(RACERS, async |n| {
            store.decide(&request.user_code, &decision(n), NOW).await.answered()
        });
        let decided = DeviceDecision::Decided(Box::new(request.clone()));
        assert_count(&answers, 1, |answer| *answer == decided);
        assert_count(&answers, RACERS - 1, |answer| *answer == DeviceDecision::DecidedBefore);
        let winner = answers.iter().position(|answer| *answer == decided).unwrap_or_default();
        let presented = a_device_presentation(&request);
        let polled = store.poll(&request.device_code, &presented, NOW).await.answered();
        match (winner % 3, polled) {
            (0, DevicePoll::Denied) => {}
            (1 | 2, DevicePoll::Granted(grant)) => assert_eq!(grant.username, format!("user {winner}")),
            (_, other) => panic!("{winner} decided, and it became {other:?}"),
        }
    }
}

pub async fn of_concurrent_insertions_with_one_user_code_one_wins(store: &dyn DeviceStore) {
    for round in 0..ROUNDS {
        let request = |n: usize| DeviceRequest {
            user_code: user_code(round),
            ..a_device_request(100 * round + n as u64)
        };
        let answers = at_once(RACERS, async |n| {
            store.insert(&request(n), UNLIMITED, NOW).await.answered()
        });
        assert_count(&answers, 1, |answer| *answer == DeviceInsertion::Inserted);
        let winner = answers
            .iter()
            .position(|answer| *answer == DeviceInsertion::Inserted)
            .unwrap_or_default();
        let found = store.find(&user_code(round), NOW).await.answered();
        assert_eq!(found, Some(request(winner)));
        for n in 0..RACERS {
            let presented = a_device_presentation(&request(n));
            let polled = store.poll(&request(n).device_code, &presented, NOW).await.answered();
            let expected = if n == winner {
                DevicePoll::Pending
            } else {
                DevicePoll::Unknown
            };
            assert_eq!(polled, expected, "device {n}");
        }
    }
}

pub async fn concurrent_insertions_lose_no_request(store: &dyn DeviceStore) {
    let answers = at_once(RACERS, async |n| {
        store
            .insert(&a_device_request(n as u64), UNLIMITED, NOW)
            .await
            .answered()
    });
    assert_count(&answers, RACERS, |answer| *answer == DeviceInsertion::Inserted);
    for n in 0..RACERS as u64 {
        let found = store.find(&user_code(n), NOW).await.answered();
        assert_eq!(found, Some(a_device_request(n)));
        let presented = a_device_presentation(&a_device_request(n));
        let polled = store.poll(&digest(n), &presented, NOW).await.answered();
        assert_eq!(polled, DevicePoll::Pending);
    }
}

pub async fn concurrent_polls_each_make_the_wait_longer(store: &dyn DeviceStore) {
    let request = a_device_request(1);
    store.insert(&request, UNLIMITED, NOW).await.answered();
    let presented = a_device_presentation(&request);
    let answers = at_once(RACERS, async |_| {
        store.poll(&request.device_code, &presented, NOW).await.answered()
    });
    assert_count(&answers, 1, |answer| *answer == DevicePoll::Pending);
    let mut waits: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            DevicePoll::SlowDown(wait) => Some(*wait),
            _ => None,
        })
        .collect();
    waits.sort_unstable();
    let expected: Vec<_> = (1..)
        .map(|early: u32| POLL_INTERVAL + SLOW_DOWN_STEP * early)
        .take(RACERS - 1)
        .collect();
    assert_eq!(waits, expected, "none is forgotten");
}

pub async fn polls_that_meet_an_approval_are_granted_once(store: &dyn DeviceStore) {
    for round in 0..ROUNDS {
        let request = a_device_request(round);
        store.insert(&request, UNLIMITED, request.issued_at).await.answered();
        let presented = a_device_presentation(&request);
        let mut answers = at_once(RACERS, async |n| {
            if n == RACERS / 2 {
                let decided = store
                    .decide(&request.user_code, &yes(&request, "ada"), NOW)
                    .await
                    .answered();
                assert_eq!(decided, DeviceDecision::Decided(Box::new(request.clone())));
                return None;
            }
            Some(store.poll(&request.device_code, &presented, NOW).await.answered())
        });
        answers.push(Some(
            store.poll(&request.device_code, &presented, moment(1)).await.answered(),
        ));
        let granted = Some(granted_to_ada(&request));
        assert_count(&answers, 1, |answer| *answer == granted);
        let last = store.poll(&request.device_code, &presented, moment(2)).await.answered();
        assert_eq!(last, DevicePoll::Redeemed);
    }
}
