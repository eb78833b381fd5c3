//! Calls from other runtimes than the one that the handle was made in, as a server's threads make them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use futures_util::{FutureExt as _, future::join_all};
use informer_oauth_ports::{Pools, Probe, SessionStore};
use informer_oauth_redis::{Redis, RedisOptions};
use informer_oauth_testkit::{
    servers::redis::{RedisServer, key_prefix},
    values::{NOW, a_session, digest},
};
use support::{again, connections, stores, wait_for};
use tokio::runtime::{Builder, Runtime};

/// A handle, the runtime that it was made in, and one that will end before.
fn start(server: &RedisServer) -> (Redis, Runtime, Runtime) {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (home, other) = (home.unwrap(), Builder::new_current_thread().enable_all().build());
    let stores = home.block_on(async { stores(&[server.url()]) });
    (stores, home, other.unwrap())
}

#[test]
fn each_runtime_has_a_connection_of_its_own_and_takes_that_alone_along() {
    let server = RedisServer::start();
    let (stores, home, other) = start(&server);
    home.block_on(stores.check()).unwrap();
    let at_home = connections(&server);
    assert_eq!(at_home.len(), 1);
    for _ in 0..3 {
        other.block_on(stores.check()).unwrap();
        home.block_on(stores.check()).unwrap();
    }
    assert_eq!(connections(&server).len(), 2);
    drop(other);
    home.block_on(async {
        wait_for(|| connections(&server) == at_home).await;
        wait_for(|| stores.pools()[0].open == 1).await;
        stores.check().await.unwrap();
    });
    assert_eq!(connections(&server), at_home);
}

#[test]
fn when_there_may_be_no_more_the_one_at_home_is_shared() {
    let server = RedisServer::start();
    let home = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let options = RedisOptions {
        urls: vec![server.url()],
        pool_size: 1,
        key_prefix: key_prefix(),
        ..RedisOptions::default()
    };
    let stores = home.block_on(async { Redis::connect(&options) }).unwrap();
    for _ in 0..3 {
        let other = Builder::new_current_thread().enable_all().build().unwrap();
        other.block_on(stores.check()).unwrap();
        drop(other);
        home.block_on(stores.check()).unwrap();
        assert_eq!(connections(&server).len(), 1);
    }
}

#[test]
fn callers_whose_runtime_ends_in_mid_call_take_nothing_from_others() {
    const USERS: u64 = 20;
    let server = RedisServer::start();
    let (stores, home, other) = start(&server);
    home.block_on(async {
        for n in 0..USERS {
            let session = a_session(&format!("user {n}"));
            SessionStore::insert(&stores, &digest(n), &session).await.unwrap();
        }
    });
    drop(other);
    let before = connections(&server);
    let find = async |stores: Redis, n: u64| {
        let found = stores.find(&digest(n), NOW).await.unwrap();
        assert_eq!(found.map(|session| session.username), Some(format!("user {n}")));
    };
    for _ in 0..20 {
        let staying = (0..USERS).map(|n| find(stores.clone(), n));
        let staying = home.spawn(join_all(staying.collect::<Vec<_>>()));
        let ends = Builder::new_current_thread().enable_all().build().unwrap();
        ends.block_on(async {
            for n in 0..USERS {
                tokio::spawn(find(stores.clone(), n));
            }
            // Each has been polled, and none is waited for.
            tokio::task::yield_now().await;
        });
        drop(ends);
        home.block_on(staying).unwrap();
    }
    // More runtimes than there may be connections have come and gone.
    home.block_on(wait_for(|| connections(&server) == before));
}

#[test]
fn a_handle_made_outside_of_any_runtime_is_used_in_one_after_the_other() {
    const SOON: Duration = Duration::from_secs(5);
    let server = RedisServer::start();
    let stores = stores(&[server.url()]);
    for _ in 0..3 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // Ends, at least the first time, while a connection is being made.
        let _ = runtime.block_on(async { stores.check().now_or_never() });
        drop(runtime);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // Ends with the connection.
        runtime.block_on(again(SOON, || stores.check()));
    }
}
