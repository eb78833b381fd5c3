//! Device authorizations: the rule, races, what it costs, and what is in Redis.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use informer_oauth_domain::{
    device::{
        Decision, DeviceAuthorization, DeviceDecision, DevicePoll, DevicePresentation, DeviceRequest, EXPIRY_MEMORY,
    },
    timestamp::Timestamp,
};
use informer_oauth_ports::{DeviceInsertion, DeviceStore, StoreError};
use informer_oauth_redis::Redis;
use informer_oauth_testkit::{
    at_once,
    servers::redis::{RedisServer, key_prefix},
    values::{
        DEVICE_LIFETIME, NOW, TICK, UNLIMITED, a_device_presentation, a_device_request, client_uid, digest, user_code,
    },
};
use support::{monitored, stores, stores_named};

const RACERS: usize = 50;

fn yes(request: &DeviceRequest) -> Decision {
    request.approval("ada", request.scope).unwrap()
}

async fn poll(stores: &Redis, request: &DeviceRequest, now: Timestamp) -> DevicePoll {
    let presented = a_device_presentation(request);
    stores.poll(&request.device_code, &presented, now).await.unwrap()
}

#[test]
fn a_poll_is_one_command_and_finding_by_user_code_is_two() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let everything = async |n| {
            let request = a_device_request(n);
            stores.insert(&request, UNLIMITED, request.issued_at).await.unwrap();
            assert_eq!(poll(&stores, &request, NOW).await, DevicePoll::Pending);
            assert!(matches!(poll(&stores, &request, NOW).await, DevicePoll::SlowDown(_)));
            stores.find(&request.user_code, NOW).await.unwrap();
            stores.decide(&request.user_code, &yes(&request), NOW).await.unwrap();
            assert!(matches!(poll(&stores, &request, NOW).await, DevicePoll::Granted(_)));
            assert_eq!(poll(&stores, &request, NOW).await, DevicePoll::Redeemed);
            stores.purge(NOW, 100).await.unwrap();
        };
        // The first time Redis learns the scripts.
        everything(1).await;
        let commands = monitored(&server, everything(2)).await;
        assert_eq!(
            commands,
            [
                "EVALSHA", "EVALSHA", "SET", "EVALSHA", // insert
                "EVALSHA", "EVALSHA", // pending, slow down
                "GET", "HMGET", // find
                "GET", "EVALSHA", "ZREM", "ZREM", // decide
                "EVALSHA", "EVALSHA", // granted, redeemed
            ]
        );
    });
}

#[test]
fn a_redis_that_forgot_the_scripts_is_told_them_again() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let request = a_device_request(1);
        let forget = || assert_eq!(server.ask(&["SCRIPT", "FLUSH"]), "OK");
        stores.insert(&request, UNLIMITED, request.issued_at).await.unwrap();
        assert_eq!(poll(&stores, &request, NOW).await, DevicePoll::Pending);
        forget();
        assert!(matches!(poll(&stores, &request, NOW).await, DevicePoll::SlowDown(_)));
        forget();
        let decided = stores.decide(&request.user_code, &yes(&request), NOW).await.unwrap();
        assert_eq!(decided, DeviceDecision::Decided(Box::new(request.clone())));
        forget();
        assert!(matches!(poll(&stores, &request, NOW).await, DevicePoll::Granted(_)));
        forget();
        let inserted = stores.insert(&a_device_request(2), UNLIMITED, NOW).await.unwrap();
        assert_eq!(inserted, DeviceInsertion::Inserted);
    });
}

#[test]
fn of_fifty_polls_through_two_pools_one_is_granted() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let replicas = [(); 2].map(|()| stores_named(&[server.url()], &prefix));
        for round in 0..10 {
            let request = a_device_request(round);
            replicas[0]
                .insert(&request, UNLIMITED, request.issued_at)
                .await
                .unwrap();
            replicas[1]
                .decide(&request.user_code, &yes(&request), NOW)
                .await
                .unwrap();
            let answers = at_once(RACERS, async |n| {
                poll(&replicas[n % replicas.len()], &request, NOW).await
            });
            let granted = answers.iter().filter(|answer| matches!(answer, DevicePoll::Granted(_)));
            assert_eq!(granted.count(), 1, "round {round}");
            let redeemed = answers.iter().filter(|answer| **answer == DevicePoll::Redeemed);
            assert_eq!(redeemed.count(), RACERS - 1, "round {round}");
        }
    });
}

