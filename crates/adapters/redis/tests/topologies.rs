//! The contract again with Sentinel, in a Cluster and over TLS, and what is particular to each.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use informer_oauth_domain::code::CodeRedemption;
use informer_oauth_ports::{CodeStore, Probe, SessionStore, StoreError};
use informer_oauth_redis::{Redis, RedisClientCertificate, RedisOptions, RedisTls};
use informer_oauth_testkit::{
    at_once,
    servers::redis::{RedisCluster, RedisSentinel, RedisServer, key_prefix},
    short_lived_obligations_in_turn,
    values::{NOW, a_code, a_presentation, a_session, digest},
};
use support::{again, stores, unavailable};

#[test]
fn the_contract_holds_in_a_cluster() {
    informer_oauth_testkit::run(async {
        let cluster = RedisCluster::start();
        short_lived_obligations_in_turn!(async || stores(&cluster.urls()));
    });
}

#[test]
fn the_contract_holds_with_sentinel() {
    informer_oauth_testkit::run(async {
        let watched = RedisSentinel::start();
        short_lived_obligations_in_turn!(async || stores(&[watched.url()]));
    });
}

#[test]
fn the_contract_holds_over_tls() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start_with_tls();
        short_lived_obligations_in_turn!(async || trusting(&server));
    });
}

fn trusting(server: &RedisServer) -> Redis {
    let files = server.tls().unwrap();
    let (certificate, key) = files.certificate();
    with_tls(
        server,
        RedisTls {
            roots: Some(files.roots()),
            client: Some(RedisClientCertificate { certificate, key }),
        },
    )
}

fn with_tls(server: &RedisServer, tls: RedisTls) -> Redis {
    Redis::connect(&RedisOptions {
        urls: vec![server.url()],
        tls,
        key_prefix: key_prefix(),
        ..RedisOptions::default()
    })
    .unwrap()
}

#[test]
fn a_server_that_nobody_trusted_vouches_for_is_not_used() {
    informer_oauth_testkit::run(async {
        let (server, other) = (RedisServer::start_with_tls(), RedisServer::start_with_tls());
        trusting(&server).check().await.unwrap();
        let (certificate, key) = server.tls().unwrap().certificate();
        let client = Some(RedisClientCertificate { certificate, key });
        let stranger = RedisTls {
            roots: Some(other.tls().unwrap().roots()),
            client: client.clone(),
        };
        unavailable(with_tls(&server, stranger).check()).await;
        let system = RedisTls { roots: None, client };
        unavailable(with_tls(&server, system).check()).await;
        let anonymous = RedisTls {
            roots: Some(server.tls().unwrap().roots()),
            client: None,
        };
        unavailable(with_tls(&server, anonymous).check()).await;
    });
}

#[test]
fn after_a_failover_the_new_master_is_found_and_used_codes_stay_used() {
    informer_oauth_testkit::run(async {
        let mut watched = RedisSentinel::start();
        let stores = stores(&[watched.url()]);
        let (used, live) = (a_code(1), a_code(2));
        for code in [&used, &live] {
            CodeStore::insert(&stores, code).await.unwrap();
        }
        let redeemed = stores.redeem(&used.digest, &a_presentation(&used), NOW).await.unwrap();
        assert_eq!(redeemed, CodeRedemption::Redeemed(used.clone()));
        assert_eq!(
            watched.master.ask(&["WAIT", "1", "5000"]),
            "1",
            "the replica has it all"
        );
        watched.master.stop();
        unavailable(stores.check()).await;
        let replayed = again(Duration::from_secs(30), || async {
            stores.redeem(&used.digest, &a_presentation(&used), NOW).await
        })
        .await;
        assert_eq!(replayed, CodeRedemption::Replayed(used));
        let redeemed = stores.redeem(&live.digest, &a_presentation(&live), NOW).await.unwrap();
        assert_eq!(redeemed, CodeRedemption::Redeemed(live));
        assert!(watched.replica.ask(&["ROLE"]).starts_with("master"));
    });
}

