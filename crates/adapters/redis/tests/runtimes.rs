//! Calls from other runtimes than the one that the handle was made in, as a server's threads make them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use futures_util::{FutureExt as _, future::join_all};
use informer_oauth_ports::{Probe, SessionStore};
use informer_oauth_redis::Redis;
use informer_oauth_testkit::{
    servers::redis::RedisServer,
    values::{NOW, a_session, digest},
};
use support::{again, connections, stores};
use tokio::runtime::{Builder, Runtime};

/// A handle, the runtime that it was made in, and one that will end before.
fn start(server: &RedisServer) -> (Redis, Runtime, Runtime) {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (home, other) = (home.unwrap(), Builder::new_current_thread().enable_all().build());
    let stores = home.block_on(async { stores(&[server.url()]) });
    (stores, home, other.unwrap())
}

#[test]
fn a_connection_outlives_the_runtime_of_the_call_that_it_was_made_for() {
    let server = RedisServer::start();
    let (stores, home, other) = start(&server);
    other.block_on(stores.check()).unwrap();
    let before = connections(&server);
    assert_eq!(before.len(), 1);
    drop(other);
    home.block_on(stores.check()).unwrap();
    assert_eq!(connections(&server), before);
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
    assert_eq!(connections(&server), before);
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
