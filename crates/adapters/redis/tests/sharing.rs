//! Connections that many callers share.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use informer_oauth_ports::{PoolState, Pools, Probe, SessionStore, StoreError};
use informer_oauth_redis::{Redis, RedisOptions};
use informer_oauth_testkit::{
    run,
    servers::redis::{RedisServer, key_prefix},
    values::{NOW, a_session, digest},
};
use support::{connections, stores, unavailable, wait_for};
use tokio::net::TcpListener;

fn state(open: usize, busy: usize, waiting: usize) -> PoolState {
    PoolState {
        name: "redis",
        limit: 16,
        open,
        busy,
        waiting,
    }
}

/// Signs in a user of each number, all at the same moment.
async fn sign_in(stores: &Redis, numbers: Range<u64>) -> Vec<Result<(), StoreError>> {
    join_all(numbers.map(async |n| SessionStore::insert(stores, &digest(n), &a_session(&format!("user {n}"))).await))
        .await
}

async fn find(stores: &Redis, n: u64) {
    let found = stores.find(&digest(n), NOW).await.unwrap();
    assert_eq!(found.map(|session| session.username), Some(format!("user {n}")));
}

#[test]
fn callers_of_one_moment_share_a_few_connections_and_each_gets_its_own_answer() {
    run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        assert_eq!(stores.pools(), [state(0, 0, 0)]);
        for answer in sign_in(&stores, 0..60).await {
            answer.unwrap();
        }
        assert_eq!(connections(&server).len(), 1);
        for answer in sign_in(&stores, 60..200).await {
            answer.unwrap();
        }
        join_all((0..200).map(async |n| find(&stores, n).await)).await;
        let open = connections(&server).len();
        assert!((2..=4).contains(&open), "{open} connections for 200 callers");
        assert_eq!(stores.pools(), [state(open, 0, 0)]);
    });
}

#[test]
fn no_more_connections_are_made_than_there_may_be_and_further_callers_wait() {
    run(async {
        let server = RedisServer::start();
        let stores = Redis::connect(&RedisOptions {
            urls: vec![server.url()],
            pool_size: 2,
            timeout: Duration::from_secs(20),
            key_prefix: key_prefix(),
            ..RedisOptions::default()
        })
        .unwrap();
        server.ask(&["CLIENT", "PAUSE", "30000", "WRITE"]);
        let calls = tokio::spawn({
            let stores = stores.clone();
            async move { sign_in(&stores, 0..200).await }
        });
        let expected = [PoolState {
            limit: 2,
            ..state(2, 2, 200 - 2 * 64)
        }];
        wait_for(|| stores.pools() == expected).await;
        assert_eq!(connections(&server).len(), 2);
        server.ask(&["CLIENT", "UNPAUSE"]);
        assert!(calls.await.unwrap().iter().all(Result::is_ok));
        join_all((0..200).map(async |n| find(&stores, n).await)).await;
    });
}

#[test]
fn who_waits_for_a_connection_waits_for_the_same_one_and_all_are_told_that_it_cannot_be_had() {
    run(async {
        let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stores = stores(&[format!("redis://{}", silent.local_addr().unwrap())]);
        let taken = Arc::<Mutex<Vec<_>>>::default();
        let taking = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = silent.accept().await {
                taking.lock().unwrap().push(stream);
            }
        });
        for round in 1..=2 {
            join_all((0..50).map(async |_| unavailable(stores.check()).await)).await;
            assert_eq!(taken.lock().unwrap().len(), round);
        }
        assert_eq!(stores.pools(), [state(0, 0, 0)]);
    });
}

#[test]
fn a_connection_that_is_killed_ends_the_calls_under_way_on_it_and_no_other() {
    run(async {
        let server = RedisServer::start();
        let stores = Redis::connect(&RedisOptions {
            urls: vec![server.url()],
            timeout: Duration::from_secs(20),
            key_prefix: key_prefix(),
            ..RedisOptions::default()
        })
        .unwrap();
        server.ask(&["CLIENT", "PAUSE", "30000", "WRITE"]);
        let calls = tokio::spawn({
            let stores = stores.clone();
            async move { sign_in(&stores, 0..100).await }
        });
        wait_for(|| stores.pools() == [state(2, 2, 0)]).await;
        let before = connections(&server);
        server.ask(&["CLIENT", "KILL", "ID", before[0].trim_start_matches("id=")]);
        // What comes afterwards is answered as if nothing had been, also while the others still wait.
        wait_for(|| stores.pools()[0].open == 0).await;
        assert_eq!(stores.find(&digest(999), NOW).await.unwrap(), None);
        server.ask(&["CLIENT", "UNPAUSE"]);
        let answers: Vec<bool> = calls.await.unwrap().iter().map(Result::is_ok).collect();
        let served = [[false; 64].as_slice(), &[true; 36]].concat();
        let or_served = [[true; 64].as_slice(), &[false; 36]].concat();
        assert!(answers == served || answers == or_served, "{answers:?}");
        wait_for(|| connections(&server).iter().all(|id| !before.contains(id))).await;
    });
}

#[test]
fn callers_who_go_away_in_the_middle_mix_up_no_answers() {
    run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        for answer in sign_in(&stores, 0..50).await {
            answer.unwrap();
        }
        let callers: Vec<_> = (0..50_u64)
            .map(|caller| {
                let stores = stores.clone();
                tokio::spawn(async move {
                    for round in 0..40 {
                        let patience = Duration::from_micros((caller * 7 + round * 13) % 40 * 50);
                        let _ = tokio::time::timeout(patience, find(&stores, (caller + round) % 50)).await;
                        find(&stores, caller).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        assert_eq!(connections(&server).len(), 1);
        assert_eq!(stores.pools(), [state(1, 0, 0)]);
    });
}