#[test]
fn a_master_that_became_a_replica_is_left() {
    informer_oauth_testkit::run(async {
        let watched = RedisSentinel::start();
        let stores = stores(&[watched.url()]);
        SessionStore::insert(&stores, &digest(1), &a_session("ada"))
            .await
            .unwrap();
        assert_eq!(watched.master.ask(&["WAIT", "1", "5000"]), "1");
        assert_eq!(watched.sentinel.ask(&["SENTINEL", "FAILOVER", "main"]), "OK");
        let started = Instant::now();
        let is_replica = || {
            watched
                .master
                .try_ask(&["ROLE"])
                .is_some_and(|role| role.starts_with("slave"))
        };
        while !is_replica() {
            assert!(started.elapsed() < Duration::from_secs(30), "the roles change");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        again(Duration::from_secs(5), || async {
            SessionStore::insert(&stores, &digest(2), &a_session("ada")).await
        })
        .await;
        for n in [1, 2] {
            assert!(stores.find(&digest(n), NOW).await.unwrap().is_some(), "session {n}");
        }
    });
}

#[test]
fn a_sentinel_that_hangs_or_is_gone_keeps_nobody_waiting() {
    informer_oauth_testkit::run(async {
        let watched = RedisSentinel::start();
        let (hangs, mut gone) = (RedisServer::start(), RedisServer::start());
        hangs.freeze();
        gone.stop();
        let [scheme, rest] = [&watched.url()[..17], &watched.url()[17..]].map(str::to_owned);
        let url = format!("{scheme}127.0.0.1:{},127.0.0.1:{},{rest}", hangs.port(), gone.port());
        stores(&[url]).check().await.unwrap();
    });
}

#[test]
fn a_cluster_is_found_from_any_of_its_nodes() {
    informer_oauth_testkit::run(async {
        let mut cluster = RedisCluster::start();
        let urls = cluster.urls();
        let [_, one, _] = &urls[..] else {
            panic!("there are three nodes");
        };
        let one = one.replace("redis://", "redis+cluster://");
        let from_one = stores(&[one]);
        for n in 0..50 {
            let code = a_code(n);
            CodeStore::insert(&from_one, &code).await.unwrap();
            let redeemed = from_one.redeem(&code.digest, &a_presentation(&code), NOW).await;
            assert_eq!(redeemed.unwrap(), CodeRedemption::Redeemed(code));
        }
        assert!(
            cluster.nodes.iter().all(|node| node.ask(&["DBSIZE"]) != "0"),
            "codes are spread"
        );

        // With one node gone the others say that the Cluster is down; its return is noticed.
        let survivors = stores(&urls);
        survivors.check().await.unwrap();
        cluster.nodes[0].stop();
        let mut refused = 0;
        for n in 0..20 {
            let started = Instant::now();
            match CodeStore::insert(&survivors, &a_code(n)).await {
                Ok(()) => {}
                Err(StoreError::Unavailable { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
            assert!(started.elapsed() < Duration::from_millis(1900));
        }
        assert!(refused > 0, "a third of the slots is gone");
    });
}

#[test]
fn a_node_of_a_cluster_that_hangs_keeps_only_its_own_keys_from_use() {
    informer_oauth_testkit::run(async {
        let cluster = RedisCluster::start();
        for node in &cluster.nodes {
            node.ask(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
        }
        let used_before = stores(&cluster.urls());
        at_once(50, async |_| used_before.check().await.unwrap());
        cluster.nodes[0].freeze();
        let fresh = stores(&cluster.urls());
        for (stores, has_connections) in [(used_before, true), (fresh, false)] {
            let (mut served, mut slow) = (0, 0);
            for n in 0..12 {
                let started = Instant::now();
                match CodeStore::insert(&stores, &a_code(n)).await {
                    Ok(()) => {
                        served += 1;
                        slow += u32::from(started.elapsed() > Duration::from_millis(500));
                    }
                    Err(StoreError::Unavailable { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
                assert!(started.elapsed() < Duration::from_millis(1900));
            }
            assert!(served >= 6, "two thirds of the slots are there: {served} of 12");
            // Now and then the Cluster's client looks anew which node has what, and all wait for it.
            assert!(
                !has_connections || slow <= 2,
                "{slow} of {served} waited for the node that hangs"
            );
        }
        cluster.nodes[0].thaw();
    });
}