/// Everything that decides on a poll, in every combination.
fn presentations(request: &DeviceRequest) -> Vec<DevicePresentation> {
    let resources = [None, Some(request.audience.as_str()), Some(""), Some("urn:other")];
    [request.client, client_uid(9)]
        .into_iter()
        .flat_map(|client| {
            resources.map(|resource| DevicePresentation {
                client,
                resource: resource.map(str::to_owned),
            })
        })
        .collect()
}

#[test]
fn the_scripts_judge_as_the_domain_does() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let stores = stores_named(&[server.url()], &prefix);
        let mut n = 0;
        let expiry = a_device_request(0).expires_at;
        let moments = [
            NOW,
            expiry.minus(TICK),
            expiry,
            (expiry + EXPIRY_MEMORY).minus(TICK),
            expiry + EXPIRY_MEMORY,
        ];
        for before in 0..5 {
            for presented in presentations(&a_device_request(0)) {
                for (now, of_first_release) in moments.into_iter().flat_map(|now| [(now, false), (now, true)]) {
                    n += 1;
                    let request = a_device_request(n);
                    let mut device = DeviceAuthorization::new(request.clone());
                    stores.insert(&request, UNLIMITED, request.issued_at).await.unwrap();
                    if of_first_release {
                        let key = format!("{prefix}device:{}", request.device_code.to_hex());
                        assert_eq!(server.ask(&["HDEL", &key, "client", "expires_at"]), "2");
                    }
                    if before == 1 {
                        let own = a_device_presentation(&request);
                        assert_eq!(poll(&stores, &request, NOW).await, DevicePoll::Pending);
                        device = device.poll(&own, NOW).0;
                    }
                    let decision = [
                        None,
                        None,
                        Some(yes(&request)),
                        Some(yes(&request)),
                        Some(Decision::Deny),
                    ];
                    if let Some(decision) = &decision[before] {
                        stores.decide(&request.user_code, decision, NOW).await.unwrap();
                        device = device.decide(decision, NOW).0;
                    }
                    if before == 3 {
                        assert!(matches!(poll(&stores, &request, NOW).await, DevicePoll::Granted(_)));
                        device = device.poll(&a_device_presentation(&request), NOW).0;
                    }
                    let (device, mut expected) = device.poll(&presented, now);
                    if now >= request.forgotten_at() {
                        expected = DevicePoll::Unknown;
                    }
                    let answer = stores.poll(&request.device_code, &presented, now).await.unwrap();
                    assert_eq!(answer, expected, "{device:?} {presented:?} {now}");
                    let found = stores.find(&request.user_code, now).await.unwrap();
                    assert_eq!(found.is_some(), device.is_open(now), "{device:?} {now}");
                    let decided = stores.decide(&request.user_code, &yes(&request), now).await.unwrap();
                    assert_eq!(decided, device.decide(&yes(&request), now).1, "{now}");
                }
            }
        }
        assert!(n >= 200, "{n}");
    });
}

#[test]
fn every_key_has_a_time_to_live_beyond_its_use_whatever_happens_to_it() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        for n in 1..=4 {
            stores.insert(&a_device_request(n), UNLIMITED, NOW).await.unwrap();
        }
        for n in 2..=4 {
            poll(&stores, &a_device_request(n), NOW).await;
            poll(&stores, &a_device_request(n), NOW).await;
        }
        for (n, decision) in [(3, Decision::Deny), (4, yes(&a_device_request(4)))] {
            stores.decide(&user_code(n), &decision, NOW).await.unwrap();
            poll(&stores, &a_device_request(n), NOW).await;
        }
        let keys = server.ask(&["--scan"]);
        let of_each_and_of_all = 2 * 4 + 2;
        assert_eq!(keys.lines().count(), of_each_and_of_all, "{keys}");
        let needed = DEVICE_LIFETIME + EXPIRY_MEMORY;
        for key in keys.lines() {
            let left: u64 = server.ask(&["TTL", key]).parse().unwrap();
            assert!(left > needed.as_secs(), "{key} goes in {left} s");
            assert!(left < needed.as_secs() + 3600, "{key} goes in {left} s");
        }
    });
}

