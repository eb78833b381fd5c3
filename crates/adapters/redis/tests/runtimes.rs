//! Calls from other runtimes than the one that the handle was made in, as a server's threads make them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use futures_util::FutureExt as _;
use informer_oauth_ports::{Probe, SessionStore};
use informer_oauth_redis::Redis;
use informer_oauth_testkit::{
    servers::redis::RedisServer,
    values::{NOW, a_session, digest},
};
use support::stores;
use tokio::runtime::{Builder, Runtime};

/// A handle, the runtime that it was made in, and one that will end before.
fn start(server: &RedisServer) -> (Redis, Runtime, Runtime) {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (home, other) = (home.unwrap(), Builder::new_current_thread().enable_all().build());
    let stores = home.block_on(async { stores(&[server.url()]) });
    (stores, home, other.unwrap())
}

fn connections(server: &RedisServer) -> Vec<String> {
    let found = server.ask(&["CLIENT", "LIST"]);
    let others = found.lines().filter(|line| !line.contains(" cmd=client|list "));
    others.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
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
fn a_call_whose_caller_goes_away_with_its_runtime_is_finished() {
    let server = RedisServer::start();
    let (stores, home, other) = start(&server);
    let (digest, session) = (digest(1), a_session("ada"));
    other.block_on(async {
        let insertion = SessionStore::insert(&stores, &digest, &session);
        // Polled once: the rest is up to the other runtime.
        assert!(insertion.now_or_never().is_none());
    });
    drop(other);
    let found = async {
        while stores.find(&digest, NOW).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = home.block_on(async { tokio::time::timeout(Duration::from_secs(10), found).await });
    assert!(found.is_ok());
}
