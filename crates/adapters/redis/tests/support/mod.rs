//! What these tests share.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    future::Future,
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use informer_oauth_ports::StoreError;
use informer_oauth_redis::{Redis, RedisOptions};
use informer_oauth_testkit::servers::redis::{RedisServer, key_prefix};

/// Stores of one's own in the Redis at `urls`.
pub(crate) fn stores(urls: &[String]) -> Redis {
    stores_named(urls, &key_prefix())
}

/// Stores in the Redis at `urls`, shared with others of that prefix.
pub(crate) fn stores_named(urls: &[String], prefix: &str) -> Redis {
    Redis::connect(&RedisOptions {
        urls: urls.to_vec(),
        key_prefix: prefix.to_owned(),
        ..RedisOptions::default()
    })
    .unwrap()
}

/// The answer of a store that must say in time that it is unavailable.
pub(crate) async fn unavailable<T>(call: impl Future<Output = Result<T, StoreError>>) {
    let started = Instant::now();
    let answer = call.await;
    assert!(
        matches!(answer, Err(StoreError::Unavailable { store: "redis", .. })),
        "it is unavailable, not {:?}",
        answer.err()
    );
    assert!(
        started.elapsed() < Duration::from_millis(1900),
        "it is said within two seconds, not {:?}",
        started.elapsed()
    );
}

/// What a call answers that works again within a while.
pub(crate) async fn again<T, F: Future<Output = Result<T, StoreError>>>(patience: Duration, call: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => assert!(started.elapsed() < patience, "it works again: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The connections to a server, but for the one that asks.
pub(crate) fn connections(server: &RedisServer) -> Vec<String> {
    let found = server.ask(&["CLIENT", "LIST"]);
    let others = found.lines().filter(|line| !line.contains(" cmd=client|list "));
    others.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// The names of the commands that Redis got from its clients while `calls` were made; those of scripts do not count.
pub(crate) async fn monitored(server: &RedisServer, calls: impl Future<Output = ()>) -> Vec<String> {
    let file = std::env::temp_dir().join(key_prefix());
    let mut monitor = server
        .client()
        .arg("MONITOR")
        .stdout(Stdio::from(File::create(&file).unwrap()))
        .spawn()
        .unwrap();
    let seen = || -> Vec<String> {
        let lines = BufReader::new(File::open(&file).unwrap()).lines();
        lines
            .map(Result::unwrap)
            .filter(|line| !line.contains(" lua]"))
            .collect()
    };
    wait_for(|| !seen().is_empty()).await;
    calls.await;
    server.ask(&["ECHO", "the end"]);
    wait_for(|| seen().iter().any(|line| line.contains("the end"))).await;
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    let commands = seen()
        .iter()
        .filter_map(|line| line.split('"').nth(1).map(str::to_owned))
        .take_while(|verb| verb != "ECHO")
        .collect();
    std::fs::remove_file(&file).unwrap();
    commands
}

/// Until something has `happened`.
pub(crate) async fn wait_for(happened: impl Fn() -> bool) {
    for _ in 0..500 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it happens within five seconds");
}