#[test]
fn a_user_code_whose_device_was_not_written_any_more_leads_nowhere_and_stays_taken() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let stores = stores_named(&[server.url()], &prefix);
        let request = a_device_request(1);
        stores.insert(&request, UNLIMITED, request.issued_at).await.unwrap();
        let key = format!("{prefix}device:{}", request.device_code.to_hex());
        assert_eq!(server.ask(&["DEL", &key]), "1");
        assert_eq!(stores.find(&request.user_code, NOW).await.unwrap(), None);
        let decided = stores.decide(&request.user_code, &yes(&request), NOW).await.unwrap();
        assert_eq!(decided, DeviceDecision::Unknown);
        assert_eq!(poll(&stores, &request, NOW).await, DevicePoll::Unknown);
        let other = DeviceRequest {
            device_code: digest(2),
            ..request
        };
        assert_eq!(
            stores.insert(&other, UNLIMITED, other.issued_at).await.unwrap(),
            DeviceInsertion::UserCodeTaken,
            "until it goes by itself"
        );
    });
}

/// Whether finding, deciding and polling say that what is kept of a device is damaged; it is decided last.
async fn corrupt(stores: &Redis, request: &DeviceRequest) -> [bool; 3] {
    let presented = a_device_presentation(request);
    let found = stores.find(&request.user_code, NOW).await.map(drop);
    let polled = stores.poll(&request.device_code, &presented, NOW).await.map(drop);
    let decided = stores.decide(&request.user_code, &yes(request), NOW).await.map(drop);
    [found, decided, polled].map(|answer| matches!(answer, Err(StoreError::Corrupt { .. })))
}

#[test]
fn what_is_no_value_of_ours_is_corrupt() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let stores = stores_named(&[server.url()], &prefix);
        let request = a_device_request(1);
        let key = format!("{prefix}device:{}", request.device_code.to_hex());
        let afresh = async || {
            server.ask(&["FLUSHALL"]);
            stores.insert(&request, UNLIMITED, request.issued_at).await.unwrap();
        };
        afresh().await;
        let kept = server.ask(&["HGET", &key, "request"]);
        for text in ["", "7", "[]", "{}", &kept.replace("expires_at", "expired_at")] {
            afresh().await;
            server.ask(&["HSET", &key, "request", text]);
            let expected = [true, true, false];
            assert_eq!(
                corrupt(&stores, &request).await,
                expected,
                "a pending poll reads none of it: {text}"
            );
            afresh().await;
            server.ask(&["HSET", &key, "request", text]);
            server.ask(&["HDEL", &key, "client"]);
            assert_eq!(corrupt(&stores, &request).await, [true; 3], "{text}");
        }
        for text in [
            kept.replace("https://bi.example.com", "bi"),
            kept.replace("read:dataset", "read:minds"),
            kept.replace("192.0.2.1", "192.0.2"),
            kept.replace(&request.user_code.letters(), "AEIOUAEI"),
        ] {
            afresh().await;
            assert_ne!(text, kept);
            server.ask(&["HSET", &key, "request", &text]);
            let expected = [true, true, false];
            assert_eq!(
                corrupt(&stores, &request).await,
                expected,
                "a pending poll reads none of it: {text}"
            );
        }
        for (field, value, expected) in [
            ("state", "asleep", [true; 3]),
            ("state", "", [true; 3]),
            // Who approved it, and what, is missing.
            ("state", "approved", [false, false, true]),
            ("interval", "soon", [false, false, true]),
            ("polled_at", "lately", [false, false, true]),
        ] {
            afresh().await;
            server.ask(&["HSET", &key, field, value]);
            assert_eq!(corrupt(&stores, &request).await, expected, "{field} {value}");
        }
        afresh().await;
        server.ask(&["HDEL", &key, "state"]);
        assert_eq!(corrupt(&stores, &request).await, [true; 3], "half of it");
        server.ask(&["DEL", &key]);
        server.ask(&["LPUSH", &key, "l"]);
        assert_eq!(corrupt(&stores, &request).await, [true; 3], "a list");
        server.ask(&[
            "SET",
            &format!("{prefix}user_code:{}", request.user_code.letters()),
            "x",
        ]);
        assert_eq!(corrupt(&stores, &request).await, [true; 3], "no digest");
    });
}
